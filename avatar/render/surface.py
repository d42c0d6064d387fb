"""Surfaces: which shader parts a material needs, and its uniform block at a moment (VRMC_materials_mtoon, glTF)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar.render.context import SAMPLERS
from avatar.rig.rig import Rig
from avatar.vrm.model import Material, Model, TextureRef

BLOCK_BYTES = 480
"""Size of a material's uniform block: 10 vectors, and two rows for each of ten textures."""
MIRROR = 33648
_STAYS = ("matcap", "shift_map")
"""What expressions do not move (as three-vrm has it)."""


def maps(material: Material) -> dict[str, TextureRef]:
    """The textures of a material by sampler name."""
    found = ((name, getattr(material, name)) for name in SAMPLERS)
    return {name: ref for name, ref in found if ref is not None}


def alike(material: Material, moved: bool) -> bool:
    """Whether one transform of the first UV set serves all textures, so that the vertex shader can do it."""
    refs = list(maps(material).values())
    if any(ref.uv_set or MIRROR in ref.wrap for ref in refs):
        return False
    places = {(ref.offset, ref.tile, ref.angle) for ref in refs if ref is not material.matcap}
    plain = ((0.0, 0.0), (1.0, 1.0), 0.0)
    if material.matcap is not None and (material.matcap.offset, material.matcap.tile, material.matcap.angle) != plain:
        return False
    if material.shift_map is not None and moved:
        return False
    # Scrolling comes before the textures' own transforms.
    return len(places) <= 1 and not (any(material.uv_speed) and (moved or places - {plain}))


def parts(
    material: Material,
    model: Model,
    outline: bool,
    backlight: bool,
    flat: bool = False,
    moved: bool = False,
    shines: bool = False,
) -> frozenset[str]:
    """The shader parts that a material needs; ``flat``: no normals, ``moved``: expressions move its textures, ``shines``:
    they make it emit light."""
    out = {{"mtoon": "MTOON", "unlit": "UNLIT", "pbr": "PBR"}[material.shading]}
    for name, ref in (("BASE", material.base), ("NORMAL_MAP", material.normal), ("SHIFT_MAP", material.shift_map),
                      ("EMISSIVE_MAP", material.emissive_map), ("MATCAP", material.matcap),
                      ("RIM_MAP", material.rim_map), ("UV_MASK", material.uv_mask)):  # fmt: skip
        if ref is not None:
            out.add(name)
    if material.shading == "mtoon":
        if material.base is not None and material.base == material.shade_map:
            out.add("SHADE_SAME")
        elif material.shade_map is not None:
            out.add("SHADE_MAP")
        if any(material.rim):
            out.add("RIM")
            if material.rim_power in range(1, 9):
                out.add(f"RIM_POWER {int(material.rim_power)}")
        if material.v0:
            out.add("V0")
        if any(material.uv_speed):
            out.add("UV_MOVE")
    if material.shading == "pbr" and material.metal_rough is not None:
        out.add("METAL_ROUGH")
    if material.shading == "unlit":
        out -= {"NORMAL_MAP", "EMISSIVE_MAP", "SHIFT_MAP", "MATCAP", "RIM_MAP"}
    elif backlight and not outline:
        out.add("BACKLIGHT")
    if material.shading != "unlit" and (shines or any(material.emissive)):
        out.add("EMISSION")
    if material.shading == "mtoon" and not flat and not out & {"NORMAL_MAP", "MATCAP"}:
        out.add("ANGLES")
    elif out & {"NORMAL_MAP", "MATCAP", "RIM", "PBR", "BACKLIGHT"}:
        out.add("VIEW")
    if model.colors is not None and material.shading != "mtoon":  # MToon leaves vertex colours out
        out.add("COLOR")
    if flat and material.shading != "unlit":
        out |= {"FLAT", "VIEW"}
    if not alike(material, moved):
        out.add("PLACED")
        if model.uvs2 is not None and any(ref.uv_set for ref in maps(material).values()):
            out.add("UV2")
    if material.double_sided and not outline:
        out.add("DOUBLE")
    if material.alpha != "OPAQUE":
        out.add(material.alpha)
    if outline:
        out.add("OUTLINE")
        if material.outline_mode == "screenCoordinates":
            out.add("OUTLINE_SCREEN")
        if material.outline_map is not None:
            out.add("OUTLINE_MAP")
    return frozenset(out)


def block(m: Material, n: int, rig: Rig) -> npt.NDArray[np.float32]:
    """The material's uniform block (std140) at this moment."""
    get = rig.colours.get
    lit, shade = get((n, "color"), m.color), get((n, "shadeColor"), m.shade)
    emissive, rim = get((n, "emissionColor"), m.emissive), get((n, "rimColor"), m.rim)
    outline, matcap = get((n, "outlineColor"), m.outline_color), get((n, "matcapColor"), m.matcap_factor)
    x, y, r = (speed * rig.seconds for speed in m.uv_speed)
    normal = m.normal.scale if m.normal else 1.0
    soft = max(1.0 - m.toony, 1e-4)  # the shading ramp as a line: bias and slope over the light's cosine
    slope, bias = 0.5 / soft, 0.5 * (m.shift + soft) / soft
    shift = (m.shift_map.scale if m.shift_map else 1.0) * slope
    first = next(iter(ref for name, ref in maps(m).items() if name != "matcap"), None)
    t = np.eye(2, 3, dtype=np.float32) if first is None else _placed(first, n, rig)
    head = [
        *lit[:4], *shade[:3], bias, *emissive[:3], slope, *rim[:3], m.rim_mix,
        m.rim_power, m.rim_lift, m.cutoff, m.outline_width, *outline[:3], m.outline_mix, *matcap[:3], shift,
        *t[0], m.metallic, *t[1], m.roughness, x, y, r, normal,
    ]  # fmt: skip
    out = np.zeros(BLOCK_BYTES // 4, np.float32)
    out[:40] = head
    rows = out[40:].reshape(-1, 2, 4)
    for name, ref in maps(m).items():
        row = rows[SAMPLERS.index(name)]
        row[:, :3] = ref.matrix() if name in _STAYS else _placed(ref, n, rig)
        row[0, 3], row[1, 3] = ref.uv_set > 0, (ref.wrap[0] == MIRROR) + 2 * (ref.wrap[1] == MIRROR)
    return out


def _placed(ref: TextureRef, material: int, rig: Rig) -> npt.NDArray[np.float32]:
    """A texture's transform (2, 3) with what expressions do to it."""
    moved = rig.uvs.get(material)
    if moved is None:
        return ref.matrix()
    weight, *to = moved
    tx, ty, px, py = (base * (1 - weight) + t for base, t in zip((*ref.tile, *ref.offset), to))
    return ref.matrix((px, py), (tx, ty))

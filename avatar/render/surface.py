"""Surfaces: which shader parts a material needs, and its uniform block at a moment (VRMC_materials_mtoon, glTF)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.render.context import SAMPLERS
from avatar.rig.rig import Rig
from avatar.vrm.model import Material, Model, TextureRef

STRIDE = 768
"""Bytes from one material's uniform block to the next, as far apart as OpenGL may ask: 14 vectors, and two rows for each
of ten textures."""
_SCENE, _PLACE = 40, 56
"""Where in a block what the scene's light makes of the material begins, and where the textures' places do."""
CODE = 1 / 2.4
"""Exponent of the sRGB curve beyond its toe (IEC 61966-2-1)."""
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
    bound: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """The shader parts that a material needs; ``flat``: no normals, ``moved``: expressions move its textures, ``bound``:
    the kinds of its colours that they change."""
    out = {{"mtoon": "MTOON", "unlit": "UNLIT", "pbr": "PBR"}[material.shading]}
    for name, ref in (("BASE", material.base), ("NORMAL_MAP", material.normal), ("SHIFT_MAP", material.shift_map),
                      ("EMISSIVE_MAP", material.emissive_map), ("MATCAP", material.matcap),
                      ("RIM_MAP", material.rim_map), ("UV_MASK", material.uv_mask)):  # fmt: skip
        if ref is not None:
            out.add(name)
    if material.shading == "mtoon":
        if material.base == material.shade_map:
            out.add("ONE_MAP")
        elif material.shade_map is not None:
            out.add("SHADE_MAP")
        if any(material.rim) or "rimColor" in bound:
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
    if material.shading != "unlit" and ("emissionColor" in bound or any(material.emissive)):
        out.add("EMISSION")
    if model.colors is not None and material.shading != "mtoon":  # MToon leaves vertex colours out
        out.add("COLOR")
    if _coded(material, out, outline, bound):
        out.add("CODED")
    if material.shading == "mtoon" and not flat and not out & {"NORMAL_MAP", "MATCAP"}:
        out.add("ANGLES")
    elif out & {"NORMAL_MAP", "MATCAP", "RIM", "PBR", "BACKLIGHT"}:
        out.add("VIEW")
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
        black = not any(material.outline_color) and "outlineColor" not in bound
        if material.alpha == "OPAQUE" and (black or material.outline_mix == 0):
            out.add("PLAIN")
    return frozenset(out)


def _coded(material: Material, found: set[str], outline: bool, bound: frozenset[str]) -> bool:
    """Whether light only multiplies one texture, so that it can do so without undoing the texture's sRGB curve."""
    if outline or found & {"PBR", "RIM", "MATCAP", "EMISSION", "BACKLIGHT", "COLOR"} or bound & {"color", "shadeColor"}:
        return False
    if "UNLIT" in found:
        return True
    if "ONE_MAP" not in found:
        return False
    # Where the ramp from shade to light is seen at all, its bend is as that of a parabola.
    lit, shade = np.array(material.color[:3]), np.array(material.shade)
    at = np.linspace(0, 1, 17)[:, None]
    low, rise, curve = _bend(shade[None], (lit + shade)[None] / 2, lit[None])
    error = np.abs(low + at * (rise + at * curve) - np.maximum(shade + at * (lit - shade), 0) ** CODE).max()
    return bool(error < (0.008 if material.toony < 0.8 else 0.03))


def _bend(low: Any, middle: Any, high: Any) -> tuple[Any, Any, Any]:
    """The parabola through the coded values at 0, a half and 1: its value, slope and curve."""
    a, b, c = (np.maximum(v, 0) ** CODE for v in (low, middle, high))
    return a, 4 * b - 3 * a - c, 2 * (a + c) - 4 * b


class Blocks:
    """The uniform blocks of all materials, as one array (2 n, 192) that lies in one buffer: surfaces, then outlines."""

    def __init__(self, model: Model) -> None:
        self.model = model
        n = len(model.materials)
        self.table = np.zeros((2 * n, STRIDE // 4), np.float32)
        self.scrolling = {i for i, m in enumerate(model.materials) if any(m.uv_speed)}
        self.lively = set(range(n))
        facts = [(m.rim_mix, m.v0, m.shading == "unlit") for m in [*model.materials] * 2]
        self.rim_mix, clamped, unlit = np.array(facts, np.float32).reshape(-1, 3, 1).transpose(1, 0, 2)
        self.clamped, self.unlit = clamped > 0, unlit > 0
        self.coded = np.zeros((2 * n, 1), bool)
        self.light: Any = None

    def update(self, rig: Rig, key: Any, ambient: Any) -> bool:
        """Takes the colours and places of this moment under a key light and an ambient (linear rgb); whether any changed."""
        live = self.scrolling | rig.uvs.keys() | {n for n, _ in rig.colours}
        light = (*key, *ambient)
        again = live | self.lively
        if not again and light == self.light:
            return False
        half = len(self.table) // 2
        for n in again:
            block(self.model.materials[n], n, rig, self.table[n])
            self.table[half + n] = self.table[n]
        self.lively, self.light = live, light
        self._shine(np.asarray(key), np.asarray(ambient))
        return True

    def _shine(self, key: Any, ambient: Any) -> None:
        """What the light makes of all materials' colours (VRMC_materials_mtoon, lighting)."""
        table = self.table
        lit, shade, rim = table[:, 0:3], table[:, 4:7], table[:, 12:15]
        low, middle, high = (key * c for c in (shade, (lit + shade) / 2, lit))
        if self.clamped.any():  # VRM 0.x: never brighter than in full light
            low, middle, high = (np.where(self.clamped, np.minimum(c, lit), c) for c in (low, middle, high))
        glow = ambient * lit
        low, middle, high = (np.where(self.unlit, lit, c + glow) for c in (low, middle, high))
        a, b, c = _bend(low, middle, high)
        factors = table[:, _SCENE:_PLACE].reshape(-1, 4, 4)[:, :, :3]
        factors[:, 0] = np.where(self.coded, a, low)
        factors[:, 1] = np.where(self.coded, b, high - low)
        factors[:, 2] = c
        factors[:, 3] = rim * (1 - self.rim_mix + self.rim_mix * (key + ambient))


def block(m: Material, n: int, rig: Rig, out: npt.NDArray[np.float32]) -> None:
    """Fills the material's uniform block (std140) with this moment, but for what the scene's light does."""
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
    out[:_SCENE] = head
    rows = out[_PLACE : _PLACE + 8 * len(SAMPLERS)].reshape(-1, 2, 4)
    for name, ref in maps(m).items():
        row = rows[SAMPLERS.index(name)]
        row[:, :3] = ref.matrix() if name in _STAYS else _placed(ref, n, rig)
        row[0, 3], row[1, 3] = ref.uv_set > 0, (ref.wrap[0] == MIRROR) + 2 * (ref.wrap[1] == MIRROR)


def _placed(ref: TextureRef, material: int, rig: Rig) -> npt.NDArray[np.float32]:
    """A texture's transform (2, 3) with what expressions do to it."""
    moved = rig.uvs.get(material)
    if moved is None:
        return ref.matrix()
    weight, *to = moved
    tx, ty, px, py = (base * (1 - weight) + t for base, t in zip((*ref.tile, *ref.offset), to))
    return ref.matrix((px, py), (tx, ty))

"""A model on the graphics card: vertex buffers, textures, materials, skinning and its draw calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from avatar.render.bounds import Bounds
from avatar.render.context import SAMPLERS, Programs
from avatar.rig.rig import Rig
from avatar.vrm.model import Material, Model, TextureRef

MATERIAL_BYTES = 160


@dataclass(slots=True)
class Draw:
    """One draw call."""

    material: int
    outline: bool
    array: Any
    count: int
    first: int
    textures: list[tuple[int, Any]]
    blend: bool
    zwrite: bool
    cull: str


def parts(material: Material, colored: bool, outline: bool, backlight: bool) -> frozenset[str]:
    """The shader parts that a material needs."""
    out = {{"mtoon": "MTOON", "unlit": "UNLIT", "pbr": "PBR"}[material.shading]}
    for name, ref in (("BASE", material.base), ("NORMAL_MAP", material.normal), ("SHIFT_MAP", material.shift_map),
                      ("EMISSIVE_MAP", material.emissive_map), ("MATCAP", material.matcap),
                      ("RIM_MAP", material.rim_map), ("UV_MASK", material.uv_mask)):  # fmt: skip
        if ref is not None:
            out.add(name)
    if material.shading == "mtoon":
        same = material.base is not None and material.shade_map is not None
        if same and material.base.image == material.shade_map.image:  # type: ignore[union-attr]
            out.add("SHADE_SAME")
        elif material.shade_map is not None:
            out.add("SHADE_MAP")
        if any(material.rim):
            out.add("RIM")
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
    if out & {"NORMAL_MAP", "MATCAP", "RIM", "PBR", "BACKLIGHT"}:
        out.add("VIEW")
    if colored:
        out.add("COLOR")
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


class Figure:
    """GPU form of one model. ``update`` once a frame, then ``draw`` as often as needed."""

    def __init__(self, context: Any, programs: Programs, model: Model) -> None:
        self.context, self.programs, self.model = context, programs, model
        self.owned: list[Any] = []
        self.textures: dict[Any, Any] = {}
        base = np.concatenate([model.positions, model.normals], 1)
        self.base, self.moved = base, base.copy()
        self.vertex = self._keep(context.buffer(self.moved, dynamic=True))
        skin = self._keep(context.buffer(_interleave(model)))
        self.skinned = self._keep(context.buffer(reserve=base.nbytes, dynamic=True))
        program = programs.skin()
        content = [(self.vertex, "3f 3f", "in_position", "in_normal"), (skin, "4u2 4f", "in_joints", "in_weights")]
        self.skinning = self._keep(context.vertex_array(program, content))
        rows = -(-len(model.inverse_bind) // 256)
        self.joints = np.zeros((rows * 256, 3, 4), np.float32)
        self.joint_texture = self._keep(context.texture((768, rows), 4, dtype="f4"))
        self.joint_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.uv = self._keep(context.buffer(np.ascontiguousarray(model.uvs)))
        self.color = self._keep(context.buffer(model.colors)) if model.colors is not None else None
        self.blocks = [self._keep(context.buffer(reserve=MATERIAL_BYTES, dynamic=True)) for _ in model.materials]
        self.block_bytes: list[bytes] = [b""] * len(model.materials)
        self.morph_key: dict[int, bytes] = {}
        self.draws: dict[bool, list[Draw]] = {}
        order = np.concatenate([p.indices for p in model.primitives] or [np.zeros(0, np.uint32)])
        self.index = self._keep(context.buffer(order if len(order) else np.zeros(3, np.uint32)))
        self.bounds = Bounds(model)

    def _keep(self, thing: Any) -> Any:
        self.owned.append(thing)
        return thing

    def release(self) -> None:
        """Frees everything that this model holds on the card."""
        for thing in reversed(self.owned):
            thing.release()
        self.owned.clear()
        self.draws.clear()

    def _texture(self, ref: TextureRef) -> Any:
        key = (ref.image, ref.wrap, ref.nearest)
        if key not in self.textures:
            pixels = self.model.images[ref.image].pixels
            size = (pixels.shape[1], pixels.shape[0])
            texture = self._keep(self.context.texture(size, 4, pixels))
            texture.build_mipmaps()
            small = moderngl.NEAREST if ref.nearest else moderngl.LINEAR
            texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, small)
            texture.repeat_x, texture.repeat_y = ref.wrap[0] != 33071, ref.wrap[1] != 33071
            self.textures[key] = texture
        return self.textures[key]

    def _prepare(self, backlight: bool) -> list[Draw]:
        """Draw calls in the order of VRM 1.0: opaque, mask, blend with z-write, blend; by queue offset."""
        model, made = self.model, []
        first = 0
        for n, p in enumerate(model.primitives):
            m = model.materials[p.material]
            stage = {"OPAQUE": 0, "MASK": 1}.get(m.alpha, 2 if m.zwrite else 3)
            outlines = [False, True] if m.outlined else [False]
            for outline in outlines:
                late = 0.5 if outline and stage < 2 else 0.0
                made.append(((stage, m.queue if stage > 1 else late, n, outline), p.material, outline, first, p))
            first += len(p.indices)
        out: list[Draw] = []
        for _, material, outline, at, p in sorted(made, key=lambda e: e[0]):
            m = model.materials[material]
            last = out[-1] if out else None
            if last and last.material == material and last.outline == outline and last.first + last.count == at:
                last.count += len(p.indices)  # one call for neighbours of one material
                continue
            out.append(self._draw(m, material, outline, at, len(p.indices), backlight))
        return out

    def _draw(self, m: Material, number: int, outline: bool, first: int, count: int, backlight: bool) -> Draw:
        program = self.programs.figure(parts(m, self.color is not None, outline, backlight))
        content: list[Any] = [(self.skinned, "3f 3f", "in_position", "in_normal"), (self.uv, "2f", "in_uv")]
        names = set(program)
        if self.color is not None:
            content.append((self.color, "4f", "in_color"))
        content = [_only(entry, names) for entry in content]
        array = self._keep(self.context.vertex_array(program, [c for c in content if c], self.index))
        textures = []
        for unit, name in enumerate(SAMPLERS):
            ref = getattr(m, name)
            if ref is not None and "u_" + name in names:
                textures.append((unit, self._texture(ref)))
        cull = "front" if outline else "none" if m.double_sided else "back"
        blend = m.alpha == "BLEND"
        return Draw(number, outline, array, count, first, textures, blend, m.zwrite or not blend, cull)

    def update(self, rig: Rig) -> None:
        """Morphs (only where weights changed), skinning and material changes of this frame."""
        self._morph(rig)
        self.joints[: len(rig.joint_matrices)] = rig.joint_matrices[:, :3]
        self.joint_texture.write(self.joints)
        self.joint_texture.use(0)
        self.skinning.transform(self.skinned, mode=moderngl.POINTS, vertices=len(self.base))
        for n, material in enumerate(self.model.materials):
            data = _block(material, n, rig).tobytes()
            if data != self.block_bytes[n]:
                self.block_bytes[n] = data
                self.blocks[n].write(data)

    def _morph(self, rig: Rig) -> None:
        changed = False
        for node, weights in rig.morphs.items():
            key = weights.tobytes()
            if self.morph_key.get(node) != key:
                self.morph_key[node] = key
                changed = True
        if not changed:
            return
        np.copyto(self.moved, self.base)
        done: set[int] = set()
        for p in self.model.primitives:
            if p.start in done or p.node not in rig.morphs:
                continue
            done.add(p.start)
            for morph, weight in zip(p.morphs, rig.morphs[p.node]):
                if abs(weight) > 1e-5:
                    self.moved[morph.rows] += morph.delta * weight
        self.vertex.write(self.moved)

    def draw(self, framebuffer: Any, backlight: bool) -> None:
        """All surfaces and outlines into the bound framebuffer."""
        if backlight not in self.draws:
            self.draws[backlight] = self._prepare(backlight)
        context = self.context
        context.enable(moderngl.DEPTH_TEST)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE
        for d in self.draws[backlight]:
            (context.enable if d.blend else context.disable)(moderngl.BLEND)
            framebuffer.depth_mask = d.zwrite
            if d.cull == "none":
                context.disable(moderngl.CULL_FACE)
            else:
                context.enable(moderngl.CULL_FACE)
                context.cull_face = d.cull
            self.blocks[d.material].bind_to_uniform_block(1)
            for unit, texture in d.textures:
                texture.use(unit)
            d.array.render(moderngl.TRIANGLES, vertices=d.count, first=d.first)
        framebuffer.depth_mask = True
        context.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)


def _only(entry: Any, names: set[str]) -> Any:
    """A vertex array entry without attributes that the program does not have."""
    buffer, form, *attributes = entry
    kept = [a for a in attributes if a in names]
    if not kept:
        return None
    pieces = [f if a in names else f"{int(f[0]) * 4}x" for f, a in zip(form.split(), attributes)]
    return (buffer, " ".join(pieces), *kept)


def _interleave(model: Model) -> npt.NDArray[np.uint8]:
    """joints (4 uint16) and weights (4 float32), 24 bytes a vertex."""
    out = np.zeros(len(model.joints), np.dtype([("j", np.uint16, 4), ("w", np.float32, 4)]))
    out["j"], out["w"] = model.joints, model.weights
    return out.view(np.uint8)


def _block(m: Material, n: int, rig: Rig) -> npt.NDArray[np.float32]:
    """The material's uniform block (std140) at this moment."""
    get = rig.colours.get
    lit, shade = get((n, "color"), m.color), get((n, "shadeColor"), m.shade)
    emissive, rim = get((n, "emissionColor"), m.emissive), get((n, "rimColor"), m.rim)
    outline, matcap = get((n, "outlineColor"), m.outline_color), get((n, "matcapColor"), m.matcap_factor)
    ref = m.base or m.shade_map or m.emissive_map
    t = np.eye(3, dtype=np.float32) if ref is None else ref.transform
    if n in rig.uvs:
        sx, sy, ox, oy = rig.uvs[n]
        t = np.array([[sx, 0, ox], [0, sy, oy], [0, 0, 1]], np.float32)
    x, y, r = (speed * rig.seconds for speed in m.uv_speed)
    normal = m.normal.scale if m.normal else 1.0
    shift = m.shift_map.scale if m.shift_map else 1.0
    return np.array([
        *lit[:4], *shade[:3], m.shift, *emissive[:3], m.toony, *rim[:3], m.rim_mix,
        m.rim_power, m.rim_lift, m.cutoff, m.outline_width, *outline[:3], m.outline_mix, *matcap[:3], shift,
        *t[0], m.metallic, *t[1], m.roughness, x, y, r, normal,
    ], np.float32)  # fmt: skip

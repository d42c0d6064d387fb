"""A model on the graphics card: vertex buffers, textures, materials, skinning and its draw calls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from avatar.render.bounds import Bounds
from avatar.render.context import SAMPLERS, Programs
from avatar.render.depth import Reach
from avatar.render.surface import STRIDE, Blocks, parts
from avatar.rig.rig import Rig
from avatar.vrm.model import Material, Model, Primitive, TextureRef

REPEAT = 10497
MANY = 10_000
"""Triangles from which on those out of the picture are left out before drawing."""


@dataclass(slots=True)
class Draw:
    """One draw call."""

    material: int
    outline: bool
    flat: bool
    array: Any
    count: int
    first: int
    textures: list[tuple[int, Any]]
    blend: bool
    zwrite: bool
    cull: str
    coded: bool
    line: float
    """Width in metres of an outline that may be left out where it is thin; infinite for all else."""


class Figure:
    """GPU form of one model. ``update`` once a frame, then ``draw`` as often as needed."""

    def __init__(self, context: Any, programs: Programs, model: Model) -> None:
        self.context, self.programs, self.model = context, programs, model
        self.owned: list[Any] = []
        self.textures: dict[Any, Any] = {}
        joints, weights, reach = _influences(model)
        # Vertices in the order of how many joints move them: most need one or two of the four that there may be.
        perm = np.argsort(reach, kind="stable")
        self.place = np.empty_like(perm)
        self.place[perm] = np.arange(len(perm))
        base = np.concatenate([model.positions, model.normals], 1)[perm]
        self.base, self.moved = base, base.copy()
        self.vertex = self._keep(context.buffer(self.moved, dynamic=True))
        skin = self._keep(context.buffer(_interleave(joints[perm], weights[perm])))
        self.skinned = self._keep(context.buffer(reserve=base.nbytes, dynamic=True))
        content = [(self.vertex, "3f 3f", "in_position", "in_normal"), (skin, "4u2 4f", "in_joints", "in_weights")]
        self.skinning: list[tuple[Any, int, int]] = []
        for n in np.unique(reach).tolist():
            array = self._keep(context.vertex_array(programs.skin(n), content))
            self.skinning.append((array, int(np.searchsorted(reach[perm], n)), int((reach == n).sum())))
        rows = -(-len(model.inverse_bind) // 256)
        self.joints = np.zeros((rows * 256, 3, 4), np.float32)
        self.joint_texture = self._keep(context.texture((768, rows), 4, dtype="f4"))
        self.joint_texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self.uv = self._keep(context.buffer(model.uvs[perm]))
        self.uv2 = self._keep(context.buffer(model.uvs2[perm])) if model.uvs2 is not None else None
        self.color = self._keep(context.buffer(model.colors[perm])) if model.colors is not None else None
        self.blocks = Blocks(model)
        self.block_buffer = self._keep(context.buffer(reserve=max(self.blocks.table.nbytes, STRIDE), dynamic=True))
        self.morph_key: dict[int, bytes] = {}
        self.morph_rows = [[self.place[morph.rows] for morph in p.morphs] for p in model.primitives]
        bent = [rows for each in self.morph_rows for rows in each if len(rows)]
        # The rows that any morph moves lie between these.
        self.bent = (min(int(r.min()) for r in bent), max(int(r.max()) for r in bent) + 1) if bent else (0, 0)
        self.draws: dict[bool, list[Draw]] = {}
        self.backlight: bool | None = None
        order = np.concatenate([p.indices for p in model.primitives] or [np.zeros(0, np.uint32)])
        order = self.place[order].astype(np.uint32)
        self.index = self._keep(context.buffer(order if len(order) else np.zeros(3, np.uint32), dynamic=True))
        self.triangles = order.reshape(-1, 3)
        self.before: Any = None  # triangles drawn before each one, None: all are drawn
        self.seen = b""
        binds = list(model.expressions.values())
        self.uv_bound = {bind.material for e in binds for bind in e.uvs}
        self.colour_bound = {(b.material, b.kind) for e in binds for b in e.colours}
        self.bounds, self.reach = Bounds(model), Reach(model)
        self.large = len(self.triangles) >= MANY

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
        key = (ref.image, ref.wrap, ref.magnify, ref.minify)
        if key not in self.textures:
            pixels = self.model.images[ref.image].pixels
            size = (pixels.shape[1], pixels.shape[0])
            texture = self._keep(self.context.texture(size, 4, pixels))
            if ref.minify not in (moderngl.NEAREST, moderngl.LINEAR):
                texture.build_mipmaps()
            # One level of detail instead of two blended: a tenth of a software renderer's frame.
            smallest = moderngl.LINEAR_MIPMAP_NEAREST if ref.minify == moderngl.LINEAR_MIPMAP_LINEAR else ref.minify
            texture.filter = (smallest, ref.magnify)
            texture.repeat_x, texture.repeat_y = ref.wrap[0] == REPEAT, ref.wrap[1] == REPEAT
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
            alike = last and (last.material, last.outline, last.flat) == (material, outline, p.flat)
            if last and alike and last.first + last.count == at:
                last.count += len(p.indices)  # one call for neighbours of one material
                continue
            out.append(self._draw(m, material, outline, at, p, backlight))
        return out

    def _draw(self, m: Material, number: int, outline: bool, first: int, p: Primitive, backlight: bool) -> Draw:
        bound = frozenset(kind for material, kind in self.colour_bound if material == number)
        wanted = parts(m, self.model, outline, backlight, p.flat, number in self.uv_bound, bound)
        program = self.programs.figure(wanted)
        content: list[Any] = [(self.skinned, "3f 3f", "in_position", "in_normal"), (self.uv, "2f", "in_uv")]
        names = set(program)
        if self.color is not None:
            content.append((self.color, "4f", "in_color"))
        if self.uv2 is not None:
            content.append((self.uv2, "2f", "in_uv2"))
        content = [_only(entry, names) for entry in content]
        array = self._keep(self.context.vertex_array(program, [c for c in content if c], self.index))
        textures = []
        for unit, name in enumerate(SAMPLERS):
            ref = getattr(m, name)
            if ref is not None and "u_" + name in names:
                textures.append((unit, self._texture(ref)))
        cull = "front" if outline else "none" if m.double_sided else "back"
        blend = m.alpha == "BLEND"
        zwrite, coded = m.zwrite or not blend, "CODED" in wanted
        optional = outline and m.lined and m.outline_mode == "worldCoordinates"
        line = m.outline_width if optional else math.inf
        return Draw(number, outline, p.flat, array, len(p.indices), first, textures, blend, zwrite, cull, coded, line)

    def update(self, rig: Rig, key: Any, ambient: Any, backlight: bool) -> None:
        """Morphs (only where weights changed), skinning, and the materials of this frame under its light (linear rgb)."""
        if backlight not in self.draws:
            self.draws[backlight] = self._prepare(backlight)
        if backlight != self.backlight:
            self.backlight, self.blocks.light = backlight, None
            for d in self.draws[backlight]:
                if not d.outline:
                    self.blocks.coded[d.material] = d.coded
        self._morph(rig)
        self.joints[: len(rig.joint_matrices)] = rig.joint_matrices[:, :3]
        self.joint_texture.write(self.joints)
        self.joint_texture.use(0)
        for array, first, count in self.skinning:
            at = first * self.base.strides[0]
            array.transform(self.skinned, moderngl.POINTS, count, first=first, buffer_offset=at)
        if self.blocks.update(rig, key, ambient):
            self.block_buffer.write(self.blocks.table)

    def cull(self) -> None:
        """Leaves out what is out of the picture that ``bounds`` follow, in small clusters; the order stays."""
        if not self.large:
            return
        clusters = self.bounds.seen()
        key = clusters.tobytes()
        if key == self.seen:
            return
        self.seen = key
        kept = clusters[self.bounds.cluster]
        self.before = np.concatenate([[0], np.cumsum(kept)])
        self.index.write(self.triangles[kept])

    def _morph(self, rig: Rig) -> None:
        changed = False
        for node, weights in rig.morphs.items():
            key = weights.tobytes()
            if self.morph_key.get(node) != key:
                self.morph_key[node] = key
                changed = True
        if not changed:
            return
        low, high = self.bent
        np.copyto(self.moved[low:high], self.base[low:high])
        done: set[tuple[int, int]] = set()
        for number, p in enumerate(self.model.primitives):
            if (p.start, p.node) in done or p.node not in rig.morphs:
                continue
            done.add((p.start, p.node))
            for rows, morph, weight in zip(self.morph_rows[number], p.morphs, rig.morphs[p.node]):
                if abs(weight) > 1e-5:
                    self.moved[rows] += morph.delta * weight
        if high > low:
            self.vertex.write(self.moved[low:high], offset=low * self.base.strides[0])

    def draw(self, framebuffer: Any, finest: float = 0.0) -> None:
        """All surfaces and outlines into the bound framebuffer, but outlines under ``finest`` metres that are only lines."""
        context = self.context
        context.enable(moderngl.DEPTH_TEST)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA, moderngl.ONE, moderngl.ONE
        for d in self.draws[bool(self.backlight)]:
            if d.line < finest:
                continue
            (context.enable if d.blend else context.disable)(moderngl.BLEND)
            framebuffer.depth_mask = d.zwrite
            if d.cull == "none":
                context.disable(moderngl.CULL_FACE)
            else:
                context.enable(moderngl.CULL_FACE)
                context.cull_face = d.cull
            block = d.material + d.outline * len(self.model.materials)
            self.block_buffer.bind_to_uniform_block(1, offset=block * STRIDE, size=STRIDE)
            for unit, texture in d.textures:
                texture.use(unit)
            first, count = d.first, d.count
            if self.before is not None:
                first, last = (3 * int(self.before[at // 3]) for at in (first, first + count))
                count = last - first
            if count:
                d.array.render(moderngl.TRIANGLES, vertices=count, first=first)
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


def _influences(model: Model) -> tuple[Any, Any, Any]:
    """Joints and weights (n, 4), strongest first, and how many of them count: 1, 2 or 4 (n,)."""
    order = np.argsort(-model.weights, axis=1, kind="stable")
    joints = np.take_along_axis(model.joints, order, 1)
    weights = np.take_along_axis(model.weights, order, 1)
    weights[weights < 1e-4] = 0
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    count = (weights > 0).sum(1)
    return joints, weights, np.where(count > 2, 4, np.maximum(count, 1))


def _interleave(joints: npt.NDArray[np.uint16], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """joints (4 uint16) and weights (4 float32), 24 bytes a vertex."""
    out = np.zeros(len(joints), np.dtype([("j", np.uint16, 4), ("w", np.float32, 4)]))
    out["j"], out["w"] = joints, weights
    return out.view(np.uint8)

"""The picture: one context, one model, one frame after another."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from avatar.render.bounds import BANDS
from avatar.render.context import Programs, enter, flusher, leave, open_context, software
from avatar.render.depth import FAR, NEAR
from avatar.render.errors import RenderError
from avatar.render.figure import Figure
from avatar.render.i420 import Converter, Raw
from avatar.render.mlaa import Smoother
from avatar.render.scene import Colour, SceneState
from avatar.render.targets import Targets
from avatar.rig.rig import Rig
from avatar.vrm.model import Model

PLAIN: Colour = (200 / 255, 210 / 255, 220 / 255)
AA = ("none", "mlaa", "fxaa", "msaa4")


def linear(colour: Colour, strength: float = 1.0) -> list[float]:
    """sRGB to linear light times a strength."""
    return [strength * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in colour]


def camera_matrices(scene: SceneState, aspect: float) -> tuple[Any, Any]:
    """View and projection (4x4, column vectors, float32); always finite."""
    c = scene.camera
    (ex, ey, ez), (tx, ty, tz) = c.position, c.target
    bx, by, bz = ex - tx, ey - ty, ez - tz
    size = math.sqrt(bx * bx + by * by + bz * bz)
    bx, by, bz = (bx / size, by / size, bz / size) if size > 1e-6 else (0.0, 0.0, 1.0)
    flat = math.hypot(bx, bz)
    rx, ry, rz = (bz / flat, 0.0, -bx / flat) if flat > 1e-6 else (1.0, 0.0, 0.0)
    ux, uy, uz = by * rz - bz * ry, bz * rx - bx * rz, bx * ry - by * rx
    cos, sin = math.cos(math.radians(c.roll)), math.sin(math.radians(c.roll))
    right = (rx * cos + ux * sin, ry * cos + uy * sin, rz * cos + uz * sin)
    up = (ux * cos - rx * sin, uy * cos - ry * sin, uz * cos - rz * sin)
    view = [[x, y, z, -(x * ex + y * ey + z * ez)] for x, y, z in (right, up, (bx, by, bz))]
    f = 1 / math.tan(math.radians(min(max(c.fov, 1.0), 150.0)) / 2)
    depth = [0, 0, (FAR + NEAR) / (NEAR - FAR), 2 * FAR * NEAR / (NEAR - FAR)]
    projection = [[f / aspect, 0, 0, 0], [0, f, 0, 0], depth, [0, 0, -1, 0]]
    return np.array([*view, [0, 0, 0, 1]], np.float32), np.array(projection, np.float32)


class Picture:
    """Draws a model and its stage. ``size`` (w, h), even; ``aa`` is one of ``AA``.

    ``mlaa`` smooths what is read back, on the processor and only around the figure: the best for the cost where OpenGL
    is software. A graphics card has ``msaa4`` for less, and makes I420 itself; there ``mlaa`` is ``msaa4``. A window shows
    pictures that are not read back; there, in software, it is ``fxaa``. ``card`` says which it is (None: look).

    With ``ahead`` two pictures are under way: :meth:`draw` begins one, and :meth:`fetch` brings the one before, which a
    software renderer has meanwhile finished on its own threads, and a card sent. The ``read_…`` methods bring the last and
    wait for it.

    Outlines thinner than ``finest_line`` pixels, of which every other pixel would be drawn, are left out where a model says
    that they are only lines (``Material.lined``).

    ``window=True`` draws with the context of the open pygame window and shows each picture in it.
    ``RenderError`` with a remedy where there is no OpenGL 3.3.
    """

    def __init__(
        self, size: tuple[int, int], aa: str = "fxaa", window: bool = False, finest_line: float = 0.0,
        card: bool | None = None,
    ) -> None:  # fmt: skip
        self.context = open_context(window)
        self.card = not software(self.context) if card is None else card
        self.window, self.finest_line = window, finest_line
        self.programs = Programs(self.context)
        self.figure: Figure | None = None
        self.set: Any = None
        self._turns: list[Targets] = []
        # Bound while targets are freed: moderngl goes back to the last bound framebuffer after each call.
        self._idle_texture = self.context.texture((2, 2), 4)
        self._idle = self.context.framebuffer([self._idle_texture])
        self._flush = flusher()
        self.ahead = False
        self._scene_block = self.context.buffer(reserve=224, dynamic=True)
        self._lights: tuple[Any, tuple[Any, Any, bool, Any]] | None = None
        self.aa = aa
        self.resize(size, aa)

    def resize(self, size: tuple[int, int], aa: str | None = None, finest_line: float | None = None) -> None:
        """Changes size, antialiasing and ``finest_line``; the model stays."""
        enter(self.context)
        w, h = int(size[0]), int(size[1])
        limit = int(self.context.info["GL_MAX_RENDERBUFFER_SIZE"])
        if w < 2 or h < 2 or w % 2 or h % 2 or max(w, h) > limit:
            raise RenderError(f"size {w}x{h} cannot be drawn. Give even numbers from 2 to {limit}.")
        if aa is not None and aa not in AA:
            raise RenderError(f"antialiasing {aa!r} is not known. Use one of {', '.join(AA)}.")
        self.aa = aa or self.aa
        self.finest_line = self.finest_line if finest_line is None else finest_line
        if self.aa == "mlaa" and (self.card or self.window):
            self.aa = "msaa4" if self.card else "fxaa"
        self._free_targets()
        self.size = (w, h)
        packing = self.programs.screen("i420.frag") if self.card else None
        self._turns = [Targets(self.context, self.size, self.aa, packing) for _ in range(2)]
        self._scratch = np.empty((h, w, 3), np.uint8)
        self._to_i420: tuple[Raw, Converter] | None = None  # a film has its own
        self._smoother = Smoother(w, h) if self.aa == "mlaa" else None

    @property
    def _now(self) -> Targets:
        """Of the picture drawn last."""
        return self._turns[1]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The figure's box in the picture drawn last: left, bottom, right, top."""
        return self._now.box

    def _free_targets(self) -> None:
        self._idle.use()
        for turn in self._turns:
            turn.release()
        self._turns = []

    def set_model(self, model: Model | None) -> None:
        """Takes a new model; what the old one held is freed."""
        enter(self.context)
        if self.figure is not None:
            self.figure.release()
            self.figure = None
        if model is not None:
            self.figure = Figure(self.context, self.programs, model)

    def draw(self, rig: Rig | None, scene: SceneState) -> None:
        """Draws one picture; ``rig`` must be the one of the set model (None: only the stage)."""
        enter(self.context)
        if rig is not None and (self.figure is None or self.figure.model is not rig.model):
            self.set_model(rig.model)
        view, projection = camera_matrices(scene, self.size[0] / self.size[1])
        figure = self.figure if rig is not None else None
        if self.ahead:
            self._turns.reverse()
        now = self._now
        target = now.drawn
        planes = (
            figure.reach.planes(rig, view, float(projection[1, 1])) if figure is not None and rig is not None else None
        )
        depth_row, behind, fresh = now.slices.next(planes)
        sliced = projection.copy()
        sliced[2] = depth_row
        key, ambient, backlight = self._light(scene, view, sliced, behind)
        target.use()  # before skinning: even a draw that only captures needs a complete framebuffer
        if figure is not None and rig is not None:
            figure.update(rig, key, ambient, backlight)
            if self.aa in ("fxaa", "mlaa") or figure.large:
                figure.bounds.follow(rig.joint_matrices, projection @ view, self.size)
            figure.cull()
        self.context.viewport = (0, 0, *self.size)
        self._back(scene, view, projection, target, fresh)
        self._scene_block.bind_to_uniform_block(0)
        if figure is not None:
            figure.draw(target, self._finest(rig, view, projection))
        if self.set and scene.backdrop != "plain":
            self.set.draw_front(scene, self.size)
        self._fade(scene)
        if target is not now.main:
            self.context.copy_framebuffer(now.main, target)
        now.box, now.shown, now.shown_colour = (0, 0, 0, 0), now.main, now.colour
        if self.aa in ("fxaa", "mlaa") and figure is not None and rig is not None:
            self._smooth(figure.bounds.box() if self.aa == "mlaa" else figure.bounds.bands(), now)
        if self.window:
            self._show()
        if self.ahead and (not self.window or now.packer is not None):  # what a card sends is asked for now
            self._begin()

    def _finest(self, rig: Rig | None, view: Any, projection: Any) -> float:
        """Metres that ``finest_line`` pixels are at the bone nearest to the camera."""
        if not self.finest_line or rig is None:
            return 0.0
        bones = rig.world[rig.bone_nodes, :3, 3]
        depth = max(float((bones @ -view[2, :3] - view[2, 3]).min(initial=FAR)), NEAR)
        return self.finest_line * 2 * depth / (float(projection[1, 1]) * self.size[1])

    def _begin(self) -> None:
        """Let the renderer begin with what it was given, while this thread does something else."""
        if self._now.packer is not None:
            self._now.packer.pack(self._now.shown_colour)
        if self._flush is not None:
            self._flush()
            return
        self._idle.use()  # it begins, too, once another target is drawn into
        self._idle.clear()

    def _light(self, scene: SceneState, view: Any, projection: Any, behind: float) -> tuple[Any, Any, bool]:
        """Fills the scene block (``behind``: how deep outlines lie behind surfaces); gives the key light, the ambient, and
        whether there is light from behind.

        Key and ambient together never pass 1, so that white stays drawn.
        """
        key, ambient, rim, block = self._lit(scene)
        block[0:16], block[16:32] = (projection @ view).T.ravel(), view.T.ravel()
        block[32:35], block[35], block[39] = scene.camera.position, projection[1, 1], behind
        self._scene_block.write(block)
        return key, ambient, rim

    def _lit(self, scene: SceneState) -> tuple[Any, Any, bool, Any]:
        """What ``_light`` gives, and the block without the camera's part; made again only when a light has changed."""
        plain, lights = scene.backdrop == "plain", (scene.key, scene.rim)
        now = (plain, *scene.ambient, *((*e.colour, e.intensity, *e.direction) for e in lights))
        if self._lights is None or self._lights[0] != now:
            key, ambient = np.array(linear(scene.key.colour, scene.key.intensity)), np.array(linear(scene.ambient))
            rim = np.array(linear(scene.rim.colour, scene.rim.intensity))
            if plain:
                ambient, rim = ambient * 0, rim * 0
            scale = 1 / max(1.0, float((key + ambient).max()))
            block = np.zeros(56, np.float32)
            block[36:39], block[40:43] = _unit(scene.key.direction), key * scale
            block[44:47], block[48:51], block[52:55] = _unit(scene.rim.direction), rim, ambient * scale
            self._lights = now, (key * scale, ambient * scale, bool(rim.any()), block)
        return self._lights[1]

    def _back(self, scene: SceneState, view: Any, projection: Any, target: Any, fresh: bool) -> None:
        """What is behind the figure; depth is cleared only where it is to be ``fresh``."""
        if scene.backdrop == "plain":
            target.depth_mask = fresh
            target.clear(*PLAIN, 1.0, depth=1.0)
            target.depth_mask = True
            return
        if self.set is None:
            self.set = _open_set(self.context)
        if self.set:
            if fresh:
                target.color_mask = (False,) * 4  # the set covers every pixel
                target.clear(depth=1.0)
                target.color_mask = (True,) * 4
            self.set.draw_back(scene, view, projection, self.size)
            return
        base = scene.palette[0]
        target.depth_mask = fresh
        target.clear(*(c * 0.6 for c in base), 1.0, depth=1.0)
        target.depth_mask = True
        self._flat((*base, 1.0), (*(c * 0.35 for c in base), 1.0))

    def _flat(self, top: Any, bottom: Any) -> None:
        program, array = self.programs.screen("flat.frag")
        program["u_top"].value, program["u_bottom"].value = top, bottom
        array.render(moderngl.TRIANGLES, vertices=3)

    def _fade(self, scene: SceneState) -> None:
        if scene.fade > 0:
            self.context.disable(moderngl.DEPTH_TEST)
            self.context.enable(moderngl.BLEND)
            self.context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
            black = (0.0, 0.0, 0.0, min(scene.fade, 1.0))
            self._flat(black, black)
            self.context.disable(moderngl.BLEND)

    def _smooth(self, bands: npt.NDArray[np.int64] | None, now: Targets) -> None:
        """Notes the box of these strips; FXAA within them, so that a figure costs what she covers."""
        if bands is None:
            return
        w, h = self.size
        # One pixel off the border: the shader looks at its neighbours.
        bands = np.clip(bands, 1, (w - 1, h - 1, w - 1, h - 1))
        used = bands[(bands[:, 0] < bands[:, 2]) & (bands[:, 1] < bands[:, 3])]
        if not len(used):
            return
        low, high = used[:, :2].min(0), used[:, 2:].max(0)
        now.box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        if self.aa == "mlaa":
            return
        corners = np.zeros((BANDS, 4), np.float32)
        corners[: len(used)] = used / (0.5 * w, 0.5 * h, 0.5 * w, 0.5 * h) - 1.0
        self.context.copy_framebuffer(now.soft_target, now.main)
        now.shown, now.shown_colour = now.soft_target, now.soft
        now.colour.use(0)
        context = self.context
        context.enable(moderngl.DEPTH_TEST)
        now.edges.clear(depth=1.0)
        for target, test, name in ((now.edges, "<=", "edges.frag"), (now.soft_target, "==", "fxaa.frag")):
            target.use()
            context.viewport, context.depth_func = (0, 0, w, h), test
            program, array = self.programs.banded(name)
            program["u_bands"].write(corners)
            program["u_picture"].value = 0
            if "u_pixel" in program:
                program["u_pixel"].value = (1 / w, 1 / h)
            array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(used))
        context.depth_func = "<="  # as moderngl has it
        context.disable(moderngl.DEPTH_TEST)

    def _show(self) -> None:
        screen = self.context.screen
        if screen is not None:
            self.context.copy_framebuffer(screen, self._now.shown)

    def read_rgb(self) -> npt.NDArray[np.uint8]:
        """The picture as (h, w, 3) uint8, sRGB, top row first; a new array."""
        enter(self.context)
        self._now.shown.read_into(self._scratch, components=3, alignment=1)
        out = np.ascontiguousarray(self._scratch[::-1])
        if self._smoother is not None:
            self._smoother.picture(out, self._top_box(self.box))
        return out

    def read_rgba(self, out: npt.NDArray[np.uint8]) -> None:
        """The picture as OpenGL has it, lowest row first, into ``out`` (h, w, 4) uint8."""
        w, h = self.size
        if out.shape != (h, w, 4) or out.dtype != np.uint8 or not out.flags.c_contiguous:
            raise RenderError(f"read_rgba needs a contiguous uint8 array of {(h, w, 4)}, not {out.shape}.")
        enter(self.context)
        self._now.shown_colour.read_into(out, alignment=1)
        if self._smoother is not None:
            self._smoother.picture(out, self.box)

    def read_i420(self, out: npt.NDArray[np.uint8]) -> None:
        """Writes the picture as I420 (BT.709, limited range) into ``out`` (h * 3 // 2, w) uint8."""
        w, h = self.size
        if out.shape != (h * 3 // 2, w) or out.dtype != np.uint8 or not out.flags.c_contiguous:
            raise RenderError(f"read_i420 needs a contiguous uint8 array of {(h * 3 // 2, w)}, not {out.shape}.")
        if self._to_i420 is None:
            self._to_i420 = self.raw(), Converter(w, h)
        raw, convert = self._to_i420
        self.fetch(raw, behind=0)
        convert(raw, out)

    def raw(self) -> Raw:
        """Room for what :meth:`fetch` brings."""
        return Raw(*self.size, packed=self.card)

    def fetch(self, raw: Raw, behind: int = 1) -> None:
        """The pixels drawn ``behind`` (0 or 1) pictures ago into ``raw``, one of this picture's.

        With 1, for which the picture must be ``ahead``, nothing is waited for unless the machine is a whole picture late.
        """
        enter(self.context)
        turn = self._turns[1 - behind]
        if raw.packed is not None and turn.packer is not None:
            if not self.ahead:
                turn.packer.pack(turn.shown_colour)
            turn.packer.fetch(raw.packed)
            return
        turn.shown_colour.read_into(raw.pixels, alignment=1)
        raw.box, raw.smooth = self._top_box(turn.box), self._smoother is not None

    def _top_box(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """A figure's box with rows counted from the top."""
        left, bottom, right, top = box
        return left, self.size[1] - top, right, self.size[1] - bottom

    def release(self) -> None:
        """Frees everything; the picture cannot be used afterwards."""
        self.set_model(None)
        if self.set:
            self.set.release()
            self.set = None
        self._free_targets()
        self._idle.release()
        self._idle_texture.release()
        self._scene_block.release()
        self.programs.release()
        leave(self.context)


def _unit(vector: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    v = np.array(vector, float)
    size = np.linalg.norm(v)
    return v / size if size > 1e-9 else np.array([0, 0, 1.0])


def _open_set(context: Any) -> Any:
    """The stage set, or False before it is built."""
    try:
        return import_module("avatar.render.stage_set").StageSet(context)
    except ModuleNotFoundError:
        return False

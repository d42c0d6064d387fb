"""The stage around the performer: backdrop, floor, beams, dust, words on the LED wall, fans' reactions.

The backdrop is ray-cast in one small shader at a quarter of the picture's size and enlarged softly, as a set behind a
performer is out of focus; only what must be sharp (letters, sprites) is drawn at full size. While the camera stands
still, or what it sees has moved by little more than a pixel, the result is kept and drawn anew seven times a second;
copying it under her costs next to nothing. What is drawn anew is enlarged and shown with the next picture, except after
a cut, so that a software renderer, which works on several pictures at once, need not be waited for.

Light only breathes with the music: beat and bar change a pixel's luminance by a few hundredths at most, far under
what counts as a flash (WCAG 2.3.1: a tenth of full luminance, three times a second).
"""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from avatar.render import set_art, set_sprites
from avatar.render.context import software
from avatar.render.enlarge import Enlarger
from avatar.render.scene import Colour, SceneState

Matrix = npt.NDArray[np.float32]

SETS = ("stars", "pool", "rooftop")
_SCALE = 4
_PLAIN = (200 / 255, 210 / 255, 220 / 255)
_BEAMS = 7
_LED_DEPTH = -4.15
Spot = tuple[float, float, float, bool]
"""Where words stand on the wall: x and height of their middle, half their field's width (metres), beside her or not."""
_ABOVE: tuple[Spot, ...] = ((0.0, 2.36, 1.85, False), (0.0, 2.75, 1.85, False), (0.0, 2.1, 1.5, False))
_BESIDE = ((0.62, 0.28, 0.35), (0.68, 0.32, 0.29), (0.75, 0.32, 0.24))
"""Places of a narrow block beside her, in the picture: x, y (clip space) and half its field's share of the width."""
_LED_FADE = 0.6
_REFRESH = 7.5
"""How often a second the backdrop is drawn anew while the camera stands still."""
_STILL = 1.2
"""Pixels (of 1280x720) the camera may move before a kept backdrop, itself soft by four, is drawn anew."""
_CUT = 16.0
"""Pixels from which on a move is a cut: the backdrop follows at once."""
_JUMP = 0.25
"""Seconds from which on time has jumped, which is a cut as well."""
_GRID = np.array([(x, y) for x in (-0.95, 0.0, 0.95) for y in (-0.95, 0.0, 0.95)])
"""Places in the picture (clip space) whose movement is watched."""


def shader(name: str) -> str:
    """The text of a shader file of this room."""
    return files("avatar.render").joinpath("shaders", name).read_text(encoding="utf-8")


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """``a`` at 0, ``b`` at 1."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def light_colour(scene: SceneState) -> Colour:
    """The light of the moment: between the second and the accent colour, as the chord has it."""
    second, accent = scene.palette[1 % len(scene.palette)], scene.palette[2 % len(scene.palette)]
    return mix(second, accent, 0.5 + 0.5 * min(1.0, max(-1.0, scene.hue)))


class Landmarks:
    """Points of wall and floor that a camera sees now; they tell how far another's picture is from its picture."""

    def __init__(self, matrix: Matrix) -> None:
        inverse = np.linalg.inv(matrix.astype(np.float64))
        ends = [np.column_stack([_GRID, np.full(len(_GRID), z), np.ones(len(_GRID))]) @ inverse.T for z in (-1.0, 1.0)]
        near, far = (end[:, :3] / end[:, 3:] for end in ends)
        ray = far - near
        with np.errstate(divide="ignore", invalid="ignore"):
            wall = (_LED_DEPTH - near[:, 2]) / ray[:, 2]
            floor = -near[:, 1] / ray[:, 1]
        reached = np.where(wall > 0, wall, 1.0)
        reached = np.where((floor > 0) & (floor < reached), floor, reached)
        self._points = np.column_stack([near + ray * reached[:, None], np.ones(len(_GRID))])

    def moved(self, matrix: Matrix, size: tuple[int, int]) -> float:
        """Pixels that the point which moved most lies from where it was; infinite where one is behind the camera."""
        points = self._points @ matrix.T.astype(np.float64)
        if points[:, 3].min() < 1e-3:
            return math.inf
        return float(np.abs((points[:, :2] / points[:, 3:] - _GRID) * (0.5 * size[0], 0.5 * size[1])).max())


class StageSet:
    """Draws a set into the framebuffer that is bound. Matrices are (4, 4), for column vectors (``P @ V @ point``).

    ``draw_back`` comes before the performer and fills the whole picture; ``draw_front`` after her. Neither reads or
    writes depth; both leave depth test, culling and blending off.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self.ctx = ctx
        self._owned: list[Any] = []
        self._backdrops: dict[str, tuple[Any, Any]] = {}
        self._copy = self._plain_array(shader("set_copy.vert"), shader("set_copy.frag"))
        self._text = self._plain_array(shader("set_text.vert"), shader("set_text.frag"))
        self._make_sprites()
        self._make_beams()
        self._clouds = self._texture(set_art.clouds(), repeat=True)
        self._letters = {side: self._letter_texture(size) for side, size in
                         ((False, set_art.TEXT_SIZE), (True, set_art.SIDE_SIZE))}  # fmt: skip
        self._lettered: set[bool] = set()
        self._spot = _ABOVE[0]
        self._led = ""
        self._led_since = -1e9
        self._layers: list[Any] = []
        self._layers_size = (0, 0)
        self._kept = 0
        self._enlarger: Enlarger | None = None
        self._software = software(ctx)
        self._coming: tuple[Matrix, Colour] | None = None
        self._shown: tuple[Any, ...] = ()
        self._seconds = -1e9
        self._marks: Landmarks | None = None

    # Opening ------------------------------------------------------------------------------------------------

    def _keep(self, thing: Any) -> Any:
        self._owned.append(thing)
        return thing

    def _plain_array(self, vertex: str, fragment: str) -> Any:
        program = self._keep(self.ctx.program(vertex_shader=vertex, fragment_shader=fragment))
        return self._keep(self.ctx.vertex_array(program, []))

    def _texture(self, pixels: set_art.Bytes, repeat: bool = False) -> Any:
        height, width, parts = pixels.shape
        texture = self._keep(self.ctx.texture((width, height), parts, pixels.tobytes(), alignment=1))
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        texture.repeat_x = True
        texture.repeat_y = repeat
        return texture

    def _letter_texture(self, size: tuple[int, int]) -> Any:
        texture = self._keep(self.ctx.texture(size, 2, bytes(2 * math.prod(size))))
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def _make_sprites(self) -> None:
        self._air, self._halo = set_sprites.Air(), set_sprites.Air()
        program = self._keep(self.ctx.program(shader("set_sprite.vert"), shader("set_sprite.frag")))
        corners = self._keep(self.ctx.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32).tobytes()))
        self._sprite_buffer = self._keep(self.ctx.buffer(reserve=self._air.before.nbytes, dynamic=True))
        self._sprites = self._keep(self.ctx.vertex_array(program, [
            (corners, "2f", "corner"),
            (self._sprite_buffer, "2f 2f 1f 1f 4f 1f/i", "centre", "size", "turn", "cell", "colour", "add"),
        ]))  # fmt: skip
        program["cells"] = float(len(set_art.CELLS))
        self._atlas = self._texture(set_art.atlas())
        self._atlas.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)

    def _make_beams(self) -> None:
        self._beam_rows = np.zeros((_BEAMS, 12), np.float32)
        program = self._keep(self.ctx.program(shader("set_beam.vert"), shader("set_beam.frag")))
        corners = self._keep(self.ctx.buffer(np.array([-1, 0, 1, 0, -1, 1, 1, 1], np.float32).tobytes()))
        self._beam_buffer = self._keep(self.ctx.buffer(reserve=self._beam_rows.nbytes, dynamic=True))
        self._beams = self._keep(self.ctx.vertex_array(program, [
            (corners, "2f", "corner"),
            (self._beam_buffer, "3f 3f 4f 2f/i", "lamp", "direction", "colour", "width"),
        ]))  # fmt: skip

    def _backdrop(self, name: str) -> tuple[Any, Any]:
        """Vertex array and picture of a set, made when it is first shown."""
        if name not in self._backdrops:
            fragment = "#version 330\n" + shader("set_common.glsl") + shader(f"set_{name}.frag")
            array = self._plain_array(shader("set_backdrop.vert"), fragment)
            picture = set_art.skyline() if name == "rooftop" else set_art.constellations()
            self._backdrops[name] = (array, self._texture(picture))
        return self._backdrops[name]

    def _resize(self, size: tuple[int, int]) -> None:
        if size == self._layers_size:
            return
        self._release_layers()
        self._layers_size, self._shown, self._marks, self._coming = size, (), None, None
        for part in (_SCALE, 1, 1):
            picture = self.ctx.texture((max(1, math.ceil(size[0] / part)), max(1, math.ceil(size[1] / part))), 4)
            picture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            picture.repeat_x = picture.repeat_y = False
            self._layers += [picture, self.ctx.framebuffer([picture])]
        self._enlarger = Enlarger(self._layers[0].size, size) if self._software else None

    def _release_layers(self) -> None:
        for thing in reversed(self._layers):
            thing.release()
        self._layers.clear()

    # Drawing ------------------------------------------------------------------------------------------------

    def draw_back(self, scene: SceneState, view: Matrix, projection: Matrix, size: tuple[int, int]) -> None:
        """Everything behind the performer; covers every pixel."""
        target = self.ctx.fbo
        if scene.backdrop == "plain":
            target.clear(*_PLAIN, 1.0)
            return
        name = scene.backdrop if scene.backdrop in SETS else SETS[0]
        self._plain_state()
        self._resize(size)
        matrix = np.asarray(projection, np.float32) @ np.asarray(view, np.float32)
        light = light_colour(scene)
        tick = math.floor(scene.seconds * _REFRESH + 1e-6)
        look = (name, scene.led, tuple(scene.palette))
        moved = self._marks.moved(matrix, size) if self._marks is not None else math.inf
        jumped = not 0.0 <= scene.seconds - self._seconds < _JUMP
        cut = look != self._shown[:3] or moved > _CUT or jumped
        self._seconds = scene.seconds
        if self._coming is not None and not cut:
            self._enlarge(name, scene, *self._coming, size)
        if cut or self._shown != (*look, tick) or moved > _STILL:
            self._shown, self._marks = (*look, tick), Landmarks(matrix)
            eye = -np.asarray(view, np.float64)[:3, :3].T @ np.asarray(view, np.float64)[:3, 3]
            self._draw_small(name, scene, matrix, projection, eye, light, size)
            self._coming = (matrix, light)
            if cut:
                self._enlarge(name, scene, matrix, light, size)
        self._lay(target, size)
        air, zoom = self._air, float(projection[1, 1])
        air.clear()
        set_sprites.dust(matrix, scene.seconds, _unit(scene.energy), mix(light, (1.0, 1.0, 1.0), 0.4), zoom, air)
        self._hang(name, scene, matrix, zoom, light, air, halo=False)
        self._lay_sprites(air.behind[: air.counts[0]], size)
        self._plain_state()

    def _draw_small(self, name: str, scene: SceneState, matrix: Matrix, projection: Matrix, eye: npt.NDArray[np.float64],
                    light: Colour, size: tuple[int, int]) -> None:  # fmt: skip
        """Draw what is soft at a quarter of the size."""
        self._layers[1].use()
        self._draw_backdrop(name, scene, matrix, eye, light)
        self._draw_beams(name, scene, matrix, eye, light)
        self._draw_halos(name, scene, matrix, projection, size, light)

    def _enlarge(self, name: str, scene: SceneState, matrix: Matrix, light: Colour, size: tuple[int, int]) -> None:
        """The small backdrop, softly enlarged, and the wall's letters become the picture that is kept."""
        self._kept, self._coming = 1 - self._kept, None
        small = self._layers[0]
        picture, large = self._layers[2 + 2 * self._kept : 4 + 2 * self._kept]
        if self._enlarger is not None:
            small.read_into(self._enlarger.pixels, alignment=1)
            picture.write(self._enlarger())
        large.use()
        self.ctx.viewport = (0, 0, size[0], size[1])
        if self._enlarger is None:
            small.use(0)
            self._copy.render(moderngl.TRIANGLES, 3)
        self._draw_led(name, scene, matrix, light)

    def _lay(self, target: Any, size: tuple[int, int]) -> None:
        """The kept picture into the bound framebuffer: a plain copy, or a draw where samples differ."""
        picture, large = self._layers[2 + 2 * self._kept : 4 + 2 * self._kept]
        if not target.samples and target.size == size:
            self.ctx.copy_framebuffer(target, large)
            target.use()
            return
        target.use()
        self.ctx.viewport = (0, 0, size[0], size[1])
        picture.use(0)
        self._copy.render(moderngl.TRIANGLES, 3)

    def draw_front(self, scene: SceneState, size: tuple[int, int]) -> None:
        """What is between the performer and the camera, as ``draw_back`` left it for this frame, and what fans sent.

        The fade to black is the picture's, over everything.
        """
        self._plain_state()
        if scene.backdrop != "plain":
            air, n = self._air, self._air.counts[1]
            if scene.reactions:
                n += set_sprites.reactions(scene.reactions, size[0] / size[1], air.before[n:])
            self._lay_sprites(air.before[:n], size)
        self._plain_state()

    def _plain_state(self) -> None:
        self.ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)

    def _draw_backdrop(self, name: str, scene: SceneState, matrix: Matrix, eye: npt.NDArray[np.float64],
                       light: Colour) -> None:  # fmt: skip
        array, picture = self._backdrop(name)
        program = array.program
        values: dict[str, Any] = {
            "u_eye": tuple(eye),
            "u_main_colour": scene.palette[0],
            "u_second_colour": scene.palette[1 % len(scene.palette)],
            "u_accent_colour": scene.palette[2 % len(scene.palette)],
            "u_light_colour": light,
            "u_seconds": scene.seconds,
            "u_beat": _unit(scene.beat),
            "u_bar": _unit(scene.bar),
            "u_energy": _unit(scene.energy),
            "u_beams": _unit(scene.beams),
            "art": 1,
            "clouds": 2,
        }
        for key, value in values.items():
            if key in program:
                program[key] = value
        inverse = np.linalg.inv(matrix.astype(np.float64)).astype(np.float32)
        program["inverse_view_projection"].write(np.ascontiguousarray(inverse.T))
        picture.use(1)
        self._clouds.use(2)
        array.render(moderngl.TRIANGLES, 3)

    def _draw_beams(self, name: str, scene: SceneState, matrix: Matrix, eye: npt.NDArray[np.float64],
                    light: Colour) -> None:  # fmt: skip
        level = _unit(scene.beams)
        if name == "pool" or level <= 0.01:
            return
        energy, t = _unit(scene.energy), scene.seconds
        rows = self._beam_rows
        second, accent = scene.palette[1 % len(scene.palette)], scene.palette[2 % len(scene.palette)]
        for k in range(_BEAMS):
            u = (k - (_BEAMS - 1) / 2) / ((_BEAMS - 1) / 2)
            # Verse: the inner lamps, close together; chorus: all of them, fanned wide.
            on = min(1.0, max(0.0, (0.25 + 0.95 * energy - abs(u)) * 4.0))
            sway = math.sin(t * 0.31 + k * 1.7) * (0.10 + 0.22 * energy) + u * (0.15 + 0.45 * energy)
            tone = mix(light, second if k % 2 else accent, 0.45)
            strength = (
                level * on * (0.24 + 0.10 * energy + 0.05 * _unit(scene.beat) * energy + 0.04 * math.sin(t * 0.5 + k))
            )
            if name == "rooftop":
                rows[k, 0:3] = u * 9.0, 0.4, -14.0
                rows[k, 3:6] = sway * 9.0, 11.0, 0.0
                rows[k, 10:12] = 0.10, 0.9
                strength *= 0.55
            else:
                rows[k, 0:3] = u * 3.3, 4.5, -2.9
                rows[k, 3:6] = sway * 4.0, -5.2, 1.2 * math.cos(t * 0.23 + k)
                rows[k, 10:12] = 0.05, 0.62
            rows[k, 6:9] = tone
            rows[k, 9] = max(0.0, strength)
        program = self._beams.program
        program["view_projection"].write(np.ascontiguousarray(matrix.T))
        program["eye"] = tuple(eye)
        self._beam_buffer.write(rows)
        self.ctx.enable(moderngl.BLEND)
        self.ctx.blend_func = moderngl.ONE, moderngl.ONE
        self._beams.render(moderngl.TRIANGLE_STRIP, 4, instances=_BEAMS)
        self.ctx.disable(moderngl.BLEND)

    def _draw_led(self, name: str, scene: SceneState, matrix: Matrix, light: Colour) -> None:
        if scene.led != self._led:
            self._led, self._led_since = scene.led, scene.seconds
            self._lettered.clear()
            self._spot = _ABOVE[0]
        if not self._led.strip():
            return
        age = scene.seconds - self._led_since
        spot, framed = self._led_spot(matrix, scene.top)
        strength = 0.58 * (1.0 if age < 0.0 else min(1.0, 0.2 + age / _LED_FADE)) * framed
        if strength <= 0.0:
            return
        side = spot[3]
        letters = self._letters[side]
        if side not in self._lettered:
            letters.write(set_art.lettering(self._led, side).tobytes())
            self._lettered.add(side)
        second = scene.palette[1 % len(scene.palette)]
        program = self._text.program
        program["view_projection"].write(np.ascontiguousarray(matrix.T))
        program["place"] = (spot[0], spot[1], spot[2], spot[2] * letters.height / letters.width)
        program["depth"] = _LED_DEPTH
        program["colour"] = mix(second, (1.0, 1.0, 1.0), 0.55)
        program["halo"] = mix(light, second, 0.3)
        letters.use(0)
        self.ctx.enable(moderngl.BLEND)
        self.ctx.blend_func = moderngl.ONE, moderngl.ONE
        program["mirror"] = 1.0
        program["strength"] = strength
        self._text.render(moderngl.TRIANGLE_STRIP, 4)
        self.ctx.disable(moderngl.BLEND)

    def _led_spot(self, matrix: Matrix, top: float) -> tuple[Spot, float]:
        """Where the words stand and how well the picture shows them there, 0..1.

        They keep their place while it holds; else the first place is taken that the frame shows whole and that she
        does not cover: above her, or a narrow block at the side of the picture that is free.
        """
        here = self._framed(matrix, self._spot, top)
        if here < 1.0:
            for spot in (*_ABOVE, *_beside(matrix)):
                if self._framed(matrix, spot, top) >= 1.0:
                    self._spot, here = spot, 1.0
                    break
        return self._spot, here

    def _framed(self, matrix: Matrix, spot: Spot, top: float) -> float:
        """1 where the picture shows the words whole and free of her, 0 where it would cut them: no letters then."""
        x, y, half, side = spot
        lines = len(set_art.wrap(self._led, 12, 4) if side else set_art.wrap(self._led))
        wide, high = (0.90 * half, 0.19 * half * lines) if side else (0.73 * half, 0.08 * half * lines)
        box = _project(matrix, x + np.array([-wide, wide]), y + np.array([-high, high]), _LED_DEPTH)
        her = _project(matrix, np.array([-0.26, 0.26]), np.array([0.0, top]), 0.0)
        if box is None or her is None:
            return 0.0
        edge = float(np.abs(box).max())
        apart = max(box[0, 0] - her[1, 0], her[0, 0] - box[1, 0], box[0, 1] - her[1, 1])
        return min(1.0, max(0.0, min(1.0 - edge, apart) / 0.02))

    def _draw_halos(self, name: str, scene: SceneState, matrix: Matrix, projection: Matrix, size: tuple[int, int],
                    light: Colour) -> None:  # fmt: skip
        """The bloom of what hangs behind her: soft, so it is drawn into the small backdrop."""
        self._halo.clear()
        self._hang(name, scene, matrix, float(projection[1, 1]), light, self._halo, halo=True)
        self._lay_sprites(self._halo.behind[: self._halo.counts[0]], size)

    def _hang(self, name: str, scene: SceneState, matrix: Matrix, zoom: float, light: Colour, air: set_sprites.Air,
              halo: bool) -> None:  # fmt: skip
        """What hangs in the air of a set, or the light around it."""
        glow = 0.35 + 0.5 * _unit(scene.energy) + 0.12 * _unit(scene.bar)
        second, white = scene.palette[1 % len(scene.palette)], (1.0, 1.0, 1.0)
        if name == "stars":
            tints = (second, mix(light, white, 0.25), mix(second, white, 0.5))
            set_sprites.stars(matrix, scene.seconds, glow, tints, zoom, air, halo)
        elif name == "rooftop":
            lamp = mix(second, (1.0, 0.9, 0.7), 0.4)
            set_sprites.bulbs(matrix, scene.seconds, glow, lamp, zoom, air, halo)
        elif name == "pool" and not halo:
            set_sprites.pages(matrix, scene.seconds, mix(light, white, 0.4), zoom, air)

    def _lay_sprites(self, rows: set_sprites.Rows, size: tuple[int, int]) -> None:
        if not len(rows):
            return
        self._sprite_buffer.write(rows)
        self._sprites.program["aspect"] = size[0] / size[1]
        self._atlas.use(0)
        self.ctx.enable(moderngl.BLEND)
        self.ctx.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._sprites.render(moderngl.TRIANGLE_STRIP, 4, instances=len(rows))
        self.ctx.disable(moderngl.BLEND)

    def release(self) -> None:
        """Give everything back to the GPU. The set cannot be drawn after."""
        self._release_layers()
        for thing in reversed(self._owned):
            thing.release()
        self._owned.clear()
        self._backdrops.clear()


def _beside(matrix: Matrix) -> list[Spot]:
    """Places for a narrow block at either side of the picture, the side away from her first."""
    inverse = np.linalg.inv(matrix.astype(np.float64))

    def wall(x: float, y: float) -> npt.NDArray[np.float64]:
        near, far = (inverse @ np.array([x, y, z, 1.0]) for z in (-1.0, 1.0))
        a, b = near[:3] / near[3], far[:3] / far[3]
        return np.asarray(a + (b - a) * (_LED_DEPTH - a[2]) / min(b[2] - a[2], -1e-6))

    her = matrix.astype(np.float64) @ np.array([0.0, 1.2, 0.0, 1.0])
    sides = (-1.0, 1.0) if her[0] / max(her[3], 1e-3) >= 0 else (1.0, -1.0)
    found: list[Spot] = []
    for x, y, share in _BESIDE:
        for side in sides:
            at = wall(x * side, y)
            half = abs(float(wall(x * side + share, y)[0] - at[0]))
            found.append((float(at[0]), max(float(at[1]), 0.9), half, True))
    return found


def _project(matrix: Matrix, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64],
             z: float) -> npt.NDArray[np.float64] | None:  # fmt: skip
    """Low and high corner (2, 2) of an upright rectangle in clip space; None where it is behind the camera."""
    corners = np.array([[a, b, z, 1.0] for a in x for b in y]) @ matrix.T.astype(np.float64)
    if corners[:, 3].min() <= 0.05:
        return None
    points = corners[:, :2] / corners[:, 3:]
    return np.array([points.min(0), points.max(0)])


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))

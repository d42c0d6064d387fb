"""The two texture atlases, drawn as vectors with supersampled edges: face and eyes; hair and cloth."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from avatar.wardrobe.colour import mix, rgb, shift, warm
from avatar.wardrobe.head import FACE_SPAN
from avatar.wardrobe.mesh import Array, curve, smoothstep
from characters.definition import Look

ATLASES: dict[str, tuple[int, int]] = {"skin": (2048, 1024), "cloth": (2048, 2048)}
"""Width and height of the atlases."""
TILES: dict[str, tuple[str, int, int, int, int]] = {
    "face": ("skin", 0, 0, 1024, 1024),
    "iris": ("skin", 1024, 0, 512, 512),
    "white": ("skin", 1536, 0, 512, 512),
    "neck": ("skin", 1024, 512, 256, 512),
    "leg": ("skin", 1280, 512, 256, 512),
    "mouth": ("skin", 1536, 512, 256, 256),
    "teeth": ("skin", 1792, 512, 128, 128),
    "tongue": ("skin", 1920, 512, 128, 128),
    "skin": ("skin", 1536, 768, 128, 128),
    "lash": ("skin", 1664, 768, 128, 128),
    "brow": ("skin", 1920, 768, 128, 128),
    "lipline": ("skin", 1536, 896, 128, 128),
    "liplow": ("skin", 1664, 896, 128, 128),
    "glint": ("skin", 1792, 896, 128, 128),
    "glow": ("skin", 1920, 896, 64, 64),
    "crease": ("skin", 1920, 960, 64, 64),
    "cheek": ("skin", 1984, 896, 64, 64),
    "rim": ("skin", 1984, 960, 64, 64),
    "hair": ("cloth", 0, 0, 1024, 1024),
    "jacket": ("cloth", 1024, 0, 1024, 512),
    "sleeve": ("cloth", 1024, 512, 512, 512),
    "top": ("cloth", 1536, 512, 512, 512),
    "skirt": ("cloth", 0, 1024, 1024, 512),
    "frill": ("cloth", 0, 1536, 1024, 256),
    "sock": ("cloth", 1024, 1024, 256, 512),
    "boot": ("cloth", 1280, 1024, 512, 512),
    "cuff": ("cloth", 1792, 1024, 256, 256),
    "ribbon": ("cloth", 1792, 1280, 256, 256),
    "belt": ("cloth", 1024, 1536, 512, 128),
    "collar": ("cloth", 1024, 1664, 512, 128),
    "lining": ("cloth", 1536, 1536, 128, 128),
    "shorts": ("cloth", 1664, 1536, 128, 128),
    "sole": ("cloth", 1792, 1536, 128, 128),
    "streak": ("cloth", 0, 1792, 256, 256),
    "shell": ("cloth", 256, 1792, 128, 128),
    "star": ("cloth", 1920, 1536, 128, 128),
    "grille": ("cloth", 384, 1792, 256, 256),
    "screen": ("cloth", 640, 1792, 256, 256),
    "inside": ("cloth", 896, 1792, 64, 64),
}
"""Tile name: (atlas, left, top, width, height) in pixels."""
HAIR_LINE = np.array([0.45, 0.38, 0.52])
"""What the outline of hair, and its inside, are of the lit hair."""


def atlas_uv(tile: str, uv: Array) -> Array:
    """Tile coordinates to atlas coordinates, kept two pixels off the tile's border against bleeding."""
    atlas, x, y, w, h = TILES[tile]
    inside = np.clip(uv, 0, 1) * [w - 4, h - 4] + [x + 2, y + 2]
    return np.asarray(inside / ATLASES[atlas])


class Canvas:
    """An RGB picture in floats, painted with masks; coordinates are 0..1, y down."""

    def __init__(self, width: int, height: int, colour: Array) -> None:
        self.size = (width, height)
        self.pixels = np.broadcast_to(colour, (height, width, 3)).astype(np.float32).copy()
        self.y, self.x = np.mgrid[0.5:height, 0.5:width].astype(np.float32)
        self.x /= width
        self.y /= height

    def paint(self, mask: Array, colour: Array) -> None:
        """Lay a colour over the picture through a (H, W) mask of 0..1."""
        rows = np.flatnonzero(mask.any(1))
        if len(rows):
            band = slice(rows[0], rows[-1] + 1)
            m = np.asarray(mask[band], np.float32)[..., None]
            self.pixels[band] += (np.asarray(colour, np.float32) - self.pixels[band]) * m

    def shape(self, points: Array, blur: float = 0.0) -> Array:
        """The mask of a polygon (N, 2), edges supersampled four times, softened by ``blur`` (share of width)."""
        w, h = self.size
        pixels = np.asarray(points, float) * [w, h]
        margin = 3 * blur * w + 2
        x0, y0 = np.clip(np.floor(pixels.min(0) - margin), 0, [w, h]).astype(int)
        x1, y1 = np.clip(np.ceil(pixels.max(0) + margin), 0, [w, h]).astype(int)
        mask = np.zeros((h, w))
        if x1 <= x0 or y1 <= y0:
            return mask
        image = Image.new("L", ((x1 - x0) * 4, (y1 - y0) * 4))
        ImageDraw.Draw(image).polygon([(float(x - x0) * 4, float(y - y0) * 4) for x, y in pixels], fill=255)
        image = image.resize((x1 - x0, y1 - y0), Image.Resampling.BOX)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(blur * w))
        mask[y0:y1, x0:x1] = np.asarray(image, np.float32) / 255
        return mask

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, blur: float = 0.0, lean: float = 0.0) -> Array:
        """The mask of an ellipse."""
        turn = np.linspace(0, 2 * np.pi, 97)[:-1]
        px, py = rx * np.cos(turn), ry * np.sin(turn)
        c, s = np.cos(lean), np.sin(lean)
        return self.shape(np.stack([cx + px * c - py * s, cy + px * s + py * c], -1), blur)

    def star(self, cx: float, cy: float, size: float) -> Array:
        """The mask of a five-pointed star on cloth twice as tall as the canvas shows it."""
        angle = np.arange(10) * np.pi / 5
        reach = size * np.where(np.arange(10) % 2 == 0, 1.0, 0.45)
        squash = 2.6 * self.size[0] / self.size[1] / 2
        return self.shape(np.stack([cx + reach * np.sin(angle), cy - reach * np.cos(angle) * squash], -1))

    def stroke(self, points: Sequence[Sequence[float]], widths: Sequence[float], blur: float = 0.0) -> Array:
        """The mask of a line through points whose width runs through ``widths`` (shares of the width)."""
        path = curve(points, 40)
        fat = np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, len(widths)), widths)
        along = np.gradient(path, axis=0)
        normal = np.stack([-along[:, 1], along[:, 0]], -1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        side = normal * fat[:, None] / 2
        return self.shape(np.concatenate([path + side, (path - side)[::-1]]), blur)

    def down(self, stops: Sequence[tuple[float, Array]]) -> None:
        """Fill with a vertical gradient through (y, colour) stops."""
        at = [s for s, _ in stops]
        for channel in range(3):
            self.pixels[..., channel] = np.interp(self.y, at, [c[channel] for _, c in stops])


@dataclass(frozen=True)
class Scheme:
    """The colours of one look."""

    hair: Array
    tips: Array
    eyes: Array
    skin: Array
    main: Array
    second: Array
    accent: Array
    line: Array
    """Lashes, brows' dark end."""
    cream: Array
    blush: Array
    boot: Array
    legs: Array
    """Shorts and stockings."""
    stocking: Array
    lining: Array
    marks: frozenset[str] = frozenset()
    """What is painted on the skin: names of ``features.MARKS``, and ``bare forehead``."""

    @classmethod
    def of(cls, look: Look) -> Scheme:
        """Derive all colours from a look's seven."""
        main, second, accent = (rgb(c) for c in (list(look.palette) * 3)[:3])
        hair, skin = rgb(look.hair), rgb(look.skin)
        cream = mix(np.array([1.0, 0.985, 0.965]), second, 0.04)
        coat = look.outfit in ("coat", "suit")
        marks = {a.lower().replace("_", " ") for a in look.accessories}
        if look.hair_style in ("long", "spiky"):
            marks.add("bare forehead")
        return cls(
            hair, rgb(look.hair_tips), rgb(look.eyes), skin, main, second, accent,
            line=mix(shift(hair, 0, 0.9, 0.36), np.array([0.16, 0.07, 0.12]), 0.45),
            cream=cream,
            boot=mix(accent, np.zeros(3), 0.12) if coat else cream,
            blush=mix(warm(skin, -0.03, 2.4, 0.98), np.array([1.0, 0.45, 0.45]), 0.4),
            legs=mix(accent, main, 0.15) if coat else shift(main, 0.0, 1.05, 0.72),
            stocking=mix(accent, main, 0.3) if coat else main,
            lining=shift(main, 0.0, 0.88, 1.5) if coat else mix(second, cream, 0.25),
            marks=frozenset(marks),
        )  # fmt: skip


def _head(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    x0, h0, x1, h1 = FACE_SPAN
    return [((x - x0) / (x1 - x0), (h1 - h) / (h1 - h0)) for x, h in points]


def face(c: Scheme) -> Canvas:
    """Skin with blush, nose mark, lid lines and the soft shade the fringe throws."""
    canvas = Canvas(1024, 1024, c.skin)
    rosy, shade = c.blush, mix(warm(c.skin, -0.035, 2.1, 0.9), c.hair, 0.06)
    h = FACE_SPAN[3] - canvas.y * (FACE_SPAN[3] - FACE_SPAN[1])
    canvas.paint(smoothstep(132, 168, h) * (0.22 if "bare forehead" in c.marks else 0.62), shade)
    blush = 0.30 if "no blush" in c.marks else 1.0
    canvas.paint(smoothstep(16, -6, h) * 0.35, shade)
    for side in (-1, 1):
        x, y = _head([(side * 55, 63)])[0]
        canvas.paint(canvas.ellipse(x, y, 0.085, 0.05, 0.028) * 0.62 * blush, rosy)
        for k in (-1, 0, 1) if blush == 1.0 else ():
            line = _head([(side * (56 + 6.5 * k) - 1.6, 60.4), (side * (56 + 6.5 * k) + 1.6, 66.2)])
            canvas.paint(
                canvas.stroke([line[0], *line[1:]], (0.0, 0.007, 0.0), 0.0008) * 0.42, shift(rosy, -0.01, 1.6, 0.96)
            )
        socket = _head([(side * p, q) for p, q in ((22, 122), (34, 130), (50, 132), (66, 124), (72, 112))])
        canvas.paint(canvas.stroke(socket, (0.02, 0.05, 0.06, 0.05, 0.02), 0.014) * 0.2, rosy)
        corner = _head([(side * p, q) for p, q in ((67, 90), (72, 98), (75, 104))])
        canvas.paint(canvas.stroke(corner, (0.0, 0.03, 0.0), 0.012) * 0.3, rosy)
    nose = _head([(-1.8, 54.8), (0.6, 53.6), (3.2, 55.4)])
    canvas.paint(canvas.stroke(nose, (0.0, 0.0085, 0.002), 0.0012) * 0.8, shift(shade, -0.015, 1.5, 0.84))
    x, y = _head([(0.4, 61.5)])[0]
    canvas.paint(canvas.ellipse(x, y, 0.007, 0.011, 0.004) * 0.75, mix(c.skin, np.ones(3), 0.8))
    x, y = _head([(0, 29.6)])[0]
    canvas.paint(canvas.ellipse(x, y, 0.026, 0.006, 0.006) * 0.5, rosy)
    _marks(canvas, c)
    return canvas


def _marks(canvas: Canvas, c: Scheme) -> None:
    """Painted marks: freckles over the nose, coloured lips."""
    if "freckles" in c.marks:
        tone = warm(c.skin, -0.01, 2.9, 0.82)
        for k in range(18):
            across, up = 62.0 * ((k * 0.618) % 1.0) - 31.0, 66.0 + 9.0 * np.sin(k * 2.4)
            x, y = _head([(across + np.sign(across) * 12, up)])[0]
            canvas.paint(canvas.ellipse(x, y, 0.0055, 0.0045, 0.001) * (0.5 + 0.3 * (k % 2)), tone)
    if "lip colour" in c.marks:
        lips = _head([(-11, 41), (-5, 43.4), (0, 42.2), (5, 43.4), (11, 41), (5, 34.6), (0, 33.4), (-5, 34.6)])
        canvas.paint(canvas.shape(np.array(lips), 0.003) * 0.62, lip_tone(c))


def lip_tone(c: Scheme) -> Array:
    """Lips made up in a deep, warm version of the accent of the skin."""
    return mix(np.array([0.62, 0.16, 0.26]), c.skin, 0.22)


def iris(c: Scheme) -> Canvas:
    """Dark rim above, a gradient to a lighter lower crescent, pupil, rays."""
    e = c.eyes
    deep, light = shift(e, -0.075, 1.25, 0.42), mix(shift(e, 0.025, 0.62, 1.25), np.ones(3), 0.30)
    canvas = Canvas(512, 512, deep)
    canvas.down(
        [
            (0, mix(shift(e, -0.09, 1.2, 0.30), shift(c.hair, 0.03, 0.9, 0.55), 0.6)),
            (0.26, shift(e, -0.06, 1.2, 0.62)),
            (0.5, shift(e, -0.012, 1.1, 1.0)),
            (0.8, light),
            (1, light),
        ]
    )
    px, py = canvas.x - 0.5, canvas.y - 0.5
    r, angle = np.hypot(px, py) * 2, np.arctan2(py, px)
    rays = 0.5 + 0.5 * np.cos(angle * 26) * np.cos(angle * 11 + 1)
    canvas.paint(rays * smoothstep(0.35, 0.6, r) * smoothstep(0.92, 0.75, r) * smoothstep(-0.12, 0.1, py) * 0.22, light)
    canvas.paint(canvas.ellipse(0.5, 0.79, 0.27, 0.135, 0.03) * 0.72, mix(light, np.ones(3), 0.35))
    canvas.paint(canvas.ellipse(0.5, 0.47, 0.185, 0.225, 0.006), shift(e, -0.11, 1.15, 0.20))
    canvas.paint(canvas.ellipse(0.5, 0.58, 0.09, 0.08, 0.03) * 0.55, shift(e, -0.05, 1.2, 0.75))
    canvas.paint(
        smoothstep(0.80, 0.93, r + 0.07 * -py) * smoothstep(0.5, -0.35, py) * 0.95, shift(e, -0.115, 1.2, 0.18)
    )
    canvas.paint(smoothstep(0.88, 0.985, r) * 0.9, shift(e, -0.10, 1.25, 0.30))
    canvas.paint(
        smoothstep(0.38, 0.06, canvas.y) * 0.72, mix(shift(e, -0.12, 1.0, 0.2), shift(c.hair, 0.04, 0.9, 0.45), 0.65)
    )
    return canvas


def white(c: Scheme) -> Canvas:
    """The white of the eye with the lid's shadow on it."""
    canvas = Canvas(512, 512, np.array([1.0, 0.995, 0.99]))
    shadow = mix(np.array([0.66, 0.66, 0.84]), shift(c.hair, 0, 0.5, 1.3), 0.25)
    edge = 0.13 + 0.26 * np.abs(canvas.x - 0.48) ** 1.5
    canvas.paint(smoothstep(edge + 0.24, edge + 0.13, canvas.y) * 0.85, shadow)
    canvas.paint(smoothstep(0.78, 0.95, canvas.y) * 0.25, c.blush)
    return canvas


def hair(c: Scheme) -> Canvas:
    """Four strips of neighbouring hues, root above: strands, the band of light, the tips' colour."""
    canvas = Canvas(1024, 1024, c.hair)
    for strip in range(4):
        hue, value = ((0.0, 1.0), (0.014, 1.11), (-0.014, 0.92), (0.006, 0.84))[strip]
        base = shift(c.hair, hue, 1.0, value)
        tip = shift(c.tips, hue, 1.0, value)
        left, right = strip * 256, strip * 256 + 256
        y = canvas.y[:, left:right]
        u = (canvas.x[:, left:right] * 4) % 1.0
        block = np.broadcast_to(base, (1024, 256, 3)).copy()

        def lay(mask: Array, colour: Array, block: Array = block) -> None:
            block += (colour - block) * np.asarray(mask)[..., None]

        lay(smoothstep(0.16, 0.0, y) * 0.45, shift(base, 0.0, 1.1, 0.72))
        lay(smoothstep(0.48, 1.02, y + 0.06 * np.cos(u * 18.0)) * 0.95, tip)
        for at, wide, dark in (
            (0.21, 0.012, 1),
            (0.37, 0.007, 1),
            (0.62, 0.010, 1),
            (0.79, 0.007, 1),
            (0.46, 0.008, 0),
            (0.70, 0.006, 0),
        ):
            sway = at + 0.02 * np.sin(y * 5 + strip)
            line = (
                smoothstep(wide, wide * 0.25, np.abs(u - sway)) * smoothstep(0.03, 0.15, y) * smoothstep(0.99, 0.7, y)
            )
            lay(line * (0.42 if dark else 0.28), shift(base, 0.01, 1.15, 0.70) if dark else mix(tip, np.ones(3), 0.2))
        if strip < 3:
            spike = np.abs(((u * 3 + strip * 0.31) % 1.0) - 0.5) * 2
            low = 0.318 + 0.045 * spike**1.6 + 0.012 * np.cos(u * 7 + strip)
            high = 0.276 - 0.016 * np.sin(np.pi * u)
            bell = np.clip(np.sin(np.pi * u) * 1.5, 0, 1)
            band = smoothstep(high - 0.016, high + 0.016, y) * smoothstep(low + 0.008, low - 0.022, y) * bell
            lay(band * 0.55, mix(shift(c.tips, -0.015, 0.7, 1.3), np.ones(3), 0.22))
        canvas.pixels[:, left:right] = block
    return canvas


def _cloths(c: Scheme) -> dict[str, Canvas]:
    canvases = {
        name: Canvas(w, h, c.main) for name, (atlas, _, _, w, h) in TILES.items() if atlas == "cloth" and name != "hair"
    }
    canvases["inside"].paint(np.ones((64, 64)), shift(c.hair, 0.006, 1.05, 0.62) * HAIR_LINE)
    dark, soft = shift(c.main, 0.0, 1.05, 0.72), mix(shift(c.main, 0.02, 0.8, 2.0), c.tips, 0.35)
    j = canvases["jacket"]
    j.down([(0, shift(c.main, 0, 0.95, 1.36)), (0.5, shift(c.main, 0, 1, 1.16)), (1, shift(c.main, 0, 1, 1.05))])
    j.paint((j.y > 0.90) * 1.0, c.accent)
    j.paint((np.abs(j.y - 0.885) < 0.010) * 1.0, c.cream)
    for at in (0.30, 0.70):  # princess seams
        j.paint(smoothstep(0.006, 0.002, np.abs(j.x - at)) * (j.y < 0.875) * 0.6, dark)
    canvases["collar"].down([(0, shift(c.main, 0, 0.95, 1.3)), (1, shift(c.main, 0, 1, 1.1))])
    s = canvases["sleeve"]
    s.down([(0, shift(c.main, 0, 0.95, 1.36)), (1, shift(c.main, 0, 1, 1.16))])
    s.paint((np.abs(s.y - 0.86) < 0.03) * 1.0, c.cream)
    s.paint((np.abs(s.y - 0.86) < 0.010) * 1.0, c.accent)
    t = canvases["top"]
    t.down([(0, c.cream), (0.6, c.cream), (1, mix(c.cream, soft, 0.18))])
    for at in (0.5, 0.62, 0.74, 0.86):
        for x in (0.0, 1.0):
            t.paint(t.ellipse(x, at, 0.011, 0.013), c.second)
    t.paint((np.abs(t.y - 0.085) < 0.020) * 1.0, c.main)
    k = canvases["skirt"]
    fold = (k.x * 20) % 1.0
    cloth = mix(c.main, c.tips, 0.55)
    k.down([(0, mix(c.main, c.tips, 0.3)), (0.6, cloth), (1, mix(c.main, c.tips, 0.72))])
    k.paint(smoothstep(0.66, 0.80, fold) * 0.9, shift(c.main, 0, 1, 1.1))
    k.paint((np.abs(k.y - 0.80) < 0.020) * (fold < 0.70), c.accent)
    k.paint((np.abs(k.y - 0.86) < 0.008) * (fold < 0.70), c.second)
    for n in range(20):  # a scatter of small stars, one to a pleat
        at, size = (n + 0.36) / 20, (0.0075, 0.0055, 0.0065)[n % 3]
        k.paint(k.star(at, (0.30, 0.62, 0.46, 0.16)[(n * 3) % 4], size), c.second)
    f = canvases["frill"]
    f.down([(0, soft), (0.6, mix(c.cream, soft, 0.25)), (1, c.cream)])
    f.paint((f.y > 0.90) * 1.0, c.accent)
    o = canvases["sock"]
    o.down([(0, c.legs), (0.3, mix(c.legs, c.stocking, 0.7)), (1, shift(c.stocking, 0, 0.95, 1.18))])
    o.paint((o.y < 0.05) * 1.0, c.cream)
    b = canvases["boot"]
    b.down([(0, c.boot), (0.5, c.boot), (1, mix(c.boot, soft, 0.12))])
    front = np.minimum(b.x, 1 - b.x)
    b.paint(smoothstep(0.012, 0.006, np.abs(front - 0.05)) * smoothstep(0.60, 0.58, b.y) * 0.9, soft)
    for at in (0.2, 0.3, 0.4, 0.5):
        b.paint((front < 0.05) * (np.abs(b.y - at) < 0.010) * 1.0, c.accent)
    b.paint(smoothstep(0.70, 0.71, b.y) * 1.0, shift(c.main, 0, 0.95, 1.3))
    b.paint((np.abs(b.y - 0.70) < 0.010) * 1.0, c.accent)
    canvases["cuff"].down([(0, c.accent), (1, shift(c.accent, -0.01, 1.05, 0.96))])
    r = canvases["ribbon"]
    r.down([(0, c.accent), (1, shift(c.accent, -0.015, 1.1, 0.92))])
    canvases["belt"].down([(0, dark), (0.5, shift(dark, 0, 1, 0.9)), (1, dark)])
    canvases["lining"].down([(0, c.lining), (1, c.lining)])
    canvases["shorts"].down([(0, c.legs), (1, c.legs)])
    canvases["shell"].down([(0, c.skin), (1, c.skin)])
    canvases["sole"].down([(0, shift(c.main, 0, 0.95, 1.2)), (1, dark)])
    pale = mix(np.array([0.93, 0.92, 0.96]), c.tips, 0.10)
    canvases["streak"].down([(0, mix(pale, c.hair, 0.25)), (0.25, pale), (0.7, pale), (1, mix(pale, c.tips, 0.35))])
    g = canvases["grille"]
    g.down([(0, shift(c.main, 0, 1.0, 1.15)), (1, shift(c.main, 0, 1.0, 0.95))])
    g.paint((np.abs((g.y * 9) % 1.0 - 0.5) < 0.24) * 1.0, shift(c.main, 0, 1.05, 0.55))
    glass = canvases["screen"]
    glass.down([(0, np.array([0.055, 0.075, 0.11])), (1, np.array([0.035, 0.05, 0.085]))])
    glass.paint(
        smoothstep(0.05, 0.0, np.abs(glass.x + glass.y * 0.7 - 0.62) - 0.09) * 0.10, np.array([0.55, 0.75, 0.85])
    )
    canvases["star"].down(
        [(0, mix(c.second, np.ones(3), 0.45)), (0.5, c.second), (1, shift(c.second, -0.03, 1.1, 0.85))]
    )
    return canvases


def _skins(c: Scheme) -> dict[str, Canvas]:
    flat = {
        "teeth": np.array([1.0, 0.99, 0.97]),
        "skin": c.skin,
        "lash": c.line,
        "brow": mix(shift(c.hair, 0.0, 0.95, 0.78), c.line, 0.35),
        "lipline": mix(c.line, np.array([0.55, 0.16, 0.18]), 0.62),
        "liplow": mix(warm(c.skin, -0.03, 2.6, 0.72), np.array([0.62, 0.2, 0.2]), 0.4),
        "crease": mix(warm(c.skin, -0.04, 2.6, 0.74), c.line, 0.12),
        "glint": np.ones(3),
        "glow": c.second,
        "cheek": mix(c.accent, c.second, 0.1),
        "rim": mix(warm(c.skin, -0.02, 1.5, 0.93), c.blush, 0.15),
    }
    canvases = {name: Canvas(*TILES[name][3:], colour) for name, colour in flat.items()}
    canvases |= {"face": face(c), "iris": iris(c), "white": white(c)}
    shade = warm(c.skin, -0.035, 2.0, 0.88)
    neck = Canvas(256, 512, c.skin)
    neck.paint(smoothstep(0.46, 0.30, neck.y + 0.05 * np.cos(neck.x * 2 * np.pi)) * 0.85, shade)
    leg = Canvas(256, 512, c.skin)
    leg.paint(smoothstep(0.42, 0.20, leg.y) * 0.55, shade)
    mouth = Canvas(256, 256, np.array([0.52, 0.10, 0.14]))
    mouth.down(
        [(0, np.array([0.36, 0.05, 0.10])), (0.5, np.array([0.50, 0.10, 0.14])), (1, np.array([0.66, 0.17, 0.20]))]
    )
    tongue = Canvas(128, 128, np.array([0.95, 0.47, 0.47]))
    tongue.down([(0, np.array([0.97, 0.53, 0.52])), (1, np.array([0.90, 0.40, 0.42]))])
    return canvases | {"neck": neck, "leg": leg, "mouth": mouth, "tongue": tongue}


def _png(pixels: npt.NDArray[np.float32]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8), "RGB").save(out, "PNG", compress_level=6)
    return out.getvalue()


def atlases(look: Look) -> dict[str, bytes]:
    """Both atlases as PNG bytes: ``skin`` and ``cloth``."""
    scheme = Scheme.of(look)
    ground = {"skin": scheme.skin, "cloth": scheme.main}
    sheets = {name: np.empty((h, w, 3), np.float32) for name, (w, h) in ATLASES.items()}
    for name, pixels in sheets.items():
        pixels[:] = ground[name]
    for name, canvas in {**_skins(scheme), **_cloths(scheme), "hair": hair(scheme)}.items():
        atlas, x, y, w, h = TILES[name]
        sheets[atlas][y : y + h, x : x + w] = canvas.pixels
    return {name: _png(pixels) for name, pixels in sheets.items()}

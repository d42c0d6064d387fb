"""Pictures the stage set is made of, drawn once when it is opened: noise, constellations, skyline, sprites, text."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Bytes = npt.NDArray[np.uint8]

CELLS = ("heart", "star", "clap", "fire", "laugh", "note", "dot", "page")
"""Cells of the sprite atlas, left to right; the first six are what fans send."""
CELL = 128
TEXT_SIZE = (1024, 192)
"""Letters above the performer: one or two lines."""
SIDE_SIZE = (512, 384)
"""Letters beside the performer: up to four short lines."""
_FONTS = ("NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "DejaVuSans.ttf", "arial.ttf", "Arial.ttf")


def clouds(size: int = 256, seed: int = 7) -> Bytes:
    """Tileable soft noise (size, size, 1): random phases under a 1/f^1.8 spectrum."""
    rng = np.random.default_rng(seed)
    f = np.fft.fftfreq(size)
    radius = np.hypot(f[:, None], f[None, :])
    radius[0, 0] = 1.0
    spectrum = np.exp(2j * np.pi * rng.random((size, size))) * radius**-1.8
    spectrum[0, 0] = 0.0
    field = np.fft.ifft2(spectrum).real
    field = (field - field.mean()) / field.std()
    return np.clip(128 + 46 * field, 0, 255).astype(np.uint8)[:, :, None]


def constellations(size: tuple[int, int] = (1440, 512), seed: int = 11) -> Bytes:
    """The LED wall (height, width, 3): stars in R, their lines in G, faint star dust in B."""
    width, height = size
    rng = np.random.default_rng(seed)
    stars, lines, dust = (Image.new("L", size, 0) for _ in range(3))
    on_stars, on_lines, on_dust = ImageDraw.Draw(stars), ImageDraw.Draw(lines), ImageDraw.Draw(dust)
    for _ in range(1400):
        x, y = rng.random(2) * (width, height)
        on_dust.point((x, y), int(60 + 195 * rng.random() ** 3))
    for column in range(5):
        middle = np.array([(column + 0.5) * width / 5, height * (0.36 + 0.28 * rng.random())])
        points = [middle + rng.normal(0, 1, 2) * (width / 17, height / 7) for _ in range(6)]
        points.sort(key=lambda p: float(p[0]))
        for a, b in zip(points, points[1:]):
            on_lines.line([tuple(a), tuple(b)], fill=190, width=3)
        for p in points:
            r = 2.5 + 5 * rng.random() ** 2
            on_stars.ellipse([p[0] - r, p[1] - r, p[0] + r, p[1] + r], fill=255)
    glow = Image.fromarray(np.maximum(np.asarray(stars), np.asarray(stars.filter(ImageFilter.GaussianBlur(9))) * 2))
    return np.dstack([np.asarray(glow), np.asarray(lines.filter(ImageFilter.GaussianBlur(1.2))), np.asarray(dust)])


def skyline(size: tuple[int, int] = (1024, 256), seed: int = 5) -> Bytes:
    """A city at dusk (height, width, 3): body in R, lit windows in G, neon edges in B; row 0 is the ground."""
    width, height = size
    rng = np.random.default_rng(seed)
    body, windows, neon = (Image.new("L", size, 0) for _ in range(3))
    on_body, on_windows, on_neon = ImageDraw.Draw(body), ImageDraw.Draw(windows), ImageDraw.Draw(neon)
    for shade, low, high in ((110, 0.35, 0.75), (255, 0.15, 0.55)):
        x = 0.0
        while x < width:
            w = 26 + 50 * rng.random()
            h = height * (low + (high - low) * rng.random() ** 1.5)
            on_body.rectangle([x, 0, x + w - 2, h], fill=shade)
            on_windows.rectangle([x, 0, x + w - 2, h], fill=0)
            on_neon.rectangle([x, 0, x + w - 2, h], fill=0)
            for wx in np.arange(x + 4, x + w - 8, 7):
                for wy in np.arange(6, h - 8, 9):
                    if rng.random() < 0.33:
                        on_windows.rectangle([wx, wy, wx + 3, wy + 4], fill=int(70 + 150 * rng.random()))
            if shade == 255 and rng.random() < 0.4:
                on_neon.rectangle([x + 2, h - 10, x + w - 4, h - 6], fill=255)
                for floor in np.arange(h * 0.45, h - 18, 11):  # an upright sign: a column of lit strokes
                    on_neon.rectangle(
                        [x + w * 0.5 - 4, floor, x + w * 0.5 + 4, floor + 6], fill=int(150 + 105 * rng.random())
                    )
            x += w
    return np.dstack([np.asarray(body), np.asarray(windows), np.asarray(neon.filter(ImageFilter.GaussianBlur(2)))])


def _heart(n: int) -> list[tuple[float, float]]:
    points = []
    for t in np.linspace(0, 2 * math.pi, 80):
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((n * (0.5 + x * 0.026), n * (0.47 - y * 0.026)))
    return points


def _star(n: int, tips: int = 5, inner: float = 0.46) -> list[tuple[float, float]]:
    points = []
    for k in range(2 * tips):
        r = 0.42 * n * (1.0 if k % 2 == 0 else inner)
        a = math.pi * k / tips - math.pi / 2
        points.append((n * 0.5 + r * math.cos(a), n * 0.52 + r * math.sin(a)))
    return points


def _draw_cell(name: str, n: int) -> Image.Image:
    """One sprite as white shape on transparent; grey marks inside become darker colour."""
    image = Image.new("LA", (n, n), (255, 0))
    draw = ImageDraw.Draw(image)
    white, ink = (255, 255), (70, 255)

    def box(x0: float, y0: float, x1: float, y1: float) -> list[float]:
        return [x0 * n, y0 * n, x1 * n, y1 * n]

    if name == "heart":
        draw.polygon(_heart(n), fill=white)
    elif name == "star":
        draw.polygon(_star(n), fill=white)
        draw.line([*_star(n), _star(n)[0]], fill=white, width=n // 14, joint="curve")
    elif name == "clap":
        for flip in (-1, 1):
            hand = Image.new("LA", (n, n), (255, 0))
            on = ImageDraw.Draw(hand)
            on.rounded_rectangle(box(0.36, 0.46, 0.64, 0.84), n * 0.12, fill=white)
            for k in range(4):
                x = 0.36 + k * 0.072
                top = (0.24, 0.18, 0.2, 0.28)[k]
                on.rounded_rectangle(box(x, top, x + 0.062, 0.6), n * 0.03, fill=white)
            on.line([(0.62 * n, 0.68 * n), (0.75 * n, 0.5 * n)], fill=white, width=n // 13)
            hand = hand.rotate(14 * flip, translate=(int(0.14 * n * -flip), 0), resample=Image.Resampling.BICUBIC)
            image.alpha_composite(hand) if image.mode == "RGBA" else image.paste(hand, (0, 0), hand.getchannel("A"))
    elif name == "fire":
        flame = [(0.5, 0.06), (0.66, 0.3), (0.78, 0.56), (0.76, 0.76), (0.64, 0.92), (0.5, 0.95), (0.36, 0.92),
                 (0.24, 0.76), (0.25, 0.56), (0.35, 0.42), (0.39, 0.54), (0.47, 0.36)]  # fmt: skip
        draw.polygon([(x * n, y * n) for x, y in flame], fill=white)
        core = [(0.5, 0.52), (0.6, 0.7), (0.58, 0.84), (0.5, 0.89), (0.42, 0.84), (0.4, 0.72)]
        draw.polygon([(x * n, y * n) for x, y in core], fill=(150, 255))
    elif name == "laugh":
        draw.ellipse(box(0.1, 0.1, 0.9, 0.9), fill=white)
        for x in (0.33, 0.67):
            draw.arc(box(x - 0.11, 0.3, x + 0.11, 0.52), 190, 350, fill=ink, width=n // 18)
        draw.pieslice(box(0.28, 0.36, 0.72, 0.8), 0, 180, fill=ink)
    elif name == "note":
        for x, y in ((0.3, 0.76), (0.7, 0.68)):
            draw.ellipse(box(x - 0.13, y - 0.095, x + 0.13, y + 0.095), fill=white)
        for x, y in ((0.4, 0.76), (0.8, 0.68)):
            draw.line([(x * n, y * n), (x * n, (y - 0.52) * n)], fill=white, width=n // 16)
        draw.polygon([(x * n, y * n) for x, y in ((0.37, 0.24), (0.83, 0.14), (0.83, 0.28), (0.37, 0.38))], fill=white)
    elif name == "page":
        draw.polygon([(x * n, y * n) for x, y in ((0.2, 0.14), (0.76, 0.1), (0.82, 0.88), (0.24, 0.92))], fill=white)
        for k in range(6):
            y = 0.26 + k * 0.1
            draw.line([(0.3 * n, y * n), (0.72 * n, (y - 0.02) * n)], fill=(150, 255), width=n // 40)
    return image


@cache
def atlas() -> Bytes:
    """The sprites (CELL, CELL * cells, 2) as brightness and alpha, drawn at four times the size."""
    rows = []
    for name in CELLS:
        if name == "dot":
            y, x = np.mgrid[0:CELL, 0:CELL] / (CELL - 1) * 2 - 1
            fall = np.clip(1 - np.hypot(x, y), 0, 1)
            alpha = 255 * (0.55 * fall**2.2 + 0.45 * np.clip(fall * 1.6 - 0.55, 0, 1))
            rows.append(np.dstack([np.full_like(alpha, 255), alpha]).astype(np.uint8))
            continue
        big = _draw_cell(name, CELL * 4)
        small = big.resize((CELL, CELL), Image.Resampling.LANCZOS)
        rows.append(np.asarray(small))
    return np.ascontiguousarray(np.hstack(rows))


@cache
def _font(size: int, latin: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not latin:
        for name in _FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def wrap(text: str, limit: int = 30, most: int = 2) -> list[str]:
    """At most ``most`` lines of about equal length; no line is longer than it must be."""
    words = " ".join(text.split())[:96].split(" ")
    whole = " ".join(words)
    if len(whole) <= limit or len(words) == 1 or most == 1:
        return [whole]
    splits = range(1, len(words))
    if most == 2:
        best = min(splits, key=lambda k: max(len(" ".join(words[:k])), len(" ".join(words[k:]))))
        return [" ".join(words[:best]), " ".join(words[best:])]
    # Fill lines up to the share of the text each may hold.
    room = max(limit, math.ceil(len(whole) / most) + 2)
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= room or len(lines) == most:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def lettering(text: str, side: bool = False) -> Bytes:
    """A line for the LED wall (height, width, 2): letters and their glow; ``side`` sets it as a narrow block."""
    width, height = SIDE_SIZE if side else TEXT_SIZE
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    lines = wrap(text, 12, 4) if side else wrap(text)
    latin = all(ord(c) < 0x250 or 0x2010 <= ord(c) < 0x2030 for c in text)
    size = (84 if len(lines) < 3 else 72) if side else (84 if len(lines) == 1 else 66)
    font = _font(size, latin)
    widest = max(draw.textlength(line, font=font) for line in lines)
    if widest > width - 48:
        size = max(16, int(size * (width - 48) / widest))
        font = _font(size, latin)
    for k, line in enumerate(lines):
        y = height / 2 + (k - (len(lines) - 1) / 2) * size * 1.16
        draw.text((width / 2, y), line, font=font, fill=255, anchor="mm", stroke_width=max(1, size // 36))
    small = image.resize((width // 4, height // 4), Image.Resampling.BOX)
    glow = small.filter(ImageFilter.GaussianBlur(4)).resize((width, height), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.dstack([np.asarray(image), np.asarray(glow)])[::-1])

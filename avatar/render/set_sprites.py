"""Where the set's sprites are at a moment: dust in the light, fans' reactions, falling pages. Pure numpy.

Rows are what ``set_sprite.vert`` reads: centre x, y (clip space), half size x, y (of half the picture's height),
turn, cell, red, green, blue, alpha, add.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from avatar.motion.noise import chance
from avatar.render.scene import Colour, Reaction
from avatar.render.set_art import CELLS

Rows = npt.NDArray[np.float32]

WIDTH = 11
DUST = 64
PAGES = 14
STARS = 13
BULBS = 22
REACTIONS = 64
"""Most reactions drawn at once; the newest win."""
MOST = DUST + max(PAGES, STARS, BULBS) + REACTIONS
"""Most rows of one draw."""
LIFE = 3.6
"""Seconds a reaction lives."""
_TINTS: dict[str, Colour] = {
    "heart": (1.0, 0.36, 0.50),
    "star": (1.0, 0.84, 0.36),
    "clap": (1.0, 0.86, 0.70),
    "fire": (1.0, 0.52, 0.22),
    "laugh": (1.0, 0.85, 0.33),
    "note": (0.56, 0.83, 1.0),
}
_DOT, _PAGE, _STAR = (float(CELLS.index(name)) for name in ("dot", "page", "star"))


def _table(count: int, stream: int) -> npt.NDArray[np.float64]:
    return np.array([[chance(stream, k, i) for k in range(8)] for i in range(count)])


_DUST = _table(DUST, 31)
_SHEETS = _table(PAGES, 57)
_FLOATING = _table(STARS, 83)


def _project(points: npt.NDArray[np.float64], matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """World points (n, 3) to (n, 3): clip x and y after division, and depth in metres (w)."""
    h = points @ np.asarray(matrix, np.float64)[:, :3].T + matrix[:, 3]
    w = np.maximum(h[:, 3], 1e-3)
    return np.column_stack([h[:, 0] / w, h[:, 1] / w, h[:, 3]])


def dust(matrix: npt.NDArray[np.float32], seconds: float, energy: float, tint: Colour, front: bool, zoom: float,
         out: Rows) -> int:  # fmt: skip
    """Motes of light drifting up through the room; ``front`` picks those between her and the camera."""
    d = _DUST
    t = seconds * (0.03 + 0.05 * d[:, 3])
    points = np.column_stack([
        (d[:, 0] - 0.5) * 7.0 + 0.25 * np.sin(seconds * 0.23 + d[:, 4] * 6.3),
        (d[:, 1] + t) % 1.0 * 3.4,
        -3.4 + d[:, 2] * 5.2 + 0.2 * np.sin(seconds * 0.17 + d[:, 5] * 6.3),
    ])  # fmt: skip
    screen = _project(points, matrix)
    depth = screen[:, 2]
    rise = points[:, 1] / 3.4
    alpha = np.sin(np.pi * rise) * (0.10 + 0.18 * energy) * (0.65 + 0.35 * np.sin(seconds * 1.3 + d[:, 6] * 6.3))
    size = (0.010 + 0.016 * d[:, 7] ** 3) * zoom / np.maximum(depth, 0.3)
    # What is near the lens is out of focus: larger and fainter.
    near = np.clip(1.4 - depth, 0.0, 1.0)
    size *= 1.0 + 2.2 * near
    alpha *= 1.0 - 0.65 * near
    seen = (depth > 0.35) & (np.abs(screen[:, 0]) < 1.1) & (np.abs(screen[:, 1]) < 1.1)
    seen &= (points[:, 2] > 0.3) if front else (points[:, 2] <= 0.3)
    pick = np.flatnonzero(seen)
    n = len(pick)
    rows = out[:n]
    rows[:, 0:2] = screen[pick, 0:2]
    rows[:, 2] = rows[:, 3] = size[pick]
    rows[:, 4] = 0.0
    rows[:, 5] = _DOT
    rows[:, 6:9] = tint
    rows[:, 9] = alpha[pick]
    rows[:, 10] = 1.0
    return n


def pages(matrix: npt.NDArray[np.float32], seconds: float, tint: Colour, front: bool, zoom: float, out: Rows) -> int:
    """Sheets of paper that fall slowly through the light, turning as they swing."""
    d = _SHEETS
    fall = (d[:, 1] + seconds * (0.035 + 0.03 * d[:, 3])) % 1.0
    swing = np.sin(seconds * (0.7 + 0.4 * d[:, 5]) + d[:, 4] * 6.3)
    side = np.where(d[:, 0] < 0.5, -1.0, 1.0)
    points = np.column_stack([
        side * (0.55 + 2.0 * np.abs(d[:, 0] - 0.5)) + 0.22 * swing,
        3.4 - 3.4 * fall,
        -2.2 + 3.4 * d[:, 2],
    ])  # fmt: skip
    screen = _project(points, matrix)
    depth = screen[:, 2]
    seen = (depth > 0.5) & (np.abs(screen[:, 0]) < 1.2) & ((points[:, 2] > 0.3) == front)
    pick = np.flatnonzero(seen)
    n = len(pick)
    rows = out[:n]
    rows[:, 0:2] = screen[pick, 0:2]
    size = 0.088 * zoom / np.maximum(depth[pick], 0.4)
    flutter = np.cos(seconds * (0.9 + 0.5 * d[pick, 6]) + d[pick, 7] * 6.3)
    rows[:, 2] = size * (0.25 + 0.75 * np.abs(flutter))
    rows[:, 3] = size
    rows[:, 4] = 0.5 * swing[pick] + d[pick, 7] * 3.0
    rows[:, 5] = _PAGE
    lit = 0.30 + 0.25 * np.abs(flutter)
    rows[:, 6:9] = np.asarray(tint)[None, :] * lit[:, None] + 0.12
    rows[:, 9] = np.minimum(1.0, np.minimum(fall, 1.0 - fall)[pick] * 8.0) * 0.85
    rows[:, 10] = 0.0
    return n


def stars(matrix: npt.NDArray[np.float32], seconds: float, glow: float, tints: Sequence[Colour], front: bool,
          zoom: float, out: Rows, halo: bool) -> int:  # fmt: skip
    """Stars that hang in the air around her, or (``halo``) the soft light about them; ``glow`` 0..1: how bright."""
    d = _FLOATING
    side = np.where(np.arange(STARS) % 2 == 0, -1.0, 1.0)
    points = np.column_stack([
        side * (0.75 + 2.3 * d[:, 0]),
        0.45 + 2.5 * ((np.arange(STARS) * 0.618) % 1.0) + 0.09 * np.sin(seconds * (0.4 + 0.3 * d[:, 3]) + d[:, 4] * 6.3),
        -3.5 + 4.9 * d[:, 2],
    ])  # fmt: skip
    screen = _project(points, matrix)
    depth = screen[:, 2]
    seen = (depth > 1.7) & (np.abs(screen[:, 0]) < 1.3) & (np.abs(screen[:, 1]) < 1.3) & ((points[:, 2] > 0.3) == front)
    pick = np.flatnonzero(seen)
    n = len(pick)
    rows = out[:n]
    size = (0.035 + 0.055 * d[pick, 5]) * zoom / np.maximum(depth[pick], 0.5)
    blur = np.clip(1.6 - 0.45 * depth[pick], 0.0, 1.0)  # near the lens they are out of focus
    rows[:, 0:2] = screen[pick, 0:2]
    rows[:, 2] = rows[:, 3] = size * (2.6 if halo else 1.0) * (1.0 + 0.5 * blur)
    rows[:, 4] = 0.35 * np.sin(seconds * 0.5 + d[pick, 6] * 6.3) + d[pick, 7]
    rows[:, 5] = _DOT if halo else _STAR
    rows[:, 6:9] = np.asarray(tints)[pick % len(tints)]
    rows[:, 9] = 0.10 + 0.16 * glow if halo else (0.30 + 0.45 * glow) * (1.0 - 0.6 * blur)
    rows[:, 10] = 1.0 if halo else 0.35
    return n


def bulbs(matrix: npt.NDArray[np.float32], seconds: float, glow: float, tint: Colour, zoom: float, out: Rows,
          halo: bool) -> int:  # fmt: skip
    """Two strings of lamps that sag over the roof behind her, or (``halo``) the soft light about them."""
    t = (np.arange(BULBS) % (BULBS // 2) + 0.5) / (BULBS // 2)
    far = np.arange(BULBS) >= BULBS // 2
    sag = 4.0 * t * (1 - t)
    points = np.column_stack([
        -4.6 + 9.2 * t,
        np.where(far, 2.55, 2.12) - np.where(far, 0.42, 0.34) * sag + 0.012 * np.sin(seconds * 0.9 + 5.0 * t),
        np.where(far, -3.2, -1.7),
    ])  # fmt: skip
    screen = _project(points, matrix)
    pick = np.flatnonzero((screen[:, 2] > 0.5) & (np.abs(screen[:, 0]) < 1.2) & (np.abs(screen[:, 1]) < 1.2))
    n = len(pick)
    size = 0.030 * zoom / np.maximum(screen[pick, 2], 0.5)
    breath = 0.85 + 0.15 * np.sin(seconds * 0.8 + pick * 1.9)
    rows = out[:n]
    rows[:, 0:2] = screen[pick, 0:2]
    rows[:, 2] = rows[:, 3] = size * (4.2 if halo else 1.0)
    rows[:, 4] = 0.0
    rows[:, 5] = _DOT
    rows[:, 6:9] = tint
    rows[:, 9] = (0.16 + 0.20 * glow if halo else 0.75) * breath
    rows[:, 10] = 1.0
    return n


def reactions(items: Sequence[Reaction], aspect: float, out: Rows) -> int:
    """What fans sent, rising at the sides of the picture so that it never covers her face."""
    n = 0
    for item in list(items)[-REACTIONS:]:
        age = item.age
        if item.kind not in _TINTS or not 0.0 <= age < LIFE:
            continue
        a, b, c = (chance(item.seed, 41, k) for k in range(3))
        side = -1.0 if a < 0.5 else 1.0
        speed = 0.36 + 0.16 * b
        x = side * (0.52 + 0.40 * c) + 0.05 * math.sin(age * (1.6 + b) + a * 6.3)
        y = -1.08 + speed * age * (1.0 - 0.06 * age) * 1.55
        pop = min(1.0, age / 0.22)
        grow = pop * (2.0 - pop) * (1.0 + 0.25 * math.sin(min(age / 0.45, 1.0) * math.pi))
        size = (0.060 + 0.026 * b) * grow
        row = out[n]
        row[0:2] = x, y
        row[2:4] = size
        row[4] = 0.28 * math.sin(age * 2.1 + c * 6.3)
        row[5] = float(CELLS.index(item.kind))
        row[6:9] = _TINTS[item.kind]
        row[9] = 0.94 * min(1.0, (LIFE - age) / 0.9)
        row[10] = 0.0
        n += 1
    return n

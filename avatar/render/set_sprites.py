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


class Air:
    """The sprites of a frame: ``behind`` her and ``before`` her, filled one kind after another."""

    def __init__(self) -> None:
        self.behind, self.before = np.zeros((MOST, WIDTH), np.float32), np.zeros((MOST, WIDTH), np.float32)
        self.counts = [0, 0]

    def clear(self) -> None:
        self.counts = [0, 0]

    def take(self, rows: Rows, seen: npt.NDArray[np.bool_], front: npt.NDArray[np.bool_] | None = None) -> None:
        """Adds what is ``seen`` of these rows, to the side that ``front`` says (None: all behind)."""
        sides = (seen,) if front is None else (seen & ~front, seen & front)
        for k, (out, which) in enumerate(zip((self.behind, self.before), sides)):
            some = rows[which]
            out[self.counts[k] : self.counts[k] + len(some)] = some
            self.counts[k] += len(some)


_FRONT = 0.3
"""Metres before the stage's middle from which on things are before her."""
_DUST_ROWS = np.zeros((DUST, WIDTH), np.float32)
_DUST_ROWS[:, 5], _DUST_ROWS[:, 10] = _DOT, 1.0
_DUST_PHASE = _DUST[:, 4:7].T * 6.3
_DUST_SIZE = 0.010 + 0.016 * _DUST[:, 7] ** 3
_DUST_SPEED = 0.03 + 0.05 * _DUST[:, 3]


def dust(matrix: npt.NDArray[np.float32], seconds: float, energy: float, tint: Colour, zoom: float, out: Air) -> None:
    """Motes of light drifting up through the room."""
    d, rows = _DUST, _DUST_ROWS
    points = np.empty((DUST, 3))
    points[:, 0] = (d[:, 0] - 0.5) * 7.0 + 0.25 * np.sin(seconds * 0.23 + _DUST_PHASE[0])
    rise = (d[:, 1] + seconds * _DUST_SPEED) % 1.0
    points[:, 1] = 3.4 * rise
    points[:, 2] = -3.4 + d[:, 2] * 5.2 + 0.2 * np.sin(seconds * 0.17 + _DUST_PHASE[1])
    screen = _project(points, matrix)
    depth = screen[:, 2]
    alpha = np.sin(np.pi * rise) * (0.10 + 0.18 * energy) * (0.65 + 0.35 * np.sin(seconds * 1.3 + _DUST_PHASE[2]))
    # What is near the lens is out of focus: larger and fainter.
    near = np.minimum(np.maximum(1.4 - depth, 0.0), 1.0)
    rows[:, 0:2] = screen[:, 0:2]
    rows[:, 2] = rows[:, 3] = _DUST_SIZE * zoom / np.maximum(depth, 0.3) * (1.0 + 2.2 * near)
    rows[:, 6:9] = tint
    rows[:, 9] = alpha * (1.0 - 0.65 * near)
    seen = (depth > 0.35) & (np.abs(screen[:, :2]).max(1) < 1.1)
    out.take(rows, seen, points[:, 2] > _FRONT)


def pages(matrix: npt.NDArray[np.float32], seconds: float, tint: Colour, zoom: float, out: Air) -> None:
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
    rows = np.zeros((PAGES, WIDTH), np.float32)
    rows[:, 0:2] = screen[:, 0:2]
    size = 0.088 * zoom / np.maximum(depth, 0.4)
    flutter = np.cos(seconds * (0.9 + 0.5 * d[:, 6]) + d[:, 7] * 6.3)
    rows[:, 2] = size * (0.25 + 0.75 * np.abs(flutter))
    rows[:, 3] = size
    rows[:, 4] = 0.5 * swing + d[:, 7] * 3.0
    rows[:, 5] = _PAGE
    lit = 0.30 + 0.25 * np.abs(flutter)
    rows[:, 6:9] = np.asarray(tint)[None, :] * lit[:, None] + 0.12
    rows[:, 9] = np.minimum(1.0, np.minimum(fall, 1.0 - fall) * 8.0) * 0.85
    out.take(rows, (depth > 0.5) & (np.abs(screen[:, :2]).max(1) < 1.2), points[:, 2] > _FRONT)


def stars(
    matrix: npt.NDArray[np.float32],
    seconds: float,
    glow: float,
    tints: Sequence[Colour],
    zoom: float,
    out: Air,
    halo: bool,
) -> None:
    """Stars that hang in the air around her, or (``halo``) the soft light about those behind; ``glow`` 0..1: how bright."""
    d, number = _FLOATING, np.arange(STARS)
    side = np.where(number % 2 == 0, -1.0, 1.0)
    points = np.column_stack([
        side * (0.75 + 2.3 * d[:, 0]),
        0.45 + 2.5 * ((number * 0.618) % 1.0) + 0.09 * np.sin(seconds * (0.4 + 0.3 * d[:, 3]) + d[:, 4] * 6.3),
        -3.5 + 4.9 * d[:, 2],
    ])  # fmt: skip
    screen = _project(points, matrix)
    depth = screen[:, 2]
    rows = np.zeros((STARS, WIDTH), np.float32)
    size = (0.035 + 0.055 * d[:, 5]) * zoom / np.maximum(depth, 0.5)
    blur = np.minimum(np.maximum(1.6 - 0.45 * depth, 0.0), 1.0)  # near the lens they are out of focus
    rows[:, 0:2] = screen[:, 0:2]
    rows[:, 2] = rows[:, 3] = size * (2.6 if halo else 1.0) * (1.0 + 0.5 * blur)
    rows[:, 4] = 0.35 * np.sin(seconds * 0.5 + d[:, 6] * 6.3) + d[:, 7]
    rows[:, 5] = _DOT if halo else _STAR
    rows[:, 6:9] = np.asarray(tints)[number % len(tints)]
    rows[:, 9] = 0.10 + 0.16 * glow if halo else (0.30 + 0.45 * glow) * (1.0 - 0.6 * blur)
    rows[:, 10] = 1.0 if halo else 0.35
    out.take(rows, (depth > 1.7) & (np.abs(screen[:, :2]).max(1) < 1.3), points[:, 2] > _FRONT)


def bulbs(
    matrix: npt.NDArray[np.float32], seconds: float, glow: float, tint: Colour, zoom: float, out: Air, halo: bool
) -> None:
    """Two strings of lamps that sag over the roof behind her, or (``halo``) the soft light about them."""
    number = np.arange(BULBS)
    t = (number % (BULBS // 2) + 0.5) / (BULBS // 2)
    far = number >= BULBS // 2
    sag = 4.0 * t * (1 - t)
    points = np.column_stack([
        -4.6 + 9.2 * t,
        np.where(far, 2.55, 2.12) - np.where(far, 0.42, 0.34) * sag + 0.012 * np.sin(seconds * 0.9 + 5.0 * t),
        np.where(far, -3.2, -1.7),
    ])  # fmt: skip
    screen = _project(points, matrix)
    rows = np.zeros((BULBS, WIDTH), np.float32)
    rows[:, 0:2] = screen[:, 0:2]
    rows[:, 2] = rows[:, 3] = 0.030 * zoom / np.maximum(screen[:, 2], 0.5) * (4.2 if halo else 1.0)
    rows[:, 5] = _DOT
    rows[:, 6:9] = tint
    rows[:, 9] = (0.16 + 0.20 * glow if halo else 0.75) * (0.85 + 0.15 * np.sin(seconds * 0.8 + number * 1.9))
    rows[:, 10] = 1.0
    out.take(rows, (screen[:, 2] > 0.5) & (np.abs(screen[:, :2]).max(1) < 1.2))


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

"""A long open coat over dark shorts and tights: the wardrobe of a quieter performer."""

from __future__ import annotations

import numpy as np

from avatar.wardrobe.body import TORSO, ring, torso_at
from avatar.wardrobe.cloth import bound, hem, piping
from avatar.wardrobe.mesh import Array, Piece, both, flipped, sheet, tube
from avatar.wardrobe.outfit import belt, boots, collar, hang_weights, shorts, sleeves, socks, top
from avatar.wardrobe.skeleton import Skeleton

_HEIGHTS = (1194, 1184, 1168, 1148, 1122, 1094, 1062, 1030, 1000, 972)
_TAIL = ((972, 82, 66, -62), (930, 97, 78, -80), (880, 122, 98, -108), (800, 152, 122, -142), (700, 178, 142, -168),
         (590, 200, 158, -190), (480, 218, 170, -208))  # fmt: skip
_CHAIN_AT = np.array([965.0, 820.0, 660.0, 470.0])


def _body_rows() -> Array:
    open_by = np.interp(_HEIGHTS, [972, 1030, 1094, 1165, 1194], [30, 24, 20, 30, 48])
    rows = []
    for y, limit in zip(_HEIGHTS, open_by):
        w, f, b = torso_at(y)
        theta = np.radians(np.linspace(limit, 360 - limit, 29))
        rows.append(ring(y, w + 9, f + 9, b - 9, theta))
    return np.array(rows)


def _tail_rows() -> Array:
    rows = []
    for i, (y, w, f, b) in enumerate(_TAIL):
        limit = 30 + i * 1.6
        theta = np.radians(np.linspace(limit, 360 - limit, 29))
        wave = 1 + 0.05 * (i / 6) ** 1.3 * np.cos(np.linspace(0, 14 * np.pi, 29))
        rows.append(ring(y, w, f, b, theta, 2.0) * np.stack([wave, np.ones(29), wave], -1))
    return np.array(rows)


def _tail_at(y: float, angle: float) -> Array:
    heights = [-row[0] for row in _TAIL]
    w, f, b = (float(np.interp(-y, heights, [row[k] for row in _TAIL])) for k in (1, 2, 3))
    return np.asarray(ring(y, w, f, b, np.array([angle]), 2.0)[0])


def coat(skeleton: Skeleton) -> list[Piece]:
    """The coat's body and its tail on seven chains; seams glow along its edges."""
    rows, tail = _body_rows(), _tail_rows()
    outer = sheet(rows, "cloth", "jacket", (0, 0, 1, 0.86))
    inner = rows - outer.normals.reshape(rows.shape) * 6.0
    pieces = [
        outer,
        hem(rows[::-1, -1], inner[::-1, -1], "lining", False),
        hem(rows[:, 0], inner[:, 0], "lining", False),
    ]
    pieces += [piping(edge, 2.0) for edge in (rows[:, 0], rows[::-1, -1])]
    bound(pieces, "trunk")
    chains = []
    for c in range(1, 8):
        angle = c / 8 * 2 * np.pi
        points = np.array([_tail_at(y, angle) for y in _CHAIN_AT])
        chains.append(skeleton.chain(f"coat_{c}", "hips", points, (0.9, 0.5, 0.3, 16.0), ("thighs",)))
    outside = sheet(tail, "cloth", "jacket")
    inside = flipped(sheet(tail - outside.normals.reshape(tail.shape) * 3.0, "cloth", "lining", (0.3, 0.3, 0.6, 0.6)))
    edge = np.concatenate([tail[:, 0], tail[-1, 1:-1], tail[::-1, -1]])
    for piece in (outside, inside, piping(edge, 2.0)):
        # The front edges follow the first and last chain: there is none in the gap.
        around = np.arctan2(piece.positions[:, 0], piece.positions[:, 2]) % (2 * np.pi)
        kept = np.clip(around, 2 * np.pi / 8, 14 * np.pi / 8)
        turned = np.stack([np.sin(kept), piece.positions[:, 1], np.cos(kept)], -1)
        piece.weights = hang_weights(turned, [chains[0], *chains], _CHAIN_AT)
        pieces.append(piece)
    return pieces


def cravat() -> list[Piece]:
    """Three falls of ruffled cloth under a round stone."""
    pieces = []
    for y, width, length, off in ((1136.0, 24.0, 42.0, 6.0), (1158.0, 22.0, 40.0, 9.0), (1178.0, 19.0, 36.0, 12.0)):
        across = np.linspace(-1, 1, 13)
        rows = []
        for t in (0.0, 0.35, 0.7, 1.0):
            spread = width * (0.5 + 0.7 * t)
            drop = y - length * t - 6.0 * t * (1 - np.abs(across)) ** 0.8
            chest = np.interp(drop, TORSO[::-1, 0], TORSO[::-1, 2])
            z = chest + off + 3 * t + (1.0 + 3.4 * t) * np.cos(across * 3.5 * np.pi) - 9 * across**2
            rows.append(np.stack([across * spread, drop, z], -1))
        grid = np.array(rows)
        pieces += [sheet(grid, "cloth", "frill"), flipped(sheet(grid - [0, 0, 1.5], "cloth", "frill"))]
    theta = np.linspace(0, 2 * np.pi, 13)[:-1]
    stone = [
        np.stack([r * np.sin(theta), 1180 + r * np.cos(theta), np.full(12, z)], -1)
        for r, z in ((0.01, 66.0), (6.0, 64.5), (9.0, 60.5), (11.5, 59.5), (11.5, 48.0))
    ]
    pieces.append(tube(np.array(stone[:3]), "cloth", "streak", (0.3, 0.3, 0.6, 0.6)))
    pieces.append(tube(np.array(stone[2:]), "glow", "glow", (0.3, 0.3, 0.6, 0.6)))
    return bound(pieces, "trunk")


def buttons() -> list[Piece]:
    """Two rows of round silver buttons down the front."""
    theta = np.linspace(0, 2 * np.pi, 9)[:-1]
    pieces = []
    for y in (1110.0, 1076.0, 1042.0, 1008.0):
        w, f, b = torso_at(y)
        at = ring(y, w + 9, f + 9, b - 9, np.radians([np.interp(y, [1000, 1110], [41.0, 33.0])]))[0]
        out = np.array([0.5, 0.0, 0.87])
        side = np.array([0.87, 0.0, -0.5])
        rows = [at + out * d + np.outer(np.sin(theta), side) * r + np.outer(np.cos(theta), [0, 1.0, 0]) * r
                for r, d in ((0.01, 3.4), (4.0, 3.0), (5.6, 1.0), (5.6, -1.0))]  # fmt: skip
        pieces += both(tube(np.array(rows), "glow", "glow", (0.3, 0.3, 0.6, 0.6)))
    return bound(pieces, "trunk")


def dressed(skeleton: Skeleton) -> list[Piece]:
    """Coat with two rows of buttons, blouse and cravat, dark shorts and tights, boots."""
    upper = [*top(), *coat(skeleton), *collar(), *sleeves(), *cravat(), *buttons()]
    return [*upper, *belt(), *shorts(), *socks(), *boots()]

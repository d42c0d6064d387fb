"""A long open coat over dark shorts and tights: the wardrobe of a quieter performer."""

from __future__ import annotations

import numpy as np

from avatar.wardrobe.body import ring, torso_at
from avatar.wardrobe.cloth import bound, hem, piping
from avatar.wardrobe.mesh import Array, Piece, flipped, sheet
from avatar.wardrobe.outfit import belt, boots, collar, hang_weights, ribbon, shorts, sleeves, socks, top
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
        wave = 1 + 0.022 * i / 6 * np.cos(np.linspace(0, 14 * np.pi, 29))
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


def dressed(skeleton: Skeleton) -> list[Piece]:
    """Coat, blouse with bow, dark shorts and tights, boots."""
    upper = [*top(), *coat(skeleton), *collar(), *sleeves(), *ribbon()]
    return [*upper, *belt(), *shorts(), *socks(), *boots()]

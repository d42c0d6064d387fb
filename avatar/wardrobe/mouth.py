"""The mouth: lips, line, inside, tongue and teeth, all made from one pair of lip curves, so every shape fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avatar.wardrobe.head import Opening, Warp, face, face_normals, offset_ring, place
from avatar.wardrobe.mesh import Array, Piece, grid_triangles, merged, mirrored, sheet

_LAYOUT = (13.0, 37.0, 3.2)
"""The hole as it is triangulated: half width, middle height, half opening; at rest it is closed."""
_K = 10
_ALONG = np.sin(np.linspace(0, np.pi / 2, _K))
"""Where the lip points lie from the middle (0) to the corner (1)."""


@dataclass(frozen=True)
class Lips:
    """Half the lips: upper and lower curve (K, 2) of (x, h) from the middle to the corner; ``push`` forward."""

    upper: Array
    lower: Array
    push: float = 0.0
    jaw: float = 0.0
    teeth: float = 1.0

    @property
    def gap(self) -> Array:
        """Opening along the lips, (K,)."""
        return np.asarray(self.upper[:, 1] - self.lower[:, 1])


def _shape(
    width: float, top: float, bottom: float, corner: float, round_top: float = 0.5, round_bottom: float = 0.5,
    push: float = 0.0, jaw: float = 0.0, teeth: float = 1.0,
) -> Lips:  # fmt: skip
    """Lips of half ``width``; heights of upper middle, lower middle and corner; small exponents are squarer."""
    top, bottom, corner = top - 4, bottom - 4, corner - 4
    arch = np.clip(1 - _ALONG**2, 0, 1)
    upper = corner + (top - corner) * arch**round_top
    lower = corner + (bottom - corner) * arch**round_bottom
    x = width * _ALONG
    return Lips(np.stack([x, upper], -1), np.stack([x, lower], -1), push, jaw, teeth)


REST = _shape(13.2, 39.4, 39.4, 43.2, 0.9, 0.9)
VOWELS: dict[str, Lips] = {
    "aa": _shape(15.4, 44.0, 19.6, 40.8, 0.45, 0.55, jaw=3.6),
    "ih": _shape(17.4, 42.4, 33.0, 42.2, 0.45, 0.5, jaw=0.8, teeth=1.6),
    "ou": _shape(6.0, 43.6, 33.6, 38.8, 0.5, 0.5, push=3.2, jaw=0.8, teeth=0.0),
    "ee": _shape(14.6, 43.6, 27.6, 42.2, 0.45, 0.4, jaw=2.0),
    "oh": _shape(9.6, 45.0, 23.6, 35.6, 0.5, 0.5, push=2.2, jaw=2.8, teeth=0.0),
}
"""The five vowels (VRM preset names)."""


def _bent(dx: float, corner: float, middle: float, bend: float = 1.6, open_: float = 0.0, jaw: float = 0.0) -> Lips:
    """The resting lips with their corners moved: what an emotion adds, whatever the vowel."""
    move = np.stack([dx * _ALONG, middle + (corner - middle) * _ALONG**bend], -1)
    drop = np.stack([0 * _ALONG, -open_ * np.sqrt(np.clip(1 - _ALONG**2, 0, 1))], -1)
    return Lips(REST.upper + move, REST.lower + move + drop, 0.0, jaw)


MOODS: dict[str, Lips] = {
    "mouthSmile": _bent(3.6, 4.4, -0.9),
    "mouthFrown": _bent(-1.2, -5.0, 1.4),
    "mouthSmall": _bent(-4.6, -2.2, 1.4, open_=10.5, jaw=1.6),
    "mouthLaugh": _bent(3.4, 3.6, 1.4, open_=15.5, jaw=2.8),
    "mouthPout": _bent(-5.4, -2.4, 1.0),
}
"""Mouth shapes of the emotions."""


def _layout() -> Lips:
    width, middle, half = _LAYOUT
    bulge = half * np.sqrt(np.clip(1 - _ALONG**2, 0, 1))
    x = width * _ALONG
    return Lips(np.stack([x, middle + bulge], -1), np.stack([x, middle - bulge], -1))


def opening() -> Opening:
    """The hole of the mouth, both halves."""
    lips = _layout()
    below = np.concatenate([lips.lower[:0:-1] * [-1, 1], lips.lower])
    above = np.concatenate([lips.upper[:-1][::-1], lips.upper[1:-1] * [-1, 1]])
    outline = np.concatenate([below, above])
    return Opening(outline, [offset_ring(outline, d) for d in (1.2, 2.8, 5.0, 8.0)])


def _follow(before: Lips, after: Lips) -> Warp:
    """Moves skin from one pair of lips to another; both are given over the same layout."""
    layout = _layout()
    width, middle, _ = _LAYOUT

    def move(points: Array) -> tuple[Array, Array]:
        x, h = np.abs(points[:, 0]), points[:, 1]
        along = np.clip(x / width, 0, 1)
        above = h >= middle
        shift = np.zeros((len(points), 2))
        edge = np.zeros(len(points))
        for rows, start, first, last in (
            (above, layout.upper, before.upper, after.upper),
            (~above, layout.lower, before.lower, after.lower),
        ):
            for axis in (0, 1):
                shift[rows, axis] = np.interp(along[rows], _ALONG, (last - first)[:, axis])
            edge[rows] = np.interp(along[rows], _ALONG, start[:, 1])
        gap = np.hypot(np.clip(np.where(above, h - edge, edge - h), 0, None), np.clip(x - width, 0, None))
        near = np.clip(1 - gap / np.where(above, 15.0, 20.0), 0, 1) ** 1.6
        shift *= near[:, None]
        chin = np.clip(1 - np.abs(h - 6) / 30, 0, 1) * np.clip(1 - x / 45, 0, 1)
        shift[:, 1] -= (after.jaw - before.jaw) * chin * (1 - near)
        return shift, (after.push - before.push) * near

    return move


def skin_warps() -> tuple[Warp, dict[str, Warp]]:
    """What closes the layout to the resting lips, and the skin morph of every shape."""
    close = _follow(_layout(), REST)
    return close, {name: _follow(REST, lips) for name, lips in {**VOWELS, **MOODS}.items()}


def _line(curve_: Array, thick: Array, up: float, push: float) -> Array:
    """A tapering stroke along a lip: (2, K+1, 3)."""
    reach = min(1.0, float(curve_[-1, 0] / 13.0)) ** 3
    tip = curve_[-1] + np.array([1.5, 0.55]) * reach
    thick = np.concatenate([thick, [0.0]])
    spine = np.concatenate([curve_, [tip]])
    lift = np.concatenate([np.full(_K, push), [push]])
    low, high = spine - [0, 0.35], spine + np.stack([0 * thick, thick * up], -1)
    low[-1] = tip
    rows = (high, low) if up > 0 else (spine + np.array([0, 0.2]), high)
    return np.stack([face(r[:, 0], r[:, 1], 0.75 + lift * 0.8) for r in rows])


def _upper_line(lips: Lips) -> Array:
    return _line(lips.upper, 1.8 - 0.6 * _ALONG, 1.0, lips.push)


def _lower_line(lips: Lips) -> Array:
    return _line(lips.lower, 0.75 - 0.3 * _ALONG, -1.0, lips.push)


def _inside(lips: Lips) -> Array:
    rows = []
    for t in np.linspace(0, 1, 5):
        row = lips.upper * (1 - t) + lips.lower * t
        row = row + np.array([0.0, 1.2 * (1 - 2 * t)])
        deep = 2.0 + 12.0 * np.sin(np.pi * t) * (1 - 0.6 * _ALONG**2)
        rows.append(face(row[:, 0], row[:, 1], lips.push - deep))
    return np.stack(rows)


def _inner(curve_: Array, share: float) -> Array:
    """The part of a lip curve within ``share`` of its half width, sampled anew."""
    at = _ALONG * share
    return np.stack([np.interp(at, _ALONG, curve_[:, k]) for k in (0, 1)], -1)


def _teeth(lips: Lips) -> Array:
    drop = np.minimum(lips.gap * 0.32, 4.8) * lips.teeth
    drop = drop * np.sqrt(np.clip(1 - (0.9 * _ALONG) ** 2, 0, 1))
    top = _inner(lips.upper, 0.9)
    rows = [top + np.array([0, 0.6]), top - np.stack([0 * drop, drop], -1)]
    return np.stack([face(r[:, 0], r[:, 1], lips.push - 3.4 - i) for i, r in enumerate(rows)])


def _tongue(lips: Lips) -> Array:
    high = lips.gap[0] * 0.46
    low = _inner(lips.lower, 0.8) - [0, 0.6]
    rise = high * np.sqrt(np.clip(1 - _ALONG**2, 0, 1))
    rows = [low + np.stack([0 * rise, rise * t], -1) for t in (1.0, 0.6, 0.0)]
    return np.stack([face(r[:, 0], r[:, 1], lips.push - d) for r, d in zip(rows, (7.0, 5.4, 4.6))])


def _part(make: Callable[[Lips], Array], tile: str) -> Piece:
    rest = make(REST)
    piece = sheet(place(rest), "eyes", tile, (0.5, 0.08, 0.9, 0.92)).bind("head")
    piece.triangles = grid_triangles(*rest.shape[:2])  # closed at rest: keep the flat triangles
    piece.normals = face_normals(rest.reshape(-1, 3))
    for name, lips in {**VOWELS, **MOODS}.items():
        piece.morphs[name] = (make(lips) - rest).reshape(-1, 3)
    return merged([piece, mirrored(piece)])


def build() -> list[Piece]:
    """Lip lines, the inside, teeth and tongue."""
    return [
        _part(_upper_line, "lipline"),
        _part(_lower_line, "liplow"),
        _part(_inside, "mouth"),
        _part(_teeth, "teeth"),
        _part(_tongue, "tongue"),
    ]

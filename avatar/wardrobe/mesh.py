"""Small mesh algebra: pieces, lofts, mirrors, normals. Millimetres, +Y up, +Z front, +X the performer's left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline, PchipInterpolator

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass
class Piece:
    """A part of the body that shares one material.

    ``positions`` and ``normals`` are (N, 3), ``uvs`` (N, 2) inside the texture tile ``tile`` (u right, v down,
    both 0..1), ``triangles`` (M, 3) counter-clockwise seen from outside. ``weights`` maps bone names to (N,)
    influences, ``morphs`` morph target names to (N, 3) offsets.
    """

    material: str
    tile: str
    positions: Array
    triangles: Index
    uvs: Array
    normals: Array = field(default_factory=lambda: np.zeros((0, 3)))
    weights: dict[str, Array] = field(default_factory=dict)
    morphs: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.normals) != len(self.positions):
            self.normals = smooth_normals(self.positions, self.triangles)

    def bind(self, bone: str) -> Piece:
        """Follow one bone wholly."""
        self.weights = {bone: np.ones(len(self.positions))}
        return self


def unit(vectors: Array) -> Array:
    """Vectors of length one along the last axis; zero vectors stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-12)


def smooth_normals(positions: Array, triangles: Index) -> Array:
    """Area-weighted vertex normals; vertices at one place (texture seams) share theirs."""
    keys = np.round(positions / 0.01).astype(np.int64)
    _, welded = np.unique(keys, axis=0, return_inverse=True)
    welded = welded.reshape(-1)
    a, b, c = (positions[triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    sums = np.zeros((welded.max() + 1, 3))
    for corner in range(3):
        np.add.at(sums, welded[triangles[:, corner]], faces)
    return unit(sums[welded])


def volume_normals(positions: Array, centre: Sequence[float], radii: Sequence[float]) -> Array:
    """Normals of the ellipsoid family around ``centre``: what makes toon shading fall in one clean line."""
    return unit((positions - np.asarray(centre)) / np.square(np.asarray(radii)))


def blend_normals(first: Array, second: Array, amount: float | Array) -> Array:
    """``first`` mixed with ``second`` by ``amount`` (0..1, scalar or (N,))."""
    share = np.asarray(amount)[..., None] if np.ndim(amount) else amount
    return unit(first * (1 - share) + second * share)


def grid_triangles(rows: int, columns: int) -> Index:
    """Triangles of a (rows, columns) vertex grid, counter-clockwise when columns run right and rows run down."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    return np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])


def sheet(rings: Array, material: str, tile: str, span: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Piece:
    """A piece over a (rows, columns, 3) grid of points; ``span`` is its (u0, v0, u1, v1) inside the tile."""
    rows, columns = rings.shape[:2]
    u, v = np.meshgrid(np.linspace(span[0], span[2], columns), np.linspace(span[1], span[3], rows))
    positions = rings.reshape(-1, 3)
    triangles = grid_triangles(rows, columns)
    a, b, c = (positions[triangles[:, i]] for i in range(3))
    alive = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-6
    return Piece(material, tile, positions, triangles[alive], np.stack([u, v], -1).reshape(-1, 2))


def tube(
    rings: Array,
    material: str,
    tile: str,
    span: tuple[float, float, float, float] = (0, 0, 1, 1),
    cap_end: bool = False,
    cap_start: bool = False,
) -> Piece:
    """A closed tube over (rows, segments, 3) rings; the seam column is repeated so texture can wrap."""
    if cap_end:
        rings = np.concatenate([rings, np.broadcast_to(rings[-1].mean(0), rings[-1:].shape)])
    if cap_start:
        rings = np.concatenate([np.broadcast_to(rings[0].mean(0), rings[:1].shape), rings])
    return sheet(np.concatenate([rings, rings[:, :1]], axis=1), material, tile, span)


def outwards(piece: Piece) -> Piece:
    """The piece with its triangles turned so that they face away from its own middle (convex, closed parts)."""
    a, b, c = (piece.positions[piece.triangles[:, i]] for i in range(3))
    faces = np.cross(b - a, c - a)
    if float(np.sum(faces * ((a + b + c) / 3 - piece.positions.mean(0)))) < 0:
        return flipped(piece)
    return piece


def flipped(piece: Piece) -> Piece:
    """The same piece seen from its other side."""
    piece.triangles = piece.triangles[:, ::-1].copy()
    piece.normals = -piece.normals
    return piece


def _swapped(name: str) -> str:
    for one, other in (("left", "right"), ("Left", "Right")):
        if one in name:
            return name.replace(one, other)
        if other in name:
            return name.replace(other, one)
    return name


def mirrored(piece: Piece) -> Piece:
    """The piece on the other side of the body: bone and morph names change sides with it."""
    flip = np.array([-1.0, 1.0, 1.0])
    return Piece(
        piece.material,
        piece.tile,
        piece.positions * flip,
        piece.triangles[:, ::-1].copy(),
        piece.uvs.copy(),
        piece.normals * flip,
        {_swapped(bone): value.copy() for bone, value in piece.weights.items()},
        {_swapped(name): value * flip for name, value in piece.morphs.items()},
    )


def both(piece: Piece) -> list[Piece]:
    """The piece and its mirror image."""
    return [piece, mirrored(piece)]


def merged(pieces: Sequence[Piece]) -> Piece:
    """One piece of several that share material and tile; missing weights and morphs count as zero."""
    counts = [len(p.positions) for p in pieces]
    starts = np.concatenate([[0], np.cumsum(counts)])
    bones = list(dict.fromkeys(name for p in pieces for name in p.weights))
    morphs = list(dict.fromkeys(name for p in pieces for name in p.morphs))
    return Piece(
        pieces[0].material,
        pieces[0].tile,
        np.concatenate([p.positions for p in pieces]),
        np.concatenate([p.triangles + s for p, s in zip(pieces, starts)]),
        np.concatenate([p.uvs for p in pieces]),
        np.concatenate([p.normals for p in pieces]),
        {b: np.concatenate([p.weights.get(b, np.zeros(n)) for p, n in zip(pieces, counts)]) for b in bones},
        {m: np.concatenate([p.morphs.get(m, np.zeros((n, 3))) for p, n in zip(pieces, counts)]) for m in morphs},
    )


def curve(points: Sequence[Sequence[float]] | Array, samples: int) -> Array:
    """A smooth curve through ``points`` (natural cubic by chord length), ``samples`` evenly spread."""
    knots = np.asarray(points, float)
    chord = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return np.asarray(CubicSpline(chord, knots, bc_type="natural")(np.linspace(0, chord[-1], samples)))


def profile(points: Sequence[tuple[float, float]]) -> Callable[[npt.ArrayLike], Array]:
    """A smooth function through (x, y) points that never overshoots; constant outside them."""
    x, y = np.asarray(points, float).T
    spline = PchipInterpolator(x, y)

    def value(at: npt.ArrayLike) -> Array:
        return np.asarray(spline(np.clip(at, x[0], x[-1])))

    return value


def smoothstep(low: float | Array, high: float | Array, at: npt.ArrayLike) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between (``low`` may be the larger)."""
    t = np.clip((np.asarray(at, float) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def sweep(path: Array, widths: Array, depths: Array, outward: Array, shape: Array) -> Array:
    """Rings of a ribbon-like solid: ``shape`` (S, 2) is its section (across, out), scaled along ``path`` (R, 3).

    ``outward`` (R, 3) is the direction the ribbon faces; it is made square to the path here.
    """
    along = unit(np.gradient(path, axis=0))
    out = unit(outward - along * np.sum(outward * along, axis=1, keepdims=True))
    across = np.cross(out, along)
    return np.asarray(
        path[:, None]
        + across[:, None] * (shape[None, :, 0:1] * widths[:, None, None])
        + out[:, None] * (shape[None, :, 1:2] * depths[:, None, None])
    )

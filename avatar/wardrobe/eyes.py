"""Eyes, lashes and brows. Everything is made for her left and mirrored; lid shapes are curves over x (head space)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.wardrobe.head import Opening, Warp, face, face_normals, offset_ring, place
from avatar.wardrobe.mesh import Array, Piece, both, grid_triangles, profile, sheet
from avatar.wardrobe.skeleton import EYE

Curve = Callable[[npt.ArrayLike], Array]
INNER, OUTER = 17.0, 71.0


def _set(*points: tuple[float, float]) -> Curve:
    """A lid curve drawn between x 20 and 71 around h 107, set to the eye's place and size."""
    return profile([(OUTER - (71 - x) * (OUTER - INNER) / 51, 101.0 + (h - 107) * 1.02) for x, h in points])


_UPPER = _set((20, 101), (21.2, 107), (24, 114), (28.6, 119.4), (35.5, 124), (43.5, 126), (51.5, 125.8), (58.5, 123.8),
                  (64, 121), (68.5, 114.5), (71, 107.5))  # fmt: skip
_LOWER = _set((20, 101), (21.2, 96.5), (24.5, 91.6), (30.5, 88.2), (39, 86.6), (48, 86.5), (56.5, 88.4), (63.5, 93),
                  (68.3, 99.5), (71, 107.5))  # fmt: skip
_SHUT = _set((20, 99), (26, 94.4), (33, 91), (41, 89), (49, 88.8), (57, 90.6), (65, 95), (71, 101))
_ARC = _set((20, 95.5), (25, 101.5), (32, 107), (40, 110.2), (47, 111), (54, 109.6), (61, 106), (67, 100), (71, 94))
IRIS = (44.4, 102.6, 20.6, 23.6)
"""Middle (x, h) and radii of the iris."""


@dataclass(frozen=True)
class Lids:
    """Where the two lid lines stand, the bulge of the lid over the eye and the slant of the lash's wing."""

    upper: Curve
    lower: Curve
    bulge: float = 0.0
    wing: float = 3.4


def _moved(upper: Curve, lower: Curve, wing: float = 3.4) -> Lids:
    return Lids(lambda x: _UPPER(x) + upper(x), lambda x: _LOWER(x) + lower(x), 0.0, wing)


def _flat(value: float) -> Curve:
    """An offset that vanishes at the corners."""
    return profile([(INNER, 0), (INNER + 12, value), (OUTER - 12, value), (OUTER, 0)])


REST = Lids(_UPPER, _LOWER)
SHAPES: dict[str, Lids] = {
    "lidCloseLeft": Lids(_SHUT, _SHUT, 1.6, -0.6),
    "lidSmile": Lids(_ARC, _ARC, 1.6, -2.2),
    "lidWide": _moved(_flat(2.6), _flat(-1.2), 4.2),
    "lidSad": _moved(profile([(20, 0), (34, -2.5), (56, -7), (66, -6), (71, -3.5)]), _flat(2.0), 0.2),
    "lidAngry": _moved(profile([(20, -0.5), (27, -6), (38, -6.5), (52, -3), (71, 1.5)]), _flat(2.6), 5.0),
    "lidRelaxed": _moved(_flat(-9.5), _flat(2.2), 2.0),
    "lidSquint": _moved(_flat(-3.5), profile([(20, 0), (32, 5.0), (50, 6.2), (62, 4.2), (71, 0)]), 2.6),
    "lidCalm": _moved(profile([(17, 0), (28, -4.5), (44, -6.2), (58, -4.2), (71, 2.0)]),
                      profile([(17, 0), (36, 1.6), (54, 2.2), (71, 2.0)]), 5.0),
    "lidCat": _moved(profile([(17, -1), (28, -4), (44, -3), (58, 1.0), (71, 5.0)]),
                     profile([(17, 0), (36, 1.0), (54, 3.2), (71, 5.0)]), 6.0),
    "lidGentle": _moved(profile([(17, 0), (34, 0.6), (52, -2.4), (62, -5.0), (71, -5.0)]),
                        profile([(17, 0), (45, -0.6), (60, -3.2), (71, -5.0)]), 0.6),
    "lidKeen": _moved(profile([(17, -1), (28, -8), (44, -9.5), (58, -6.0), (71, 1.0)]),
                      profile([(17, 0), (32, 3.4), (50, 4.0), (62, 2.6), (71, 1.0)]), 2.4),
}  # fmt: skip
"""Lid morphs by name (made for the left eye; both sides get the names without a side). The last four are resting
shapes of eye styles (:mod:`avatar.wardrobe.features`) and no morphs of a file."""


def _samples(count: int) -> Array:
    return INNER + (OUTER - INNER) * (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, count)))


def opening() -> Opening:
    """The hole of the left eye."""
    x = _samples(21)
    below, above = np.stack([x, _LOWER(x)], -1), np.stack([x, _UPPER(x)], -1)
    outline = np.concatenate([below[:-1], above[::-1][:-1]])
    return Opening(outline, [offset_ring(outline, d) for d in (1.4, 3.2, 5.4, 8.0, 11.0)][:5])


def warp(lids: Lids) -> Warp:
    """How the skin follows the lids."""

    x = _samples(61)
    edge = np.concatenate([np.stack([x, _UPPER(x)], -1), np.stack([x, _LOWER(x)], -1)])
    target = np.concatenate([lids.upper(x) - _UPPER(x), lids.lower(x) - _LOWER(x)])
    belly = np.tile(np.sin(np.pi * (x - INNER) / (OUTER - INNER)), 2) * np.repeat([1.0, 0.55], 61)

    def move(points: Array) -> tuple[Array, Array]:
        away = np.linalg.norm(points[:, None] - edge[None], axis=2)
        nearest = away.argmin(1)
        near = np.clip(1 - away.min(1) / 17.0, 0, 1) ** 1.7
        near[np.abs(points[:, 0]) < 6] = 0
        offset = np.stack([np.zeros(len(points)), target[nearest] * near], -1)
        return offset, near * lids.bulge * belly[nearest]

    return move


def skin_warps() -> dict[str, Warp]:
    """Skin morphs of all lid shapes."""
    return {name: warp(lids) for name, lids in SHAPES.items()}


_THICK = profile([(0, 0.15), (0.1, 1.0), (0.3, 2.6), (0.6, 3.9), (0.85, 4.9), (1.0, 5.0)])
_LOW_THICK = profile([(0, 0.0), (0.3, 0.4), (0.55, 0.55), (0.75, 1.0), (0.92, 1.6), (1.0, 1.8)])


def _edge(curve_: Curve, count: int) -> tuple[Array, Array, Array]:
    x = _samples(count)
    h = curve_(x)
    dx, dh = np.gradient(x), np.gradient(h)
    # The lid runs steeply into the inner corner; a leaning normal keeps the lash a clean tapering stroke there.
    normal = np.stack([-dh * 0.75, np.maximum(dx, 0.35 * np.abs(dh))], -1)
    return np.stack([x, h], -1), normal / np.linalg.norm(normal, axis=1, keepdims=True), np.linspace(0, 1, count)


def _upper_lash(lids: Lids) -> Array:
    points, normal, s = _edge(lids.upper, 25)
    shut = np.clip((_UPPER(44.0) - lids.upper(44.0)) / 30.0, 0, 1)
    thick = _THICK(s) * (1 - 0.4 * shut * s)
    tip = points[-1] + np.array([7.0, lids.wing + 3.0])
    rows = []
    for share, lift in ((-0.22, 0.5), (0.45, 1.5), (1.0, 1.1)):
        row = points + normal * (thick * share)[:, None]
        row[-1] = points[-1] + (np.array([1.0, -1.6]) if share < 0 else normal[-1] * thick[-1] * share)
        wing = [row[-1] + (tip - row[-1]) * t for t in (0.3, 0.6, 0.85, 1.0)]
        rows.append((np.concatenate([row, wing]), lift))
    bulge = lids.bulge * np.sin(np.pi * np.clip(np.linspace(0, 1, 29) * 29 / 25, 0, 1))
    bulge[-4:] += (0.9, 1.7, 2.3, 2.8)  # the wing stands off where the face turns away
    return np.stack([face(r[:, 0], r[:, 1], lift + bulge) for r, lift in reversed(rows)])


def _spike(lids: Lids, where: float, out: tuple[float, float]) -> Array:
    x = np.array([where - 2.6, where, where + 2.6])
    h = lids.upper(np.clip(x, INNER, OUTER)) + 1.8
    lean = 1.0 if lids.wing > 0 else 0.2
    tip = np.array([where + out[0], lids.upper(where) + out[1] * lean])
    left = np.stack([x, h], -1)
    grid = np.stack([np.repeat(tip[None], 3, 0), left])
    return face(grid[..., 0], grid[..., 1], lids.bulge + 1.2)


def _lower_lash(lids: Lids) -> Array:
    points, normal, s = _edge(lids.lower, 21)
    keep = s > 0.12
    points, normal, thick = points[keep], normal[keep], _LOW_THICK(s)[keep]
    outer = points - normal * thick[:, None]
    return np.stack([face(r[:, 0], r[:, 1], 0.7 + lids.bulge * 0.4) for r in (points, outer)])


def _crease(lids: Lids) -> Array:
    """The soft line of the upper lid; it thins and follows when the eye shuts."""
    x = np.linspace(INNER + 8, OUTER - 3, 15)
    s = np.linspace(0, 1, 15)
    shut = np.clip((_UPPER(44.0) - lids.upper(44.0)) / 30.0, 0, 1)
    h = lids.upper(x) + 8.6 + 1.5 * shut
    half = 0.62 * np.sin(np.pi * s) ** 0.7 * (1 - 0.55 * shut)
    return np.stack([face(x, h + half, 0.45 + lids.bulge * 0.6), face(x, h - half, 0.45 + lids.bulge * 0.6)])


def _rim(curve_: Curve, depth: float, away: float) -> Array:
    x = _samples(21)
    h = curve_(x)
    deep = depth + 12.0 * np.clip((x - 52) / 16, 0, 1) ** 1.5  # the ball falls away towards the temple
    front, back = face(x, h), face(x, h + away)
    back[:, 2] -= deep
    return np.stack([front, back]) if away > 0 else np.stack([back, front])


def _strip(make: Callable[[Lids], Array], tile: str, v: float = 0.5) -> Piece:
    rest = make(REST)
    piece = sheet(place(rest), "eyes", tile, (0.3, v, 0.7, v + 0.05)).bind("head")
    piece.normals = face_normals(rest.reshape(-1, 3))
    for name, lids in SHAPES.items():
        piece.morphs[name] = (make(lids) - rest).reshape(-1, 3)
    return piece


_WHITE, _IRIS, _GLINT = 74.0, 75.3, 76.3
"""Radii of the concentric spheres the eye's layers lie on: none can ever cut another, wherever she looks."""


def _ball(x: npt.ArrayLike, h: npt.ArrayLike, radius: float, side: float = 1.0) -> Array:
    """A point of the eye's sphere in front of (x, h)."""
    x, h = np.broadcast_arrays(np.asarray(x, float), np.asarray(h, float))
    across = (x - EYE[0] * side) ** 2 + (h - EYE[1]) ** 2
    return np.stack([x, h, EYE[2] + np.sqrt(np.maximum(radius**2 - across, 400.0))], -1)


def _disc(middle: tuple[float, float], radii: tuple[float, float], radius: float, tile: str, rings: int = 2) -> Piece:
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    spread = np.concatenate([[0.0], np.repeat(np.linspace(1 / rings, 1, rings), 32)])
    angle = np.concatenate([[0.0], np.tile(turn, rings)])
    x, h = spread * np.cos(angle), spread * np.sin(angle)
    points = _ball(middle[0] + x * radii[0], middle[1] + h * radii[1], radius, np.sign(middle[0]))
    index = np.arange(32)
    after = (index + 1) % 32
    triangles = [np.stack([np.zeros(32, int), index + 1, after + 1], -1)]
    for r in range(rings - 1):
        a, b = 1 + r * 32, 1 + (r + 1) * 32
        triangles += [
            np.stack([a + index, b + index, b + after], -1),
            np.stack([a + index, b + after, a + after], -1),
        ]
    piece = Piece("eyes", tile, place(points), np.concatenate(triangles), np.stack([0.5 + x / 2, 0.5 - h / 2], -1))
    piece.normals = face_normals(points)
    return piece


def _white() -> Piece:
    x = np.linspace(INNER - 4, OUTER + 3, 11)
    t = np.linspace(0, 1, 6)[:, None]
    at = np.clip(x, INNER, OUTER)
    gx, gh = np.broadcast_to(x, (6, 11)), (_UPPER(at) + 7) * (1 - t) + (_LOWER(at) - 6) * t
    points = _ball(gx, gh, _WHITE)
    uv = np.stack([(gx.ravel() - 11) / 67, (132 - gh.ravel()) / 62], -1)
    piece = Piece("eyes", "white", place(points.reshape(-1, 3)), grid_triangles(6, 11), uv).bind("head")
    piece.normals = face_normals(points.reshape(-1, 3))
    return piece


_GLINTS = (((37.4, 112.0), (5.8, 6.9)), ((52.0, 90.0), (3.0, 3.3)))
"""Highlights of the left eye: middle and radii; the right eye has the same ones, not mirrored: one light, one side."""


def _glints() -> list[Piece]:
    pieces = []
    for (x, h), radii in _GLINTS:
        for middle in (x, x - 2 * IRIS[0]):
            piece = _disc((middle, h), radii, _GLINT, "glint", rings=1).bind("head")
            piece.material = "glint"
            pieces.append(piece)
    return pieces


_BROW = (
    (20.0, 137.6, 0.7),
    (23, 138.8, 2.6),
    (30, 140.9, 3.9),
    (41, 142.8, 3.7),
    (54, 142.4, 2.9),
    (65, 138.6, 1.7),
    (73, 132.8, 0.3),
)
_BROW_MOVES: dict[str, Callable[[Array], Array]] = {
    "browUp": lambda s: np.stack([0 * s, 6.0 + 1.2 * np.sin(np.pi * s)], -1),
    "browAngry": lambda s: np.stack([-2.5 * (1 - s), -8.5 * (1 - s) ** 1.2 + 2.5 * s], -1),
    "browSad": lambda s: np.stack([-1.0 * (1 - s), 6.5 * (1 - s) ** 1.2 - 3.0 * s], -1),
    "browSoft": lambda s: np.stack([0 * s, 2.6 + 1.4 * np.sin(np.pi * s)], -1),
}


def _brow() -> Piece:
    knots = np.array(_BROW)
    s = np.linspace(0, 1, 13)
    at = (knots[:, 0] - knots[0, 0]) / (knots[-1, 0] - knots[0, 0])
    x, h, thick = (profile(list(zip(at, knots[:, k])))(s) for k in range(3))

    def grid(move: Array) -> Array:
        rows = [np.stack([x, h + thick * share], -1) + move for share in (0.5, -0.5)]
        return np.stack([face(r[:, 0], r[:, 1], 1.0) for r in rows])

    rest = grid(np.zeros((13, 2)))
    piece = sheet(place(rest), "eyes", "brow", (0.3, 0.3, 0.7, 0.7)).bind("head")
    piece.normals = face_normals(rest.reshape(-1, 3))
    for name, move in _BROW_MOVES.items():
        piece.morphs[name] = (grid(move(s)) - rest).reshape(-1, 3)
    return piece


def build(size: float = 1.0) -> list[Piece]:
    """Whites, irises (``size`` against the standard one), highlights, lashes, lid rims and brows of both eyes."""
    radii = (IRIS[2] * size, IRIS[3] * size)
    iris = _disc(IRIS[:2], radii, _IRIS, "iris").bind("leftEye")
    right = _disc((-IRIS[0], IRIS[1]), radii, _IRIS, "iris").bind("rightEye")
    pieces = [iris, right, *_glints(), *both(_white())]
    pieces += both(_strip(_upper_lash, "lash"))
    pieces += both(_strip(_lower_lash, "lash"))
    pieces += both(_strip(lambda lids: _spike(lids, 64.0, (8.0, 9.5)), "lash"))
    pieces += both(_strip(_crease, "crease"))
    pieces += both(_strip(lambda lids: _rim(lids.upper, 6.0, 2.5), "white", 0.06))
    pieces += both(_strip(lambda lids: _rim(lids.lower, 5.0, -3.0), "rim", 0.5))
    pieces += both(_brow())
    return pieces

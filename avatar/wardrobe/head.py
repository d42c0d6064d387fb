"""The head: a loft of smooth profile curves with openings for eyes and mouth, shaded as an ellipsoid.

Head space: millimetres, origin at the chin's height below the head's middle; x to her left, h up, z front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from avatar.wardrobe.mesh import Array, Index, Piece, both, profile, tube, volume_normals
from avatar.wardrobe.skeleton import CHIN, HEAD_Z

TOP = 240.0
"""Height of the skull over the chin."""
FACE_SPAN = (-100.0, -20.0, 100.0, 180.0)
"""What the face tile shows, in head space: x0, h0, x1, h1."""
_SHADE_CENTRE = (0.0, 104.0, -34.0)
_SHADE_RADII = (88.0, 150.0, 118.0)


@dataclass(frozen=True)
class Loft:
    """Horizontal sections by height: half width, front, back and the depth of the widest point."""

    width: Callable[[npt.ArrayLike], Array]
    front_z: Callable[[npt.ArrayLike], Array]
    back_z: Callable[[npt.ArrayLike], Array]
    middle_z: Callable[[npt.ArrayLike], Array]
    power: float = 2.5

    def point(self, theta: npt.ArrayLike, h: npt.ArrayLike) -> Array:
        """Surface at azimuth ``theta`` (0 front, pi/2 her left, pi back) and height ``h``: (..., 3)."""
        theta, h = np.broadcast_arrays(np.asarray(theta, float), np.asarray(h, float))
        s, c = np.sin(theta), np.cos(theta)
        x = self.width(h) * np.sign(s) * np.abs(s) ** (2 / self.power)
        middle = self.middle_z(h)
        reach = np.where(c >= 0, self.front_z(h) - middle, middle - self.back_z(h))
        return np.stack([x, h, middle + reach * np.sign(c) * np.abs(c) ** (2 / self.power)], -1)

    def front(self, x: npt.ArrayLike, h: npt.ArrayLike) -> Array:
        """Surface of the front half over (x, h): (..., 3)."""
        x, h = np.broadcast_arrays(np.asarray(x, float), np.asarray(h, float))
        share = np.clip(np.abs(x) / self.width(h), 0, 0.995)
        middle = self.middle_z(h)
        z = middle + (self.front_z(h) - middle) * (1 - share**self.power) ** (1 / self.power)
        return np.stack([x, h, z], -1)

    def azimuth(self, x: npt.ArrayLike, h: npt.ArrayLike) -> Array:
        """The azimuth of a front point."""
        share = np.clip(np.abs(np.asarray(x, float)) / self.width(h), 0, 0.995)
        return np.asarray(np.sign(x) * np.arcsin(share ** (self.power / 2)))


SKULL = Loft(
    width=profile([
        (0, 0.5), (1.2, 9), (4, 17.5), (9, 26.5), (17, 37), (28, 49), (42, 61), (58, 70.5), (75, 77), (92, 81),
        (110, 83.5), (132, 86.5), (155, 88.5), (178, 85.5), (200, 75), (220, 56), (233, 35), (239, 14), (240, 2),
    ]),
    front_z=profile([
        (0, 58.5), (1.2, 65.5), (4, 69.5), (9, 72.5), (17, 73.5), (28, 74.5), (42, 78), (58, 80.5), (75, 81), (92, 80.5),
        (106, 80), (125, 82.5), (145, 85), (165, 84), (185, 77.5), (205, 63), (222, 43), (234, 20), (239, 2), (240, -8),
    ]),
    back_z=profile([
        (0, 57.5), (1.2, 51), (4, 43), (9, 32), (17, 16), (28, -6), (42, -30), (58, -52), (75, -70), (100, -88),
        (135, -98), (165, -96), (195, -82), (220, -58), (234, -34), (239, -16), (240, -12),
    ]),
    middle_z=profile([(0, 58), (9, 46), (28, 28), (58, 8), (100, -4), (160, -6), (240, -10)]),
)  # fmt: skip
"""The bare head."""


def _bumps(x: Array, h: Array) -> Array:
    """Nose, eye hollows, cheeks and lips: what to add to the front surface's z."""
    bridge = np.where(h > 58, np.exp(-(((h - 58) / 19) ** 2)), np.exp(-(((h - 58) / 5.0) ** 2)))
    nose = 10.5 * bridge * np.exp(-((x / (5.2 + 0.02 * np.abs(h - 58))) ** 2))
    hollow = -3.6 * np.exp(-(((np.abs(x) - 46) / 26) ** 2) - ((h - 104) / 20) ** 2)
    bridge_dip = -2.5 * np.exp(-((x / 16) ** 2) - ((h - 100) / 14) ** 2)
    cheek = 2.2 * np.exp(-(((np.abs(x) - 44) / 18) ** 2) - ((h - 60) / 17) ** 2)
    lips = 2.0 * np.exp(-((x / 15) ** 2) - ((h - 36) / 9) ** 2)
    under = -1.6 * np.exp(-((x / 15) ** 2) - ((h - 23) / 6) ** 2)
    return np.asarray(nose + hollow + bridge_dip + cheek + lips + under)


def face(x: npt.ArrayLike, h: npt.ArrayLike, lift: npt.ArrayLike = 0.0) -> Array:
    """A point on the face over (x, h), ``lift`` millimetres off the skin along its shading normal."""
    point = SKULL.front(x, h)
    point[..., 2] += _bumps(point[..., 0], point[..., 1])
    return np.asarray(point + face_normals(point) * np.asarray(lift, float)[..., None])


def face_normals(points: Array) -> Array:
    """Ellipsoid normals for anything on the face."""
    return volume_normals(points, _SHADE_CENTRE, _SHADE_RADII)


def place(points: Array) -> Array:
    """Head space to the world of the body (millimetres)."""
    return points + np.array([0.0, CHIN, HEAD_Z])


def face_uv(points: Array) -> Array:
    """Where a point of head space lies in the face tile."""
    x0, h0, x1, h1 = FACE_SPAN
    u = (points[:, 0] - x0) / (x1 - x0)
    v = (h1 - points[:, 1]) / (h1 - h0)
    return np.clip(np.stack([u, v], -1), 0.002, 0.998)


@dataclass
class Opening:
    """A hole of the face: its outline in (x, h), and rings of points around it at growing distance."""

    outline: Array
    rings: list[Array]


def offset_ring(outline: Array, distance: float) -> Array:
    """The closed outline moved outwards (it runs counter-clockwise seen from the front)."""
    ahead = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    normal = np.stack([ahead[:, 1], -ahead[:, 0]], -1)
    return outline + normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9) * distance


def _inside(points: Array, polygon: Array) -> npt.NDArray[np.bool_]:
    x, y = points[:, 0:1], points[:, 1:2]
    a, b = polygon, np.roll(polygon, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return np.asarray((crosses & (x < at)).sum(1) % 2 == 1)


def _skin_points(openings: list[Opening]) -> Array:
    """Points of the left half in the (azimuth, height) plane, denser around the openings."""
    heights = np.array([0, 1.2, 4, 9, 15, 22, 30, 39, 46, 52, 55.5, 58, 62, 68, 76, 86, 97, 109, 121, 133, 146, 162,
                        180, 200, 219, 234, 240.0])  # fmt: skip
    azimuths = np.radians([0, 4, 9, 16, 24, 33, 42, 51, 60, 69, 78, 88, 101, 120, 150, 180])
    theta, h = (g.ravel() for g in np.meshgrid(azimuths, heights))
    flat = SKULL.point(theta, h)[:, :2]
    keep = np.ones(len(flat), bool)
    rings = []
    for hole in openings:
        front = theta < np.radians(80)
        keep &= ~(front & _inside(flat, offset_ring(hole.outline, 10.5 if len(hole.rings) > 4 else 7.0)))
        keep &= ~(front & _inside(flat, hole.outline))
        for ring in [hole.outline, *hole.rings]:
            ring = ring[ring[:, 0] > -0.01]
            rings.append(np.stack([SKULL.azimuth(np.maximum(ring[:, 0], 0), ring[:, 1]), ring[:, 1]], -1))
    return np.concatenate([np.stack([theta[keep], h[keep]], -1), *rings])


Warp = Callable[[Array], tuple[Array, Array]]
"""Takes (N, 2) points of the face, answers their offset (N, 2) and the extra lift (N,)."""


def skin(openings: list[Opening], rest: Warp, warps: dict[str, Warp]) -> list[Piece]:
    """The face and skull with holes. ``rest`` closes the mouth; ``warps`` move the skin, one per morph."""
    points = _skin_points(openings)
    scaled = points * [84.0, 1.0]
    _, first = np.unique(np.round(scaled / 0.35), axis=0, return_index=True)
    points, scaled = points[np.sort(first)], scaled[np.sort(first)]
    triangles: Index = Delaunay(scaled).simplices.astype(np.int64)
    flat = SKULL.point(points[:, 0], points[:, 1])[:, :2]
    middle = flat[triangles].mean(1)
    fore = points[triangles, 0].mean(1) < np.radians(80)
    for hole in openings:
        triangles, middle, fore = (part[~(fore & _inside(middle, hole.outline))] for part in (triangles, middle, fore))
    a, b, c = (scaled[triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    triangles = triangles[np.abs(area) > 1e-3]
    # What the hair always covers need not be drawn.
    seen = (points[triangles, 0].mean(1) < np.radians(112)) & (points[triangles, 1].mean(1) < 206)
    seen |= points[triangles, 1].mean(1) < 40
    triangles = triangles[seen]
    used, triangles = np.unique(triangles, return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    points, flat = points[used], flat[used]
    front = points[:, 0] < np.radians(80)

    def surface(offset: Array, lift: Array) -> Array:
        out = SKULL.point(points[:, 0], points[:, 1])
        moved = flat + offset
        out[front] = face(moved[front, 0], moved[front, 1], lift[front])
        return out

    settled, settled_lift = rest(flat)
    base = surface(settled, settled_lift)
    piece = Piece("face", "face", place(base), triangles, face_uv(base), face_normals(base)).bind("head")
    for name, warp in warps.items():
        offset, lift = warp(flat)
        delta = surface(settled + offset, settled_lift + lift) - base
        if np.abs(delta).max() > 1e-3:
            piece.morphs[name] = delta
    return both(piece)


def ears() -> list[Piece]:
    """Simple ears, mostly under the hair."""
    turn = np.linspace(0, 2 * np.pi, 13)[:-1]
    rings = []
    for size, out, back in ((0.9, -8, 0), (1.0, 2, -4), (0.94, 6, -7), (0.66, 6.5, -7), (0.3, 2, -4)):
        y = 88 + 19 * size * np.sin(turn) + 2
        z = -14 + back + 11 * size * np.cos(turn) * (1 + 0.15 * np.sin(turn))
        rings.append(np.stack([np.full_like(y, 80.0 + out), y, z], -1))
    points = np.array(rings)
    piece = tube(points, "skin", "skin", (0.05, 0.05, 0.2, 0.2))
    piece.positions = place(piece.positions)
    return both(piece.bind("head"))

"""What clothes are sewn from: hems with thickness, shells, seams that glow, piping, bows, stars."""

from __future__ import annotations

import numpy as np

from avatar.wardrobe.body import arm_weights, leg_weights, trunk_weights, turn
from avatar.wardrobe.mesh import Array, Piece, both, flipped, sheet, tube, unit


def hem(edge: Array, inward: Array, tile: str, closed: bool) -> Piece:
    """The visible thickness at an edge (R, 3): a strip to the points ``inward`` behind it."""
    if closed:
        edge, inward = np.concatenate([edge, edge[:1]]), np.concatenate([inward, inward[:1]])
    return sheet(np.stack([edge, inward]), "cloth", tile, (0.3, 0.3, 0.6, 0.6))


def shell(
    rings: Array, tile: str, lining: str, by: float = 3.0, both_ends: bool = False, inside: str = ""
) -> list[Piece]:
    """A closed tube of cloth with a thick hem at its lower end, or at both, which ``inside`` closes within."""
    outer = tube(rings, "cloth", tile)
    ends = []
    for at, towards in ((-1, -2), (0, 1)) if both_ends else ((-1, -2),):
        middle = rings[at].mean(0)
        inner = middle + (rings[at] - middle) * (1 - by / np.linalg.norm(rings[at] - middle, axis=1).mean())
        deeper = inner + unit((rings[towards].mean(0) - middle)[None]) * by * 3
        a, b, c = (np.concatenate([r, r[:1]]) for r in (rings[at], inner, deeper))
        order = 1 if at == -1 else -1
        ends.append(sheet(np.stack([a, b, c][::order]), "cloth", lining, (0.3, 0.3, 0.6, 0.6)))
        if inside:
            middle = np.broadcast_to(c.mean(0), c.shape)
            ends.append(sheet(np.stack([c, middle][::order]), "cloth", inside, (0.3, 0.3, 0.6, 0.6)))
    return [outer, *ends]


def ribbon_band(upper: Array, lower: Array, out: float, material: str = "glow", tile: str = "glow") -> Piece:
    """A flat seam laid ``out`` millimetres over a tube between two closed rings."""
    rings = np.stack([upper, lower])
    rings = np.concatenate([rings, rings[:, :1]], 1)
    piece = sheet(rings, material, tile, (0.2, 0.2, 0.8, 0.8))
    piece.positions = piece.positions + piece.normals * out
    return piece


def between(rings: Array, at: float) -> Array:
    """A ring ``at`` rows down a stack of rings (fractions lie on the surface)."""
    i = min(int(at), len(rings) - 2)
    return np.asarray(rings[i] * (1 - (at - i)) + rings[i + 1] * (at - i))


def piping(path: Array, radius: float, closed: bool = False, material: str = "glow", tile: str = "glow") -> Piece:
    """A thin tube along a path (R, 3)."""
    if closed:
        path = np.concatenate([path, path[:1]])
    along = np.gradient(path, axis=0)
    if closed:
        along[0] = along[-1] = path[1] - path[-2]
    along = unit(along)
    up = np.eye(3)[np.abs(along).mean(0).argmin()]  # one frame for all of it, or the tube would twist
    side = unit(np.cross(along, up))
    up = np.cross(side, along)
    theta = turn(4)
    rings = path[:, None] + radius * (
        side[:, None] * np.cos(theta)[None, :, None] + up[:, None] * np.sin(theta)[None, :, None]
    )
    return tube(rings, material, tile, (0.2, 0.2, 0.8, 0.8))


def bound(pieces: list[Piece], weights: str) -> list[Piece]:
    """Bind pieces by region: ``trunk``, ``arm`` or ``leg`` (left)."""
    rule = {"trunk": trunk_weights, "arm": arm_weights, "leg": leg_weights}[weights]
    for piece in pieces:
        piece.weights = rule(piece.positions)
    return pieces


def bow(centre: Array, size: float = 1.0) -> list[Piece]:
    """A bow with two tails, facing forward."""
    loop = []
    for t in np.linspace(0, 1, 7):
        x = 4 + 33 * t
        half = 4 + 10 * np.sin(np.pi * min(t * 0.9 + 0.08, 1) ** 1.3) + 5 * t
        z = 7 * np.sin(np.pi * t) + 2 * t
        loop.append([[x, half + 2 * t, z], [x, half * 0.3, z + 5], [x, -half * 0.5, z + 4], [x, -half, z]])
    wing = np.swapaxes(np.array(loop), 0, 1) * size + centre
    tail = np.array(
        [[[2 + 12 * t, -4 - 46 * t, 2 + 16 * t], [9 + 22 * t, -2 - 38 * t, 1 + 14 * t]] for t in (0, 0.33, 0.66, 1)]
    )
    tail = tail * size + centre
    pieces = []
    for grid, behind in ((wing, 2.0), (tail, 1.5)):
        pieces.append(sheet(grid, "cloth", "ribbon"))
        pieces.append(flipped(sheet(grid - np.array([0, 0, behind]), "cloth", "ribbon", (0.3, 0.3, 0.6, 0.6))))
    return [p for piece in pieces for p in both(piece)]


def star(centre: Array, radius: float, depth: float, facing: Array, spin: float = 0.0) -> list[Piece]:
    """A five-pointed star, raised in the middle, facing a direction."""
    angle = np.arange(10) * np.pi / 5 + spin
    size = np.where(np.arange(10) % 2 == 0, radius, radius * 0.5)
    out = unit(np.asarray(facing, float))
    right = unit(np.cross([0.0, 1.0, 0.0], out))
    up = np.cross(out, right)
    edge = centre + right * (size * np.sin(angle))[:, None] + up * (size * np.cos(angle))[:, None]
    points = np.concatenate([[centre + out * depth], edge, edge - out * depth * 0.8])
    i = np.arange(10)
    j = (i + 1) % 10
    triangles = np.concatenate(
        [
            np.stack([0 * i, j + 1, i + 1], -1),
            np.stack([i + 1, j + 1, i + 11], -1),
            np.stack([j + 1, j + 11, i + 11], -1),
        ]
    )
    uv = np.concatenate([[[0.5, 0.1]], np.full((10, 2), 0.6), np.full((10, 2), 0.95)])
    return [Piece("cloth", "star", points, triangles, uv)]

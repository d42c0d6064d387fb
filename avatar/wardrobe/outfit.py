"""Clothes: shells over the body with real thickness at the hems, piping that glows, a pleated skirt, boots."""

from __future__ import annotations

import numpy as np

from avatar.wardrobe.body import ARM_Y, ARM_Z, LEG, arm_rings, arm_weights, leg_rings, leg_weights, ring, torso_at, trunk_weights, turn
from avatar.wardrobe.mesh import Array, Piece, both, curve, flipped, mirrored, sheet, smooth_normals, tube, unit
from avatar.wardrobe.skeleton import Skeleton

Weights = dict[str, Array]


def thick(rings: Array, tile: str, lining: str, closed: bool, by: float = 2.2) -> list[Piece]:
    """A sheet of cloth with an inside ``by`` millimetres behind it and a closed hem: outer piece, lining piece."""
    if closed:
        rings = np.concatenate([rings, rings[:, :1]], 1)
    outer = sheet(rings, "cloth", tile)
    normals = smooth_normals(outer.positions, outer.triangles)
    inner = (outer.positions - normals * by).reshape(rings.shape)
    lined = flipped(sheet(inner, "cloth", lining, (0.2, 0.2, 0.8, 0.8)))
    hems = []
    edges = [(rings[-1], inner[-1]), (inner[0], rings[0])]
    if not closed:
        edges += [(rings[::-1, -1], inner[::-1, -1]), (rings[:, 0], inner[:, 0])]
    for a, b in edges:
        hem = sheet(np.stack([a, b]), "cloth", lining, (0.3, 0.3, 0.6, 0.6))
        hems.append(hem)
    return [outer, lined, *hems]


def piping(path: Array, radius: float, closed: bool = False, material: str = "glow", tile: str = "glow") -> Piece:
    """A thin tube along a path (R, 3)."""
    if closed:
        path = np.concatenate([path, path[:1]])
    along = np.gradient(path, axis=0)
    if closed:
        along[0] = along[-1] = path[1] - path[-2]
    along = unit(along)
    up = np.where(np.abs(along[:, 1:2]) > 0.8, [[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]])
    side = unit(np.cross(along, up))
    up = np.cross(side, along)
    theta = turn(6)
    rings = path[:, None] + radius * (
        side[:, None] * -np.cos(theta)[None, :, None] + up[:, None] * np.sin(theta)[None, :, None]
    )
    return tube(rings, material, tile, (0.2, 0.2, 0.8, 0.8))


def bound(pieces: list[Piece], weights: str) -> list[Piece]:
    """Bind pieces by region: ``trunk``, ``arm`` or ``leg`` (left)."""
    rule = {"trunk": trunk_weights, "arm": arm_weights, "leg": leg_weights}[weights]
    for piece in pieces:
        piece.weights = rule(piece.positions)
    return pieces


def top() -> list[Piece]:
    """The sleeveless top under the jacket."""
    heights = (1140, 1128, 1112, 1095, 1078, 1060, 1040, 1015, 985, 955, 925)
    rows = []
    theta = turn(24)
    for y in heights:
        w, f, b = torso_at(y)
        rows.append(ring(y, w + 2.5, f + 2.5, b - 2.5, theta))
    return bound([tube(np.array(rows), "cloth", "top")], "trunk")


def _jacket_rows(theta: Array, heights: tuple[float, ...], grow: float, dip: float) -> Array:
    rows = []
    for y in heights:
        w, f, b = torso_at(y)
        spread = grow + 7 * np.clip((1100 - y) / 90, 0, 1)
        row = ring(y, w + spread, f + spread, b - spread, theta)
        row[:, 1] -= dip * np.clip((1120 - y) / 100, 0, 1) * np.cos(theta) ** 2 * (np.cos(theta) > 0)
        rows.append(row)
    return np.array(rows)


def jacket() -> list[Piece]:
    """A cropped open jacket with collar, sleeves, cuffs and glowing seams."""
    heights = (1190, 1180, 1166, 1148, 1126, 1104, 1080, 1056, 1034, 1014)
    theta = np.radians(np.linspace(20, 340, 33))
    rows = _jacket_rows(theta, heights, 7.0, 14.0)
    # The opening widens upwards into lapels and downwards a little.
    open_by = np.interp(heights, [1014, 1060, 1110, 1160, 1190], [10, 0, 0, 14, 34])
    for i, extra in enumerate(open_by):
        limit = np.radians(20 + extra)
        at = np.linspace(limit, 2 * np.pi - limit, 33)
        rows[i] = _jacket_rows(at, (heights[i],), 7.0, 14.0)[0]
    pieces = bound(thick(rows, "jacket", "lining", False), "trunk")
    edge = np.concatenate([rows[:, 0], rows[-1, 1:-1], rows[::-1, -1]])
    pieces += bound([piping(edge, 2.3)], "trunk")
    return pieces + collar() + sleeves()


def collar() -> list[Piece]:
    """A stand collar leaning away from the neck."""
    theta = np.radians(np.linspace(52, 308, 21))
    rows = []
    for y, w, f, b in ((1228, 58, 40, -68), (1210, 54, 41, -63), (1192, 55, 42, -60), (1178, 74, 46, -62)):
        row = ring(y, w, f, b, theta)
        row[:, 1] -= 12 * np.clip(np.cos(theta) + 0.2, 0, 1)
        rows.append(row)
    pieces = thick(np.array(rows), "jacket", "lining", False, 3.0)
    return bound([*pieces, piping(np.array(rows)[0], 2.0)], "trunk")


def sleeves() -> list[Piece]:
    """Sleeves with a soft puff at the shoulder and a flared cuff."""
    stops = [(84, 40, 38), (96, 46, 43), (112, 48.5, 45), (132, 45, 42.5), (156, 39, 38), (190, 34.5, 35), (235, 32, 33),
             (272, 31, 32.5), (300, 30.5, 32.5), (328, 30.5, 32), (368, 31, 32), (405, 32, 32.5), (432, 34, 34)]  # fmt: skip
    rings = arm_rings(stops, 18, 1.0)
    pieces = [tube(rings, "cloth", "sleeve")]
    cuff = arm_rings([(424, 36, 36), (430, 38.5, 38.5), (450, 40, 40), (468, 42.5, 42.5)], 18, 1.0)
    pieces += thick(cuff, "cuff", "lining", True, 3.0)
    for at, radius in ((0, 1.9), (-1, 2.3)):
        pieces.append(piping(cuff[at], radius, True))
    band = arm_rings([(160, 39.4, 38.6)], 18, 1.0)[0]
    pieces.append(piping(band, 1.8, True))
    pieces = bound(pieces, "arm")
    return [p for piece in pieces for p in both(piece)]


def skirt_ring(y: float, radius: float, theta: Array, pleat: float) -> Array:
    """A pleated section: knife pleats of depth ``pleat`` times the radius."""
    fold = (theta / (2 * np.pi) * 20) % 1.0
    wave = np.interp(fold, [0, 0.72, 0.9, 1.0], [0.0, 1.0, 0.25, 0.0])
    r = 1 + pleat * (wave - 0.5)
    x = radius * r * np.sin(theta)
    z = radius * 0.9 * r * np.cos(theta) - 6
    return np.stack([x, np.full_like(x, y), z], -1)


def _skirt_theta() -> Array:
    folds = np.arange(20)[:, None] + np.array([0.0, 0.36, 0.72, 0.88])[None]
    return np.asarray(folds.ravel() / 20 * 2 * np.pi)


def _skirt_weights(points: Array, chains: list[list[str]], heights: Array) -> Weights:
    angle = np.arctan2(points[:, 0], points[:, 2]) % (2 * np.pi)
    place = angle / (2 * np.pi) * len(chains)
    down = np.interp(-points[:, 1], -heights, np.arange(len(heights)))
    weights: Weights = {"hips": np.zeros(len(points))}
    for c, joints in enumerate(chains):
        near = np.abs((place - c + len(chains) / 2) % len(chains) - len(chains) / 2)
        around = np.clip(1 - near, 0, 1)
        for j in range(len(joints)):
            bone = "hips" if j == 0 else joints[j - 1]
            share = np.clip(1 - np.abs(down - j), 0, 1) * around
            weights[bone] = weights.get(bone, np.zeros(len(points))) + share
    return weights


def skirt(skeleton: Skeleton) -> list[Piece]:
    """The pleated skirt over a frill, hung on eight chains; the belt above it."""
    theta = _skirt_theta()
    stops = ((962, 76, 0.0), (940, 84, 0.015), (905, 106, 0.05), (865, 129, 0.075), (825, 148, 0.09), (785, 164, 0.1))
    frill = ((860, 118, 0.05), (820, 138, 0.09), (785, 153, 0.11), (762, 162, 0.13))
    heights = np.array([945.0, 880.0, 815.0, 760.0])
    chains = []
    for c in range(8):
        angle = c / 8 * 2 * np.pi
        radius = np.interp(-heights, [-962, -905, -825, -760], [76, 104, 146, 170])
        points = np.stack([radius * np.sin(angle), heights, radius * 0.9 * np.cos(angle) - 6], -1)
        chains.append(skeleton.chain(f"skirt_{c}", "hips", points, (1.1, 0.5, 0.25, 14.0), ("thighs",)))
    pieces = []
    for tile, rows in (("skirt", stops), ("frill", frill)):
        rings = np.array([skirt_ring(y, r, theta, p) for y, r, p in rows])
        pieces += thick(rings, tile, "lining" if tile == "skirt" else "frill", True, 2.0)
    rings = np.array([skirt_ring(y, r + 1.2, theta, p) for y, r, p in ((797, 159.6, 0.098),)])
    pieces.append(piping(rings[0], 2.0, True))
    for piece in pieces:
        piece.weights = _skirt_weights(piece.positions, chains, heights)
    belt = np.array([ring(y, 76 + g, 57 + g, -57 - g, turn(24), 2.1) for y, g in ((978, 1.5), (974, 3.2), (952, 4.5), (947, 3.5))])
    pieces += bound([tube(belt, "cloth", "belt")], "trunk")
    return pieces


def shorts() -> list[Piece]:
    """Dark shorts, so that a kick shows nothing but cloth."""
    left = tube(leg_rings((872, 845, 815, 785, 760, 738, 726), 2.0), "cloth", "shorts")
    left.weights = leg_weights(left.positions)
    hips = np.array([ring(y, w + 2, f + 2, b - 2, turn(24)) for y, w, f, b in TORSO_LOW])
    middle = tube(hips, "cloth", "shorts", cap_end=True)
    middle.weights = trunk_weights(middle.positions)
    return [middle, *both(left)]


TORSO_LOW = ((945, 70, 50, -50), (910, 82, 52, -56), (880, 93, 54, -64), (850, 100, 55, -71), (825, 100, 52, -70), (800, 84, 40, -56))


def socks() -> list[Piece]:
    """Over-knee socks with a soft edge."""
    rings = leg_rings((604, 600, 585, 550, 510, 470, 440, 415, 385, 350, 310, 270, 240), 1.6)
    edge = leg_rings((604,), 0.0)
    rings = np.concatenate([edge, rings])
    band = leg_rings((588,), 2.2)[0]
    pieces = [tube(rings, "cloth", "sock"), piping(band, 1.7, True)]
    return [p for piece in bound(pieces, "leg") for p in both(piece)]


def boots() -> list[Piece]:
    """Ankle-high platform boots with a folded top."""
    theta = turn(18)
    rows = []
    # centre y, z, tilt in degrees, half width, reach to the front, reach to the back
    for y, z, tilt, w, f, b in (
        (262, -9, 0, 43, 41, 40), (240, -9, 0, 40, 37, 37), (205, -9, 0, 36.5, 33, 33), (165, -9, 0, 33, 30, 30),
        (128, -9, 4, 32, 31, 31), (98, -7, 22, 33, 36, 36), (72, 4, 46, 36, 42, 60), (56, 26, 68, 38.5, 42, 44),
        (46, 52, 82, 40.5, 36, 32), (40, 80, 90, 40, 29, 26), (34, 102, 96, 35, 22, 20), (30, 116, 100, 24, 14, 14),
        (28, 121, 100, 8, 5, 5),
    ):  # fmt: skip
        front = np.array([0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
        s, c = np.sin(theta), np.cos(theta)
        reach = np.where(c > 0, f, b) * np.sign(c) * np.abs(c) ** 0.9
        row = np.array([0, y, z]) + np.outer(w * np.sign(s) * np.abs(s) ** 0.9, [1, 0, 0]) + np.outer(reach, front)
        row[:, 0] += 70
        row[:, 1] = np.maximum(row[:, 1], 14)
        rows.append(row)
    rings = np.array(rows)
    pieces = [tube(rings, "cloth", "boot", cap_end=True)]
    fold = np.array([rings[0] * [1, 0, 1] + [0, y, 0] for y in (268.0, 262.0, 238.0)])
    middle = np.array([70.0, 0, -9])
    for i, grow in enumerate((1.0, 1.10, 1.13)):
        fold[i, :, [0, 2]] = ((fold[i] - middle) * grow + middle)[:, [0, 2]].T
    pieces += thick(fold, "cuff", "lining", True, 3.0)
    pieces.append(piping(fold[-1], 2.0, True))
    return [p for piece in bound(pieces, "leg") + bound(_sole(), "leg") for p in both(piece)]


def _sole() -> list[Piece]:
    outline = curve([(0, -58), (22, -50), (30, -22), (31, 10), (38, 55), (38, 88), (24, 116), (0, 126)], 13)
    full = np.concatenate([outline, (outline * [-1, 1])[-2:0:-1]])[::-1]
    rows = []
    for y, grow in ((26, 0.97), (24, 1.0), (3, 1.0), (0, 0.96)):
        p = full * grow
        rows.append(np.stack([p[:, 0] + 70, np.full(len(p), float(y)), p[:, 1]], -1))
    sole = tube(np.array(rows), "cloth", "sole", cap_end=True)
    line = rows[1] * [1, 0, 1] + [0, 14, 0]
    return [sole, piping((line - [70, 0, 30]) * [1.012, 1, 1.012] + [70, 0, 30], 1.8, True)]


def ribbon() -> list[Piece]:
    """A bow at the collar with a star in its middle."""
    centre = np.array([0.0, 1128.0, 76.0])
    pieces = []
    loop = []
    for t in np.linspace(0, 1, 9):
        x = 6 + 44 * t
        half = 5 + 15 * np.sin(np.pi * min(t * 0.9 + 0.08, 1) ** 1.3) + 6 * t
        z = 6 * np.sin(np.pi * t) - 6 * t
        loop.append([[x, half + 2 * t, z], [x, half * 0.3, z + 5], [x, -half * 0.5, z + 4], [x, -half, z]])
    rings = np.array(loop)
    left = sheet(np.swapaxes(rings, 0, 1) + centre, "cloth", "ribbon", (0, 0, 1, 1))
    back = flipped(sheet(np.swapaxes(rings, 0, 1) + centre - [0, 0, 2], "cloth", "ribbon", (0.3, 0.3, 0.6, 0.6)))
    pieces += [left, back]
    tail = np.array([[[4 + 18 * t, -4 - 50 * t, 2 + 4 * np.sin(3 * t) - 3 * t], [12 + 30 * t, -2 - 42 * t, 1 - 5 * t]] for t in np.linspace(0, 1, 5)])
    pieces += [sheet(tail + centre, "cloth", "ribbon"), flipped(sheet(tail + centre - [0, 0, 1.5], "cloth", "ribbon"))]
    out = [p for piece in pieces for p in both(piece)]
    out += star(centre + [0, 0, 8], 13.0, 4.0, np.array([0.0, 0.15, 1.0]))
    return bound(out, "trunk")


def star(centre: Array, radius: float, depth: float, facing: Array, spin: float = 0.0) -> list[Piece]:
    """A five-pointed star, raised in the middle, facing a direction; material glow."""
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
        [np.stack([0 * i, j + 1, i + 1], -1), np.stack([i + 1, j + 1, i + 11], -1), np.stack([j + 1, j + 11, i + 11], -1)]
    )
    uv = np.concatenate([[[0.5, 0.5]], np.full((20, 2), 0.3)])
    return [Piece("glow", "star", points, triangles, uv)]


def idol(skeleton: Skeleton) -> list[Piece]:
    """Jacket, top, skirt, shorts, socks, boots."""
    return [*top(), *jacket(), *ribbon(), *skirt(skeleton), *shorts(), *socks(), *boots()]


__all__ = ["ARM_Y", "ARM_Z", "LEG", "idol", "mirrored", "star"]

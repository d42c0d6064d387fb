"""Clothes: shells over the body with real thickness at the hems, piping that glows, a pleated skirt, boots."""

from __future__ import annotations

import numpy as np

from avatar.wardrobe.body import arm_rings, leg_rings, leg_weights, ring, torso_at, trunk_weights, turn
from avatar.wardrobe.cloth import between, bound, bow, hem, piping, ribbon_band, shell, star
from avatar.wardrobe.mesh import Array, Piece, both, curve, flipped, sheet, tube
from avatar.wardrobe.skeleton import Skeleton


def top() -> list[Piece]:
    """The blouse under the jacket, buttoned up to the neck."""
    theta = turn(20)
    rows = [ring(1207, 33, 29, -48, theta), ring(1200, 38, 32, -50, theta)]
    for y in (1190, 1172, 1150, 1120, 1090, 1060, 1020, 985, 955):
        w, f, b = torso_at(y)
        rows.append(ring(y, w + 2.5, f + 2.5, b - 2.5, theta))
    return bound([tube(np.array(rows), "cloth", "top")], "trunk")


_JACKET = (1194, 1184, 1168, 1148, 1122, 1094, 1062, 1034, 1012)


def _jacket_rows() -> Array:
    """The jacket's surface: an open front that widens into lapels, a hem that dips to the sides."""
    open_by = np.interp(_JACKET, [1012, 1060, 1110, 1165, 1194], [33, 22, 18, 27, 46])
    rows = []
    for y, limit in zip(_JACKET, open_by):
        theta = np.radians(np.linspace(limit, 360 - limit, 27))
        w, f, b = torso_at(y)
        spread = 7.0 + 8 * np.clip((1090 - y) / 80, 0, 1)
        row = ring(y, w + spread, f + spread, b - spread, theta)
        row[:, 1] += np.clip((1110 - y) / 100, 0, 1) * (10 - 18 * np.sin(theta) ** 2)
        rows.append(row)
    return np.array(rows)


def jacket() -> list[Piece]:
    """A cropped open jacket with collar, sleeves, cuffs and glowing seams."""
    rows = _jacket_rows()
    outer = sheet(rows, "cloth", "jacket")
    inner = rows - outer.normals.reshape(rows.shape) * 6.0
    pieces = [outer, hem(rows[-1], inner[-1], "lining", False), hem(inner[0], rows[0], "lining", False)]
    pieces += [hem(rows[::-1, -1], inner[::-1, -1], "lining", False), hem(rows[:, 0], inner[:, 0], "lining", False)]
    edge = np.concatenate([rows[:, 0], rows[-1, 1:-1], rows[::-1, -1]])
    return bound([*pieces, piping(edge, 2.2)], "trunk") + collar() + sleeves()


def collar() -> list[Piece]:
    """A stand collar leaning away from the neck."""
    theta = np.radians(np.linspace(48, 312, 17))
    rows = []
    for y, w, f, b in ((1219, 55, 38, -68), (1205, 50, 38, -62), (1194, 54, 40, -60), (1182, 76, 46, -63)):
        row = ring(y, w, f, b, theta)
        row[:, 1] -= 14 * np.clip(np.cos(theta) + 0.2, 0, 1)
        rows.append(row)
    rings = np.array(rows)
    outer = sheet(rings, "cloth", "collar")
    behind = rings - outer.normals.reshape(rings.shape) * 3.0
    inner = flipped(sheet(behind, "cloth", "lining", (0.3, 0.3, 0.6, 0.6)))
    ends = [hem(rings[::-1, -1], behind[::-1, -1], "lining", False), hem(rings[:, 0], behind[:, 0], "lining", False)]
    return bound([outer, inner, *ends, piping(rings[0], 2.0)], "trunk")


def sleeves() -> list[Piece]:
    """Sleeves with a soft puff at the shoulder and a flared cuff."""
    stops = [(74, 16, 32, 14), (92, 26, 37, 13), (112, 32, 39, 9), (134, 35, 38, 4), (154, 33.5, 35),
             (168, 32, 33.5), (215, 30, 31), (268, 28.5, 30), (300, 28, 30), (332, 28, 29.5), (380, 29, 30),
             (432, 32, 32)]  # fmt: skip
    rings = arm_rings(stops, 14, 1.0)
    pieces = [tube(rings, "cloth", "sleeve", (0.4, 0, 0.55, 1))]
    cuff = arm_rings([(418, 35.5, 35.5), (424, 38, 38), (446, 39.5, 39.5), (466, 42.5, 42.5)], 14, 1.0)
    pieces += shell(cuff, "cuff", "lining", 3.0, inside="jacket")
    pieces.append(ribbon_band(between(cuff, 2.45), between(cuff, 2.72), 0.8))
    pieces.append(ribbon_band(between(rings, 4.35), between(rings, 4.75), 0.8))
    return [p for piece in bound(pieces, "arm") for p in both(piece)]


def skirt_ring(y: float, radius: float, theta: Array, pleat: float) -> Array:
    """A pleated section: knife pleats of depth ``pleat`` times the radius."""
    fold = (theta / (2 * np.pi) * 20) % 1.0
    wave = np.interp(fold, [0, 0.70, 0.88, 1.0], [0.1, 1.0, 0.0, 0.1])
    r = 1 + pleat * (wave - 0.5)
    x = radius * r * np.sin(theta)
    z = radius * 0.9 * r * np.cos(theta) - 6
    return np.stack([x, np.full_like(x, y), z], -1)


def _skirt_theta() -> Array:
    folds = np.arange(20)[:, None] + np.array([0.0, 0.70, 0.88])[None]
    return np.asarray(folds.ravel() / 20 * 2 * np.pi)


def hang_weights(points: Array, chains: list[list[str]], heights: Array, offset: float = 0.0) -> dict[str, Array]:
    """Weights of cloth on chains spread evenly around the hips (the first ``offset`` steps from the front)."""
    angle = np.arctan2(points[:, 0], points[:, 2]) % (2 * np.pi)
    place = angle / (2 * np.pi) * len(chains) - offset
    down = np.interp(-points[:, 1], -heights, np.arange(len(heights)))
    weights: dict[str, Array] = {"hips": np.zeros(len(points))}
    for c, joints in enumerate(chains):
        near = np.abs((place - c + len(chains) / 2) % len(chains) - len(chains) / 2)
        around = np.clip(1 - near, 0, 1)
        for j in range(len(joints)):
            bone = "hips" if j == 0 else joints[j - 1]
            share = np.clip(1 - np.abs(down - j), 0, 1) * around
            weights[bone] = weights.get(bone, np.zeros(len(points))) + share
    return weights


def skirt(skeleton: Skeleton) -> list[Piece]:
    """The pleated skirt over a frill, hung on eight chains."""
    theta = _skirt_theta()
    stops = ((962, 76, 0.0), (938, 86, 0.02), (900, 110, 0.06), (860, 133, 0.085), (820, 151, 0.1), (772, 167, 0.11))
    frill = ((830, 138, 0.07), (790, 154, 0.11), (752, 164, 0.13))
    heights = np.array([945.0, 880.0, 815.0, 760.0])
    chains = []
    for c in range(8):
        angle = (c + 0.5) / 8 * 2 * np.pi  # one chain in front of each thigh
        radius = np.interp(-heights, [-962, -905, -825, -760], [76, 104, 146, 170])
        points = np.stack([radius * np.sin(angle), heights, radius * 0.9 * np.cos(angle) - 6], -1)
        chains.append(skeleton.chain(f"skirt_{c}", "hips", points, (1.1, 0.5, 0.25, 14.0), ("thighs",)))
    outer = np.array([skirt_ring(y, r, theta, p) for y, r, p in stops])
    under = np.array([skirt_ring(y, r, theta, p) for y, r, p in frill])
    shrunk = under * [0.985, 1, 0.985]
    pieces = [
        tube(outer, "cloth", "skirt"),
        hem(outer[-1], outer[-1] * [0.975, 1, 0.975] + [0, 1, 0], "lining", True),
        tube(under, "cloth", "frill"),
        hem(under[-1], shrunk[-1], "frill", True),
        flipped(tube(shrunk, "cloth", "shorts")),
        ribbon_band(between(outer, 4.62), between(outer, 4.76), 1.0),
    ]
    for piece in pieces:
        piece.weights = hang_weights(piece.positions, chains, heights, 0.5)
    return pieces


def belt() -> list[Piece]:
    """The belt with a star for a buckle."""
    stops = ((980, 0.5), (975, 3.0), (952, 4.5), (946, 2.5))
    rings = np.array([ring(y, 76 + g, 57 + g, -57 - g, turn(20), 2.1) for y, g in stops])
    buckle = star(np.array([0.0, 963.0, 62.0]), 15.0, 4.0, np.array([0, 0.1, 1.0]))
    return bound([tube(rings, "cloth", "belt"), *buckle], "trunk")


_HIPS = ((950, 71, 50, -49), (900, 85, 53, -58), (850, 99, 55, -71), (820, 98, 52, -70), (795, 78, 40, -56))


def shorts() -> list[Piece]:
    """Dark shorts, so that a kick shows nothing but cloth."""
    left = tube(leg_rings((860, 825, 790, 765, 744), 2.0), "cloth", "shorts")
    left.weights = leg_weights(left.positions)
    middle = tube(
        np.array([ring(y, w + 2, f + 2, b - 2, turn(16)) for y, w, f, b in _HIPS]), "cloth", "shorts", cap_end=True
    )
    middle.weights = trunk_weights(middle.positions)
    return [middle, *both(left)]


def socks() -> list[Piece]:
    """Over-knee socks with a soft edge and a glowing line."""
    rings = np.concatenate([leg_rings((598,), -1.0), leg_rings((600, 560, 510, 465, 428, 390, 345, 300), 1.7)])
    pieces = [tube(rings, "cloth", "sock"), ribbon_band(leg_rings((583,), 1.8)[0], leg_rings((577,), 1.8)[0], 0.7)]
    return [p for piece in bound(pieces, "leg") for p in both(piece)]


_FOOT_X = 61.0
_BOOT = (
    # centre y, z, tilt in degrees, half width, reach to the front, reach to the back
    (318, -9, 0, 40, 34, 41), (290, -9, 0, 38.5, 32.5, 40), (245, -9, 0, 34, 29, 36), (195, -9, 0, 29, 25.5, 29),
    (150, -9, 2, 26.5, 24.5, 26), (116, -8, 12, 30, 31, 32), (90, -1, 32, 33, 38, 44), (68, 16, 56, 36.5, 42, 50),
    (54, 42, 76, 39, 36, 38), (46, 72, 88, 39.5, 29, 30), (40, 98, 96, 36, 23, 24), (34, 114, 102, 25, 15, 18),
    (31, 120, 102, 9, 6, 8),
)  # fmt: skip


def boots() -> list[Piece]:
    """Platform boots to the middle of the calf with a turned-down top and a glowing welt."""
    theta = turn(14)
    rows = []
    for y, z, tilt, w, f, b in _BOOT:
        front = np.array([0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
        s, c = np.sin(theta), np.cos(theta)
        reach = np.where(c > 0, f, b) * np.sign(c) * np.abs(c) ** 0.9
        row = (
            np.array([_FOOT_X, y, z]) + np.outer(w * np.sign(s) * np.abs(s) ** 0.9, [1, 0, 0]) + np.outer(reach, front)
        )
        row[:, 1] = np.maximum(row[:, 1], 18)
        rows.append(row)
    rings = np.array(rows)
    boot = tube(rings, "cloth", "boot", cap_end=True)
    middle = np.array([_FOOT_X, 0, -9])
    fold = np.array(
        [(rings[0] - middle) * [g, 0, g] + middle + [0, y, 0] for y, g in ((326, 1.0), (320, 1.1), (282, 1.13))]
    )
    fold[-1, :, 1] -= 9 * np.abs(np.sin(theta * 0.5 + np.pi / 2)) ** 6
    pieces = [boot, *shell(fold, "cuff", "lining", 3.0), *_sole()]
    pieces.append(ribbon_band(between(fold, 1.72), between(fold, 1.86), 0.8))
    return [p for piece in bound(pieces, "leg") for p in both(piece)]


def _sole() -> list[Piece]:
    outline = curve([(0, -48), (19, -42), (29, -20), (30, 10), (37, 55), (38, 84), (26, 112), (0, 124)], 10)
    full = np.concatenate([outline, (outline * [-1, 1])[-2:0:-1]])[::-1]
    rows = []
    for y, grow in ((27, 0.96), (25, 1.0), (4, 1.0), (0, 0.95)):
        p = full * grow
        rows.append(np.stack([p[:, 0] + _FOOT_X, np.full(len(p), float(y)), p[:, 1]], -1))
    rings = np.array(rows)
    return [tube(rings, "cloth", "sole", cap_end=True), ribbon_band(between(rings, 1.25), between(rings, 1.55), 0.8)]


def ribbon() -> list[Piece]:
    """The bow at the collar with a star in its middle."""
    centre = np.array([0.0, 1171.0, 54.0])
    knot = star(centre + np.array([0, 0, 9.0]), 11.0, 4.0, np.array([0.0, 0.15, 1.0]))
    return bound([*bow(centre), *knot], "trunk")


def idol(skeleton: Skeleton) -> list[Piece]:
    """Jacket, blouse, skirt, shorts, socks, boots."""
    return [*top(), *jacket(), *ribbon(), *skirt(skeleton), *belt(), *shorts(), *socks(), *boots()]

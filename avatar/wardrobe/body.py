"""The body under the clothes: neck and chest, arms, hands, legs; and the weights everything near it shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.wardrobe.mesh import Array, Piece, merged, mirrored, smoothstep, tube
from avatar.wardrobe.skeleton import FINGERS, THUMB

ARM_Y, ARM_Z = 1160.0, -14.0
WRIST = 486.0

TORSO = np.array([
    # y, half width, front, back
    (1285, 27, 22, -44), (1240, 27.5, 23, -42), (1218, 28.5, 25, -43), (1204, 33, 27, -46), (1193, 46, 31, -50),
    (1182, 66, 37, -54), (1168, 86, 45, -58), (1150, 98, 54, -62), (1128, 97, 65, -65), (1104, 94, 76, -66),
    (1078, 91, 82, -65), (1054, 86, 76, -62), (1030, 80, 65, -58), (1000, 73, 56, -53), (970, 69, 51, -49),
    (940, 72, 50, -50), (910, 82, 52, -56), (880, 93, 54, -64), (850, 101, 55, -71), (825, 104, 54, -73),
])  # fmt: skip
"""Sections of the trunk from neck to hips, millimetres."""


def torso_at(y: float) -> tuple[float, float, float]:
    """Half width, front and back of the trunk at a height."""
    rows = TORSO[::-1]
    return tuple(float(np.interp(y, rows[:, 0], rows[:, k])) for k in (1, 2, 3))  # type: ignore[return-value]


def ring(y: float, width: float, front: float, back: float, theta: Array, power: float = 2.2, x: float = 0.0) -> Array:
    """A horizontal section over azimuths ``theta`` (0 front, pi/2 her left)."""
    s, c = np.sin(theta), np.cos(theta)
    middle = (front + back) / 2
    half = (front - back) / 2
    px = x + width * np.sign(s) * np.abs(s) ** (2 / power)
    pz = middle + half * np.sign(c) * np.abs(c) ** (2 / power)
    return np.stack([px, np.full_like(px, y), pz], -1)


def turn(segments: int) -> Array:
    """Azimuths of a closed ring."""
    return np.linspace(0, 2 * np.pi, segments + 1)[:-1]


def ramp(value: Array, stops: Sequence[tuple[float, str]]) -> dict[str, Array]:
    """Weights that pass from bone to bone as ``value`` passes the (rising) stops, eased between them."""
    weights: dict[str, Array] = {}
    at = np.array([s for s, _ in stops])
    place_ = np.clip(np.searchsorted(at, value) - 1, 0, len(at) - 2)
    share = smoothstep(0, 1, (value - at[place_]) / (at[place_ + 1] - at[place_]))
    for i, (_, bone) in enumerate(stops):
        near = np.where(place_ == i, 1 - share, 0) + np.where(place_ + 1 == i, share, 0)
        weights[bone] = weights.get(bone, np.zeros(len(value))) + near
    return weights


def trunk_weights(points: Array) -> dict[str, Array]:
    """Hips to head by height, with the shoulders taking their corner."""
    y, x = points[:, 1], points[:, 0]
    weights = ramp(
        y,
        [(872, "hips"), (935, "spine"), (985, "spine"), (1030, "chest"), (1070, "chest"), (1115, "upperChest"),
         (1180, "upperChest"), (1206, "neck"), (1222, "neck"), (1256, "head")],
    )  # fmt: skip
    for side, sign in (("left", 1.0), ("right", -1.0)):
        share = smoothstep(45, 105, x * sign) * smoothstep(1075, 1135, y) * 0.75
        arm = smoothstep(92, 122, x * sign) * smoothstep(1085, 1130, y) * 0.6
        for bone in list(weights):
            weights[bone] = weights[bone] * (1 - share)
        weights[f"{side}Shoulder"] = share * (1 - arm)
        weights[f"{side}UpperArm"] = share * arm
    return weights


def arm_weights(points: Array) -> dict[str, Array]:
    """Shoulder to hand by x, left side."""
    return ramp(
        points[:, 0],
        [(70, "upperChest"), (86, "leftShoulder"), (120, "leftUpperArm"), (276, "leftUpperArm"),
         (322, "leftLowerArm"), (462, "leftLowerArm"), (500, "leftHand")],
    )  # fmt: skip


def leg_weights(points: Array) -> dict[str, Array]:
    """Hips to toes, left side."""
    weights = ramp(
        points[:, 1],
        [(50, "leftFoot"), (98, "leftLowerLeg"), (388, "leftLowerLeg"), (468, "leftUpperLeg"), (740, "leftUpperLeg"),
         (838, "hips")],
    )  # fmt: skip
    toes = smoothstep(58, 86, points[:, 2]) * smoothstep(90, 60, points[:, 1])
    weights["leftToes"] = weights["leftFoot"] * toes
    weights["leftFoot"] = weights["leftFoot"] * (1 - toes)
    return weights


def neck() -> Piece:
    """Neck and upper chest, shaded under the chin by its texture."""
    rows = [ring(y, w, f, b, turn(16)) for y, w, f, b in TORSO[:6]]
    piece = tube(np.array(rows), "skin", "neck")
    piece.weights = trunk_weights(piece.positions)
    return piece


def arm_rings(stops: Sequence[Sequence[float]], segments: int, drop: float = 0.0) -> Array:
    """Rings around the arm: (x, half height, half depth, sink); they run outwards along x."""
    theta = turn(segments)
    rows = []
    for x, high, deep, *sink in stops:
        y = ARM_Y + high * np.sin(theta) - drop - (sink[0] if sink else 0.0)
        z = ARM_Z + deep * np.cos(theta)
        rows.append(np.stack([np.full_like(y, x), y, z], -1))
    return np.array(rows)


def _finger(points: Array, radius: float, tip: float) -> Piece:
    theta = turn(6)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    side = np.cross(along, up)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    up2 = np.cross(side, along)
    size = np.linspace(radius, tip, len(points))
    size[-1] *= 0.62
    rings = (
        points[:, None]
        + side[:, None] * (np.cos(theta)[None, :, None] * size[:, None, None])
        + up2[:, None] * (np.sin(theta)[None, :, None] * size[:, None, None] * 0.94)
    )
    end = points[-1] + along[-1] * size[-1] * 0.7
    rings = np.concatenate([rings, np.broadcast_to(end, rings[-1:].shape)])
    return tube(rings, "skin", "skin", (0.1, 0.2, 0.5, 0.8))


def hand() -> Piece:
    """Her left hand: palm, four fingers, thumb, with a little relaxed curl."""
    palm = arm_rings(
        [(WRIST - 40, 15, 19), (WRIST - 14, 13.5, 17), (WRIST + 4, 12.5, 18.5), (WRIST + 26, 12.5, 25),
         (WRIST + 52, 12, 29), (WRIST + 72, 10.5, 29), (WRIST + 82, 8, 26)], 10,
    )  # fmt: skip
    palm[3:, :, 2] += 1.5
    parts = [tube(palm, "skin", "skin", (0.1, 0.2, 0.5, 0.8), cap_end=True)]
    parts[0].weights = arm_weights(parts[0].positions)
    for name, ((x, z), length, radius) in FINGERS.items():
        share = np.array([-0.16, 0.36, 0.52, 0.74, 0.97])
        points = np.stack(
            [WRIST + x + length * share, ARM_Y - 1 - 9 * np.clip(share, 0, 1) ** 2, ARM_Z + z + 3 * share * np.sign(z)],
            -1,
        )
        piece = _finger(points, radius, radius * 0.8)
        along = (piece.positions[:, 0] - WRIST - x) / length
        bones = [f"left{name}{part}" for part in ("Proximal", "Intermediate", "Distal")]
        piece.weights = ramp(
            along,
            [
                (-0.1, "leftHand"),
                (0.06, bones[0]),
                (0.38, bones[0]),
                (0.54, bones[1]),
                (0.68, bones[1]),
                (0.8, bones[2]),
            ],
        )
        parts.append(piece)
    thumb = np.array([[WRIST + x, ARM_Y - 6 - 2 * i, ARM_Z + z] for i, (x, z) in enumerate(THUMB)])
    thumb = np.concatenate([thumb[:1] * 0.5 + [[(WRIST + 14) * 0.5, (ARM_Y - 4) * 0.5, (ARM_Z + 10) * 0.5]], thumb])
    piece = _finger(thumb, 10.0, 6.4)
    along = piece.positions[:, 0] - WRIST
    piece.weights = ramp(
        along, [(18, "leftHand"), (30, "leftThumbMetacarpal"), (42, "leftThumbProximal"), (70, "leftThumbDistal")]
    )
    parts.append(piece)
    return merged(parts)


LEG = np.array([
    # y, x, half width, front, back
    (872, 47, 50, 48, -66), (845, 50, 54, 52, -72), (815, 52.5, 56, 55, -71), (780, 55, 56, 56, -66),
    (740, 56.5, 54.5, 55, -60), (700, 57.5, 52, 53, -55), (650, 58, 48, 50.5, -48.5), (600, 58, 43.6, 46.5, -43),
    (550, 58, 39.2, 42, -37.5), (500, 58, 35.4, 38.5, -33), (460, 58.3, 32.4, 36.5, -29), (428, 58.6, 31, 35.5, -28),
    (395, 59.4, 30.6, 31, -32), (350, 60.6, 33, 26.5, -42), (310, 61.3, 32.6, 24, -43.5), (270, 61.2, 29.5, 21.5, -40),
    (220, 61, 25, 18, -33), (140, 60, 21, 13, -28),
])  # fmt: skip
"""Sections of the left leg."""


def leg_rings(y_values: Sequence[float], grow: float, segments: int = 14) -> Array:
    """Rings around the left leg at heights, ``grow`` millimetres larger than the skin."""
    rows = LEG[::-1]
    out = []
    for y in y_values:
        x, w, f, b = (float(np.interp(y, rows[:, 0], rows[:, k])) for k in (1, 2, 3, 4))
        out.append(ring(y, w + grow, f + grow, b - grow, turn(segments), 2.1, x))
    return np.array(out)


def thigh(tights: bool = False) -> Piece:
    """The upper part of the left leg, bare or in tights."""
    rings = leg_rings((790, 740, 695, 650, 610, 560), 0.0)
    piece = tube(rings, "cloth", "shorts") if tights else tube(rings, "skin", "leg")
    piece.weights = leg_weights(piece.positions)
    return piece


def gloved(piece: Piece) -> Piece:
    """The hand in a cloth glove."""
    piece.material, piece.tile = "cloth", "shorts"
    return piece


def build(tights: bool = False, gloves: bool = False) -> list[Piece]:
    """Neck, hands and thighs; what clothes hide is not built."""
    left = [thigh(tights), gloved(hand()) if gloves else hand()]
    return [neck(), *left, *(mirrored(p) for p in left)]

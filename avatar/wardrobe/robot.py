"""A radio-headed robot: rounded shell, a dot-matrix face that draws eyes and mouth, antenna, bow tie.

The face is a grid of glowing dots. A dot is a quad whose height is its light: a morph that puts a dot out flattens
it, and going past zero turns it away, so shapes still add up. Which dots shine is read off the same lid and lip
curves as the girl's face, so every expression and vowel is hers too.
"""

from __future__ import annotations

import numpy as np

from avatar.wardrobe import eyes, mouth
from avatar.wardrobe.body import arm_rings, arm_weights, gloved, hand, leg_rings, leg_weights, ring, trunk_weights, turn
from avatar.wardrobe.cloth import between, bow, piping, ribbon_band, star
from avatar.wardrobe.eyes import Lids
from avatar.wardrobe.head import place
from avatar.wardrobe.mesh import Array, Piece, both, merged, mirrored, smoothstep, tube
from avatar.wardrobe.mouth import Lips
from avatar.wardrobe.outfit import boots
from avatar.wardrobe.skeleton import Skeleton

_MIDDLE = np.array([0.0, 108.0, -8.0])
_RADII = np.array([124.0, 104.0, 96.0])
_PITCH = 5.6
"""Distance of the dots, millimetres."""
_RAISE = 17.0
"""How much higher than on the girl the face is drawn."""


def _box(theta: Array, lift: Array, grow: float = 0.0, power: float = 3.6) -> Array:
    """A point of the rounded box: azimuth and elevation in radians."""

    def soft(value: Array) -> Array:
        return np.asarray(np.sign(value) * np.abs(value) ** (2 / power))

    flat = soft(np.cos(lift))
    unit_ = np.stack([soft(np.sin(theta)) * flat, soft(np.sin(lift)), soft(np.cos(theta)) * flat], -1)
    return np.asarray(_MIDDLE + unit_ * (_RADII + grow))


def _front(x: Array, h: Array, lift: float) -> Array:
    """A point of the screen: a gentle cushion in front of the box."""
    u, v = x / _RADII[0], (h - _MIDDLE[1]) / _RADII[1]
    z = _MIDDLE[2] + _RADII[2] + 3.0 + lift - 9.0 * (u**4 + v**4)
    return np.stack([x, h, z], -1)


def _head() -> list[Piece]:
    theta, lift = turn(32), np.radians(np.linspace(90, -90, 17))
    shell = tube(place(np.array([_box(theta, np.full(32, e)) for e in lift])), "skin", "skin", (0.3, 0.3, 0.6, 0.6))
    around = turn(36)
    edge = np.stack([np.sign(np.sin(around)) * np.abs(np.sin(around)) ** 0.55 * 99,
                     np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.55 * 78], -1)  # fmt: skip
    rows = [_front(edge[:, 0] * k, _MIDDLE[1] + edge[:, 1] * k, 0.0) for k in (0.0, 0.4, 0.75, 0.97)]
    rows.append(_front(edge[:, 0] * 1.0, _MIDDLE[1] + edge[:, 1] * 1.0, -8.0))
    screen = tube(place(np.array(rows)), "cloth", "belt", (0.3, 0.3, 0.6, 0.6))
    bezel = piping(place(_front(edge[:, 0] * 1.03, _MIDDLE[1] + edge[:, 1] * 1.03, -3.0)), 4.5, True, "cloth", "cuff")
    pieces = [shell, screen, bezel]
    for x, size, tile in ((122, 34, "jacket"), (132, 24, "cuff")):  # loudspeakers for ears
        turned = turn(18)
        disc = [np.stack([np.full(18, x + dx), _MIDDLE[1] + s * np.sin(turned), -8 + s * np.cos(turned)], -1)
                for dx, s in ((-14, size), (4, size), (8, size * 0.86))]  # fmt: skip
        pieces += both(tube(place(np.array(disc)), "cloth", tile, (0.3, 0.3, 0.6, 0.6), cap_end=True))
    return [p.bind("head") for p in pieces]


def _grid(x0: float, x1: float, h0: float, h1: float) -> Array:
    x = np.arange(x0, x1, _PITCH)
    h = np.arange(h0, h1, _PITCH)
    return np.stack([g.ravel() for g in np.meshgrid(x, h)], -1)


def _eye_light(cells: Array, lids: Lids) -> Array:
    x = np.clip(cells[:, 0], eyes.INNER, eyes.OUTER)
    upper, lower = lids.upper(x), lids.lower(x)
    inside = (cells[:, 0] > eyes.INNER - 1) & (cells[:, 0] < eyes.OUTER + 1)
    middle = (upper + lower) / 2
    half = np.maximum((upper - lower) / 2, 3.4)
    return np.asarray(smoothstep(half + 1.6, half - 0.8, np.abs(cells[:, 1] - middle)) * inside)


def _mouth_light(cells: Array, lips: Lips) -> Array:
    spread = 1.8  # a mouth to be read across a room
    along = np.clip(cells[:, 0] / spread / lips.upper[-1, 0], 0, 1)
    at = lips.upper[:, 0] / lips.upper[-1, 0]
    upper, lower = (44 + (np.interp(along, at, curve[:, 1]) - 37) * 1.35 for curve in (lips.upper, lips.lower))
    half = np.maximum((upper - lower) / 2, 3.2)
    wide = cells[:, 0] < spread * lips.upper[-1, 0] + 1.0
    return np.asarray(smoothstep(half + 1.6, half - 0.8, np.abs(cells[:, 1] - (upper + lower) / 2)) * wide)


def _dots(cells: Array, light: Array, morphs: dict[str, Array], bone: str) -> Piece:
    used = np.max([light, *morphs.values()], axis=0) > 0.05
    cells, light = cells[used], light[used]
    half = _PITCH * 0.43
    corner = np.array([[-1, 1], [-1, -1], [1, -1], [1, 1]]) * half
    n = len(cells)

    def quads(height: Array) -> Array:
        offset = np.repeat(corner[None], n, 0) * np.stack([np.ones((n, 1)), height[:, None]], -1)
        flat = (cells[:, None] + offset).reshape(-1, 2)
        return _front(flat[:, 0], flat[:, 1] + _RAISE, 1.2)

    base = quads(light)
    first = np.arange(n)[:, None] * 4
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    ahead = np.tile([0.0, 0.0, 1.0], (n * 4, 1))
    piece = Piece("glow", "glow", place(base), triangles, np.full((n * 4, 2), 0.5), ahead)
    for name, value in morphs.items():
        piece.morphs[name] = quads(value[used]) - base
    return piece.bind(bone)


def face() -> list[Piece]:
    """The dots of eyes and mouth."""
    left = _grid(_PITCH / 2 + 2 * _PITCH, 84, 66, 142)
    eye = _dots(left, _eye_light(left, eyes.REST), {n: _eye_light(left, s) for n, s in eyes.SHAPES.items()}, "leftEye")
    half = _grid(_PITCH / 2, 40, -4, 62)
    shapes = {**mouth.VOWELS, **mouth.MOODS}
    lips = _dots(half, _mouth_light(half, mouth.REST), {n: _mouth_light(half, s) for n, s in shapes.items()}, "head")
    still = merged([lips, mirrored(lips)])
    brows = {name: np.zeros_like(still.positions) for name in ("browUp", "browAngry", "browSad", "browSoft")}
    still.morphs |= brows
    return [*both(eye), still]


def _antenna(skeleton: Skeleton) -> list[Piece]:
    points = place(np.array([[34.0, 206, -8], [40, 240, -8], [46, 274, -8], [50, 300, -8]]))
    joints = skeleton.chain("antenna", "head", points, (2.4, 0.25, 0.0, 6.0), ("head",))
    rod = piping(points[:-1], 3.0, material="cloth", tile="belt")
    ball_at = points[2] + np.array([2.0, 8, 0])
    theta = turn(12)
    rows = []
    for e in np.radians(np.linspace(90, -90, 7)):
        flat = np.stack([np.cos(e) * np.sin(theta), np.full(12, np.sin(e)), np.cos(e) * np.cos(theta)], -1)
        rows.append(ball_at + 11.0 * flat)
    ball = tube(np.array(rows), "glow", "glow", (0.3, 0.3, 0.6, 0.6))
    share = np.clip((rod.positions[:, 1] - points[0, 1]) / (points[2, 1] - points[0, 1]), 0, 1)
    rod.weights = {joints[0]: 1 - share, joints[1]: share}
    return [rod, ball.bind(joints[1])]


def _torso() -> list[Piece]:
    stops = ((1214, 24, 20, -38), (1196, 40, 34, -52), (1186, 78, 52, -66), (1166, 98, 68, -80), (1120, 112, 82, -90),
             (1060, 116, 88, -92), (1000, 110, 82, -86), (950, 100, 72, -78), (920, 84, 58, -66))  # fmt: skip
    trunk = np.array([ring(y, w, f, b, turn(24), 2.6) for y, w, f, b in stops])
    low = ((924, 78, 54, -60), (890, 92, 60, -70), (850, 98, 60, -72), (815, 92, 54, -66), (792, 70, 36, -48))
    hips = np.array([ring(y, w, f, b, turn(24), 2.5) for y, w, f, b in low])
    neck = np.array([ring(y, 24, 18, -32, turn(14)) for y in (1275.0, 1240.0, 1205.0)])
    pieces = [
        tube(trunk, "skin", "skin", (0.3, 0.3, 0.6, 0.6)),
        tube(hips, "cloth", "belt", cap_end=True),
        tube(neck, "cloth", "belt"),
        ribbon_band(between(trunk, 6.4), between(trunk, 6.62), 1.0),
        *bow(np.array([0.0, 1176.0, 72.0]), 1.25),
        *star(np.array([0.0, 1176.0, 84.0]), 12.0, 4.0, np.array([0, 0.1, 1.0])),
    ]
    dial = turn(20)
    plate = [np.stack([34 * k * np.cos(dial), 1080 + 34 * k * np.sin(dial), np.full(20, 90.0 + d)], -1)
             for k, d in ((1.0, -4), (1.0, 3), (0.8, 4), (0.01, 4))]  # fmt: skip
    pieces.append(tube(np.array(plate)[:, ::-1], "cloth", "cuff", (0.3, 0.3, 0.6, 0.6)))
    for piece in pieces:
        piece.weights = trunk_weights(piece.positions)
    return pieces


def _limbs() -> list[Piece]:
    shoulder = arm_rings([(92, 20, 20), (100, 40, 40), (118, 44, 44), (138, 38, 38), (146, 24, 24)], 16)
    rod = arm_rings([(140, 19, 19), (275, 19, 19), (290, 26, 26), (312, 26, 26), (326, 20, 20)], 14)
    cuff = arm_rings([(316, 20, 20), (324, 30, 30), (350, 36, 36), (420, 41, 41), (446, 41, 41), (452, 33, 33)], 16)
    arm = [
        tube(shoulder, "cloth", "jacket", (0.1, 0.1, 0.3, 0.7)),
        tube(rod, "cloth", "belt"),
        tube(cuff, "skin", "skin", (0.3, 0.3, 0.6, 0.6), cap_end=True),
    ]
    wrist = arm_rings([(424, 41.2, 41.2), (434, 41.2, 41.2)], 16)
    arm.append(ribbon_band(wrist[0], wrist[1], 0.8))
    for piece in arm:
        piece.weights = arm_weights(piece.positions)
    leg = [
        tube(leg_rings((815, 700, 580, 460), -18.0), "cloth", "belt"),
        tube(leg_rings((478, 470, 430, 392, 384), 5.0), "cloth", "jacket", (0.1, 0.1, 0.3, 0.7)),
        tube(leg_rings((392, 384, 340, 300), 3.0), "skin", "skin", (0.3, 0.3, 0.6, 0.6)),
    ]
    for piece in leg:
        piece.weights = leg_weights(piece.positions)
    return [p for piece in [*arm, *leg, gloved(hand())] for p in both(piece)]


def build(skeleton: Skeleton) -> tuple[list[Piece], list[Piece]]:
    """The face's dots, and everything else."""
    return face(), [*_head(), *_antenna(skeleton), *_torso(), *_limbs(), *boots()]

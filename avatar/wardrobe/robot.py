"""A radio-headed robot: rounded shell, a dot-matrix face that draws eyes and mouth, antenna, bow tie.

The face is a grid of glowing dots. A dot is a quad whose height is its light: a morph that puts a dot out flattens
it, and going past zero turns it away, so shapes still add up. Which dots shine is read off the same lid and lip
curves as the girl's face, so every expression and vowel is hers too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.wardrobe import eyes, mouth
from avatar.wardrobe.body import (
    ARM_Y,
    ARM_Z,
    arm_rings,
    arm_weights,
    gloved,
    hand,
    leg_weights,
    ring,
    trunk_weights,
    turn,
)
from avatar.wardrobe.cloth import between, bow, piping, ribbon_band, star
from avatar.wardrobe.eyes import Lids
from avatar.wardrobe.head import place
from avatar.wardrobe.mesh import (
    Array,
    Piece,
    blend_normals,
    both,
    merged,
    mirrored,
    outwards,
    sheet,
    smoothstep,
    tube,
    unit,
)
from avatar.wardrobe.mouth import Lips
from avatar.wardrobe.skeleton import Skeleton

_MIDDLE = np.array([0.0, 112.0, -8.0])
_RADII = np.array([132.0, 112.0, 98.0])
_PITCH = 5.6
"""Distance of the dots, millimetres."""
_RAISE = 17.0
"""How much higher than on the girl the face is drawn."""
_EYE = (49.0, 100.0, 0.80, 1.50)
"""Middle of an eye on the girl's face, and how much narrower and taller it is drawn here."""
_PLAIN = (0.3, 0.3, 0.6, 0.6)


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


def _disc(x: float, rows: tuple[tuple[float, float], ...], tile: str, material: str = "cloth") -> list[Piece]:
    """A round part at both sides of the head: rows of (how far out, radius)."""
    turned = turn(20)
    rings = [
        np.stack([np.full(20, x + out), _MIDDLE[1] + r * np.sin(turned), -8 + r * np.cos(turned)], -1)
        for out, r in rows
    ]
    return both(tube(place(np.array(rings)), material, tile, _PLAIN, cap_end=True))


def _head() -> list[Piece]:
    theta, lift = turn(36), np.radians(np.linspace(90, -90, 21))
    box = np.array([_box(theta, np.full(36, e), power=3.0) for e in lift])
    shell = tube(place(box), "cloth", "shell", _PLAIN)
    flat = np.stack(
        [box[..., 0] / _RADII[0], (box[..., 1] - _MIDDLE[1]) / _RADII[1], (box[..., 2] + 8) / _RADII[2]], -1
    )
    shell.normals = blend_normals(shell.normals, unit(np.concatenate([flat, flat[:, :1]], 1).reshape(-1, 3)), 0.5)
    around = turn(36)
    edge = np.stack([np.sign(np.sin(around)) * np.abs(np.sin(around)) ** 0.6 * 106,
                     np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.6 * 82], -1)  # fmt: skip
    rows = [_front(edge[:, 0] * k, _MIDDLE[1] + edge[:, 1] * k, 0.0) for k in (0.0, 0.4, 0.75, 0.97)]
    rows.append(_front(edge[:, 0] * 1.0, _MIDDLE[1] + edge[:, 1] * 1.0, -8.0))
    screen = tube(place(np.array(rows)), "cloth", "screen", (0.15, 0.1, 0.85, 0.9))
    points = (screen.positions - place(_MIDDLE)) / np.array([230.0, 180.0, 1.0])
    screen.uvs = np.clip(np.stack([0.5 + points[:, 0], 0.5 - points[:, 1]], -1), 0.02, 0.98)
    bezel = piping(place(_front(edge[:, 0] * 1.04, _MIDDLE[1] + edge[:, 1] * 1.04, -3.0)), 6.0, True, "cloth", "jacket")
    pieces = [shell, screen, bezel]
    pieces += _disc(124, ((-16, 42), (6, 42), (12, 37), (12, 33)), "jacket")
    pieces += _disc(130, ((2, 33), (3, 30), (1, 20)), "cuff")
    pieces += _disc(131, ((0, 20), (5, 17), (6, 12)), "jacket")
    rims = [np.stack([np.full(20, x), _MIDDLE[1] + 42.6 * np.sin(turn(20)), -8 + 42.6 * np.cos(turn(20))], -1)
            for x in (124.0, 127.0)]  # fmt: skip
    pieces += both(ribbon_band(place(rims[0]), place(rims[1]), 0.6))
    sweep = np.radians(np.linspace(-90, 90, 17))
    handle = np.stack([74 * np.sign(np.sin(sweep)) * np.abs(np.sin(sweep)) ** 0.6, 206 + 44 * np.cos(sweep) ** 0.6,
                       np.full(17, -22.0)], -1)  # fmt: skip
    pieces.append(piping(place(handle), 7.0, False, "cloth", "jacket"))
    pieces.append(piping(place(handle[5:12] + np.array([0, 1.5, 0])), 9.0, False, "cloth", "cuff"))
    for x, tile in ((-46.0, "cuff"), (-22.0, "jacket")):  # two knobs on the roof
        knob = turn(14)
        rings = [np.stack([x + r * np.sin(knob), np.full(14, y), 30 + r * np.cos(knob)], -1)
                 for y, r in ((208.0, 10.0), (226.0, 10.0), (229.0, 7.0))]  # fmt: skip
        pieces.append(tube(place(np.array(rings))[:, ::-1], "cloth", tile, _PLAIN, cap_end=True))
    return [outwards(p).bind("head") for p in pieces]


def _grid(x0: float, x1: float, h0: float, h1: float) -> Array:
    x = np.arange(x0, x1, _PITCH)
    h = np.arange(h0, h1, _PITCH)
    return np.stack([g.ravel() for g in np.meshgrid(x, h)], -1)


def _eye_light(cells: Array, lids: Lids) -> Array:
    """How lit the dots of the left eye are: an upright oval between the lids, with a dark spark as its highlight."""
    mx, mh, narrow, tall = _EYE
    side = (eyes.OUTER - eyes.INNER) / 2 * narrow
    across = (cells[:, 0] - mx) / side
    x = np.clip(eyes.INNER + (across + 1) / 2 * (eyes.OUTER - eyes.INNER), eyes.INNER, eyes.OUTER)
    bow = 20.0 * tall * np.sqrt(np.clip(1 - across**2, 0, 1))
    upper = mh + bow + (lids.upper(x) - eyes.REST.upper(x)) * tall
    lower = mh - bow + (lids.lower(x) - eyes.REST.lower(x)) * tall
    half = np.maximum((upper - lower) / 2, 4.6)
    lit = smoothstep(half + 2.0, half - 1.4, np.abs(cells[:, 1] - (upper + lower) / 2)) * (np.abs(across) < 1.04)
    open_ = smoothstep(14.0, 24.0, float(lids.upper(mx) - lids.lower(mx)))
    spark = (np.abs(cells[:, 0] - mx + 7.5) < 5.6) & (np.abs(cells[:, 1] - mh - 17.0) < 6.0)
    return np.asarray(lit * (1 - open_ * spark))


def _mouth_light(cells: Array, lips: Lips) -> Array:
    spread = 2.0  # a mouth to be read across a room
    along = np.clip(cells[:, 0] / spread / lips.upper[-1, 0], 0, 1)
    at = lips.upper[:, 0] / lips.upper[-1, 0]
    upper, lower = (44 + (np.interp(along, at, curve[:, 1]) - 37) * 1.35 for curve in (lips.upper, lips.lower))
    half = np.maximum((upper - lower) / 2, 3.2)
    wide = cells[:, 0] < spread * lips.upper[-1, 0] + 1.0
    return np.asarray(smoothstep(half + 1.6, half - 0.8, np.abs(cells[:, 1] - (upper + lower) / 2)) * wide)


def _dots(cells: Array, light: Array, morphs: dict[str, Array], bone: str) -> Piece:
    used = np.max([light, *morphs.values()], axis=0) > 0.05  # dots that never shine are not there
    cells, light = cells[used], light[used]
    half = _PITCH * 0.43
    corner = np.array([[-1, 1], [-1, -1], [1, -1], [1, 1]]) * half
    n = len(cells)

    def quads(height: Array) -> Array:
        offset = np.repeat(corner[None], n, 0) * np.stack([np.ones((n, 1)), height[:, None]], -1)
        flat = (cells[:, None] + offset).reshape(-1, 2)
        return _front(flat[:, 0], flat[:, 1] + _RAISE, 3.4)

    base = quads(light)
    first = np.arange(n)[:, None] * 4
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    ahead = np.tile([0.0, 0.0, 1.0], (n * 4, 1))
    piece = Piece("glow", "glow", place(base), triangles, np.full((n * 4, 2), 0.5), ahead)
    for name, value in morphs.items():
        piece.morphs[name] = quads(value[used]) - base
    return piece.bind(bone)


def _cheeks() -> Piece:
    """A short row of warm dots under the eye."""
    cells = np.array([[72.0, 54], [72 + _PITCH, 54], [72 + 2 * _PITCH, 54],
                      [72 + _PITCH / 2, 54 - _PITCH], [72 + 1.5 * _PITCH, 54 - _PITCH]])  # fmt: skip
    piece = _dots(cells, np.full(len(cells), 0.8), {}, "head")
    piece.tile = "cheek"
    return piece


def face() -> list[Piece]:
    """The dots of eyes and mouth."""
    left = _grid(_PITCH / 2 + 3 * _PITCH, 82, 48, 152)
    eye = _dots(left, _eye_light(left, eyes.REST), {n: _eye_light(left, s) for n, s in eyes.SHAPES.items()}, "leftEye")
    half = _grid(_PITCH / 2, 40, -4, 62)
    shapes = {**mouth.VOWELS, **mouth.MOODS}
    lips = _dots(half, _mouth_light(half, mouth.REST), {n: _mouth_light(half, s) for n, s in shapes.items()}, "head")
    still = merged([lips, mirrored(lips)])
    brows = {name: np.zeros_like(still.positions) for name in ("browUp", "browAngry", "browSad", "browSoft")}
    still.morphs |= brows
    return [*both(eye), *both(_cheeks()), still]


def _antenna(skeleton: Skeleton) -> list[Piece]:
    points = place(np.array([[58.0, 212, -8], [68, 250, -8], [78, 292, -8], [84, 320, -8]]))
    joints = skeleton.chain("antenna", "head", points, (2.4, 0.25, 0.0, 6.0), ("head",))
    rod = piping(points[:-1], 3.6, material="cloth", tile="belt")
    ball_at = points[2] + np.array([2.0, 8, 0])
    theta = turn(12)
    rows = []
    for e in np.radians(np.linspace(90, -90, 7)):
        flat = np.stack([np.cos(e) * np.sin(theta), np.full(12, np.sin(e)), np.cos(e) * np.cos(theta)], -1)
        rows.append(ball_at + 14.0 * flat)
    ball = tube(np.array(rows), "glow", "glow", (0.3, 0.3, 0.6, 0.6))
    share = np.clip((rod.positions[:, 1] - points[0, 1]) / (points[2, 1] - points[0, 1]), 0, 1)
    rod.weights = {joints[0]: 1 - share, joints[1]: share}
    return [rod, ball.bind(joints[1])]


_TRUNK = ((1224, 26, 22, -40), (1208, 46, 38, -56), (1190, 84, 58, -76), (1160, 114, 84, -98), (1110, 134, 104, -112),
          (1050, 144, 112, -116), (990, 142, 110, -114), (935, 128, 98, -104), (890, 104, 76, -86),
          (862, 74, 50, -62))  # fmt: skip
_HIPS = ((884, 96, 70, -82), (858, 100, 72, -84), (826, 92, 64, -76), (800, 70, 46, -56))


def _chest() -> list[Piece]:
    """The radio on the chest: a loudspeaker behind bars, two knobs, a lit dial."""

    def on(x: float | Array, y: Array, out: float) -> Array:
        """Points ``out`` in front of the trunk."""
        rows = np.array(_TRUNK)[::-1]
        front = np.interp(y, rows[:, 0], rows[:, 2])
        width = np.interp(y, rows[:, 0], rows[:, 1])
        z = front * np.sqrt(np.clip(1 - (np.asarray(x) / (width * 1.06)) ** 2, 0, 1))
        return np.stack([x + 0 * y, y, z + out], -1)

    around = turn(24)
    pieces = []
    rows = [on(r * np.sin(around), 1046 + r * np.cos(around), out)
            for r, out in ((50.0, -2.0), (50.0, 5.0), (44.0, 6.5), (41.0, 3.0))]  # fmt: skip
    pieces.append(tube(np.array(rows), "cloth", "jacket", _PLAIN))
    plate = [on(r * np.sin(around), 1046 + r * np.cos(around), 3.0) for r in (41.5, 20.0, 0.01)]
    disc = tube(np.array(plate), "cloth", "grille")
    offset = disc.positions[:, :2] - [0, 1046]
    disc.uvs = np.clip(0.5 + offset * [1, -1] / 88.0, 0.02, 0.98)
    pieces.append(disc)
    for x in (-62.0, 62.0):
        knob = turn(16)
        rows = [on(x + r * np.sin(knob), 980 + r * np.cos(knob), out)
                for r, out in ((13.0, -3.0), (13.0, 8.0), (10.0, 10.0), (0.01, 10.0))]  # fmt: skip
        pieces.append(tube(np.array(rows), "cloth", "cuff", _PLAIN))
    across = np.linspace(-38, 38, 9)
    dial = np.stack([on(across, np.full(9, y), 2.0) for y in (985.0, 975.0)])
    pieces.append(sheet(dial, "glow", "glow", _PLAIN))
    return [outwards(p) for p in pieces]


def _torso() -> list[Piece]:
    trunk = np.array([ring(y, w, f, b, turn(28), 2.3) for y, w, f, b in _TRUNK])
    hips = np.array([ring(y, w, f, b, turn(24), 2.3) for y, w, f, b in _HIPS])
    neck = np.array([ring(y, 26 + 3 * (i % 2), 20 + 3 * (i % 2), -36 - 3 * (i % 2), turn(16))
                     for i, y in enumerate((1270.0, 1258.0, 1246.0, 1234.0, 1222.0, 1206.0))])  # fmt: skip
    pieces = [
        tube(trunk, "cloth", "shell", _PLAIN),
        tube(hips, "cloth", "jacket", (0.1, 0.1, 0.3, 0.7), cap_end=True),
        tube(neck, "cloth", "belt"),
        ribbon_band(between(trunk, 7.3), between(trunk, 7.5), 1.0),
        *bow(np.array([0.0, 1172.0, 92.0]), 1.55),
        *star(np.array([0.0, 1172.0, 107.0]), 13.0, 5.0, np.array([0, 0.1, 1.0])),
        *_chest(),
    ]
    for piece in pieces:
        piece.weights = trunk_weights(piece.positions)
    return pieces


def _ridged(stops: Sequence[tuple[float, float]], count: int) -> list[tuple[float, float, float]]:
    """A hose between (along, radius) stops with ``count`` ridges."""
    at = np.linspace(0, 1, 2 * count + 1)
    along = np.interp(at, [0, 1], [stops[0][0], stops[-1][0]])
    radius = np.interp(along, [s[0] for s in stops], [s[1] for s in stops]) + np.where(
        np.arange(2 * count + 1) % 2, 2.2, 0
    )
    return [(float(a), float(r), float(r)) for a, r in zip(along, radius)]


def _shoes() -> list[Piece]:
    """Round shoes with a thick sole."""
    theta = turn(20)
    rows = []
    for y, w, f, b in ((96, 30, 24, -40), (84, 41, 46, -52), (66, 52, 82, -62), (44, 57, 104, -66), (24, 57, 106, -66)):
        rows.append(ring(y, w, f, b, theta, 2.2, 62.0))
    upper = tube(np.array(rows), "cloth", "jacket", (0.1, 0.1, 0.3, 0.7))
    sole = np.array([ring(y, w, f, b, theta, 2.2, 62.0)
                     for y, w, f, b in ((25, 58, 107, -67), (23, 61, 111, -70), (3, 61, 111, -70), (0, 57, 106, -66))])  # fmt: skip
    parts = [upper, tube(sole, "cloth", "shell", _PLAIN, cap_end=True), ribbon_band(sole[1] * 0.6 + sole[2] * 0.4,
             sole[1] * 0.35 + sole[2] * 0.65, 0.8)]  # fmt: skip
    cap = np.array([ring(y, w, f, b, theta, 2.2, 62.0) * np.array([1, 1, 1])
                    for y, w, f, b in ((97, 24, 18, -34), (104, 33, 28, -43), (112, 33, 28, -43), (116, 27, 22, -38))])  # fmt: skip
    parts.append(tube(cap[::-1], "cloth", "cuff", _PLAIN))
    return parts


def _limbs() -> list[Piece]:
    shoulder = arm_rings([(96, 24, 24), (104, 42, 42), (122, 47, 47), (142, 40, 40), (150, 24, 24)], 18)
    hose = arm_rings(_ridged([(142, 21), (330, 20)], 9), 14)
    cuff = arm_rings([(318, 22, 22), (326, 34, 34), (350, 41, 41), (418, 47, 47), (444, 48, 48), (453, 44, 44),
                      (453, 34, 34)], 18)  # fmt: skip
    arm = [
        tube(shoulder, "cloth", "jacket", (0.1, 0.1, 0.3, 0.7)),
        tube(hose, "cloth", "belt"),
        tube(cuff, "cloth", "shell", _PLAIN, cap_end=True),
    ]
    wrist = arm_rings([(424, 47.8, 47.8), (436, 48.2, 48.2)], 18)
    arm.append(ribbon_band(wrist[0], wrist[1], 0.8))
    for piece in arm:
        piece.weights = arm_weights(piece.positions)
    theta = turn(14)
    heights = _ridged([(830, 33), (110, 27)], 19)
    leg = [
        tube(np.array([ring(y, r, r, -r, theta, 2.0, 61.0) for y, r, _ in heights]), "cloth", "belt"),
        tube(np.array([ring(y, w, w * 1.06, -w, turn(18), 2.1, 61.0) for y, w in
                       ((470, 30), (462, 40), (430, 45), (396, 40), (388, 30))]), "cloth", "shell", _PLAIN),
        *_shoes(),
    ]  # fmt: skip
    for piece in leg:
        piece.weights = leg_weights(piece.positions)
    glove = gloved(hand())
    middle = np.array([0.0, ARM_Y - 2, ARM_Z])
    glove.positions[:, 1:] = middle[1:] + (glove.positions[:, 1:] - middle[1:]) * [1.7, 1.32]
    glove.normals = unit(glove.normals / [1.0, 1.7, 1.32])
    return [p for piece in [*arm, *leg, glove] for p in both(piece)]


def build(skeleton: Skeleton) -> tuple[list[Piece], list[Piece]]:
    """The face's dots, and everything else. The eyes turn right behind their dots, so that a glance slides them."""
    for side, sign in (("left", 1.0), ("right", -1.0)):
        skeleton.bones[f"{side}Eye"].position = place(np.array([_EYE[0] * sign, _EYE[1] + _RAISE, -12.0]))
    return face(), [*_head(), *_antenna(skeleton), *_torso(), *_limbs()]

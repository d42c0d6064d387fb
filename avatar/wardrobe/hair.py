"""Hair: tapered clumps along splines in layers over a hair volume, with spring chains in the parts that swing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar.wardrobe.head import SKULL, TOP, Loft, place
from avatar.wardrobe.mesh import (
    Array,
    Piece,
    blend_normals,
    curve,
    flipped,
    merged,
    mirrored,
    profile,
    sheet,
    sweep,
    tube,
    volume_normals,
)
from avatar.wardrobe.skeleton import CHIN, HEAD_Z, Skeleton

VOLUME = Loft(
    width=profile([(-90, 88), (-40, 92), (-8, 92), (15, 97), (40, 103), (70, 106.5), (105, 106), (140, 103), (170, 99),
                   (198, 88), (220, 69), (238, 44), (250, 16), (253, 3)]),
    front_z=profile([(-90, 70), (0, 78), (40, 90), (90, 95), (130, 97.5), (160, 96.5), (185, 90), (207, 76), (226, 55),
                     (242, 26), (250, 4), (253, -10)]),
    back_z=profile([(-90, -92), (-40, -98), (-8, -97), (15, -101), (40, -108), (75, -115), (110, -119), (145, -117),
                    (175, -110), (203, -93), (226, -66), (243, -38), (251, -18), (253, -13)]),
    middle_z=profile([(-90, -8), (100, -8), (253, -12)]),
    power=2.1,
)  # fmt: skip
"""The outer surface hair lies on."""
_CENTRE = (0.0, CHIN + 118.0, HEAD_Z - 12.0)
_RADII = (112.0, 138.0, 116.0)
_LEAF = np.array([(-1.0, -0.4), (-0.5, 0.62), (0.5, 0.62), (1.0, -0.4)])
_POINTED = 0.1
"""Share of the width up to which a tip is a point, whose opening nobody sees."""
_BAND = 182.0
"""Height over the chin where the light lies across the hair."""
COLLIDERS = ("head", "neck", "shoulders")


@dataclass(frozen=True)
class Clump:
    """One lock: ``points`` (K, 3) from root to tip in head space, half ``width`` and ``depth`` at its fullest."""

    points: Array
    width: float
    depth: float
    hue: int = 0
    root: float = 0.55
    """Share of the width at the root."""
    full: float = 0.4
    """Where along it is fullest."""
    rows: int = 9
    chain: str = ""
    loose: float = 0.35
    """Where along the spring chain takes over."""
    tip: float = 0.02
    """Share of the width left at the very end: pointed or cut straight."""
    tile: str = "hair"


def on_volume(stops: Sequence[tuple[float, float, float]]) -> Array:
    """Points on the hair volume from (azimuth in degrees, height, lift) stops."""
    azimuth, h, lift = np.asarray(stops, float).T
    base = VOLUME.point(np.radians(azimuth), h)
    out = volume_normals(base, (0, 110, -10), (1, 1.25, 1))
    return np.asarray(base + out * lift[:, None])


def _widths(clump: Clump, s: Array) -> Array:
    f = clump.full
    fall = (max(clump.tip, 0.86), max(clump.tip, 0.45), clump.tip)
    fat = profile(
        [(0, clump.root), (f, 1.0), (f + (1 - f) * 0.4, fall[0]), (f + (1 - f) * 0.75, fall[1]), (1, fall[2])]
    )
    return np.asarray(fat(s))


def _v(path: Array, s: Array) -> Array:
    """Texture v along the lock: 0.3 where the light band crosses it, 1 at the tip."""
    above = path[:, 1] > _BAND
    cross = float(s[np.argmin(np.abs(path[:, 1] - _BAND))]) if above.any() and not above.all() else 0.0
    start = 0.0 if above.any() else 0.46
    if above.all():
        return np.asarray(np.interp(s, [0, 1], [0.0, 0.24]))
    return np.asarray(np.interp(s, [0, max(cross, 1e-3), 1], [start, 0.3 if cross else 0.47, 1.0]))


def lock(clump: Clump, joints: list[str] | None = None, tile: str = "hair") -> Piece:
    """The mesh of one clump, bound to the head and, from ``loose`` on, to its chain."""
    path = curve(clump.points, clump.rows)
    s = np.linspace(0, 1, clump.rows)
    widths = _widths(clump, s)
    outward = volume_normals(path, (0, 105, -14), (1, 1.5, 1))
    rings = sweep(path, widths * clump.width, widths**0.8 * clump.depth, outward, _LEAF)
    if clump.tip > _POINTED:  # cut straight: closed at its end
        rings = np.concatenate([rings, np.broadcast_to(rings[-1].mean(0), rings[-1:].shape)])
        path, s = np.append(path, path[-1:], 0), np.append(s, 1.0)
    strip = clump.hue % 4
    piece = tube(place(rings), "hair", tile, (strip / 4, 0, strip / 4 + 0.25, 1))
    columns = len(_LEAF) + 1
    across = np.array([0.03, 0.3, 0.7, 0.97, 0.03])
    piece.uvs[:, 0] = np.tile(across if tile == "streak" else (strip + across) / 4, len(s))
    piece.uvs[:, 1] = np.repeat(_v(path, s), columns)
    # Shade as one volume near the scalp, as its own lock towards the tip.
    own = piece.normals
    piece.normals = blend_normals(
        volume_normals(piece.positions, _CENTRE, _RADII), own, np.repeat(0.26 + 0.2 * s, columns)
    )
    piece.bind("head")
    if joints:
        _bind_chain(piece, joints, np.repeat(s, columns), clump.loose)
    return piece


def _bind_chain(piece: Piece, joints: list[str], s: Array, loose: float) -> None:
    """Weights along a chain: the head until ``loose``, then joint after joint."""
    share = (s - loose) / (1 - loose) * (len(joints) - 1)
    names = ["head", *joints[:-1]]
    piece.weights = {}
    for i, name in enumerate(names):
        near = np.clip(1 - np.abs(share + 0.5 - i), 0, 1)
        if i == 0:
            near = np.where(share + 0.5 <= 0, 1.0, near)
        if i == len(names) - 1:
            near = np.where(share + 0.5 >= i, 1.0, near)
        piece.weights[name] = piece.weights.get(name, 0) + near


_CAP = (253, 250, 244, 234, 215, 190, 160, 130, 95, 60, 30, 12)
"""Heights of the cap's rows; the last ends like locks, not like a helmet."""


def _cap_row(h: float, share: float) -> Array:
    """A row of the cap, ``share`` of the way from the skull to the outer surface."""
    limit = np.interp(h, [0, 60, 120, 165, 200, 225, 253], [112, 100, 82, 62, 40, 0, 0])
    theta = np.radians(np.linspace(limit, 360 - limit, 19))
    outer, skull = VOLUME.point(theta, h), SKULL.point(theta, min(h, TOP - 1))
    row = outer * share + skull * (1 - share) if h < 235 else outer - [0, 4, 0]
    if h == _CAP[-1]:
        number = np.arange(19)
        row[:, 1] += np.where(number % 2 == 0, -12.0, 7.0) + 5.0 * np.cos(number * 2.4)
    return np.asarray(row)


def cap() -> Piece:
    """The dark layer under the locks, so that no skin shows between them."""
    piece = sheet(place(np.array([_cap_row(h, 0.55) for h in _CAP])), "hair", "hair", (0.80, 0.1, 0.95, 0.62))
    piece.normals = volume_normals(piece.positions, _CENTRE, _RADII)
    piece.uvs[:, 1] = 0.55
    return piece.bind("head")


def inside() -> Piece:
    """The dark inside of the cap below the crown, seen past the neck and the cheeks."""
    piece = flipped(sheet(place(np.array([_cap_row(h, 0.5) for h in (140, _CAP[-1])])), "hair", "inside"))
    # Towards the audience, so that no rim of light runs along it.
    piece.normals = blend_normals(np.broadcast_to([0.0, -0.3, 1.0], piece.positions.shape), piece.normals, 0.3)
    return piece.bind("head")


@dataclass
class Style:
    """A hair style: locks of the middle, locks mirrored to both sides, and chains (name -> joints in head space)."""

    middle: list[Clump]
    sides: list[Clump]
    chains: dict[str, tuple[Array, tuple[float, float, float, float]]]
    """Chain points, and (stiffness, drag, gravity, radius); names ending in Left are mirrored."""


_SOFT = (0.9, 0.42, 0.12, 16.0)
_FIRM = (1.5, 0.45, 0.08, 12.0)


Fringe = tuple[list["Clump"], list["Clump"], dict[str, tuple[Array, tuple[float, float, float, float]]]]
"""Middle locks, locks mirrored to both sides, chains."""


def _fall(
    root: float, tip: float, end: float, width: float, hue: int, lift: float, chain: str = "", hook: float = 0.0
) -> Clump:
    """A lock of the fringe from the crown at azimuth ``root`` to ``tip``, ending at height ``end``."""
    t = np.array([0.0, 0.12, 0.36, 0.62, 0.84, 1.0])
    azimuth = root * np.minimum(1, 0.5 + 3.2 * t) + (tip - root) * t**1.5 + hook * np.sin(np.pi * t)
    height = 250.5 + (end - 250.5) * (0.25 * t + 0.75 * (1 - np.cos(t * np.pi / 2)) ** 0.85)
    away = lift + np.array([-5.0 - lift, -0.6 * lift, 3.4, 4.2, 2.8, -1.0])
    return Clump(on_volume(np.stack([azimuth, height, away], -1).tolist()), width, 7.0, hue, 0.5, 0.55, 12, chain, 0.55)


def bangs() -> Fringe:
    """The fringe: a swept middle, shorter steps to the sides, all pointed."""
    middle = [
        _fall(2, -4, 112, 10.5, 1, 3.4, "bang", 2.0),
        _fall(13, 19, 134, 20, 0, 1.0, "bangLeft", -2.0),
        _fall(-14, -18, 127, 19, 2, 1.6, "bangRight", 2.0),
        _fall(32, 41, 126, 20, 1, 2.2, "", -2.0),
        _fall(-33, -40, 132, 20, 0, 2.0, "", 2.0),
        _fall(22, 27, 141, 15, 2, -1.2),
        _fall(-24, -29, 139, 15, 1, -1.2),
        _fall(5, 8, 138, 14, 2, -1.8),
        _fall(-6, -9, 137, 13, 0, -1.8),
    ]
    chains = {
        "bang": (on_volume([(0, 160, 5), (-2, 136, 5), (-5, 110, 2)]), _FIRM),
        "bangLeft": (on_volume([(14, 165, 4), (15, 144, 4), (16, 122, 1)]), _FIRM),
        "bangRight": (on_volume([(-15, 163, 4), (-15, 140, 4), (-15, 116, 1)]), _FIRM),
    }
    sides = [
        _fall(49, 52, 104, 17, 0, 1.6, "", 2.0),
        _fall(43, 45, 124, 13, 2, -0.8),
    ]
    return middle, sides, chains


def curtain() -> Fringe:
    """Parted off the middle: long locks sweep to both temples and leave the forehead free."""
    middle = [
        _fall(-9, -20, 121, 8.5, 1, 3.0, "bang", 5.0),
        _fall(-6, 22, 150, 15, 2, 4.4, "", 9.0),
        _fall(-4, 34, 142, 18, 0, 3.2, "", 10.0),
        _fall(-16, -33, 139, 17, 1, 3.2, "", -3.0),
        _fall(-20, -41, 126, 17, 0, 2.2, "", -2.0),
        _fall(2, 42, 128, 18, 1, 2.2, "", 8.0),
        _fall(0, 20, 186, 17, 0, -2.4, "", 8.0),
        _fall(-10, -20, 184, 17, 2, -2.4, "", -4.0),
    ]
    sides = [
        _fall(22, 50, 104, 19, 2, 1.4, "", 5.0),
        _fall(34, 55, 78, 18, 0, 0.6, "sideLeft", 4.0),
        _fall(44, 53, 122, 16, 1, -1.2, "", 2.0),
    ]
    return middle, sides, {"bang": (on_volume([(-14, 170, 5), (-18, 144, 5), (-20, 118, 2)]), _FIRM)}


def blunt() -> Fringe:
    """Cut straight over the brows, with a cheek-long step at each side."""
    middle = [_fall(a, a * 1.06, 133 + 2 * (i % 2), 13.5, i % 3, 1.5 - 2.4 * (i % 2), "", 0.0)
              for i, a in enumerate((-40, -30, -20, -10, 0, 10, 20, 30, 40))]  # fmt: skip
    middle = [replace(c, full=0.8, root=0.6, tip=0.8) for c in middle]
    steps = [
        replace(_fall(54, 53, 60, 17, 1, 2.4), full=0.85, tip=0.8),
        replace(_fall(62, 60, 52, 15, 0, 0.5), tip=0.7),
    ]
    return middle, steps, {}


def swept() -> Fringe:
    """Rough pointed locks thrown to one side, the brow half free."""
    middle = [
        _fall(14, -18, 118, 17, 0, 4.0, "bang", -4.0),
        _fall(20, 2, 128, 17, 1, 3.4, "", -4.0),
        _fall(24, 20, 122, 16, 2, 3.0, "bangLeft", -2.0),
        _fall(6, -36, 124, 19, 1, 2.6, "bangRight", -6.0),
        _fall(30, 38, 112, 17, 0, 2.0, "", 0.0),
        _fall(-10, -48, 112, 18, 2, 1.6, "", -4.0),
        _fall(16, -8, 140, 18, 2, -1.0),
        _fall(-4, -26, 138, 17, 0, -1.0),
    ]
    chains = {
        "bang": (on_volume([(4, 165, 5), (-8, 142, 5), (-17, 116, 2)]), _FIRM),
        "bangLeft": (on_volume([(22, 165, 4), (22, 144, 4), (20, 120, 1)]), _FIRM),
        "bangRight": (on_volume([(-16, 170, 4), (-26, 148, 4), (-35, 122, 1)]), _FIRM),
    }
    return middle, [_fall(50, 54, 92, 16, 1, 1.0, "", 2.0)], chains


def _side_lock(end: float, hue: int, width: float) -> Clump:
    stops = [
        (26, 246, -3),
        (48, 216, 3),
        (60, 172, 5),
        (61, 120, 4.5),
        (56, 70, 3.5),
        (50, end + 25, 1.5),
        (44, end, -4),
    ]
    return Clump(on_volume(stops), width, 9, hue, 0.6, 0.52, 12, "sideLeft", 0.42)


def _crown(
    azimuth: float, end: float, width: float, hue: int, lift: float, chain: str, curl: float = -7.0, drift: float = 0.0
) -> Clump:
    stops = [(azimuth, 252.6, -4), (azimuth, 244, lift * 0.5), (azimuth, 222, lift + 1.5),
             (azimuth + drift * 0.3, 170, lift + 3), (azimuth + drift * 0.6, 105, lift + 2.5),
             (azimuth + drift * 0.9, end * 0.55 + 40, lift + 1.5), (azimuth + drift, end, lift + curl)]  # fmt: skip
    return Clump(on_volume(stops), width, 10, hue, 0.45, 0.55, 10, chain, 0.5)


def _hang(azimuth: float, end: float) -> Array:
    return on_volume([(azimuth, 108, 1), (azimuth, (108 + end) / 2, 1), (azimuth, end, -5)])


def bob(fringe: Callable[[], Fringe] = bangs) -> Style:
    """Chin-length bob turned inwards, side locks, fringe."""
    middle, sides, chains = fringe()
    sides += [_side_lock(8, 1, 13.5), Clump(on_volume(
        [(48, 226, 0), (66, 196, 3), (72, 150, 5), (72, 90, 5), (66, 40, 2), (60, 20, -3)]), 17, 9, 2, 0.55, 0.55, 11,
        "sideLeft", 0.45)]  # fmt: skip
    ends = {86: (14, 0), 107: (6, 1), 128: (2, 2), 149: (-2, 0), 170: (-6, 1)}
    for azimuth, (end, hue) in ends.items():
        chain = "backSideLeft" if azimuth < 115 else "backLeft"
        sides.append(_crown(azimuth, end, 23.5, hue, 1.5, chain, drift=-3))
    for azimuth, end, hue in ((97, 2, 2), (118, -8, 0), (139, -12, 1), (160, -14, 2)):
        chain = "backSideLeft" if azimuth < 115 else "backLeft"
        sides.append(_crown(azimuth, end, 24, hue + 1, -4.5, chain, -11, drift=2))
    middle.append(_crown(180, -16, 24, 2, -3.0, "back", -9))
    middle.append(_crown(184, -4, 20, 1, 3.0, "back", -5))
    chains |= {
        "sideLeft": (on_volume([(62, 115, 4), (57, 65, 3), (44, 12, -3)]), _SOFT),
        "backSideLeft": (_hang(100, 4), _SOFT),
        "backLeft": (_hang(148, -6), _SOFT),
        "back": (_hang(180, -12), _SOFT),
    }
    return Style(middle, sides, chains)


def with_tufts(style: Style) -> Style:
    """Adds the two tufts that stand off the crown like a pair of quavers."""
    root = np.array([66.0, 222.0, -14.0])
    first, second = root + np.array([-10, -6, 0]), root + np.array([9, 13, 0])

    def arm(dx: float, dy: float, dz: float, length: float) -> Array:
        return np.array([first, second + np.array([dx * 0.3, dy * 0.3, dz * 0.2]),
                         root + np.array([33 + dx, 18 + dy, dz * 0.6]) * length,
                         root + np.array([54 + dx, -8 + dy, dz]) * length,
                         root + np.array([61 + dx, -48 + dy, dz * 1.2]) * length])  # fmt: skip

    for i, (dx, dy, dz, length, width) in enumerate(
        (
            (0, 0, 2, 1.0, 15),
            (4, 2, -11, 0.94, 13),
            (-3, -3, 14, 0.88, 13),
            (-10, -10, 2, 0.84, 13),
            (-6, -6, -15, 0.78, 12),
        )
    ):
        style.sides.append(Clump(arm(dx, dy, dz, length), width, 10, i % 3, 0.4, 0.5, 13, "tuftLeft", 0.12))
    style.chains["tuftLeft"] = (arm(0, 0, 4, 1.0)[[1, 2, 3, 4]], (1.3, 0.36, 0.12, 12.0))
    return style


def ties() -> list[Piece]:
    """Rings of cloth around the roots of the tufts."""
    turn = np.linspace(0, 2 * np.pi, 11)[:-1]
    axis = np.array([0.62, 0.76, 0.05])
    side = np.array([0.76, -0.62, 0.0])
    front = np.cross(axis, side)
    middle = np.array([69.0, 229.0, -14.0])
    rows = [
        middle + axis * up + (side * np.cos(turn)[:, None] * size + front * -np.sin(turn)[:, None] * size)
        for up, size in ((-5.0, 11.0), (-4.0, 14.5), (2.0, 15.0), (3.5, 11.0))
    ]
    piece = tube(place(np.array(rows)), "cloth", "cuff", (0.2, 0.2, 0.8, 0.8)).bind("head")
    return [piece, mirrored(piece)]


_LONG = (
    (84.0, -150, 1.0), (104.0, -205, 1.5), (124.0, -240, 1.5), (146.0, -255, 1.5), (168.0, -262, 1.5),
    (94.0, -190, -5.0), (114.0, -225, -5.0), (135.0, -250, -5.0), (157.0, -260, -5.0),
)  # fmt: skip
"""Locks of long hair: azimuth, where they end under the chin, lift."""


def long_hair(fringe: Callable[[], Fringe] = curtain) -> Style:
    """Straight hair to the waist, parted."""
    style = bob(fringe)
    style.sides = [c for c in style.sides if c.chain not in ("backLeft", "backSideLeft")]
    style.middle = [c for c in style.middle if c.chain != "back"]
    chains = {k: v for k, v in style.chains.items() if not k.startswith("back")}
    for i, (azimuth, end, lift) in enumerate(_LONG):
        push = max(0.0, 124 - azimuth) * 0.5  # behind the shoulder
        stops = [(azimuth, 252.6, -4), (azimuth, 244, 0), (azimuth, 226, lift + 1), (azimuth, 150, lift + 3),
                 (azimuth + push, 60, lift + 2),
                 (azimuth + push * 1.6, -40, lift)]  # fmt: skip
        points = np.concatenate(
            [on_volume(stops), [on_volume([(azimuth + push * 1.8, -88, lift)])[0] + [0, end + 88, 6]]]
        )
        chain = "backSideLeft" if azimuth < 115 else "backLeft"
        style.sides.append(Clump(points, 24, 9, i % 3, 0.45, 0.6, 15, chain, 0.42))
    for azimuth, lift in ((180.0, -4.0), (183.0, 2.5)):
        top = on_volume(
            [(180, 252.6, -4), (180, 244, 0), (azimuth, 226, lift), (azimuth, 140, lift + 2), (azimuth, -40, lift)]
        )
        style.middle.append(
            Clump(np.concatenate([top, [top[-1] + [0, -215, 6]]]), 24, 9, 1, 0.45, 0.6, 15, "back", 0.42)
        )
    for name, azimuth, push in (("backSideLeft", 100.0, 14.0), ("backLeft", 148.0, 0.0), ("back", 180.0, 0.0)):
        top = on_volume([(azimuth, 80, 4), (azimuth + push, 0, 5), (azimuth + 2 * push, -80, 6)])  # behind the shoulder
        chains[name] = (np.concatenate([top, [top[-1] + [0, -80, 3], top[-1] + [0, -165, 5]]]), _SOFT)
    style.chains = chains
    return style


def twin_tails() -> Style:
    """The bob's front, its back gathered into two long tails."""
    style = bob()
    root = np.array([78.0, 196.0, -30.0])
    path = np.array([[0, 0, 0], [30, 14, -6], [56, -30, -10], [64, -120, -12], [52, -230, -8], [40, -310, 0]]) + root
    for i, (dx, dz, share) in enumerate(((0, 0, 1.0), (9, 12, 0.94), (-8, -14, 0.9), (5, -10, 0.8), (-5, 14, 0.84))):
        points = (path - root) * [1, share, 1] + root + np.outer(np.linspace(0, 1, 6), [dx, 0, dz])
        style.sides.append(Clump(points, 23, 19, i % 3, 0.3, 0.42, 14, "tailLeft", 0.15))
    style.chains["tailLeft"] = (path[1:], (0.8, 0.34, 0.2, 16.0))
    return style


def straight() -> Style:
    """Long hair under a blunt fringe with cheek-long steps."""
    return long_hair(blunt)


def ponytail() -> Style:
    """Gathered high at the back into one long tail; the fringe stays."""
    style = bob()
    style.sides = [c for c in style.sides if not c.chain.startswith("back")]
    style.middle = [c for c in style.middle if c.chain != "back"]
    style.chains = {k: v for k, v in style.chains.items() if not k.startswith("back")}
    knot = on_volume([(180, 206, 6)])[0]
    hairline = ((58, 150), (66, 112), (76, 82), (90, 58), (105, 40), (121, 26), (138, 15), (155, 8), (172, 5),
                (50, 190), (62, 215), (85, 234), (120, 240), (160, 240))  # fmt: skip
    for i, (azimuth, h) in enumerate(hairline):
        t = np.linspace(0, 1, 6)
        lift = (-4.0, 1.0, 4.0, 5.0, 5.5, 7.0)
        stops = np.stack([azimuth + (180 - azimuth) * t**1.25, h + (206 - h) * t, np.array(lift) - 2.0 * (i % 2)], -1)
        style.sides.append(Clump(on_volume(stops.tolist()), 19, 8, i % 3, 0.62, 0.4, 9, tip=0.5))
    path = np.array([[0, 0, 0], [0, 14, -42], [0, -40, -78], [0, -150, -74], [0, -270, -58], [0, -350, -40]]) + knot
    for i, (dx, dz, share) in enumerate(((0, 0, 1.0), (17, 4, 0.93), (-17, 4, 0.95), (9, -12, 0.88), (-9, -12, 0.84))):
        points = (path - knot) * [1, share, 1] + knot + np.outer(np.linspace(0, 1, 6), [dx, 0, dz])
        style.middle.append(Clump(points, 21, 15, i % 3, 0.35, 0.5, 14, "tail", 0.15))
    style.chains["tail"] = (path[1:], (0.8, 0.34, 0.2, 16.0))
    return style


def spiky() -> Style:
    """A rough crop: locks thrown up and aside, longer at the nape."""
    middle, sides, chains = swept()
    ends = ((66, 84, 8), (84, 62, 12), (102, 44, 13), (121, 26, 10), (141, 12, 8), (162, 4, 6),
            (75, 76, -2), (93, 52, -2), (112, 34, -3), (131, 18, -3), (152, 8, -4))  # fmt: skip
    for i, (azimuth, end, out) in enumerate(ends):
        lift = 3.0 if i < 6 else -4.0
        sides.append(replace(_crown(azimuth, end, 22, i % 3, lift, "", out), tip=0.02, full=0.45))
    for i, (azimuth, height, reach) in enumerate(
        ((40, 236, 20), (75, 228, 26), (110, 224, 28), (150, 226, 26), (55, 246, 16), (125, 244, 20))
    ):
        root, mid = on_volume([(azimuth, height + 8, -4), (azimuth, height - 18, 9)])
        tip = mid + np.array([np.sin(np.radians(azimuth)) * reach, 4.0, np.cos(np.radians(azimuth)) * reach - 6])
        sides.append(Clump(np.array([root, (root + mid) / 2 + [0, 5, 0], mid, tip]), 17, 11, i % 3, 0.6, 0.35, 8))
    middle += [_crown(180, 0, 24, 2, 0.0, "", 6), _crown(180, 70, 22, 0, 6.0, "", 10)]
    return Style(middle, sides, chains)


def short() -> Style:
    """A short crop with the same fringe."""
    middle, sides, chains = bangs()
    ends = ((70, 70), (90, 55), (110, 42), (131, 36), (152, 32), (172, 30), (80, 60),
            (100, 46), (121, 38), (142, 32), (162, 28))  # fmt: skip
    for i, (azimuth, end) in enumerate(ends):
        sides.append(_crown(azimuth, end, 24, i % 3, 1.5 if i < 6 else -4, "", 5 if i < 6 else -6))
    middle.append(_crown(180, 28, 24, 2, 0.0, "", 2))
    return Style(middle, sides, chains)


def streak() -> Clump:
    """A pale lock laid over her right side of the fringe and down past the cheek."""
    stops = [(-20, 250, -2), (-30, 230, 6), (-40, 196, 9), (-50, 150, 10), (-56, 100, 9.5), (-55, 50, 7), (-47, -2, 1)]
    return Clump(on_volume(stops), 12.5, 8, 0, 0.5, 0.5, 14, "sideRight", 0.45)


STYLES: dict[str, Callable[[], Style]] = {
    "bob": bob,
    "long": long_hair,
    "straight": straight,
    "twin tails": twin_tails,
    "ponytail": ponytail,
    "short": short,
    "spiky": spiky,
}
BARE_EARS = ("short", "spiky", "ponytail")
"""Styles that show the ears."""


def build(style: Style, skeleton: Skeleton, streaked: bool = False) -> list[Piece]:
    """All locks over the cap, with a streak where asked; adds the style's chains to the skeleton."""
    joints: dict[str, list[str]] = {}
    for name, (points, swing) in style.chains.items():
        joints[name] = skeleton.chain(f"hair_{name}", "head", place(points), swing, COLLIDERS)
        if name.endswith("Left") and name != "bangLeft":
            other = name.replace("Left", "Right")
            joints[other] = skeleton.chain(f"hair_{other}", "head", place(points * [-1, 1, 1]), swing, COLLIDERS)
    pieces = [cap()]
    pieces += [lock(clump, joints.get(clump.chain)) for clump in style.middle]
    for clump in style.sides:
        piece = lock(clump, joints.get(clump.chain))
        pieces += [piece, mirrored(piece)]
    whole = [merged(pieces), inside()]
    if streaked:
        whole.append(lock(streak(), joints.get("sideRight"), "streak"))
    return whole

"""Small things worn on top: pins, bands, glasses. Each is a function that answers its pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avatar.wardrobe import hair, head
from avatar.wardrobe.body import ring, trunk_weights, turn
from avatar.wardrobe.cloth import bow, piping, ribbon_band, star
from avatar.wardrobe.mesh import Piece, both, tube, unit


def star_pin() -> list[Piece]:
    """A star in her fringe, on her right."""
    at = head.place(hair.on_volume([(-36, 172, 13.0)]))[0]
    return [p.bind("head") for p in star(at, 20.0, 5.0, np.array([-0.42, 0.22, 1.0]), 0.2)]


def choker() -> list[Piece]:
    """A band around the neck with a small star."""
    rings = np.array([ring(y, 33, 29.5, -48, turn(18)) for y in (1221.0, 1212.0)])
    pieces = [tube(rings, "cloth", "cuff"), *star(np.array([0.0, 1215.0, 30.5]), 8.0, 3.0, np.array([0, 0, 1.0]))]
    for piece in pieces:
        piece.weights = trunk_weights(piece.positions)
    return pieces


def hair_bow() -> list[Piece]:
    """A big bow at the back of the head."""
    at = head.place(hair.on_volume([(180, 196, 14.0)]))[0]
    pieces = bow(np.zeros(3), 1.7)
    for piece in pieces:
        piece.positions = piece.positions * [-1, 1, -1] + at
        piece.normals = piece.normals * [-1, 1, -1]
        piece.bind("head")
    return pieces


def headset() -> list[Piece]:
    """A headphone over the hair with a microphone at her left cheek."""
    sweep = np.radians(np.linspace(-97, 97, 21))
    band = np.stack([124 * np.sin(sweep), 92 + 168 * np.cos(sweep), np.full(21, -8.0)], -1)
    pieces = [piping(head.place(band), 5.0, material="cloth", tile="belt")]
    around = turn(14)
    cup = []
    for x, size in ((100, 24), (108, 30), (126, 31), (133, 24)):
        cup.append(np.stack([np.full(14, x), 92 + size * np.sin(around), -8 + size * np.cos(around)], -1))
    rings = head.place(np.array(cup))
    cups = [
        tube(rings, "cloth", "belt", cap_end=True),
        ribbon_band(rings[1] * 0.7 + rings[2] * 0.3, rings[1] * 0.3 + rings[2] * 0.7, 0.8),
    ]
    pieces += [p for c in cups for p in both(c)]
    boom = head.place(np.array([[124.0, 76, 12], [118, 58, 48], [96, 44, 78], [66, 38, 98], [44, 36, 104]]))
    pieces += [piping(boom, 2.2, material="cloth", tile="belt")]
    return [p.bind("head") for p in pieces]


def glasses() -> list[Piece]:
    """Thin round glasses."""
    around = turn(22)
    x, h = 44.5 + 33 * np.cos(around), 101 + 27 * np.sin(around)
    rim = head.place(head.face(x, h, 9.0))
    temple = head.place(np.array([[77.0, 104, 52], [90, 106, 20], [97, 106, -14]]))
    bridge = head.place(head.face(np.linspace(-12, 12, 7), np.full(7, 104.0), 10.0))
    pieces = [
        p for path, closed in ((rim, True), (temple, False)) for p in both(piping(path, 1.4, closed, "cloth", "belt"))
    ]
    return [p.bind("head") for p in [*pieces, piping(bridge, 1.4, material="cloth", tile="belt")]]


def beauty_mark() -> list[Piece]:
    """A small dark mark under her left eye."""
    around = turn(10)
    rows = [head.face(58 + r * np.cos(around), 74 + r * np.sin(around), lift) for r, lift in ((0.01, 0.7), (1.7, 0.5))]
    piece = tube(head.place(np.array(rows)), "eyes", "lash", (0.3, 0.3, 0.6, 0.6))
    piece.normals = head.face_normals(np.concatenate([np.array(rows), np.array(rows)[:, :1]], 1).reshape(-1, 3))
    if unit(np.cross(*np.diff(piece.positions[piece.triangles[0]], axis=0)))[2] < 0:
        piece.triangles = piece.triangles[:, ::-1].copy()
    return [piece.bind("head")]


def antenna() -> list[Piece]:
    """A strand that stands up from the crown."""
    points = np.array([[0.0, 250, -8], [-4, 275, 4], [6, 296, 14], [26, 300, 14], [40, 288, 8]])
    lock = hair.lock(hair.Clump(points, 6.5, 5.0, 1, 0.6, 0.4, 10))
    return [lock.bind("head")]


ACCESSORIES: dict[str, Callable[[], list[Piece]]] = {
    "star pin": star_pin,
    "choker": choker,
    "hair bow": hair_bow,
    "headset": headset,
    "glasses": glasses,
    "antenna": antenna,
    "beauty mark": beauty_mark,
}
"""What ``look.accessories`` may name; ``tufts``, ``streak`` and ``gloves`` change hair and hands instead."""

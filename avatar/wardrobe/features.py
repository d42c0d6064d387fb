"""What makes one face differ from another: its outline, how the eyes rest, what is painted on the skin.

A face's outline is a smooth bending of head space, so hair, eyes and morphs follow by themselves. How eyes rest is a
mix of lid and brow shapes baked into the resting face; the shapes an expression reaches stay where they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from avatar.wardrobe.mesh import Array, Piece
from avatar.wardrobe.skeleton import CHIN

_LIDS = "lid"
_BROWS = "brow"
_UNDO = {"lidClose": 1.0, "lidSmile": 1.0, "lidWide": 0.7}
"""How much of the resting shape a morph takes back: closed lids meet whatever they rest as (default 0.4)."""


@dataclass(frozen=True)
class Outline:
    """``short`` takes that share off the face below the eyes, ``wide`` widens the jaw, ``slim`` narrows the whole."""

    short: float = 0.0
    wide: float = 0.0
    slim: float = 0.0


FACES: dict[str, Outline] = {
    "soft": Outline(0.085, 0.055, 0.0),
    "round": Outline(0.125, 0.10, -0.025),
    "slender": Outline(0.02, -0.005, 0.04),
    "sharp": Outline(0.035, -0.045, 0.02),
}
"""Outlines by name (``look.face``)."""


@dataclass(frozen=True)
class EyeStyle:
    """Resting lids and brows as weights of morphs, and the share of the iris against the standard one."""

    rest: dict[str, float] = field(default_factory=dict)
    iris: float = 1.0


EYES: dict[str, EyeStyle] = {
    "bright": EyeStyle({}, 1.03),
    "calm": EyeStyle({"lidCalm": 1.0, "browSoft": 0.15}, 0.97),
    "cat": EyeStyle({"lidCat": 1.0}, 0.98),
    "gentle": EyeStyle({"lidGentle": 1.0, "browSad": 0.25}, 1.02),
    "keen": EyeStyle({"lidKeen": 1.0, "browAngry": 0.22}, 0.92),
}
"""Resting eyes by name (``look.eye_style``)."""
RESTING = ("lidCalm", "lidCat", "lidGentle", "lidKeen")
"""Lid shapes that are only baked in; no file carries them as morphs."""

MARKS = ("freckles", "no blush", "lip colour")
"""Accessories that are painted on the skin."""


def bend(outline: Outline, points: Array, share: Array) -> Array:
    """World points (N, 3) of the drawn body, bent by ``share`` (N,) of the head."""
    h = points[:, 1] - CHIN
    out = points.copy()
    # Nothing is bent at the eyes: their layers lie on spheres around the eye bones.
    below = np.clip(76.0 - h, 0.0, 76.0)
    out[:, 1] += below**2 / (below + 8.0) * outline.short * 1.4 * share
    jaw = np.sin(np.pi * np.clip((h + 14.0) / 90.0, 0.0, 1.0)) ** 1.3
    out[:, 0] *= 1.0 + (outline.wide * jaw - outline.slim * np.clip((h + 60) / 60, 0, 1)) * share
    return out


def settle(pieces: list[Piece], style: EyeStyle) -> None:
    """Bake a style's resting lids and brows into the face; shapes of the same part keep their goal."""
    for piece in pieces:
        for kind in (_LIDS, _BROWS):
            rest = sum(
                (w * d for n, w in style.rest.items() if n.startswith(kind) for d in _both_sides(piece, n)),
                np.zeros_like(piece.positions),
            )
            if np.abs(rest).max() == 0.0:
                continue
            # A blink of one eye must undo the resting lid of that eye alone.
            sides = {"Left": piece.positions[:, 0:1] >= 0, "Right": piece.positions[:, 0:1] < 0}
            for name, delta in piece.morphs.items():
                if name.startswith(kind) and not name.startswith(RESTING):
                    own = next((mask for end, mask in sides.items() if name.endswith(end)), True)
                    piece.morphs[name] = delta - rest * own * _UNDO.get(
                        name.removesuffix("Left").removesuffix("Right"), 0.4
                    )
            piece.positions = piece.positions + rest
        for name in [n for n in piece.morphs if n.startswith(RESTING)]:
            del piece.morphs[name]


def _both_sides(piece: Piece, name: str) -> list[Array]:
    return [piece.morphs[n] for n in (name, f"{name}Left", f"{name}Right") if n in piece.morphs]

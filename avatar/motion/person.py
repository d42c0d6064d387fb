"""A person who drives the avatar: what capture hands to the performer, and which layers the person has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from avatar.rig.frame import HUMANOID_BONES

Mode = Literal["ai", "person", "mixed"]
LAYERS = ("body", "head", "eyes", "face", "mouth", "camera")


@dataclass(slots=True)
class Person:
    """One moment of a person.

    ``presence`` 0..1 fades the person in and out. ``rotations`` (55, 4) normalised, ``seen`` (55,) 0..1 which of them
    are known, ``hips`` metres; ``expressions`` in the model's own names; ``gaze`` (yaw, pitch) degrees in the head or
    None; ``camera`` (position, target, vertical degrees) or None; ``stamp`` when the moment was (monotonic seconds).
    """

    presence: float = 0.0
    rotations: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.tile(np.array([0, 0, 0, 1], np.float32), (len(HUMANOID_BONES), 1))
    )
    seen: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(len(HUMANOID_BONES), np.float32))
    hips: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(3, np.float32))
    expressions: dict[str, float] = field(default_factory=dict)
    gaze: tuple[float, float] | None = None
    camera: tuple[tuple[float, float, float], tuple[float, float, float], float] | None = None
    stamp: float = 0.0


def modes(text: str) -> dict[str, Mode]:
    """``mixed`` for all layers, or ``person,mouth=ai,camera=person``; raises ValueError naming the bad word.

    The camera stays with the director unless it is named: most programs send one whether it is meant or not.
    """
    out: dict[str, Mode] = dict.fromkeys(LAYERS, "mixed")
    out["camera"] = "ai"
    for word in text.split(","):
        layer, _, mode = word.strip().rpartition("=")
        if mode not in ("ai", "person", "mixed") or (layer and layer not in LAYERS):
            raise ValueError(
                f"{word.strip()!r} is not ai, person, mixed or LAYER=MODE with a layer of {', '.join(LAYERS)}"
            )
        for name in [layer] if layer else LAYERS[:-1]:
            out[name] = mode  # type: ignore[assignment]
    return out

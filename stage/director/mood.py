"""Her mood: five numbers moved by what happens, drifting back to her temper. A function of events and samples.

``valence`` is -1 (sad) .. 1 (glad); ``arousal``, ``energy``, ``affection`` and ``fatigue`` are 0 .. 1. Valence and
arousal are the axes of Russell's circumplex (1980). Events push, time pulls back with the half-lives below. The mood
is expressed as a word for the persona and the face (:meth:`Mood.name`), as weight of the face, as pauses, and as the
kind of song she chooses; the operator sees it and can hold any number (:meth:`Mood.adjust`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from stage.clock import SAMPLE_RATE

AXES = ("valence", "arousal", "energy", "affection", "fatigue")
HALF_LIFE = {"valence": 75.0, "arousal": 40.0, "energy": 120.0, "affection": 900.0, "fatigue": 240.0}
"""Seconds in which half of the way back to her temper is gone."""
_LOWEST = {axis: -1.0 if axis == "valence" else 0.0 for axis in AXES}


def _events() -> dict[str, dict[str, float]]:
    return tomllib.loads(files("stage.director").joinpath("mood.toml").read_text("utf-8"))


EVENTS = _events()
"""What each event adds to which axis (``mood.toml``)."""


def temper(traits: Mapping[str, float]) -> dict[str, float]:
    """Where a character's mood rests, from its traits (-1..1)."""
    warmth, energy = traits.get("warmth", 0.3), traits.get("energy", 0.0)
    return {
        "valence": _bounded("valence", 0.2 + 0.3 * warmth),
        "arousal": _bounded("arousal", 0.45 + 0.2 * energy),
        "energy": _bounded("energy", 0.55 + 0.25 * energy),
        "affection": _bounded("affection", 0.35 + 0.25 * warmth),
        "fatigue": 0.0,
    }


def _bounded(axis: str, value: float) -> float:
    return min(1.0, max(_LOWEST[axis], value))


@dataclass(slots=True)
class Mood:
    """A mood with its temper. Move on with :meth:`at`, push with :meth:`feel`."""

    rest: dict[str, float]
    values: dict[str, float] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    """Axes the operator holds."""
    _sample: int = 0

    def __post_init__(self) -> None:
        self.values = dict(self.rest) | self.values

    def at(self, sample: int) -> None:
        """Let time pass up to a sample (going back does nothing)."""
        passed = (sample - self._sample) / SAMPLE_RATE
        if passed <= 0:
            return
        self._sample = sample
        for axis in AXES:
            rest = self.held.get(axis, self.rest[axis])
            left = 0.5 ** (passed / HALF_LIFE[axis])
            self.values[axis] = rest if axis in self.held else rest + (self.values[axis] - rest) * left

    def feel(self, event: str, sample: int, amount: float = 1.0) -> bool:
        """An event of ``mood.toml`` happened; returns whether it is known. ``amount`` scales it."""
        self.at(sample)
        push = EVENTS.get(event)
        if push is None:
            return False
        for axis, add in push.items():
            if axis not in self.held:
                # The nearer to an end, the less a push moves it: a flood of hearts does not pin her at one extreme.
                value, add = self.values[axis], add * amount
                room = (1.0 - value) if add > 0 else (value - _LOWEST[axis])
                self.values[axis] = _bounded(axis, value + add * min(1.0, room / 0.5))
        return True

    def adjust(self, axis: str, value: float | None) -> None:
        """The operator holds an axis at a value, or lets it go (None). Raises ValueError for an unknown axis."""
        if axis not in AXES:
            raise ValueError(f"no mood axis {axis!r}; one of {', '.join(AXES)}")
        if value is None:
            self.held.pop(axis, None)
        else:
            self.held[axis] = self.values[axis] = _bounded(axis, value)

    @property
    def drive(self) -> float:
        """Energy less fatigue, 0..1."""
        return min(1.0, max(0.0, self.values["energy"] - 0.45 * self.values["fatigue"]))

    def name(self) -> str:
        """The mood as one of the persona's words."""
        valence, arousal = self.values["valence"], self.values["arousal"]
        if valence < -0.45:
            return "angry" if arousal > 0.85 else "sad"
        if valence < -0.1:
            return "sad" if arousal < 0.6 else "surprised"
        if arousal > 0.75:
            return "excited" if valence > 0.2 else "surprised"
        if self.values["fatigue"] > 0.55 or arousal < 0.3:
            return "relaxed"
        if self.values["affection"] > 0.75 and valence > 0.3:
            return "tender"
        return "happy" if valence > 0.25 else "neutral"

    def face(self) -> float:
        """Weight of an expression, 0.55..0.95: excitement shows."""
        return 0.55 + 0.4 * self.values["arousal"]

    def song(self) -> str:
        """A word for a song she chooses herself, or empty when any will do."""
        if self.values["valence"] < -0.2:
            return "gentle"
        if self.values["fatigue"] > 0.6:
            return "slow"
        return "upbeat" if self.values["arousal"] > 0.72 else ""

    def facts(self) -> dict[str, float | str]:
        """For the timeline and the operator: rounded values and the word."""
        return {axis: round(self.values[axis], 3) for axis in AXES} | {"name": self.name()}

"""Moods on the face, and blinks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from avatar.motion.cues import RATE, Feeling, Look, Span, Track
from avatar.motion.dofs import INDEX, SIZE, Vector
from avatar.motion.noise import chance, min_jerk, noise, window
from avatar.rig.frame import PRESETS

_ATTACK, _RELEASE = 0.28, 0.6
_CLOSE, _SHUT, _OPEN = 0.062, 0.026, 0.092
"""A blink closes fast, holds an instant and opens slower: 180 ms in all."""
BLINK = _CLOSE + _SHUT + _OPEN
_PAUSE = 0.09
"""Between the two of a double blink."""
_SLOT = 4.0
"""Seconds a blink has to itself; it falls somewhere in the middle half, so blinks are 2 to 6 s apart."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What a mood does: weights of expressions, an offset of the pose, how lively the body is (1 = usual)."""

    face: dict[str, float]
    own: dict[str, float]
    pose: Vector
    lively: float
    wink: bool = False

    def worn(self, names: frozenset[str]) -> dict[str, float]:
        """The face on a model that has these expressions besides the presets."""
        return self.own if self.own and names.issuperset(self.own) else self.face


@cache
def moods() -> dict[str, Mood]:
    """The moods of ``moods.toml``."""
    raw = tomllib.loads(files("avatar.motion").joinpath("moods.toml").read_text(encoding="utf-8"))
    table: dict[str, Mood] = {}
    for name, entry in raw.items():
        pose = np.zeros(SIZE)
        for dof, value in entry.get("pose", {}).items():
            pose[INDEX[dof]] = value
        table[name] = Mood(dict(entry.get("face", {})), dict(entry.get("own", {})), pose,
                           float(entry.get("lively", 1.0)), bool(entry.get("wink", False)))  # fmt: skip
    return table


def mood_of(name: str) -> Mood:
    """A mood by name; any other name is taken as an expression of the model itself, worn on a neutral body."""
    known = moods().get(name)
    if known is not None:
        return known
    return Mood({name: 1.0}, {}, np.zeros(SIZE), 1.0)


class Face:
    """Blends moods over time: each takes over from what is shown, so a face never jumps."""

    __slots__ = ("names", "pose", "seed", "track")

    def __init__(self, seed: int) -> None:
        self.track: Track[Feeling] = Track()
        self.names: frozenset[str] = frozenset(PRESETS)
        self.seed = seed
        self.pose = np.zeros(SIZE)

    def at(self, sample: int, weights: dict[str, float]) -> float:
        """Fill ``weights`` with expressions and :attr:`pose` with the posture; returns liveliness."""
        weights.clear()
        base = mood_of("neutral")
        weights.update(base.worn(self.names))
        lively = 1.0
        self.pose[:] = base.pose
        t = sample / RATE
        for span in self.track.near(sample - int(_RELEASE * RATE), sample + 1):
            into = min_jerk((t - span.start / RATE) / _ATTACK)
            away = 1.0 - min_jerk((t - span.end / RATE) / _RELEASE)
            w = into * away * span.weight
            if w <= 0.0:
                continue
            mood = mood_of(span.name)
            for name in weights:
                weights[name] *= 1.0 - w
            for name, value in mood.worn(self.names).items():
                weights[name] = weights.get(name, 0.0) + value * w
            self.pose += (mood.pose - self.pose) * w
            lively += (mood.lively - lively) * w
            if mood.wink:
                weights["blinkLeft"] = 0.95 * w * window(t - span.start / RATE, 0.3, 0.78, 0.1, 0.14)
        # A smile is never held like a mask: it swells and sinks a little.
        life = 1.0 + 0.14 * noise(self.seed, 401, t * 0.31) + 0.05 * noise(self.seed, 402, t * 1.1)
        for name in weights:
            if not name.startswith("blink"):
                weights[name] = min(1.0, weights[name] * life)
        return lively


def _lid(t: float) -> float:
    """Closure 0..1 at ``t`` seconds into a blink."""
    if t <= 0.0 or t >= BLINK:
        return 0.0
    if t < _CLOSE:
        return min_jerk(t / _CLOSE)
    if t < _CLOSE + _SHUT:
        return 1.0
    return 1.0 - min_jerk((t - _CLOSE - _SHUT) / _OPEN)


class Blinks:
    """When the eyes close. ``speech`` and ``looks`` move blinks: never into the first moments of a phrase."""

    __slots__ = ("looks", "seed", "speech")

    def __init__(self, seed: int, speech: Track[Span], looks: Track[Look]) -> None:
        self.seed = seed
        self.speech = speech
        self.looks = looks

    def start(self, slot: int) -> float:
        """Second at which the blink of a slot begins."""
        t = (slot + 0.25 + 0.5 * chance(self.seed, 501, slot)) * _SLOT
        whole = 2.0 * BLINK + _PAUSE if self._double(slot) else BLINK
        for _ in range(3):
            moved = False
            at = int(t * RATE)
            for span in self.speech.near(at - RATE // 2, at + RATE):
                first = span.start / RATE
                if first - whole - 0.02 < t < first + 0.12:
                    t = first + 0.14 + 0.1 * chance(self.seed, 502, slot)
                    moved = True
            if not moved:
                break
        return t

    def _double(self, slot: int) -> bool:
        return chance(self.seed, 503, slot) < 0.13

    def at(self, sample: int) -> float:
        """Closure of both lids, 0..1."""
        t = sample / RATE
        slot = int(t // _SLOT)
        lid = 0.0
        for s in (slot - 1, slot):
            begin = self.start(s)
            lid = max(lid, _lid(t - begin))
            if self._double(s):
                lid = max(lid, _lid(t - begin - BLINK - _PAUSE))
        return lid

"""What a living body never stops doing: breathing, shifting its weight, swaying, and moving along with its speech."""

from __future__ import annotations

import math

from avatar.motion.cues import RATE, Span, Track
from avatar.motion.dofs import INDEX, LEFT, RIGHT, Vector
from avatar.motion.noise import chance, layered, min_jerk, noise, window
from avatar.motion.poses import PoseBook

_CYCLE = 4.3
"""Seconds of a breath at rest: 14 a minute."""
_SHIFT = 7.3
_STANCE = 15.0
_STANCES = (("rest", "rest"), ("rest", "rest"), ("clasp", "clasp"), ("rest", "rest"), ("back", "back"),
            ("rest", "hip"), ("clasp", "clasp"), ("skirt", "skirt"))  # fmt: skip
_TALKS = (("rest", "talk"), ("talk", "rest"), ("talk", "talk"), ("rest", "talk"), ("clasp", "clasp"),
          ("rest", "present"))  # fmt: skip
I_ = INDEX
_AZ, _EL, _R, _SWIVEL, _TWIST, _FLEX, _DEV = range(7)


class Breath:
    """Fullness of the lungs from breath cues, and a quiet cycle of its own where there are none."""

    __slots__ = ("seed", "track")

    def __init__(self, seed: int) -> None:
        self.track: Track[Span] = Track()
        self.seed = seed

    def at(self, sample: int) -> tuple[float, float]:
        """(fullness 0..1, mouth opening 0..1 of the inhale that is under way)."""
        t = sample / RATE
        phase = (t / _CYCLE + 0.22 * noise(self.seed, 801, t * 0.11)) % 1.0
        full = min_jerk(phase / 0.38) if phase < 0.38 else 1.0 - min_jerk((phase - 0.38) / 0.55)
        full *= 0.6
        mouth = 0.0
        for span in self.track.near(sample - 5 * RATE, sample + 1):
            length = max((span.end - span.start) / RATE, 0.08)
            tau = t - span.start / RATE
            inhale = min_jerk(tau / length)
            out = 1.0 - min_jerk((tau - length) / 3.2)
            hold = 1.0 - min_jerk((tau - length - 2.4) / 2.4)
            present = min_jerk(tau / (0.6 * length)) * hold
            full += (inhale * out - full) * present
            mouth = max(mouth, window(tau, 0.0, length + 0.06, 0.45 * length, 0.4 * length + 0.03))
        return full, mouth


class Idle:
    """The body's ground layer."""

    __slots__ = ("book", "seed", "speech")

    def __init__(self, seed: int, book: PoseBook, speech: Track[Span]) -> None:
        self.seed = seed
        self.book = book
        self.speech = speech

    def apply(self, sample: int, pose: Vector, breath: float, lively: float, free: float, emphasis: float) -> None:
        """Write the whole ground pose. ``free`` 0..1: how much of the sway is left beside a dance."""
        t = sample / RATE
        self._stance(t, pose)
        self._talk(sample, pose, emphasis * lively, 0.35 + 0.65 * free)
        self._sway(t, pose, lively * (0.3 + 0.7 * free), free)
        pose[I_["spine.pitch"]] -= 1.5 * breath
        pose[I_["head.pitch"]] += 0.8 * breath
        pose[I_["left.shrug"]] += 2.6 * breath
        pose[I_["right.shrug"]] += 2.6 * breath
        pose[I_["hips.y"]] += 0.0015 * breath

    def speaking(self, sample: int) -> float:
        """0..1: inside a phrase of speech, with soft edges."""
        t = sample / RATE
        level = 0.0
        for span in self.speech.near(sample - RATE // 2, sample + RATE // 2):
            level = max(level, window(t, span.start / RATE - 0.15, span.end / RATE + 0.35, 0.35, 0.5))
        return level

    def _stance(self, t: float, pose: Vector) -> None:
        """Arms: one of a few ways of standing for a quarter of a minute, each entered slowly."""
        slot = math.floor(t / _STANCE)
        begin = (slot + 0.3 * chance(self.seed, 811, slot)) * _STANCE

        def stance(k: int) -> tuple[str, str]:
            if k <= 0:
                return _STANCES[0]
            names = _STANCES[int(chance(self.seed, 812, k) * len(_STANCES))]
            return names if chance(self.seed, 813, k) < 0.5 else (names[1], names[0])

        mix = min_jerk((t - begin) / 1.1)
        before, after = stance(slot - 1), stance(slot)
        for arm, a, b in ((LEFT, before[0], after[0]), (RIGHT, before[1], after[1])):
            pose[arm] = self.book.arm(a)
            if mix > 0.0 and a != b:
                pose[arm] += (self.book.arm(b) - pose[arm]) * mix

    def _talk(self, sample: int, pose: Vector, emphasis: float, free: float) -> None:
        """Hands that come up while she speaks and mark the stressed vowels."""
        t = sample / RATE
        for span in self.speech.near(sample - RATE, sample + RATE):
            w = window(t, span.start / RATE - 0.25, span.end / RATE + 0.7, 0.6, 0.8)
            if w <= 0.0:
                continue
            pick = span.start // (6 * RATE)
            names = _TALKS[int(chance(self.seed, 821, pick) * len(_TALKS))]
            for arm, name, stream in ((LEFT, names[0], 830), (RIGHT, names[1], 840)):
                if name == "rest":
                    continue
                pose[arm] += (self.book.arm(name) - pose[arm]) * (0.85 * w)
                if name in ("talk", "present"):
                    pose[arm.start + _EL] += w * (4.0 * noise(self.seed, stream, t * 0.9) + 9.0 * emphasis)
                    pose[arm.start + _AZ] += w * 7.0 * noise(self.seed, stream + 1, t * 0.7)
                    pose[arm.start + _TWIST] += w * (10.0 * noise(self.seed, stream + 2, t * 0.8) + 8.0 * emphasis)
                    pose[arm.start + _FLEX] -= w * 10.0 * emphasis
            w *= free  # a dancing body keeps its beat
            pose[I_["head.pitch"]] += w * (3.2 * emphasis - 0.8 + 1.4 * noise(self.seed, 851, t * 0.9))
            pose[I_["head.yaw"]] += w * 3.8 * noise(self.seed, 852, t * 0.55)
            pose[I_["head.roll"]] += w * 4.6 * noise(self.seed, 853, t * 0.5)
            pose[I_["spine.pitch"]] += w * (1.0 + 0.8 * emphasis)
            pose[I_["spine.yaw"]] += w * 2.2 * noise(self.seed, 854, t * 0.4)

    def _sway(self, t: float, pose: Vector, lively: float, free: float) -> None:
        s = self.seed
        slot = math.floor(t / _SHIFT)
        begin = (slot + 0.5 * chance(s, 861, slot)) * _SHIFT

        def side(k: int) -> float:
            x = 2.0 * chance(s, 862, k) - 1.0
            return math.copysign(0.35 + 0.65 * abs(x), x)

        mix = min_jerk((t - begin) / 1.7)
        lean = (side(slot - 1) + (side(slot) - side(slot - 1)) * mix) * free
        pose[I_["hips.x"]] += 0.032 * lean + 0.004 * noise(s, 863, t * 0.37)
        pose[I_["hips.y"]] -= 0.004 + 0.003 * abs(lean)
        pose[I_["hips.roll"]] -= 3.2 * lean
        pose[I_["hips.yaw"]] += 1.5 * lean + 1.4 * layered(s, 864, t * 0.13)
        pose[I_["spine.roll"]] += 3.4 * lean + 0.8 * lively * layered(s, 865, t * 0.21)
        pose[I_["spine.yaw"]] += 1.6 * lively * layered(s, 866, t * 0.17)
        pose[I_["spine.pitch"]] += 0.8 * lively * layered(s, 867, t * 0.19)
        pose[I_["head.roll"]] += -1.2 * lean + 2.0 * lively * layered(s, 868, t * 0.23)
        pose[I_["head.yaw"]] += 1.6 * lively * layered(s, 869, t * 0.29)
        pose[I_["head.pitch"]] += 1.2 * lively * layered(s, 870, t * 0.31)
        for arm, stream in ((LEFT, 880), (RIGHT, 890)):
            pose[arm.start + _AZ] += 3.0 * noise(s, stream, t * 0.23)
            pose[arm.start + _EL] += 1.3 * lively * layered(s, stream + 1, t * 0.27)
            pose[arm.start + _TWIST] += 4.0 * noise(s, stream + 2, t * 0.21)
            pose[arm.start + _FLEX] += 3.0 * noise(s, stream + 3, t * 0.33)
            pose[arm.start + 8 : arm.start + 12] += 0.05 * noise(s, stream + 4, t * 0.41)

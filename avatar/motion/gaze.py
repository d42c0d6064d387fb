"""Where she looks: the eyes jump, the head follows part of the way, and the eyes make up for the head's motion."""

from __future__ import annotations

import math

from avatar.motion.cues import RATE, Look, Span, Track
from avatar.motion.noise import chance, min_jerk, noise

TARGETS: dict[str, tuple[float, float]] = {
    "camera": (0.0, 0.0),
    "chat": (15.0, -9.0),
    "left": (24.0, 1.0),
    "right": (-24.0, 1.0),
    "up": (5.0, 16.0),
    "down": (-3.0, -20.0),
    "wander": (0.0, 0.0),
}
"""(yaw, pitch) in degrees from straight ahead; yaw > 0 to her left, pitch > 0 up."""

EYES = (28.0, 18.0)
"""Farthest the eyes turn in the head."""
_HEAD_SHARE = (0.5, 0.42)
_HEAD_TIME = 0.42
_GLANCE = 4.6
"""Seconds between moments at which she may glance away."""


def _saccade(amplitude: float) -> float:
    """Seconds a jump of so many degrees takes (main sequence: 21 ms + 2.2 ms per degree)."""
    return min(0.060, 0.021 + 0.0022 * amplitude)


class Gaze:
    """Reads a track of looks and fills the time between them with a living look at the camera."""

    __slots__ = ("seed", "speech", "track")

    def __init__(self, seed: int, speech: Track[Span]) -> None:
        self.track: Track[Look] = Track()
        self.seed = seed
        self.speech = speech

    def at(self, sample: int) -> tuple[float, float, float, float]:
        """(eye yaw, eye pitch, head yaw, head pitch): where eyes and head aim, in degrees from straight ahead."""
        t = sample / RATE
        eye_yaw, eye_pitch, head_yaw, head_pitch = self._free(t, 1.0)
        for look in self.track.near(sample - int(0.6 * RATE), sample + 1):
            yaw, pitch = look.yaw, look.pitch
            if look.name == "wander":
                yaw, pitch = self._wander(t)
            into, away = t - look.start / RATE, t - look.end / RATE
            jump = _saccade(math.hypot(yaw - eye_yaw, pitch - eye_pitch))
            quick = min_jerk(into / jump) * (1.0 - min_jerk(away / jump))
            slow = min_jerk((into - 0.03) / _HEAD_TIME) * (1.0 - min_jerk((away - 0.03) / _HEAD_TIME))
            dart_yaw, dart_pitch = self._dart(t)
            eye_yaw += (yaw + dart_yaw - eye_yaw) * quick
            eye_pitch += (pitch + dart_pitch - eye_pitch) * quick
            head_yaw += (yaw * _HEAD_SHARE[0] - head_yaw) * slow
            head_pitch += (pitch * _HEAD_SHARE[1] - head_pitch) * slow
        return eye_yaw, eye_pitch, head_yaw, head_pitch

    def _dart(self, t: float) -> tuple[float, float]:
        """Fixational jumps: the eyes read a face, a degree or so at a time, every third to full second."""
        slot = math.floor(t / 0.83)
        begin = (slot + 0.45 * chance(self.seed, 601, slot)) * 0.83
        mix = min_jerk((t - begin) / 0.024)

        def point(k: int) -> tuple[float, float]:
            return (3.0 * (chance(self.seed, 602, k) - 0.5), 2.2 * (chance(self.seed, 603, k) - 0.55))

        a, b = point(slot - 1), point(slot)
        return a[0] + (b[0] - a[0]) * mix, a[1] + (b[1] - a[1]) * mix

    def _wander(self, t: float) -> tuple[float, float]:
        """Slow looking about: a new point every one to two seconds."""
        slot = math.floor(t / 1.5)
        begin = (slot + 0.4 * chance(self.seed, 611, slot)) * 1.5
        mix = min_jerk((t - begin) / 0.05)

        def point(k: int) -> tuple[float, float]:
            return (38.0 * (chance(self.seed, 612, k) - 0.5), 20.0 * (chance(self.seed, 613, k) - 0.45))

        a, b = point(slot - 1), point(slot)
        return a[0] + (b[0] - a[0]) * mix, a[1] + (b[1] - a[1]) * mix

    def _free(self, t: float, amount: float) -> tuple[float, float, float, float]:
        """No cue: camera, with a glance away now and then, seldom while she speaks."""
        yaw, pitch = self._dart(t)
        head_yaw, head_pitch = 0.0, 0.0
        slot = math.floor(t / _GLANCE)
        begin = (slot + 0.15 + 0.4 * chance(self.seed, 621, slot)) * _GLANCE
        length = 0.55 + 0.9 * chance(self.seed, 622, slot)
        at = int(begin * RATE)
        busy = any(s.start <= at < s.end for s in self.speech.near(at, at + 1))
        if chance(self.seed, 623, slot) < (0.18 if busy else 0.5):
            away_yaw = 26.0 * (chance(self.seed, 624, slot) - 0.5)
            away_yaw += math.copysign(6.0, away_yaw)
            away_pitch = 14.0 * (chance(self.seed, 625, slot) - 0.6)
            quick = min_jerk((t - begin) / 0.04) * (1.0 - min_jerk((t - begin - length) / 0.04))
            slow = min_jerk((t - begin - 0.04) / 0.45) * (1.0 - min_jerk((t - begin - length) / 0.5))
            yaw += away_yaw * quick * amount
            pitch += away_pitch * quick * amount
            head_yaw = away_yaw * 0.4 * slow
            head_pitch = away_pitch * 0.35 * slow
        head_yaw += 1.2 * noise(self.seed, 631, t * 0.43)
        return yaw, pitch, head_yaw, head_pitch

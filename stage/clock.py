"""The one clock: integer samples at 48 kHz since the start of the show.

Video frame *k* shows the state at sample ``k * 48000 / fps``. Frame rates that do not divide the sample
rate are kept exact with rational arithmetic, so a show of any length never drifts.
"""

from __future__ import annotations

from fractions import Fraction

SAMPLE_RATE = 48_000
"""Samples per second of every clock, cue and buffer of a show."""


def seconds(sample: int) -> float:
    """Seconds since the start of the show of a sample number."""
    return sample / SAMPLE_RATE


def samples(seconds_: float) -> int:
    """Nearest sample number of a time in seconds."""
    return round(seconds_ * SAMPLE_RATE)


class FrameClock:
    """Maps video frames to samples for a frame rate that may be a fraction (30, 60, 24000/1001)."""

    def __init__(self, fps: Fraction | int | float, start: int = 0) -> None:
        rate = Fraction(fps).limit_denominator(1001)
        if rate <= 0:
            raise ValueError(f"frame rate must be positive, got {fps}")
        self.fps = rate
        self.start = start
        self._step = Fraction(SAMPLE_RATE) / rate

    def sample(self, frame: int) -> int:
        """First sample of video frame ``frame``."""
        return self.start + int(self._step * frame)

    def length(self, frame: int) -> int:
        """Samples between frame ``frame`` and the next."""
        return self.sample(frame + 1) - self.sample(frame)

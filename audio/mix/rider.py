"""Slow loudness rider: a bounded, deterministic gain that keeps the programme near its target.

Loudness is K-weighted mean square (ITU-R BS.1770-5) of each block; the rider follows a long exponential average of
those blocks that are not quiet relative to the target, so pauses and talk beds are not pumped up.
"""

from __future__ import annotations

import math

import numpy as np

from audio.mix.filters import K_WEIGHTING, BlockFilter, Floats


class Rider:
    """Call once a block with the unridden programme; ``gain_db`` moves by at most ``speed`` dB a second."""

    def __init__(self, block: int, bound_db: float = 3.0, speed: float = 0.45, rate: int = 48_000) -> None:
        self._weight = BlockFilter(K_WEIGHTING, block, 2)
        self._seconds = block / rate
        self._bound, self._step = bound_db, speed * block / rate
        self._short = 0.0
        self._long = 0.0
        self._heard = 0.0
        self.gain_db = 0.0

    def __call__(self, programme: Floats, target: float) -> float:
        """Gain in dB for the end of this block."""
        weighted = self._weight(programme)
        power = float(np.einsum("ij,ij->", weighted, weighted)) / len(weighted)
        self._short += (power - self._short) * min(1.0, self._seconds / 0.4)
        level = -0.691 + 10 * math.log10(self._short + 1e-12)
        if level > target - 10:
            self._heard = min(12.0, self._heard + self._seconds)
            self._long += (power - self._long) * self._seconds / max(0.4, self._heard)
            if self._heard > 1.5:
                error = target - (-0.691 + 10 * math.log10(self._long + 1e-12)) - self.gain_db
                self.gain_db += max(-self._step, min(self._step, error * 0.5))
                self.gain_db = max(-self._bound, min(self._bound, self.gain_db))
        return self.gain_db

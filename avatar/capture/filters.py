"""Smoothing that is steady at rest and quick in motion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


class OneEuro:
    """The One-Euro filter (Casiez, Roussel & Vogel 2012) on a vector.

    ``cutoff`` Hz at rest; ``beta`` raises it with speed (units per second); ``slope`` Hz smooths the speed itself.
    """

    __slots__ = ("_at", "_speed", "_value", "beta", "cutoff", "slope")

    def __init__(self, cutoff: Any = 1.5, beta: Any = 1.0, slope: float = 1.0) -> None:
        self.cutoff, self.beta, self.slope = np.asarray(cutoff, float), np.asarray(beta, float), slope
        self.reset()

    def reset(self) -> None:
        """Forget the past: the next value passes as it is."""
        self._value: npt.NDArray[np.float64] | None = None
        self._speed: npt.NDArray[np.float64] | float = 0.0
        self._at = 0.0

    def __call__(self, value: npt.NDArray[np.float64], seconds: float) -> npt.NDArray[np.float64]:
        """The smoothed value at a time that grows from call to call."""
        dt = seconds - self._at
        self._at = seconds
        if self._value is None or dt > 0.5:
            self._value, self._speed = np.array(value, float), np.zeros_like(value)
            return self._value.copy()
        if dt <= 0:
            return self._value.copy()
        speed = (value - self._value) / dt
        self._speed = self._speed + _share(self.slope, dt) * (speed - self._speed)
        self._value = self._value + _share(self.cutoff + self.beta * np.abs(self._speed), dt) * (value - self._value)
        return self._value.copy()


def _share(cutoff: Any, dt: float) -> Any:
    """Part of the way to a new value that a first-order low-pass goes in ``dt`` seconds."""
    r = math.tau * cutoff * dt
    return r / (r + 1)

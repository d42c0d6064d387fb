"""One cycle of each oscillator's wave as a table, softer the higher it is played, without partials that would fold back.

The shapes are closed forms with rounded edges (hyperbolic tangent, arc tangent) whose roundness follows the pitch. Read
from a table they cost a fifth of what they cost computed sample by sample.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np

from audio.mix.filters import Floats, Samples

Wave = Literal["saw", "square", "triangle"]
SIZE = 2048
_RATE = 48_000
_EDGES = {"saw": 46.0, "square": 46.0, "triangle": 36.0}
_HIGHEST = {"saw": 12_000.0, "square": 6_000.0, "triangle": 12_000.0}
"""Hz up to which edges stay sharp: softer ones are heard above ``_HIGHEST / edges``."""
_MADE: dict[tuple[int, str, float], Any] = {}
"""Tables by pyo, shape and how sharp or bent it is."""


def edges(wave: Wave, hertz: float, sharp: float) -> int:
    """How sharp a wave may be at a pitch: an integer, so that neighbouring pitches share a table."""
    most = sharp * _EDGES[wave] + (4.0 if wave != "triangle" else 0.0)
    return max(1, int(min(most, _HIGHEST[wave] / max(1.0, hertz))))


@cache
def cycle(wave: Wave, sharp: int) -> Samples:
    """One cycle, ``SIZE`` samples and the first one again."""
    phase = np.arange(8 * SIZE) / (8 * SIZE)
    spectrum = np.fft.rfft(_shape(wave, phase, float(sharp))) / 8
    spectrum[_partials(wave, sharp) + 1 :] = 0.0
    once = np.fft.irfft(spectrum[: SIZE // 2 + 1], SIZE)
    return np.append(once, once[0]).astype(np.float32)


def _partials(wave: Wave, sharp: int) -> int:
    """Partials up to half the sample rate at the highest pitch that is played with this table."""
    return min(SIZE // 8, int(_RATE / 2 * sharp / _HIGHEST[wave]))


def _shape(wave: Wave, phase: Floats, sharp: float) -> Floats:
    sine = np.sin(2 * np.pi * phase)
    if wave == "square":
        square: Floats = np.arctan(sharp * sine) * (2 / np.pi)
        return square
    if wave == "saw":
        x = (phase + 0.5) % 1.0 * 2 - 1
        saw: Floats = np.tanh(sharp * x) / np.tanh(sharp) - x
        return saw
    part = sharp / _EDGES["triangle"]
    triangle: Floats = (
        np.tan(sine) * (2 / np.pi) * (1 - part) + (4 * (0.5 - np.abs((phase + 0.25) % 1.0 - 0.5)) - 1) * part
    )
    return triangle


def table(pyo: Any, wave: Wave, sharp: int) -> Any:
    """The cycle as a table of pyo's, made once and shared by all oscillators."""
    key = (id(pyo), wave, sharp)
    if key not in _MADE:
        _MADE[key] = pyo.DataTable(size=SIZE, init=cycle(wave, sharp).tolist()[:SIZE])
    return _MADE[key]


def bend(pyo: Any, exponent: float) -> Any:
    """0..1 to a power, as a table for ``Lookup`` (which reads its middle at 0 and 99.5 % of it at 1)."""
    key = (id(pyo), "bend", exponent)
    if key not in _MADE:
        straight = np.maximum(0.0, (np.arange(2 * SIZE) / (2 * SIZE) - 0.5) / 0.495)
        _MADE[key] = pyo.DataTable(size=2 * SIZE, init=(straight**exponent).tolist())
    return _MADE[key]

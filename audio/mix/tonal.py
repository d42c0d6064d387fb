"""Tonal balance: the equaliser of the master, five broad bands, that brings a mix into the spectrum usual in its style.

The bands are those the styles are described in (:mod:`audio.mix.match`), measured as they are judged. What an equaliser
does to a power spectrum is known without running it, so the loop that finds the gains is closed on the spectrum alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Biquad, Floats, high_shelf, low_shelf, peak, response
from audio.mix.meters import BAND_FRAMES, EDGES, shares

NAMES = ("low", "low mid", "mid", "high mid", "high")
MOST_DB = 4.0
"""A band is moved by no more than this."""
MARGIN = 0.35
"""How far inside a style's band a level comes to stand, in dB: the limiter still moves it a little."""
NEAR = 0.15
"""A level is left alone when it is this far inside, in dB."""
_RATE = 48_000
_STEPS = 60


def sections(gains: Sequence[float]) -> tuple[Biquad, ...]:
    """The equaliser of five gains in dB: a low shelf, three bells and a high shelf."""
    low, low_mid, mid, high_mid, high = gains
    return (
        low_shelf(EDGES[1], low),
        peak(245, low_mid, 0.8),
        peak(1000, mid, 0.8),
        peak(3460, high_mid, 0.9),
        high_shelf(EDGES[4], high),
    )


def gains_into(power: Floats, low: npt.ArrayLike, high: npt.ArrayLike, most: float = MOST_DB) -> tuple[float, ...]:
    """Gains in tenths of a dB that bring a power spectrum (:func:`audio.mix.meters.spectrum`) between ``low`` and
    ``high`` (dB of the whole, by band), and no further; empty when it is there already or holds nothing."""
    least, greatest = np.asarray(low, np.float64), np.asarray(high, np.float64)
    own = shares(power)
    if power.sum() <= 1e-12 or np.all((own >= least + NEAR) & (own <= greatest - NEAR)):
        return ()
    freqs: Floats = np.fft.rfftfreq(BAND_FRAMES, 1 / _RATE).astype(np.float64)
    gains = np.zeros(len(NAMES))
    for _ in range(_STEPS):
        own = shares(power * response(sections(tuple(gains)), freqs) ** 2)
        need = np.clip(own, least + MARGIN, greatest - MARGIN) - own
        if np.abs(need).max() < 0.03:
            break
        gains = np.clip(gains + 0.8 * need, -most, most)
    return tuple(round(float(gain), 1) + 0.0 for gain in gains)


def told(gains: Sequence[float]) -> str:
    """For the credits, such as ``mid +0.4 dB, high mid -1.2 dB (equaliser of the master)``; empty for none."""
    parts = [f"{name} {gain:+.1f} dB" for name, gain in zip(NAMES, gains) if gain]
    return ", ".join(parts) + " (equaliser of the master)" if parts else ""

"""Matching: the long-term spectrum in third octaves and the width of the sides, moved towards a reference or a style."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.mix import tonal
from audio.mix.filters import Floats, Samples, response
from audio.mix.meters import EDGES, spectrum
from audio.mix.repair import Move

RATE = 48_000
CENTRES: Floats = 1000 * 2.0 ** (np.arange(-15, 13) / 3)
"""Hz of the third-octave bands, 31 to 16,000 (base two of IEC 61260-1)."""
LIMIT_DB = 6.0
_TAPS = 8191
_SIZE = 16_384
_FLOOR_DB = -62.0


def third_octaves(sound: Samples) -> Floats:
    """Long-term level in each band of ``CENTRES`` in dB of the whole, both channels added as power."""
    count = len(sound) // _SIZE
    padded = sound if count else np.concatenate([sound, np.zeros((_SIZE - len(sound), sound.shape[1]), np.float32)])
    window = np.hanning(_SIZE)[:, None]
    power = np.zeros(_SIZE // 2 + 1)
    for k in range(max(1, count)):
        power += (np.abs(np.fft.rfft(padded[k * _SIZE : (k + 1) * _SIZE] * window, axis=0)) ** 2).sum(axis=1)
    freqs = np.fft.rfftfreq(_SIZE, 1 / RATE)
    edge = 2 ** (1 / 6)
    made = np.array([power[(freqs >= c / edge) & (freqs < c * edge)].sum() for c in CENTRES])
    levels: Floats = 10 * np.log10(made / (power.sum() + 1e-20) + 1e-12)
    return levels


def towards(own: Floats, goal: Floats, strength: float = 1.0) -> Floats:
    """The equaliser in dB at ``CENTRES`` that moves ``own`` towards ``goal``: smoothed over neighbours, at most
    ``LIMIT_DB`` either way, nothing where either has nothing to say."""
    audible = (own > _FLOOR_DB) & (goal > _FLOOR_DB)
    if audible.sum() < 3:
        return np.zeros(len(own))
    wanted = np.where(audible, goal - own, 0.0)
    wanted = np.where(audible, wanted - wanted[audible].mean(), 0.0)
    kernel = np.array([0.1, 0.24, 0.32, 0.24, 0.1])
    smooth = np.convolve(np.pad(wanted, 2, mode="edge"), kernel, mode="valid")
    made: Floats = np.clip(smooth * strength, -LIMIT_DB, LIMIT_DB)
    return made


def equalised(sound: Samples, curve: Floats) -> Samples:
    """``sound`` through a linear-phase filter of gains ``curve`` (dB at ``CENTRES``); no delay, same length."""
    from scipy.signal import oaconvolve

    freqs = np.fft.rfftfreq(_TAPS + 1, 1 / RATE)
    octave = np.log2(np.maximum(freqs, 5.0))
    gain = 10 ** (np.interp(octave, np.log2(CENTRES), curve) / 20)
    taps = np.roll(np.fft.irfft(gain), (_TAPS + 1) // 2)[1:] * np.hanning(_TAPS + 2)[1:-1]
    made: Samples = oaconvolve(sound, taps[:, None], mode="same", axes=0).astype(np.float32)
    return made[: len(sound)]


def width(sound: Samples) -> float:
    """Level of the sides against the middle in dB, above 120 Hz; -60 for mono."""
    middle, side = _sides(sound)
    return float(10 * np.log10((np.square(side).sum() + 1e-12) / (np.square(middle).sum() + 1e-12) + 1e-6))


def _sides(sound: Samples) -> tuple[Floats, Floats]:
    from scipy.signal import butter, sosfilt

    high = sosfilt(butter(2, 120, "highpass", fs=RATE, output="sos"), sound.astype(np.float64), axis=0)
    return (high[:, 0] + high[:, 1]) / 2, (high[:, 0] - high[:, 1]) / 2


def widened(sound: Samples, gain_db: float) -> Samples:
    """Sides above 120 Hz moved by ``gain_db``; what is lower stays where it is."""
    _, side = _sides(sound)
    extra = side * (10 ** (gain_db / 20) - 1)
    made: Samples = (sound + np.stack([extra, -extra], axis=1)).astype(np.float32)
    return made


def matched(sound: Samples, reference: Samples) -> tuple[Samples, list[Move]]:
    """(n, 2) with the spectrum and the width of its sides moved towards those of a reference."""
    curve = towards(third_octaves(sound), third_octaves(reference))
    made, moves = _moved(sound, curve, "reference")
    own, goal = width(made), width(reference)
    if own > -45 and goal > -45 and abs(goal - own) > 0.5:
        gain = float(np.clip(goal - own, -6.0, 4.0))
        made = widened(made, gain)
        moves.append(
            Move("width", gain, f"sides {gain:+.1f} dB (were {own:.1f}, reference {goal:.1f} dB of the middle)")
        )
    return made, moves


def styled(sound: Samples, style: str) -> tuple[Samples, list[Move]]:
    """(n, 2) with its spectrum moved into the band of a style, and no further."""
    gains = tonal.gains_into(spectrum(sound), *target(style), LIMIT_DB)
    if not gains:
        return sound, []
    return _moved(sound, 20 * np.log10(response(tonal.sections(gains), CENTRES)), style)


def _moved(sound: Samples, curve: Floats, name: str) -> tuple[Samples, list[Move]]:
    if float(np.abs(curve).max()) < 0.25:
        return sound, []
    parts = []
    for label, (a, b) in zip(tonal.NAMES, zip(EDGES, EDGES[1:])):
        parts.append(f"{label} {curve[(a <= CENTRES) & (b > CENTRES)].mean():+.1f}")
    worst = float(curve[np.abs(curve).argmax()])
    return equalised(sound, curve), [Move("spectrum", worst, f"towards {name}: {', '.join(parts)} dB")]


@lru_cache(maxsize=1)
def _targets() -> dict[str, dict[str, list[float]]]:
    with (Path(__file__).parent / "targets.toml").open("rb") as file:
        found: dict[str, dict[str, list[float]]] = tomllib.load(file)
    return found


def styles() -> list[str]:
    """Names of the described styles."""
    return sorted(_targets())


def target(style: str) -> tuple[Floats, Floats]:
    """Lowest and highest level of the five bands (dB of the whole) usual in a style; unknown ones get the common one."""
    table = _targets().get(style) or _targets()["common"]
    return np.array(table["low"]), np.array(table["high"])

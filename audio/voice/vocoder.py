"""From spectra and pitch to sound: a pulse-and-noise source through a time-varying minimum-phase filter.

All frames are filtered at once with batched FFTs, so a second of voice costs some hundredths of a CPU second. Pulses
sit at fractional sample positions (windowed-sinc interpolated), which keeps the pitch exact and free of jitter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from audio.voice.source import BINS, HOP, SAMPLE_RATE, Floats

_SIZE = 2 * (BINS - 1)
_TAPS = 16
_PHASES = 64
_CHUNK = 128


def render(envelope: Floats, noise: Floats, f0: Floats, seed: int, growl: Floats | None = None) -> Floats:
    """Sound of a sequence of frames.

    ``envelope``: (frames, BINS) natural-log magnitudes. ``noise``: (frames, BINS) share of the power that is noise,
    0..1. ``f0``: (frames,) Hz, 0 where unvoiced. ``seed`` fixes the noise. ``growl``: (frames,) roughness, 0..1.
    Returns frames * HOP samples, frame k centred on sample k * HOP.
    """
    frames = len(envelope)
    if not frames:
        return np.zeros(0, np.float32)
    length = frames * HOP
    still = noise.min(axis=1) > 0.999
    pulses = _framed(_pulse_train(f0, length, growl, seed, still))
    hiss = _framed(np.random.Generator(np.random.PCG64(seed)).standard_normal(length, dtype=np.float32))
    out = np.zeros(length + _SIZE + HOP, np.float32)
    for first in range(0, frames, _CHUNK):
        part = slice(first, first + _CHUNK)
        response = minimum_phase(envelope[part])
        voiced = fft.rfft(pulses[part], _SIZE, axis=1) * np.sqrt(1 - noise[part])
        voiced += fft.rfft(hiss[part], _SIZE, axis=1) * np.sqrt(noise[part])
        _overlap_add(out, fft.irfft(voiced * response, _SIZE, axis=1), first * HOP)
    return out[HOP : HOP + length]


def minimum_phase(log_magnitude: Floats) -> npt.NDArray[np.complex64]:
    """Complex minimum-phase responses of natural-log magnitudes, by folding the cepstrum."""
    cepstrum = fft.irfft(log_magnitude, _SIZE, axis=1)
    cepstrum[:, 1 : BINS - 1] *= 2
    cepstrum[:, BINS:] = 0
    # The real part of its spectrum is the log magnitude again: only the phase is new.
    phase = fft.rfft(cepstrum, _SIZE, axis=1).imag
    magnitude = np.exp(log_magnitude)
    result = np.empty(phase.shape, np.complex64)
    np.multiply(magnitude, np.cos(phase), out=result.real)
    np.multiply(magnitude, np.sin(phase), out=result.imag)
    return result


def shifted(envelope: Floats, bins: Floats) -> Floats:
    """Envelopes read at other (fractional) bins."""
    low = np.clip(bins.astype(int), 0, BINS - 2)
    part = np.clip(bins - low, 0, 1).astype(np.float32)
    result: Floats = envelope[:, low] * (1 - part) + envelope[:, low + 1] * part
    return result


def _pulse_train(
    f0: Floats, length: int, growl: Floats | None = None, seed: int = 0, still: npt.NDArray[np.bool_] | None = None
) -> Floats:
    """One unit-power pulse per period; a growl makes every second one weaker and all uneven.

    Where the folds have been ``still`` (frames that are all noise) they begin their period anew, so that what was sung
    before does not move the pulses that come after.
    """
    voiced = f0 > 0
    train = np.zeros(length + _TAPS, np.float32)
    if not voiced.any():
        return train[:length]
    marks = np.flatnonzero(voiced)
    at = np.arange(length) / HOP
    hertz = np.exp(np.interp(at, marks, np.log(f0[marks].astype(np.float64))))
    phase = hertz / SAMPLE_RATE
    ends = [] if still is None else (np.flatnonzero(np.diff(still.astype(np.int8)) < 0) * HOP).tolist()
    for a, b in zip([0, *ends], [*ends, length]):
        np.cumsum(phase[a:b], out=phase[a:b])
    before = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    fraction = (np.ceil(phase[before]) - phase[before]) / (phase[before + 1] - phase[before])
    # A pulse exactly on a sample would otherwise be counted from the sample before.
    fraction = np.clip(fraction, 0, 1 - 1e-9)
    sounding = voiced[np.minimum(np.rint(before / HOP).astype(int), len(f0) - 1)]
    before, fraction = before[sounding], fraction[sounding]
    height = np.sqrt(SAMPLE_RATE / hertz[before])
    if growl is not None and growl.any():
        rough = growl[np.minimum(before // HOP, len(growl) - 1)]
        uneven = np.random.Generator(np.random.PCG64(seed + 7)).uniform(-1, 1, len(before))
        height = height * (1 + rough * (0.55 * (-1.0) ** np.arange(len(before)) + 0.35 * uneven))
    taps = _kernels()[(fraction * _PHASES).astype(int)] * height[:, None]
    index = before[:, None] + np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1)
    inside = (index >= 0) & (index < length)
    np.add.at(train, index[inside], taps[inside].astype(np.float32))
    return train[:length]


@cache
def _kernels() -> npt.NDArray[np.float64]:
    """(_PHASES, _TAPS) Blackman-windowed sinc, by fraction of a sample."""
    fraction = (np.arange(_PHASES) + 0.5)[:, None] / _PHASES
    x = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - fraction
    window = 0.42 + 0.5 * np.cos(np.pi * x / (_TAPS / 2)) + 0.08 * np.cos(2 * np.pi * x / (_TAPS / 2))
    kernel: npt.NDArray[np.float64] = np.sinc(x) * np.where(np.abs(x) < _TAPS / 2, window, 0)
    return kernel


def _framed(signal: Floats) -> Floats:
    """(frames, 2 HOP): triangular windows that add up to one, frame k around sample k * HOP."""
    padded = np.concatenate([np.zeros(HOP, np.float32), signal, np.zeros(HOP, np.float32)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * HOP)[::HOP][: len(signal) // HOP]
    ramp = np.arange(HOP, dtype=np.float32) / HOP
    framed: Floats = windows * np.concatenate([ramp, 1 - ramp])
    return framed


def _overlap_add(out: Floats, pieces: Floats, start: int) -> None:
    """Adds rows, each HOP later than the one before, into ``out`` from ``start`` on."""
    rows = len(pieces)
    for first in range(0, pieces.shape[1], HOP):
        part = pieces[:, first : first + HOP]
        width = part.shape[1]
        view = out[start + first : start + first + rows * HOP].reshape(rows, HOP)
        view[:, :width] += part

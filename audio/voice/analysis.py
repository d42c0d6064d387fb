"""Takes recorded or synthesised speech apart: pitch, spectral envelope and voicing every 5 ms.

Pitch by normalised autocorrelation and a cheapest path; envelopes pitch-synchronously, after Morise, "CheapTrick, a
spectral envelope estimator for high-quality speech synthesis" (Speech Communication 67, 2015).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, resample_poly, sosfiltfilt

from audio.voice.source import BINS, HOP, SAMPLE_RATE, Floats, unshifted

LOW, HIGH = 65.0, 620.0
"""Hz between which the fundamental is looked for."""
POINTS = 96
"""Values of an envelope: natural-log magnitudes at equal steps of the mel scale up to 24 kHz."""
_SIZE = 2 * (BINS - 1)
_RATE = 12_000
_CHUNK = 200


def resampled(pcm: Floats, rate: int) -> Floats:
    """Mono float64 at 48 kHz. Raises ValueError for rates outside 4-384 kHz."""
    if not 4000 <= rate <= 384_000:
        raise ValueError(f"a sample rate of {rate} Hz is not usable: 4000 to 384000")
    mono = np.asarray(pcm, np.float64)
    mono = mono.mean(axis=1) if mono.ndim > 1 else mono
    step = int(np.gcd(rate, SAMPLE_RATE))
    return mono if rate == SAMPLE_RATE else resample_poly(mono, SAMPLE_RATE // step, rate // step)


def pitch(pcm: Floats) -> Floats:
    """Hz every HOP samples of a 48 kHz signal, 0 where unvoiced."""
    frames = len(pcm) // HOP
    if frames < 2 or not np.any(pcm):
        return np.zeros(max(frames, 0))
    narrow = resample_poly(pcm, 1, SAMPLE_RATE // _RATE)
    hop, half = HOP * _RATE // SAMPLE_RATE, round(0.02 * _RATE)
    padded = np.pad(narrow, (half, 2 * half + hop))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)[::hop][:frames]
    pieces = pieces * np.hanning(2 * half)
    power = np.abs(fft.rfft(pieces, 2048, axis=1)) ** 2
    lags = np.arange(int(_RATE / HIGH), int(_RATE / LOW) + 1)
    own = fft.irfft(power, axis=1)
    bias = fft.irfft(np.abs(fft.rfft(np.hanning(2 * half), 2048)) ** 2)
    shape = own[:, lags] / np.maximum(own[:, :1], 1e-12) * (bias[0] / bias[lags])[None, :]
    loud = 10 * np.log10(own[:, 0] + 1e-12)
    # A longer lag repeats every shorter one: a small price for length keeps the octave.
    score = shape - 0.08 * np.log2(lags / lags[0])[None, :]
    score[loud < loud.max() - 45] = -1
    path = _cheapest(score, lags)
    rows = np.arange(frames)
    at = np.clip(path, 1, len(lags) - 2)
    a, b, c = shape[rows, at - 1], shape[rows, at], shape[rows, at + 1]
    bend = a - 2 * b + c
    shift = np.where(bend < -1e-9, 0.5 * (a - c) / np.where(bend < -1e-9, bend, -1), 0)
    hertz: Floats = _RATE / (lags[at] + np.clip(shift, -1, 1))
    hertz[(b < 0.55) | (loud < loud.max() - 45)] = 0
    return hertz


def _cheapest(score: Floats, lags: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The path of lags with the highest score less jumps (12 best candidates a frame)."""
    kept = np.argpartition(-score, 12, axis=1)[:, :12]
    values = np.take_along_axis(score, kept, axis=1)
    octaves = np.log2(lags)[kept]
    total = values[0].copy()
    back = np.zeros(kept.shape, np.int64)
    for i in range(1, len(score)):
        reach = total[None, :] - 0.9 * np.abs(octaves[i][:, None] - octaves[i - 1][None, :])
        back[i] = reach.argmax(axis=1)
        total = values[i] + reach.max(axis=1)
    at = int(total.argmax())
    path = np.zeros(len(score), np.int64)
    for i in range(len(score) - 1, -1, -1):
        path[i] = kept[i, at]
        at = int(back[i, at])
    return path


def envelope(pcm: Floats, f0: Floats) -> Floats:
    """(frames, POINTS) natural-log magnitudes of a 48 kHz signal, of unit power where a frame's power is one."""
    frames = len(f0)
    base = np.where(f0 > 0, f0, 300.0)
    result = np.zeros((frames, POINTS), np.float32)
    padded = np.pad(pcm, (_SIZE // 2, _SIZE // 2 + HOP))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::HOP]
    time = (np.arange(_SIZE) - _SIZE // 2) / SAMPLE_RATE
    quefrency = np.arange(_SIZE // 2 + 1) / SAMPLE_RATE
    for first in range(0, frames, _CHUNK):
        hertz = base[first : first + _CHUNK, None]
        turn = time[None, :] * hertz / 1.5
        window = np.where(np.abs(turn) < 1, 0.5 + 0.5 * np.cos(np.pi * turn), 0)
        window /= np.sqrt((window**2).sum(axis=1, keepdims=True))
        part = pieces[first : first + _CHUNK][: len(hertz)] * window
        power = np.abs(fft.rfft(part, axis=1)) ** 2
        power = _smooth(_filled(power, hertz), hertz * 2 / 3) + 1e-11
        cepstrum = fft.irfft(np.log(power), axis=1)[:, : _SIZE // 2 + 1]
        beat = hertz * quefrency[None, :]
        lifter = np.sinc(beat) * (1.3 - 0.3 * np.cos(2 * np.pi * beat))
        cepstrum *= lifter
        log = fft.rfft(np.concatenate([cepstrum, cepstrum[:, -2:0:-1]], axis=1), axis=1).real
        result[first : first + _CHUNK] = 0.5 * log @ _sampling()
    return result


def _filled(power: Floats, hertz: Floats) -> Floats:
    """Power with what is missing below the fundamental mirrored in from above it."""
    bins = np.arange(power.shape[1])[None, :]
    width = hertz / (SAMPLE_RATE / _SIZE)
    mirror = np.clip(np.round(width - bins), 0, power.shape[1] - 1).astype(int)
    return power + np.where(bins < width, np.take_along_axis(power, mirror, axis=1), 0)


def _smooth(power: Floats, hertz: Floats) -> Floats:
    """Mean power over a width of ``hertz`` (frames, 1) around every frequency."""
    count = power.shape[1]
    total = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    half = hertz / (SAMPLE_RATE / _SIZE) / 2
    bins = np.arange(count)[None, :] + 0.5

    def upto(x: Floats) -> Floats:
        low = np.minimum(x.astype(int), count - 1)
        rows = np.take_along_axis(total, low, axis=1)
        return rows + (x - low) * (np.take_along_axis(total, low + 1, axis=1) - rows)

    left, right = np.clip(bins - half, 0, count), np.clip(bins + half, 0, count)
    return (upto(right) - upto(left)) / (right - left)


@cache
def _centres() -> Floats:
    mel = np.linspace(0, 2595 * np.log10(1 + 24000 / 700), POINTS)
    result: Floats = 700 * (10 ** (mel / 2595) - 1)
    return result


@cache
def _sampling() -> Floats:
    """(BINS, POINTS): triangles that read an envelope at the mel points."""
    hertz = np.linspace(0, SAMPLE_RATE / 2, BINS)
    rows = np.stack([np.interp(hertz, _centres(), one) for one in np.eye(POINTS)], axis=1)
    result: Floats = (rows / np.maximum(rows.sum(axis=0, keepdims=True), 1e-9)).astype(np.float32)
    return result


@cache
def spread(formants: float) -> Floats:
    """(POINTS, BINS): envelope values back to the spectrum, formants shifted by the factor ``formants``."""
    hertz = unshifted(formants)
    result: Floats = np.stack([np.interp(hertz, _centres(), one) for one in np.eye(POINTS)]).astype(np.float32)
    return result


def voicing(pcm: Floats, f0: Floats) -> Floats:
    """(frames, 5): share of voiced sound in five bands of equal width from 0 to 8 kHz, 0..1."""
    frames = len(f0)
    out = np.zeros((frames, 5), np.float32)
    low = resample_poly(pcm, 1, 3)
    step, rate = HOP // 3, SAMPLE_RATE // 3
    centre = np.arange(frames) * step
    lag = np.where(f0 > 0, rate / np.maximum(f0, LOW), 0.0)
    shift = np.repeat(lag, step)[: len(low)]
    shift = np.pad(shift, (0, len(low) - len(shift)))
    at = np.arange(len(low), dtype=np.float64)
    for k, (a, b) in enumerate(((60, 1600), (1600, 3200), (3200, 4800), (4800, 6400), (6400, 7900))):
        band = sosfiltfilt(butter(2, (a, b), "bandpass", fs=rate, output="sos"), low)
        before = np.interp(at - shift, at, band)
        size = round(0.02 * rate)
        same = uniform_filter1d(band * before, size)[centre]
        power = np.sqrt(
            np.maximum(uniform_filter1d(band**2, size)[centre] * uniform_filter1d(before**2, size)[centre], 0)
        )
        out[:, k] = np.clip(same / np.maximum(power, 1e-12), 0, 1) ** 0.5 * (f0 > 0)
    return out

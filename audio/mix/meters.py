"""Meters: integrated loudness (ITU-R BS.1770-5), true peak, stereo correlation, energy by band."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audio.mix.filters import K_WEIGHTING, Samples
from audio.mix.limiter import TAPS, oversampled_peaks

SILENCE = -70.0
"""LUFS given for sound that never passes the absolute gate."""


def _stereo(pcm: npt.NDArray[np.floating]) -> Samples:
    sound = np.asarray(pcm, dtype=np.float32)
    sound = sound[:, None] if sound.ndim == 1 else sound
    if sound.ndim != 2 or sound.shape[1] > 2:
        raise ValueError(f"sound is (n,) or (n, 1 or 2) samples, got shape {sound.shape}")
    return sound


def loudness(pcm: npt.NDArray[np.floating], rate: int = 48_000) -> float:
    """Integrated loudness in LUFS of (n,) or (n, channels) sound; -70 for silence. Both gates of BS.1770."""
    from scipy.signal import resample_poly, sosfilt

    sound = _stereo(pcm).astype(np.float64)
    if rate != 48_000:
        common = int(np.gcd(rate, 48_000))
        sound = resample_poly(sound, 48_000 // common, rate // common, axis=0)
    sections = [[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in K_WEIGHTING]
    weighted = sosfilt(np.array(sections), sound, axis=0)
    window, step = 19_200, 4_800
    if len(weighted) < window:
        return SILENCE
    total = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=1))])
    starts = np.arange(0, len(weighted) - window + 1, step)
    power = (total[starts + window] - total[starts]) / window
    power = power[power > 10 ** ((SILENCE + 0.691) / 10)]
    if not len(power):
        return SILENCE
    kept = power[power > power.mean() / 10]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def true_peak(pcm: npt.NDArray[np.floating]) -> float:
    """Largest peak at or between samples in dBTP (4x oversampling of BS.1770-5 annex 2); -inf-like for silence."""
    sound = _stereo(pcm)
    highest = 1e-9
    for start in range(0, max(1, len(sound)), 1 << 16):
        piece = sound[max(0, start - TAPS) : start + (1 << 16)]
        padded = np.concatenate([np.zeros((TAPS, sound.shape[1]), np.float32), piece, piece[:0]])
        highest = max(highest, float(oversampled_peaks(padded).max()), float(np.abs(piece).max(initial=0.0)))
    return float(20 * np.log10(highest))


def correlation(pcm: npt.NDArray[np.floating]) -> float:
    """Correlation of left and right, -1..1; 1 for mono or silence."""
    sound = _stereo(pcm).astype(np.float64)
    if sound.shape[1] < 2:
        return 1.0
    left, right = sound[:, 0], sound[:, 1]
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum() / scale) if scale > 0 else 1.0


def bands(
    pcm: npt.NDArray[np.floating], edges: tuple[int, ...] = (20, 120, 500, 2000, 6000, 16000), rate: int = 48_000
) -> list[float]:
    """Share of the energy between neighbouring ``edges`` (Hz), each in dB of the whole."""
    mono = _stereo(pcm).astype(np.float64).mean(axis=1)
    size = 8192
    frames = len(mono) // size
    if not frames:
        return [-120.0] * (len(edges) - 1)
    spectrum = np.abs(np.fft.rfft(mono[: frames * size].reshape(frames, size) * np.hanning(size), axis=1)) ** 2
    power = spectrum.sum(axis=0)
    freqs = np.fft.rfftfreq(size, 1 / rate)
    whole = power.sum() + 1e-20
    return [
        float(10 * np.log10(power[(freqs >= low) & (freqs < high)].sum() / whole + 1e-12))
        for low, high in zip(edges, edges[1:])
    ]

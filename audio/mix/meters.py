"""Meters: integrated loudness (ITU-R BS.1770-5), true peak, stereo correlation, energy by band."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audio.mix.filters import K_WEIGHTING, Floats, Samples
from audio.mix.limiter import REACH as PEAK_REACH
from audio.mix.limiter import TAPS as PEAK_TAPS
from audio.mix.limiter import oversampled_peaks
from audio.mix.linear import TAPS, Equaliser

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
    sound = _stereo(pcm)
    if rate != 48_000:
        from scipy.signal import resample_poly

        common = int(np.gcd(rate, 48_000))
        sound = resample_poly(sound.astype(np.float64), 48_000 // common, rate // common, axis=0)
    weighted, steps = Weighting(_STRETCH * STEP, STEP), len(sound) // STEP
    power = np.zeros(-(-steps // _STRETCH) * _STRETCH)
    for first in range(0, steps, _STRETCH):
        at = first * STEP
        part = sound[max(0, at - TAPS) : at + _STRETCH * STEP].T
        piece = np.zeros((len(part), TAPS + _STRETCH * STEP), np.float32)
        lead = TAPS - min(at, TAPS)
        piece[:, lead : lead + part.shape[1]] = part
        power[first : first + _STRETCH] = weighted(piece)
    return integrated(power[:steps])


STEP = 4_800
"""Frames from one gating block of BS.1770 to the next (100 ms); a block is four of them."""
_STRETCH = 26


class Weighting:
    """K-weighted mean square of every ``hop`` frames of stretches of ``size`` frames, summed over the channels."""

    def __init__(self, size: int, hop: int) -> None:
        self._filter, self._hop = Equaliser(K_WEIGHTING, size=size), hop

    def __call__(self, sound: Samples) -> Floats:
        """(channels, TAPS + size) in, (size // hop,) out."""
        weighted = self._filter(sound)
        hops = weighted.reshape(len(weighted), -1, self._hop)
        made: Floats = np.einsum("cij,cij->i", hops, hops).astype(np.float64) / self._hop
        return made


def integrated(power: Floats) -> float:
    """LUFS from the weighted power of every ``STEP`` frames, both gates applied."""
    if len(power) < 4:
        return SILENCE
    blocks = (power[:-3] + power[1:-2] + power[2:-1] + power[3:]) / 4
    blocks = blocks[blocks > 10 ** ((SILENCE + 0.691) / 10)]
    if not len(blocks):
        return SILENCE
    kept = blocks[blocks > blocks.mean() / 10]
    return float(-0.691 + 10 * np.log10(kept.mean()))


def true_peak(pcm: npt.NDArray[np.floating]) -> float:
    """Largest peak at or between samples in dBTP (4x oversampling of BS.1770-5 annex 2); -inf-like for silence."""
    sound = _stereo(pcm)
    size = 1 << 12
    padded = np.zeros((-(-max(1, len(sound)) // size) * size + PEAK_TAPS, sound.shape[1]), np.float32)
    padded[PEAK_TAPS : PEAK_TAPS + len(sound)] = sound
    starts = np.arange(0, len(padded) - PEAK_TAPS, size)
    loud = np.array([_largest(padded[start : start + size + PEAK_TAPS]) for start in starts])
    highest = max(1e-9, float(loud.max()))
    for k in np.argsort(-loud):
        if loud[k] * PEAK_REACH <= highest:  # what lies between samples cannot be more than this times the largest
            break
        highest = max(highest, float(oversampled_peaks(padded[starts[k] : starts[k] + size + PEAK_TAPS]).max()))
    return float(20 * np.log10(highest))


def _largest(sound: Samples) -> float:
    return max(float(sound.max()), -float(sound.min()))


def correlation(pcm: npt.NDArray[np.floating]) -> float:
    """Correlation of left and right, -1..1; 1 for mono or silence."""
    sound = _stereo(pcm).astype(np.float64)
    if sound.shape[1] < 2:
        return 1.0
    left, right = sound[:, 0], sound[:, 1]
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum() / scale) if scale > 0 else 1.0


BAND_FRAMES = 8192
"""Frames of the window in which bands are measured."""
EDGES = (20, 120, 500, 2000, 6000, 16000)
"""Hz between the five bands in which styles are described."""


def spectrum(pcm: npt.NDArray[np.floating]) -> Floats:
    """Power of both channels' mean at the frequencies of ``BAND_FRAMES``, summed over whole windows."""
    mono = _stereo(pcm).astype(np.float64).mean(axis=1)
    frames = mono[: len(mono) // BAND_FRAMES * BAND_FRAMES].reshape(-1, BAND_FRAMES)
    power: Floats = (np.abs(np.fft.rfft(frames * np.hanning(BAND_FRAMES), axis=1)) ** 2).sum(axis=0)
    return power


def shares(power: Floats, edges: tuple[int, ...] = EDGES, rate: int = 48_000) -> Floats:
    """What lies between neighbouring ``edges`` (Hz) of a power :func:`spectrum`, each in dB of the whole."""
    freqs = np.fft.rfftfreq(BAND_FRAMES, 1 / rate)
    within = [power[(freqs >= low) & (freqs < high)].sum() for low, high in zip(edges, edges[1:])]
    made: Floats = 10 * np.log10(np.array(within) / (power.sum() + 1e-20) + 1e-12)
    return made


def bands(pcm: npt.NDArray[np.floating], edges: tuple[int, ...] = EDGES, rate: int = 48_000) -> list[float]:
    """Share of the energy between neighbouring ``edges`` (Hz), each in dB of the whole."""
    return [float(level) for level in shares(spectrum(pcm), edges, rate)]

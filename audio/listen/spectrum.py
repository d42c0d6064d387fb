"""Short-time spectra of a mono signal, in memory-bounded pieces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

RATE = 22_050
"""Analysis rate in Hz."""
HOP = 256
"""Samples between frames: 86.1 frames a second."""
FRAMES = RATE / HOP


def mono(sound: npt.NDArray[np.float32], rate: int = 48_000) -> Floats:
    """(n, 2) at ``rate`` Hz as (m,) at the analysis rate."""
    from scipy.signal import resample_poly

    middle = sound.mean(axis=1) if sound.ndim == 2 else sound
    common = int(np.gcd(rate, RATE))
    return resample_poly(middle, RATE // common, rate // common).astype(np.float32)


def magnitudes(signal: Floats, size: int = 2048, hop: int = HOP) -> Floats:
    """(frames, size // 2 + 1) magnitudes; frame k is centred on sample k * hop."""
    padded = np.pad(signal, (size // 2, size // 2 + hop))
    frames = 1 + len(signal) // hop
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:frames]
    out = np.empty((frames, size // 2 + 1), np.float32)
    for start in range(0, frames, 512):
        out[start : start + 512] = np.abs(np.fft.rfft(view[start : start + 512] * window, axis=1))
    return out


def mel_bank(bands: int, size: int, low: float = 30.0, high: float = 11_000.0) -> Floats:
    """(bands, size // 2 + 1) triangles on the mel scale (O'Shaughnessy 1987), each of area one."""
    mels = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    freqs = np.fft.rfftfreq(size, 1 / RATE)
    rising = (freqs[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - freqs[None]) / np.diff(edges)[1:, None]
    bank = np.clip(np.minimum(rising, falling), 0, None)
    return (bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)

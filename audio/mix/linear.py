"""Linear stages over whole chunks, each with a bounded past: what is heard at a sample depends on a
bounded stretch of the past and on nothing else, so a chunk can be made again alone and comes out the same, bit by bit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Biquad, Samples
from audio.mix.plate import Plate

CHUNK = 1 << 17
"""Frames of a chunk (2.73 s)."""
TAPS = 1 << 13
"""Past that an equaliser is given: a 28 Hz high-pass has fallen by more than 120 dB."""
ROOM = 1 << 17
"""Length of the reverb's response (2.73 s)."""
_ROOM_BLOCK = 256


class Equaliser:
    """Cascades of biquads over stretches of ``size`` frames, started afresh ``TAPS`` frames before each: causal, and
    forgetful in time. Done by spectrum: what a response longer than ``TAPS`` folds back is 180 dB down. In the
    precision of what it is given: single is enough to measure by.
    """

    def __init__(self, *cascades: tuple[Biquad, ...], size: int = CHUNK) -> None:
        self._size, self._length = size, _quick(TAPS + size)
        z = np.exp(-2j * np.pi * np.arange(self._length // 2 + 1) / self._length)
        self._spectra = np.ones((len(cascades), len(z)), np.complex128)
        for row, sections in zip(self._spectra, cascades, strict=True):
            for b0, b1, b2, a1, a2 in sections:
                row *= (b0 + z * (b1 + z * b2)) / (1 + z * (a1 + z * a2))

    def __call__(self, sound: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """(channels, TAPS + size) in, (channels, size) out. A cascade for each channel, or one for all."""
        spectra = np.fft.rfft(sound, self._length, axis=1)
        spectra *= self._spectra
        made: npt.NDArray[np.floating] = np.fft.irfft(spectra, self._length, axis=1)[:, TAPS : TAPS + self._size]
        return made


@lru_cache(maxsize=8)
def _quick(least: int) -> int:
    """The first length of factors two, three, five that is at least so long: it transforms quickly."""
    found = 1 << least.bit_length()
    for three in (1, 3, 9, 27, 81, 243):
        for five in (1, 5, 25):
            odd = three * five
            found = min(found, odd << max(0, (-(-least // odd) - 1).bit_length()))
    return found


class Room:
    """The plate reverb as a response: chunks of the send in, each with its tail out.

    In double precision, so that what an edit changes late in a chunk leaves its beginning alone to the last bit that
    is kept.
    """

    def __init__(self) -> None:
        self._size = CHUNK + ROOM
        self._spectra = np.fft.rfft(_room().astype(np.float64), self._size, axis=1)

    def __call__(self, send: Samples) -> Samples:
        """(CHUNK, 2) in, (CHUNK + ROOM, 2) out."""
        left, right = np.fft.rfft(np.ascontiguousarray(send.T, np.float64), self._size, axis=1)
        spectra = self._spectra
        mixed = np.stack([left * spectra[0] + right * spectra[2], left * spectra[1] + right * spectra[3]])
        made: Samples = np.fft.irfft(mixed, self._size, axis=1).T.astype(np.float32)
        return made


@lru_cache(maxsize=1)
def _room() -> npt.NDArray[np.float32]:
    """Responses (4, ROOM): left to left, left to right, right to left, right to right, ending in a fade."""
    out = np.zeros((4, ROOM), np.float32)
    for side in (0, 1):
        plate = Plate(_ROOM_BLOCK)
        for k in range(ROOM // _ROOM_BLOCK):
            send = np.zeros((_ROOM_BLOCK, 2))
            send[0, side] = 1.0 if k == 0 else 0.0
            wet = plate(send)
            if wet is not None:
                out[2 * side : 2 * side + 2, k * _ROOM_BLOCK : (k + 1) * _ROOM_BLOCK] = wet.T
    out[:, -4800:] *= np.linspace(1, 0, 4800, dtype=np.float32)
    return out

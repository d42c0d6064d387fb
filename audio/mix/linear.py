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
    """A cascade of biquads over chunks, started afresh ``TAPS`` frames before each: causal, and forgetful in time."""

    def __init__(self, sections: tuple[Biquad, ...]) -> None:
        self._sos = np.array([[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in sections])

    def __call__(self, sound: Samples) -> Samples:
        """(TAPS + CHUNK, channels) in, (CHUNK, channels) out."""
        from scipy.signal import sosfilt

        made: Samples = sosfilt(self._sos, sound, axis=0)[TAPS:].astype(np.float32)
        return made


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

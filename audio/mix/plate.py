"""Reverb: a feedback delay network of eight lines, each longer than a block, so a block is a handful of array steps.

Structure after J.-M. Jot & A. Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991):
delay lines, an orthogonal (Hadamard) feedback matrix, a decay per line that follows its length, and damping.
"""

from __future__ import annotations

import numpy as np

from audio.mix.filters import BlockFilter, Floats, high_shelf, highpass, lowpass

_LENGTHS = (1087, 1283, 1471, 1693, 1877, 2081, 2293, 2503)
_DIFFUSE = (113, 337)


class Plate:
    """Stereo in (n, 2), stereo out (n, 2); ``seconds`` is the time to fall by 60 dB."""

    def __init__(self, block: int, seconds: float = 1.9, predelay: int = 960, rate: int = 48_000) -> None:
        stretch = max(1.0, (block + 31) / min(_LENGTHS))
        lengths = [int(length * stretch) for length in _LENGTHS]
        self._n = block
        self._size = 1 << (max(lengths) + block + predelay).bit_length()
        self._lines = np.zeros((8, self._size), np.float64)
        self._in = np.zeros((2, self._size))
        self._at = 0
        self._predelay = predelay
        self._lengths = lengths
        decay = 10 ** (-3 * np.array(lengths) / (seconds * rate))
        hadamard = np.array([[1.0]])
        for _ in range(3):
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        self._feedback = hadamard / np.sqrt(8) * decay[None, :]
        self._spread = np.array([[1, 0], [0, 1], [-1, 0], [0, 1], [1, 0], [0, -1], [1, 0], [0, 1]], float) * 0.5
        self._tap = np.array([[1, 0.3, -1, 0.2, 1, -0.3, -1, 0.2], [0.2, 1, 0.3, -1, -0.2, 1, 0.3, -1]]) * 0.42
        self._damp = BlockFilter((high_shelf(4200, -2.6),), block, 8)
        self._tone = BlockFilter((highpass(220), lowpass(11000)), block, 2)
        self._silent = 1 << 30
        self._tail = int(seconds * rate * 1.4) // block
        self._out = np.empty((8, block))

    def __call__(self, send: Floats) -> Floats | None:
        """One block of reverberation of ``send``, or None while there is nothing to hear."""
        loud = float(np.abs(send).max()) > 1e-6
        self._silent = 0 if loud else self._silent + 1
        if self._silent > self._tail:
            return None
        n, size, at = self._n, self._size, self._at
        span = slice(at, at + n)  # the line is a whole number of blocks
        self._in[:, span] = self._tone(send).T
        early = _read(self._in, at - self._predelay, n)
        out = self._out
        for k, length in enumerate(self._lengths):
            out[k] = _read(self._lines[k], at - length, n)
        damped = self._damp(out.T).T
        self._lines[:, span] = self._feedback @ damped + self._spread @ early
        self._at = (at + n) % size
        wet: Floats = (self._tap @ out).T
        return wet


def _read(line: Floats, first: int, count: int) -> Floats:
    """``count`` values of a ring from ``first`` on, along the last axis."""
    size = line.shape[-1]
    first %= size
    if first + count <= size:
        return line[..., first : first + count]
    return np.concatenate([line[..., first:], line[..., : first + count - size]], axis=-1)

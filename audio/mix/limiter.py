"""Look-ahead true-peak limiter: causal, block by block, no loop over samples.

Peaks between samples are found by 4x oversampling with the 48-tap interpolation filter of ITU-R BS.1770-5
annex 2. Gain: what the peaks need, held and released at a steady rate in dB (a running minimum), spread over the
look-ahead by a minimum filter and smoothed by an equally long window, so the gain is down before the peak comes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Samples

_PHASES = np.array(
    [
        [0.0017089843750, -0.0291748046875, -0.0189208984375, -0.0083007812500],
        [0.0109863281250, 0.0292968750000, 0.0330810546875, 0.0148925781250],
        [-0.0196533203125, -0.0517578125000, -0.0582275390625, -0.0266113281250],
        [0.0332031250000, 0.0891113281250, 0.1015625000000, 0.0476074218750],
        [-0.0594482421875, -0.1665039062500, -0.2003173828125, -0.1022949218750],
        [0.1373291015625, 0.4650878906250, 0.7797851562500, 0.9721679687500],
        [0.9721679687500, 0.7797851562500, 0.4650878906250, 0.1373291015625],
        [-0.1022949218750, -0.2003173828125, -0.1665039062500, -0.0594482421875],
        [0.0476074218750, 0.1015625000000, 0.0891113281250, 0.0332031250000],
        [-0.0266113281250, -0.0582275390625, -0.0517578125000, -0.0196533203125],
        [0.0148925781250, 0.0330810546875, 0.0292968750000, 0.0109863281250],
        [-0.0083007812500, -0.0189208984375, -0.0291748046875, 0.0017089843750],
    ],
    dtype=np.float32,
)
TAPS = len(_PHASES)
REACH = float(np.abs(_PHASES).sum(axis=0).max())
"""The interpolated value is at most so many times the largest sample around it."""


_RUN = 16
"""Samples that one row of the interpolation matrix makes: enough for the matrix product to run at full speed."""


def _bands() -> Samples:
    """(_RUN + TAPS - 1, 4 * _RUN): columns ``phase * _RUN + i`` give the values around sample i of a run."""
    matrix = np.zeros((_RUN + TAPS - 1, 4, _RUN), np.float32)
    for i in range(_RUN):
        matrix[i : i + TAPS, :, i] = _PHASES
    return matrix.reshape(_RUN + TAPS - 1, 4 * _RUN)


_MATRIX = _bands()


def oversampled_peaks(signal: Samples) -> Samples:
    """Largest magnitude at and between samples: (TAPS - 1 + n, channels) in, (n,) out, over all channels."""
    count, channels = len(signal) - TAPS + 1, signal.shape[1]
    rows = -(-count // _RUN)
    wide = np.zeros((channels, rows * _RUN + TAPS - 1), np.float32)
    wide[:, : len(signal)] = signal.T
    runs = np.lib.stride_tricks.sliding_window_view(wide, _RUN + TAPS - 1, axis=1)[:, ::_RUN]
    between = np.abs(np.ascontiguousarray(runs).reshape(channels * rows, -1) @ _MATRIX)
    between = between.reshape(channels, rows, 4, _RUN).max(axis=(0, 2)).ravel()[:count]
    here = np.abs(wide[:, TAPS // 2 - 1 : TAPS // 2 - 1 + count]).max(axis=0)
    peaks: Samples = np.maximum(between, here)
    return peaks


def sliding_min(values: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    """Minimum of every run of ``width`` values, by doubling: O(n log width) in whole-array steps."""
    have = 1
    while have * 2 <= width:
        values = np.minimum(values[:-have], values[have:])
        have *= 2
    if have < width:
        values = np.minimum(values[: -(width - have)], values[width - have :])
    return values


class Limiter:
    """Holds the sum at or under ``ceiling`` dBTP. The output is one block late (``latency``)."""

    def __init__(self, block: int, ceiling: float = -1.5, release_db_s: float = 60.0, rate: int = 48_000) -> None:
        self.latency = block
        """Samples between input and output."""
        self.reduction = 0.0
        """Deepest cut of the last block in dB."""
        self._n = block
        self._ceiling = float(10 ** (ceiling / 20))
        self._reach = min(96, (block - 16) // 2)
        self._slope = release_db_s / rate
        self._ramp = np.arange(block) * self._slope
        window = np.hanning(2 * self._reach + 3)[1:-1]
        self._window = window / window.sum()
        self._held = 0.0
        self._edge = np.zeros((TAPS - 1, 2), np.float32)
        self._before = np.zeros((block, 2), np.float32)
        self._line = np.zeros(2 * block + 2 * self._reach)
        """dB needed, in detector time; the last ``block`` values belong to the newest block."""

    def __call__(self, block: Samples) -> Samples:
        """Limit ``block`` (n, 2); returns the block before it, limited."""
        n, reach = self._n, self._reach
        padded = np.concatenate([self._edge, block])
        self._edge = padded[-(TAPS - 1) :]
        self._line[:-n] = self._line[n:]
        self._line[-n:] = self._needed(padded)
        # Detector value i is about sample i - 6 of its block; a sample sees 2 * reach detector values to either side.
        lag = TAPS // 2
        seen = self._line[lag : lag + n + 4 * reach]
        self.reduction = float(seen.min())
        treated, self._before = self._before, block
        if self.reduction == 0.0:
            return treated
        gain = np.convolve(sliding_min(seen, 2 * reach + 1), self._window, mode="valid")
        limited: Samples = treated * np.power(10.0, gain / 20)[:, None].astype(np.float32)
        return limited

    def _needed(self, padded: Samples) -> npt.NDArray[np.float64]:
        quiet = max(float(padded.max()), -float(padded.min())) < 0.5 * self._ceiling
        if quiet and self._held == 0.0:
            return np.zeros(self._n)
        peaks = oversampled_peaks(padded)
        wanted = np.minimum(0.0, 20 * np.log10(self._ceiling / np.maximum(peaks, 1e-9)))
        falling = np.minimum.accumulate(np.minimum(wanted - self._ramp, self._held))
        need = np.minimum(falling + self._ramp, 0.0)
        self._held = min(0.0, float(need[-1]) + self._slope)
        return need

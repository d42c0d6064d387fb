"""Biquads, and a way to run them over whole blocks as one matrix product.

Coefficients after R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients"; the two stages
of K-weighting after ITU-R BS.1770-5, for 48 kHz.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]
Biquad = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2 with a0 = 1."""

K_WEIGHTING: tuple[Biquad, Biquad] = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
)


def _corner(freq: float, q: float, rate: float) -> tuple[float, float]:
    w = 2 * math.pi * min(freq, rate * 0.49) / rate
    return math.cos(w), math.sin(w) / (2 * q)


def lowpass(freq: float, q: float = math.sqrt(0.5), rate: float = 48_000) -> Biquad:
    """Second-order low-pass at ``freq`` Hz."""
    c, alpha = _corner(freq, q, rate)
    a0 = 1 + alpha
    return ((1 - c) / 2 / a0, (1 - c) / a0, (1 - c) / 2 / a0, -2 * c / a0, (1 - alpha) / a0)


def highpass(freq: float, q: float = math.sqrt(0.5), rate: float = 48_000) -> Biquad:
    """Second-order high-pass at ``freq`` Hz."""
    c, alpha = _corner(freq, q, rate)
    a0 = 1 + alpha
    return ((1 + c) / 2 / a0, -(1 + c) / a0, (1 + c) / 2 / a0, -2 * c / a0, (1 - alpha) / a0)


def peak(freq: float, gain_db: float, q: float = 1.0, rate: float = 48_000) -> Biquad:
    """Bell of ``gain_db`` at ``freq`` Hz."""
    c, alpha = _corner(freq, q, rate)
    a = 10 ** (gain_db / 40)
    a0 = 1 + alpha / a
    return ((1 + alpha * a) / a0, -2 * c / a0, (1 - alpha * a) / a0, -2 * c / a0, (1 - alpha / a) / a0)


def high_shelf(freq: float, gain_db: float, rate: float = 48_000) -> Biquad:
    """Shelf of ``gain_db`` above ``freq`` Hz."""
    c, alpha = _corner(freq, math.sqrt(0.5), rate)
    a = 10 ** (gain_db / 40)
    r = 2 * math.sqrt(a) * alpha
    a0 = (a + 1) - (a - 1) * c + r
    return (
        a * ((a + 1) + (a - 1) * c + r) / a0,
        -2 * a * ((a - 1) + (a + 1) * c) / a0,
        a * ((a + 1) + (a - 1) * c - r) / a0,
        2 * ((a - 1) - (a + 1) * c) / a0,
        ((a + 1) - (a - 1) * c - r) / a0,
    )


def low_shelf(freq: float, gain_db: float, rate: float = 48_000) -> Biquad:
    """Shelf of ``gain_db`` below ``freq`` Hz."""
    c, alpha = _corner(freq, math.sqrt(0.5), rate)
    a = 10 ** (gain_db / 40)
    r = 2 * math.sqrt(a) * alpha
    a0 = (a + 1) + (a - 1) * c + r
    return (
        a * ((a + 1) - (a - 1) * c + r) / a0,
        2 * a * ((a - 1) - (a + 1) * c) / a0,
        a * ((a + 1) - (a - 1) * c - r) / a0,
        -2 * ((a - 1) + (a + 1) * c) / a0,
        ((a + 1) + (a - 1) * c - r) / a0,
    )


def response(sections: tuple[Biquad, ...], freqs: Floats, rate: float = 48_000) -> Floats:
    """Magnitude of the cascade at ``freqs`` Hz (used to filter whole tables in the frequency domain)."""
    z = np.exp(-2j * math.pi * np.asarray(freqs) / rate)
    h: npt.NDArray[np.complex128] = np.ones_like(z)
    for b0, b1, b2, a1, a2 in sections:
        h = h * (b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)
    return np.abs(h)


def _state_space(sections: tuple[Biquad, ...]) -> tuple[Floats, Floats, Floats, float]:
    """A, B, C, D of the cascade in transposed direct form II."""
    a, b, c, d = np.zeros((0, 0)), np.zeros((0, 1)), np.zeros((1, 0)), 1.0
    for b0, b1, b2, a1, a2 in sections:
        a2_, b2_ = np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([[b1 - a1 * b0], [b2 - a2 * b0]])
        c2_, d2_ = np.array([[1.0, 0.0]]), b0
        a = np.block([[a, np.zeros((len(a), 2))], [b2_ @ c, a2_]])
        b = np.vstack([b, b2_ * d])
        c = np.hstack([d2_ * c, c2_])
        d = d2_ * d
    return a, b, c, d


class BlockFilter:
    """A cascade of biquads over blocks of exactly ``n`` frames of ``channels`` channels.

    A recursive filter over a block is linear in (state, input), so it is a few precomputed matrices: no loop over
    samples and no SciPy in the host (whose import would triple the time of a restart). The block is cut into runs of
    ``_RUN`` frames, all filtered from silence in one product; what the state of each run adds is a second one.
    """

    def __init__(self, sections: tuple[Biquad, ...], n: int, channels: int) -> None:
        a, b, c, d = _state_space(sections)
        order, run = len(a), _RUN if n % _RUN == 0 else n
        runs = n // run
        observe = np.zeros((run, order))
        powers = np.eye(order)
        for i in range(run):
            observe[i] = c @ powers
            powers = a @ powers
        impulse = np.concatenate([[d], (observe[:-1] @ b)[:, 0]])
        reach = np.zeros((order, run))
        column = b
        for i in range(run - 1, -1, -1):
            reach[:, i] = column[:, 0]
            column = a @ column
        lag = np.arange(run)[:, None] - np.arange(run)[None, :]
        self._silent = np.concatenate([np.where(lag >= 0, impulse[np.abs(lag)], 0.0), reach])
        self._observe = observe
        # States at the beginning of every run, and after the last, from the first state and what each run adds.
        steps = np.zeros((runs + 1, order, runs + 1, order))
        for k in range(runs + 1):
            for j in range(k + 1):
                steps[k, :, j] = np.linalg.matrix_power(powers, k - j)
        self._steps = steps.reshape((runs + 1) * order, (runs + 1) * order)
        self._shape = runs, run, order, channels
        self._make_room()

    def _make_room(self) -> None:
        runs, run, order, channels = self._shape
        self.state = np.zeros((order, channels))
        """What is left of the past."""
        self._in = np.zeros((run, runs, channels))
        self._flat = np.zeros((run + order, runs * channels))
        self._added = np.zeros((runs + 1, order, channels))
        self._states = np.zeros(((runs + 1) * order, channels))
        self._from = np.zeros((order, runs, channels))
        self._out = np.zeros((runs, run, channels))

    def twin(self) -> BlockFilter:
        """The same filter with a past of its own; costs nothing."""
        made = BlockFilter.__new__(BlockFilter)
        made._silent, made._observe, made._steps, made._shape = self._silent, self._observe, self._steps, self._shape
        made._make_room()
        return made

    def __call__(self, block: npt.NDArray[np.floating]) -> Floats:
        """Filter ``block`` (n, channels); the result is valid until the next call."""
        runs, run, order, channels = self._shape
        self._in[:] = block.reshape(runs, run, channels).transpose(1, 0, 2)
        flat = np.matmul(self._silent, self._in.reshape(run, -1), out=self._flat)
        self._added[0] = self.state
        self._added[1:] = flat[run:].reshape(order, runs, channels).transpose(1, 0, 2)
        states = np.matmul(self._steps, self._added.reshape(-1, channels), out=self._states)
        states = states.reshape(runs + 1, order, channels)
        self._from[:] = states[:-1].transpose(1, 0, 2)
        flat[:run] += self._observe @ self._from.reshape(order, -1)
        self._out[:] = flat[:run].reshape(run, runs, channels).transpose(1, 0, 2)
        self.state[:] = states[-1]
        return self._out.reshape(-1, channels)

    def reset(self) -> None:
        """Forget the past."""
        self.state[:] = 0.0


_RUN = 64

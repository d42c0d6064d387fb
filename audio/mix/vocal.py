"""The voice's way through the desk: placed on the clock to the sample, levelled, equalised, compressed, de-essed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audio.mix.filters import BlockFilter, Floats, Samples, high_shelf, highpass, lowpass, peak

_SUB = 64
_LEVEL_DB = -20.0
"""RMS every take is brought towards before the chain."""


def level_gain(pcm: Samples) -> float:
    """Gain that brings the sounding part of a take to the chain's working level (80 % of the way in dB)."""
    frames = len(pcm) // 2400
    if not frames:
        return 1.0
    power = np.einsum("ij,ij->i", *(pcm[: frames * 2400].reshape(frames, 2400),) * 2) / 2400
    loudest = float(power.max())
    if loudest < 1e-8:
        return 1.0
    sounding = power[power > loudest * 0.03]
    miss = _LEVEL_DB - 10 * math.log10(float(sounding.mean()))
    return float(10 ** (max(-24.0, min(24.0, miss * 0.9)) / 20))


@dataclass(slots=True)
class Take:
    """One rendered phrase on the clock."""

    sample: int
    pcm: Samples
    owner: str
    sung: bool
    order: int
    gain: float = 1.0
    fade_at: int = 1 << 62
    fade: int = 1
    ease_in: int = 0

    @property
    def end(self) -> int:
        """Sample after its last."""
        return min(self.sample + len(self.pcm), self.fade_at + self.fade)


@dataclass(slots=True)
class Chain:
    """Equaliser, compressor and de-esser of one kind of voice; mono in, mono out."""

    block: int
    sung: bool
    _gain_db: float = 0.0
    _ess_db: float = 0.0
    _eq: BlockFilter = field(init=False)
    _high: BlockFilter = field(init=False)

    def __post_init__(self) -> None:
        if self.sung:
            shape = (highpass(95), peak(280, -2.0, 0.9), peak(3200, 2.5, 0.8), high_shelf(9500, 3.0))
        else:
            shape = (highpass(80), peak(240, -1.5, 0.9), peak(3000, 3.0, 0.8), high_shelf(8000, 1.5))
        self._eq = BlockFilter(shape, self.block, 1)
        self._high = BlockFilter((highpass(5200),), self.block, 1)

    def __call__(self, sound: Samples) -> Floats:
        """One block through the chain."""
        voiced = self._eq(sound[:, None])[:, 0]
        high = self._high(voiced[:, None])[:, 0]
        count = max(1, self.block // _SUB)
        size = self.block // count
        power = (voiced[: count * size].reshape(count, size) ** 2).mean(axis=1)
        sizzle = (high[: count * size].reshape(count, size) ** 2).mean(axis=1)
        gains, esses = np.empty(count + 1), np.empty(count + 1)
        gains[0], esses[0] = self._gain_db, self._ess_db
        for i in range(count):
            level = 10 * math.log10(float(power[i]) + 1e-10)
            over = max(0.0, level - (_LEVEL_DB - 4.0))
            goal = -over * (0.62 if self.sung else 0.55)
            rate = 0.28 if goal < self._gain_db else 0.012
            self._gain_db += (goal - self._gain_db) * rate
            ess = max(0.0, 10 * math.log10(float(sizzle[i]) + 1e-10) - max(level - 9.0, _LEVEL_DB - 16.0))
            self._ess_db += (-min(8.0, ess * 0.7) - self._ess_db) * (0.5 if -ess < self._ess_db else 0.06)
            gains[i + 1], esses[i + 1] = self._gain_db, self._ess_db
        at = np.arange(self.block) / size
        marks = np.arange(count + 1)
        gain = 10 ** (np.interp(at, marks, gains) / 20)
        keep = 10 ** (np.interp(at, marks, esses) / 20)
        out: Floats = (voiced - high * (1 - keep)) * gain
        return out


class Slap:
    """One short, dull echo (mono) for the sung voice."""

    def __init__(self, block: int, delay: int = 5520) -> None:
        self._line = np.zeros(max(delay, block) + block)
        self._block = block
        self._tone = BlockFilter((highpass(300), lowpass(4200)), block, 1)

    def __call__(self, sound: Floats) -> Floats:
        """The echo that sounds during this block."""
        n = self._block
        self._line[:-n] = self._line[n:]
        self._line[-n:] = self._tone(sound[:, None])[:, 0]
        return self._line[:n].copy()


class Voices:
    """Takes on the clock, and the two chains. All positions are show samples."""

    def __init__(self, block: int) -> None:
        self.takes: list[Take] = []
        self._block = block
        self._chains = {True: Chain(block, True), False: Chain(block, False)}
        self._idle = {True: 1 << 20, False: 1 << 20}
        self.sung_db = 0.0
        self.spoken_db = 0.0

    def add(self, take: Take) -> None:
        """Put a take on the clock."""
        take.gain = level_gain(take.pcm)
        self.takes.append(take)

    def cancel(self, owner: str, sample: int, fade: int, order: int) -> None:
        """Takes of ``owner`` put on before message ``order`` fade out at ``sample``."""
        for take in self.takes:
            if take.owner == owner and take.order < order and sample < take.fade_at:
                take.fade_at, take.fade = sample, max(64, fade)

    def near(self, sung: bool, begin: int, end: int) -> bool:
        """Is there such a voice anywhere in ``[begin, end)``?"""
        return any(t.sung is sung and t.sample < end and t.end > begin for t in self.takes)

    def render(self, at: int, sung: bool) -> Floats | None:
        """The treated voice of this block, or None when it has long been silent."""
        n = self._block
        dry = np.zeros(n, np.float32)
        sounding = False
        for take in self.takes:
            if take.sung is sung and take.sample < at + n and take.end > at:
                self._place(take, at, dry)
                sounding = True
        self._idle[sung] = 0 if sounding else self._idle[sung] + 1
        if self._idle[sung] > 40:
            return None
        return self._chains[sung](dry)

    def forget(self, before: int) -> None:
        """Drop takes that ended before ``before``."""
        if self.takes and any(t.end <= before for t in self.takes):
            self.takes = [t for t in self.takes if t.end > before]

    def _place(self, take: Take, at: int, dry: Samples) -> None:
        first, last = max(at, take.sample), min(at + self._block, take.end)
        piece: npt.NDArray[np.float32] = take.pcm[first - take.sample : last - take.sample] * np.float32(take.gain)
        if last > take.fade_at:
            line = 1.0 - (np.arange(first, last) - take.fade_at) / take.fade
            piece = piece * np.clip(line, 0.0, 1.0).astype(np.float32)
        if take.ease_in and first < take.sample + take.ease_in:
            line = (np.arange(first, last) - take.sample + 1) / take.ease_in
            piece = piece * np.clip(line, 0.0, 1.0).astype(np.float32)
        dry[first - at : last - at] += piece

"""The voice's way through the desk: placed on the clock to the sample, levelled, equalised, compressed, de-essed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audio.mix.filters import BlockFilter, Floats, Samples, high_shelf, highpass, lowpass, peak

_SUB = 64
SUNG_EQ = (highpass(95), peak(280, -2.0, 0.9), peak(3200, 0.5, 0.8), high_shelf(9500, 3.0))
SPOKEN_EQ = (highpass(80), peak(240, -1.5, 0.9), peak(3000, 3.0, 0.8), high_shelf(8000, 1.5))
SIZZLE = highpass(5200)
SLAP_TONE = (highpass(300), lowpass(4200))
SLAP_DELAY = 5_520
_LEVEL_DB = -20.0
"""RMS every take is brought towards before the chain."""
SUNG_LEVEL = 10 ** (-1.8 / 20)
"""What that comes to for sung takes, which the voice has levelled already: a gain that hangs on no other note."""


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
        self._eq = BlockFilter(SUNG_EQ if self.sung else SPOKEN_EQ, self.block, 1)
        self._high = BlockFilter((SIZZLE,), self.block, 1)

    def __call__(self, sound: Samples) -> Floats:
        """One block through the chain."""
        voiced = self._eq(sound[:, None])[:, 0]
        high = self._high(voiced[:, None])[:, 0]
        return self._levelled(voiced, high)

    def whole(self, sound: Samples) -> Floats:
        """A whole take at once, from silence; a multiple of ``_SUB`` samples."""
        from scipy.signal import sosfilt

        shape = SUNG_EQ if self.sung else SPOKEN_EQ
        voiced = sosfilt([[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in shape], sound.astype(np.float64))
        b0, b1, b2, a1, a2 = SIZZLE
        return self._levelled(voiced, sosfilt([[b0, b1, b2, 1.0, a1, a2]], voiced))

    def _levelled(self, voiced: Floats, high: Floats) -> Floats:
        """Compressor and de-esser, stepping every ``_SUB`` samples."""
        count = max(1, len(voiced) // _SUB)
        size = len(voiced) // count
        power = 10 * np.log10((voiced[: count * size].reshape(count, size) ** 2).mean(axis=1) + 1e-10)
        sizzle = 10 * np.log10((high[: count * size].reshape(count, size) ** 2).mean(axis=1) + 1e-10)
        goals = -(0.62 if self.sung else 0.55) * np.maximum(0.0, power - (_LEVEL_DB - 4.0))
        cuts = -np.minimum(8.0, 0.7 * np.maximum(0.0, sizzle - np.maximum(power - 9.0, _LEVEL_DB - 16.0)))
        gains, esses = [self._gain_db], [self._ess_db]
        gain, ess = self._gain_db, self._ess_db
        for goal, cut in zip(goals.tolist(), cuts.tolist()):
            gain += (goal - gain) * (0.28 if goal < gain else 0.012)
            ess += (cut - ess) * (0.5 if cut / 0.7 < ess else 0.06)
            gains.append(gain)
            esses.append(ess)
        self._gain_db, self._ess_db = gain, ess
        at = np.arange(len(voiced)) / size
        marks = np.arange(count + 1)
        lift = 10 ** (np.interp(at, marks, gains) / 20)
        keep = 10 ** (np.interp(at, marks, esses) / 20)
        out: Floats = (voiced - high * (1 - keep)) * lift
        return out


class Slap:
    """One short, dull echo (mono) for the sung voice."""

    def __init__(self, block: int, delay: int = SLAP_DELAY) -> None:
        self._line = np.zeros(max(delay, block) + block)
        self._block = block
        self._tone = BlockFilter(SLAP_TONE, block, 1)

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

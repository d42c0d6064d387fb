"""The desk offline: the same strips, buses and effects as :mod:`audio.mix.desk`, chunk by chunk, with no memory longer
than its longest decay. Every stage is a function of a bounded window of the song (finite responses, windowed levels),
so a chunk depends only on what sounds in and shortly before it, and an edit changes nothing elsewhere.

Chunk ``k`` is frames ``[k * CHUNK, (k + 1) * CHUNK)`` of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.mix.desk import GLUE_THRESHOLD_DB, MUSIC_GAIN, VOICE_SUNG_DB, Desk
from audio.mix.filters import Floats, Samples, high_shelf, highpass, peak
from audio.mix.limiter import TAPS as PEAK_TAPS
from audio.mix.limiter import oversampled_peaks, sliding_min
from audio.mix.linear import CHUNK, ROOM, TAPS, Equaliser, Room
from audio.mix.meters import SILENCE, STEP, integrated

ECHOES = 8
"""Repeats of the echo that are played; the ninth would stand 66 dB below the first."""
HOP = 64
"""Frames from one value of a level to the next."""
_GLUE = 150
"""Hops of the window in which the bus compressor listens (200 ms)."""
_EASE = 75
_RELEASE = 60.0 / 48_000
_REACH = 96
_STRETCH = 1024
LIMIT_PAST = 48_000
LIMIT_AHEAD = 4 * _REACH + PEAK_TAPS
BACK = ROOM + 2 * TAPS + 2 * (_GLUE + _EASE) * HOP + LIMIT_PAST
"""Samples of the past that can be heard in a sample, echoes and the sounds' own length not counted."""
AHEAD = LIMIT_AHEAD + 12_000


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound on the clock of the file."""

    start: int
    pcm: Samples
    gain: float
    ends: int
    fade: int


@dataclass(frozen=True, slots=True)
class Strip:
    """One track of the mix: fader, place, sends, and its sounds in order of their start."""

    name: str
    gain_db: float
    pan: float
    width: float
    reverb: float
    echo: float
    ducked: bool
    sounds: Sequence[Sound]
    offset_db: float = 0.0
    """How much of ``gain_db`` a person asked for (a composed song's faders are a first guess)."""

    def matrix(self) -> Samples:
        """2 x 2 from the sound's pair to left and right."""
        return (Desk._panned(self.pan, self.width) * 10 ** (self.gain_db / 20)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Sung:
    """A treated phrase (voice, slap echo): (frames, 2) from ``start`` on; ``sings`` is how long it is really sung."""

    start: int
    pcm: Samples
    sings: int


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that is mixed."""

    strips: tuple[Strip, ...]
    sung: tuple[Sung, ...]
    kicks: tuple[int, ...]
    frames: int
    echo: int
    voice_gain_db: float = 0.0
    voice_reverb: float = 0.2

    @property
    def chunks(self) -> int:
        """How many chunks the file has."""
        return -(-self.frames // CHUNK)


class Mixdown:
    """Makes chunks of a session. Safe to use from several threads for different chunks."""

    def __init__(self, session: Session, like: Mixdown | None = None) -> None:
        """``like``: a mix of the same sounds at other gains, whose work is taken over where it is the same."""
        self.session = session
        tone = (highpass(28), peak(320, -1.2, 0.7), high_shelf(9000, 1.5))
        self._room: Room = like._room if like else Room()
        self._tone: Equaliser = like._tone if like else Equaliser(tone, (*tone, highpass(120)))
        self._placed: dict[tuple[str, int], Samples | None] = like._placed if like else {}
        self._duck_shape = Desk._pump().astype(np.float32)
        self._hann = np.hanning(2 * _GLUE + 3)[1:-1]
        self._hann /= self._hann.sum()
        self._ease = np.hanning(2 * _EASE + 3)[1:-1]
        self._ease /= self._ease.sum()
        self._memo: dict[tuple[str, int], Samples] = {}
        self._voice: dict[int, tuple[Samples, Samples] | None] = {}

    def _once(self, name: str, k: int, make: Callable[[], Samples]) -> Samples:
        found = self._memo.get((name, k))
        if found is None:
            found = self._memo[name, k] = make()
        return found

    # -- tracks ------------------------------------------------------------------------------------------------

    def stem(self, strip: Strip, k: int, keep: bool = False) -> Samples | None:
        """One track after its fader, without sends and ducking: (CHUNK, 2), or None where it is silent.

        With ``keep`` what stands before the fader is kept for the mix that is made ``like`` this one.
        """
        placed = self._placed.pop((strip.name, k), None)
        if placed is None:
            placed = _together(strip.sounds, k)
        if keep:
            self._placed[strip.name, k] = placed
        return None if placed is None else placed @ strip.matrix()

    def duck(self, k: int) -> Samples | None:
        """How far the kick pushes the ducked tracks down: (CHUNK, 1), or None."""
        first, end, shape = k * CHUNK, (k + 1) * CHUNK, self._duck_shape
        curve = None
        for kick in self.session.kicks:
            a, b = max(first, kick), min(end, kick + len(shape))
            if a < b:
                curve = np.ones((CHUNK, 1), np.float32) if curve is None else curve
                part = curve[a - first : b - first, 0]
                np.minimum(part, shape[a - kick : b - kick], out=part)
        return curve

    def instruments(self, k: int, tap: Callable[[str, int, Samples], None] | None = None) -> None:
        """Mix the tracks of a chunk; ``tap(name, k, stem)`` is given each stem as it goes into the mix."""
        if k < 0 or ("band", k) in self._memo:
            return
        band = np.zeros((CHUNK, 2), np.float32)
        send, echo = np.zeros((CHUNK, 2), np.float32), None
        duck = self.duck(k)
        for strip in self.session.strips:
            stem = self.stem(strip, k)
            if stem is None:
                if tap is not None:
                    tap(strip.name, k, _NOTHING)
                continue
            send += stem * np.float32(1.1 * max(0.0, strip.reverb))
            if strip.echo:
                part = stem * np.float32(strip.echo)
                echo = part if echo is None else np.add(echo, part, out=echo)
            if strip.ducked and duck is not None:
                stem *= duck
            band += stem
            if tap is not None:
                tap(strip.name, k, stem)
        self._memo["send", k] = send
        if echo is not None:
            self._memo["echo", k] = echo
        self._memo["band", k] = band

    def lead(self, k: int) -> Samples | None:
        """The sung voice with its slap echo: (CHUNK, 2), or None where nobody sings."""
        sung = self._sung(k)
        return None if sung is None else sung[0]

    def _sung(self, k: int) -> tuple[Samples, Samples] | None:
        """The voice in stereo, and what of it goes to the reverb (mono)."""
        if k not in self._voice:
            self._voice[k] = self._vocal(k)
        return self._voice[k]

    def _vocal(self, k: int) -> tuple[Samples, Samples] | None:
        first, end = k * CHUNK, (k + 1) * CHUNK
        heard = [one for one in self.session.sung if one.start < end and one.start + len(one.pcm) > first]
        if not heard:
            return None
        both = np.zeros((CHUNK, 2), np.float32)
        for one in heard:
            a, b = max(first, one.start), min(end, one.start + len(one.pcm))
            both[a - first : b - first] += one.pcm[a - one.start : b - one.start]
        both *= np.float32(10 ** ((VOICE_SUNG_DB + self.session.voice_gain_db) / 20))
        wet = np.float32(0.16 + 0.35 * self.session.voice_reverb)
        return both @ np.array([[1.0, 1.0], [0.16, 0.13]], np.float32), both[:, 0] * wet

    # -- the sum -----------------------------------------------------------------------------------------------

    def effects(self, k: int) -> Samples:
        """Reverb and echo returns: (CHUNK, 2)."""
        return self._once("effects", k, lambda: self._returns(k))

    def _wet(self, k: int) -> Samples:
        def make() -> Samples:
            send, sung = self._memo["send", k], self._sung(k)
            if sung is not None:
                send = send + sung[1][:, None]
            return self._room(send) if np.abs(send).max() > 1e-6 else np.zeros((CHUNK + ROOM, 2), np.float32)

        return self._once("wet", k, make)

    def _returns(self, k: int) -> Samples:
        out = self._wet(k)[:CHUNK].copy()
        if k:
            out[:ROOM] += self._wet(k - 1)[CHUNK:]
        echo, first = self.session.echo, k * CHUNK
        for turn in range(1, ECHOES + 1):
            level = np.float32(0.5 * 0.42 ** (turn - 1))
            flip = slice(None) if turn % 2 else slice(None, None, -1)
            at = first - turn * echo
            for j in range(max(0, at // CHUNK), k + 1):
                a, b = max(at, j * CHUNK), min(at + CHUNK, (j + 1) * CHUNK)
                part = self._memo.get(("echo", j))
                if a < b and part is not None:
                    out[a - at : b - at] += part[a - j * CHUNK : b - j * CHUNK, flip] * level
        return out

    def reach(self) -> int:
        """How many chunks before one must be made for its echoes and its reverb."""
        return max(1, -(-ECHOES * self.session.echo // CHUNK))

    def premaster(self, k: int) -> Samples:
        """Band, returns, bus tone, bus compressor, voice: (CHUNK, 2). Needs ``instruments`` made ``reach()`` back."""
        return self._once("premaster", k, lambda: self._sum(k))

    def music(self, k: int) -> Samples:
        """Everything but the voice, after tone and before the bus compressor."""
        return self._once("music", k, lambda: self._toned(k))

    def _raw(self, k: int) -> Samples:
        """Band and returns under the step back for the voice."""

        def make() -> Samples:
            made: Samples = (self._memo["band", k] + self.effects(k)) * self._bed(k)[:, None]
            return made

        return self._once("raw", k, make)

    def _toned(self, k: int) -> Samples:
        pair = np.zeros((2, TAPS + CHUNK))
        parts = [(TAPS, self._raw(k))] + ([(0, self._raw(k - 1)[-TAPS:])] if k else [])
        for at, part in parts:
            here = pair[:, at : at + len(part)]
            np.add(part[:, 0], part[:, 1], out=here[0])
            np.subtract(part[:, 0], part[:, 1], out=here[1])
        middle, side = self._tone(pair) * (0.5 * MUSIC_GAIN)
        made = np.empty((CHUNK, 2), np.float32)
        np.add(middle, side, out=made[:, 0], casting="same_kind")
        np.subtract(middle, side, out=made[:, 1], casting="same_kind")
        return made

    def _bed(self, k: int) -> Samples:
        """Under singing the band steps back 1.5 dB, smoothly, a little before it begins."""
        reach = 96  # hops: 128 ms
        first = k * CHUNK - 2 * reach * HOP
        marks = np.zeros(CHUNK // HOP + 4 * reach + 1)
        for one in self.session.sung:
            a, b = one.start - 2_400 - first, one.start + one.sings + 4_800 - first
            if b > 0 and a < len(marks) * HOP:
                marks[max(0, a // HOP) : max(0, b // HOP)] = 1.0
        window = np.hanning(2 * reach + 3)[1:-1]
        smooth = np.convolve(marks, window / window.sum(), mode="valid")[reach : reach + CHUNK // HOP + 1]
        return _spread(10 ** (-1.5 * smooth / 20))

    def _sum(self, k: int) -> Samples:
        made: Samples = self.music(k) * _spread(self._glue(k))[:, None]
        lead = self.lead(k)
        return made if lead is None else np.add(made, lead, out=made)

    def _power(self, k: int) -> Samples:
        def make() -> Samples:
            music = self.music(k)
            made: Samples = np.einsum("ijk,ijk->i", *(music.reshape(CHUNK // HOP, HOP, 2),) * 2) / HOP
            return made

        if not 0 <= k < self.session.chunks:
            return np.zeros(CHUNK // HOP, np.float32)
        return self._once("power", k, make)

    def _glue(self, k: int) -> Floats:
        """Gain of the bus compressor at every hop: 2:1 above its threshold, on the level of the last moments."""
        past = 2 * (_GLUE + _EASE)
        own = self._power(k)
        power = np.concatenate([self._power(k - 1)[-past - 1 :], own])
        level = 10 * np.log10(np.convolve(power, self._hann, mode="valid") + 1e-10)
        cut = np.convolve(-0.45 * np.maximum(0.0, level - GLUE_THRESHOLD_DB), self._ease, mode="valid")
        gain: Floats = 10 ** (cut / 20)
        return gain


_NOTHING = np.zeros((CHUNK, 2), np.float32)


def _together(sounds: Sequence[Sound], k: int) -> Samples | None:
    """The sounds of a chunk, added up; None when there are none."""
    first, end = k * CHUNK, (k + 1) * CHUNK
    out = None
    for one in sounds:
        if one.start >= end:
            break
        last = min(one.start + len(one.pcm), one.ends + one.fade)
        if last > first:
            out = np.zeros((CHUNK, 2), np.float32) if out is None else out
            _place(one, max(first, one.start), min(end, last), out, first)
    return out


def _place(one: Sound, a: int, b: int, out: Samples, first: int) -> None:
    piece = one.pcm[a - one.start : b - one.start] * np.float32(one.gain)
    if b > one.ends:
        line = 1.0 - (np.arange(a, b) - one.ends) / one.fade
        piece *= np.square(np.clip(line, 0.0, 1.0)).astype(np.float32)[:, None]
    out[a - first : b - first] += piece


def _spread(hops: npt.NDArray[np.floating]) -> Samples:
    """Values at every hop (one more than fit) as values at every sample, in straight lines."""
    steps = (np.arange(HOP) / HOP)[None, :]
    made: Samples = (hops[:-1, None] + np.diff(hops)[:, None] * steps).astype(np.float32).ravel()
    return made


def equalised(chunk: Samples, before: Samples | None, eq: Equaliser) -> Samples:
    """A chunk of the mix through the master's equaliser; ``before`` is the chunk before it."""
    pair = np.zeros((2, TAPS + CHUNK))
    pair[:, TAPS:] = chunk.T
    if before is not None:
        pair[:, :TAPS] = before[-TAPS:].T
    return np.ascontiguousarray(eq(pair).T, np.float32)


class Peaks:
    """True peaks of the unmastered chunks, found once for every gain that is tried, and only in stretches that come
    near enough to the ceiling to matter."""

    def __init__(self, chunk: Callable[[int], Samples | None]) -> None:
        self._chunk = chunk
        self._kept: dict[int, tuple[Samples, Samples, Samples]] = {}

    def __call__(self, k: int, floor: float, first: int = 0, last: int = CHUNK) -> Samples:
        """Peaks of samples [first, last) of chunk ``k`` where they may pass ``floor``, else 0."""
        out = np.zeros(last - first, np.float32)
        kept = self._padded(k)
        if kept is None:
            return out
        padded, loud, peaks = kept
        for j in np.flatnonzero(loud >= floor):
            a, b = int(j) * _STRETCH, int(j + 1) * _STRETCH
            if b <= first or a >= last:
                continue
            if peaks[a] < 0:
                peaks[a:b] = oversampled_peaks(padded[a : b + PEAK_TAPS - 1])
            low, high = max(a, first), min(b, last)
            out[low - first : high - first] = peaks[low:high]
        return out

    def _padded(self, k: int) -> tuple[Samples, Samples, Samples] | None:
        found = self._kept.get(k)
        if found is None:
            own = self._chunk(k)
            if own is None:
                return None
            edge = PEAK_TAPS // 2
            before, after = self._chunk(k - 1), self._chunk(k + 1)
            padded = np.zeros((CHUNK + PEAK_TAPS - 1, 2), np.float32)
            padded[edge - 1 : edge - 1 + CHUNK] = own
            if before is not None:
                padded[: edge - 1] = before[-edge + 1 :]
            if after is not None:
                padded[edge - 1 + CHUNK :] = after[:edge]
            size = np.maximum(np.abs(padded[:, 0]), np.abs(padded[:, 1]))
            loud = size[: CHUNK // _STRETCH * _STRETCH].reshape(-1, _STRETCH).max(axis=1)
            tails = np.stack([size[i + _STRETCH :: _STRETCH][: len(loud)] for i in range(PEAK_TAPS - 1)])
            found = padded, np.maximum(loud, tails.max(axis=0)), np.full(CHUNK, -1, np.float32)
            self._kept[k] = found
        return found


def limited(peaks: Peaks, chunk: Samples, k: int, gain_db: float, ceiling_db: float = -1.3) -> Samples:
    """Chunk ``k`` at its final gain under the true-peak ceiling, with a second of the past and a moment of the future.

    The same gain computer as :class:`audio.mix.limiter.Limiter`, as a function of a window.
    """
    gain = 10 ** (gain_db / 20)
    ceiling = 10 ** (ceiling_db / 20)
    body: Samples = chunk * np.float32(gain)
    floor = 0.5 * ceiling / gain
    past = peaks(k - 1, floor, CHUNK - LIMIT_PAST)
    high = np.concatenate([past, peaks(k, floor), peaks(k + 1, floor, 0, LIMIT_AHEAD)])
    high *= np.float32(gain)
    over = np.flatnonzero(high > np.float32(ceiling))
    if not len(over):
        return body
    need = np.zeros(len(high))
    need[over] = 20 * np.log10(ceiling / high[over])
    seen = _released(need, _RELEASE)[LIMIT_PAST - 2 * _REACH : LIMIT_PAST + CHUNK + 2 * _REACH]
    window = np.hanning(2 * _REACH + 3)[1:-1]
    cut = np.convolve(sliding_min(seen, 2 * _REACH + 1), window / window.sum(), mode="valid")
    np.exp(cut * (np.log(10) / 20), out=cut)
    body *= cut[:, None].astype(np.float32)
    return body


def _released(need: Floats, step: float) -> Floats:
    """What is needed, held and let go at ``step`` dB a place."""
    ramp = np.arange(len(need)) * step
    need -= ramp
    np.minimum.accumulate(need, out=need)
    need += ramp
    return np.minimum(need, 0.0, out=need)


_EXACT = 0.005


def gain_for(power: Floats, high: Callable[[float], Floats], target: float, ceiling_db: float = -1.3) -> float:
    """The gain, to a hundredth of a dB, at which the limited song is as loud as ``target`` LUFS.

    ``power`` is the weighted power of every ``HOP`` frames; ``high(floor)`` the true peak in each of them where it may
    pass ``floor``. The limiter is followed hop by hop, which comes within a few hundredths of a dB.
    """
    steps = len(power) * HOP // STEP
    level = _level(power, steps)
    if level <= SILENCE + 1:
        return 0.0
    gain = target - level
    for _ in range(6):
        linear, ceiling = 10 ** (gain / 20), 10 ** (ceiling_db / 20)
        peaks = high(ceiling / linear) * linear
        need = np.minimum(0.0, 20 * np.log10(ceiling / np.maximum(peaks, 1e-9)))
        need = np.pad(_released(need, _RELEASE * HOP), 2)
        cut = np.convolve(sliding_min(need, 3), (0.25, 0.5, 0.25), mode="valid")
        miss = target - _level(power * 10 ** ((cut + gain) / 10), steps)
        if abs(miss) < _EXACT:
            break
        gain += miss
    return round(gain, 2)


def _level(power: Floats, steps: int) -> float:
    whole = power[: steps * (STEP // HOP)]
    return integrated(whole.reshape(steps, -1).mean(axis=1))

"""The desk: strips, buses, sends, ducking, glue, rider and limiter; causal, one block at a time.

Sources are stereo pairs side by side in one array (n, 2 * sources). A strip's gain, pan, reverb and mute become
one matrix from sources to buses; while something ramps, the matrix of the block's end is blended in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from audio.mix.filters import BlockFilter, Floats, Samples, high_shelf, highpass, lowpass, peak
from audio.mix.limiter import Limiter
from audio.mix.plate import Plate
from audio.mix.rider import Rider
from audio.mix.vocal import Slap, Voices

SONG_LUFS = -14.0
TALK_LUFS = -15.0
BUSES = 4
"""Pairs: dry, ducked by the kick, reverb send, echo send."""
ECHO_SAMPLES = 18_000
OPEN = 18_000.0
"""A ``filter`` at or above this many Hz is no filter."""
_DEFAULTS = {"gain": 0.0, "mute": 0.0, "pan": 0.0, "reverb": 0.2, "filter": math.log2(20_000.0)}


@dataclass(slots=True)
class Ramp:
    """A value that moves in a straight line."""

    value: float
    goal: float = 0.0
    begin: int = 0
    length: int = 0

    def at(self, sample: int) -> float:
        """Value at a sample."""
        if not self.length or sample >= self.begin + self.length:
            return self.goal if self.length else self.value
        return self.value + (self.goal - self.value) * max(0, sample - self.begin) / self.length

    def go(self, goal: float, begin: int, length: int) -> None:
        """Head for ``goal`` from ``begin`` on."""
        self.value, self.goal, self.begin, self.length = self.at(begin), goal, begin, max(1, length)

    def moving(self, sample: int) -> bool:
        """Does it still move at or after ``sample``?"""
        return self.length > 0 and sample < self.begin + self.length


@dataclass(slots=True)
class Strip:
    """One track's settings."""

    name: str
    settings: dict[str, Ramp] = field(default_factory=lambda: {k: Ramp(v) for k, v in _DEFAULTS.items()})
    used: int = 0


@dataclass(slots=True)
class Source:
    """One stereo pair that feeds a strip."""

    strip: Strip
    gain_db: float = 0.0
    ducked: bool = False
    echo: float = 0.0
    width: float = 1.0


class StripFilter:
    """Low-pass of one source, swept in sixth-octave steps with a cross-fade a block long at each step.

    It comes in from the untreated sound and goes back to it by the same cross-fade, whose ends are flat: what a filter
    makes of a beginning from silence is not heard.
    """

    _cache: dict[tuple[int, int], BlockFilter] = {}  # noqa: RUF012  (shared on purpose: a matrix takes milliseconds)

    def __init__(self, block: int) -> None:
        self._block = block
        self._step: int | None = None
        self._now: BlockFilter | None = None
        self._blend = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, block + 1)))[1:, None]

    @property
    def open(self) -> bool:
        """Does it leave the sound as it is?"""
        return self._now is None

    def _made(self, step: int) -> BlockFilter:
        key = self._block, step
        if key not in self._cache:
            self._cache[key] = BlockFilter((lowpass(40.0 * 2 ** (step / 6), 0.9),), self._block, 2)
        return self._cache[key].twin()

    def __call__(self, sound: Samples, cutoff: float) -> Floats | Samples:
        """Filter one block (n, 2)."""
        step = round(6 * math.log2(max(40.0, cutoff) / 40.0)) if cutoff < OPEN else None
        old = sound if self._now is None else self._now(sound)
        if step == self._step:
            return old
        fresh = None if step is None else self._made(step)
        if fresh is not None and self._now is not None:
            fresh.state[:] = self._now.state
        new = sound if fresh is None else fresh(sound)
        self._step, self._now = step, fresh
        return old + (new - old) * self._blend


class Desk:
    """Mixes ``sources`` stereo pairs and the voices into one limited stereo block."""

    def __init__(self, block: int, sources: int) -> None:
        self.block = block
        self.strips: dict[str, Strip] = {}
        self.sources: list[Source | None] = [None] * sources
        self.voices = Voices(block)
        self.limiter = Limiter(block)
        self.rider = Rider(block)
        self._plate = Plate(block)
        self._slap = Slap(block)
        self._side = BlockFilter((highpass(120),), block, 1)
        self._tone = BlockFilter((highpass(28), peak(320, -1.2, 0.7), high_shelf(9000, 1.5)), block, 2)
        self._matrix = np.zeros((2 * sources, 2 * BUSES), np.float32)
        self._stale = True
        self._ramp = np.linspace(0, 1, block + 1)[1:, None].astype(np.float32)
        self._echo = np.zeros((1 << 17, 2))
        self._echo_at = 0
        self.echo_samples = ECHO_SAMPLES
        self._kicks: list[int] = []
        self._duck_shape = self._pump()
        self._speech_db = 0.0
        self._song_db = 0.0
        self._glue_db = 0.0
        self._out_gain = 1.0
        self._filters: dict[int, StripFilter] = {}
        self._talking = 0.0
        self._moves_until = 0

    @staticmethod
    def _pump(depth_db: float = 5.0) -> Floats:
        fall = np.linspace(0, 1, 240) ** 0.5
        back = (1 + np.cos(np.linspace(0, np.pi, 9600))) / 2
        return 10 ** (-depth_db / 20 * np.concatenate([fall, back]))

    def strip(self, name: str) -> Strip:
        """The strip of a track, made when first named."""
        if name not in self.strips:
            if len(self.strips) >= 64:
                busy = {s.strip.name for s in self.sources if s} | {"voice"}
                spare = [s for s in self.strips.values() if s.name not in busy]
                if spare:
                    del self.strips[min(spare, key=lambda s: s.used).name]
            self.strips[name] = Strip(name)
        return self.strips[name]

    def route(self, index: int, source: Source | None) -> None:
        """Connect a source to its strip (or to nothing)."""
        self.sources[index] = source
        self._filters.pop(index, None)
        self._stale = True

    def change(self, track: str, name: str, value: float, sample: int, ramp: int) -> None:
        """Move a setting of a track."""
        strip = self.strip(track)
        strip.used = sample
        if name in strip.settings:
            # A filter is swept by octaves, not by hertz.
            strip.settings[name].go(math.log2(max(1.0, value)) if name == "filter" else value, sample, ramp)
            self._moves_until = max(self._moves_until, sample + max(1, ramp))
            self._stale = True

    def kick(self, sample: int) -> None:
        """A kick at ``sample`` pushes the ducked bus down."""
        self._kicks.append(sample)

    # -- one block ---------------------------------------------------------------------------------------------

    def mix(self, at: int, sound: Samples) -> Samples:
        """The block at show sample ``at`` from ``sound`` (n, 2 * sources); the result is one block late."""
        self._apply_filters(at, sound)
        buses = self._to_buses(at, sound)
        duck = self._kick_duck(at)
        ducked = buses[:, 2:4] if duck is None else buses[:, 2:4] * duck
        send = buses[:, 4:6].astype(np.float64)
        music = buses[:, 0:2] + ducked + self._echoes(buses[:, 6:8])
        sung, spoken = self.voices.render(at, True), self.voices.render(at, False)
        lead, solo = self._voice(at, sung, spoken, send)
        wet = self._plate(send)
        if wet is not None:
            music = music + wet
        music = self._tone(music) * (self._bed_gain(at) * MUSIC_GAIN)
        middle, side = (music[:, 0] + music[:, 1]) * 0.5, music[:, :1] - music[:, 1:]
        side = self._side(side)[:, 0] * 0.5  # what is lower than this has no sides
        music[:, 0], music[:, 1] = middle + side, middle - side
        programme = self._glue(music)
        if lead is not None:
            programme = programme + lead
        if solo is not None:
            programme = programme + solo
        self.voices.forget(at)
        return self._out(at, programme)

    def _out(self, at: int, programme: Floats) -> Samples:
        talking = 1.0 if self.voices.near(False, at - 24_000, at + self.block) else 0.0
        self._talking += (talking - self._talking) * self.block / 48_000
        ride = self.rider(programme, SONG_LUFS + (TALK_LUFS - SONG_LUFS) * self._talking)
        gain = 10 ** (ride / 20)
        line = self._out_gain + (gain - self._out_gain) * self._ramp
        self._out_gain = gain
        return self.limiter((programme * line).astype(np.float32))

    def _apply_filters(self, at: int, sound: Samples) -> None:
        for index, source in enumerate(self.sources):
            if source is None:
                continue
            cutoff = 2 ** source.strip.settings["filter"].at(at + self.block)
            if cutoff < OPEN or index in self._filters:
                treat = self._filters.setdefault(index, StripFilter(self.block))
                pair = slice(2 * index, 2 * index + 2)
                sound[:, pair] = treat(sound[:, pair], cutoff)
                if treat.open:
                    del self._filters[index]

    def _to_buses(self, at: int, sound: Samples) -> Samples:
        buses: Samples = sound @ self._matrix
        if self._stale or at < self._moves_until:
            matrix = self._settings(at + self.block)
            buses += (sound @ (matrix - self._matrix)) * self._ramp
            self._matrix = matrix
            self._stale = False
        return buses

    def _settings(self, sample: int) -> Samples:
        matrix = np.zeros_like(self._matrix)
        for index, source in enumerate(self.sources):
            if source is None:
                continue
            get = {name: ramp.at(sample) for name, ramp in source.strip.settings.items()}
            gain = 10 ** ((get["gain"] + source.gain_db) / 20) * (1 - max(0.0, min(1.0, get["mute"])))
            pan = max(-1.0, min(1.0, get["pan"]))
            pair = self._panned(pan, source.width) * gain
            rows = slice(2 * index, 2 * index + 2)
            matrix[rows, 2:4] = pair if source.ducked else 0.0
            matrix[rows, 0:2] = 0.0 if source.ducked else pair
            matrix[rows, 4:6] = pair * max(0.0, get["reverb"]) * 1.1
            matrix[rows, 6:8] = pair * source.echo
        return matrix

    @staticmethod
    def _panned(pan: float, width: float) -> Floats:
        """2 x 2 from a pair to left and right: balance with constant power, and width."""
        angle = (pan + 1) * math.pi / 4
        left, right = math.cos(angle) * math.sqrt(2), math.sin(angle) * math.sqrt(2)
        same, cross = (1 + width) / 2, (1 - width) / 2
        lean = abs(pan) * 0.5
        spread = np.array([[same, cross], [cross, same]]) @ np.array(
            [[1 - lean * (pan > 0), lean * (pan > 0)], [lean * (pan < 0), 1 - lean * (pan < 0)]]
        )
        made: Floats = spread * np.array([[left, right]])
        return made

    def _kick_duck(self, at: int) -> Floats | None:
        if not self._kicks:
            return None
        shape, n = self._duck_shape, self.block
        self._kicks = [k for k in self._kicks if k + len(shape) > at]
        curve = np.ones(n)
        for kick in self._kicks:
            first, last = max(at, kick), min(at + n, kick + len(shape))
            if first < last:
                part = curve[first - at : last - at]
                np.minimum(part, shape[first - kick : last - kick], out=part)
        return curve[:, None]

    def _echoes(self, send: Samples) -> Floats:
        """A ping-pong echo on the beat, made of two reads of one line."""
        n, size = self.block, len(self._echo)
        first = (self._echo_at - max(n, self.echo_samples)) % size
        back = self._echo[first : first + n]
        if len(back) < n:
            back = np.concatenate([back, self._echo[: n - len(back)]])
        write = slice(self._echo_at, self._echo_at + n)
        self._echo[write] = send + 0.42 * back[:, ::-1]
        self._echo_at = (self._echo_at + n) % size
        return back * 0.5

    def _voice(
        self, at: int, sung: Floats | None, spoken: Floats | None, send: Floats
    ) -> tuple[Floats | None, Floats | None]:
        settings = self.strip("voice").settings
        gain = 10 ** (settings["gain"].at(at) / 20) * (1 - settings["mute"].at(at))
        lead = solo = None
        if sung is not None:
            part = sung * (gain * 10 ** (VOICE_SUNG_DB / 20))
            echo = self._slap(part)
            wet = 0.16 + 0.35 * settings["reverb"].at(at)
            send += (part * wet)[:, None]
            lead = np.stack([part + echo * 0.16, part + echo * 0.13], axis=1)
        if spoken is not None:
            part = spoken * (gain * 10 ** (VOICE_SPOKEN_DB / 20))
            send += (part * 0.05)[:, None]
            solo = np.stack([part, part], axis=1)
        return lead, solo

    def _bed_gain(self, at: int) -> Floats:
        """Under speech the music steps back 9 dB, under singing 1.5 dB; it moves before the first word."""
        n = self.block
        was = self._speech_db + self._song_db
        goal = -9.0 if self.voices.near(False, at - 9_600, at + n + 7_200) else 0.0
        self._speech_db += (goal - self._speech_db) * min(1.0, n / (2_900 if goal else 19_000))
        goal = -1.5 if self.voices.near(True, at - 4_800, at + n + 2_400) else 0.0
        self._song_db += (goal - self._song_db) * min(1.0, n / 6_000)
        before, after = 10 ** (was / 20), 10 ** ((self._speech_db + self._song_db) / 20)
        made: Floats = before + (after - before) * self._ramp.astype(np.float64)
        return made

    def _glue(self, music: Floats) -> Floats:
        """Slow 2:1 compression of the music above its usual level."""
        power = float(np.einsum("ij,ij->", music, music)) / len(music)
        level = 10 * math.log10(power + 1e-10)
        goal = -0.45 * max(0.0, level - GLUE_THRESHOLD_DB)
        was = self._glue_db
        self._glue_db += (goal - was) * (0.25 if goal < was else 0.03)
        before, after = 10 ** (was / 20), 10 ** (self._glue_db / 20)
        made: Floats = music * (before + (after - before) * self._ramp)
        return made


MUSIC_GAIN = 10 ** (2.0 / 20)
VOICE_SUNG_DB = 7.5
VOICE_SPOKEN_DB = 8.0
GLUE_THRESHOLD_DB = -15.0

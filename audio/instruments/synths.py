"""The synthesiser patches: pyo graphs of one voice and of the effects behind all voices of a rack.

The ``pyo`` module is handed in: only ``audio.engine.host`` imports it. A voice reads one lane, its gate (0, or the
velocity while the note is held), exact to the sample; its pitch is set with the block in which the note begins, before
which a free voice is silent. Velocity is the height of every envelope, so it opens filters as well as raising the level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audio.instruments.waves import Wave, bend, edges, table

Pyo = Any
Stream = Any
_NOISE: dict[int, Any] = {}
"""One table of noise for each pyo."""


@dataclass(frozen=True, slots=True)
class Pitch:
    """A frequency that follows the note's: ``ratio`` times it and ``add`` Hz."""

    ratio: float = 1.0
    add: float = 0.0

    def at(self, hertz: float) -> float:
        """Hz when the note has ``hertz``."""
        return hertz * self.ratio + self.add


@dataclass(slots=True)
class Graph:
    """pyo objects that start and stop together, and what comes out of them (left, right)."""

    objects: list[Stream] = field(default_factory=list)
    left: Stream = None
    right: Stream = None
    pitched: list[Callable[[float], None]] = field(default_factory=list)
    """Called with the pitch in Hz of the note that begins."""
    gates: dict[float, Stream] = field(default_factory=dict)
    """The gate for envelopes of each exponent."""
    _level: float = -1.0
    _hertz: float = -1.0

    def add(self, stream: Stream) -> Stream:
        """Keep an object so that it can be started and stopped."""
        self.objects.append(stream)
        return stream

    def tune(self, hertz: float) -> None:
        """Be at this pitch from the coming block on."""
        if hertz != self._hertz:
            self._hertz = hertz
            for follow in self.pitched:
                follow(hertz)

    def begin(self, hertz: float, level: float) -> None:
        """A note of this pitch and velocity begins in the coming block."""
        self.tune(hertz)
        if level != self._level:
            self._level = level
            for exponent, gate in self.gates.items():
                gate.setMul(level ** (1 / exponent - 1))


@dataclass(slots=True)
class Oscillator:
    """One that reads a table of its wave, and how sharp that is at present."""

    pyo: Pyo
    stream: Stream
    wave: Wave
    sharp: float
    pitch: Pitch | None
    edges: int

    def tune(self, hertz: float) -> None:
        """Take the table for a note of this pitch."""
        own = self.pitch.at(hertz) if self.pitch else hertz
        if self.pitch:
            self.stream.setFreq(own)
        wanted = edges(self.wave, own, self.sharp)
        if wanted != self.edges:
            self.edges = wanted
            self.stream.setTable(table(self.pyo, self.wave, wanted))


_FIRST_HZ = 220.0


class Bench:
    """Short words for the parts that patches are made of. ``gate`` is the lane that the voice reads."""

    def __init__(self, pyo: Pyo, gate: Stream) -> None:
        self.pyo, self.gate, self.graph = pyo, gate, Graph()

    def freq(self, cents: float = 0.0, ratio: float = 1.0, add: float = 0.0) -> Pitch:
        """The note's frequency, detuned."""
        return Pitch(ratio * 2 ** (cents / 1200), add)

    def follow(self, stream: Stream, setter: str, pitch: Pitch | Stream) -> Stream:
        """Keep a stream and, where ``pitch`` follows the note, let ``setter`` of it do so."""
        if isinstance(pitch, Pitch):
            change = getattr(stream, setter)
            change(pitch.at(_FIRST_HZ))
            self.graph.pitched.append(lambda hertz: change(pitch.at(hertz)))
        return self.graph.add(stream)

    def env(
        self, a: float, d: float, s: float, r: float, mul: float | Stream = 1, add: float | Pitch = 0, exp: float = 1
    ) -> Stream:
        """An envelope whose height is the velocity; ``exp`` bends its straight lines."""
        rest = 0 if isinstance(add, Pitch) else add
        if exp == 1:
            return self.follow(self.pyo.MidiAdsr(self.gate, a, d, s, r, mul=mul, add=rest), "setAdd", add)
        # The straight envelope rises to the root of the velocity and is bent by a table: a note that begins while the
        # one before dies away goes on from where that is, whatever their velocities.
        if exp not in self.graph.gates:
            self.graph.gates[exp] = self.graph.add(self.pyo.Sig(self.gate))
        straight = self.graph.add(self.pyo.MidiAdsr(self.graph.gates[exp], a, d, s, r))
        return self.follow(self.pyo.Lookup(bend(self.pyo, exp), straight, mul=mul, add=rest), "setAdd", add)

    def saw(self, freq: Pitch | Stream, mul: float | Stream = 1) -> Stream:
        """Band-limited saw."""
        return self._osc("saw", freq, mul, 0.85)

    def square(self, freq: Pitch | Stream, mul: float | Stream = 1) -> Stream:
        """Band-limited square."""
        return self._osc("square", freq, mul, 0.85)

    def tri(self, freq: Pitch | Stream, mul: float | Stream = 1) -> Stream:
        """Triangle."""
        return self._osc("triangle", freq, mul, 0.7)

    def _osc(self, wave: Wave, freq: Pitch | Stream, mul: float | Stream, sharp: float) -> Stream:
        pitch = freq if isinstance(freq, Pitch) else None
        hertz = pitch.at(_FIRST_HZ) if pitch else _FIRST_HZ
        first = edges(wave, hertz, sharp)
        made = self.pyo.Osc(table(self.pyo, wave, first), hertz if pitch else freq, interp=2, mul=mul)
        self.graph.pitched.append(Oscillator(self.pyo, made, wave, sharp, pitch, first).tune)
        return self.graph.add(made)

    def saws(self, freq: Pitch | Stream, detune: float, balance: float, mul: float = 1) -> Stream:
        """Seven detuned saws."""
        first = _FIRST_HZ if isinstance(freq, Pitch) else freq
        return self.follow(self.pyo.SuperSaw(first, detune, balance, mul=mul), "setFreq", freq)

    def sine(self, freq: Pitch | Stream | float, mul: float | Stream = 1, add: float | Stream = 0) -> Stream:
        """Sine."""
        first = _FIRST_HZ if isinstance(freq, Pitch) else freq
        return self.follow(self.pyo.Sine(first, mul=mul, add=add), "setFreq", freq)

    def warm(self, freq: Pitch | Stream, index: float | Stream, mul: float | Stream = 1) -> Stream:
        """From sine (0) to a soft saw (about 1.5): frequency modulation by itself at the same pitch.

        pyo's SineLoop would do, but reads past its table for some phases and can end the process.
        """
        first = _FIRST_HZ if isinstance(freq, Pitch) else freq
        return self.follow(self.pyo.FM(first, 1, index, mul=mul), "setCarrier", freq)

    def noise(self, mul: float | Stream = 1) -> Stream:
        """White noise from a table all voices share: the same at every start, unlike pyo's own generator."""
        table = _NOISE.get(id(self.pyo))
        if table is None:
            values = np.random.default_rng(7).uniform(-1, 1, 1 << 16)
            table = _NOISE[id(self.pyo)] = self.pyo.DataTable(size=1 << 16, init=values.tolist())
        return self.graph.add(self.pyo.TableRead(table, freq=table.getRate(), loop=1, interp=1, mul=mul))

    def sum(self, parts: list[Stream], mul: float | Stream = 1) -> Stream:
        """Sum of streams."""
        return self.graph.add(self.pyo.Mix(parts, voices=1, mul=mul))

    def moog(self, sound: Stream, cutoff: Stream, res: float = 0.2, mul: float | Stream = 1) -> Stream:
        """Ladder low-pass."""
        return self.graph.add(self.pyo.MoogLP(sound, cutoff, res, mul=mul))

    def low(self, sound: Stream, cutoff: Stream | float, q: float = 0.8, mul: float | Stream = 1) -> Stream:
        """Biquad low-pass."""
        return self.graph.add(self.pyo.Biquad(sound, cutoff, q, 0, mul=mul))

    def soft(self, sound: Stream, cutoff: Stream, mul: float | Stream = 1) -> Stream:
        """Low-pass without a bump; its coefficients are computed only while the cutoff moves."""
        return self.graph.add(self.pyo.ButLP(sound, cutoff, mul=mul))

    def high(self, sound: Stream, cutoff: float, mul: float | Stream = 1) -> Stream:
        """Biquad high-pass."""
        return self.graph.add(self.pyo.Biquad(sound, cutoff, 0.7, 1, mul=mul))

    def drive(self, sound: Stream, amount: float, mul: float | Stream = 1) -> Stream:
        """Soft clipping."""
        return self.graph.add(self.pyo.Disto(sound, amount, 0.95, mul=mul))

    def done(self, left: Stream, right: Stream | None = None) -> Graph:
        """The finished voice."""
        self.graph.left, self.graph.right = left, right if right is not None else left
        return self.graph


def bass_sub(b: Bench) -> Graph:
    """A sine with a little second and third harmonic so that small speakers hear it."""
    amp = b.env(0.004, 0.5, 0.72, 0.09, exp=1.6)
    bite = b.env(0.001, 0.09, 0.0, 0.05, mul=1.1, add=0.35)
    return b.done(b.drive(b.warm(b.freq(), bite, mul=amp), 0.55, mul=0.5))


def bass_pluck(b: Bench) -> Graph:
    """Saw and square an octave down through a snapping filter."""
    amp = b.env(0.002, 0.42, 0.30, 0.09, exp=2)
    cutoff = b.env(0.001, 0.22, 0.10, 0.10, mul=3600, add=b.freq(ratio=2.0, add=60), exp=2.5)
    parts = [b.saw(b.freq(-4), 0.5), b.square(b.freq(5), 0.32), b.sine(b.freq(), 0.55)]
    return b.done(b.moog(b.sum(parts), cutoff, 0.32, mul=amp))


def bass_saw(b: Bench) -> Graph:
    """Two detuned saws and a sine below, growling with velocity."""
    amp = b.env(0.004, 0.5, 0.75, 0.08, exp=1.5)
    cutoff = b.env(0.004, 0.35, 0.35, 0.12, mul=3400, add=b.freq(ratio=2.5, add=160), exp=1.6)
    parts = [b.saw(b.freq(-7), 0.48), b.saw(b.freq(8), 0.48), b.sine(b.freq(), 0.34)]
    return b.done(b.drive(b.moog(b.sum(parts), cutoff, 0.18), 0.35, mul=amp))


def pad_warm(b: Bench) -> Graph:
    """Detuned saws left and right through slow filters."""
    amp = b.env(0.35, 1.0, 0.85, 1.2, exp=1.3)
    cutoff = b.env(0.7, 1.8, 0.55, 1.3, mul=3000, add=b.freq(ratio=2.2, add=350))
    left = b.sum([b.saw(b.freq(-9), 0.5), b.tri(b.freq(3), 0.4)])
    right = b.sum([b.saw(b.freq(9), 0.5), b.tri(b.freq(-3), 0.4)])
    return b.done(b.low(left, cutoff, 0.9, mul=amp), b.low(right, cutoff, 0.9, mul=amp))


def pad_glass(b: Bench) -> Graph:
    """Breathing sines an octave apart with a bright, slow shimmer."""
    amp = b.env(0.25, 1.4, 0.7, 1.6, exp=1.3)
    shine = b.env(0.6, 2.2, 0.45, 1.5, mul=1.5, add=0.1)
    over = b.env(0.02, 1.8, 0.2, 1.2, mul=0.42, exp=1.6)
    left = [b.warm(b.freq(-5), shine, 0.5), b.sine(b.freq(4, 2.0), over), b.sine(b.freq(-7, 4.0), 0.06)]
    right = [b.warm(b.freq(5), shine, 0.5), b.sine(b.freq(-4, 3.0), over), b.sine(b.freq(6, 4.0), 0.06)]
    return b.done(b.sum(left, amp), b.sum(right, amp))


def keys_organ(b: Bench) -> Graph:
    """Drawbars 16', 8', 5 1/3', 4', 2 2/3' with key click."""
    amp = b.env(0.006, 0.05, 0.92, 0.05)
    click = b.env(0.001, 0.03, 0.0, 0.02, mul=0.22, exp=2)
    levels = ((0.5, 0.16), (1.0, 0.5), (1.5, 0.10), (2.0, 0.34), (3.0, 0.14), (4.0, 0.10))
    bars = [b.sine(b.freq(k * 0.7 - 2, ratio), level) for k, (ratio, level) in enumerate(levels)]
    bars.append(b.sine(b.freq(0, 6.0), click))
    return b.done(b.drive(b.sum(bars), 0.25, mul=amp))


def pluck(b: Bench) -> Graph:
    """Short, bright, hollow: saw and square through a fast filter."""
    amp = b.env(0.001, 0.55, 0.04, 0.35, exp=2.5)
    cutoff = b.env(0.001, 0.20, 0.06, 0.25, mul=7500, add=b.freq(ratio=1.4, add=200), exp=3)
    left = b.sum([b.saw(b.freq(-6), 0.5), b.square(b.freq(4), 0.25)])
    right = b.sum([b.saw(b.freq(6), 0.5), b.square(b.freq(-4), 0.25)])
    return b.done(b.low(left, cutoff, 1.6, mul=amp), b.low(right, cutoff, 1.6, mul=amp))


def arp_square(b: Bench) -> Graph:
    """Nimble square with a second one an octave up."""
    amp = b.env(0.001, 0.22, 0.28, 0.12, exp=2)
    cutoff = b.env(0.001, 0.16, 0.18, 0.12, mul=5200, add=b.freq(ratio=2.0, add=250), exp=2)
    parts = [b.square(b.freq(-5), 0.45), b.square(b.freq(6, 2.0), 0.16), b.saw(b.freq(3), 0.2)]
    return b.done(b.moog(b.sum(parts), cutoff, 0.28, mul=amp))


def _vibrato(b: Bench, rate: float, cents: float, delay: float) -> Stream:
    """Frequency with vibrato that grows while the note is held."""
    depth = b.env(delay, 0.1, 1.0, 0.2, mul=cents * 0.00058, exp=2.5)
    wave = b.sine(rate, mul=depth, add=1.0)
    return b.follow(b.pyo.Sig(_FIRST_HZ, mul=wave), "setValue", b.freq())


def lead_saw(b: Bench) -> Graph:
    """Seven-saw lead with growing vibrato."""
    amp = b.env(0.006, 0.3, 0.78, 0.18, exp=1.4)
    cutoff = b.env(0.004, 0.5, 0.5, 0.25, mul=5200, add=b.freq(ratio=2.2, add=500), exp=1.5)
    freq = _vibrato(b, 5.4, 9, 0.5)
    wide = b.saws(freq, 0.42, 0.62, 0.55)
    core = b.saw(b.freq(2), 0.28)
    return b.done(b.low(b.sum([wide, core]), cutoff, 1.1, mul=amp))


def lead_soft(b: Bench) -> Graph:
    """Whistle-like lead: soft saw and triangle, breath at the onset."""
    amp = b.env(0.03, 0.4, 0.82, 0.25, exp=1.3)
    tone = b.env(0.05, 0.6, 0.45, 0.3, mul=1.1, add=0.1)
    freq = _vibrato(b, 5.1, 14, 0.6)
    puff = b.env(0.004, 0.10, 0.03, 0.05, mul=0.10, exp=2)
    air = b.follow(b.pyo.Reson(b.noise(puff), 2 * _FIRST_HZ, 6), "setFreq", b.freq(0, 2.0))
    parts = [b.warm(freq, tone, 0.6), b.tri(b.freq(6), 0.25), air]
    return b.done(b.sum(parts, amp))


def strings(b: Bench) -> Graph:
    """A section: many saws, bowed slowly, bright with velocity."""
    amp = b.env(0.16, 0.6, 0.88, 0.55, exp=1.4)
    cutoff = b.env(0.25, 0.9, 0.7, 0.6, mul=3000, add=b.freq(ratio=1.8, add=500))
    left = b.saws(b.freq(-5), 0.36, 0.75, 0.5)
    right = b.saws(b.freq(5), 0.40, 0.75, 0.5)
    return b.done(b.soft(left, cutoff, amp), b.soft(right, cutoff, amp))


VOICES: dict[str, Callable[[Bench], Graph]] = {
    "bass_sub": bass_sub,
    "bass_pluck": bass_pluck,
    "bass_saw": bass_saw,
    "pad_warm": pad_warm,
    "pad_glass": pad_glass,
    "keys_organ": keys_organ,
    "pluck": pluck,
    "arp_square": arp_square,
    "lead_saw": lead_saw,
    "lead_soft": lead_soft,
    "strings": strings,
}
"""One voice of every synthesiser patch."""


def _chorus(
    pyo: Pyo, left: Stream, right: Stream, depth_ms: float, rate: float, wet: float, hpf: float, turn: float
) -> Graph:
    graph = Graph()
    sides = []
    for k, sound in enumerate((left, right)):
        phase = (0.25 + 0.5 * k + turn) % 1.0
        sweep = graph.add(pyo.Sine(rate * (1 + 0.13 * k), phase=phase, mul=depth_ms / 1000, add=0.009))
        late = graph.add(pyo.Delay(sound, sweep, 0, 0.05, mul=wet))
        sides.append(graph.add(pyo.Mix([sound, late], voices=1)))
    made = [graph.add(pyo.Biquad(side, hpf, 0.7, 1)) for side in sides]
    graph.left, graph.right = made
    return graph


def _dry(pyo: Pyo, left: Stream, right: Stream, hpf: float) -> Graph:
    graph = Graph()
    graph.left = graph.add(pyo.Biquad(left, hpf, 0.7, 1))
    graph.right = graph.left if right is left else graph.add(pyo.Biquad(right, hpf, 0.7, 1))
    return graph


_CHORUS = {
    "pad_warm": (3.2, 0.42, 0.75, 110.0),
    "pad_glass": (2.6, 0.31, 0.7, 140.0),
    "keys_organ": (1.2, 5.8, 0.65, 70.0),
    "pluck": (1.6, 0.7, 0.4, 120.0),
    "arp_square": (1.8, 0.6, 0.5, 140.0),
    "lead_saw": (2.2, 0.55, 0.55, 140.0),
    "lead_soft": (2.0, 0.5, 0.5, 140.0),
    "strings": (2.8, 0.38, 0.6, 120.0),
}


_SOFT = {"pad_glass": 7000.0, "lead_soft": 6500.0}
"""Low-passes that stand still: one behind all voices does what one in each would."""


def effects(pyo: Pyo, name: str, left: Stream, right: Stream, turn: float = 0.0) -> Graph:
    """What stands behind all voices of a rack: chorus and a low-pass where the patch has them, and a low cut.

    ``turn`` (0..1) is where in its sweep the chorus begins.
    """
    soft = []
    if name in _SOFT:
        mono = right is left
        left = pyo.Biquad(left, _SOFT[name], 0.7, 0)
        right = left if mono else pyo.Biquad(right, _SOFT[name], 0.7, 0)
        soft = [left] if mono else [left, right]
    graph = _chorus(pyo, left, right, *_CHORUS[name], turn) if name in _CHORUS else _dry(pyo, left, right, 28.0)
    graph.objects[:0] = soft
    return graph

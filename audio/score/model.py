"""The score: plain, frozen data that a person can read and change.

Positions and lengths are in quarter-note beats as exact fractions; samples appear only when a
:class:`TempoMap` places a score on the show's clock.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from fractions import Fraction

from audio.voice.curves import RANGES

SAMPLE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature from bar ``bar`` (0-based) on."""

    bar: int
    beats: int = 4
    unit: int = 4

    @property
    def quarters(self) -> Fraction:
        """Length of one bar in quarter-note beats."""
        return Fraction(self.beats * 4, self.unit)


@dataclass(frozen=True, slots=True)
class Tempo:
    """Quarter notes per minute from ``beat`` on."""

    beat: Fraction
    bpm: Fraction


@dataclass(frozen=True, slots=True)
class Note:
    """One note. ``lyric`` is the syllable sung on it: ``"rain"``, ``"win-"`` (word goes on), ``"_"`` (held on)."""

    start: Fraction
    length: Fraction
    pitch: int
    velocity: float = 0.8
    lyric: str = ""
    phones: tuple[str, ...] = ()
    """ARPABET phones that override the pronunciation of the syllable; empty: from the dictionary."""


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol as musicians write it (``Am7``, ``F/A``, ``Gsus4``) sounding from ``start``.

    ``function`` is its place in the key as a roman numeral (``V7/ii``), ``voicing`` the MIDI pitches it is played as;
    both may be left open.
    """

    start: Fraction
    length: Fraction
    symbol: str
    function: str = ""
    voicing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form: ``name`` is intro, verse, pre, chorus, bridge, break, outro; ``energy`` 0..1."""

    name: str
    bar: int
    bars: int
    energy: float = 0.5


CURVES = RANGES
"""Expression curves and their ranges, which are what the voice can do."""


@dataclass(frozen=True, slots=True)
class Curve:
    """An expression curve: straight lines between (beat, value) points, level before the first and after the last."""

    name: str
    points: tuple[tuple[Fraction, float], ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One part. ``instrument`` names a patch of ``audio.instruments``; ``kind`` is voice, notes or drums.

    Drum tracks use General MIDI percussion pitches (36 kick, 38 snare, 42 closed hat, ...).
    """

    name: str
    instrument: str
    notes: tuple[Note, ...]
    kind: str = "notes"
    gain_db: float = 0.0
    pan: float = 0.0
    reverb: float = 0.2
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """Settings of the whole mix."""

    master_db: float | None = None
    """Gain of the master, found once and kept: an edit then leaves the loudness of everything else alone."""
    eq: tuple[float, ...] = ()
    """The master's equaliser: dB below 120, around 245, 1,000 and 3,460 and above 6,000 Hz; empty for none."""

    @classmethod
    def read(cls, master: str, eq: str) -> Mix:
        """From the texts that MIDI and MusicXML files keep; what is not understood stays open."""
        gain = _numbers(master)
        bands = _numbers(eq)
        return cls(gain[0] if len(gain) == 1 and abs(gain[0]) <= MOST_MASTER else None, bands if is_eq(bands) else ())

    @property
    def eq_text(self) -> str:
        """The equaliser as such a text."""
        return " ".join(repr(gain) for gain in self.eq)


MOST_MASTER = 60.0
MOST_EQ = 12.0
"""dB that the master and a band of its equaliser go up or down."""


def is_eq(gains: tuple[float, ...]) -> bool:
    """Whether these are gains of the master's equaliser: five within bounds, or none."""
    return len(gains) in (0, 5) and all(abs(gain) <= MOST_EQ for gain in gains)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text[:200].split())
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True)
class Song:
    """A whole song."""

    title: str
    bars: int
    tempos: tuple[Tempo, ...]
    meters: tuple[Meter, ...]
    key: str
    mode: str
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...]
    tracks: tuple[Track, ...]
    seed: int = 0
    style: str = ""
    prompt: str = ""
    artist: str = ""
    credits: dict[str, str] = field(default_factory=dict)
    mix: Mix = Mix()

    @property
    def voice(self) -> Track | None:
        """The sung track, if there is one."""
        return next((track for track in self.tracks if track.kind == "voice"), None)

    @property
    def tempo_map(self) -> TempoMap:
        """Beats, bars and samples of this song."""
        return TempoMap(self.tempos, self.meters)


class TempoMap:
    """Exact conversion between bars, quarter-note beats and samples (from the song's own start)."""

    def __init__(self, tempos: tuple[Tempo, ...], meters: tuple[Meter, ...], rate: int = SAMPLE_RATE) -> None:
        if not tempos or tempos[0].beat != 0 or not meters or meters[0].bar != 0:
            raise ValueError("a song needs a tempo at beat 0 and a meter at bar 0")
        self._tempos = tempos
        self._meters = meters
        self._beats = [t.beat for t in tempos]
        self._times: list[Fraction] = [Fraction(0)]
        for here, after in zip(tempos, tempos[1:], strict=False):
            self._times.append(self._times[-1] + (after.beat - here.beat) * 60 * rate / here.bpm)
        self._factors = [Fraction(60 * rate) / tempo.bpm for tempo in tempos]
        self._meter_beats: list[Fraction] = [Fraction(0)]
        for here_m, after_m in zip(meters, meters[1:], strict=False):
            self._meter_beats.append(self._meter_beats[-1] + here_m.quarters * (after_m.bar - here_m.bar))

    def sample(self, beat: Fraction | int) -> int:
        """Sample of a beat (nearest; the error never adds up)."""
        return round(self.exact(beat))

    def exact(self, beat: Fraction | int) -> Fraction:
        """Place of a beat in samples, not rounded."""
        i = max(0, bisect.bisect_right(self._beats, beat) - 1)
        after = beat - self._beats[i] if self._beats[i] else beat
        return self._times[i] + after * self._factors[i] if self._times[i] else after * self._factors[i]

    def bar_beat(self, bar: int) -> Fraction:
        """First beat of a bar (0-based)."""
        i = max(0, bisect.bisect_right([m.bar for m in self._meters], bar) - 1)
        return self._meter_beats[i] + self._meters[i].quarters * (bar - self._meters[i].bar)

    def meter_at(self, bar: int) -> Meter:
        """Time signature of a bar."""
        return self._meters[max(0, bisect.bisect_right([m.bar for m in self._meters], bar) - 1)]

    def bar_of(self, beat: Fraction) -> int:
        """Bar (0-based) that a beat lies in."""
        i = max(0, bisect.bisect_right(self._meter_beats, beat) - 1)
        return self._meters[i].bar + int((beat - self._meter_beats[i]) // self._meters[i].quarters)

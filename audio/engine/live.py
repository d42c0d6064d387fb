"""The conductor: a song played live, bar by bar, while people change it.

Wishes come as data (:class:`Intent`), from an operator, a vote of the fans, a program. Structure (section, key, tempo,
energy, density) changes on the next bar line that can still be reached, the faders (mute, solo, filter, gain) at once
or on the next beat. Everything is messages to the band with exact samples: nothing here waits, and the tempo grid is
kept as exact fractions, so it never slips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare
from audio.score.model import Song, Track
from audio.score.shape import Shape, shaped

COMMIT = 4_800
"""Notes are sent this many samples (100 ms) before the horizon reaches them: later than that a bar is settled."""
_RAMP = 960
_EARLY = _RAMP + 256
"""A fader that moves on the beat begins so many samples before it: its way, and a block of the desk's."""
OPEN_HZ = 20_000.0

Kind = Literal["energy", "density", "key", "tempo", "section", "bar", "mute", "solo", "filter", "gain", "reset"]
FADERS = ("mute", "solo", "filter", "gain")
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish. ``value``: energy, density 0..1; key in semitones from the written one (-12..12); tempo as a factor
    (0.5..2); section by ``name`` (or ``value``, its number); bar 1-based; mute, solo 0 or 1; filter in Hz; gain in dB.

    ``track`` is for the faders ("": all). ``cause`` says who wanted it: operator, creator, fan vote.
    """

    kind: Kind
    value: float = 0.0
    track: str = ""
    name: str = ""
    cause: str = "operator"
    on_beat: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """An intent as it was carried out, for the log and the timeline: heard from ``sample`` on."""

    intent: Intent
    asked: int
    sample: int


class Faders:
    """Mute, solo, filter and gain of a song's tracks: state, and the messages that bring the desk to it."""

    def __init__(self) -> None:
        self._muted: set[str] = set()
        self._solo: set[str] = set()
        self._filters: dict[str, float] = {}
        self._gains: dict[str, float] = {}

    def move(self, intent: Intent, tracks: Iterable[Track], at: int, horizon: int) -> list[Message]:
        """Take an intent; what must be sent so that it is heard from ``at`` on.

        On the beat means done by the beat, where the horizon allows: a drum there sounds or does not, and is never cut
        off in its attack.
        """
        at = max(horizon, at - _EARLY) if intent.on_beat else at
        tracks = list(tracks)
        chosen = [t for t in tracks if not intent.track or t.name == intent.track]
        for track in chosen:
            if intent.kind == "filter":
                self._filters[track.name] = intent.value
            elif intent.kind == "gain":
                self._gains[track.name] = intent.value
            else:
                names = self._muted if intent.kind == "mute" else self._solo
                (names.add if intent.value >= 0.5 else names.discard)(track.name)
        if intent.kind in ("mute", "solo"):
            return [Change(at, t.name, "mute", float(self._off(t.name)), _RAMP) for t in tracks]
        if intent.kind == "filter":
            return [Change(at, t.name, "filter", intent.value, 4_800) for t in chosen]
        return [Change(at, t.name, "gain", t.gain_db + intent.value, _RAMP) for t in chosen]

    def _off(self, name: str) -> bool:
        return name in self._muted or bool(self._solo and name not in self._solo)

    def again(self, tracks: Iterable[Track], at: int) -> list[Message]:
        """The state in force, for a song whose tracks have just been set as they are written."""
        out: list[Message] = []
        for track in tracks:
            if self._off(track.name):
                out.append(Change(at, track.name, "mute", 1.0, 0))
            if self._gains.get(track.name):
                out.append(Change(at, track.name, "gain", track.gain_db + self._gains[track.name], 0))
            if track.name in self._filters:
                out.append(Change(at, track.name, "filter", self._filters[track.name], 0))
        return out


def bent(shape: Shape, intent: Intent) -> Shape:
    """A shape after an intent about key, tempo, energy or density (others leave it)."""
    if intent.kind == "reset":
        return Shape()
    if intent.kind == "key":
        return replace(shape, key=round(intent.value))
    if intent.kind == "tempo":
        return replace(shape, tempo=intent.value)
    if intent.kind == "energy":
        return replace(shape, energy=intent.value)
    return replace(shape, density=intent.value) if intent.kind == "density" else shape


def goal_bar(song: Song, intent: Intent) -> int:
    """The bar (0-based) an intent wants to go to, or -1."""
    if intent.kind == "section":
        return _section_bar(song, intent)
    return int(intent.value) - 1 if intent.kind == "bar" else -1


class Conductor:
    """Plays ``song`` from show sample ``at`` on, from ``bar`` (0-based), over and over."""

    def __init__(self, song: Song, at: int, bar: int = 0, owner: str = "live", shape: Shape | None = None) -> None:
        self.song, self.shape = song, shape or Shape()
        self.log: list[Happened] = []
        self._owner, self._turn = owner, 0
        self._faders = Faders()
        self._wanted: tuple[Shape, int] | None = None
        self._start = Fraction(at)
        self._messages: list[Message] = []
        self._settle(bar)
        names = dict.fromkeys(t.instrument for t in song.tracks if t.kind != "voice")
        self._messages.insert(0, Prepare(tuple(names)))
        for track in self._tracks():
            for name, value in (("gain", track.gain_db), ("pan", track.pan), ("reverb", track.reverb)):
                self._messages.append(Change(at, track.name, name, value, 0))

    # -- where it is -------------------------------------------------------------------------------------------

    def _tracks(self) -> list[Track]:
        return [track for track in self.song.tracks if track.kind != "voice"]

    def _settle(self, bar: int) -> None:
        """Lay the song out from a bar on, beginning at ``_start``."""
        self._bar0 = bar % self.song.bars
        self._now = shaped(self.song, self.shape, self._bar0)
        self._map = self._now.tempo_map
        self._turn += 1
        self._events = self._placed()
        self._next = next(self._events, None)

    def _placed(self) -> Iterator[NoteEvent]:
        tempo, owner = self._map, f"{self._owner}#{self._turn}"
        notes = [(note, track) for track in self._now.tracks if track.kind != "voice" for note in track.notes]
        notes.sort(key=lambda pair: (pair[0].start, pair[1].name, pair[0].pitch))
        for note, track in notes:
            sample = round(self._start + tempo.exact(note.start))
            length = max(1, round(self._start + tempo.exact(note.start + note.length)) - sample)
            yield NoteEvent(sample, length, track.instrument, float(note.pitch), note.velocity, track.name, owner)

    @property
    def end(self) -> Fraction:
        """Exact sample at which this round of the song ends."""
        return self._start + self._map.exact(self._map.bar_beat(self._now.bars))

    def bar_line(self, after: int) -> tuple[int, Fraction]:
        """First bar (of the song, 0-based) that begins at or after a sample, and its exact sample."""
        for bar in range(self._now.bars):
            at = self._start + self._map.exact(self._map.bar_beat(bar))
            if at >= after:
                return self._bar0 + bar, at
        return 0, self.end

    def beat(self, after: int) -> int:
        """First beat of the metre at or after a sample."""
        for bar in range(self._now.bars):
            first, meter = self._map.bar_beat(bar), self._map.meter_at(bar)
            if self._start + self._map.exact(self._map.bar_beat(bar + 1)) < after:
                continue
            for k in range(meter.beats):
                at = round(self._start + self._map.exact(first + Fraction(4 * k, meter.unit)))
                if at >= after:
                    return at
        return round(self.end)

    def beats(self) -> list[int]:
        """Samples of the beats of this round."""
        return [
            round(
                self._start + self._map.exact(self._map.bar_beat(bar) + Fraction(4 * k, self._map.meter_at(bar).unit))
            )
            for bar in range(self._now.bars)
            for k in range(self._map.meter_at(bar).beats)
        ]

    # -- wishes ------------------------------------------------------------------------------------------------

    def intend(self, intent: Intent, horizon: int) -> int:
        """Take a wish; returns the sample from which it is heard. ``ValueError`` says what is wrong with it."""
        check(intent, self.song)
        if intent.kind in FADERS:
            at = self.beat(horizon) if intent.on_beat else horizon
            self._messages += self._faders.move(intent, self._tracks(), at, horizon)
        else:
            at = self._restructure(intent, horizon)
        self.log.append(Happened(intent, horizon, at))
        return at

    def _restructure(self, intent: Intent, horizon: int) -> int:
        shape, goal = self._wanted or (self.shape, -1)
        shape, there = bent(shape, intent), goal_bar(self.song, intent)
        goal = there if there >= 0 else goal
        self._wanted = (shape, goal)
        return round(self.bar_line(horizon + COMMIT)[1])

    # -- the band ----------------------------------------------------------------------------------------------

    def advance(self, horizon: int) -> list[Message]:
        """What the band must be told now; call it at least every ``COMMIT`` samples."""
        until = horizon + COMMIT
        while True:
            if self._wanted is not None:
                bar, line = self.bar_line(until)
                if line < until + COMMIT:
                    self._turn_at(bar, line)
            if self._next is None:
                if self.end >= until + COMMIT:
                    break
                self._start = self.end
                self._settle(0)
            if self._next is None or self._next.sample >= until:
                break
            self._messages.append(self._next)
            self._next = next(self._events, None)
        out, self._messages = self._messages, []
        return out

    def _turn_at(self, bar: int, line: Fraction) -> None:
        """Send the rest of the bar, end there what holds on, go on in the wanted shape."""
        assert self._wanted is not None
        at = round(line)
        while self._next is not None and self._next.sample < at:
            self._messages.append(self._next)
            self._next = next(self._events, None)
        self._messages.append(Cancel(at, f"{self._owner}#{self._turn}"))
        self.shape, goal = self._wanted
        self._wanted = None
        self._start = line
        self._settle(goal if goal >= 0 else bar)


def _section_bar(song: Song, intent: Intent) -> int:
    if intent.name:
        return next(s.bar for s in song.sections if s.name == intent.name)
    return song.sections[int(intent.value)].bar


_RANGES = {
    "energy": (0, 1), "density": (0, 1), "key": (-12, 12), "tempo": (0.5, 2.0), "mute": (0, 1), "solo": (0, 1),
    "filter": (40, OPEN_HZ), "gain": (-60, 12),
}  # fmt: skip


def check(intent: Intent, song: Song) -> None:
    """``ValueError`` in one line when an intent cannot be carried out on a song."""
    if intent.kind not in KINDS:
        raise ValueError(f"unknown intent {intent.kind!r}; one of {', '.join(KINDS)}")
    low, high = _RANGES.get(intent.kind, (float("-inf"), float("inf")))
    if not low <= intent.value <= high:
        raise ValueError(f"{intent.kind} {intent.value:g}: it goes from {low:g} to {high:g}")
    names = [t.name for t in song.tracks]
    if intent.track and intent.track not in names:
        raise ValueError(f"no track {intent.track!r}; there are {', '.join(names)}")
    if intent.kind == "section":
        if intent.name and all(s.name != intent.name for s in song.sections):
            raise ValueError(f"no section {intent.name!r}; there are {', '.join(s.name for s in song.sections)}")
        if not intent.name and not 0 <= intent.value < len(song.sections):
            raise ValueError(f"no section {intent.value:g}; there are {len(song.sections)}")
    if intent.kind == "bar" and not 1 <= intent.value <= song.bars:
        raise ValueError(f"no bar {intent.value:g}; the song has {song.bars}")

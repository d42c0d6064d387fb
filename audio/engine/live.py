"""The conductor: a song played live, bar by bar, while people change it.

Wishes come as data (:class:`Intent`), from an operator, a vote of the fans, a program. Structure (section, key, tempo,
energy, density) changes on the next bar line that can still be reached, the faders (mute, solo, filter, gain) at once
or on the next beat. Everything is messages to the band with exact samples: nothing here waits, and the tempo grid is
kept as exact fractions, so it never slips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare
from audio.score.model import Song, Track
from audio.score.shape import Shape, shaped

COMMIT = 4_800
"""Notes are sent this many samples (100 ms) before the horizon reaches them: later than that a bar is settled."""
_RAMP = 960
OPEN_HZ = 20_000.0

Kind = Literal["energy", "density", "key", "tempo", "section", "bar", "mute", "solo", "filter", "gain", "reset"]
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


class Conductor:
    """Plays ``song`` from show sample ``at`` on, from ``bar`` (0-based), over and over."""

    def __init__(self, song: Song, at: int, bar: int = 0, owner: str = "live", shape: Shape | None = None) -> None:
        self.song, self.shape = song, shape or Shape()
        self.log: list[Happened] = []
        self._owner, self._turn = owner, 0
        self._muted: set[str] = set()
        self._solo: set[str] = set()
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
        _check(intent, self.song)
        if intent.kind in ("mute", "solo", "filter", "gain"):
            at = self.beat(horizon) if intent.on_beat else horizon
            self._fade(intent, at)
        else:
            at = self._restructure(intent, horizon)
        self.log.append(Happened(intent, horizon, at))
        return at

    def _fade(self, intent: Intent, at: int) -> None:
        tracks = [t for t in self._tracks() if not intent.track or t.name == intent.track]
        if intent.kind in ("mute", "solo"):
            chosen = self._muted if intent.kind == "mute" else self._solo
            for track in tracks:
                (chosen.add if intent.value >= 0.5 else chosen.discard)(track.name)
            for track in self._tracks():
                off = track.name in self._muted or bool(self._solo and track.name not in self._solo)
                self._messages.append(Change(at, track.name, "mute", float(off), _RAMP))
            return
        for track in tracks:
            if intent.kind == "filter":
                self._messages.append(Change(at, track.name, "filter", intent.value, 4_800))
            else:
                self._messages.append(Change(at, track.name, "gain", track.gain_db + intent.value, _RAMP))

    def _restructure(self, intent: Intent, horizon: int) -> int:
        shape, goal = self._wanted or (self.shape, -1)
        if intent.kind == "section":
            goal = _section_bar(self.song, intent)
        elif intent.kind == "bar":
            goal = int(intent.value) - 1
        elif intent.kind == "reset":
            shape = Shape()
        elif intent.kind == "key":
            shape = replace(shape, key=round(intent.value))
        elif intent.kind == "tempo":
            shape = replace(shape, tempo=intent.value)
        elif intent.kind == "energy":
            shape = replace(shape, energy=intent.value)
        else:
            shape = replace(shape, density=intent.value)
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


def _check(intent: Intent, song: Song) -> None:
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

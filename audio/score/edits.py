"""Edits: every change of a song is a typed step with a cause, written to a log that can be undone and replayed.

An edit is plain data and pure: ``apply(song, edit)`` gives the new song. A :class:`Log` keeps the song it began with
and everything that happened to it; the same beginning and the same log give the same song on every machine. Undoing is
an event like any other, so the log never forgets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from typing import Any, get_type_hints

from audio.score.chart import read_chord
from audio.score.errors import ScoreError
from audio.score.model import CURVES, MOST_EQ, Chord, Curve, Note, Section, Song, Tempo, Track, is_eq

MAX_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class Cause:
    """Who wanted it and why: ``kind`` is creator, operator or fans; ``who`` a name, ``why`` their words or the vote."""

    kind: str
    who: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class SetNote:
    """Change one note of a track, found by its start and pitch; what is None stays."""

    track: str
    start: Fraction
    pitch: int
    new_start: Fraction | None = None
    new_length: Fraction | None = None
    new_pitch: int | None = None
    velocity: float | None = None
    lyric: str | None = None
    phones: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AddNote:
    """Add a note to a track."""

    track: str
    start: Fraction
    length: Fraction
    pitch: int
    velocity: float = 0.8
    lyric: str = ""


@dataclass(frozen=True, slots=True)
class RemoveNote:
    """Take a note out of a track."""

    track: str
    start: Fraction
    pitch: int


@dataclass(frozen=True, slots=True)
class SetBars:
    """Put other notes into bars ``first`` to ``last`` (0-based, inclusive) of a track: what begins there goes."""

    track: str
    first: int
    last: int
    notes: tuple[tuple[Fraction, Fraction, int, float, str], ...]
    """(start, length, pitch, velocity, lyric), starts in beats of the song."""


@dataclass(frozen=True, slots=True)
class SetChord:
    """The chord that begins at ``start`` becomes another (written as in song.toml, ``Am7{vi;A3,C4,E4}``)."""

    start: Fraction
    symbol: str


@dataclass(frozen=True, slots=True)
class SetTrack:
    """Fader, place, reverb or instrument of a track; what is None stays."""

    track: str
    gain_db: float | None = None
    pan: float | None = None
    reverb: float | None = None
    instrument: str | None = None


@dataclass(frozen=True, slots=True)
class SetCurve:
    """Draw an expression curve of a track anew ((beat, value) points; none removes it)."""

    track: str
    name: str
    points: tuple[tuple[Fraction, float], ...]


@dataclass(frozen=True, slots=True)
class SetTempo:
    """Quarter notes a minute from ``beat`` on."""

    beat: Fraction
    bpm: Fraction


@dataclass(frozen=True, slots=True)
class SetEnergy:
    """Energy 0..1 of the section that begins at a bar (0-based)."""

    bar: int
    energy: float


@dataclass(frozen=True, slots=True)
class SetMaster:
    """Gain of the master in dB; None has it measured anew."""

    master_db: float | None


@dataclass(frozen=True, slots=True)
class SetEqualiser:
    """The master's equaliser: five gains in dB, or none."""

    eq: tuple[float, ...] = ()


Edit = (
    SetNote | AddNote | RemoveNote | SetBars | SetChord | SetTrack | SetCurve | SetTempo | SetEnergy | SetMaster
    | SetEqualiser
)  # fmt: skip
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        SetNote,
        AddNote,
        RemoveNote,
        SetBars,
        SetChord,
        SetTrack,
        SetCurve,
        SetTempo,
        SetEnergy,
        SetMaster,
        SetEqualiser,
    )
}


def apply(song: Song, edit: Edit) -> Song:
    """The song after an edit. ``ValueError`` says what does not fit; the song itself never changes."""
    if isinstance(edit, SetChord):
        return _chord(song, edit)
    if isinstance(edit, SetTempo):
        if not 10 <= edit.bpm <= 1000 or edit.beat < 0:
            raise ValueError(f"tempo {float(edit.bpm):g}: it goes from 10 to 1000")
        kept = [t for t in song.tempos if t.beat != edit.beat]
        return replace(song, tempos=tuple(sorted([*kept, Tempo(edit.beat, edit.bpm)], key=lambda t: t.beat)))
    if isinstance(edit, SetEnergy):
        if not 0 <= edit.energy <= 1 or all(s.bar != edit.bar for s in song.sections):
            raise ValueError(f"no section begins at bar {edit.bar + 1}, or energy {edit.energy:g} is not 0 to 1")
        made: Iterable[Section] = (replace(s, energy=edit.energy) if s.bar == edit.bar else s for s in song.sections)
        return replace(song, sections=tuple(made))
    if isinstance(edit, SetMaster):
        return replace(song, mix=replace(song.mix, master_db=edit.master_db))
    if isinstance(edit, SetEqualiser):
        if not is_eq(edit.eq):
            raise ValueError(f"equaliser {list(edit.eq)}: it has five gains from -{MOST_EQ:g} to {MOST_EQ:g} dB")
        return replace(song, mix=replace(song.mix, eq=edit.eq))
    if all(track.name != edit.track for track in song.tracks):
        names = ", ".join(track.name for track in song.tracks)
        raise ValueError(f"no track {edit.track!r}; there are {names}")
    tracks = tuple(_track(song, track, edit) if track.name == edit.track else track for track in song.tracks)
    return replace(song, tracks=tracks)


def _chord(song: Song, edit: SetChord) -> Song:
    found = next((c for c in song.chords if c.start == edit.start), None)
    if found is None:
        raise ValueError(f"no chord begins at beat {edit.start}")
    new: Chord = read_chord(edit.symbol, found.start, found.length)
    return replace(song, chords=tuple(new if c is found else c for c in song.chords))


def _track(
    song: Song, track: Track, edit: SetNote | AddNote | RemoveNote | SetBars | SetTrack | SetCurve
) -> Track:  # fmt: skip
    if isinstance(edit, SetTrack):
        given = {k: v for k, v in asdict(edit).items() if k != "track" and v is not None}
        for key, low, high in (("gain_db", -120.0, 24.0), ("pan", -1.0, 1.0), ("reverb", 0.0, 1.0)):
            if key in given and not low <= given[key] <= high:
                raise ValueError(f"{key} {given[key]:g}: it goes from {low:g} to {high:g}")
        return replace(track, **given)
    if isinstance(edit, SetCurve):
        if edit.name not in CURVES:
            raise ValueError(f"there is no curve {edit.name!r}; there are {', '.join(CURVES)}")
        low, high = CURVES[edit.name]
        if any(not low <= value <= high for _, value in edit.points):
            raise ValueError(f"{edit.name} goes from {low:g} to {high:g}")
        kept = tuple(c for c in track.curves if c.name != edit.name)
        return replace(track, curves=(*kept, Curve(edit.name, tuple(sorted(edit.points)))) if edit.points else kept)
    if isinstance(edit, AddNote):
        notes = [*track.notes, _sound(Note(edit.start, edit.length, edit.pitch, edit.velocity, edit.lyric))]
    elif isinstance(edit, SetBars):
        begin, end = song.tempo_map.bar_beat(edit.first), song.tempo_map.bar_beat(edit.last + 1)
        if any(not begin <= start < end for start, *_ in edit.notes):
            raise ValueError(f"a note lies outside bars {edit.first + 1} to {edit.last + 1}")
        notes = [n for n in track.notes if not begin <= n.start < end] + [_sound(Note(*n)) for n in edit.notes]
    else:
        old = next((n for n in track.notes if (n.start, n.pitch) == (edit.start, edit.pitch)), None)
        if old is None:
            raise ValueError(f"no note of pitch {edit.pitch} begins at beat {edit.start} of {track.name!r}")
        notes = [n for n in track.notes if n is not old]
        if isinstance(edit, SetNote):
            notes.append(_sound(_changed(old, edit)))
    return replace(track, notes=tuple(sorted(notes, key=lambda n: (n.start, n.pitch))))


def _changed(note: Note, edit: SetNote) -> Note:
    given = {
        "start": edit.new_start, "length": edit.new_length, "pitch": edit.new_pitch, "velocity": edit.velocity,
        "lyric": edit.lyric, "phones": edit.phones,
    }  # fmt: skip
    return replace(note, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]


def _sound(note: Note) -> Note:
    if note.start < 0 or note.length <= 0 or not 0 <= note.pitch <= 127 or not 0 <= note.velocity <= 1:
        raise ValueError(f"not a note: start {note.start}, length {note.length}, pitch {note.pitch}")
    return note


# ---- the log ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: an edit, or the undoing (``undoes``) of the event of that number."""

    number: int
    cause: Cause
    edit: Edit | None = None
    undoes: int | None = None


class Log:
    """A song, how it began and what was done to it."""

    def __init__(self, song: Song, events: Iterable[Event] = ()) -> None:
        self.base = song
        self.events: list[Event] = []
        self.song = song
        for event in events:
            self._take(event)

    def edit(self, edit: Edit, cause: Cause) -> Song:
        """Do it; ``ValueError`` (and no event) when it does not fit."""
        return self._take(Event(len(self.events), cause, edit))

    def undo(self, cause: Cause, number: int | None = None) -> Song:
        """Take back the latest edit still in force, or the one of that number; later ones stay where they fit."""
        if number is None:
            undone = self._undone()
            number = next((e.number for e in reversed(self.events) if e.edit and e.number not in undone), None)
            if number is None:
                raise ValueError("there is nothing to undo")
        return self._take(Event(len(self.events), cause, None, number))

    def redo(self, cause: Cause) -> Song:
        """Take back the latest undoing of an edit."""
        undone, events = self._undone(), self.events
        undoings = [e for e in events if e.undoes is not None and events[e.undoes].edit and e.number not in undone]
        number = undoings[-1].number if undoings else None
        if number is None:
            raise ValueError("there is nothing to redo")
        return self._take(Event(len(self.events), cause, None, number))

    def _undone(self) -> set[int]:
        """Numbers of the events that are not in force."""
        off: set[int] = set()
        for event in reversed(self.events):
            if event.undoes is not None and event.number not in off:
                off.add(event.undoes)
        return off

    def _take(self, event: Event) -> Song:
        if len(self.events) >= MAX_EVENTS:
            raise ValueError(f"more than {MAX_EVENTS} edits; save the song and begin a new log")
        if event.edit is not None:
            self.song = apply(self.song, event.edit)
            self.events.append(event)
            return self.song
        if event.undoes is None or not 0 <= event.undoes < len(self.events) or event.undoes in self._undone():
            raise ValueError(f"there is no edit {event.undoes} that could be undone")
        self.events.append(event)
        try:
            self.song = self._rebuilt()
        except ValueError:
            self.events.pop()
            raise ValueError(f"edit {event.undoes} cannot be undone alone: a later one builds on it") from None
        return self.song

    def _rebuilt(self) -> Song:
        off, song = self._undone(), self.base
        for event in self.events:
            if event.edit is not None and event.number not in off:
                song = apply(song, event.edit)
        return song

    def dumps(self) -> str:
        """The events as JSON lines."""
        return "".join(json.dumps(_plain(event), ensure_ascii=False) + "\n" for event in self.events)

    @classmethod
    def loads(cls, song: Song, text: str, file: str = "edits.jsonl") -> Log:
        """Replay a log on the song it began with; :class:`ScoreError` names the line that does not fit."""
        log = cls(song)
        for at, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                log._take(_event(json.loads(line), len(log.events)))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ZeroDivisionError) as error:
                raise ScoreError(
                    file, f"line {at}", f"this edit cannot be replayed ({error})", "Is it this song's log?"
                ) from None
        return log


def _plain(event: Event) -> dict[str, Any]:
    made: dict[str, Any] = {"cause": {k: v for k, v in asdict(event.cause).items() if v}}
    if event.edit is None:
        return made | {"undoes": event.undoes}
    values = {f.name: _value(getattr(event.edit, f.name)) for f in fields(event.edit)}
    return made | {"edit": type(event.edit).__name__} | {k: v for k, v in values.items() if v is not None}


def _value(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    return [_value(v) for v in value] if isinstance(value, tuple) else value


def _event(data: dict[str, Any], number: int) -> Event:
    cause = Cause(**{k: str(v) for k, v in data.pop("cause").items()})
    if "undoes" in data:
        return Event(number, cause, None, int(data["undoes"]))
    kind = _KINDS[data.pop("edit")]
    hints = get_type_hints(kind)
    return Event(number, cause, kind(**{k: _typed(v, str(hints[k])) for k, v in data.items()}))


def _typed(value: Any, hint: str) -> Any:
    """A JSON value as what the edit's field holds."""
    if isinstance(value, list):
        plain = float if "float" in hint else str
        return tuple(_row(v) if isinstance(v, list) else plain(v) for v in value)
    if "Fraction" in hint:
        return Fraction(str(value))
    return value


def _row(row: list[Any]) -> tuple[Any, ...]:
    """A point of a curve, or a note of new bars: fractions first where they are written as text."""
    return tuple(Fraction(v) if isinstance(v, str) and k < 2 else v for k, v in enumerate(row))

"""A song bent as a whole: other key, other tempo, more or less energy and density, begun at any bar. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from audio.score.chords import flat_key, name_of, pitch_class
from audio.score.model import Chord, Meter, Note, Section, Song, Tempo, Track

_LEAST = Fraction(1, 4)
"""A note cut by the start is struck again when at least this many beats of it are left."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a song is bent. The defaults leave it as it is written."""

    key: int = 0
    """Semitones up."""
    tempo: float = 1.0
    energy: float = 0.5
    """0 soft .. 1 hard; 0.5 as written."""
    density: float = 0.5
    """0 only the main beats .. 1 every gap filled; 0.5 as written."""


def shaped(song: Song, shape: Shape, from_bar: int = 0) -> Song:
    """The song from ``from_bar`` (0-based) on in that shape, renumbered from bar 0."""
    begin = song.tempo_map.bar_beat(from_bar)
    factor = Fraction(shape.tempo).limit_denominator(1000)
    tracks = tuple(_track(track, song, shape, begin) for track in song.tracks)
    at = max((i for i, t in enumerate(song.tempos) if t.beat <= begin), default=0)
    tempos = tuple(Tempo(max(Fraction(0), t.beat - begin), t.bpm * factor) for t in song.tempos[at:])
    now = song.tempo_map.meter_at(from_bar)
    later = tuple(replace(m, bar=m.bar - from_bar) for m in song.meters if m.bar > from_bar)
    tonic = name_of(pitch_class(song.key) + shape.key, _flats(song, shape.key)) if song.key else song.key
    return replace(
        song, bars=max(1, song.bars - from_bar), tempos=tempos, meters=(Meter(0, now.beats, now.unit), *later),
        key=tonic, tracks=tracks, chords=_chords(song, shape.key, begin), sections=_sections(song, from_bar),
    )  # fmt: skip


def _flats(song: Song, key: int) -> bool:
    return flat_key((pitch_class(song.key) + key) % 12, song.mode)


def _chords(song: Song, key: int, begin: Fraction) -> tuple[Chord, ...]:
    flats = _flats(song, key)
    result = []
    for chord in song.chords:
        end = chord.start + chord.length
        if end <= begin:
            continue
        start = max(chord.start, begin)
        symbol = transposed_symbol(chord.symbol, key, flats) if key else chord.symbol
        voicing = tuple(p + key for p in chord.voicing)
        result.append(replace(chord, start=start - begin, length=end - start, symbol=symbol, voicing=voicing))
    return tuple(result)


def transposed_symbol(symbol: str, key: int, flats: bool) -> str:
    """A chord symbol ``key`` semitones up."""
    return re.sub(
        r"(^|/)([A-G][#b]?)", lambda m: m[1] + name_of(pitch_class(m[2]) + key, flats), symbol.replace("6/9", "69")
    )


def _sections(song: Song, from_bar: int) -> tuple[Section, ...]:
    result = []
    for section in song.sections:
        end = section.bar + section.bars
        if end > from_bar:
            start = max(section.bar, from_bar)
            result.append(replace(section, bar=start - from_bar, bars=end - start))
    return tuple(result)


def _track(track: Track, song: Song, shape: Shape, begin: Fraction) -> Track:
    drums, sung = track.kind == "drums", track.kind == "voice"
    notes = []
    for note in track.notes:
        end = note.start + note.length
        if end <= begin or (note.start < begin and (drums or sung or end - begin < _LEAST)):
            continue
        start = max(note.start, begin)
        pitch = note.pitch if drums else min(127, max(0, note.pitch + shape.key))
        lift = 1.0 if sung else 0.62 + 0.76 * shape.energy
        velocity = note.velocity if lift == 1.0 else round(min(1.0, max(0.03, note.velocity * lift)), 3)
        notes.append(replace(note, start=start - begin, length=end - start, pitch=pitch, velocity=velocity))
    if not sung and shape.density != 0.5:
        notes = _thinned(notes, shape.density) if shape.density < 0.5 else _filled(notes, shape.density, drums)
    return replace(track, notes=tuple(notes))


def _weight(start: Fraction) -> float:
    """How much a place carries the metre: beats most, then halves, quarters, the rest."""
    for step, weight in ((1, 1.0), (Fraction(1, 2), 0.6), (Fraction(1, 4), 0.35)):
        if start % step == 0:
            return weight
    return 0.15


def _thinned(notes: list[Note], density: float) -> list[Note]:
    least = 1.0 - 2.0 * density
    return [note for note in notes if _weight(note.start) >= least]


def _filled(notes: list[Note], density: float, drums: bool) -> list[Note]:
    """Short notes are answered half-way to the next one, more softly; the more, the denser."""
    most = (density - 0.5) * 2
    extra = []
    for note, after in zip(notes, notes[1:]):
        gap = after.start - note.start
        short = (drums and note.pitch in (42, 44, 51, 70, 82)) or (not drums and note.length <= Fraction(1, 2))
        if short and Fraction(1, 4) <= gap <= 1 and _weight(note.start) >= 1.0 - most:
            length = min(note.length, gap / 2)
            extra.append(
                replace(note, start=note.start + gap / 2, length=length, velocity=note.velocity * 0.7, lyric="")
            )
    return sorted([*notes, *extra], key=lambda n: (n.start, n.pitch))

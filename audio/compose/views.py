"""A song as the stage sees it: phrases, lines, beats, sections and chords, in samples from its start."""

from __future__ import annotations

from fractions import Fraction

from audio.score.lines import join_lyrics, phrases, sung_lines
from audio.score.model import Note, Section, Song
from audio.voice.model import SECOND, Curve, Sung, SungNote


def sung_phrases(song: Song) -> list[tuple[int, Sung]]:
    """(sample of the phrase's zero from the song's start, phrase): breath-sized, split at rests."""
    tempo = song.tempo_map
    result, free = [], -SECOND
    for notes in phrases(song):
        zero = tempo.sample(notes[0].start)
        sung = []
        for note, after in zip(notes, [*notes[1:], None]):
            start, end = tempo.sample(note.start), tempo.sample(note.start + note.length)
            if after is not None:
                end = min(end, tempo.sample(after.start))
            sung.append(SungNote(start - zero, end - start, float(note.pitch), note.lyric, note.velocity, note.phones))
        bpm = next(t.bpm for t in reversed(song.tempos) if t.beat <= notes[0].start)
        mood = _mood(song, notes[0].start)
        result.append((zero, Sung(tuple(sung), float(bpm), mood, _curves(song, notes, zero), min(SECOND, zero - free))))
        free = zero + sung[-1].start + sung[-1].length
    return result


def _curves(song: Song, notes: list[Note], zero: int) -> tuple[Curve, ...]:
    """The sung track's expression curves over one phrase: its own points, and one on either side of it."""
    track, tempo = song.voice, song.tempo_map
    first, last = notes[0].start, notes[-1].start + notes[-1].length
    found = []
    for curve in track.curves if track else ():
        inside = [i for i, (beat, _) in enumerate(curve.points) if first <= beat <= last]
        begin = next((i for i, (beat, _) in reversed(list(enumerate(curve.points))) if beat < first), 0)
        end = next((i for i, (beat, _) in enumerate(curve.points) if beat > last), len(curve.points) - 1)
        span = curve.points[min([begin, *inside]) : max([end, *inside]) + 1]
        found.append(Curve(curve.name, tuple((tempo.sample(beat) - zero, value) for beat, value in span)))
    return tuple(found)


def lyric_lines(song: Song) -> list[tuple[int, int, str]]:
    """(sample, length, text) of every sung line, for captions and lyrics files."""
    return sung_lines(song)


def beats(song: Song) -> list[tuple[int, int, int]]:
    """(sample, bar, beat in the bar) of every beat; a beat is the meter's unit."""
    tempo = song.tempo_map
    result = []
    for bar in range(song.bars):
        meter, first = tempo.meter_at(bar), tempo.bar_beat(bar)
        result += [(tempo.sample(first + Fraction(4 * i, meter.unit)), bar, i) for i in range(meter.beats)]
    return result


def sections(song: Song) -> list[tuple[int, int, Section]]:
    """(sample, length, section) of the form."""
    tempo = song.tempo_map
    return [
        (start := tempo.sample(tempo.bar_beat(s.bar)), tempo.sample(tempo.bar_beat(s.bar + s.bars)) - start, s)
        for s in song.sections
    ]


def chords(song: Song) -> list[tuple[int, int, str]]:
    """(sample, length, symbol) of the harmony."""
    tempo = song.tempo_map
    return [(start := tempo.sample(c.start), tempo.sample(c.start + c.length) - start, c.symbol) for c in song.chords]


def _mood(song: Song, beat: Fraction) -> str:
    bar = song.tempo_map.bar_of(beat)
    section = next((s for s in song.sections if s.bar <= bar < s.bar + s.bars), None)
    if section is not None and section.energy >= 0.8:
        return "happy" if song.mode in ("major", "lydian", "mixolydian") else "intense"
    return "tender" if song.mode in ("minor", "dorian", "phrygian") else "neutral"


__all__ = ["beats", "chords", "join_lyrics", "lyric_lines", "sections", "sung_phrases"]

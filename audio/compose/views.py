"""A song as the stage sees it: phrases to sing, lines to show, beats, sections and chords, in samples from its start."""

from __future__ import annotations

from fractions import Fraction

from audio.score.model import SAMPLE_RATE, Note, Section, Song
from audio.voice.model import Sung, SungNote

BREATH = Fraction(1, 4)
"""A rest of at least this many beats ends a sung phrase."""
LINE_REST = Fraction(1, 2)
LONGEST = 9 * SAMPLE_RATE
"""Nobody sings longer on one breath."""


def sung_phrases(song: Song) -> list[tuple[int, Sung]]:
    """(sample of the phrase's zero from the song's start, phrase): breath-sized, split at rests."""
    tempo = song.tempo_map
    result = []
    for notes in _phrases(song, BREATH):
        zero = tempo.sample(notes[0].start)
        sung = []
        for note, after in zip(notes, [*notes[1:], None]):
            start, end = tempo.sample(note.start), tempo.sample(note.start + note.length)
            if after is not None:
                end = min(end, tempo.sample(after.start))
            sung.append(SungNote(start - zero, end - start, float(note.pitch), note.lyric, note.velocity, note.phones))
        bpm = next(t.bpm for t in reversed(song.tempos) if t.beat <= notes[0].start)
        result.append((zero, Sung(tuple(sung), float(bpm), _mood(song, notes[0].start))))
    return result


def lyric_lines(song: Song) -> list[tuple[int, int, str]]:
    """(sample, length, text) of every sung line, for captions and lyrics files."""
    tempo = song.tempo_map
    result = []
    for notes in _lines(song):
        text = join_lyrics([n.lyric for n in notes])
        if text:
            start, end = tempo.sample(notes[0].start), tempo.sample(notes[-1].start + notes[-1].length)
            result.append((start, end - start, text))
    return result


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


def join_lyrics(lyrics: list[str]) -> str:
    """Syllables as text: ``win- dow`` is one word, ``_`` holds."""
    text = ""
    for lyric in lyrics:
        if lyric in ("", "_"):
            continue
        text += lyric[:-1] if len(lyric) > 1 and lyric.endswith("-") else lyric + " "
    return text.strip()


def sung_notes(song: Song) -> list[Note]:
    """The sung track's notes in order; where two overlap the later one cuts the earlier."""
    track = song.voice
    notes = sorted(track.notes, key=lambda n: (n.start, -n.pitch)) if track else []
    result: list[Note] = []
    for note in notes:
        if result and note.start == result[-1].start:
            continue
        result.append(note)
    return result


def _phrases(song: Song, rest: Fraction) -> list[list[Note]]:
    tempo = song.tempo_map
    result: list[list[Note]] = []
    for note in sung_notes(song):
        if result:
            last = result[-1][-1]
            word_open = last.lyric.endswith("-") and len(last.lyric) > 1
            gap = note.start - last.start - last.length
            held = note.lyric in ("", "_")
            long = tempo.sample(note.start) - tempo.sample(result[-1][0].start) > LONGEST
            if not ((gap >= rest or (long and not held)) and not (word_open and gap < 4)):
                result[-1].append(note)
                continue
        result.append([note])
    return result


def _lines(song: Song) -> list[list[Note]]:
    """Phrases again as lines: a short rest inside a line does not break it, a capital after a rest opens a new one."""
    result: list[list[Note]] = []
    for notes in _phrases(song, LINE_REST):
        if result:
            gap = notes[0].start - result[-1][-1].start - result[-1][-1].length
            lyric = notes[0].lyric.lstrip("'\"(")
            if gap < 2 and lyric[:1].islower() and len(result[-1]) + len(notes) <= 16:
                result[-1] += notes
                continue
        result.append(list(notes))
    return result


def _mood(song: Song, beat: Fraction) -> str:
    bar = song.tempo_map.bar_of(beat)
    section = next((s for s in song.sections if s.bar <= bar < s.bar + s.bars), None)
    if section is not None and section.energy >= 0.8:
        return "happy" if song.mode in ("major", "lydian", "mixolydian") else "intense"
    return "tender" if song.mode in ("minor", "dorian", "phrygian") else "neutral"

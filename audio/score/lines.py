"""The sung line of any song: its notes, breaths, lines and words."""

from __future__ import annotations

from fractions import Fraction

from audio.score.model import SAMPLE_RATE, Note, Song

BREATH = Fraction(1, 4)
"""A rest of at least this many beats ends a sung phrase."""
LINE_REST = Fraction(1, 2)
LONGEST = 9 * SAMPLE_RATE
"""Nobody sings longer on one breath."""


def sung_lines(song: Song) -> list[tuple[int, int, str]]:
    """(sample, length, text) of every sung line, for captions and lyrics files."""
    tempo = song.tempo_map
    result = []
    for notes in lines(song):
        text = join_lyrics([n.lyric for n in notes])
        if text:
            start, end = tempo.sample(notes[0].start), tempo.sample(notes[-1].start + notes[-1].length)
            result.append((start, end - start, text))
    return result


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


def phrases(song: Song, rest: Fraction = BREATH) -> list[list[Note]]:
    """Sung notes in groups, split at rests of at least ``rest`` beats and where a breath would not reach."""
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


def lines(song: Song) -> list[list[Note]]:
    """Phrases again as lines: a short rest inside a line does not break it, a capital after a rest opens a new one."""
    result: list[list[Note]] = []
    for notes in phrases(song, LINE_REST):
        if result:
            gap = notes[0].start - result[-1][-1].start - result[-1][-1].length
            lyric = notes[0].lyric.lstrip("'\"(")
            if gap < 2 and lyric[:1].islower() and len(result[-1]) + len(notes) <= 16:
                result[-1] += notes
                continue
        result.append(list(notes))
    return result

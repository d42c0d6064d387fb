"""A melody a person played: cleaned, placed in the singer's range, its key found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from audio.compose.wish import Reading
from audio.score.model import Note, Song

MOST_BEATS = 64
# Probe-tone profiles of Krumhansl and Kessler (1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def melody_of(song: Song) -> tuple[Note, ...]:
    """The melody of a file somebody played: the sung track, else the highest line of the busiest tuned track."""
    tuned = [t for t in song.tracks if t.kind != "drums" and t.notes]
    if not tuned:
        return ()
    track = song.voice if song.voice is not None and song.voice.notes else max(tuned, key=lambda t: len(t.notes))
    return tuple(track.notes)


def played_melody(notes: Sequence[Note], reading: Reading, low: int, high: int) -> tuple[tuple[Note, ...], Reading]:
    """(notes on the grid from the bar line on, one at a time, in the singer's range; the reading with their key).

    A key asked for moves the notes there, the nearest way. At most 64 beats are taken.
    """
    line: list[Note] = []
    for note in sorted(notes, key=lambda n: (n.start, -n.pitch)):
        start = Fraction(round(note.start * 8), 8)
        length = max(Fraction(1, 8), Fraction(round(note.length * 8), 8))
        if line and start == line[-1].start:
            continue
        if line and line[-1].start + line[-1].length > start:
            line[-1] = replace(line[-1], length=start - line[-1].start)
        if start < MOST_BEATS:
            line.append(Note(start, length, note.pitch, note.velocity))
    if not line:
        return (), reading
    tonic, mode = key_of(line)
    shift = 0
    if reading.key is not None:
        shift = (reading.key - tonic + 6) % 12 - 6
    else:
        reading = replace(reading, key=tonic)
    if not reading.mode:
        reading = replace(reading, mode=mode)
    middle = sorted(n.pitch for n in line)[len(line) // 2] + shift
    shift += 12 * round(((low + high) / 2 - middle) / 12)
    top, bottom = max(n.pitch for n in line) + shift, min(n.pitch for n in line) + shift
    if top > high and bottom - 12 >= low:
        shift -= 12
    return tuple(replace(n, pitch=n.pitch + shift) for n in line), reading


def key_of(notes: Sequence[Note]) -> tuple[int, str]:
    """Tonic and mode (major or minor) by correlation with key profiles; the last note counts a little more."""
    weights = [0.0] * 12
    for note in notes:
        weights[note.pitch % 12] += float(min(note.length, Fraction(4)))
    weights[notes[-1].pitch % 12] += 0.2 * sum(weights)
    best = (-2.0, 0, "major")
    for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
        for tonic in range(12):
            turned = [profile[(pc - tonic) % 12] for pc in range(12)]
            best = max(best, (_correlation(weights, turned), tonic, mode))
    return best[1], best[2]


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    top = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    under = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return top / under if under else 0.0

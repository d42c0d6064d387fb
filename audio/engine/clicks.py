"""Clicks: is there an edge in the sound that the music itself does not make?

Two ways of asking. :class:`Edges` listens to any live sound: how much the sharpest edge of every fraction of a
millisecond stands out of those around it, the onsets of notes left out. :func:`edges` plays smooth music twice, with and
without one change: what the change alone adds may have no edge sharper than the music's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from audio.engine.band import Band
from audio.engine.live import Conductor, Intent
from audio.engine.model import Message, NoteEvent
from audio.instruments.catalog import instrument
from audio.mix.desk import ECHO_SAMPLES
from audio.mix.filters import Floats, Samples
from audio.score.model import Note, Song

FRAME = 32
_AROUND = 20
_FLOOR, _SMALL = 1e-4, 0.01
_ONSET = (64, 960)
"""Samples before and after the beginning of a note in which an edge is the note's own."""


class Edges:
    """Feed it sound in multiples of ``FRAME`` samples."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._last = np.zeros((3, 2), np.float32)
        self._sharp: list[Samples] = []
        self._loud: list[Samples] = []

    def feed(self, sound: Samples) -> None:
        """The next samples (n, 2)."""
        sharp = np.abs(np.diff(np.concatenate([self._last, sound]), n=3, axis=0)).max(axis=1)
        self._sharp.append(sharp.reshape(-1, FRAME).max(axis=1))
        self._loud.append(np.abs(sound).max(axis=1).reshape(-1, FRAME).max(axis=1))
        self._last = sound[-3:]

    def standing_out(self, onsets: Iterable[int], skip: int = 48_000) -> Floats:
        """By how much the edge of each frame (third difference) stands out of the usual one of the 40 around it.

        0 near an onset, in the first samples, and where the edge is under a hundredth of the loudness around: a deep
        saw alone has edges of its own, once in each period, that stand out and are small.
        """
        sharp = np.concatenate(self._sharp).astype(np.float64)
        usual, loud = _usual(sharp), _usual(np.concatenate(self._loud).astype(np.float64))
        ratio: Floats = np.where(sharp > _SMALL * loud, sharp / (usual + _FLOOR), 0.0)
        ratio[: max(0, skip // FRAME)] = 0.0
        for onset in onsets:
            first, last = (onset - self._at - _ONSET[0]) // FRAME, (onset - self._at + _ONSET[1]) // FRAME + 1
            ratio[max(0, first) : max(0, last)] = 0.0
        return ratio


def _usual(frames: Floats) -> Floats:
    """The median of each frame and those around it."""
    around = np.pad(frames, _AROUND, mode="edge")
    usual = np.empty_like(frames)
    for first in range(0, len(frames), 1 << 16):  # piece by piece: ten minutes at once would fill the memory
        windows = np.lib.stride_tricks.sliding_window_view(
            around[first : first + (1 << 16) + 2 * _AROUND], 2 * _AROUND + 1
        )
        usual[first : first + len(windows)] = np.median(windows, axis=1)
    return usual


def onsets_of(notes: Iterable[Message]) -> Iterator[int]:
    """Where notes among these messages begin, and the first two echoes of those that have some."""
    for note in notes:
        if isinstance(note, NoteEvent):
            yield note.sample
            if instrument(note.instrument).echo:
                yield note.sample + ECHO_SAMPLES
                yield note.sample + 2 * ECHO_SAMPLES


def smooth_song(bars: int = 4) -> Song:
    """Chords of a warm pad, and nothing whose own edges could cover another's."""
    from audio.engine.storm import band_song

    song = band_song(bars)
    chords = ((57, 60, 64), (53, 57, 60))
    notes = tuple(Note(Fraction(4 * bar), Fraction(4), p, 0.7) for bar in range(bars) for p in chords[bar % 2])
    pad = next(track for track in song.tracks if track.name == "pad")
    return replace(song, tracks=(replace(pad, notes=notes),))


TRIALS = (
    (Intent("mute", 1.0, "pad"),), (Intent("mute", 1.0, "pad", on_beat=True),),
    (Intent("mute", 1.0, "pad"), Intent("mute", 0.0, "pad")), (Intent("gain", -12.0, "pad"),),
    (Intent("filter", 500.0),), (Intent("filter", 15_000.0),), (Intent("filter", 700.0), Intent("filter", 20_000.0)),
    (Intent("energy", 1.0),), (Intent("key", 3.0),), (Intent("tempo", 1.25),), (Intent("section", 1.0),),
)  # fmt: skip
"""One change, or a change and the way back 200 ms later."""


_LEFT = 3.5
"""Seconds for a change to be heard: a bar line comes in the first two or so."""


def edges(
    trials: Iterable[tuple[Intent, ...]] = TRIALS, lead_ms: int = 100, seconds: float = 8.0
) -> Iterator[tuple[str, float]]:
    """For each trial its name and the sharpest edge (second difference) of what it adds to the sound, measured in the
    sharpest one of the music until then."""
    plain, _ = _played((), lead_ms, seconds)
    before = np.abs(np.diff(plain[24_000 : int((seconds - _LEFT) * 48_000)], n=2, axis=0)).max()
    for wishes in trials:
        changed, at = _played(wishes, lead_ms, seconds)
        added = np.abs(np.diff(changed - plain, n=2, axis=0))[at - 2_400 :].max()
        yield trial_name(wishes), float(added / before)


def trial_name(wishes: tuple[Intent, ...]) -> str:
    """A trial in words."""
    first = wishes[0]
    return f"{first.kind} {first.value:g}" + " on the beat" * first.on_beat + " and back" * (len(wishes) - 1)


def _played(wishes: tuple[Intent, ...], lead_ms: int, seconds: float) -> tuple[Floats, int]:
    """The smooth song with these wishes near its end, 200 ms apart; and where the first is heard."""
    conductor, parts, due, at = Conductor(smooth_song(), 4_800), [], list(wishes), 0
    with Band(lead=lead_ms * 48) as band:
        band.start(0)
        band.send(*conductor.advance(0))
        while band.position < seconds * 48_000:
            asked = len(wishes) - len(due)
            if due and band.position >= (seconds - _LEFT) * 48_000 + asked * 9_600:
                told = conductor.intend(due.pop(0), band.horizon)
                at = at or told
            band.send(*conductor.advance(band.horizon))
            parts.append(band.pull(1_600))
    return np.concatenate(parts).astype(np.float64), at

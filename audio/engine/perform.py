"""A whole song through the band, offline: the same path as live, pulled as fast as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from audio.engine.band import Band
from audio.engine.model import Change, Message, NoteEvent, Prepare, VoiceEvent
from audio.engine.notes import changes, note_events
from audio.mix.filters import Samples
from audio.score.model import Song
from audio.voice.model import Sung, Voice

TAIL = 144_000
"""Samples kept after the last bar for reverb and releases."""


def song_messages(song: Song, at: int, owner: str = "song") -> list[Message]:
    """Everything but the voice that a band needs to play a song whose first beat is at ``at``."""
    notes = note_events(song, at, owner)
    prepare = Prepare(tuple(dict.fromkeys(note.instrument for note in notes)))
    return [prepare, *changes(song, at), *notes]


def voice_takes(phrases: Iterable[tuple[int, Sung]], voice: Voice, at: int, owner: str = "song") -> list[VoiceEvent]:
    """Sung phrases (sample from song start, phrase) rendered and placed on the clock."""
    events = []
    for start, phrase in phrases:
        take = voice.render(voice.layout(phrase))
        events.append(VoiceEvent(at + start + take.layout.start, take.pcm, owner, sung=True))
    return events


def perform_song(
    song: Song,
    voice: Voice | None = None,
    phrases: Iterable[tuple[int, Sung]] = (),
    tracks: Iterable[str] | None = None,
    progress: Callable[[float], None] | None = None,
    lead_in: int = 4_800,
) -> Samples:
    """Play ``song`` and return float32 (n, 2) at 48 kHz, ``lead_in`` samples before its first beat included.

    ``phrases`` is what ``audio.compose.sung_phrases(song)`` gives; ``tracks`` limits the song to some tracks (stems;
    name ``voice`` for the singing).
    """
    wanted = None if tracks is None else set(tracks)
    length = song.tempo_map.sample(song.tempo_map.bar_beat(song.bars)) + lead_in + TAIL
    with Band() as band:
        band.start(0)
        messages: list[Message] = []
        for message in song_messages(song, lead_in):
            if wanted is None or not isinstance(message, NoteEvent | Change) or message.track in wanted:
                messages.append(message)
        if voice is not None and (wanted is None or "voice" in wanted):
            messages.extend(voice_takes(phrases, voice, lead_in))
        band.send(*messages)
        pieces = []
        while band.position < length:
            pieces.append(band.pull(min(9_600, length - band.position)))
            if progress is not None:
                progress(band.position / length)
    return np.concatenate(pieces)

"""A song as messages to the live band."""

from __future__ import annotations

from audio.engine.model import Message, Prepare
from audio.engine.notes import changes, note_events
from audio.score.model import Song


def song_messages(song: Song, at: int, owner: str = "song") -> list[Message]:
    """Everything but the voice that a band needs to play a song whose first beat is at ``at``."""
    notes = note_events(song, at, owner)
    prepare = Prepare(tuple(dict.fromkeys(note.instrument for note in notes)))
    return [prepare, *changes(song, at), *notes]

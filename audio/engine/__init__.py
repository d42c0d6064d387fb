"""The engine: a band in its own process, pulled sample by sample."""

from audio.engine.band import Band
from audio.engine.model import Cancel, Change, EngineError, Health, Message, NoteEvent, Prepare, VoiceEvent
from audio.engine.notes import changes, note_events

__all__ = [
    "Band",
    "Cancel",
    "Change",
    "EngineError",
    "Health",
    "Message",
    "NoteEvent",
    "Prepare",
    "VoiceEvent",
    "changes",
    "note_events",
]

"""The voice: speaks and sings, and knows every phone's place before a sample of sound exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio.voice.model import Curve, Layout, Phone, Phrase, Spoken, Sung, SungNote, Take, Voice, VoiceSettings, Word
from audio.voice.source import VoiceError

if TYPE_CHECKING:
    from audio.voice.embedded import open_voice, voice_settings

__all__ = [
    "Curve",
    "Layout",
    "Phone",
    "Phrase",
    "Spoken",
    "Sung",
    "SungNote",
    "Take",
    "Voice",
    "VoiceError",
    "VoiceSettings",
    "Word",
    "open_voice",
    "voice_settings",
]


def __getattr__(name: str) -> Any:
    """``open_voice`` and ``voice_settings`` are imported when first asked for: they bring SciPy with them, which what
    only needs the data classes (the composer, the band's workers) should not pay for."""
    if name in ("open_voice", "voice_settings"):
        from audio.voice import embedded

        return getattr(embedded, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

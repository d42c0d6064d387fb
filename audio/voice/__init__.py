"""The voice: speaks and sings, and knows every phone's place before a sample of sound exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio.voice.model import (
    Curve,
    Layout,
    Phone,
    Phrase,
    Spoken,
    Sung,
    SungNote,
    Take,
    Voice,
    VoiceSettings,
    Word,
    voice_settings,
)
from audio.voice.source import VoiceError

if TYPE_CHECKING:
    from audio.voice.embedded import open_voice

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
    """``open_voice`` is imported when first asked for: it brings SciPy with it, which what only needs the data classes
    (the composer, the band's workers, who has others sing) should not pay for."""
    if name == "open_voice":
        from audio.voice.embedded import open_voice

        return open_voice
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The voice: speaks and sings, and knows every phone's place before a sample of sound exists."""

from audio.voice.embedded import open_voice, voice_settings
from audio.voice.model import Curve, Layout, Phone, Phrase, Spoken, Sung, SungNote, Take, Voice, VoiceSettings, Word
from audio.voice.source import VoiceError

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

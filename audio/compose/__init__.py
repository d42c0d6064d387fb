"""Composing: a wish in plain words becomes a song with melody, words and band."""

from audio.compose.song import bed, compose
from audio.compose.views import beats, chords, join_lyrics, lyric_lines, sections, sung_phrases
from audio.compose.wish import Wish, clean_topic

__all__ = [
    "Wish",
    "beats",
    "bed",
    "chords",
    "clean_topic",
    "compose",
    "join_lyrics",
    "lyric_lines",
    "sections",
    "sung_phrases",
]

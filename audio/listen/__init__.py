"""Listening: what a recording is (loudness, beats, key, chords, sections, melody), by our own analysis."""

from audio.listen.analyse import Analysis, analyse, analyse_file
from audio.listen.melody import HeardNote, write_midi
from audio.listen.sound import SoundError, read_sound

__all__ = ["Analysis", "HeardNote", "SoundError", "analyse", "analyse_file", "read_sound", "write_midi"]

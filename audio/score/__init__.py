"""Reading and writing scores: ``song.toml`` (to read and edit), MIDI, MusicXML, and LRC lyrics."""

from audio.score.errors import ScoreError
from audio.score.files import lrc, read_song, write_song

__all__ = ["ScoreError", "lrc", "read_song", "write_song"]

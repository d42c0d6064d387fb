"""MusicXML 4.0: ``dumps`` and ``loads``."""

from audio.score.xmlread import loads
from audio.score.xmlwrite import dumps

__all__ = ["dumps", "loads"]

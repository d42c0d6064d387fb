"""What a show is asked to be, and what the director keeps in mind of it."""

from __future__ import annotations

from dataclasses import dataclass

from stage.director.music import Piece
from stage.director.speech import Utterance

CLOSING = 7.0
"""Seconds kept for saying goodbye in a show with an end (a short one says it over the last bar)."""
SHORT_SHOW = 75.0
"""A show shorter than this goes to its song as soon as it can."""
ORDERS = 8
"""Songs that may wait."""


@dataclass(slots=True)
class Order:
    """A song somebody asked for, or her own choice."""

    id: str
    fan: str
    theme: str
    ordered: int
    speech: Utterance | None = None
    piece: Piece | None = None
    announced: bool = False
    """Whether she introduces it (her own choice) once it is on paper; a request was taken already."""


@dataclass(slots=True)
class Plan:
    """Lengths of the parts of a show, in seconds."""

    total: float | None = None
    talk: float = 45.0
    idle: float = 4.0
    song: float = 80.0
    shot: str = "auto"
    songs: bool = True
    """Whether she sings."""

    @property
    def short(self) -> bool:
        """Whether there is only time for the essential."""
        return self.total is not None and self.total < SHORT_SHOW

    @property
    def words(self) -> int:
        """Words an answer may have: few in a short show."""
        return 9 if self.short else 40


@dataclass(slots=True)
class Clockwork:
    """Where the show stands."""

    phase: str = "before"
    since: int = 0
    idle_at: int = 0
    closing: bool = False
    faded: bool = False
    songs: int = 0
    asked: int = 0
    milestone: int = 0
    mood_told: int = -1

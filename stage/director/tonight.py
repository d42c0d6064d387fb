"""What has happened in this show, to come back to: songs that were sung, who asked for them, round numbers.

Only what everybody saw; nothing a fan told.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from stage.clock import SAMPLE_RATE

OLD = 90 * SAMPLE_RATE
"""A song is come back to after this long at the earliest."""
BETWEEN = 240 * SAMPLE_RATE
"""Between two callbacks."""


@dataclass(slots=True)
class Sung:
    """A song of tonight."""

    title: str
    fan: str
    end: int
    recalled: bool = False


class Tonight:
    """Keeps the last songs and numbers of a show."""

    def __init__(self) -> None:
        self.songs: deque[Sung] = deque(maxlen=32)
        self.gifts = 0
        self._last = -BETWEEN

    def sung(self, title: str, fan: str, end: int) -> None:
        """A song has ended."""
        if title:
            self.songs.append(Sung(title, fan, end))

    def callback(self, now: int) -> Sung | None:
        """A song to come back to now, each one once; None when it is too early."""
        if now - self._last < BETWEEN:
            return None
        for song in self.songs:
            if not song.recalled and now - song.end >= OLD:
                song.recalled, self._last = True, now
                return song
        return None

    def knows(self) -> tuple[str, ...]:
        """Sentences for a brain that reads text."""
        out = []
        titles = list(dict.fromkeys(song.title for song in self.songs))[-4:]
        if titles:
            out.append(f"Tonight you have sung {', '.join(titles)}.")
        if self.gifts:
            out.append(f"Tonight {self.gifts} gift{'s were' if self.gifts > 1 else ' was'} given.")
        return tuple(out)

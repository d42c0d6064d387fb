"""What the crowd votes for: one vote a fan, the last counts, old ones fade out of the count."""

from __future__ import annotations

from dataclasses import dataclass, field

from audio.engine.live import Intent
from audio.score.shape import Shape
from stage.clock import SAMPLE_RATE

LONGEST = 60
FANS = 20_000
_MUSIC = {
    "energy": {"more energy": 0.2, "louder": 0.2, "harder": 0.2, "less energy": -0.2, "softer": -0.2, "calmer": -0.2},
    "tempo": {"faster": 0.08, "slower": -0.08},
    "key": {"higher": 1.0, "lower": -1.0},
    "density": {"busier": 0.2, "more notes": 0.2, "sparser": -0.2, "fewer notes": -0.2},
}
"""Votes about what plays, and how far one won vote moves it."""


@dataclass(slots=True)
class Votes:
    """A running vote on what to sing about. ``window`` in seconds."""

    window: float = 240.0
    _votes: dict[str, tuple[str, int]] = field(default_factory=dict)

    def cast(self, fan: str, text: str, sample: int) -> bool:
        """Count a vote; False when it is empty or the ballot box is full."""
        option = " ".join(text.casefold().split())[:LONGEST]
        if not option or (fan not in self._votes and len(self._votes) >= FANS):
            return False
        self._votes[fan] = (option, sample)
        return True

    def table(self, sample: int) -> dict[str, int]:
        """Options and their votes, most first; equal ones in alphabetical order."""
        oldest = sample - int(self.window * SAMPLE_RATE)
        counts: dict[str, int] = {}
        for option, at in self._votes.values():
            if at >= oldest:
                counts[option] = counts.get(option, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def take(self, sample: int) -> str:
        """The winning option (empty without votes); the box is empty afterwards."""
        table = self.table(sample)
        self._votes.clear()
        return next(iter(table), "")


@dataclass(slots=True)
class MusicVote:
    """The standing vote on what plays: every ``every`` seconds the winner is carried out, if two fans or more agree."""

    every: float = 12.0
    least: int = 2
    box: Votes = field(default_factory=lambda: Votes(30.0))
    _next: int = 0

    def cast(self, fan: str, text: str, sample: int) -> bool:
        """Take a vote on the music; False when it is about something else."""
        option = " ".join(text.casefold().split()).rstrip("!.")
        return any(option in steps for steps in _MUSIC.values()) and self.box.cast(fan, option, sample)

    def due(self, sample: int, shape: Shape) -> Intent | None:
        """The wish that has won by now, on top of the shape in force."""
        if sample < self._next:
            return None
        self._next = sample + int(self.every * SAMPLE_RATE)
        table = self.box.table(sample)
        option, count = next(iter(table.items()), ("", 0))
        if count < self.least:
            return None
        self.box.take(sample)
        kind, step = next((kind, steps[option]) for kind, steps in _MUSIC.items() if option in steps)
        cause = f"fan vote: {option} ({count})"
        if kind == "key":
            return Intent("key", float(max(-6, min(6, shape.key + round(step)))), cause=cause)
        if kind == "tempo":
            return Intent("tempo", round(max(0.75, min(1.35, shape.tempo + step)), 3), cause=cause)
        before = shape.energy if kind == "energy" else shape.density
        return Intent("energy" if kind == "energy" else "density", max(0.0, min(1.0, before + step)), cause=cause)

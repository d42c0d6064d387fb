"""What the crowd votes for: one vote a fan, the last counts, old ones fade out of the count."""

from __future__ import annotations

from dataclasses import dataclass, field

from stage.clock import SAMPLE_RATE

LONGEST = 60
FANS = 20_000


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

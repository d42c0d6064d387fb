"""Lines that wait for the operator: bounded, with a named policy when full, approved or refused by number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

MODES = ("auto", "hold", "approve")
"""``auto``: the guard decides alone. ``hold``: doubtful lines wait. ``approve``: everything she would say waits."""


@dataclass(frozen=True, slots=True)
class Held:
    """A line that waits. ``payload`` is what goes on when it is approved."""

    id: int
    side: str
    """in: a fan's line; out: hers."""
    fan: str
    text: str
    kind: str
    reason: str
    at: int
    paid: bool
    payload: Any


class HeldLines:
    """Held lines, oldest first. When ``most`` wait the oldest unpaid one goes (the oldest, when all are paid)."""

    def __init__(self, mode: str = "auto", most: int = 200) -> None:
        self._lines: OrderedDict[int, Held] = OrderedDict()
        self._count = 0
        self._most = most
        self.dropped = 0
        self.mode = mode

    @property
    def mode(self) -> str:
        """auto, hold or approve."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"mode {mode!r}: one of {', '.join(MODES)}")
        self._mode = mode

    def __len__(self) -> int:
        return len(self._lines)

    def hold(
        self, side: str, text: str, payload: Any, *, fan: str = "", kind: str = "", reason: str = "", at: int = 0, paid: bool = False
    ) -> Held:  # fmt: skip
        """Put a line in the queue."""
        self._count += 1
        held = Held(self._count, side, fan, text[:500], kind, reason, at, paid, payload)
        self._lines[held.id] = held
        while len(self._lines) > self._most:
            oldest = next((line.id for line in self._lines.values() if not line.paid), next(iter(self._lines)))
            del self._lines[oldest]
            self.dropped += 1
        return held

    def waiting(self) -> list[Held]:
        """Everything that waits, oldest first."""
        return list(self._lines.values())

    def approve(self, id: int) -> Held | None:
        """Take a line out to let it go on; None when it is not there."""
        return self._lines.pop(id, None)

    def refuse(self, id: int) -> Held | None:
        """Take a line out for good."""
        return self._lines.pop(id, None)

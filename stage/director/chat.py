"""Choosing from chat: bounded, fair, explained. A pure function of what was pushed and when.

Tiers go in order: ``paid`` (never dropped, oldest first), ``first`` (a fan's first message), ``everyone``.
Inside a tier the fan answered least often goes first, then the oldest message. A message that waited too long
is dropped, unless it was paid for. Each fan holds a few places; the same words again from the same fan count once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stage.clock import SAMPLE_RATE
from stage.gateway.model import FanEvent

TIERS = ("paid", "first", "everyone")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the queue. ``expiry`` in seconds."""

    everyone: int = 200
    first: int = 200
    paid: int = 10_000
    per_fan: int = 2
    expiry: float = 90.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The message to answer and why this one."""

    event: FanEvent
    tier: str
    reason: str
    waited: float
    """Seconds on the show's clock."""


@dataclass(slots=True)
class _Waiting:
    event: FanEvent
    sample: int
    order: int


@dataclass(slots=True)
class ChatSelector:
    """Holds what fans said until she can answer."""

    limits: Limits = field(default_factory=Limits)
    _tiers: dict[str, list[_Waiting]] = field(default_factory=lambda: {tier: [] for tier in TIERS})
    _answered: dict[str, int] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _order: int = 0
    dropped: dict[str, int] = field(default_factory=lambda: {"full": 0, "fan": 0, "same": 0, "expired": 0})
    """Messages not kept, by reason."""

    def __len__(self) -> int:
        return sum(len(tier) for tier in self._tiers.values())

    def push(self, event: FanEvent, sample: int) -> str:
        """Take a message in; returns its tier, or the reason it was not kept."""
        tier = "paid" if event.kind == "paid" else ("everyone" if event.fan in self._known else "first")
        if tier != "paid":
            mine = [w for name in ("first", "everyone") for w in self._tiers[name] if w.event.fan == event.fan]
            if any(w.event.text.casefold() == event.text.casefold() for w in mine):
                self.dropped["same"] += 1
                return "same"
            if len(mine) >= self.limits.per_fan:
                oldest = min(mine, key=lambda w: w.order)
                for name in ("first", "everyone"):
                    if oldest in self._tiers[name]:
                        self._tiers[name].remove(oldest)
                self.dropped["fan"] += 1
        queue = self._tiers[tier]
        if len(queue) >= getattr(self.limits, tier):
            if tier == "paid":
                return "full"
            queue.pop(0)
            self.dropped["full"] += 1
        if len(self._known) < 100_000:
            self._known.add(event.fan)
        self._order += 1
        queue.append(_Waiting(event, sample, self._order))
        return tier

    def pick(self, sample: int) -> Choice | None:
        """The message to answer next, taken out of the queue; None when nobody waits."""
        self._expire(sample)
        for tier in TIERS:
            queue = self._tiers[tier]
            if not queue:
                continue
            if tier == "paid":
                best = queue[0]
                reason = "paid messages are answered in order"
            else:
                best = min(queue, key=lambda w: (self._answered.get(w.event.fan, 0), w.order))
                count = self._answered.get(best.event.fan, 0)
                reason = (
                    "first message of this fan"
                    if tier == "first"
                    else f"answered {count} times so far, least of those waiting"
                )
            queue.remove(best)
            if len(self._answered) > 100_000:
                self._answered.clear()
            self._answered[best.event.fan] = self._answered.get(best.event.fan, 0) + 1
            return Choice(best.event, tier, reason, (sample - best.sample) / SAMPLE_RATE)
        return None

    def _expire(self, sample: int) -> None:
        oldest = sample - int(self.limits.expiry * SAMPLE_RATE)
        for tier in ("first", "everyone"):
            fresh = [w for w in self._tiers[tier] if w.sample >= oldest]
            self.dropped["expired"] += len(self._tiers[tier]) - len(fresh)
            self._tiers[tier] = fresh

"""Choosing from chat: bounded, fair, explained. A pure function of what was pushed and when.

Tiers go in order: ``paid`` (never dropped, oldest first), ``member``, ``first`` (a fan's first message),
``everyone``. The same question from several fans is one entry that knows how many asked it; inside a tier a question
of a crowd and a single fan's message take turns, the fan answered least often goes first, then the oldest message.
A message that waited too long is dropped, unless it was paid for. Each fan holds a few places; the same words again
from the same fan count once. Every choice says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stage.clock import SAMPLE_RATE
from stage.director.alike import Gist, alike, gist
from stage.gateway.model import FanEvent

TIERS = ("paid", "member", "first", "everyone")
CROWD = 3
"""Fans with the same question from which on it is the question of a crowd."""
NAMES = 12
"""Names of those who ask the same that a choice tells."""
COUNTED = 2_000
"""Fans of one question that are told apart; more are not counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the queue, in entries by tier. ``expiry`` in seconds."""

    everyone: int = 200
    first: int = 200
    member: int = 200
    paid: int = 10_000
    per_fan: int = 2
    expiry: float = 90.0
    busy: int = 12
    """From so many entries on, even one-word lines ("hi") are gathered."""
    fans: int = 100_000
    """Fans remembered, for fairness."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The message to answer and why this one."""

    event: FanEvent
    tier: str
    reason: str
    waited: float
    """Seconds on the show's clock."""
    crowd: int = 1
    """How many fans asked the same."""
    others: tuple[str, ...] = ()
    """Some of their names."""


@dataclass(slots=True)
class _Waiting:
    event: FanEvent
    sample: int
    order: int
    gist: Gist
    others: dict[str, None] = field(default_factory=dict)

    @property
    def crowd(self) -> int:
        return 1 + len(self.others)


@dataclass(slots=True)
class ChatSelector:
    """Holds what fans said until she can answer."""

    limits: Limits = field(default_factory=Limits)
    _tiers: dict[str, list[_Waiting]] = field(default_factory=lambda: {tier: [] for tier in TIERS})
    _answered: dict[str, int] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _order: int = 0
    _last_was_crowd: bool = False
    dropped: dict[str, int] = field(default_factory=lambda: {"full": 0, "fan": 0, "same": 0, "expired": 0})
    """Messages not kept, by reason."""
    gathered: int = 0
    """Messages that joined somebody else's question."""

    def __len__(self) -> int:
        return sum(len(tier) for tier in self._tiers.values())

    def push(self, event: FanEvent, sample: int) -> str:
        """Take a message in; returns its tier, ``gathered``, or the reason it was not kept."""
        tier = self._tier(event)
        if len(self._known) < self.limits.fans:
            self._known.add(event.fan)
        words = gist(event.text) if tier != "paid" else frozenset()
        if tier != "paid":
            if self._repeats(event):
                self.dropped["same"] += 1
                return "same"
            if self._gather(event, words):
                self.gathered += 1
                return "gathered"
            self._make_place(event)
        queue = self._tiers[tier]
        if len(queue) >= getattr(self.limits, tier):
            if tier == "paid":
                return "full"
            queue.pop(0)
            self.dropped["full"] += 1
        self._order += 1
        queue.append(_Waiting(event, sample, self._order, words))
        return tier

    def pick(self, sample: int) -> Choice | None:
        """The message to answer next, taken out of the queue; None when nobody waits."""
        self._expire(sample)
        for tier in TIERS:
            queue = self._tiers[tier]
            if not queue:
                continue
            best, reason = self._best(tier, queue)
            queue.remove(best)
            self._last_was_crowd = best.crowd >= CROWD
            if len(self._answered) > self.limits.fans:
                self._answered.clear()
            for fan in (best.event.fan, *best.others):
                self._answered[fan] = self._answered.get(fan, 0) + 1
            waited = (sample - best.sample) / SAMPLE_RATE
            return Choice(best.event, tier, reason, waited, best.crowd, tuple(best.others)[:NAMES])
        return None

    def waiting(self, tier: str) -> tuple[FanEvent, ...]:
        """What waits in a tier, oldest first, for the operator."""
        return tuple(w.event for w in self._tiers[tier])

    # ---- pushing ----------------------------------------------------------------------------------------
    def _tier(self, event: FanEvent) -> str:
        if event.kind == "paid":
            return "paid"
        if event.member:
            return "member"
        return "everyone" if event.fan in self._known else "first"

    def _free(self) -> list[_Waiting]:
        return [w for tier in TIERS[1:] for w in self._tiers[tier]]

    def _repeats(self, event: FanEvent) -> bool:
        text = event.text.casefold()
        return any(w.event.fan == event.fan and w.event.text.casefold() == text for w in self._free())

    def _gather(self, event: FanEvent, words: Gist) -> bool:
        """Join a question that waits already; a fan counts once in it."""
        if len(words) < (1 if len(self) >= self.limits.busy else 2):
            return False
        for tier in TIERS[1:]:
            for waiting in self._tiers[tier]:
                if alike(waiting.gist, words):
                    if event.fan != waiting.event.fan and len(waiting.others) < COUNTED:
                        waiting.others[event.fan] = None
                    return True
        return False

    def _make_place(self, event: FanEvent) -> None:
        mine = [w for w in self._free() if w.event.fan == event.fan]
        if len(mine) >= self.limits.per_fan:
            oldest = min(mine, key=lambda w: w.order)
            for tier in TIERS[1:]:
                if oldest in self._tiers[tier]:
                    self._tiers[tier].remove(oldest)
            self.dropped["fan"] += 1

    # ---- picking ----------------------------------------------------------------------------------------
    def _best(self, tier: str, queue: list[_Waiting]) -> tuple[_Waiting, str]:
        if tier == "paid":
            return queue[0], "paid messages are answered in order"
        crowds = [w for w in queue if w.crowd >= CROWD]
        if crowds and not self._last_was_crowd:
            best = min(crowds, key=lambda w: (-w.crowd, w.order))
            return best, f"{best.crowd} fans ask the same"
        singles = [w for w in queue if w.crowd < CROWD] or queue
        best = min(singles, key=lambda w: (self._answered.get(w.event.fan, 0), w.order))
        count = self._answered.get(best.event.fan, 0)
        if tier == "first":
            return best, "first message of this fan"
        member = "a member, " if tier == "member" else ""
        return best, f"{member}answered {count} times so far, least of those waiting"

    def _expire(self, sample: int) -> None:
        oldest = sample - int(self.limits.expiry * SAMPLE_RATE)
        for tier in TIERS[1:]:
            fresh = [w for w in self._tiers[tier] if w.sample >= oldest]
            self.dropped["expired"] += len(self._tiers[tier]) - len(fresh)
            self._tiers[tier] = fresh

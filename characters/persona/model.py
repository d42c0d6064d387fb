"""What is asked of a brain and what it answers: plain data that crosses a process boundary.

Fan text is data of the ``say`` field only. It never reaches the system role of a prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

MOODS = ("neutral", "happy", "excited", "tender", "sad", "angry", "surprised", "relaxed", "shy", "teasing")
GESTURES = (
    "wave", "bow", "point", "heart", "clap", "shrug", "nod", "shake", "think", "laugh", "cheer", "present",
    "hands_on_hips", "lean_in", "look_away", "peace",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """The show as the persona knows it when it is asked."""

    situation: str
    """``opening``, ``chat``, ``song_intro``, ``song_done``, ``idle``, ``closing``, ``gift``, ``join``, ``trouble``."""
    phase: str = "talk"
    song: str = ""
    next_song: str = ""
    fans: int = 0
    seed: int = 0
    mood: str = "happy"
    energy: float = 0.6


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to answer. ``say`` is a fan's words (untrusted), empty when nobody asked."""

    id: str
    moment: Moment
    fan: str = ""
    say: str = ""
    kind: str = "chat"
    amount: float = 0.0
    history: tuple[tuple[str, str], ...] = ()
    """Earlier (speaker, text) turns, oldest first; only what was heard."""
    limit: int = 40
    """Words at most."""
    account: str = ""
    """Who the fan is, as the house knows them; names can change hands, accounts cannot. Empty: only the name is known."""
    ruling: str = ""
    """An intent the guard has decided (``injection``, ``distress``, ...); whatever the words look like, it holds."""
    knows: tuple[str, ...] = ()
    """What memory and lore have to say to this ask, one sentence each: data for the answer, never an order."""
    hurry: bool = False
    """Nothing is being said: a good line at once is worth more than a better one later."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A speakable piece of an answer with its stage tags; ``text`` is clean (no tags, slots filled)."""

    text: str
    mood: str = "neutral"
    gesture: str = ""
    """One of :data:`GESTURES` or empty; its stroke falls on the clause's stressed word."""
    last: bool = False


class Said(NamedTuple):
    """A clause of the answer to an ask."""

    id: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class Intent:
    """What the brain understood, beside its words: ``name`` e.g. ``song_request``; ``slots`` e.g. {"topic": "rain"}."""

    name: str
    confidence: float
    slots: dict[str, str] = field(default_factory=dict)


class Brain(Protocol):
    """A brain answers in clauses, streamed. Slow brains check ``cancelled`` between tokens."""

    name: str

    def understand(self, ask: Ask) -> Intent:
        """What the fan wants; fast."""
        ...

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        """Clauses of the answer; the last one has ``last`` set. Stops early when cancelled."""
        ...


class Cancelled(Protocol):
    """Tells whether the answer is still wanted."""

    def __call__(self) -> bool: ...

"""Who may interrupt whom: one table, read as data.

Everything she is to say has a *priority* and a *behaviour* (queue, interrupt, replace); what goes on has a priority
too. :func:`decide` says what happens when one meets the other. Documented in ``docs/interruptions.md``; the tests
hold one case per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Behaviour = Literal["queue", "interrupt", "replace"]
Action = Literal["now", "queue", "cut", "replace", "bar", "drop"]
"""``now``: nothing is in the way. ``queue``: after what goes on, by priority. ``cut``: what is said ends at its next
word, this follows. ``replace``: the same, and what waits with a lower priority is dropped. ``bar``: the song ends at its
next bar line, this follows. ``drop``: not said at all."""


class Priority(IntEnum):
    """Higher goes first."""

    LOW = 0
    NORMAL = 100
    HIGH = 200
    CRITICAL = 300


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said: its priority, its behaviour, and whether it only makes sense in silence."""

    priority: Priority
    behaviour: Behaviour = "queue"
    fleeting: bool = False
    """Said only when nothing else goes on; otherwise dropped."""


MANNERS: dict[str, Manner] = {
    "idle": Manner(Priority.LOW, fleeting=True),
    "banter": Manner(Priority.LOW, fleeting=True),
    "join": Manner(Priority.LOW, fleeting=True),
    "callback": Manner(Priority.LOW, fleeting=True),
    "chat": Manner(Priority.NORMAL, "interrupt"),
    "song_intro": Manner(Priority.NORMAL),
    "opening": Manner(Priority.HIGH),
    "gift": Manner(Priority.HIGH, "interrupt"),
    "song_done": Manner(Priority.HIGH),
    "trouble": Manner(Priority.HIGH, "interrupt"),
    "distress": Manner(Priority.HIGH, "interrupt"),
    "closing": Manner(Priority.HIGH, "interrupt"),
    "operator_queue": Manner(Priority.CRITICAL),
    "operator_interrupt": Manner(Priority.CRITICAL, "interrupt"),
    "operator_replace": Manner(Priority.CRITICAL, "replace"),
}
"""By situation; what is not named is said like ``chat``."""

SONG = "song"
"""What goes on while a song is sung."""


def manner(situation: str) -> Manner:
    """How a situation's lines are said."""
    return MANNERS.get(situation, MANNERS["chat"])


def decide(running: str, arriving: str) -> Action:
    """What happens when ``arriving`` (a situation) meets ``running`` (a situation, ``song``, or empty for nothing)."""
    new = manner(arriving)
    if not running:
        return "now"
    if running == SONG:
        if new.fleeting:
            return "drop"
        # Speech finds its room in the gaps of the singing; only the operator ends a song.
        return "bar" if new.priority is Priority.CRITICAL and new.behaviour != "queue" else "queue"
    if new.fleeting:
        return "drop"
    old = manner(running)
    if new.behaviour == "replace":
        return "replace"
    if new.behaviour == "interrupt" and (new.priority is Priority.CRITICAL or old.priority < new.priority):
        # An answer may cut small talk short, not another answer: people wait for the end of a sentence.
        return "cut" if old.priority is Priority.LOW or new.priority is Priority.CRITICAL else "queue"
    return "queue"

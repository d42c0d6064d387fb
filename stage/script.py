"""Chat scripts: what fans do at which second, as JSON lines, for offline shows and rehearsals.

``{"at": 1.5, "fan": "mika", "text": "sing about rain", "kind": "chat", "amount": 0}``
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from stage.clock import samples
from stage.files import reading
from stage.gateway.model import FanEvent

KINDS = ("chat", "paid", "join", "leave", "reaction", "vote")
LONGEST = 16 * 1024 * 1024


class ScriptError(ValueError):
    """A script that cannot be used: file, line, remedy."""


def read_script(path: Path) -> list[tuple[int, FanEvent]]:
    """(sample, event) of every line in order of time; raises :class:`ScriptError`."""
    with reading(path, "a chat script", ScriptError, LONGEST):
        text = path.read_text("utf-8")
    events = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            events.append(_event(line, f"{path}:{number}", number))
    return sorted(events, key=lambda pair: pair[0])


def _event(line: str, place: str, number: int) -> tuple[int, FanEvent]:
    example = 'expected {"at": 1.5, "fan": "mika", "text": "hello"}'
    try:
        raw = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise ScriptError(f"{place}: not JSON; {example}") from None
    if not isinstance(raw, dict):
        raise ScriptError(f"{place}: not a JSON object; {example}")
    at, fan, text = raw.get("at"), raw.get("fan", "someone"), raw.get("text", "")
    kind, amount = raw.get("kind", "chat"), raw.get("amount", 0)
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at <= 1e6:
        raise ScriptError(f"{place}: 'at' must be seconds from 0 on; {example}")
    if not isinstance(fan, str) or not isinstance(text, str):
        raise ScriptError(f"{place}: 'fan' and 'text' must be text; {example}")
    if kind not in KINDS:
        raise ScriptError(f"{place}: unknown kind {kind!r}; one of {', '.join(KINDS)}")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ScriptError(f"{place}: 'amount' must be a number; {example}")
    member = raw.get("member", False)
    if not isinstance(member, bool):
        raise ScriptError(f"{place}: 'member' must be true or false; {example}")
    return samples(at), FanEvent(f"script{number}", fan[:40], kind, text[:500], float(amount), member=member)


class Script:
    """Hands out a script's events as their samples come."""

    def __init__(self, events: Iterable[tuple[int, FanEvent]] = ()) -> None:
        self._events = list(events)
        self._next = 0

    def until(self, sample: int) -> list[FanEvent]:
        """Events at or before a sample that were not handed out yet."""
        first = self._next
        while self._next < len(self._events) and self._events[self._next][0] <= sample:
            self._next += 1
        return [event for _, event in self._events[first : self._next]]

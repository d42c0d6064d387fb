"""When a mind is late, stalls, dies or has nothing to say, the show answers within the stated deadline: to the frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from characters import load
from characters.definition import Definition
from characters.persona.mind import FIRST_CLAUSE, MID_ANSWER, Event, Failed, Mind, Said, _Process
from characters.persona.model import Ask, Clause
from stage.clock import SAMPLE_RATE
from stage.director.director import FILLER_AFTER
from tests.stage.test_director import FRAME, Rehearsal, chat

ONE_FRAME = FRAME / SAMPLE_RATE
HEARD = 0.5
"""Seconds from a clause to its sound at most: the band's lead and the human gap."""
WORDS = (
    Clause("Puddles keep the sky."),
    Clause("They are small mirrors."),
    Clause("I like the muddy ones.", last=True),
)

FAULTS: dict[str, list[tuple[float, str, Any]]] = {
    "well": [(0.1, "said", WORDS[0]), (0.2, "said", WORDS[1]), (0.3, "said", WORDS[2]), (0.3, "done", {})],
    "slow": [(2.5, "said", WORDS[0]), (2.6, "said", WORDS[2]), (2.6, "done", {})],
    "silent": [],
    "stalls": [(0.1, "said", WORDS[0]), (0.2, "said", WORDS[1])],
    "error": [(0.1, "error", "server said 500"), (0.1, "done", {})],
    "nothing": [(0.1, "done", {})],
    "dies": [(0.3, "dies", None)],
}
"""What comes back, so many seconds after the ask."""


class Wire:
    """The other end of a mind, with every message at its moment of the show's clock."""

    def __init__(self, clock: Callable[[], float], fault: str) -> None:
        self._clock, self._fault = clock, fault
        self._coming: list[tuple[float, tuple[str, str, Any]]] = []
        self.pid = 0

    def send(self, message: tuple[str, Any]) -> None:
        kind, payload = message
        if kind == "ask":
            fault = self._fault if payload.say else "well"
            self._coming += [(self._clock() + at, (what, payload.id, data)) for at, what, data in FAULTS[fault]]
        elif kind == "cancel":
            self._coming = [(self._clock(), ("done", payload, {}))]

    def poll(self, _: float = 0) -> bool:
        if self._coming and self._coming[0][0] <= self._clock():
            if self._coming[0][1][0] == "dies":
                raise EOFError
            return True
        return False

    def recv(self) -> tuple[str, str, Any]:
        return self._coming.pop(0)[1]

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        return

    def join(self, _: float) -> None:
        return

    kill = close


class Wired(Mind):
    """A mind whose process is a :class:`Wire`; it tells when each event came."""

    def __init__(self, definition: Definition, fault: str) -> None:
        self.now = 0.0
        super().__init__(definition, 1, clock=lambda: self.now)
        self._fault = fault
        self.asked: dict[str, float] = {}
        self.came: list[tuple[float, Event]] = []
        self._relaunch(0.0)

    def _relaunch(self, now: float) -> None:
        wire: Any = Wire(self._clock, self._fault)
        self._process = _Process(wire, wire, now, ready=True)

    def ask(self, ask: Ask) -> None:
        if ask.say:
            self.asked[ask.id] = self.now
        super().ask(ask)

    def poll(self) -> list[Event]:
        found = super().poll()
        self.came += [(self.now, event) for event in found]
        return found


def played(fault: str, seconds: float = 24.0) -> tuple[Rehearsal, Wired]:
    """A show in which one fan asks at second 10, when nobody speaks."""
    mind = Wired(load("lumi"), fault)
    show = Rehearsal(None, mind, songs=False, idle=1e6)  # type: ignore[arg-type]
    step = show.director.step

    def timed(now: int, horizon: int) -> None:
        mind.now = now / SAMPLE_RATE
        step(now, horizon)

    show.director.step = timed  # type: ignore[method-assign]
    show.run(seconds, {10.0: chat("mika", "what colour are puddles I wonder")})
    return show, mind


@pytest.mark.parametrize("fault", FAULTS)
def test_the_first_clause_comes_within_the_deadline_to_the_frame(fault: str) -> None:
    show, mind = played(fault)
    [(id_, asked)] = mind.asked.items()
    first = next(at for at, event in mind.came if isinstance(event, Said) and event.id == id_)
    assert first - asked <= FIRST_CLAUSE + ONE_FRAME + 1e-6
    late = fault in ("slow", "silent")
    assert (first - asked > FIRST_CLAUSE - 1e-6) == late  # a mind that still may answer gets all of its time
    assert mind.health.fallbacks == (fault not in ("well", "stalls"))
    written = 10.0 * SAMPLE_RATE
    heard = min(start for start, _ in show.voices() if start >= written)
    # She is heard thinking before the deadline, or answering just after the first clause came.
    assert heard / SAMPLE_RATE <= min(10.0 + FILLER_AFTER, first) + ONE_FRAME + HEARD
    assert [cue.data["fan"] for cue in show.cues("reply") if cue.data["fan"]] == ["mika"]


def test_an_answer_that_stalls_is_ended_in_time_and_the_next_is_answered() -> None:
    show, mind = played("stalls")
    [id_] = mind.asked
    last = max(at for at, event in mind.came if isinstance(event, Said) and event.id == id_)
    [ended] = [at for at, event in mind.came if isinstance(event, Failed) and event.id == id_]
    assert MID_ANSWER - 1e-6 <= ended - last <= MID_ANSWER + 2 * ONE_FRAME
    show.run(8.0, {show.now / SAMPLE_RATE + 1.0: chat("leo", "and what colour are kites I wonder")})
    assert [cue.data["fan"] for cue in show.cues("reply") if cue.data["fan"]] == ["mika", "leo"]

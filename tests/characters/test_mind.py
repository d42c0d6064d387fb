"""The mind beside the stage: same words in and out of process, never blocks, survives its process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from characters.definition import Definition
from characters.persona.embedded import Embedded
from characters.persona.mind import Event, Failed, Inline, Mind, Said, Understood
from characters.persona.model import Ask, Cancelled, Clause, Intent, Moment

pytestmark = pytest.mark.live

SAYS = ("hi", "sing about rain", "you suck", "are you real?", "", "why?")


class Slow:
    """A brain that says one clause and then takes for ever, unless it is told to stop."""

    name = "slow"

    def __init__(self, first: bool, deaf: bool = False) -> None:
        self.first, self.deaf = first, deaf

    def understand(self, ask: Ask) -> Intent:
        return Intent("greeting", 1.0)

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        if self.first:
            yield Clause("One.")
        while self.deaf or not cancelled():
            time.sleep(0.005)


def slow_after_one(definition: Definition, seed: int) -> Slow:
    return Slow(True)


def silent(definition: Definition, seed: int) -> Slow:
    return Slow(False)


def broken(definition: Definition, seed: int) -> Embedded:
    raise RuntimeError("no such model")


class Raises(Slow):
    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        raise ValueError("boom")
        yield


def raises(definition: Definition, seed: int) -> Slow:
    return Raises(False)


def asks(says: tuple[str, ...] = SAYS) -> list[Ask]:
    return [Ask(str(n), Moment("chat"), "mika", say) for n, say in enumerate(says)]


def collect(mind: Mind, until: Callable[[list[Event]], bool], seconds: float = 8.0) -> list[Event]:
    found: list[Event] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until(found):
        found += mind.poll()
        time.sleep(0.002)
    return found


def finished(count: int) -> Callable[[list[Event]], bool]:
    return lambda events: sum((isinstance(e, Said) and e.clause.last) or isinstance(e, Failed) for e in events) >= count


def test_inline_and_process_say_the_same(lumi: Definition) -> None:
    inline = Inline(lumi, 3).start()
    for ask in asks():
        inline.ask(ask)
    expected = inline.poll()
    with Mind(lumi, 3, deadline=20.0).start(wait=20.0) as mind:
        assert mind.alive
        for ask in asks():
            mind.ask(ask)
        assert collect(mind, finished(len(SAYS)), 20.0) == expected
    assert not mind.alive
    assert any(isinstance(event, Understood) and event.intent.slots == {"topic": "rain"} for event in expected)


def test_inline_is_deterministic(lumi: Definition) -> None:
    def run() -> list[Event]:
        inline = Inline(lumi, 5).start()
        out = []
        for ask in asks() * 3:
            inline.ask(ask)
            out += inline.poll()
        return out

    assert run() == run()


def test_killed_in_mid_wait_is_answered_and_restarted(lumi: Definition) -> None:
    with Mind(lumi, deadline=20.0, opener=silent).start(wait=20.0) as mind:
        mind.ask(asks()[0])
        collect(mind, lambda events: bool(events), 5.0)
        first = mind.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        events = collect(mind, finished(1))
        assert "mika" in " ".join(e.clause.text for e in events if isinstance(e, Said))
        assert mind.health.fallbacks == 1
        end = time.monotonic() + 20
        while not mind.alive and time.monotonic() < end:
            mind.poll()
            time.sleep(0.005)
        assert mind.alive
        assert mind.pid != first


def test_killed_in_mid_answer_ends_that_answer(lumi: Definition) -> None:
    with Mind(lumi, deadline=20.0, opener=slow_after_one).start(wait=20.0) as mind:
        mind.ask(asks()[0])
        events = collect(mind, lambda found: any(isinstance(e, Said) for e in found), 10.0)
        assert mind.pid is not None
        os.kill(mind.pid, signal.SIGKILL)
        events += collect(mind, finished(1))
        assert isinstance(events[-1], Failed)
        assert "cut off" in events[-1].reason


def test_late_is_answered_from_authored_lines(lumi: Definition) -> None:
    with Mind(lumi, deadline=0.15, opener=silent).start(wait=20.0) as mind:
        began = time.monotonic()
        mind.ask(asks()[0])
        events = collect(mind, finished(1))
        assert 0.1 < time.monotonic() - began < 2.0
        assert [e for e in events if isinstance(e, Said)][-1].clause.last
        assert mind.health.fallbacks == 1


@pytest.mark.parametrize("opener", [broken, raises])
def test_a_brain_that_cannot_is_replaced(lumi: Definition, opener: Callable[[Definition, int], Embedded]) -> None:
    with Mind(lumi, deadline=3.0, opener=opener).start(wait=10.0 if opener is raises else 0.5) as mind:
        mind.ask(asks()[0])
        events = collect(mind, finished(1))
        assert any(isinstance(event, Said) for event in events)
        collect(mind, lambda _: bool(mind.health.last_error), 15.0)
        assert "boom" in mind.health.last_error or "no such model" in mind.health.last_error


def test_cancel_stops_and_the_next_ask_is_answered(lumi: Definition) -> None:
    with Mind(lumi, deadline=20.0, opener=slow_after_one).start(wait=20.0) as mind:
        first, second = asks()[:2]
        mind.ask(first)
        collect(mind, lambda found: any(isinstance(e, Said) for e in found), 10.0)
        mind.cancel(first.id)
        assert Failed(first.id, "cancelled") in mind.poll()
        mind.ask(second)
        events = collect(mind, lambda found: any(isinstance(e, Said) and e.id == second.id for e in found), 10.0)
        assert all(event.id == second.id for event in events)


def test_a_full_queue_drops_the_oldest_unpaid(lumi: Definition) -> None:
    mind = Mind(lumi, deadline=60.0, capacity=3)
    mind.ask(Ask("paid", Moment("gift"), "mika", kind="paid"))
    for number in range(4):
        mind.ask(Ask(str(number), Moment("chat"), "mika", "hi"))
    assert [event for event in mind.poll() if isinstance(event, Failed)] == [
        Failed("0", "dropped: the queue is full"),
        Failed("1", "dropped: the queue is full"),
    ]
    mind.close()


def test_calls_do_not_wait(lumi: Definition) -> None:
    with Mind(lumi, deadline=0.05, opener=silent).start(wait=20.0) as mind:
        took = []
        for number in range(60):
            start = time.perf_counter()
            mind.ask(Ask(str(number), Moment("chat"), "mika", "hello there star"))
            mind.poll()
            took.append(time.perf_counter() - start)
            time.sleep(0.005)
        assert sorted(took)[len(took) // 2] < 0.01  # a call that waits takes the deadline, 0.05

"""Work that gives way: how much of a core it takes, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from audio.engine.priority import breathing, go_first, stand_by


def burn(seconds: float) -> float:
    """Wall seconds that so many seconds of computing took."""
    began, end = time.monotonic(), time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))
    return time.monotonic() - began


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers of processor time")
def test_what_breathes_takes_no_more_than_its_share() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with breathing(0.25):
        took = burn(0.12)
    assert took > 0.12 * 3  # four times as long, less what is under way at the end
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    with pytest.raises(ZeroDivisionError), breathing(0.5):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers of processor time")
def test_a_timer_that_rings_while_it_rests_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) < 5:  # sleeping, too, takes some processor time
            signal.raise_signal(signal.SIGPROF)

    with breathing(0.25):
        monkeypatch.setattr(time, "sleep", rest)
        burn(0.06)
        monkeypatch.undo()
    assert len(rests) >= 5
    assert min(rests) == 0.0
    assert max(rests) > 0.01


def test_another_thread_and_a_whole_share_are_left_alone() -> None:
    ran = []
    thread = threading.Thread(target=lambda: [ran.append(1) for _ in range(1) if breathing(0.5).__enter__() is None])
    thread.start()
    thread.join()
    assert ran
    with breathing(1.0):
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0) if hasattr(signal, "getitimer") else True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has priorities of threads")
def test_who_stands_by_gives_way_only_where_it_may_come_back() -> None:
    found: dict[str, tuple[int, int]] = {}

    def work() -> None:
        me = threading.get_native_id()
        stand_by()
        found["before"] = os.sched_getscheduler(me), os.getpriority(os.PRIO_PROCESS, me)
        go_first()
        found["after"] = os.sched_getscheduler(me), os.getpriority(os.PRIO_PROCESS, me)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    policy, nice = found["before"]
    assert policy == os.SCHED_OTHER
    first = found["after"][0] != os.SCHED_OTHER
    assert nice > 0 if first else nice == 0

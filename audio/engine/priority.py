"""Which thread goes first on a busy machine, where the system lets us say so."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Iterator

_FIRST, _LAST, _LEFT_OVER, _TURN = -10, 5, 12, 5
_PATIENCE, _HELD_UP, _MOST = 0.012, 0.03, 0.4
_FEW, _SHARE, _PIECE = 2, 0.25, 0.01


def go_first() -> None:
    """The calling thread makes or carries sound: what is late is heard.

    Where the system lets us (Linux, with the right to it) it runs in real time, ahead of everything that is not;
    threads and processes it starts do not inherit that. Else it only goes before others.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_TURN))
    except (OSError, AttributeError):
        _nice(_FIRST)


def stand_by() -> None:
    """The calling thread prepares for later and will then :func:`go_first`: it gives way where it may come back."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_TURN))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except (OSError, AttributeError):
        return
    _nice(_LAST)  # but not for long: it may be needed soon


def give_way() -> None:
    """The calling thread prepares for later."""
    _nice(_LAST)


def prepare_for_later() -> None:
    """The calling thread does what nobody waits for yet, on a machine that a live show needs: it takes what is left."""
    _nice(_LEFT_OVER)


@contextlib.contextmanager
def breathing(share: float | None = None) -> Iterator[None]:
    """What is done within takes no more than this ``share`` of one core, in pieces of some milliseconds.

    By default a quarter where the process may use two cores or fewer, else all of it: two cores are often two threads of one, so
    that work of the lowest priority, too, slows what draws and plays beside it. Only a process's main thread can breathe, and
    only where there is ``ITIMER_PROF`` (POSIX); elsewhere nothing is changed.
    """
    share = (1.0 if cores() > _FEW else _SHARE) if share is None else share
    here = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if share >= 1 or not here:
        yield
        return
    used = time.process_time()

    def rest(*_: object) -> None:
        nonlocal used
        worked, used = time.process_time() - used, math.inf  # nothing more to rest from, should it ring again meanwhile
        time.sleep(max(0.0, worked) * (1 / share - 1))
        used = time.process_time()

    before = signal.signal(signal.SIGPROF, rest)
    signal.setitimer(signal.ITIMER_PROF, _PIECE, _PIECE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _nice(value: int) -> None:
    # On Linux a thread has a niceness of its own; elsewhere (or without the right to it) all stays as it is.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), value)


def patience(behind: float) -> float:
    """Seconds that live sound is waited for when the consumer is ``behind`` its clock by so much.

    Some milliseconds, as a rule: then it is silence, counted, and time goes on. A consumer that was itself held up by a
    busy machine first lets the band make what it had no room for, until it is 0.4 s behind.
    """
    return _MOST - behind if _HELD_UP < behind < _MOST - _PATIENCE else _PATIENCE

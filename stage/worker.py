"""A process of its own for work that may be slow: jobs go in, results come out, the stage never waits.

The parent keeps the queue (bounded, most urgent first) and hands the process one job at a time, so an urgent
job waits for one running job at most. A process that dies is started again and its job is done once more; a
job that kills it twice is reported as failed.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

log = logging.getLogger("limelight.worker")

Handler = Callable[[Any], Any]
Factory = Callable[..., Handler]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a job: ``value``, or ``error`` in one line."""

    id: str
    value: Any = None
    error: str = ""
    seconds: float = 0.0


class Workshop(Protocol):
    """Where jobs are done: in a process (:class:`Worker`) or at once (:class:`InlineWorker`)."""

    def submit(self, id: str, job: Any, urgency: int = 5) -> bool: ...

    def poll(self) -> list[Result]: ...

    def drop(self, id: str) -> None: ...

    def close(self) -> None: ...


def _serve(pipe: Connection, factory: Factory, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with_parent = os.getppid()
    try:
        handler = factory(*arguments)
        pipe.send(("ready", None, None, 0.0))
    except Exception as error:
        pipe.send(("dead", None, f"{type(error).__name__}: {error}", 0.0))
        return
    while True:
        try:
            while not pipe.poll(2.0):
                if os.getppid() != with_parent:
                    return
            id_, job = pipe.recv()
        except (EOFError, OSError):
            return
        begun = time.perf_counter()
        try:
            value, reason = handler(job), ""
        except Exception as problem:
            value, reason = None, f"{type(problem).__name__}: {problem}"
            log.debug("job %s failed\n%s", id_, traceback.format_exc())
        try:
            pipe.send(("done", id_, reason or value, -1.0 if reason else time.perf_counter() - begun))
        except (BrokenPipeError, OSError):
            return


class Worker:
    """A process that does jobs. ``factory(*arguments)`` is called in it once and gives the job handler."""

    def __init__(self, name: str, factory: Factory, arguments: tuple[Any, ...] = (), limit: int = 64) -> None:
        self.name = name
        self._factory, self._arguments, self._limit = factory, arguments, limit
        self._queue: list[tuple[int, int, str, Any]] = []
        self._order = itertools.count()
        self._running: tuple[str, Any, int] | None = None
        self._failed: list[Result] = []
        self._deaths: dict[str, int] = {}
        self._fatal = ""
        self.restarts = 0
        self.ready = False
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(child, self._factory, self._arguments), name=f"limelight-{self.name}", daemon=True
        )
        self.process.start()
        child.close()
        self.ready = False

    @property
    def pid(self) -> int:
        """Process id, for reports."""
        return self.process.pid or 0

    @property
    def waiting(self) -> int:
        """Jobs not yet answered."""
        return len(self._queue) + (self._running is not None)

    def submit(self, id: str, job: Any, urgency: int = 5) -> bool:
        """Queue a job; the lowest ``urgency`` number goes first. False (refused) when the queue is full."""
        if len(self._queue) >= self._limit:
            return False
        heapq.heappush(self._queue, (urgency, next(self._order), id, job))
        self._hand_over()
        return True

    def drop(self, id: str) -> None:
        """Forget a job that has not begun; the answer of one that has is thrown away."""
        self._queue = [entry for entry in self._queue if entry[2] != id]
        heapq.heapify(self._queue)
        if self._running and self._running[0] == id:
            self._running = ("", self._running[1], self._running[2])

    def _hand_over(self) -> None:
        if self._running is None and self._queue and self.ready:
            _, order, id_, job = heapq.heappop(self._queue)
            try:
                self._pipe.send((id_, job))
                self._running = (id_, job, order)
            except (BrokenPipeError, OSError):
                heapq.heappush(self._queue, (0, order, id_, job))

    def poll(self) -> list[Result]:
        """Results since the last call; never waits."""
        results, self._failed = self._failed, []
        try:
            while self._pipe.poll(0):
                word, id_, value, seconds = self._pipe.recv()
                if word == "ready":
                    self.ready = True
                elif word == "dead":
                    self._fatal = str(value)
                else:
                    wanted = self._running is not None and self._running[0] == id_
                    self._running = None
                    if wanted and id_:
                        self._deaths.pop(id_, None)
                        failed = seconds < 0
                        results.append(Result(id_, None if failed else value, str(value) if failed else "", seconds))
        except (EOFError, OSError):
            pass
        if not self.process.is_alive():
            results += self._revive()
        self._hand_over()
        return results

    def _revive(self) -> list[Result]:
        results: list[Result] = []
        if self._fatal:
            results = [Result(id_, error=self._fatal) for _, _, id_, _ in self._queue]
            self._queue.clear()
            return results
        log.warning("the %s process ended (exit %s); starting it again", self.name, self.process.exitcode)
        if self._running is not None:
            id_, job, order = self._running
            self._running = None
            if id_:
                self._deaths[id_] = self._deaths.get(id_, 0) + 1
                if self._deaths[id_] >= 2:
                    results.append(Result(id_, error=f"the {self.name} process died on it twice"))
                else:
                    heapq.heappush(self._queue, (0, order, id_, job))
        self.restarts += 1
        self._start()
        return results

    def wait_ready(self, timeout: float = 20.0) -> bool:
        """Wait until the process can take jobs (start-up only)."""
        end = time.monotonic() + timeout
        while not self.ready and not self._fatal and time.monotonic() < end:
            self._failed += self.poll()
            time.sleep(0.01)
        return self.ready

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self.process.join(0.5)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(1.0)


class InlineWorker:
    """The same interface, done at once in this process: for offline renders and tests, always the same order."""

    def __init__(self, name: str, factory: Factory, arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        self._handler = factory(*arguments)
        self._results: list[Result] = []
        self.restarts = 0
        self.ready = True
        self.pid = os.getpid()

    def submit(self, id: str, job: Any, urgency: int = 5) -> bool:
        """Do the job now."""
        begun = time.perf_counter()
        try:
            self._results.append(Result(id, self._handler(job), "", time.perf_counter() - begun))
        except Exception as error:
            log.debug("job %s failed\n%s", id, traceback.format_exc())
            self._results.append(Result(id, None, f"{type(error).__name__}: {error}"))
        return True

    def poll(self) -> list[Result]:
        """Results since the last call."""
        results, self._results = self._results, []
        return results

    def drop(self, id: str) -> None:
        """Throw an answer away."""
        self._results = [result for result in self._results if result.id != id]

    def close(self) -> None:
        """Nothing to end."""

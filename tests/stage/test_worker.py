"""Worker processes: jobs in order of urgency, nothing lost when the process dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from stage.worker import InlineWorker, Result, Worker


def room() -> Callable[[object], object]:
    def work(job: object) -> object:
        if job == "fail":
            raise ValueError("no")
        if job == "slow":
            time.sleep(0.4)
        if isinstance(job, tuple) and job[0] == "die once":
            try:
                os.close(os.open(job[1], os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return "second time"
            os.kill(os.getpid(), signal.SIGKILL)
        if job == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return job

    return work


def broken_room() -> Callable[[object], object]:
    raise RuntimeError("no such voice")


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("test", room)
    assert made.wait_ready()
    yield made
    made.close()


def results(worker: Worker, count: int, seconds: float = 20) -> list[Result]:
    found: list[Result] = []
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        found += worker.poll()
        time.sleep(0.005)
    return found


def test_the_most_urgent_job_goes_next(worker: Worker) -> None:
    worker.submit("first", "slow")
    worker.submit("later", "b", urgency=5)
    worker.submit("soon", "a", urgency=1)
    assert [r.id for r in results(worker, 3)] == ["first", "soon", "later"]


def test_a_failing_job_reports_one_line_and_the_next_goes_on(worker: Worker) -> None:
    worker.submit("bad", "fail")
    worker.submit("good", 7)
    assert [(r.id, r.value, r.error) for r in results(worker, 2)] == [("bad", None, "ValueError: no"), ("good", 7, "")]


def test_a_killed_process_is_started_again_and_its_job_done_once_more(worker: Worker, tmp_path: object) -> None:
    worker.submit("x", ("die once", f"{tmp_path}/mark"))
    worker.submit("y", "after")
    assert [(r.id, r.value) for r in results(worker, 2)] == [("x", "second time"), ("y", "after")]
    assert worker.restarts == 1


def test_a_job_that_kills_twice_is_given_up(worker: Worker) -> None:
    worker.submit("x", "die")
    worker.submit("y", "after")
    first, second = results(worker, 2)
    assert "died on it twice" in first.error
    assert second.value == "after"


def test_the_queue_is_bounded_and_dropped_jobs_do_not_answer(worker: Worker) -> None:
    small = Worker("small", room, limit=2)
    small.wait_ready()
    assert small.submit("a", "slow")
    assert small.submit("b", 1)
    assert small.submit("c", 1)
    assert not small.submit("d", 1)
    small.drop("b")
    small.drop("a")
    assert [r.id for r in results(small, 1)] == ["c"]
    small.close()


def test_a_room_that_cannot_open_answers_with_the_reason() -> None:
    worker = Worker("broken", broken_room)
    worker.submit("a", 1)
    assert "no such voice" in results(worker, 1)[0].error
    worker.close()


def test_the_inline_twin_gives_the_same_answers() -> None:
    worker = InlineWorker("inline", room)
    worker.submit("bad", "fail")
    worker.submit("good", 7)
    assert [(r.id, r.value, r.error) for r in worker.poll()] == [("bad", None, "ValueError: no"), ("good", 7, "")]
    assert worker.poll() == []

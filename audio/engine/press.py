"""The press: worker processes that make notes, sing phrases and write scores while a song is composed and mixed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from audio.engine import works
from audio.engine.model import EngineError
from audio.voice.model import VoiceSettings
from audio.workers import context, follow, one_thread


class Press:
    """Worker processes for one or more songs; ``with`` it. Opened early, it warms up while a song is composed."""

    def __init__(self, settings: VoiceSettings | None, workers: int = 2, warm: bool = False) -> None:
        self.settings = settings
        self._pool = ProcessPoolExecutor(workers, mp_context=context(), initializer=follow)
        self._opening = threading.Thread(target=self._open, args=(workers if warm else 0,), daemon=True)
        self._opening.start()  # a worker is waited for until it has begun: that need not stop who composes meanwhile

    def _open(self, workers: int) -> None:
        with contextlib.suppress(BrokenProcessPool, RuntimeError), one_thread():
            for _ in range(workers):
                self._pool.submit(works.warm, self.settings, True)

    def submit(self, job: Callable[..., Any], *args: Any) -> Future[Any]:
        """A job of :mod:`audio.engine.works`."""
        self._opening.join()
        try:
            with one_thread():
                return self._pool.submit(job, *args)
        except BrokenProcessPool:
            raise EngineError("a worker process that makes sound ended; is there enough memory?") from None

    def close(self) -> None:
        """End the workers."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def result(future: Future[Any]) -> Any:
    """What a job gave; EngineError when its worker is gone."""
    try:
        return future.result()
    except BrokenProcessPool:
        raise EngineError("a worker process that makes sound ended; is there enough memory?") from None

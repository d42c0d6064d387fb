"""How worker processes begin and end. Imports nothing heavy, so that a command can wake them before its own imports."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext

_IMPORTED = ["audio.engine.works", "audio.voice.embedded", "scipy.signal", "pyo"]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """A child started here does its linear algebra on one thread: predictable cost, same sums every time."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in (*names, "PYO_GUI_WX")}
    os.environ.update(dict.fromkeys(names, "1") | {"PYO_GUI_WX": "0"})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def context() -> BaseContext:
    """Workers of Linux are forked from a server that has imported what they need, once; elsewhere each begins anew."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(_IMPORTED)
    return made


def wake() -> None:
    """Let the server begin its imports now, beside our own."""
    if sys.platform == "linux":
        context()
        # The server and its workers never hear an interrupt, not even before :func:`follow`: what is blocked stays so there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with one_thread():
                forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def follow() -> None:
    """In a worker: an interrupt is the parent's matter, and whatever ends the parent ends the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()

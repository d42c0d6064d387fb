"""How much of the machine's processors nobody uses."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

EVERY = 1.0
"""Seconds over which it is measured."""


def _linux() -> tuple[int, int]:
    """(idle, all) ticks since the machine began of the cores that this process may use: proc(5) ``stat``."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    idle = total = 0
    for line in Path("/proc/stat").read_text("ascii").splitlines():
        name, *fields = line.split()[:9]
        if name in ours:
            ticks = [int(field) for field in fields]
            idle, total = idle + ticks[3] + ticks[4], total + sum(ticks)
    return idle, total


class Idle:
    """The idle share of all cores, 0..1, over about the last second; 1 where the system does not tell."""

    def __init__(self, read: Callable[[], tuple[int, int]] = _linux) -> None:
        self._read = read
        self._last: tuple[int, int] | None = None
        self._due = 0.0
        self._share = 1.0

    def share(self, now: float | None = None) -> float:
        """Cheap to ask every frame: it looks once a second."""
        now = time.monotonic() if now is None else now
        if now >= self._due:
            self._due = now + EVERY
            try:
                idle, total = self._read()
            except (OSError, ValueError, IndexError, AttributeError):
                return self._share
            if self._last is not None and total > self._last[1]:
                self._share = (idle - self._last[0]) / (total - self._last[1])
            self._last = (idle, total)
        return self._share

"""From a fan's words to her voice: a stamp per stage, percentiles per show.

Stages up to ``queued`` are wall-clock moments (monotonic seconds); ``audible`` and ``viseme`` are samples of the show's
clock, turned into moments by who knows when a sample is played. Measuring never decides anything.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

STAGES = ("selected", "understood", "first_clause", "queued", "audible", "viseme")
"""After ``accepted``, in order: chosen from chat, understood, first clause thought, its sound handed to the band, heard,
seen."""


@dataclass(slots=True)
class Stamps:
    """One answer's moments."""

    accepted: float
    """Monotonic seconds when the gateway accepted the message."""
    moments: dict[str, float] = field(default_factory=dict)
    audible: int = -1
    viseme: int = -1
    quiet: bool = True
    """Whether nothing was being said or sung when the message came."""

    def mark(self, stage: str, now: float) -> None:
        """Stamp a stage the first time it is reached."""
        self.moments.setdefault(stage, now)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Nearest-rank percentile; None without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)] if ordered else None


class Meter:
    """Seconds from ``accepted`` to each stage of the last answers to a quiet room."""

    def __init__(self, keep: int = 2_000) -> None:
        self.seconds: dict[str, deque[float]] = {stage: deque(maxlen=keep) for stage in STAGES}

    def take(self, stamps: Stamps, due: Callable[[float], float]) -> None:
        """Count an answer; ``due`` gives the monotonic time at which a sample is played."""
        moments = dict(stamps.moments)
        moments |= {name: due(at) for name in ("audible", "viseme") if (at := getattr(stamps, name)) >= 0}
        for stage, moment in moments.items():
            self.seconds[stage].append(moment - stamps.accepted)

    def table(self) -> dict[str, dict[str, float]]:
        """Milliseconds by stage: p50, p95, p99."""
        out = {}
        for stage, values in self.seconds.items():
            if values:
                out[stage] = {f"p{p}": round(1000 * (percentile(values, p) or 0.0), 1) for p in (50, 95, 99)}
        return out

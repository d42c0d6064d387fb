"""What the performer has been told: cues in order of their start, cut and forgotten as the show goes on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

RATE = 48_000
"""Samples per second of every cue."""
LEVEL_STEP = RATE // 50
"""Samples from one level of a :class:`Viseme` to the next."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts from sample ``start`` to ``end`` (first sample after it)."""

    start: int
    end: int
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Viseme(Span):
    """A mouth shape; ``stopped`` marks one that an interruption ended, so the mouth closes after, not around, it.

    ``levels``: how loud its sound is, 100 = the loud parts of the phrase, every :data:`LEVEL_STEP` samples from its
    start on. They say how far the shape opens from moment to moment; without them ``weight`` does, for the whole of it.
    ``early``: samples before its start at which the mouth is half-way to it, because it is heard in the consonant already.
    """

    name: str = "sil"
    weight: float = 1.0
    stopped: bool = False
    levels: tuple[int, ...] = ()
    early: int = 0


@dataclass(frozen=True, slots=True)
class Feeling(Span):
    """A mood or a named expression."""

    name: str = "neutral"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Gesture(Span):
    """A gesture whose accent falls on sample ``stroke``."""

    name: str = ""
    stroke: int = 0


@dataclass(frozen=True, slots=True)
class Look(Span):
    """Where she looks: (yaw, pitch) in degrees from straight ahead, and whether it is the plain camera look."""

    yaw: float = 0.0
    pitch: float = 0.0
    name: str = "camera"


@dataclass(frozen=True, slots=True)
class Beat(Span):
    """A beat; ``place`` counts from the bar line, ``run`` is where this unbroken run of beats began."""

    bar: bool = False
    energy: float = 0.0
    place: int = 0
    run: int = 0


@dataclass(frozen=True, slots=True)
class Section(Span):
    """A part of a song."""

    name: str = ""
    energy: float = 0.5


S = TypeVar("S", bound=Span)


class Track(Generic[S]):
    """Spans in order of start. Lookups are logarithmic."""

    __slots__ = ("_starts", "longest", "spans")

    def __init__(self) -> None:
        self.spans: list[S] = []
        self._starts: list[int] = []
        self.longest = 0

    def add(self, span: S) -> int:
        """Insert; returns its place. Equal starts keep the order in which they came."""
        at = bisect_right(self._starts, span.start)
        self._starts.insert(at, span.start)
        self.spans.insert(at, span)
        self.longest = max(self.longest, span.end - span.start)
        return at

    def before(self, sample: int) -> int:
        """Place of the last span that starts at or before ``sample``; -1 for none."""
        return bisect_right(self._starts, sample) - 1

    def near(self, first: int, end: int) -> list[S]:
        """Spans that touch [first, end), in order."""
        low = bisect_left(self._starts, first - self.longest)
        high = bisect_left(self._starts, end)
        return [s for s in self.spans[low:high] if s.end > first]

    def drop_future(self, at: int, owner: str | None) -> None:
        """Drop what has not begun at sample ``at`` (of ``owner``, or of everybody)."""
        self._replace([s for s in self.spans if s.start < at or (owner is not None and s.owner != owner)])

    def cut(self, at: int, owner: str | None) -> None:
        """Like :meth:`drop_future`, and end at ``at`` what is under way."""
        kept: list[S] = []
        for span in self.spans:
            if (owner is not None and span.owner != owner) or span.end <= at:
                kept.append(span)
            elif span.start < at:
                span = replace(span, end=at)
                kept.append(replace(span, stopped=True) if isinstance(span, Viseme) else span)
        self._replace(kept)

    def forget(self, before: int, keep_last: bool = False) -> None:
        """Drop what ended before ``before``; with ``keep_last`` the latest begun span stays whatever its age."""
        last = self.before(before) if keep_last else -1
        self._replace([s for i, s in enumerate(self.spans) if s.end >= before or i == last])

    def set(self, place: int, span: S) -> None:
        """Exchange the span at ``place`` for one that starts at the same sample."""
        self.spans[place] = span

    def _replace(self, spans: list[S]) -> None:
        self.spans = spans
        self._starts = [s.start for s in spans]
        self.longest = max((s.end - s.start for s in spans), default=0)

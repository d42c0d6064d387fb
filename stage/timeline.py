"""The one timeline: typed cues with a start and a length in samples.

Persona, voice, composer and director put cues on it ahead of time; avatar, captions, camera, light and
fans' pages perform them when their sample comes. A cue's kind says what an interruption does to it:

``keep``    plays on (music, chords, camera, light, chat)
``cut``     is dropped from the cut sample on; one that has begun ends there (phonemes, visemes, captions)
``finish``  one that has begun plays to its end, one that has not is dropped (gestures, expressions)

The timeline is saved and replayed as JSON lines: ``docs/timeline.md``.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

KINDS: dict[str, str] = {
    "phoneme": "cut",
    "viseme": "cut",
    "word": "cut",
    "caption": "cut",
    "reply": "cut",
    "gesture": "finish",
    "expression": "finish",
    "gaze": "finish",
    "note": "keep",
    "beat": "keep",
    "bar": "keep",
    "chord": "keep",
    "section": "keep",
    "song": "keep",
    "camera": "keep",
    "light": "keep",
    "chat": "keep",
    "reaction": "keep",
    "show": "keep",
    "phase": "keep",
    "mood": "keep",
}
"""Every cue kind and what an interruption does to it."""


FARTHEST = 2**48
"""Cues begin and last at most this many samples: 186 years."""


class TimelineError(ValueError):
    """A line of a saved timeline that cannot be used: names file, line and remedy."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing that happens: ``kind`` at ``sample`` for ``length`` samples, with kind-specific ``data``."""

    sample: int
    length: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    """Utterance, song or phase the cue belongs to; an interruption names it."""

    @property
    def end(self) -> int:
        """First sample after the cue."""
        return self.sample + self.length

    @property
    def interruption(self) -> str:
        """``keep``, ``cut`` or ``finish``."""
        return KINDS[self.kind]

    def to_json(self) -> str:
        """One line of JSON, keys in a fixed order."""
        head: dict[str, Any] = {"sample": self.sample, "length": self.length, "kind": self.kind}
        if self.owner:
            head["owner"] = self.owner
        return json.dumps(head | self.data, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(line: str, place: str = "timeline") -> Cue:
        """Parse one line; raises :class:`TimelineError` naming ``place``."""
        try:
            raw = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = getattr(error, "msg", type(error).__name__)
            raise TimelineError(f"{place}: not JSON ({why}); one cue a line is expected") from None
        if not isinstance(raw, dict):
            raise TimelineError(f"{place}: a cue is a JSON object")
        sample, length, kind = raw.pop("sample", None), raw.pop("length", 0), raw.pop("kind", None)
        owner = raw.pop("owner", "")
        whole = all(isinstance(v, int) and not isinstance(v, bool) for v in (sample, length))
        if not whole or not 0 <= length <= FARTHEST or abs(sample) > FARTHEST:
            raise TimelineError(f"{place}: sample and length must be whole numbers of samples")
        if not isinstance(kind, str) or kind not in KINDS:
            raise TimelineError(f"{place}: unknown kind {str(kind)[:40]!r}; one of {', '.join(sorted(KINDS))}")
        return Cue(sample, length, kind, raw, str(owner))


class Timeline:
    """All cues of a show in order of start. Adding, cutting and looking up are logarithmic in its length."""

    def __init__(self, cues: Iterable[Cue] = ()) -> None:
        self._cues: list[Cue] = []
        self._keys: list[int] = []
        self.listeners: list[Callable[[Cue], None]] = []
        """Called with every cue as it is added."""
        self.cut_listeners: list[Callable[[int, str | None], None]] = []
        """Called with (sample, owner) when cues are cut."""
        for cue in cues:
            self.add(cue)

    def __len__(self) -> int:
        return len(self._cues)

    def __iter__(self) -> Iterator[Cue]:
        return iter(self._cues)

    def add(self, cue: Cue) -> None:
        """Put a cue on the timeline; cues of the same sample keep the order in which they were added."""
        if cue.kind not in KINDS:
            raise TimelineError(f"unknown cue kind {cue.kind!r}")
        at = bisect.bisect_right(self._keys, cue.sample)
        self._keys.insert(at, cue.sample)
        self._cues.insert(at, cue)
        for listener in self.listeners:
            listener(cue)

    def extend(self, cues: Iterable[Cue]) -> None:
        """Put several cues on the timeline."""
        for cue in cues:
            self.add(cue)

    def starting(self, first: int, end: int) -> list[Cue]:
        """Cues whose start lies in ``[first, end)``."""
        return self._cues[bisect.bisect_left(self._keys, first) : bisect.bisect_left(self._keys, end)]

    def cut(self, at: int, owner: str | None = None) -> list[Cue]:
        """Interrupt: apply each cue's interruption class from sample ``at``; returns what was dropped or cut.

        With ``owner`` only that utterance's cues are touched.
        """
        kept: list[Cue] = []
        dropped: list[Cue] = []
        for cue in self._cues:
            mine = owner is None or cue.owner == owner
            if not mine or cue.interruption == "keep" or cue.end <= at:
                kept.append(cue)
            elif cue.sample >= at:
                dropped.append(cue)
            elif cue.interruption == "finish":
                kept.append(cue)
            else:
                dropped.append(cue)
                kept.append(replace(cue, length=at - cue.sample))
        self._cues = kept
        self._keys = [cue.sample for cue in kept]
        for listener in self.cut_listeners:
            listener(at, owner)
        return dropped

    def withdraw(self, at: int, owner: str) -> None:
        """Take away what ``owner`` has not begun by sample ``at`` and end there what it has, whatever its kind.

        For music that is stopped: its bars and chords will not be heard, so they are no longer cues.
        """
        cues = []
        for cue in self._cues:
            if cue.owner != owner or cue.end <= at:
                cues.append(cue)
            elif cue.sample < at:
                cues.append(replace(cue, length=at - cue.sample))
        self._cues = cues
        self._keys = [cue.sample for cue in cues]
        for listener in self.cut_listeners:
            listener(at, owner)

    def forget(self, before: int) -> int:
        """Drop cues that ended before sample ``before`` (a long show stays small); returns how many."""
        kept = [cue for cue in self._cues if cue.end >= before]
        count = len(self._cues) - len(kept)
        if count:
            self._cues = kept
            self._keys = [cue.sample for cue in kept]
        return count

    def write(self, stream: TextIO) -> None:
        """Write JSON lines."""
        for cue in self._cues:
            stream.write(cue.to_json() + "\n")

    @staticmethod
    def read(path: Path) -> Timeline:
        """Read JSON lines; raises :class:`TimelineError` naming file and line."""
        timeline = Timeline()
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    timeline.add(Cue.from_json(line, f"{path}:{number}"))
        return timeline

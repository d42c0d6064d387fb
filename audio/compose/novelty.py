"""The novelty gate: how long a run a melody shares with a known tune, whatever the key.

The index holds the steps between notes of every tune the model was trained on (see ``learned/dataset``) and no more;
titles stand in ``learned/tunes.json.gz``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent / "learned"
LIMIT = 12
"""A run of this many notes is too much like the other tune."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MOST = 40


@dataclass(frozen=True, slots=True)
class Likeness:
    """The longest run shared with a known tune: ``notes`` long, from note ``at`` of the melody."""

    notes: int
    at: int
    tune: str


class Index:
    """Tunes as steps between pitches, searchable for the longest run a melody shares with any of them."""

    def __init__(self, tunes: Sequence[npt.NDArray[np.int64]], names: Sequence[str]) -> None:
        self._names = list(names)
        gap = 1000 + np.arange(len(tunes))
        self._row = np.concatenate([np.append(tune, g) for tune, g in zip(tunes, gap)] or [np.zeros(0, np.int64)])
        self._ends = np.cumsum([len(tune) + 1 for tune in tunes]) if tunes else np.zeros(0, np.int64)
        self._sums = _prefix(self._row)
        self._sorted: dict[int, npt.NDArray[np.uint64]] = {}

    def longest(self, pitches: Sequence[int]) -> Likeness:
        """The longest shared run; plain scales and repeated notes count like any other."""
        steps = steps_of(pitches)
        if len(steps) < 2 or not len(self._row):
            return Likeness(0, 0, "")
        sums = _prefix(steps)
        low, high, best = 1, min(_MOST, len(steps)), (0, 0)
        while low <= high:
            size = (low + high) // 2
            hit = self._hit(sums, size)
            if hit is None:
                high = size - 1
            else:
                best, low = (size, hit), size + 1
        size, at = best
        return Likeness(size + 1 if size else 0, at, self._name(steps[at : at + size]) if size else "")

    def _hit(self, sums: npt.NDArray[np.uint64], size: int) -> int | None:
        if size not in self._sorted:
            self._sorted[size] = np.sort(_hashes(self._sums, size))
        known, own = self._sorted[size], _hashes(sums, size)
        if not len(known) or not len(own):
            return None
        places = np.minimum(np.searchsorted(known, own), len(known) - 1)
        found = np.flatnonzero(known[places] == own)
        return int(found[0]) if len(found) else None

    def _name(self, run: npt.NDArray[np.int64]) -> str:
        starts = np.flatnonzero(self._row[: len(self._row) - len(run) + 1] == run[0])
        for shift in range(1, len(run)):
            starts = starts[self._row[starts + shift] == run[shift]]
        return self._names[int(np.searchsorted(self._ends, starts[0], side="right"))] if len(starts) else ""


def _prefix(row: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Prefix sums of a polynomial hash modulo 2**64."""
    powers = np.cumprod(np.append(np.uint64(1), np.full(max(0, len(row) - 1), _BASE, np.uint64)))
    terms = (row + 5000).astype(np.uint64) * powers[: len(row)]
    sums = np.zeros(len(row) + 1, np.uint64)
    sums[1:] = np.cumsum(terms, dtype=np.uint64)
    return sums


def _hashes(sums: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.uint64]:
    """Hash of every window of ``size``, brought to the same power."""
    count = len(sums) - size
    if count <= 0:
        return np.zeros(0, np.uint64)
    inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
    scale = np.cumprod(np.append(np.uint64(1), np.full(max(0, count - 1), inverse, np.uint64))).astype(np.uint64)
    found: npt.NDArray[np.uint64] = (sums[size:] - sums[:-size]) * scale
    return found


def steps_of(pitches: Sequence[int]) -> npt.NDArray[np.int64]:
    """Semitones from each note to the next."""
    row = np.array(pitches, np.int64)
    return row[1:] - row[:-1]


def index_of(tunes: Iterable[Sequence[int]], names: Sequence[str]) -> Index:
    """An index of melodies given as pitches."""
    return Index([steps_of(t) for t in tunes], names)


@cache
def known() -> Index:
    """All tunes of the training set; empty where the file is missing."""
    try:
        with np.load(HERE / "known.npz") as data:
            steps, ends = data["steps"].astype(np.int64), data["ends"]
    except (OSError, KeyError, ValueError):
        return Index([], [])
    return Index(np.split(steps, ends[:-1]), [_title(t) for t in tunes()])


@cache
def tunes() -> list[dict[str, Any]]:
    """Provenance of every tune of the training set."""
    data = json.loads(gzip.decompress((HERE / "tunes.json.gz").read_bytes()))
    found: list[dict[str, Any]] = data["tunes"]
    return found


def _title(tune: dict[str, Any]) -> str:
    number = f" {tune['number']}" if tune["number"] else ""
    return f"{tune['title']} ({tune['collection']}{number})"

"""A moment of a person or a performer in memory that two processes share: the newest wins, nobody waits.

The writer replaces the whole; a reader that meets the writer at work keeps what it had. Layout in float64:
stamp, count, presence, gaze known, yaw, pitch, hips (3), camera known, position (3), target (3), fov, then rotations
(55 x 4), seen (55) and one weight per expression name (negative: not said).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any

import numpy as np

from avatar.motion.person import Person
from avatar.rig.frame import HUMANOID_BONES

_HEAD = 17
_BONES = len(HUMANOID_BONES)
_TURNS = slice(_HEAD, _HEAD + 4 * _BONES)
_SEEN = slice(_TURNS.stop, _TURNS.stop + _BONES)


class Block:
    """Shared memory for one :class:`Person` whose expressions are among ``names``. Goes to a spawned process whole."""

    def __init__(self, names: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.names = tuple(names)
        self._raw = context.RawArray("d", _SEEN.stop + len(self.names))
        self._lock = context.Lock()
        self._count = 0.0

    def _array(self) -> Any:
        return np.frombuffer(self._raw, np.float64)

    def write(self, person: Person, wait: bool = True) -> bool:
        """Publish a moment; without ``wait`` a moment is left out rather than waited for."""
        if not self._lock.acquire(block=wait, timeout=0.1 if wait else None):
            return False
        try:
            data = self._array()
            data[0], data[2] = person.stamp, person.presence
            data[1] += 1
            data[3:6] = (1, *person.gaze) if person.gaze is not None else (0, 0, 0)
            data[6:9] = person.hips
            data[9] = person.camera is not None
            if person.camera is not None:
                data[10:13], data[13:16], data[16] = person.camera
            data[_TURNS] = person.rotations.ravel()
            data[_SEEN] = person.seen
            data[_SEEN.stop :] = [person.expressions.get(n, -1.0) for n in self.names]
        finally:
            self._lock.release()
        return True

    def read(self, into: Person) -> bool:
        """The newest moment; False where there is nothing new or the writer is at work, and ``into`` stays."""
        if not self._lock.acquire(block=False):
            return False
        try:
            data = self._array().copy()
        finally:
            self._lock.release()
        if data[1] == self._count:
            return False
        self._count = float(data[1])
        into.stamp, into.presence = float(data[0]), float(data[2])
        into.gaze = (float(data[4]), float(data[5])) if data[3] else None
        into.hips[:] = data[6:9]
        into.camera = (tuple(data[10:13].tolist()), tuple(data[13:16].tolist()), float(data[16])) if data[9] else None
        into.rotations[:] = data[_TURNS].reshape(-1, 4)
        into.seen[:] = data[_SEEN]
        into.expressions = {n: float(v) for n, v in zip(self.names, data[_SEEN.stop :]) if v >= 0}
        return True

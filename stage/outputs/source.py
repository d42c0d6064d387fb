"""Pictures on their way to the encoder."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_SPARE = 4
"""Copies of pictures that are kept to be used again."""


class Source(Protocol):
    """A picture on its way: what makes it I420 is done on the encoder's thread."""

    size: tuple[int, int]

    def fill(self, planes: tuple[NDArray[np.uint8], ...]) -> None:
        """Writes Y, U and V (BT.709, limited range) into the corners of contiguous arrays; their lines may be longer."""

    def free(self) -> None:
        """Called once, whether it was encoded or dropped."""


class Still:
    """A copy of an I420 picture, uint8 (h * 3 // 2, w)."""

    def __init__(self, i420: NDArray[np.uint8], spare: list[NDArray[np.uint8]]) -> None:
        height, width = i420.shape
        self.size = (width, height * 2 // 3)
        self._spare = spare
        room = next((k for k, s in enumerate(spare) if s.shape == i420.shape), None)
        self._i420 = spare.pop(room) if room is not None else np.empty_like(i420)
        np.copyto(self._i420, i420)

    def fill(self, planes: tuple[NDArray[np.uint8], ...]) -> None:
        """Copies the planes."""
        w, h = self.size
        flat, at = self._i420.reshape(-1), 0
        for plane, (pw, ph) in zip(planes, ((w, h), (w // 2, h // 2), (w // 2, h // 2))):
            plane[:ph, :pw] = flat[at : at + pw * ph].reshape(ph, pw)
            at += pw * ph

    def free(self) -> None:
        """Its room may be used again."""
        if len(self._spare) < _SPARE:
            self._spare.append(self._i420)

"""Pictures on their way to the encoder: while one is drawn, the one before is fetched, and converted elsewhere.

The thread that draws only copies pixels out of the renderer's memory; smoothing and the way to I420 are done in the
encoder's thread. Where OpenGL is software that lets vertices, pixels and encoding of three frames share the cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.render.i420 import Converter, Raw
from avatar.render.picture import Picture
from stage.outputs.encode import QUEUE, Encoder

RING = QUEUE + 3
"""Raw pictures in turn: as many as wait for the encoder, one in its work, one being fetched, one to spare."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What the encoder turns into a picture when its turn comes."""

    raw: Raw
    converter: Converter

    @property
    def shape(self) -> tuple[int, int]:
        return (self.raw.height * 3 // 2, self.raw.width)

    def __call__(self, out: npt.NDArray[np.uint8]) -> None:
        self.converter(self.raw, out)


class Film:
    """Hands every drawn picture to the encoder, one picture behind the drawing."""

    def __init__(self, picture: Picture, encoder: Encoder) -> None:
        self.picture, self.encoder = picture, encoder
        self._due: int | None = None
        self._sources: list[_Source] = []

    def drawn(self, sample: int) -> None:
        """The picture shown at ``sample`` has just been drawn: the one before goes to the encoder."""
        self._hand(1)
        self._due = sample

    def end(self) -> None:
        """Hand on the last picture too; call before the picture changes its size and when nothing follows."""
        self._hand(0)

    def _hand(self, behind: int) -> None:
        if self._due is None:
            return
        source = self._next()
        self.picture.fetch(source.raw, behind)
        self.encoder.video(source, self._due)
        self._due = None

    def _next(self) -> _Source:
        w, h = self.picture.size
        if not self._sources or (self._sources[0].raw.width, self._sources[0].raw.height) != (w, h):
            converter = Converter(w, h)
            self._sources = [_Source(Raw(w, h), converter) for _ in range(RING)]
        self._sources.append(self._sources.pop(0))
        return self._sources[-1]

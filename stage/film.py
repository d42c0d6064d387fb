"""Pictures on their way to the encoder: while the renderer fills one, the one before is fetched and converted.

Where OpenGL is software, a picture's pixels are filled by threads of their own. The thread that draws gives them one
picture, fetches the one before and hands it on; the encoder's thread turns it into I420: three pictures share the cores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.render.i420 import Converter, Raw
from avatar.render.picture import Picture
from avatar.vrm.model import Model
from stage.outputs.encode import Encoder
from stage.outputs.mp4 import Mp4Writer
from stage.quality import LINE


class Fetched:
    """A fetched picture that becomes I420 on the encoder's thread; its room is used again for a later one."""

    def __init__(self, raw: Raw, convert: Converter, spare: deque[Fetched]) -> None:
        self.size = (raw.width, raw.height)
        self.raw, self._convert, self._spare = raw, convert, spare

    def fill(self, planes: tuple[npt.NDArray[np.uint8], ...]) -> None:
        """Writes Y, U and V."""
        y, u, v = planes
        self._convert.fill(self.raw, (y, u, v))

    def free(self) -> None:
        """Its pixels are needed no more."""
        self._spare.append(self)


class Film:
    """Hands every drawn picture to the encoder, one picture behind the drawing."""

    def __init__(self, picture: Picture, encoder: Encoder) -> None:
        self.picture, self.encoder = picture, encoder
        picture.ahead = True
        self._due: int | None = None
        self._size = (0, 0)

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
        if self.picture.size != self._size:
            self._size = self.picture.size
            self._spare: deque[Fetched] = deque()
            self._convert = Converter(*self._size)
        fetched = self._spare.popleft() if self._spare else Fetched(self.picture.raw(), self._convert, self._spare)
        self.picture.fetch(fetched.raw, behind)
        self.encoder.picture(fetched, self._due)
        self._due = None


@contextmanager
def filming(path: Path, size: tuple[int, int], fps: int, name: str, model: Model) -> Iterator[Film]:
    """An offline film of ``model`` into an MP4, which appears whole or not at all; ``name``: whose show it is."""
    picture = Picture(size, aa="mlaa", finest_line=LINE)
    try:
        picture.set_model(model)
        writer = Mp4Writer(path, title=f"{name}: a show", artist=name)
        try:
            with Encoder(size, fps, preset="veryfast", live=False) as encoder:
                encoder.add(writer)
                film = Film(picture, encoder)
                yield film
                film.end()
        except BaseException:
            writer.abort()
            raise
    finally:
        picture.release()

"""Pictures on their way to the encoder: while the renderer fills one, the one before is fetched and converted.

Where OpenGL is software, a picture's pixels are filled by threads of their own. The thread that draws gives them one
picture, turns the one before into I420 meanwhile, and hands it to the encoder's thread: three pictures share the cores.
"""

from __future__ import annotations

import numpy as np

from avatar.render.i420 import Converter, Raw
from avatar.render.picture import Picture
from stage.outputs.encode import Encoder


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
            self._size = w, h = self.picture.size
            self._raw, self._convert = Raw(w, h), Converter(w, h)
            self._image = np.empty((h * 3 // 2, w), np.uint8)
        self.picture.fetch(self._raw, behind)
        self._convert(self._raw, self._image)
        self.encoder.video(self._image, self._due)
        self._due = None

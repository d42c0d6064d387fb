"""Makes a small picture large on the processor: libswscale needs a third of what a software renderer's pass costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter


class Enlarger:
    """Bilinear enlargement of RGB pictures from one size to another (w, h), pixel centres as OpenGL has them."""

    def __init__(self, small: tuple[int, int], large: tuple[int, int]) -> None:
        self.small, self.large = small, large
        self.pixels = np.zeros((small[1], small[0], 4), np.uint8)
        """What is to be enlarged: RGBA; alpha is left out."""
        self.out = np.full((large[1], large[0], 4), 255, np.uint8)
        self._reformatter = VideoReformatter()
        # One plane after another as if it were grey: libswscale's way for colours goes through YUV and loses some.
        self._frame = VideoFrame(*small, "gray")
        self._plane = _rows(self._frame, *small)

    def __call__(self) -> npt.NDArray[np.uint8]:
        """``pixels`` as (h, w, 4), opaque; the same array each time."""
        w, h = self.large
        for part in range(3):
            self._plane[:] = self.pixels[..., part]
            made = self._reformatter.reformat(self._frame, w, h, "gray", interpolation=Interpolation.BILINEAR)
            self.out[..., part] = _rows(made, w, h)
        return self.out


def _rows(frame: VideoFrame, width: int, height: int) -> Any:
    plane = frame.planes[0]
    rows: Any = np.frombuffer(plane, np.uint8)
    return rows[: plane.line_size * height].reshape(height, plane.line_size)[:, :width]

"""Makes a small picture large on the processor: libswscale needs a fifth of what a software renderer's pass costs."""

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
        self._packed, self._planes = VideoFrame(*small, "rgba"), VideoFrame(*small, "yuv444p")
        self._wide = VideoFrame(*large, "gbrp")
        self._split, self._scale, self._join = VideoReformatter(), VideoReformatter(), VideoReformatter()

    def __call__(self) -> npt.NDArray[np.uint8]:
        """``pixels`` as (h, w, 4), opaque; good until the next call."""
        _rows(self._packed, 0, 4)[:] = self.pixels.reshape(self.small[1], -1)
        split = self._split.reformat(self._packed, *self.small, "gbrp")
        # Scaled as if the planes were Y, U and V: libswscale's own way for RGB goes through YUV and loses some.
        for part in range(3):
            _rows(self._planes, part)[:] = _rows(split, part)
        scaled = self._scale.reformat(self._planes, *self.large, "yuv444p", interpolation=Interpolation.BILINEAR)
        for part in range(3):
            _rows(self._wide, part)[:] = _rows(scaled, part)
        made = self._join.reformat(self._wide, *self.large, "rgba")
        return np.ascontiguousarray(_rows(made, 0, 4)).reshape(self.large[1], self.large[0], 4)


def _rows(frame: VideoFrame, part: int, deep: int = 1) -> Any:
    """A plane of a frame as (h, w * ``deep``) uint8."""
    plane = frame.planes[part]
    rows: Any = np.frombuffer(plane, np.uint8)
    return rows[: plane.line_size * frame.height].reshape(frame.height, plane.line_size)[:, : frame.width * deep]

"""A framebuffer's pixels as I420, by libswscale: a third of what a fragment pass costs on a software renderer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter


class I420:
    """Converts pictures of one size (even numbers) to BT.709, limited range; a chroma sample is the mean of four."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._frame = VideoFrame(width, height, "rgba")
        plane = self._frame.planes[0]
        rows: Any = np.frombuffer(plane, np.uint8)[: plane.line_size * height]
        self._rows = rows.reshape(height, plane.line_size)[:, : width * 4]
        # Lines of some widths are padded in libav's frames; those take the way through an array of our own.
        self._straight = self._rows.flags.c_contiguous
        self._pixels = self._rows if self._straight else np.empty((height, width * 4), np.uint8)
        self._reformatter = VideoReformatter()

    def __call__(self, framebuffer: Any, out: npt.NDArray[np.uint8]) -> None:
        """Fills ``out`` (h * 3 // 2, w) uint8: Y, then U, then V, top row first."""
        w, h = self.width, self.height
        framebuffer.read_into(self._pixels, components=4, alignment=1)
        if not self._straight:
            self._rows[:] = self._pixels
        frame = self._reformatter.reformat(
            self._frame,
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA,
        )
        # OpenGL's first row is the lowest. Turned over here, where there are the fewest bytes.
        out[:h] = _plane(frame, 0, w, h)
        chroma = out[h:].reshape(2, h // 2, w // 2)
        chroma[0], chroma[1] = _plane(frame, 1, w // 2, h // 2), _plane(frame, 2, w // 2, h // 2)


def _plane(frame: VideoFrame, number: int, width: int, height: int) -> Any:
    plane = frame.planes[number]
    rows: Any = np.frombuffer(plane, np.uint8)
    return rows[: plane.line_size * height].reshape(height, plane.line_size)[::-1, :width]

"""A picture's pixels and their way to I420: libswscale needs a third of what a fragment pass costs in software.

Nothing here touches OpenGL, so it may run in another thread than the one that draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from avatar.render.mlaa import Smoother


class Raw:
    """A picture as OpenGL has it: ``pixels`` (h, w * 4) uint8, RGBA, lowest row first; sizes are even numbers."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.box = (0, 0, 0, 0)
        """The figure's box: left, top, right, bottom, rows counted from the top."""
        self.smooth = False
        """Whether the edges within the box are still to be smoothed."""
        self.frame = VideoFrame(width, height, "rgba")
        plane = self.frame.planes[0]
        rows: Any = np.frombuffer(plane, np.uint8)[: plane.line_size * height]
        self._rows = rows.reshape(height, plane.line_size)[:, : width * 4]
        # Lines of some widths are padded in libav's frames; those take the way through an array of our own.
        self._straight = self._rows.flags.c_contiguous
        self.pixels = self._rows if self._straight else np.empty((height, width * 4), np.uint8)

    def settle(self) -> VideoFrame:
        """libav's frame with these pixels."""
        if not self._straight:
            self._rows[:] = self.pixels
        return self.frame


class Converter:
    """Makes pictures of one size I420, BT.709, limited range; a chroma sample is the mean of four."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._reformatter = VideoReformatter()
        self._smoother: Smoother | None = None

    def __call__(self, raw: Raw, out: npt.NDArray[np.uint8]) -> None:
        """Fills ``out`` (h * 3 // 2, w) uint8: Y, then U, then V, top row first."""
        w, h = self.width, self.height
        frame = self._reformatter.reformat(
            raw.settle(),
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
        if raw.smooth:
            if self._smoother is None:
                self._smoother = Smoother(w, h)
            self._smoother.plane(out[:h], raw.box)  # each chroma sample is the mean of four pixels already


def _plane(frame: VideoFrame, number: int, width: int, height: int) -> Any:
    plane = frame.planes[number]
    rows: Any = np.frombuffer(plane, np.uint8)
    return rows[: plane.line_size * height].reshape(height, plane.line_size)[::-1, :width]

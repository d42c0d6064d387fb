"""A picture's pixels and their way to I420 (BT.709, limited range; a chroma sample is the mean of four).

Where OpenGL is software, libswscale makes it, in a third of what a fragment pass costs there: ``Converter``, which does not
touch OpenGL, so it may run in another thread than the one that draws. A graphics card makes it itself, for next to
nothing, and sends 1.5 bytes a pixel instead of 4, while the next picture is drawn: ``Packer``.
"""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from avatar.render.mlaa import Smoother

Plane = npt.NDArray[np.uint8]


def planes_of(out: Plane, width: int, height: int) -> tuple[Plane, Plane, Plane]:
    """Y, U and V within a contiguous array (h * 3 // 2, w)."""
    chroma = out[height:].reshape(2, height // 2, width // 2)
    return out[:height], chroma[0], chroma[1]


class Raw:
    """A picture as OpenGL has it: ``pixels`` (h, w * 4) uint8, RGBA, lowest row first; sizes are even numbers.

    ``packed``: it is I420 already, (h * 3 // 2, w) uint8, and has no ``pixels`` beside.
    """

    def __init__(self, width: int, height: int, packed: bool = False) -> None:
        self.width, self.height = width, height
        self.packed = np.empty((height * 3 // 2, width), np.uint8) if packed else None
        if packed:
            return
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
    """Makes pictures of one size I420."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._reformatter = VideoReformatter()
        self._smoother: Smoother | None = None
        self._line = 0

    def __call__(self, raw: Raw, out: Plane) -> None:
        """Fills ``out`` (h * 3 // 2, w) uint8: Y, then U, then V, top row first."""
        self.fill(raw, planes_of(out, self.width, self.height))

    def fill(self, raw: Raw, planes: tuple[Plane, Plane, Plane]) -> None:
        """Fills Y, U and V, top row first. Each is contiguous; lines may be longer than the picture's (libav's padding)."""
        w, h = self.width, self.height
        sizes = ((h, w), (h // 2, w // 2), (h // 2, w // 2))
        if raw.packed is not None:
            for out, plane, (rows, columns) in zip(planes, planes_of(raw.packed, w, h), sizes):
                out[:rows, :columns] = plane
            return
        frame = self._reformatter.reformat(
            raw.settle(),
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.AREA,
        )
        for number, (out, (rows, columns)) in enumerate(zip(planes, sizes)):
            # OpenGL's first row is the lowest. Turned over here, where there are the fewest bytes.
            out[:rows, :columns] = _plane(frame, number, columns, rows)
        if raw.smooth:
            line = planes[0].shape[1]
            if self._smoother is None or line > self._line:
                self._smoother, self._line = Smoother(line, h), line
            self._smoother.plane(planes[0], raw.box)  # each chroma sample is the mean of four pixels already


class Packer:
    """Makes I420 of a texture of one size on the graphics card, and fetches it through a buffer of its own.

    Between :meth:`pack` and :meth:`fetch` the card works and sends; nobody waits.
    """

    def __init__(self, context: Any, program: tuple[Any, Any], size: tuple[int, int]) -> None:
        self.size = size
        self._program, self._array = program
        self._bytes = size[0] * size[1] * 3 // 2
        self._texture = context.texture((size[0], size[1] * 3 // 2), 1)
        self._target = context.framebuffer([self._texture])
        self._buffer = context.buffer(reserve=self._bytes, dynamic=True)

    def pack(self, colour: Any) -> None:
        """Begin with this texture (RGBA, sRGB, lowest row first)."""
        self._target.use()
        colour.use(0)
        self._program["u_picture"].value, self._program["u_size"].value = 0, self.size
        self._array.render(moderngl.TRIANGLES, vertices=3)
        self._target.read_into(self._buffer, components=1, alignment=1)

    def fetch(self, out: Plane) -> None:
        """What was packed last, into ``out`` (h * 3 // 2, w) uint8; waits if the card has not finished."""
        self._buffer.read_into(out)

    def release(self) -> None:
        """Frees what it holds."""
        for thing in (self._target, self._texture, self._buffer):
            thing.release()


def _plane(frame: VideoFrame, number: int, width: int, height: int) -> Any:
    plane = frame.planes[number]
    rows: Any = np.frombuffer(plane, np.uint8)
    return rows[: plane.line_size * height].reshape(height, plane.line_size)[::-1, :width]

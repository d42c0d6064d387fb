"""Morphological anti-aliasing on the processor, for machines that draw on it anyway.

After Alexander Reshetov, "Morphological Antialiasing" (HPG 2009): wherever brightness steps between two rows of pixels,
the step's runs are found; where a run ends in a step the other way, the true outline slants, and the pixels along the
run take the share of their neighbour that the slanted line cuts off. Only edge pixels are touched, so a frame costs two
or three milliseconds where a shader over the whole figure costs fifteen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
THRESHOLD = 18
"""Steps of brightness (of 255) that make an edge."""


class Smoother:
    """Smooths pictures of up to one size; the working arrays are kept."""

    def __init__(self, width: int, height: int) -> None:
        self._a, self._b = np.empty((2, height * width), np.uint8)
        self._rows, self._columns = np.empty((2, height * width), bool)
        self._luma = np.empty((height, width), np.uint8)

    def plane(self, plane: Bytes, box: tuple[int, int, int, int]) -> None:
        """Smooths a brightness plane (h, w) in place within ``box`` (left, top, right, bottom)."""
        part = plane[box[1] : box[3], box[0] : box[2]]
        if min(part.shape) > 2:
            _blend(plane, box, *self._weights(part))

    def picture(self, rgb: Bytes, box: tuple[int, int, int, int]) -> None:
        """Smooths (h, w, 3 or 4) in place, by edges of its brightness."""
        part = rgb[box[1] : box[3], box[0] : box[2]]
        if min(part.shape[:2]) > 2:
            luma = self._luma[: part.shape[0], : part.shape[1]]
            piece = self._a[: luma.size].reshape(luma.shape)
            # A quarter red, half green, a quarter blue: sums of whole bytes, close enough to find edges.
            np.right_shift(part[..., 0], 2, out=luma)
            luma += np.right_shift(part[..., 1], 1, out=piece)
            luma += np.right_shift(part[..., 2], 2, out=piece)
            _blend(rgb, box, *self._weights(luma))

    def _weights(self, luma: Bytes) -> tuple[Any, Any, Any, int]:
        """Pixels (flat indices), the neighbours they mix with, and how much (0..0.5), as lists of arrays."""
        h, w = luma.shape
        rows = self._edges(self._rows, luma[:-1], luma[1:], (h, w))
        columns = self._edges(self._columns, luma[:, :-1], luma[:, 1:], (h, w))
        flat = np.flatnonzero(rows).astype(np.int32)
        across = _runs(flat, flat, 1, w, columns.ravel())
        # The other way: the same indices in the order of columns.
        flat = np.flatnonzero(columns).astype(np.int32)
        y = flat // w
        order = (flat - y * w) * h + y
        order.sort()
        x = order // h
        down = _runs((order - x * h) * w + x, order, w, 1, rows.ravel())
        return (*(a + b for a, b in zip(across, down)), w)

    def _edges(self, out: Any, a: Bytes, b: Bytes, shape: tuple[int, int]) -> Any:
        """Where two shifted views differ; same shape as the picture, its border free."""
        h, w = shape
        size = a.shape[0] * a.shape[1]
        high, low = self._a[:size].reshape(a.shape), self._b[:size].reshape(a.shape)
        np.maximum(a, b, out=high)
        np.minimum(a, b, out=low)
        high -= low
        edges = out[: h * w].reshape(h, w)
        np.greater(high, THRESHOLD, out=edges[: a.shape[0], : a.shape[1]])
        edges[0], edges[-1], edges[-2] = False, False, False
        edges[:, 0], edges[:, -1], edges[:, -2] = False, False, False
        return edges


def _runs(flat: Any, order: Any, step: int, side: int, crossing: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Runs of edges along ``step``; each edge lies between a pixel and the one ``side`` after it.

    ``crossing`` are the edges of the other direction (flat); ``order`` numbers neighbours along the run one apart.
    """
    pixels: list[Any] = []
    others: list[Any] = []
    weights: list[Any] = []
    if not len(flat):
        return pixels, others, weights
    breaks = np.flatnonzero(np.diff(order) != 1)
    begin, end = flat[np.append(0, breaks + 1)], flat[np.append(breaks, len(flat) - 1)]
    lengths = np.diff(breaks, prepend=-1, append=len(flat) - 1).astype(np.int32)
    bends = crossing.view(np.int8)
    # Which way the outline turns at each end: 1 into the near pixel, -1 into the far one, 0 neither or both.
    left = bends[begin - step] - bends[begin - step + side]
    right = bends[end] - bends[end + side]
    for ends, turn, way in ((begin, left, step), (end, right, -step)):
        for into in (1, -1):
            some = np.flatnonzero(turn == into)
            if not len(some):
                continue
            place, share = _slope(ends[some], lengths[some], way)
            near, far = (place, place + side) if into == 1 else (place + side, place)
            pixels.append(near)
            others.append(far)
            weights.append(share)
    return pixels, others, weights


def _slope(ends: Any, lengths: Any, step: int) -> tuple[Any, Any]:
    """The pixels from the ends of runs to their middles, and what a line that falls from half a pixel at the end to none in
    the middle covers of each."""
    halves = (lengths + 1) // 2
    at = np.arange(int(halves.sum()), dtype=np.int32)
    at -= np.repeat(np.cumsum(halves, dtype=np.int32) - halves, halves)
    place = np.repeat(ends, halves) + at * np.int32(step)
    n = np.repeat(lengths.astype(np.float32), halves)
    begin = at.astype(np.float32)
    to = np.minimum(begin + 1, 0.5 * n)
    share = 0.5 * (to - begin) * (1 - (to + begin) / n)
    kept = share > 0.02
    return place[kept], share[kept]


def _blend(picture: Bytes, box: Any, pixels: list[Any], others: list[Any], weights: list[Any], width: int) -> None:
    """Mixes with the neighbours as they were; a pixel may have one on each of its sides. Any number of channels.

    ``pixels`` and ``others`` count from the box's corner in lines of its ``width``.
    """
    rows, cells = picture.reshape(-1, *picture.shape[2:]), picture.shape[1]
    corner = box[1] * cells + box[0]
    # Four bytes are moved as one number.
    whole = rows.view(np.uint32)[:, 0] if rows.ndim == 2 and rows.shape[1] == 4 else rows
    moves = []
    for pixel, other, weight in zip(pixels, others, weights):
        line = pixel // width
        place = pixel + (line * (cells - width) + corner)
        step = other - pixel
        step[step == width], step[step == -width] = cells, -cells
        here, there = _values(whole, place), _values(whole, place + step)
        # Half of 255 times 255 just fits 16 bits.
        share = np.minimum(weight * 256 + 0.5, 127).astype(np.int16)
        there -= here
        there *= share[:, None] if there.ndim == 2 else share
        there += 127
        there >>= 8
        moves.append((place, there))
    for place, move in moves:
        move += _values(whole, place)
        np.clip(move, 0, 255, out=move)
        rows[place] = move


def _values(whole: Any, place: Any) -> Any:
    """The pixels at these places, as int16."""
    found = whole.take(place, axis=0)
    return (found.view(np.uint8).reshape(-1, 4) if found.dtype == np.uint32 else found).astype(np.int16)

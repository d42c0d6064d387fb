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
LONGEST = 512
"""Pixels of a run; a longer one slants at its ends as one of this length."""


class Smoother:
    """Smooths pictures of up to one size; the working arrays are kept."""

    def __init__(self, width: int, height: int) -> None:
        self._a, self._b = np.empty((2, height * width), np.uint8)
        self._rows, self._columns = np.empty(height * width, bool), np.empty(height * width, bool)
        self._luma = np.empty((height, width), np.uint8)
        self._kept, self._first, self._shares = _slopes()

    def plane(self, plane: Bytes, box: tuple[int, int, int, int]) -> None:
        """Smooths a brightness plane (h, w) in place within ``box`` (left, top, right, bottom)."""
        part = plane[box[1] : box[3], box[0] : box[2]]
        if min(part.shape) > 2:
            self._smooth(plane, box, part)

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
            self._smooth(rgb, box, luma)

    def _smooth(self, picture: Bytes, box: tuple[int, int, int, int], luma: Bytes) -> None:
        """Mixes the pixels along the edges of ``luma``, the brightness within the box."""
        (h, w), cells = luma.shape, picture.shape[1]
        rows = self._edges(self._rows, luma[:-1], luma[1:], (h, w))
        columns = self._edges(self._columns, luma[:, :-1], luma[:, 1:], (h, w))
        flat = _marked(rows)
        runs = _runs(flat, flat, 1, w, columns.ravel())
        # The other way: the same indices in the order of columns.
        flat = _marked(columns)
        y = flat // w
        order = (flat - y * w) * h + y
        order.sort()
        x = order // h
        runs += _runs((order - x * h) * w + x, order, w, 1, rows.ravel())
        if not runs:
            return
        # All runs in one list; from lines of the box to lines of the picture.
        ends, lengths = (np.concatenate([run[part] for run in runs]) for part in (0, 1))
        wide = {1: 1, -1: -1, w: cells, -w: -cells}
        ways = [(wide[step], wide[side] * (1 - 2 * shift)) for _, _, step, side, shift in runs]
        groups = np.cumsum([0, *(len(run[0]) for run in runs)]).tolist()
        np.minimum(lengths, LONGEST, out=lengths)
        kept = self._kept.take(lengths)
        upto = np.cumsum(kept, dtype=np.int32)
        start = upto - kept
        ends += ends // w * np.int32(cells - w) + np.int32(box[1] * cells + box[0])
        # The pixels from the ends of runs to their middles: number of the run, then a place that steps along it.
        run = np.zeros(upto[-1], np.intp)
        run[start[1:]] = 1
        np.cumsum(run, out=run)
        at = np.arange(len(run), dtype=np.int32)
        at -= start.take(run)
        shares = self._shares.take(self._first.take(lengths).take(run) + at)
        place = ends.take(run)
        other = at  # its room
        parts = []
        for low, high, (step, apart) in zip(groups, groups[1:], ways):
            part = slice(int(start[low]), int(upto[high - 1]))
            at[part] *= step
            place[part] += at[part]
            if apart < 0:
                place[part] -= apart
            np.add(place[part], apart, out=other[part])
            parts.append(part)
        _blend(picture, place, other, shares, parts)

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


def _marked(edges: Any) -> Any:
    """Flat indices of the edges, eight looked at in one go; the last row has none."""
    flat = edges.ravel()
    words = flat[: len(flat) & ~7].view(np.uint64)
    some = np.flatnonzero(words != 0)
    found = np.flatnonzero(words.take(some).view(bool))
    return (some.take(found >> 3) * 8 + (found & 7)).astype(np.int32)


def _runs(flat: Any, order: Any, step: int, side: int, crossing: Any) -> list[tuple[Any, Any, int, int, int]]:
    """Halves of runs of edges along ``step``; each edge lies between a pixel and the one ``side`` after it.

    ``crossing`` are the edges of the other direction (flat); ``order`` numbers neighbours along the run one apart. Gives
    where runs end, how long they are, the step to their middle, the side, and whether it is the pixel at the side (1) that
    mixes or the near one (0).
    """
    if not len(flat):
        return []
    breaks = np.flatnonzero(order[1:] != order[:-1] + 1)
    first, last = np.append(0, breaks + 1), np.append(breaks, len(flat) - 1)
    begin, end, lengths = flat.take(first), flat.take(last), (last - first + 1).astype(np.int32)
    bends = crossing.view(np.int8)
    # Which way the outline turns at each end: 1 into the near pixel, -1 into the far one, 0 neither or both.
    left = bends.take(begin - step) - bends.take(begin - step + side)
    right = bends.take(end) - bends.take(end + side)
    out = []
    for ends, turn, way in ((begin, left, step), (end, right, -step)):
        for shift, into in enumerate((1, -1)):
            some = np.flatnonzero(turn == into)
            if len(some):
                out.append((ends.take(some), lengths.take(some), way, side, shift))
    return out


def _slopes() -> tuple[Any, Any, Any]:
    """For runs of each length: how many pixels mix from an end towards the middle, where their shares begin, and all the
    shares (of 256, at most a half).

    A share is what a line that falls from half a pixel at the end to none in the middle covers of each.
    """
    length = np.arange(LONGEST + 1)
    halves = (length + 1) // 2
    n = np.repeat(length, halves).astype(np.float32)
    at = np.arange(int(halves.sum())) - np.repeat(np.cumsum(halves) - halves, halves)
    begin = at.astype(np.float32)
    to = np.minimum(begin + 1, 0.5 * n)
    share = 0.5 * (to - begin) * (1 - (to + begin) / n)
    some = share > 0.02
    kept = np.bincount(n[some].astype(int), minlength=LONGEST + 1).astype(np.int32)
    first = np.cumsum(kept, dtype=np.int32) - kept
    # Half of 255 times 255 just fits 16 bits.
    return kept, first, np.minimum(share[some] * 256 + 0.5, 127).astype(np.int16)


def _blend(picture: Bytes, place: Any, other: Any, shares: Any, parts: list[slice]) -> None:
    """Mixes pixels with others as they were (flat indices). Any number of channels.

    A pixel may have one on each of its sides, in different ``parts`` of the list.
    """
    rows = picture.reshape(-1, *picture.shape[2:])
    # Four bytes are moved as one number.
    whole = rows.view(np.uint32)[:, 0] if rows.ndim == 2 and rows.shape[1] == 4 else rows
    moves = _values(whole, other)
    moves -= _values(whole, place)
    moves *= shares[:, None] if moves.ndim == 2 else shares
    moves += 127
    moves >>= 8
    for part in parts:
        spot, move = place[part], moves[part]
        move += _values(whole, spot)
        np.minimum(np.maximum(move, 0, out=move), 255, out=move)
        rows[spot] = move


def _values(whole: Any, place: Any) -> Any:
    """The pixels at these places, as int16."""
    found = whole.take(place, axis=0)
    return (found.view(np.uint8).reshape(-1, 4) if found.dtype == np.uint32 else found).astype(np.int16)

"""The sequencer: what happens at which sample, in which order. Pure data; knows no sound.

Every message carries the horizon at which it was sent and is taken up exactly when rendering gets there, never
earlier, so look-ahead (ducking, voice allocation) cannot depend on when a pipe delivered it.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

from audio.engine.model import Cancel, Change, Message, NoteEvent, VoiceEvent


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: ``horizon`` at sending and its number in the order of sending."""

    horizon: int
    order: int
    message: Message


_RANK = {Cancel: 0, Change: 1, NoteEvent: 2}


class Sequencer:
    """Takes parcels in, gives due messages out, block by block."""

    def __init__(self) -> None:
        self._inbox: deque[Parcel] = deque()
        self._heap: list[tuple[int, int, int, Message]] = []
        self.voices: list[tuple[int, VoiceEvent]] = []
        """Voice takes admitted since last asked, with their order."""

    def __len__(self) -> int:
        return len(self._heap) + len(self._inbox)

    def put(self, parcel: Parcel) -> None:
        """A parcel has come."""
        self._inbox.append(parcel)

    def admit(self, at: int) -> None:
        """Take up every parcel whose horizon has been reached at sample ``at``."""
        while self._inbox and self._inbox[0].horizon <= at:
            parcel = self._inbox.popleft()
            message, order = parcel.message, parcel.order
            if isinstance(message, VoiceEvent):
                self.voices.append((order, message))
                continue
            if isinstance(message, Cancel):
                self._strike(message)
            rank = _RANK.get(type(message))
            if rank is not None:
                sample = max(at, getattr(message, "sample", at))
                heapq.heappush(self._heap, (sample, rank, order, message))

    def due(self, end: int) -> list[tuple[int, int, Message]]:
        """Messages that happen before sample ``end``: (sample, order, message), in order."""
        out: list[tuple[int, int, Message]] = []
        while self._heap and self._heap[0][0] < end:
            sample, _, order, message = heapq.heappop(self._heap)
            out.append((sample, order, message))
        return out

    def coming(self) -> list[NoteEvent]:
        """Notes not yet played, soonest first and without order among distant ones (for building ahead)."""
        return [m for _, _, _, m in self._heap[:64] if isinstance(m, NoteEvent)]

    def _strike(self, cancel: Cancel) -> None:
        kept = [
            item
            for item in self._heap
            if not (isinstance(item[3], NoteEvent) and item[3].owner == cancel.owner and item[0] >= cancel.sample)
        ]
        if len(kept) != len(self._heap):
            heapq.heapify(kept)
            self._heap = kept

"""The host process: the only place that imports pyo. Started with ``spawn``, it waits for ``begin`` (so a second one
can stand by, imports done), then makes sound up to ``lead`` samples ahead of the consumer and sleeps in between.

Order is the whole of its determinism: read the consumer's counter, take every message sent before it, then render.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from audio.engine.denormals import flush_denormals
from audio.engine.priority import go_first, stand_by
from audio.engine.ring import HOLD, Ring, Slot
from audio.engine.sequencer import Parcel

_SHED_BELOW = 0.3
_SHED_UNTIL = 0.7
_HAND_OVER = 0.0005
"""Seconds for which the thread that builds tables may hold up the one that plays."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Start making sound: which ring, from which sample, with which lead."""

    memory: str
    capacity: int
    origin: int
    resume: int
    lead: int
    block: int
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages on their way; ``last`` is the number of the last one sent so far."""

    parcels: tuple[Parcel, ...]
    last: int


class Host:
    """Keeps the ring full."""

    def __init__(self, player: Any, begin: Begin, pipe: Connection, bell: Connection) -> None:
        self._player, self._begin, self._pipe, self._bell = player, begin, pipe, bell
        self._ring = Ring.attach(begin.memory, begin.capacity, begin.origin)
        self._words = self._ring.words
        self._at = begin.resume
        """Next sample to render; what is in the ring ends one block before it (the limiter's look-ahead)."""
        self._primed = False
        self._got = 0
        self._shedding = False
        self._late = 0
        player.desk.rider.gain_db = begin.gain_db

    def run(self) -> None:
        """Until the pipe closes."""
        try:
            while True:
                consumed, sent = int(self._words[Slot.CONSUMED]), int(self._words[Slot.SENT])
                self._drain(sent)
                if consumed == HOLD:
                    if not self._player.build_one():
                        self._sleep(consumed, sent)
                    continue
                if consumed > int(self._words[Slot.PRODUCED]):
                    self._jump(consumed)
                if self._at + self._begin.block <= self._limit(consumed):
                    self._make(consumed)
                elif not self._player.build_aside():
                    self._sleep(consumed, sent)
        finally:
            self._words = np.zeros(1, np.int64)
            self._ring.close()

    def _limit(self, consumed: int) -> int:
        """Last sample that may be rendered: the consumer's horizon."""
        block, origin = self._begin.block, self._begin.origin
        return origin + -(-(consumed + self._begin.lead - origin) // block) * block

    def _drain(self, sent: int) -> None:
        while self._got < sent or self._pipe.poll(0):
            batch = pickle.loads(self._pipe.recv_bytes())
            for parcel in batch.parcels:
                self._player.put(parcel)
            self._got = max(self._got, batch.last)

    def _jump(self, consumed: int) -> None:
        """The consumer went on in silence: follow, two blocks ahead of it."""
        block, origin = self._begin.block, self._begin.origin
        self._at = origin + (-(-(consumed - origin) // block) + 2) * block
        self._primed = False
        self._late += 1
        self._words[Slot.VALID] = self._at
        self._words[Slot.PRODUCED] = self._at

    def _make(self, consumed: int) -> None:
        block = self._player.render(self._at)
        self._at += self._begin.block
        words, desk = self._words, self._player.desk
        if self._primed:
            produced = self._at - 2 * self._begin.block
            self._ring.write(produced, block)
            words[Slot.PRODUCED] = produced + self._begin.block
        self._primed = True
        words[Slot.VOICES] = self._player.active()
        words[Slot.SHED] = self._player.tally.shed
        words[Slot.LATE] = self._late
        words[Slot.CPU_US] = time.process_time_ns() // 1000
        words[Slot.GAIN_MDB] = int(desk.rider.gain_db * 1000)
        words[Slot.CUT_MDB] = int(desk.limiter.reduction * 1000)
        words[Slot.BUILT] = self._player.tables.built
        self._shed_or_not(int(words[Slot.CONSUMED]))
        need = int(words[Slot.NEED])
        if need and int(words[Slot.PRODUCED]) >= need:
            self._bell.send_bytes(b"!")

    def _shed_or_not(self, consumed: int) -> None:
        """Live only: when the lead melts away, fewer voices rather than broken sound."""
        if not self._words[Slot.LIVE]:
            return
        share = (self._at - self._begin.block - consumed) / self._begin.lead
        if not self._shedding and share < _SHED_BELOW:
            self._shedding = True
            self._player.cap(0.5)
        elif self._shedding and share > _SHED_UNTIL:
            self._shedding = False
            self._player.cap(1.0)

    def _sleep(self, consumed: int, sent: int) -> None:
        words = self._words
        words[Slot.ASLEEP] = 1
        unchanged = int(words[Slot.CONSUMED]) == consumed and int(words[Slot.SENT]) == sent
        # The time-out only matters if a wake-up is lost just here.
        if unchanged and self._bell in wait([self._pipe, self._bell], 0.1):
            self._bell.recv_bytes()
        words[Slot.ASLEEP] = 0


def main(pipe: Connection, bell: Connection, block: int, spare: bool = False) -> None:
    """Entry of the process: import, build the player, say ready, wait for ``Begin``. A ``spare`` gives way until then."""
    os.environ["PYO_GUI_WX"] = "0"
    if spare:
        stand_by()
    else:
        go_first()
    flush_denormals()
    import pyo

    from audio.engine.player import Player

    player = Player(pyo, block)
    try:
        bell.send_bytes(b"ready")
        begin = pickle.loads(pipe.recv_bytes())
        while isinstance(begin, Batch):  # a stand-by builds what the one before it had built
            for parcel in begin.parcels:
                player.put(parcel)
            while player.build_one():
                pass
            begin = pickle.loads(pipe.recv_bytes())
        go_first()
        # What was made so far stays: a collection that looks at it again would cost a block. The rest is small.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(_HAND_OVER)
        Host(player, begin, pipe, bell).run()
    except (EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        return
    except Exception:
        logging.getLogger("limelight.band").exception("the sound engine's process ended")
        raise

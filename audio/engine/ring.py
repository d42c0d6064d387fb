"""The shared-memory ring between the host process and the consumer: float32 stereo frames and a few counters.

Only single aligned 64-bit words cross the boundary without a lock, each written by one side alone.
"""

from __future__ import annotations

from enum import IntEnum
from multiprocessing import shared_memory

import numpy as np
import numpy.typing as npt

HEADER_BYTES = 512
CHANNELS = 2


class Slot(IntEnum):
    """Words of the header. ``C`` written by the consumer, ``H`` by the host."""

    CONSUMED = 0  # C: samples handed to the listener (show sample), or HOLD before the first pull
    SENT = 1  # C: messages sent so far; written before CONSUMED moves on
    LIVE = 2  # C: 1 when pulls have a deadline, so that voices may be shed
    NEED = 3  # C: the sample the consumer waits for, or 0
    PRODUCED = 8  # H: sample after the last one made
    VALID = 9  # H: first sample made since the last jump
    ASLEEP = 10  # H: 1 while the host waits for the consumer
    VOICES = 11
    SHED = 12
    LATE = 13
    DROPPED = 14
    CPU_US = 24
    GAIN_MDB = 25
    CUT_MDB = 26
    BUILT = 27


HOLD = -(1 << 60)
"""Value of ``CONSUMED`` until the first pull: the host prepares but makes nothing."""


class Ring:
    """Counters and frames. ``create`` on the consumer's side, ``attach`` in the host."""

    def __init__(self, memory: shared_memory.SharedMemory, capacity: int, origin: int, owner: bool) -> None:
        self.memory = memory
        self.capacity = capacity
        self.origin = origin
        self._owner = owner
        assert memory.buf is not None
        self.words: npt.NDArray[np.int64] = np.frombuffer(memory.buf, dtype=np.int64, count=HEADER_BYTES // 8)
        self.frames: npt.NDArray[np.float32] = np.frombuffer(
            memory.buf, dtype=np.float32, count=capacity * CHANNELS, offset=HEADER_BYTES
        ).reshape(capacity, CHANNELS)

    @classmethod
    def create(cls, capacity: int, origin: int) -> Ring:
        """A fresh ring of ``capacity`` frames whose first sample is ``origin``."""
        memory = shared_memory.SharedMemory(create=True, size=HEADER_BYTES + capacity * CHANNELS * 4)
        ring = cls(memory, capacity, origin, owner=True)
        ring.words[:] = 0
        ring.words[Slot.CONSUMED] = HOLD
        ring.words[Slot.PRODUCED] = ring.words[Slot.VALID] = origin
        return ring

    @classmethod
    def attach(cls, name: str, capacity: int, origin: int) -> Ring:
        """The consumer's ring, seen from the host."""
        return cls(shared_memory.SharedMemory(name=name), capacity, origin, owner=False)

    def write(self, sample: int, block: npt.NDArray[np.float32]) -> None:
        """Put frames at ``sample``; the caller moves ``PRODUCED`` afterwards."""
        at = (sample - self.origin) % self.capacity
        head = min(len(block), self.capacity - at)
        self.frames[at : at + head] = block[:head]
        if head < len(block):
            self.frames[: len(block) - head] = block[head:]

    def read(self, sample: int, out: npt.NDArray[np.float32]) -> None:
        """Copy ``len(out)`` frames from ``sample`` on."""
        at = (sample - self.origin) % self.capacity
        head = min(len(out), self.capacity - at)
        out[:head] = self.frames[at : at + head]
        if head < len(out):
            out[head:] = self.frames[: len(out) - head]

    def close(self) -> None:
        """Let go of the memory; the creating side removes it."""
        self.words = np.zeros(HEADER_BYTES // 8, np.int64)
        self.frames = np.zeros((0, CHANNELS), np.float32)
        try:
            self.memory.close()
        except BufferError:  # a caller still holds a view; the memory goes with the process
            return
        finally:
            if self._owner:
                self.memory.unlink()
                self._owner = False

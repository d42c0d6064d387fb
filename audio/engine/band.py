"""The band as the stage sees it: send messages, pull samples; the host process behind it is started, watched,
fed and, when it dies, replaced at the right sample."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import pickle
import queue
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection, wait

import numpy as np

from audio.engine.host import Batch, Begin, main
from audio.engine.journal import LIMIT, Journal
from audio.engine.model import (
    Cancel,
    Change,
    EngineError,
    Health,
    Message,
    NoteEvent,
    Prepare,
    VoiceEvent,
)
from audio.engine.ring import HOLD, Ring, Slot
from audio.engine.sequencer import Parcel
from audio.instruments.catalog import instrument
from audio.mix.filters import Samples
from audio.workers import one_thread

_GRACE = 1_440
"""A note up to 30 ms late is played at once; a later one is dropped. Voices enter where they should be by now."""
_FADE = 240
_CHANGES = ("gain", "mute", "reverb", "pan", "filter")
log = logging.getLogger("limelight.band")

_POISON = 2
_MOST_RESTARTS = 5


class _Link:
    """One host process, its pipe (through a writer thread, so that a stuck host cannot stop the stage), its bell."""

    def __init__(self, block: int, spare: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, pipe = context.Pipe()
        self.bell, bell = context.Pipe()
        self.process = context.Process(target=main, args=(pipe, bell, block, spare), name="limelight-band", daemon=True)
        with one_thread():
            self.process.start()
        pipe.close()
        bell.close()
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._write, name="band-writer", daemon=True).start()

    def post(self, thing: Begin | Batch) -> None:
        """Send without waiting; order is kept."""
        self._queue.put(pickle.dumps(thing, protocol=5))

    def ready(self, timeout: float) -> bool:
        """Has the host said it is ready?"""
        return self.bell.poll(timeout)

    def ring(self) -> None:
        """Wake the host."""
        with contextlib.suppress(OSError):
            self.bell.send_bytes(b"!")

    def close(self, gentle: bool = True) -> None:
        """End the process."""
        self._queue.put(None)
        for end in (self._pipe, self.bell):
            with contextlib.suppress(OSError):
                end.close()
        if gentle:
            self.process.join(1.0)
        if self.process.is_alive():
            self.process.kill()
        self.process.join(1.0)

    def _write(self) -> None:
        pipe: Connection = self._pipe
        while (data := self._queue.get()) is not None:
            try:
                pipe.send_bytes(data)
            except (OSError, ValueError):
                return


class Band:
    """Pull-based sound engine.

    ``lead`` samples are made ahead (9,600 is 200 ms); ``block`` is the engine's step. With ``standby`` a second,
    idle host waits, imports done, so that a restart is heard for some tenths of a second at most.
    """

    def __init__(self, lead: int = 9_600, block: int = 256, standby: bool = False) -> None:
        if block not in (128, 256, 512, 1024):
            raise EngineError(f"block must be 128, 256, 512 or 1024 samples, got {block}")
        if not 4 * block <= lead <= 480_000:
            raise EngineError(f"lead must be between {4 * block} and 480000 samples, got {lead}")
        self.lead, self.block = lead, block
        self.standby = standby
        """Whether a second, idle host is kept ready; may be switched on later."""
        # Live, one thread sends and another pulls: what both touch (journal, link) is theirs one at a time. Nobody
        # waits for sound while holding it.
        self._lock = threading.RLock()
        self._ring: Ring | None = None
        self._link: _Link | None = None
        self._standby: _Link | None = None
        self._journal = Journal()
        self._origin = self._position = 0
        self._pulled = False
        self._order = 0
        self._dropped = self._late = self._missing = self._restarts = 0
        self._shed_before = 0
        self._cpu_before = 0.0
        self._restart_times: list[float] = []
        self._last = np.zeros(2, np.float32)
        self._silent = False

    # -- the clock ---------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Samples handed out so far, as a show sample."""
        return self._position

    @property
    def horizon(self) -> int:
        """First sample that a message sent now can still affect."""
        if not self._pulled:
            return self._position
        ahead = self._position + self.lead - self._origin
        return self._origin + -(-ahead // self.block) * self.block

    def start(self, at: int = 0) -> None:
        """Start the host; the first sample pulled is show sample ``at``. Nothing is made before the first pull."""
        if self._ring is not None:
            raise EngineError("the band has been started already; close it first")
        self._origin = self._position = at
        capacity = -(-self.lead // self.block) * self.block + 4 * self.block
        self._ring = Ring.create(capacity, at)
        self._link = _Link(self.block)
        self._link.post(self._begin(at))

    def _begin(self, resume: int) -> Begin:
        ring = self._need_ring()
        gain = float(ring.words[Slot.GAIN_MDB]) / 1000
        return Begin(ring.memory.name, ring.capacity, self._origin, resume, self.lead, self.block, gain)

    def _need_ring(self) -> Ring:
        if self._ring is None:
            raise EngineError("the band is not running; call start() first")
        return self._ring

    # -- messages ----------------------------------------------------------------------------------------------

    def send(self, *messages: Message) -> None:
        """Send messages. They are in force before the next pull; what comes too late is counted, never mistimed.

        Raises EngineError for a message that cannot be played (unknown instrument, setting or malformed sound).
        """
        with self._lock:
            self._send(messages)

    def _send(self, messages: tuple[Message, ...]) -> None:
        ring, link = self._need_ring(), self._link
        assert link is not None
        horizon = self.horizon
        parcels = []
        for message in messages:
            _check(message)
            fitted = self._in_time(message, horizon)
            if fitted is not None and len(self._journal) < LIMIT:
                parcel = Parcel(horizon, self._order, fitted)
                self._order += 1
                self._journal.add(parcel)
                parcels.append(parcel)
            else:
                self._dropped += 1
        if parcels:
            # The host must not render past the next pull without these: the count goes first.
            ring.words[Slot.SENT] = self._order
            link.post(Batch(tuple(parcels), self._order))

    def _in_time(self, message: Message, horizon: int) -> Message | None:
        if isinstance(message, Prepare) or message.sample >= horizon:
            return message
        if isinstance(message, NoteEvent):
            late = horizon - message.sample
            if late > _GRACE or late >= message.length:
                return None
            return replace(message, sample=horizon, length=message.length - late)
        if isinstance(message, VoiceEvent):
            pcm = message.pcm[horizon - message.sample :]
            return replace(message, sample=horizon, pcm=pcm) if len(pcm) else None
        return replace(message, sample=horizon)

    # -- sound -------------------------------------------------------------------------------------------------

    def pull(self, n: int, timeout: float | None = None) -> Samples:
        """The next ``n`` frames, float32 (n, 2).

        Without ``timeout`` it waits until they are made (offline; also over a restart). With it, what is not made
        in time is silence with a short fade, counted in ``health().late_blocks``, and the clock goes on.
        """
        ring = self._need_ring()
        if n < 0:
            raise EngineError(f"cannot pull {n} samples")
        if not self._pulled:
            self._pulled = True
            ring.words[Slot.CONSUMED] = self._position
        ring.words[Slot.LIVE] = 0 if timeout is None else 1
        out = np.empty((n, 2), np.float32)
        until = None if timeout is None else time.monotonic() + timeout
        done = 0
        while done < n:
            got = self._take(out[done:])
            done += got
            if done < n and got == 0 and not self._wait(n - done, until):
                self._silence(out[done:])
                done = n
        self._watch()
        with self._lock:
            self._journal.prune(self._position)
        return out

    def _take(self, out: Samples) -> int:
        """Copy what is there into ``out``; returns how much."""
        ring = self._need_ring()
        valid, produced = int(ring.words[Slot.VALID]), int(ring.words[Slot.PRODUCED])
        if self._position < valid:
            count = min(len(out), valid - self._position)
            self._silence(out[:count])
            return count
        count = min(len(out), produced - self._position)
        if count <= 0:
            return 0
        ring.read(self._position, out[:count])
        if self._silent:
            fade = min(count, _FADE)
            out[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)[:, None]
            self._silent = False
        self._last = out[count - 1].copy()
        self._advance(count)
        return count

    def _silence(self, out: Samples) -> None:
        out[:] = 0.0
        if not self._silent:
            fade = min(len(out), _FADE)
            out[:fade] = self._last * np.linspace(1, 0, fade, dtype=np.float32)[:, None]
            self._late += 1
        self._silent = True
        self._missing += len(out)
        self._advance(len(out))

    def _advance(self, count: int) -> None:
        ring = self._need_ring()
        self._position += count
        ring.words[Slot.CONSUMED] = self._position
        if ring.words[Slot.ASLEEP] and self._link is not None:
            ring.words[Slot.ASLEEP] = 0
            self._link.ring()

    def _wait(self, more: int, until: float | None) -> bool:
        """Wait for sound; False when the time is up."""
        ring, link = self._need_ring(), self._link
        left = 0.25 if until is None else until - time.monotonic()
        if left <= 0:
            return False
        reach = max(1, min(more, self.lead - 2 * self.block))
        ring.words[Slot.NEED] = min(self._position + reach, self._position + self.lead - 2 * self.block)
        if int(ring.words[Slot.PRODUCED]) <= self._position or int(ring.words[Slot.VALID]) > self._position:
            assert link is not None
            ring.words[Slot.ASLEEP] = 0
            link.ring()
            for ready in wait([link.bell, link.process.sentinel], min(left, 0.25)):
                if ready is link.bell:
                    with contextlib.suppress(EOFError, OSError):
                        link.bell.recv_bytes()
        ring.words[Slot.NEED] = 0
        self._watch()
        return True

    # -- resilience --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Replace a dead host; keep a stand-by ready."""
        with self._lock:
            self._look_after()

    def _look_after(self) -> None:
        link = self._link
        if link is None:
            return
        if link.process.exitcode is not None or wait([link.process.sentinel], 0):
            self._restart()
        elif self.standby and self._standby is None and link.process.pid and self._ready_link(link):
            self._stand_by()

    def stand_by(self) -> None:
        """Start the stand-by now, and have one from here on."""
        with self._lock:
            self.standby = True
            if self._standby is None:
                self._stand_by()

    def _stand_by(self) -> None:
        self._standby = _Link(self.block, spare=True)
        self._standby.post(Batch((self._prepared(),), 0))

    def _ready_link(self, link: _Link) -> bool:
        ring = self._need_ring()
        return int(ring.words[Slot.PRODUCED]) > self._position

    def _prepared(self) -> Parcel:
        return Parcel(0, -1, Prepare(tuple(self._journal.instruments)))

    def _restart(self) -> None:
        ring, dead = self._need_ring(), self._link
        now = time.monotonic()
        self._restart_times = [t for t in self._restart_times if now - t < 30] + [now]
        if len(self._restart_times) > _MOST_RESTARTS:
            self._link = None
            assert dead is not None
            dead.close(gentle=False)
            raise EngineError(
                f"the sound engine died {_MOST_RESTARTS + 1} times in 30 seconds; is pyo installed and working?"
            )
        if len(self._restart_times) > _POISON:
            # It died again and again on what it was given: go on without that, with what comes next.
            log.warning(
                "the sound engine died %d times in 30 seconds; what was sent so far is left out",
                len(self._restart_times),
            )
            self._dropped += len(self._journal)
            self._journal = Journal()
        self._restarts += 1
        self._shed_before += int(ring.words[Slot.SHED])
        self._cpu_before += float(ring.words[Slot.CPU_US]) / 1e6
        ring.words[Slot.SHED] = ring.words[Slot.CPU_US] = 0
        produced = max(int(ring.words[Slot.PRODUCED]), int(ring.words[Slot.VALID]))
        behind = max(0, self._position - produced)
        resume = produced + -(-behind // self.block) * self.block
        if resume > produced:
            ring.words[Slot.VALID] = ring.words[Slot.PRODUCED] = resume
        link, self._standby = self._standby or _Link(self.block), None
        self._link = link
        link.post(self._begin(resume))
        link.post(Batch((self._prepared(), *self._journal.replay(resume)), self._order))
        if dead is not None:
            dead.close(gentle=False)

    def health(self) -> Health:
        """What the engine reports about itself."""
        ring = self._need_ring()
        words = ring.words
        return Health(
            position=int(words[Slot.PRODUCED]),
            late_blocks=self._late,
            dropped_events=self._dropped,
            restarts=self._restarts,
            cpu_seconds=self._cpu_before + float(words[Slot.CPU_US]) / 1e6,
            voices=int(words[Slot.VOICES]),
            shed=self._shed_before + int(words[Slot.SHED]),
            underrun_samples=self._missing,
            lead=max(0, int(words[Slot.PRODUCED]) - self._position),
            loudness_gain=float(words[Slot.GAIN_MDB]) / 1000,
            reduction=float(words[Slot.CUT_MDB]) / 1000,
        )

    @property
    def host_pid(self) -> int | None:
        """Process id of the host that plays, for monitoring."""
        return self._link.process.pid if self._link else None

    def close(self) -> None:
        """End the host and let go of the ring; may be called twice."""
        for link in (self._link, self._standby):
            if link is not None:
                link.close()
        self._link = self._standby = None
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def __enter__(self) -> Band:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(message: Message) -> None:
    """One clear error for a message that cannot be played."""
    if isinstance(message, NoteEvent):
        try:
            instrument(message.instrument)
        except ValueError as error:
            raise EngineError(str(error)) from None
        if not (0 <= message.pitch <= 136 and 0 <= message.velocity <= 1.5) or message.length <= 0:
            raise EngineError(f"note out of range (pitch 0-136, velocity 0-1, length > 0): {message}")
    elif isinstance(message, VoiceEvent):
        if message.pcm.ndim != 1 or message.pcm.dtype != np.float32:
            raise EngineError(f"voice must be mono float32, got {message.pcm.dtype} {message.pcm.shape}")
        if len(message.pcm) and not np.isfinite(message.pcm).all():
            raise EngineError(f"voice at sample {message.sample} holds samples that are not numbers")
    elif isinstance(message, Change):
        if message.name not in _CHANGES:
            raise EngineError(f"unknown setting {message.name!r} of track {message.track!r}; one of {_CHANGES}")
        if not np.isfinite(message.value) or message.ramp < 0:
            raise EngineError(f"setting must be a finite number with ramp >= 0: {message}")
    elif isinstance(message, Prepare):
        for name in message.instruments:
            try:
                instrument(name)
            except ValueError as error:
                raise EngineError(str(error)) from None
    elif not isinstance(message, Cancel):
        raise EngineError(f"not a message to the band: {message!r}")


__all__ = ["HOLD", "Band"]

"""Capture and VMC in processes of their own: the stage reads the newest moment and never waits.

A process that dies or goes silent loses the person, who eases out; it is started again a few times.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from avatar.capture.block import Block
from avatar.capture.errors import CaptureError
from avatar.capture.osc import MAX_PACKET
from avatar.capture.vmc import STALE, Receiver, Sender
from avatar.motion.noise import min_jerk
from avatar.motion.person import Person
from avatar.rig.frame import PoseFrame

log = logging.getLogger("limelight.capture")

_RESTARTS = 3
_EASE = 0.6
_QUIET = 0.5
"""Seconds of silence from a process after which its person begins to leave."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to follow and whom to tell. Ports 0: none. ``names``: expressions of the model."""

    names: tuple[str, ...]
    hip_height: float
    rest: Mapping[str, tuple[float, float, float]]
    source: str = ""
    face_model: Path | None = None
    pose_model: Path | None = None
    calibration: Path | None = None
    vmc_in: int = 0
    vmc_in_host: str = "0.0.0.0"
    vmc_out: tuple[str, int] | None = None


def _orphan(parent: int) -> bool:
    return os.getppid() != parent


def _watch(wishes: Wishes, block: Block, pipe: Connection, parent: int) -> None:
    """Process: a source of pictures to the block."""
    from avatar.capture.calibrate import Calibration
    from avatar.capture.landmarks import Landmarker
    from avatar.capture.source import open_source
    from avatar.capture.tracker import Tracker

    assert wishes.face_model is not None
    known = Calibration.read(wishes.calibration) if wishes.calibration else None
    tracker = Tracker(wishes.names, known)
    marks = Landmarker(wishes.face_model, wishes.pose_model)
    pipe.send("ready")
    for seconds, picture in open_source(wishes.source, paced=True):
        stamp = time.monotonic()
        person = tracker.add(marks.read(seconds, picture))
        person.stamp = stamp
        block.write(person)
        if _orphan(parent):
            return
    raise CaptureError(f"{wishes.source}: the source ended")


def _listen(wishes: Wishes, block: Block, pipe: Connection, parent: int) -> None:
    """Process: VMC packets from the network to the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((wishes.vmc_in_host, wishes.vmc_in))
        wire.settimeout(0.05)
        pipe.send("ready")
        receiver, heard, begun, gone = Receiver(wishes.names, wishes.hip_height), -1e9, 0.0, 1e9
        while not _orphan(parent):
            now = time.monotonic()
            try:
                data = wire.recv(MAX_PACKET)
                now = time.monotonic()
                if receiver.feed(data) and receiver.ok:
                    if now - heard > STALE:
                        begun = now
                    heard = now
            except TimeoutError:
                pass
            gone = now - heard - STALE
            person = receiver.person
            person.presence = min_jerk((now - begun) / 0.35) * (1.0 - min_jerk(gone / _EASE))
            person.stamp = now
            block.write(person)


def _tell(wishes: Wishes, block: Block, pipe: Connection, parent: int) -> None:
    """Process: the performer's moments from the block to the network."""
    assert wishes.vmc_out is not None
    sender, person, frame = Sender(wishes.rest), Person(), PoseFrame()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        pipe.send("ready")
        while not _orphan(parent):
            if not block.read(person):
                time.sleep(0.002)
                continue
            frame.rotations[:], frame.hips[:] = person.rotations, person.hips
            frame.expressions = person.expressions
            for packet in sender.packets(frame, person.stamp, person):
                try:
                    wire.sendto(packet, wishes.vmc_out)
                except OSError as error:  # nobody there yet, or the network is gone for a while
                    log.debug("vmc: %s", error)


Job = Callable[[Wishes, Block, Connection, int], None]


def _serve(job: Job, wishes: Wishes, block: Block, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        job(wishes, block, pipe, os.getppid())
    except (CaptureError, OSError) as error:
        pipe.send(f"failed {' '.join(str(error).split())}")
    except (BrokenPipeError, EOFError, KeyboardInterrupt):
        pass


class Room:
    """One job in its process, watched; polled from the stage, which it never keeps waiting."""

    def __init__(self, name: str, job: Job, wishes: Wishes, block: Block) -> None:
        self.name, self.block = name, block
        self._job, self._wishes = job, wishes
        self.restarts = 0
        self.failed = ""
        self.ready = False
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(self._job, self._wishes, self.block, child), name=f"limelight-{self.name}", daemon=True
        )
        self.process.start()
        child.close()
        self.ready = False
        self._begun = time.monotonic()

    @property
    def pid(self) -> int:
        """Process id, for reports."""
        return self.process.pid or 0

    def check(self) -> None:
        """Take news from the process; start it again if it died."""
        try:
            while self._pipe.poll(0):
                word = str(self._pipe.recv())
                self.ready = self.ready or word == "ready"
                if word.startswith("failed "):
                    self.failed = word[7:]
                    log.warning("%s: %s", self.name, self.failed)
        except (EOFError, OSError):
            pass
        if self.process.is_alive() or self.restarts >= _RESTARTS or time.monotonic() - self._begun < 1.0:
            return
        self.restarts += 1
        log.warning("the %s process ended (exit %s); starting it again", self.name, self.process.exitcode)
        # A lock that a dead process held would never open again.
        self.block = Block(self.block.names)
        self._start()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(1.0)
        if self.process.is_alive():
            self.process.kill()


class Capture:
    """Everything of a person beside a show: what is followed, and who is told."""

    def __init__(self, wishes: Wishes) -> None:
        self._face = Person() if wishes.source else None
        self._wire = Person() if wishes.vmc_in else None
        self.rooms: dict[str, Room] = {}
        if wishes.source:
            self.rooms["capture"] = Room("capture", _watch, wishes, Block(wishes.names))
        if wishes.vmc_in:
            self.rooms["vmc-in"] = Room("vmc-in", _listen, wishes, Block(wishes.names))
        if wishes.vmc_out:
            self.rooms["vmc-out"] = Room("vmc-out", _tell, wishes, Block(wishes.names))
        self._out = Person()
        self._checked = 0.0

    def person(self) -> Person | None:
        """The newest moment of whoever is followed: a face from the camera on a body from VMC where both are there."""
        now = time.monotonic()
        if now - self._checked > 0.25:
            self._checked = now
            for room in self.rooms.values():
                room.check()
        for name, person in (("capture", self._face), ("vmc-in", self._wire)):
            if person is not None and not self.rooms[name].block.read(person):
                silent = now - person.stamp - _QUIET
                person.presence = min(person.presence, 1.0 - min_jerk(silent / _EASE))
        if self._face is None or self._wire is None:
            return self._face or self._wire
        return merged(self._face, self._wire)

    def tell(self, frame: PoseFrame, seconds: float, camera: Any = None) -> None:
        """Hand a moment of the performer to whoever listens; ``seconds`` of the show."""
        room = self.rooms.get("vmc-out")
        if room is None:
            return
        out = self._out
        out.rotations, out.hips, out.expressions = frame.rotations, frame.hips, frame.expressions
        out.stamp, out.presence, out.camera = seconds, 1.0, camera
        room.block.write(out, wait=False)

    def processes(self) -> dict[str, int]:
        """Process ids by room."""
        return {name: room.pid for name, room in self.rooms.items()}

    def close(self) -> None:
        """End all processes."""
        for room in self.rooms.values():
            room.close()


def merged(face: Person, body: Person) -> Person:
    """The face of one person on the body of another (usually the same, seen twice)."""
    if face.presence <= 0.0:
        return body
    if body.presence <= 0.0:
        return face
    out = Person(max(face.presence, body.presence))
    take = face.seen >= 0.5
    out.rotations[:] = body.rotations
    out.rotations[take] = face.rotations[take]
    out.seen[:] = (face.seen * face.presence).clip(body.seen * body.presence)
    out.hips[:] = body.hips
    out.expressions = body.expressions | face.expressions
    out.gaze, out.camera, out.stamp = face.gaze, body.camera, face.stamp
    return out

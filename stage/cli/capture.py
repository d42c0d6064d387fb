"""``capture``: what a face does, from a film, a picture or a camera; measured, written, sent on."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stage.cli.errors import Refused

if TYPE_CHECKING:
    from avatar.capture.tracker import Reading, Tracker


def address(text: str | None, option: str) -> tuple[str, int] | None:
    """``HOST:PORT``."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"{text!r}: write it as HOST:PORT, e.g. 127.0.0.1:39540", param_hint=option)
    return host, int(port)


@click.command()
@click.option("--video", metavar="FILE", help="A film, GIF or picture; webcam or webcam:1 for a camera.")
@click.option("--seconds", type=click.FloatRange(0.1), help="Stop after this much of it (a camera: default 10).")
@click.option("--model", type=click.Path(path_type=Path), help="face_landmarker.task (default: fetched once).")
@click.option("--pose", type=click.Path(path_type=Path), help="pose_landmarker_*.task, for the upper body too.")
@click.option(
    "--calibrate", type=click.Path(path_type=Path), help="Write this face at rest to FILE, for --calibration."
)
@click.option("--calibration", type=click.Path(path_type=Path), help="A face at rest that --calibrate wrote.")
@click.option("--expect", type=click.Path(path_type=Path), help="Compare with a mediapipe blendshapes .pbtxt.")
@click.option("--vmc-out", metavar="HOST:PORT", help="Send head and scores to another program.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a picture, a summary last.")
def capture(
    video: str | None, seconds: float | None, model: Path | None, pose: Path | None, calibrate: Path | None,
    calibration: Path | None, expect: Path | None, vmc_out: str | None, as_json: bool,
) -> None:  # fmt: skip
    """A person's face as 52 scores, head and eyes.

    Example: limelight capture --video clip.mp4 --json
    """
    from avatar.capture.calibrate import Calibration, Learner
    from avatar.capture.landmarks import Landmarker
    from avatar.capture.models import face_model
    from avatar.capture.scores import compare, read_expected
    from avatar.capture.source import STILLS, open_source
    from avatar.capture.tracker import Tracker
    from stage.paths import cache_dir

    if video is None:
        raise Refused("nothing to look at; give --video FILE or --video webcam")
    camera = video.split(":")[0] == "webcam"
    still = Path(video).suffix.lower() in STILLS
    known = Calibration.read(calibration) if calibration else None
    expected = read_expected(expect) if expect else None
    told = _Teller(address(vmc_out, "--vmc-out")) if vmc_out else None
    pictures = contextlib.closing(open_source(video))
    landmarker = Landmarker(face_model(model, cache_dir() / "models"), pose, moving=not still)
    tracker, learner = Tracker((), known), Learner(1e9)
    seen = _Seen()
    end = seconds or (10.0 if camera else None)
    try:
        with pictures as film:
            for at, picture in film:
                if end is not None and at > end:
                    break
                begun, cpu = time.perf_counter(), time.process_time()
                reading = landmarker.read(at, picture)
                person = tracker.add(reading)
                seen.add(reading, time.perf_counter() - begun, time.process_time() - cpu)
                if reading.found:
                    learner.add(at, reading.scores, reading.head)
                if told is not None:
                    told.send(person, reading.scores, at)
                if as_json:
                    click.echo(json.dumps(_line(reading, tracker)))
    finally:
        landmarker.close()
    learned = learner.result()
    if learned is None:
        raise Refused(f"{video}: no face was seen in {seen.count} pictures; is it large enough and lit?")
    if calibrate:
        learned.write(calibrate)
    facts: dict[str, Any] = {"video": video, **seen.facts()}
    if expected is not None:
        facts["expected"] = compare(seen.middle(), expected)
    if as_json:
        click.echo(json.dumps(facts))
    else:
        for name, value in facts.items():
            click.echo(f"{name:<18} {value}")


def _line(reading: Reading, tracker: Tracker) -> dict[str, Any]:
    """One picture, as printed: raw scores, head in degrees, what is left of a lost face."""
    from avatar.capture.scores import NAMES
    from avatar.capture.tracker import angles

    line: dict[str, Any] = {"at": round(reading.seconds, 3), "found": reading.found,
                            "presence": round(tracker.person.presence, 3)}  # fmt: skip
    if reading.found:
        pitch, yaw, roll = angles(reading.head)
        line["head"] = {"pitch": round(pitch, 2), "yaw": round(yaw, 2), "roll": round(roll, 2)}
        line["scores"] = {n: round(float(s), 5) for n, s in zip(NAMES, reading.scores)}
    return line


class _Seen:
    """Figures of a run."""

    def __init__(self) -> None:
        self.count = 0
        self._scores: list[Any] = []
        self._wall: list[float] = []
        self._cpu: list[float] = []

    def add(self, reading: Reading, wall: float, cpu: float) -> None:
        self.count += 1
        if self.count > 1 or not self._wall:
            self._wall.append(wall)
            self._cpu.append(cpu)
        if reading.found and len(self._scores) < 100_000:
            self._scores.append(reading.scores)

    def middle(self) -> Any:
        """Median scores (52,)."""
        import numpy as np

        return np.median(np.array(self._scores), axis=0)

    def facts(self) -> dict[str, Any]:
        import numpy as np

        steady = self._wall[1:] or self._wall
        return {
            "pictures": self.count, "found": len(self._scores), "ms_middle": round(1000 * float(np.median(steady)), 1),
            "ms_95": round(1000 * float(np.percentile(steady, 95)), 1),
            "cpu_ms": round(1000 * float(np.mean(self._cpu[1:] or self._cpu)), 1),
        }  # fmt: skip


class _Teller:
    """Sends what is seen as VMC: head, neck, and the scores under their own names."""

    def __init__(self, to: tuple[str, int] | None) -> None:
        import socket

        from avatar.capture.vmc import Sender
        from avatar.rig.frame import PoseFrame

        self._to = to
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender, self._frame = Sender({"hips": (0, 1, 0), "neck": (0, 0.45, 0), "head": (0, 0.1, 0)}), PoseFrame()

    def send(self, person: Any, scores: Any, seconds: float) -> None:
        from avatar.capture.scores import NAMES

        self._frame.rotations[:] = person.rotations
        self._frame.expressions = person.expressions | {n: float(s) for n, s in zip(NAMES[1:], scores[1:])}
        for packet in self._sender.packets(self._frame, seconds):
            self._wire.sendto(packet, self._to)  # type: ignore[arg-type]


commands = (capture,)

"""A person on the stage: what `--capture` and `--vmc-*` ask for, and a character's own clips."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avatar.capture.models import face_model
from avatar.capture.process import Capture, Wishes
from avatar.motion.clips import Clip, load
from avatar.motion.person import Mode, Person, modes
from avatar.render.scene import Camera
from avatar.rig import Rig
from avatar.rig.frame import PoseFrame
from characters.definition import Definition
from stage.paths import cache_dir

log = logging.getLogger("limelight.capture")


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Who drives (a source of pictures, a VMC port) by which modes, and who is told."""

    source: str = ""
    vmc_in: int = 0
    vmc_in_host: str = "127.0.0.1"
    vmc_out: tuple[str, int] | None = None
    mode: str = "mixed"
    face_model: Path | None = None
    pose_model: Path | None = None
    calibration: Path | None = None


def clips_of(definition: Definition) -> dict[str, Clip]:
    """The motions of ``clips/`` in a character's folder by name; ``ClipError`` names a broken one."""
    folder = definition.folder / "clips" if definition.folder else None
    if folder is None or not folder.is_dir():
        return {}
    return {
        path.stem: load(path) for path in sorted(folder.iterdir()) if path.suffix.lower() in (".vrma", ".bvh", ".vmd")
    }


def rest_offsets(rig: Rig) -> dict[str, tuple[float, float, float]]:
    """Rest places (metres) of the humanoid bones relative to their humanoid parents, in the model's axes."""
    model, rest = rig.model, rig.rest_world
    by_node = {node: bone for bone, node in model.bones.items()}
    out = {}
    for bone, node in model.bones.items():
        parent = int(model.nodes.parents[node])
        while parent >= 0 and parent not in by_node:
            parent = int(model.nodes.parents[parent])
        place = rest[node][:3, 3] - (rest[parent][:3, 3] if parent >= 0 else 0.0)
        out[bone] = (float(place[0]), float(place[1]), float(place[2]))
    return out


class StageCapture:
    """Capture as the performance uses it."""

    def __init__(self, settings: CaptureSettings, rig: Rig) -> None:
        self.modes: Mapping[str, Mode] = modes(settings.mode)
        self.delays: deque[float] = deque(maxlen=3000)
        """Seconds from a picture in hand to the frame that shows it, newest last."""
        model = face_model(settings.face_model, cache_dir() / "models") if settings.source else None
        rest = rest_offsets(rig)
        self._capture = Capture(Wishes(
            tuple(rig.model.expressions), rest["hips"][1], rest, settings.source, model, settings.pose_model,
            settings.calibration, settings.vmc_in, settings.vmc_in_host, settings.vmc_out,
        ))  # fmt: skip
        self._person: Person | None = None
        self._stamp = 0.0

    def person(self) -> Person | None:
        """The newest moment of the person."""
        self._person = person = self._capture.person()
        if person is not None and person.stamp != self._stamp:
            self._stamp = person.stamp
            if person.presence > 0:
                self.delays.append(time.monotonic() - person.stamp)
        return person

    def camera(self, camera: Camera) -> None:
        """Let the person's camera take the picture, where the operator gave it that layer."""
        person = self._person
        if person is None or person.camera is None or self.modes["camera"] == "ai" or person.presence <= 0.5:
            return
        camera.position, camera.target, camera.fov = person.camera

    def tell(self, frame: PoseFrame, seconds: float, camera: Camera) -> None:
        """Hand the frame that is shown to whoever listens."""
        self._capture.tell(frame, seconds, (camera.position, camera.target, camera.fov))

    def processes(self) -> dict[str, int]:
        """Process ids by room."""
        return self._capture.processes()

    def close(self) -> None:
        """End all processes; say how late the picture was."""
        if self.delays:
            ordered = sorted(self.delays)
            log.info("capture: picture to pose %.0f ms (middle), %.0f ms (95 of 100)",
                     1000 * ordered[len(ordered) // 2], 1000 * ordered[int(len(ordered) * 0.95)])  # fmt: skip
        self._capture.close()

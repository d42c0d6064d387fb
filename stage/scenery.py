"""From cues to the picture around the performer: camera, light, beat pulses, LED wall, reactions.

Holds the cues that are running and writes the scene of a moment; the same cues and sample give the same scene.
"""

from __future__ import annotations

import math
import zlib

import numpy as np
import numpy.typing as npt

from avatar.render.scene import Camera, Colour, Reaction, SceneState
from characters.definition import StageDefinition
from stage.clock import SAMPLE_RATE, seconds
from stage.director.camera import Measures, place
from stage.director.light import LightState, pulse
from stage.timeline import Cue

REACTIONS = 60
"""Reactions drawn at once; with more, the oldest go first."""
LIFE = 3.2
"""Seconds a reaction rises."""


def colour(text: str) -> Colour:
    """``#rrggbb`` as sRGB 0..1."""
    value = text.lstrip("#")
    return tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4))  # type: ignore[return-value]


def _moved(matrix: npt.NDArray[np.float64], point: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (matrix[:3, :3] @ np.array(point) + matrix[:3, 3]).tolist()
    return x, y, z


def _roll(camera: Camera, up: npt.NDArray[np.float64]) -> float:
    """Degrees by which a camera is rolled for ``up`` to be up in its picture."""
    back = np.subtract(camera.position, camera.target)
    right = np.array([back[2], 0.0, -back[0]])
    above = np.cross(back, right)
    across, along = float(up @ right) * float(np.linalg.norm(back)), float(up @ above)
    return math.degrees(math.atan2(-across, along))


class Scenery:
    """The running cues of the stage around the performer."""

    def __init__(self, stage: StageDefinition, body: Measures, aspect: float) -> None:
        self.scene = SceneState(backdrop=stage.set, palette=tuple(colour(c) for c in stage.palette[:3]))
        self.scene.top = body.top - body.ground
        self.body, self.aspect = body, aspect
        self._light = LightState()
        self._camera = Cue(0, 8 * SAMPLE_RATE, "camera", {"shot": "upper", "move": "push"})
        self._beat = Cue(-(10**9), 1, "beat")
        self._bar = Cue(-(10**9), 1, "bar")
        self._caption: Cue | None = None
        self._song: Cue | None = None
        self._reactions: list[Cue] = []
        self._head = np.eye(4)

    def feed(self, cue: Cue) -> None:
        """A cue whose start has come."""
        kind = cue.kind
        if kind == "camera":
            self._camera = cue
        elif kind == "beat":
            self._beat = cue
        elif kind == "bar":
            self._bar = cue
        elif kind == "section":
            self._light.section(cue.sample, str(cue.data.get("name", "")), float(cue.data.get("energy", 0.3)))
        elif kind == "chord":
            self._light.chord(cue.sample, str(cue.data.get("symbol", "")))
        elif kind == "caption" and cue.data.get("sung"):
            self._caption = cue
        elif kind == "song":
            self._song = cue
            self._caption = None
        elif kind == "reaction":
            self._reactions = [*self._reactions[-(REACTIONS - 1) :], cue]

    def at(self, sample: int) -> SceneState:
        """The scene of a moment; the same object every time, filled anew."""
        scene = self.scene
        scene.seconds = seconds(sample)
        scene.beat = pulse(sample, self._beat.sample, self._beat.length)
        scene.bar = pulse(sample, self._bar.sample, self._bar.length)
        self._light.apply(scene, sample)
        scene.camera = place(self._camera, sample, self.body, self.aspect)
        if self._camera.data.get("shot") == "face":
            self._follow(scene.camera)
        scene.led = self._led(sample)
        if self._reactions:
            self._reactions = [c for c in self._reactions if sample - c.sample < LIFE * SAMPLE_RATE]
        scene.reactions = [
            Reaction(
                str(c.data.get("name", "heart")), seconds(sample - c.sample), zlib.crc32(f"{c.sample}{c.data}".encode())
            )
            for c in self._reactions
        ]
        return scene

    def follow(self, head: npt.NDArray[np.float32], rest: npt.NDArray[np.float32]) -> None:
        """World matrices (4, 4) of the head now and at rest: the face shot keeps the face in its place
        and upright, as a camera on her would, so that nothing but the face moves in it."""
        self._head = head.astype(np.float64) @ np.linalg.inv(rest.astype(np.float64))

    def _follow(self, camera: Camera) -> None:
        moved = self._head
        camera.position = _moved(moved, camera.position)
        camera.target = _moved(moved, camera.target)
        camera.roll = _roll(camera, moved[:3, 1])

    def _led(self, sample: int) -> str:
        caption = self._caption
        if caption is not None and caption.sample <= sample < caption.end + SAMPLE_RATE:
            return str(caption.data.get("text", ""))
        song = self._song
        if song is not None and not song.data.get("bed") and sample < song.sample + 6 * SAMPLE_RATE:
            return str(song.data.get("title", ""))
        return ""

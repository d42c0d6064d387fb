"""The actor: what is seen of a show. Cues in, drawn moments out; nothing here knows where the cues come from.

A show that is being made (:mod:`stage.performance`) and one that is performed again (:mod:`stage.replay`) share it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar.motion import Performer
from avatar.render.scene import Camera, Reaction
from avatar.rig import Rig
from avatar.rig.frame import PoseFrame
from avatar.vrm import load
from avatar.wardrobe import ensure
from characters.definition import Definition
from stage.capture import CaptureSettings, StageCapture, clips_of
from stage.clock import SAMPLE_RATE
from stage.director.camera import Measures
from stage.paths import cache_dir
from stage.scenery import Scenery
from stage.timeline import Cue

if TYPE_CHECKING:
    from avatar.render import Picture

LIPS_LEAD = SAMPLE_RATE * 5 // 1000
"""Lips are this much ahead of the phone: measured on encoded films, vowels are seen half open as much later
than they are heard half up (``python -m tests.stage.vowels``)."""


def name_of(definition: Definition) -> str:
    """The name a character is loaded by (its folder's)."""
    return definition.folder.name if definition.folder else definition.identity.name


def body_of(definition: Definition) -> Path:
    """The character's own ``avatar.vrm``, or one built from its look (once; kept in the cache)."""
    own = definition.folder / "avatar.vrm" if definition.folder else None
    if own is not None and own.is_file():
        return own
    return ensure(definition.look, cache_dir() / "wardrobe", definition.identity.name)


def rest_positions(rig: Rig) -> dict[str, tuple[float, float, float]]:
    """World positions (metres) of a new rig's humanoid bones at rest."""
    return {name: tuple(float(v) for v in rig.world[node][:3, 3]) for name, node in rig.model.bones.items()}  # type: ignore[misc]


def measure(rig: Rig) -> Measures:
    """Heights of a new rig's eyes, chest, hips and of its highest and lowest vertex at rest, for framing."""
    model, rest = rig.model, rest_positions(rig)
    heights = np.zeros(len(model.positions), np.float32)
    rows = rig.joint_matrices[:, 1, :]
    for k in range(model.joints.shape[1]):
        row = rows[model.joints[:, k]]
        heights += model.weights[:, k] * ((row[:, :3] * model.positions).sum(axis=1) + row[:, 3])
    used = np.unique(np.concatenate([p.indices for p in model.primitives])) if model.primitives else slice(None)
    ground, top = float(heights[used].min()), float(heights[used].max())
    head, hips = rest["head"][1], rest["hips"][1]
    eye = rest.get("leftEye")
    eyes = eye[1] if eye is not None and eye[1] > head else head + 0.35 * (top - head)
    chest = rest.get("chest", rest.get("spine", (0.0, hips + 0.35 * (head - hips), 0.0)))[1]
    return Measures(top, eyes, chest, hips, ground)


class Actor:
    """A character's body, and the stage around it, at any sample."""

    def __init__(
        self, definition: Definition, seed: int, aspect: float, fps: float, capture: CaptureSettings | None = None
    ) -> None:
        """``aspect``: width of the picture by its height; ``fps``: pictures a second, for the first one's springs."""
        self.performer = Performer(seed, mouth_lead=LIPS_LEAD)
        self.model = load(body_of(definition))
        self.rig = Rig(self.model)
        self.performer.wear(self.rig)
        for name, clip in clips_of(definition).items():
            self.performer.learn(name, clip)
        self.capture = StageCapture(capture, self.rig) if capture else None
        self.scenery = Scenery(definition.stage, measure(self.rig), aspect)
        self._rest_head = self.rig.rest_world[self.model.bones["head"]].copy()
        self._pose = PoseFrame()
        self._step = 1 / fps
        self._last = -1

    def tell(self, cue: Cue) -> None:
        """A cue for the body, in time for what leads up to it."""
        body, data = self.performer, cue.data
        match cue.kind:
            case "phoneme" | "viseme":
                if data.get("symbol") == "breath":
                    body.breath(cue.sample, cue.length)
                else:
                    weight, levels, early = data.get("weight", 1.0), data.get("levels", ()), data.get("early", 0)
                    body.mouth(cue.sample, cue.length, data["viseme"], weight, cue.owner, levels, early)
            case "caption":
                body.speech(cue.sample, cue.length, cue.owner)
            case "expression":
                body.expression(cue.sample, cue.length, data["name"], data.get("weight", 1.0), cue.owner)
            case "gesture":
                body.gesture(cue.sample, cue.length, data["name"], data["stroke"], cue.owner)
            case "gaze":
                target = data["target"]
                body.gaze(cue.sample, cue.length, target if isinstance(target, str) else (target[0], target[1]))
            case "beat":
                body.beat(cue.sample, cue.length, data["beat"] == 0, data["energy"])
            case "section":
                body.section(cue.sample, cue.length, data["name"], data["energy"])

    def show(self, cue: Cue) -> None:
        """A cue whose sample has come: light, camera, reactions, the wall behind."""
        self.scenery.feed(cue)

    def draw(self, picture: Picture, sample: int) -> None:
        """Pose, light and draw the moment ``sample``."""
        dt = (sample - self._last) / SAMPLE_RATE if self._last >= 0 else self._step
        self._last = sample
        if self.capture is not None:
            self.performer.follow(self.capture.person(), self.capture.modes)
        pose = self.performer.frame(sample, self._pose)
        self.rig.apply(pose, dt)
        self.scenery.follow(self.rig.world[self.model.bones["head"]], self._rest_head)
        scene = self.scenery.at(sample)
        if self.capture is not None:
            self.capture.camera(scene.camera)
            self.capture.tell(pose, sample / SAMPLE_RATE, scene.camera)
        picture.draw(self.rig, scene)

    def rehearse(self, picture: Picture) -> None:
        """Draw once all that a stage may show, so that nothing is compiled during the show."""
        scene = replace(
            self.scenery.at(0), camera=Camera((0, 1.2, 6), (0, 1.2, 0), 40), energy=1.0, beams=1.0, fade=0.5, led="la",
            reactions=[Reaction("heart", 0.1, 0)],
        )  # fmt: skip
        for _ in range(2):  # what is far behind comes a picture later
            picture.draw(self.rig, scene)

    def restart(self) -> None:
        """Springs hang still and time has not passed: call before the first frame."""
        self.rig.reset()
        self._last = -1

    def close(self) -> None:
        """Let go of what was followed."""
        if self.capture is not None:
            self.capture.close()

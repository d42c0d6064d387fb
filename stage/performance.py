"""The performance: one loop that turns cues into sound and picture, live and offline.

A :class:`Performance` holds the rooms and knows how to make one frame and one stretch of sound.
:mod:`stage.offline` pulls it as fast as it can, :mod:`stage.live` at the pace of the world; nothing else differs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from audio.engine import Band
from audio.engine.model import Message
from avatar.motion import Performer
from avatar.render.scene import Camera, Reaction
from avatar.rig import Rig
from avatar.rig.frame import PoseFrame
from avatar.vrm import load
from avatar.wardrobe import ensure
from characters.definition import Definition
from characters.memory import open_remembering
from characters.persona.mind import Inline, Mind
from stage.capture import CaptureSettings, StageCapture, clips_of
from stage.clock import SAMPLE_RATE, FrameClock
from stage.director.camera import Measures
from stage.director.director import Director
from stage.director.plan import Plan
from stage.gateway.model import FanEvent
from stage.paths import cache_dir
from stage.scenery import Scenery
from stage.studio import Studio
from stage.timeline import Cue, Timeline

if TYPE_CHECKING:
    from avatar.render import Picture

log = logging.getLogger("limelight.stage")

LIPS_LEAD = SAMPLE_RATE * 2 // 1000
"""Lips are this much ahead of the phone: measured on encoded files, bed and room put the middle of the heard energy
later than the dry phone."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a show was asked to be."""

    definition: Definition
    seed: int = 1
    seconds: float | None = None
    width: int = 1280
    height: int = 720
    fps: int = 30
    shot: str = "auto"
    live: bool = False
    lead: int = SAMPLE_RATE // 5
    """Samples the band plays ahead (200 ms): the price of never missing a block on a busy machine."""
    plan: Plan = field(default_factory=Plan)
    memory: Path | None = None
    """File in which fans are remembered (live shows only); None: nothing is kept."""
    capture: CaptureSettings | None = None
    """A person who drives the avatar, or programs that are told; live only."""


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


class Performance:
    """Everything of a show but its pace and its outputs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.definition = settings.definition
        self.clock = FrameClock(settings.fps)
        self.timeline = Timeline()
        self.timeline.listeners.append(self._added)
        self.timeline.cut_listeners.append(self._cut)
        self.performer = Performer(settings.seed, mouth_lead=LIPS_LEAD)
        self.band = Band(lead=settings.lead)
        self.band.start()
        self.studio = Studio(self.definition, settings.live)
        self.mind: Mind | Inline
        if settings.live:
            opener = partial(open_remembering, path=settings.memory) if settings.memory else None
            mind = Mind(self.definition, settings.seed, opener=opener)
            mind.start()
            self.mind = mind
        else:
            self.mind = Inline(self.definition, settings.seed)
        self.model = load(body_of(self.definition))
        self.rig = Rig(self.model)
        self.performer.wear(self.rig)
        for name, clip in clips_of(self.definition).items():
            self.performer.learn(name, clip)
        self.capture = StageCapture(settings.capture, self.rig) if settings.capture and settings.live else None
        self._rest_head = self.rig.rest_world[self.model.bones["head"]].copy()
        self.scenery = Scenery(self.definition.stage, measure(self.rig), settings.width / settings.height)
        plan = replace(settings.plan, total=settings.seconds, shot=settings.shot)
        self.taps: list[Callable[..., None]] = []
        """Called with every message to the band."""
        self.director = Director(
            self.definition, self.timeline, self._send, self.studio, self.mind, settings.seed, plan
        )
        self.on_cue: list[Callable[[Cue], None]] = []
        """Called with every cue when its sample is shown."""
        self._pose = PoseFrame()
        self._shown = -1
        self._fed = 0
        self._last = -1

    def _send(self, *messages: Message) -> None:
        self.band.send(*messages)
        for tap in self.taps:
            tap(*messages)

    # ---- cues -------------------------------------------------------------------------------------------
    def _added(self, cue: Cue) -> None:
        if cue.interruption != "keep":
            self._to_body(cue)
        if cue.sample <= self._shown:  # known only afterwards: what was heard of an answer
            for listener in self.on_cue:
                listener(cue)

    def _cut(self, at: int, owner: str | None) -> None:
        self.performer.cut(at, owner)

    def _to_body(self, cue: Cue) -> None:
        body, data = self.performer, cue.data
        if cue.kind == "phoneme":
            if data["symbol"] == "breath":
                body.breath(cue.sample, cue.length)
            else:
                weight, levels, early = data.get("weight", 1.0), data.get("levels", ()), data.get("early", 0)
                body.mouth(cue.sample, cue.length, data["viseme"], weight, cue.owner, levels, early)
        elif cue.kind == "caption" and not data.get("sung"):
            body.speech(cue.sample, cue.length, cue.owner)
        elif cue.kind == "expression":
            body.expression(cue.sample, cue.length, data["name"], data.get("weight", 1.0), cue.owner)
        elif cue.kind == "gesture":
            body.gesture(cue.sample, cue.length, data["name"], data["stroke"], cue.owner)
        elif cue.kind == "gaze":
            body.gaze(cue.sample, cue.length, data["target"])
        elif cue.kind == "beat":
            body.beat(cue.sample, cue.length, data["beat"] == 0, data["energy"])
        elif cue.kind == "section":
            body.section(cue.sample, cue.length, data["name"], data["energy"])
        elif cue.kind == "caption":
            body.speech(cue.sample, cue.length, cue.owner)

    def _feed(self, horizon: int) -> None:
        """Music's cues reach the body once they can no longer be withdrawn."""
        for cue in self.timeline.starting(self._fed, horizon):
            if cue.interruption == "keep":
                self._to_body(cue)
        self._fed = max(self._fed, horizon)

    # ---- one frame --------------------------------------------------------------------------------------
    def direct(self, sample: int, events: list[FanEvent]) -> None:
        """Let the director move on at the frame that begins at ``sample``."""
        horizon = self.band.horizon
        self.director.hear(events, sample)
        self.director.step(sample, horizon)
        self._feed(horizon)
        for cue in self.timeline.starting(self._shown + 1, sample + 1):
            self.scenery.feed(cue)
            for listener in self.on_cue:
                listener(cue)
        self._shown = sample

    def draw(self, picture: Picture, sample: int) -> None:
        """Pose, light and draw the moment ``sample``."""
        dt = (sample - self._last) / SAMPLE_RATE if self._last >= 0 else 1 / float(self.clock.fps)
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

    def restart_body(self) -> None:
        """Springs hang still and time has not passed: call before the first frame."""
        self.rig.reset()
        self._last = -1

    def sound(self, count: int, timeout: float | None = None) -> npt.NDArray[np.float32]:
        """The next ``count`` samples of sound, (count, 2); live, silence for what is not made within ``timeout``."""
        return self.band.pull(count, timeout)

    def forget(self, before: int) -> None:
        """Keep memory flat in a long show: drop what ended long ago."""
        self.timeline.forget(before)
        self.performer.forget(before)

    def processes(self) -> dict[str, int]:
        """Process ids by room, for reports."""
        rooms: dict[str, Any] = {
            "band": self.band,
            "voice": self.studio.voice,
            "singer": self.studio.singer,
            "composer": self.studio.composer,
            "mind": self.mind,
        }
        found = {name: pid for name, room in rooms.items() if (pid := getattr(room, "pid", 0))}
        followed = self.capture.processes() if self.capture is not None else {}
        return {"band": self.band.host_pid or 0} | found | followed

    def close(self) -> None:
        """End every process."""
        if self.capture is not None:
            self.capture.close()
        self.band.close()
        self.studio.close()
        self.mind.close()

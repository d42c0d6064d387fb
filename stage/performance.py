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
from typing import Any

import numpy as np
import numpy.typing as npt

from audio.engine import Band
from audio.engine.model import Message
from characters.definition import Definition
from characters.memory import open_remembering
from characters.persona.mind import Inline, Mind
from stage.actor import Actor, name_of
from stage.capture import CaptureSettings
from stage.clock import SAMPLE_RATE, FrameClock
from stage.director.director import Director
from stage.director.plan import Plan
from stage.gateway.model import FanEvent
from stage.studio import Studio
from stage.timeline import Cue, Timeline

log = logging.getLogger("limelight.stage")


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


class Performance:
    """Everything of a show but its pace and its outputs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.definition = settings.definition
        self.clock = FrameClock(settings.fps)
        self.timeline = Timeline()
        self.timeline.listeners.append(self._added)
        self.timeline.cut_listeners.append(self._cut)
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
        followed = settings.capture if settings.live else None
        aspect = settings.width / settings.height
        self.actor = Actor(self.definition, settings.seed, aspect, float(self.clock.fps), followed)
        plan = replace(settings.plan, total=settings.seconds, shot=settings.shot)
        self.taps: list[Callable[..., None]] = []
        """Called with every message to the band."""
        self.director = Director(
            self.definition, self.timeline, self._send, self.studio, self.mind, settings.seed, plan
        )
        self.on_cue: list[Callable[[Cue], None]] = []
        """Called with every cue when its sample is shown."""
        self._shown = -1
        self._fed = 0
        self.timeline.add(Cue(0, 0, "show", {"character": name_of(self.definition), "seed": settings.seed}))

    def _send(self, *messages: Message) -> None:
        self.band.send(*messages)
        for tap in self.taps:
            tap(*messages)

    # ---- cues -------------------------------------------------------------------------------------------
    def _added(self, cue: Cue) -> None:
        if cue.interruption != "keep":
            self.actor.tell(cue)
        if cue.sample <= self._shown:  # known only afterwards: what was heard of an answer
            for listener in self.on_cue:
                listener(cue)

    def _cut(self, at: int, owner: str | None) -> None:
        self.actor.performer.cut(at, owner)

    def _feed(self, horizon: int) -> None:
        """Music's cues reach the body once they can no longer be withdrawn."""
        for cue in self.timeline.starting(self._fed, horizon):
            if cue.interruption == "keep":
                self.actor.tell(cue)
        self._fed = max(self._fed, horizon)

    # ---- one frame --------------------------------------------------------------------------------------
    def direct(self, sample: int, events: list[FanEvent]) -> None:
        """Let the director move on at the frame that begins at ``sample``."""
        horizon = self.band.horizon
        self.director.hear(events, sample)
        self.director.step(sample, horizon)
        self._feed(horizon)
        for cue in self.timeline.starting(self._shown + 1, sample + 1):
            self.actor.show(cue)
            for listener in self.on_cue:
                listener(cue)
        self._shown = sample

    def sound(self, count: int, timeout: float | None = None) -> npt.NDArray[np.float32]:
        """The next ``count`` samples of sound, (count, 2); live, silence for what is not made within ``timeout``."""
        return self.band.pull(count, timeout)

    def forget(self, before: int) -> None:
        """Keep memory flat in a long show: drop what ended long ago."""
        self.timeline.forget(before)
        self.actor.performer.forget(before)

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
        followed = self.actor.capture.processes() if self.actor.capture is not None else {}
        return {"band": self.band.host_pid or 0} | found | followed

    def close(self) -> None:
        """End every process."""
        self.actor.close()
        self.band.close()
        self.studio.close()
        self.mind.close()

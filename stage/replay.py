"""``replay``: a show that was, performed again from its timeline and its sound, in any size, rate or shot.

A live show on a weak machine is a small picture; its cues and its sound lose nothing. Every cue may be edited first:
what is not touched stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from characters.definition import Definition
from stage.actor import Actor
from stage.clock import SAMPLE_RATE, FrameClock
from stage.director.camera import shot_cue
from stage.film import Film, filming
from stage.tape import Tape
from stage.timeline import FARTHEST, Timeline

AHEAD = 30 * SAMPLE_RATE
"""The body knows cues this long before they begin, longer than anything leads up to."""
LEAD = SAMPLE_RATE // 5
"""Music is known as long before as it was that night: a dancer who hears the next bar coming goes towards it."""
KEPT = 60 * SAMPLE_RATE
"""And this long after."""


@dataclass(frozen=True, slots=True)
class Again:
    """How to perform it this time."""

    definition: Definition
    seed: int = 1
    width: int = 1280
    height: int = 720
    fps: int = 30
    shot: str = "auto"
    """``auto``: the cameras of that night."""


def made_by(timeline: Timeline) -> tuple[str | None, int | None]:
    """Whose show it was and by which seed; None where the timeline does not say."""
    for cue in timeline:
        if cue.kind == "show":
            return cue.data["character"], cue.data["seed"]
    return None, None


def replay(
    again: Again, timeline: Timeline, sound: Path, out: Path, progress: Callable[[int, int], None]
) -> dict[str, object]:
    """Perform the cues to the recorded sound, into an MP4 as long as the sound; ``progress(done, all)`` counts frames."""
    tape = Tape(sound)
    clock = FrameClock(again.fps)
    name = again.definition.identity.name
    try:
        actor = Actor(again.definition, again.seed, again.width / again.height, float(again.fps))
        with filming(out, (again.width, again.height), again.fps, name, actor.model) as film:
            made = _frames(_Cues(actor, timeline, again.shot), clock, tape, film, progress)
    finally:
        tape.close()
    return {"seconds": round(min(tape.samples, clock.sample(made)) / SAMPLE_RATE, 3), "cues": len(timeline)}


class _Cues:
    """Gives the actor each cue when its time has come."""

    def __init__(self, actor: Actor, timeline: Timeline, shot: str) -> None:
        self.actor = actor
        cues = [cue for cue in timeline if shot == "auto" or cue.kind != "camera"]
        if shot != "auto":
            cues.insert(0, shot_cue(min(0, cues[0].sample if cues else 0), FARTHEST, shot, "still"))
        self._music = [cue for cue in cues if cue.interruption == "keep"]
        self._acting = [cue for cue in cues if cue.interruption != "keep"]
        self._cues, self._told, self._heard, self._shown = cues, 0, 0, 0

    def until(self, sample: int) -> None:
        """All that the moment ``sample`` needs."""
        horizon = sample + LEAD
        while self._told < len(self._acting) and self._acting[self._told].sample <= sample + AHEAD:
            self.actor.tell(self._acting[self._told])
            self._told += 1
        while self._heard < len(self._music) and self._music[self._heard].sample < horizon:
            self.actor.tell(self._music[self._heard])
            self._heard += 1
        while self._shown < len(self._cues) and self._cues[self._shown].sample <= sample:
            self.actor.show(self._cues[self._shown])
            self._shown += 1


def _frames(cues: _Cues, clock: FrameClock, tape: Tape, film: Film, progress: Callable[[int, int], None]) -> int:
    """Every picture and its sound; how many there were."""
    frames, frame = max(1, -(-tape.samples * int(clock.fps) // SAMPLE_RATE)), 0
    for frame in range(frames):
        sample = clock.sample(frame)
        cues.until(sample)
        if frame % (10 * int(clock.fps)) == 0:
            cues.actor.performer.forget(sample - KEPT)
        cues.actor.draw(film.picture, sample)
        film.drawn(sample)
        film.encoder.audio(tape.read(min(clock.length(frame), tape.samples - sample)), sample)
        progress(frame + 1, frames)
        if tape.ended:  # a file that says it is longer than it is
            break
    return frame + 1

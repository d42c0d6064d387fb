"""A camera director with film grammar: which shot, how it moves, and where that puts the camera.

Shots are chosen from what happens (talk, section, dance) and put on the timeline as ``camera`` cues, cut on bar
lines or on the first word of a line, held for at least two bars. Where the camera stands is a function of the
cue, the performer's measures and the sample, so live and offline agree.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from avatar.render.scene import Camera
from stage.clock import SAMPLE_RATE
from stage.timeline import Cue


@dataclass(frozen=True, slots=True)
class Measures:
    """Where a performer's body is, in metres at rest."""

    top: float = 1.52
    eyes: float = 1.33
    chest: float = 1.05
    hips: float = 0.80
    ground: float = 0.0


SHOTS: dict[str, tuple[str, float, float, float, float]] = {
    # name: framed at, share of the frame above it, height of the frame (body heights), azimuth, elevation (degrees)
    "face": ("eyes", 0.42, 0.30, 0.0, 0.0),
    "close": ("eyes", 0.36, 0.44, 6.0, -1.0),
    "close_left": ("eyes", 0.36, 0.46, 24.0, 0.0),
    "close_right": ("eyes", 0.36, 0.46, -24.0, 0.0),
    "upper": ("eyes", 0.34, 0.62, 0.0, 0.0),
    "upper_left": ("eyes", 0.34, 0.66, 20.0, 2.0),
    "upper_right": ("eyes", 0.34, 0.66, -20.0, 2.0),
    "full": ("chest", 0.42, 1.22, 0.0, 1.0),
    "low": ("chest", 0.45, 1.30, 14.0, -7.0),
    "wide": ("chest", 0.50, 1.62, -10.0, 4.0),
    "crane": ("chest", 0.52, 1.80, 16.0, 13.0),
}
"""Shots; see the comment for what the numbers mean. Azimuth > 0 puts the camera at the performer's left."""

THIRDS = {
    "upper_left": -0.15, "upper_right": 0.15, "close_left": -0.14, "close_right": 0.14, "wide": 0.11, "crane": -0.09,
}  # fmt: skip
"""How far the picture's middle is moved to the camera's right, in widths of the frame."""

MOVES = ("still", "push", "pull", "arc_left", "arc_right", "rise")
FOV = 28.0

TALK = (("upper", 4), ("close", 3), ("upper_left", 2), ("upper_right", 2))
SUNG = {
    "intro": (("wide", 3), ("crane", 2), ("full", 2)),
    "verse": (("upper", 3), ("close_left", 2), ("close_right", 2), ("full", 2), ("upper_left", 2)),
    "pre": (("close", 3), ("upper_right", 2), ("low", 2)),
    "chorus": (("full", 3), ("low", 3), ("upper", 2), ("upper_right", 1), ("wide", 1), ("crane", 1)),
    "bridge": (("close", 3), ("close_left", 2), ("crane", 2)),
    "break": (("wide", 3), ("low", 3), ("full", 2)),
    "outro": (("crane", 2), ("wide", 3), ("full", 1)),
}


def shot_cue(start: int, length: int, shot: str, move: str, owner: str = "") -> Cue:
    """A ``camera`` cue."""
    return Cue(start, length, "camera", {"shot": shot, "move": move}, owner)


def plan_section(start: int, bars: list[int], name: str, energy: float, seed: str, owner: str) -> list[Cue]:
    """Shots for a section: ``bars`` are its bar lines, the end included; cuts every two or four bars."""
    rng = random.Random(f"camera/{seed}/{name}/{start}")
    choices = SUNG.get(name, SUNG["verse"])
    cues: list[Cue] = []
    i, last = 0, ""
    while i < len(bars) - 1:
        hold = 4 if energy < 0.45 or rng.random() < 0.35 else 2
        end = min(len(bars) - 1, i + hold)
        if len(bars) - 1 - end < 2:
            end = len(bars) - 1
        names = [shot for shot, weight in choices for _ in range(weight) if shot != last]
        shot = rng.choice(names)
        move = rng.choice(
            ("push", "arc_left", "arc_right", "still")
            if energy < 0.6
            else ("push", "pull", "arc_left", "arc_right", "rise")
        )
        cues.append(shot_cue(bars[i], bars[end] - bars[i], shot, move, owner))
        last, i = shot, end
    return cues


def talk_cue(start: int, length: int, seed: str, last: str) -> Cue:
    """A shot for talk: calm, near, another than the last."""
    rng = random.Random(f"talk/{seed}/{start}")
    shot = rng.choice([name for name, weight in TALK for _ in range(weight) if name != last])
    return shot_cue(start, length, shot, rng.choice(("push", "arc_left", "arc_right", "still")))


def _ease(t: float) -> float:
    return t * t * t * (t * (6 * t - 15) + 10)


def place(cue: Cue, sample: int, body: Measures, aspect: float) -> Camera:
    """Where the camera of a cue is at a sample (positions in metres)."""
    shot = cue.data.get("shot", "upper")
    at, above, height, azimuth, elevation = SHOTS.get(shot, SHOTS["upper"])
    t = _ease(min(1.0, max(0.0, (sample - cue.sample) / max(1, cue.length))))
    span = 0.35 + 0.65 * min(1.0, cue.length / (6 * SAMPLE_RATE))
    frame = height * (body.top - body.ground)
    move = cue.data.get("move", "still")
    if move == "push":
        frame *= 1.0 + 0.10 * span * (0.5 - t)
    elif move == "pull":
        frame *= 1.0 - 0.12 * span * (0.5 - t)
    elif move in ("arc_left", "arc_right"):
        azimuth += (1 if move == "arc_left" else -1) * 13.0 * span * (t - 0.5)
    elif move == "rise":
        elevation += 5.0 * span * (t - 0.5)
    focus = {"eyes": body.eyes, "chest": body.chest, "hips": body.hips}[at]
    if aspect < 1.0:  # a portrait frame is filled by its width: stand further back
        frame *= 1.0 + 0.8 * (1.0 - aspect)
    distance = frame / 2 / math.tan(math.radians(FOV / 2))
    centre = focus - frame * (0.5 - above)
    a, e = math.radians(azimuth), math.radians(elevation)
    y = max(body.ground + 0.12, centre + distance * math.sin(e))
    # Rule of thirds: seen from her left she stands at the left, and looks into the free side.
    aside = THIRDS.get(shot, 0.0) * frame * aspect if aspect >= 1.0 else 0.0
    across = (math.cos(a) * aside, -math.sin(a) * aside)
    position = (distance * math.sin(a) * math.cos(e) + across[0], y, distance * math.cos(a) * math.cos(e) + across[1])
    return Camera(position, (across[0], centre, across[1]), FOV)

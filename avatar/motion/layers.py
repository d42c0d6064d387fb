"""Layers above the solved pose: a character's own clips, and a person.

Order, lowest first: idle (clip), dance (clip), gestures and gesture clips, the person; then mood, mouth and springs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from avatar.motion.clips.clip import Bound, Clip, blend
from avatar.motion.cues import RATE, Gesture, Track
from avatar.motion.noise import window
from avatar.motion.person import Mode, Person
from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES, PoseFrame
from avatar.rig.maths import multiply

Floats = npt.NDArray[np.float32]

_FADE = 0.3
_TORSO = ("spine", "chest", "upperChest", "neck", "head")
_TORSO_SHARE = 0.6
"""An idle clip leaves this much of the torso's breathing and turning to the living idle."""
_DANCE_FROM = 0.5
_AI_HEAD = 0.35
"""Of the performer's own head motion, what stays under a person's when both are mixed."""
_MOUTH = ("aa", "ih", "ou", "ee", "oh")
_CHAIN = [BONE_INDEX[b] for b in ("hips", "spine", "chest", "upperChest", "neck", "head")]
_ARMS = {side: np.array([i for i, b in enumerate(HUMANOID_BONES) if b.startswith(side) and "Leg" not in b
                         and b[len(side):] not in ("Foot", "Toes", "Eye")], np.intp)
         for side in ("left", "right")}  # fmt: skip
_TRUNK = np.array([BONE_INDEX[b] for b in _TORSO], np.intp)
_HEAD = np.array([BONE_INDEX["neck"], BONE_INDEX["head"]], np.intp)


class ClipLayer:
    """A character's clips: ``idle`` under all, ``dance_BPM`` on the beat, any other name a gesture."""

    __slots__ = ("_bones", "_height", "bound", "clips", "dances", "mask", "strokes", "track")

    def __init__(self) -> None:
        self.clips: dict[str, Clip] = {}
        self.bound: dict[str, Bound] = {}
        self.dances: list[tuple[str, float]] = []
        self.strokes: dict[str, float] = {}
        self.track: Track[Gesture] = Track()
        self.mask = np.ones(len(HUMANOID_BONES), np.float32)
        self._bones: Collection[str] = HUMANOID_BONES
        self._height = 0.8

    def learn(self, name: str, clip: Clip) -> None:
        """Take a clip in under a name."""
        self.clips[name] = clip
        tempo = re.fullmatch(r"dance\w*?_(\d{2,3})", name)
        if tempo:
            self.dances.append((name, float(tempo[1])))
            self.dances.sort()
        self.strokes[name] = stroke(clip)
        self.bound[name] = clip.bind(self._bones, self._height)

    def fit(self, bones: Collection[str], height: float) -> None:
        """The body that wears the clips."""
        self._bones, self._height = bones, height
        self.bound = {name: clip.bind(bones, height) for name, clip in self.clips.items()}

    def add(self, name: str, start: int, length: int, at: int, owner: str) -> None:
        """A gesture clip whose farthest reach falls on sample ``at``."""
        whole = int(self.clips[name].seconds * RATE)
        begin = at - int(self.strokes[name] * RATE)
        end = begin + (min(whole, max(length, RATE // 2)) if length > 0 else whole)
        self.track.add(Gesture(begin, max(end, begin + 1), owner, name, at))

    def active(self, sample: int) -> bool:
        """Whether any clip shows at a sample."""
        return bool(self.clips) and ("idle" in self.clips or bool(self.dances) or bool(self.track.spans))

    def apply(
        self, sample: int, frame: PoseFrame, dancing: float, beats: float | None, energy: float,
        held: Mapping[str, float],
    ) -> None:  # fmt: skip
        """Lay the clips over ``frame``; ``beats`` since the section began, ``held`` what gestures hold 0..1."""
        free = self.mask
        free[:] = 1.0
        for side, rows in _ARMS.items():
            free[rows] = 1.0 - held.get(side, 0.0)
        free[_TRUNK] *= 1.0 - 0.7 * held.get("body", 0.0)
        gaze = frame.gaze
        if "idle" in self.bound and dancing < 1.0:
            part = free.copy()
            part[_TRUNK] *= _TORSO_SHARE
            self.bound["idle"].apply(sample / RATE, frame, 1.0 - dancing, part, loop=True)
        if self.dances and beats is not None and energy >= _DANCE_FROM:
            name, bpm = self.dances[int(beats // 32) % len(self.dances)]
            self.bound[name].apply(beats * 60.0 / bpm, frame, dancing, free, loop=True)
        frame.gaze = gaze
        for cue in self.track.near(sample, sample + 1):
            t = (sample - cue.start) / RATE
            length = (cue.end - cue.start) / RATE
            fade = min(_FADE, length / 3)
            self.bound[cue.name].apply(t, frame, window(t, 0.0, length, fade, fade))


def stroke(clip: Clip) -> float:
    """Second at which arms and head are farthest from where the clip begins."""
    rows = [BONE_INDEX[f"{s}{b}"] for s in ("left", "right") for b in ("UpperArm", "LowerArm", "Hand")]
    rows.append(BONE_INDEX["head"])
    alike = np.abs((clip.rotations[:, rows] * clip.rotations[0, rows]).sum(-1)).clip(0, 1)
    away = np.arccos(alike).sum(1)
    return float(np.argmax(away >= 0.98 * away.max())) / clip.rate if away.max() > 0.02 else 0.0


def head_angles(rotations: Floats) -> tuple[float, float]:
    """(pitch, yaw) in degrees of the head in the world: pitch > 0 down, yaw > 0 to the left."""
    turn = rotations[_CHAIN[0]]
    for row in _CHAIN[1:]:
        turn = multiply(turn, rotations[row])
    x, y, z, w = (float(v) for v in turn)
    ahead = (2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y))
    return -math.degrees(math.asin(max(-1.0, min(1.0, ahead[1])))), math.degrees(math.atan2(ahead[0], ahead[2]))


def kind_of(name: str) -> str:
    """The layer an expression belongs to: mouth, eyes or face."""
    low = name.lower()
    if name in _MOUTH or low.startswith(("jaw", "mouth", "tongue")):
        return "mouth"
    return "eyes" if low.startswith(("blink", "eyeblink", "eyesquint", "eyewide")) else "face"


def person_body(frame: PoseFrame, person: Person, modes: Mapping[str, Mode], held: Mapping[str, float]) -> None:
    """Lay a person's body and head over the frame. Mixed: the performer's gestures and some of her head stay."""
    here = np.float32(person.presence)
    if modes["body"] != "ai" and person.seen.any():
        part = person.seen * here
        part[_HEAD] = 0
        if modes["body"] == "mixed":
            for side, rows in _ARMS.items():
                part[rows] *= 1.0 - held.get(side, 0.0)
        frame.rotations[:] = blend(frame.rotations, person.rotations, part[:, None])
        frame.hips += (person.hips - frame.hips) * part[0]
    if modes["head"] != "ai":
        goal = person.rotations[_HEAD]
        if modes["head"] == "mixed":
            rest = np.zeros_like(goal)
            rest[:, 3] = 1
            goal = multiply(goal, blend(rest, frame.rotations[_HEAD], _AI_HEAD))
        frame.rotations[_HEAD] = blend(frame.rotations[_HEAD], goal, (person.seen[_HEAD] * here)[:, None])


def person_face(frame: PoseFrame, person: Person, modes: Mapping[str, Mode], talk: float) -> None:
    """Lay a person's face over the frame. ``talk`` 0..1: the performer speaks or sings with the mouth herself."""
    here, weights = person.presence, frame.expressions
    if here <= 0.0:
        return
    # The lids by both names at once would close them twice.
    if modes["eyes"] == "person" or person.expressions.keys() & {"blinkLeft", "blinkRight"}:
        wanted = person.expressions.get("blink", 0.0)
        if modes["eyes"] != "ai":
            keep = weights.get("blink", 0.0) if modes["eyes"] == "mixed" else 0.0
            weights["blink"] = weights.get("blink", 0.0) * (1 - here) + max(wanted, keep) * here
    if modes["mouth"] == "person":
        for name in _MOUTH:
            if name not in person.expressions:
                weights[name] = weights.get(name, 0.0) * (1 - here)
    if modes["face"] == "person":
        for name in weights:
            if kind_of(name) == "face" and name not in person.expressions:
                weights[name] *= 1 - here
    for name, value in person.expressions.items():
        layer = kind_of(name)
        mode = modes[layer]
        if mode == "ai" or name == "blink":
            continue
        old = weights.get(name, 0.0)
        if mode == "person":
            goal, part = value, here
        elif layer == "mouth":
            goal, part = value, here * (1.0 - talk)
        else:
            goal, part = max(value, old), here
        weights[name] = min(1.0, max(0.0, old + (goal - old) * part))
    if "blink" in person.expressions and modes["eyes"] == "mixed" and "blinkLeft" not in person.expressions:
        weights["blink"] = max(weights.get("blink", 0.0), person.expressions["blink"] * here)
    if person.gaze is not None and modes["eyes"] != "ai":
        yaw, pitch = frame.gaze
        frame.gaze = (yaw + (person.gaze[0] - yaw) * here, pitch + (person.gaze[1] - pitch) * here)

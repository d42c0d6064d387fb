"""From readings of a face to a :class:`Person`: calibrated, smoothed, held and eased when the face is lost. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avatar.capture.calibrate import Calibration, Learner
from avatar.capture.express import expressions, gaze
from avatar.capture.filters import OneEuro
from avatar.capture.scores import NAMES
from avatar.motion.noise import min_jerk
from avatar.motion.person import Person
from avatar.rig.frame import BONE_INDEX
from avatar.rig.maths import conjugate, multiply

HOLD, EASE, RETURN = 0.4, 0.8, 0.35
"""Seconds a lost face is held, eases out, and eases in again."""
_HEAD, _NECK = BONE_INDEX["head"], BONE_INDEX["neck"]
_NECK_SHARE = 0.4
_QUICK = np.array([4.0 if n.startswith(("eyeBlink", "mouth", "jaw")) else 1.6 for n in NAMES])
_BETA = np.array([3.0 if n.startswith(("eyeBlink", "mouth", "jaw")) else 1.2 for n in NAMES])


@dataclass(slots=True)
class Reading:
    """What a landmarker saw in one picture: ``head`` (x, y, z, w) towards the camera, ``scores`` (52,).

    ``body`` (55, 4) and ``seen`` (55,) come from a pose landmarker, where there is one.
    """

    seconds: float
    found: bool
    head: npt.NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))
    scores: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(NAMES)))
    body: npt.NDArray[np.float32] | None = None
    seen: npt.NDArray[np.float32] | None = None


class Tracker:
    """Follows one person. ``names``: expressions of the model that is driven."""

    def __init__(self, names: Collection[str], calibration: Calibration | None = None, learn: bool = True) -> None:
        self.names = frozenset(names)
        self.calibration = calibration or Calibration()
        self.learner = Learner() if learn and calibration is None else None
        self._head, self._scores = OneEuro(1.8, 6.0), OneEuro(_QUICK, _BETA)
        self._body = OneEuro(1.5, 4.0)
        self._seen_at = -1e9
        self._found_at = -1e9
        self._lost_at = -1e9
        self._presence = 0.0
        self._from = 0.0
        self._found = False
        self.person = Person()

    def add(self, reading: Reading) -> Person:
        """The person after a reading; times must grow."""
        t = reading.seconds
        if reading.found and not self._found:
            if t - self._seen_at > HOLD:
                for part in (self._head, self._scores, self._body):
                    part.reset()
            self._found_at, self._from = t, self._presence
        elif self._found and not reading.found:
            self._lost_at, self._from = t, self._presence
        self._found = reading.found
        if reading.found:
            self._seen_at = t
            self._follow(reading)
            self._presence = self._from + (1.0 - self._from) * min_jerk((t - self._found_at) / RETURN)
        else:
            self._presence = self._from * (1.0 - min_jerk((t - self._lost_at - HOLD) / EASE))
        self.person.presence = self._presence
        return self.person

    def _follow(self, reading: Reading) -> None:
        if self.learner is not None:
            learned = self.learner.add(reading.seconds, reading.scores, reading.head)
            if learned is not None:
                self.calibration, self.learner = learned, None
            elif (soon := self.learner.result()) is not None:
                self.calibration = soon
        head = multiply(reading.head, conjugate(self.calibration.head)).astype(float)
        head = self._head(head if head[3] >= 0 else -head, reading.seconds)
        head /= max(float(np.linalg.norm(head)), 1e-9)
        scores = self._scores(self.calibration.apply(reading.scores), reading.seconds)
        person = self.person
        person.seen[:] = 0
        if reading.body is not None and reading.seen is not None:
            flat = self._body(reading.body.ravel().astype(float), reading.seconds).reshape(-1, 4)
            person.rotations[:] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
            person.seen[:] = reading.seen
        person.rotations[_NECK], person.rotations[_HEAD] = split(head, _NECK_SHARE), split(head, 1.0 - _NECK_SHARE)
        person.seen[_NECK] = person.seen[_HEAD] = 1.0
        person.expressions = expressions(scores, self.names)
        person.gaze = gaze(scores)


def split(turn: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float32]:
    """A part of a rotation about the same axis."""
    angle = 2.0 * np.arccos(np.clip(turn[3], -1, 1))
    size = np.sin(angle / 2)
    if size < 1e-6:
        return np.array([0, 0, 0, 1], np.float32)
    half = angle * share / 2
    return np.array([*(turn[:3] / size * np.sin(half)), np.cos(half)], np.float32)


def angles(turn: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """(pitch, yaw, roll) in degrees: pitch > 0 down, yaw > 0 to the left, roll > 0 leans to the left."""
    x, y, z, w = (float(v) for v in turn)
    pitch = np.degrees(np.arcsin(np.clip(-2 * (y * z - w * x), -1, 1)))
    yaw = np.degrees(np.arctan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y)))
    roll = -np.degrees(np.arctan2(2 * (x * y + w * z), 1 - 2 * (x * x + z * z)))
    return float(pitch), float(yaw), float(roll)

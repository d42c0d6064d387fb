"""What a person's resting face looks like, so that it becomes the avatar's resting face."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.capture.errors import CaptureError
from avatar.capture.scores import NAMES, SCORE

_LEARN = 1.5
"""Seconds of a seen face that make a calibration."""
_MOST = 0.6
"""A resting score above this is an expression, not a face: it is not divided out further."""
_LIDS = [SCORE["eyeBlinkLeft"], SCORE["eyeBlinkRight"]]


@dataclass(slots=True)
class Calibration:
    """Resting scores (52,) and the head's resting rotation (x, y, z, w) towards the camera."""

    scores: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(NAMES)))
    head: npt.NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))

    def apply(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Scores of which 0 is this person at rest and 1 still the full expression."""
        rest = np.minimum(self.scores, _MOST)
        return np.clip((scores - rest) / (1.0 - rest), 0.0, 1.0)

    def write(self, path: Path) -> None:
        """As JSON; written aside, then renamed."""
        data = {"scores": {n: round(float(s), 5) for n, s in zip(NAMES, self.scores)},
                "head": [round(float(v), 6) for v in self.head]}  # fmt: skip
        aside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            aside.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
            aside.replace(path)
        except OSError as error:
            raise CaptureError(f"{path}: cannot be written ({error.strerror}). Choose another place.") from None
        finally:
            aside.unlink(missing_ok=True)

    @staticmethod
    def read(path: Path) -> Calibration:
        """From JSON that :meth:`write` made."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            scores = np.array([float(data["scores"].get(n, 0.0)) for n in NAMES])
            head = np.array([float(v) for v in data["head"]])
            if head.shape != (4,) or not np.isfinite(scores).all() or not 0.5 < np.linalg.norm(head) < 2:
                raise ValueError("numbers out of range")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CaptureError(f"{path}: is not a calibration ({error}). Make one with --calibrate.") from None
        return Calibration(np.clip(scores, 0, 1), head / np.linalg.norm(head))


class Learner:
    """Makes a calibration from the first seconds of a face; blinks and turns of the moment are left out."""

    def __init__(self, seconds: float = _LEARN) -> None:
        self._need = seconds
        self._scores: list[Any] = []
        self._heads: list[Any] = []
        self._start: float | None = None

    def add(self, seconds: float, scores: npt.NDArray[np.float64], head: npt.NDArray[np.float64]) -> Calibration | None:
        """A seen face; gives the calibration once there is enough."""
        if self._start is None:
            self._start = seconds
        self._scores.append(scores)
        self._heads.append(head if head[3] >= 0 else -head)
        return self.result() if seconds - self._start >= self._need and len(self._scores) >= 8 else None

    def result(self) -> Calibration | None:
        """The calibration from what was seen; None before any face."""
        if not self._scores:
            return None
        scores = np.median(np.array(self._scores), axis=0)
        # Lids are open most of the time: the quarter at which they are widest says how they rest.
        scores[_LIDS] = np.percentile(np.array(self._scores)[:, _LIDS], 25, axis=0)
        head = np.median(np.array(self._heads), axis=0)
        return Calibration(scores, head / max(float(np.linalg.norm(head)), 1e-9))

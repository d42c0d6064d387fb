"""A clip: rotations of the humanoid, way of the hips, expressions and gaze over time, free of any model.

Whatever the file was, rotations here are *normalised* as in :class:`avatar.rig.PoseFrame` and the hips move in hip
heights, so that one clip serves every body. Frames lie on an even grid: sampling is one blend of two rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES, PoseFrame
from avatar.rig.maths import multiply

Floats = npt.NDArray[np.float32]

MAX_SECONDS = 900.0
"""The longest clip that is read."""
MAX_FRAMES = 60_000
"""Frames of the longest clip: at 1 kB each, 60 MB."""
_FOLDS = (
    ("upperChest", "chest", False), ("chest", "spine", False), ("neck", "head", True),
    ("leftShoulder", "leftUpperArm", True), ("rightShoulder", "rightUpperArm", True),
    ("leftToes", "leftFoot", False), ("rightToes", "rightFoot", False),
)  # fmt: skip
"""A bone that a model lacks hands its rotation to a neighbour: to its child (True) or its parent."""


@dataclass(slots=True)
class Clip:
    """Motion over time.

    ``rotations`` (n, 55, 4) unit quaternions x, y, z, w in the order of ``HUMANOID_BONES``; ``moved`` (55,) says which
    bones the file animates; ``hips`` (n, 3) in hip heights of the source, relative to its rest; ``expressions``
    {name: (n,)} weights; ``gaze`` (n, 2) yaw and pitch in degrees, or None. Frame k is at k / ``rate`` seconds.
    """

    name: str
    rate: float
    rotations: Floats
    moved: npt.NDArray[np.bool_]
    hips: Floats
    expressions: dict[str, Floats] = field(default_factory=dict)
    gaze: Floats | None = None

    @property
    def frames(self) -> int:
        """How many frames there are, at least 1."""
        return len(self.rotations)

    @property
    def seconds(self) -> float:
        """From the first to the last frame."""
        return (self.frames - 1) / self.rate

    def bind(self, bones: Collection[str] = HUMANOID_BONES, hip_height: float = 1.0) -> Bound:
        """The clip on a body that has these humanoid bones and its hips this high (metres)."""
        return Bound(self, bones, hip_height)


class Bound:
    """A clip fitted to one body."""

    __slots__ = ("_rows", "clip", "hips", "moved", "rotations")

    def __init__(self, clip: Clip, bones: Collection[str], hip_height: float) -> None:
        self.clip = clip
        self.hips = clip.hips * np.float32(hip_height)
        self.moved = clip.moved.copy()
        self.rotations = clip.rotations
        for bone, heir, to_child in _FOLDS:
            here, there = BONE_INDEX[bone], BONE_INDEX[heir]
            if bone in bones or not self.moved[here]:
                continue
            if self.rotations is clip.rotations:
                self.rotations = clip.rotations.copy()
            mine, other = self.rotations[:, here], self.rotations[:, there]
            self.rotations[:, there] = multiply(mine, other) if to_child else multiply(other, mine)
            self.rotations[:, here] = (0, 0, 0, 1)
            self.moved[here], self.moved[there] = False, True
        self._rows = np.flatnonzero(self.moved)

    def place(self, seconds: float, loop: bool = False) -> tuple[int, int, float]:
        """(frame before, frame after, share of the second) at a time; held at the ends, or going round."""
        clip = self.clip
        at = seconds * clip.rate
        if loop and clip.frames > 1:
            at %= clip.frames - 1
        at = min(max(at, 0.0), float(clip.frames - 1))
        low = min(int(at), clip.frames - 1)
        return low, min(low + 1, clip.frames - 1), at - low

    def apply(
        self, seconds: float, frame: PoseFrame, weight: float = 1.0, mask: Floats | None = None, loop: bool = False
    ) -> None:
        """Lay the clip over ``frame``: ``weight`` 0..1 for all, ``mask`` (55,) 0..1 per bone."""
        if weight <= 0.0:
            return
        low, high, share = self.place(seconds, loop)
        rows = self._rows
        goal = blend(self.rotations[low, rows], self.rotations[high, rows], share)
        part: float | Floats = weight if mask is None else (mask[rows] * np.float32(weight))[:, None]
        frame.rotations[rows] = goal if mask is None and weight >= 1.0 else blend(frame.rotations[rows], goal, part)
        if self.moved[0]:
            way = self.hips[low] + (self.hips[high] - self.hips[low]) * np.float32(share)
            frame.hips += (way - frame.hips) * np.float32(weight * (1.0 if mask is None else float(mask[0])))
        for name, track in self.clip.expressions.items():
            value = float(track[low] + (track[high] - track[low]) * share)
            old = frame.expressions.get(name, 0.0)
            frame.expressions[name] = old + (value - old) * weight
        if self.clip.gaze is not None:
            yaw, pitch = (float(v) for v in self.clip.gaze[low] + (self.clip.gaze[high] - self.clip.gaze[low]) * share)
            frame.gaze = (
                frame.gaze[0] + (yaw - frame.gaze[0]) * weight,
                frame.gaze[1] + (pitch - frame.gaze[1]) * weight,
            )


def blend(a: Floats, b: Floats, share: float | Floats) -> Floats:
    """Normalised linear blend of unit quaternions (n, 4), the short way round; ``share`` of ``b``."""
    near = np.where((a * b).sum(-1, keepdims=True) < 0, -b, b)
    mixed = a + (near - a) * np.asarray(share, np.float32)
    size = np.sqrt((mixed * mixed).sum(-1, keepdims=True))
    out: Floats = mixed / np.maximum(size, np.float32(1e-9))
    return out


def smooth_signs(rotations: Floats) -> Floats:
    """Quaternions (n, ..., 4) with signs such that neighbours in time lie in the same half."""
    if len(rotations) < 2:
        return rotations
    flips = (rotations[1:] * rotations[:-1]).sum(-1) < 0
    odd = np.cumsum(flips, axis=0) % 2 == 1
    rotations[1:][odd] *= -1
    return rotations


def identity(frames: int) -> Floats:
    """Rotations of a body at rest, (frames, 55, 4)."""
    out = np.zeros((frames, len(HUMANOID_BONES), 4), np.float32)
    out[..., 3] = 1
    return out

"""Upper body from the 33 world landmarks of a pose landmarker (BlazePose): torso, upper and lower arms. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.motion.clips.retarget import shortest
from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES
from avatar.rig.maths import conjugate, multiply, quaternion

LEFT, RIGHT = (11, 13, 15), (12, 14, 16)
HIPS = (23, 24)
_VISIBLE = 0.6


def upper_body(marks: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Normalised rotations (55, 4) and how far each is known (55,) from landmarks (33, 4): x, y, z metres, visibility.

    Landmarks have x to the right of the picture, y down, z away from the camera.
    """
    at = marks[:, :3] * (1, -1, -1)
    rotations = np.tile(np.array([0, 0, 0, 1], np.float32), (len(HUMANOID_BONES), 1))
    seen = np.zeros(len(HUMANOID_BONES), np.float32)
    if marks[[LEFT[0], RIGHT[0]], 3].min() < _VISIBLE:
        return rotations, seen
    chest = _torso(at, marks[list(HIPS), 3].min() >= _VISIBLE)
    spine, half = BONE_INDEX["spine"], BONE_INDEX["chest"]
    from avatar.capture.tracker import split

    rotations[spine] = rotations[half] = split(chest.astype(float), 0.5)
    seen[spine] = seen[half] = 1.0
    for side, sign, (shoulder, elbow, wrist) in (("left", 1.0, LEFT), ("right", -1.0, RIGHT)):
        if marks[elbow, 3] < _VISIBLE:
            continue
        rest = np.array([sign, 0, 0], np.float32)
        back = conjugate(chest)
        upper = shortest(rest, _turned(back, at[elbow] - at[shoulder]))
        rotations[BONE_INDEX[f"{side}UpperArm"]] = upper
        seen[BONE_INDEX[f"{side}UpperArm"]] = 1.0
        if marks[wrist, 3] >= _VISIBLE:
            whole = multiply(chest, upper)
            lower = shortest(rest, _turned(conjugate(whole), at[wrist] - at[elbow]))
            rotations[BONE_INDEX[f"{side}LowerArm"]] = lower
            seen[BONE_INDEX[f"{side}LowerArm"]] = 1.0
    return rotations, seen


def _torso(at: Any, with_hips: bool) -> Any:
    """Rotation of the chest from the line of the shoulders, and of the hips where they are seen."""
    left = at[LEFT[0]] - at[RIGHT[0]]
    left = left / max(float(np.linalg.norm(left)), 1e-9)
    up = (at[LEFT[0]] + at[RIGHT[0]] - at[HIPS[0]] - at[HIPS[1]]) / 2 if with_hips else np.array([0.0, 1.0, 0.0])
    up = up - left * (up @ left)
    up = up / max(float(np.linalg.norm(up)), 1e-9)
    return quaternion(np.stack([left, up, np.cross(left, up)], 1).astype(np.float32))


def _turned(q: Any, v: Any) -> Any:
    t = 2 * np.cross(q[:3], v)
    return (v + q[3] * t + np.cross(q[:3], t)).astype(np.float32)

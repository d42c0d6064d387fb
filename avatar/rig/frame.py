"""One moment of a performer: what motion hands to the rig. Plain numbers, no GPU, no model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

HUMANOID_BONES: tuple[str, ...] = (
    "hips", "spine", "chest", "upperChest", "neck", "head", "leftEye", "rightEye", "jaw",
    "leftUpperLeg", "leftLowerLeg", "leftFoot", "leftToes",
    "rightUpperLeg", "rightLowerLeg", "rightFoot", "rightToes",
    "leftShoulder", "leftUpperArm", "leftLowerArm", "leftHand",
    "rightShoulder", "rightUpperArm", "rightLowerArm", "rightHand",
    "leftThumbMetacarpal", "leftThumbProximal", "leftThumbDistal",
    "leftIndexProximal", "leftIndexIntermediate", "leftIndexDistal",
    "leftMiddleProximal", "leftMiddleIntermediate", "leftMiddleDistal",
    "leftRingProximal", "leftRingIntermediate", "leftRingDistal",
    "leftLittleProximal", "leftLittleIntermediate", "leftLittleDistal",
    "rightThumbMetacarpal", "rightThumbProximal", "rightThumbDistal",
    "rightIndexProximal", "rightIndexIntermediate", "rightIndexDistal",
    "rightMiddleProximal", "rightMiddleIntermediate", "rightMiddleDistal",
    "rightRingProximal", "rightRingIntermediate", "rightRingDistal",
    "rightLittleProximal", "rightLittleIntermediate", "rightLittleDistal",
)  # fmt: skip
"""Humanoid bones of VRM 1.0 (VRMC_vrm humanoid.md), parents before children."""

BONE_INDEX: dict[str, int] = {name: i for i, name in enumerate(HUMANOID_BONES)}

PRESETS: tuple[str, ...] = (
    "happy", "angry", "sad", "relaxed", "surprised", "aa", "ih", "ou", "ee", "oh",
    "blink", "blinkLeft", "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight", "neutral",
)  # fmt: skip
"""Expression presets of VRM 1.0."""


def _identity() -> npt.NDArray[np.float32]:
    rotations = np.zeros((len(HUMANOID_BONES), 4), np.float32)
    rotations[:, 3] = 1
    return rotations


@dataclass(slots=True)
class PoseFrame:
    """Pose, face and gaze of one moment; reused from frame to frame, so writers fill it in place.

    ``rotations`` are unit quaternions (x, y, z, w) per humanoid bone relative to the T-pose, in the
    *normalised* humanoid space of VRM 1.0 (model faces +Z, +Y up, +X is the performer's left; every bone's
    axes are the world's at rest). ``hips`` moves the hips in metres. ``expressions`` are weights 0..1 by
    preset or custom name. ``gaze`` is (yaw, pitch) of the eyes in degrees relative to the head: yaw > 0 to the
    performer's left, pitch > 0 up.
    """

    rotations: npt.NDArray[np.float32] = field(default_factory=_identity)
    hips: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros(3, np.float32))
    expressions: dict[str, float] = field(default_factory=dict)
    gaze: tuple[float, float] = (0.0, 0.0)

"""The degrees of freedom in which motion is written and blended, before they become bone rotations.

A pose is one float64 vector: hips, spine and head as (pitch, yaw, roll) in degrees, feet, and per arm a
*reach*: where the wrist is, seen from the shoulder, as azimuth, elevation and distance. Angles like these can
be added and mixed without an arm ever folding through its shoulder, which positions and quaternions cannot.

Signs: pitch > 0 bends forward or down, yaw > 0 turns to the performer's left, roll > 0 leans to her left.
Azimuth 0 points forward, 90 outward (each arm to its own side), negative across the body; elevation 90 is up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

ARM: tuple[str, ...] = (
    "az", "el", "r", "swivel", "twist", "flex", "dev", "thumb", "index", "middle", "ring", "little", "spread",
)  # fmt: skip
"""One arm: reach (degrees, degrees, 1 = straight), elbow swivel (+ outward), forearm twist (+ supination), wrist
flexion (+ towards the palm) and deviation (+ towards the thumb) in degrees; finger curls and spread 0..1."""

BODY: tuple[str, ...] = (
    "hips.x", "hips.y", "hips.z", "hips.pitch", "hips.yaw", "hips.roll",
    "spine.pitch", "spine.yaw", "spine.roll",
    "head.pitch", "head.yaw", "head.roll",
    "left.shrug", "left.reach", "right.shrug", "right.reach",
    "left.heel", "right.heel",
    "left.foot.x", "left.foot.y", "left.foot.z", "right.foot.x", "right.foot.y", "right.foot.z",
)  # fmt: skip
"""Everything but the arms. Hip and foot positions are fractions of the hip height; heels are degrees of lift;
shrug and reach are degrees of the shoulder girdle, up and forward."""

NAMES: tuple[str, ...] = BODY + tuple(f"left.{n}" for n in ARM) + tuple(f"right.{n}" for n in ARM)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
SIZE = len(NAMES)
LEFT = slice(len(BODY), len(BODY) + len(ARM))
RIGHT = slice(LEFT.stop, LEFT.stop + len(ARM))

_SIDED = ("hips.x", "hips.yaw", "hips.roll", "spine.yaw", "spine.roll", "head.yaw", "head.roll",
          "left.foot.x", "right.foot.x")  # fmt: skip


def _mirror_tables() -> tuple[npt.NDArray[np.intp], Vector]:
    order = [INDEX[n.replace("left.", "*").replace("right.", "left.").replace("*", "right.")] for n in NAMES]
    sign = np.ones(SIZE)
    for name in _SIDED:
        sign[INDEX[name]] = -1.0
    return np.array(order, np.intp), sign


_ORDER, _SIGN = _mirror_tables()


def mirrored(pose: Vector) -> Vector:
    """The pose seen in a mirror: left and right change places."""
    return pose[_ORDER] * _SIGN


@dataclass(frozen=True, slots=True)
class Proportions:
    """Lengths in metres that the solver needs. The defaults are a slim figure of 1.5 m."""

    hip_height: float = 0.80
    hip_half: float = 0.065
    hip_drop: float = 0.03
    thigh: float = 0.36
    shank: float = 0.35
    ankle_height: float = 0.06
    foot: float = 0.10
    shoulder_half: float = 0.10
    upper_arm: float = 0.20
    forearm: float = 0.19
    hand: float = 0.13

    @property
    def arm(self) -> float:
        """Shoulder to wrist, straight."""
        return self.upper_arm + self.forearm

    @staticmethod
    def of(rest: Mapping[str, tuple[float, float, float]]) -> Proportions:
        """Proportions from rest positions of humanoid bones (metres, model space, T-pose, facing +Z).

        Bones that are missing or senseless keep the default scaled to the hip height.
        """
        base = Proportions()

        def distance(a: str, b: str, otherwise: float) -> float:
            if a not in rest or b not in rest:
                return otherwise
            length = float(np.linalg.norm(np.subtract(rest[a], rest[b])))
            return length if 1e-3 < length < 10.0 else otherwise

        def drop(a: str, b: str, otherwise: float) -> float:
            # Legs hang down: only the height between two joints counts, whatever way the bone leans.
            if a not in rest or b not in rest:
                return otherwise
            length = float(rest[a][1] - rest[b][1])
            return length if 1e-3 < length < 10.0 else otherwise

        hips = float(rest["hips"][1]) if "hips" in rest else base.hip_height
        k = hips / base.hip_height if 0.02 < hips < 10 else 1.0
        leg, arm, foot = rest.get("leftUpperLeg"), rest.get("leftUpperArm"), rest.get("leftFoot")
        return Proportions(
            hip_height=base.hip_height * k,
            hip_half=abs(leg[0]) if leg else base.hip_half * k,
            hip_drop=(hips - leg[1]) if leg and "hips" in rest else base.hip_drop * k,
            thigh=drop("leftUpperLeg", "leftLowerLeg", base.thigh * k),
            shank=drop("leftLowerLeg", "leftFoot", base.shank * k),
            ankle_height=max(0.0, foot[1]) if foot else base.ankle_height * k,
            foot=distance("leftFoot", "leftToes", base.foot * k),
            shoulder_half=abs(arm[0]) if arm else base.shoulder_half * k,
            upper_arm=distance("leftUpperArm", "leftLowerArm", base.upper_arm * k),
            forearm=distance("leftLowerArm", "leftHand", base.forearm * k),
            hand=base.hand * k,
        )

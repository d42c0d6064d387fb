"""Forward kinematics of a slim 1.5 m figure, to see where a pose puts its limbs."""

from __future__ import annotations

import numpy as np

from avatar.motion.dofs import Proportions
from avatar.rig.frame import BONE_INDEX, PoseFrame

P = Proportions()


def _skeleton() -> dict[str, tuple[str, tuple[float, float, float]]]:
    bones: dict[str, tuple[str, tuple[float, float, float]]] = {
        "hips": ("", (0.0, P.hip_height, 0.0)),
        "spine": ("hips", (0.0, 0.06, 0.0)),
        "chest": ("spine", (0.0, 0.11, 0.0)),
        "upperChest": ("chest", (0.0, 0.11, 0.0)),
        "neck": ("upperChest", (0.0, 0.12, 0.0)),
        "head": ("neck", (0.0, 0.06, 0.0)),
    }
    for side, k in (("left", 1.0), ("right", -1.0)):
        bones |= {
            f"{side}Shoulder": ("upperChest", (0.03 * k, 0.08, 0.0)),
            f"{side}UpperArm": (f"{side}Shoulder", ((P.shoulder_half - 0.03) * k, 0.0, 0.0)),
            f"{side}LowerArm": (f"{side}UpperArm", (P.upper_arm * k, 0.0, 0.0)),
            f"{side}Hand": (f"{side}LowerArm", (P.forearm * k, 0.0, 0.0)),
            f"{side}MiddleProximal": (f"{side}Hand", (0.08 * k, 0.0, 0.0)),
            f"{side}UpperLeg": ("hips", (P.hip_half * k, -P.hip_drop, 0.0)),
            f"{side}LowerLeg": (f"{side}UpperLeg", (0.0, -P.thigh, 0.0)),
            f"{side}Foot": (f"{side}LowerLeg", (0.0, -P.shank, 0.0)),
            f"{side}Toes": (f"{side}Foot", (0.0, -P.ankle_height, P.foot)),
        }
    return bones


SKELETON = _skeleton()


def turned(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """``v`` rotated by the quaternion (x, y, z, w)."""
    t = 2.0 * np.cross(q[:3], v)
    return v + q[3] * t + np.cross(q[:3], t)


def joined(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quaternion product."""
    x = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.array([*x, a[3] * b[3] - a[:3] @ b[:3]])


def places(frame: PoseFrame) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """World position and rotation of every bone of the figure."""
    at: dict[str, np.ndarray] = {}
    turn: dict[str, np.ndarray] = {}
    for name, (parent, offset) in SKELETON.items():
        q = frame.rotations[BONE_INDEX[name]].astype(float)
        if not parent:
            at[name], turn[name] = np.array(offset) + frame.hips, q
        else:
            at[name] = at[parent] + turned(turn[parent], np.array(offset))
            turn[name] = joined(turn[parent], q)
    return at, turn


def angle(q: np.ndarray) -> float:
    """Rotation angle in degrees."""
    return float(np.degrees(2.0 * np.arccos(min(1.0, abs(float(q[3]))))))

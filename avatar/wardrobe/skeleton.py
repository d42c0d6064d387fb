"""The bones: a humanoid of VRM 1.0 in T-pose, and the spring chains pieces of hair and cloth ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from avatar.wardrobe.mesh import Array

CHIN = 1232.0
"""Height of the chin in millimetres on the canonical body of 1520."""
HEAD_Z = 4.0
"""How far the head's middle stands in front of the hips."""
EYE = (8.4, 102.4, -0.2)
"""Left eye bone in head space: the middle of the sphere of 80 mm that best fits the face around the eye, so that
the iris slides along the face as she looks aside (least squares over the opening: within -2.3 to +4 mm)."""

_CENTRE = {
    "hips": (None, (0, 838, 0)),
    "spine": ("hips", (0, 915, 2)),
    "chest": ("spine", (0, 1000, -2)),
    "upperChest": ("chest", (0, 1088, -10)),
    "neck": ("upperChest", (0, 1192, -16)),
    "head": ("neck", (0, 1241, -8)),
}
_LEFT = {
    "leftEye": ("head", (EYE[0], CHIN + EYE[1], EYE[2] + HEAD_Z)),
    "leftUpperLeg": ("hips", (60, 800, 0)),
    "leftLowerLeg": ("leftUpperLeg", (60, 428, 4)),
    "leftFoot": ("leftLowerLeg", (60, 74, -12)),
    "leftToes": ("leftFoot", (61, 22, 72)),
    "leftShoulder": ("upperChest", (22, 1160, -14)),
    "leftUpperArm": ("leftShoulder", (98, 1160, -14)),
    "leftLowerArm": ("leftUpperArm", (300, 1160, -16)),
    "leftHand": ("leftLowerArm", (486, 1160, -14)),
}
FINGERS: dict[str, tuple[tuple[float, float], float, float]] = {
    "Index": ((74.0, 21.0), 58.0, 6.6),
    "Middle": ((76.0, 7.0), 64.0, 6.8),
    "Ring": ((73.0, -7.0), 59.0, 6.5),
    "Little": ((67.0, -20.0), 47.0, 5.7),
}
"""Finger: knuckle (x from the wrist, z from the hand's middle), length, radius at the knuckle."""
THUMB = ((24.0, 20.0), (44.0, 36.0), (64.0, 47.0), (86.0, 57.0))
"""Thumb joints and tip: (x from the wrist, z from the hand's middle)."""


@dataclass
class Bone:
    """A joint at ``position`` (millimetres, world); ``humanoid`` says whether VRM names it."""

    name: str
    parent: str | None
    position: Array
    humanoid: bool = True


@dataclass
class Chain:
    """Spring joints from root to tip (the last is the tail), and how they swing (VRMC_springBone names)."""

    name: str
    joints: list[str]
    stiffness: float
    drag: float
    gravity: float
    radius: float
    colliders: tuple[str, ...]


@dataclass
class Skeleton:
    """All bones in order, parents first, and the spring chains among them."""

    bones: dict[str, Bone] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)

    def add(self, name: str, parent: str | None, position: tuple[float, float, float] | Array, human: bool) -> None:
        """Append one bone."""
        self.bones[name] = Bone(name, parent, np.asarray(position, float), human)

    def at(self, name: str) -> Array:
        """Where a bone is."""
        return self.bones[name].position

    def chain(
        self,
        name: str,
        parent: str,
        points: Array,
        swing: tuple[float, float, float, float],
        colliders: tuple[str, ...],
    ) -> list[str]:
        """A spring chain through ``points`` (J, 3); ``swing`` is stiffness, drag, gravity, hit radius (mm)."""
        names = [f"{name}_{i}" for i in range(len(points))]
        for i, joint in enumerate(names):
            self.add(joint, parent if i == 0 else names[i - 1], points[i], False)
        stiffness, drag, gravity, radius = swing
        self.chains.append(Chain(name, names, stiffness, drag, gravity, radius, colliders))
        return names


def _hand_bones(side: str, sign: float, skeleton: Skeleton) -> None:
    wrist = skeleton.at(f"{side}Hand") * (sign, 1, 1)
    for finger, ((x, z), length, _) in FINGERS.items():
        parent = f"{side}Hand"
        for part, share in (("Proximal", 0.0), ("Intermediate", 0.46), ("Distal", 0.74)):
            name = f"{side}{finger}{part}"
            skeleton.add(name, parent, (wrist + np.array([x + length * share, -1, z])) * (sign, 1, 1), True)
            parent = name
    parent = f"{side}Hand"
    for part, (x, z) in zip(("Metacarpal", "Proximal", "Distal"), THUMB):
        name = f"{side}Thumb{part}"
        skeleton.add(name, parent, (wrist + np.array([x, -6, z])) * (sign, 1, 1), True)
        parent = name


def humanoid() -> Skeleton:
    """The canonical humanoid: every bone's axes are the world's."""
    skeleton = Skeleton()
    for name, (parent, position) in _CENTRE.items():
        skeleton.add(name, parent, position, True)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for name, (parent, (x, y, z)) in _LEFT.items():
            skeleton.add(name.replace("left", side), parent.replace("left", side), (x * sign, y, z), True)
        _hand_bones(side, sign, skeleton)
    return skeleton

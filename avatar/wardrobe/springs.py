"""VRMC_springBone of a skeleton: colliders on head, neck, shoulders and thighs; one spring per chain."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar.wardrobe.mesh import Array
from avatar.wardrobe.skeleton import CHIN, HEAD_Z, Skeleton, humanoid

_HEAD = CHIN + 118.0


def _colliders() -> list[tuple[str, str, str, Array, Array | None, float]]:
    """(group, bone, shape, offset from the world point, tail, radius), millimetres in the world of the body."""
    out: list[tuple[str, str, str, Array, Array | None, float]] = [
        ("head", "head", "sphere", np.array([0, _HEAD + 18, HEAD_Z - 8.0]), None, 88.0),
        (
            "head",
            "head",
            "capsule",
            np.array([0, CHIN + 62, HEAD_Z + 8.0]),
            np.array([0, CHIN + 90, HEAD_Z - 20.0]),
            66.0,
        ),
        ("neck", "neck", "capsule", np.array([0, 1190.0, -14]), np.array([0, 1250.0, -10]), 40.0),
        ("neck", "upperChest", "capsule", np.array([-40, 1120.0, -6]), np.array([40, 1120.0, -6]), 72.0),
    ]
    for side, sign in (("left", 1.0), ("right", -1.0)):
        out.append(
            (
                "shoulders",
                f"{side}Shoulder",
                "capsule",
                np.array([40 * sign, 1150, -14]),
                np.array([110 * sign, 1150, -14]),
                46.0,
            )
        )
        out.append(
            ("thighs", f"{side}UpperLeg", "capsule", np.array([56 * sign, 810, 0]), np.array([60 * sign, 500, 2]), 62.0)
        )
    return out


def extension(skeleton: Skeleton, nodes: dict[str, int], scale: float, size: float = 1.0) -> dict[str, Any]:
    """The glTF extension object; ``scale`` turns millimetres into metres, ``size`` is the head's."""

    drawn = humanoid()

    def metres(bone: str, point: Array) -> list[float]:
        return [round(float(v), 6) for v in (point - drawn.at(bone)) * scale * (size if bone == "head" else 1.0)]

    colliders: list[dict[str, Any]] = []
    groups: dict[str, list[int]] = {}
    for group, bone, kind, point, tail, radius in _colliders():
        shape: dict[str, Any] = {
            "offset": metres(bone, point),
            "radius": round(radius * scale * (size if bone == "head" else 1.0), 6),
        }
        if tail is not None:
            shape["tail"] = metres(bone, tail)
        groups.setdefault(group, []).append(len(colliders))
        colliders.append({"node": nodes[bone], "shape": {kind: shape}})
    names = list(groups)
    springs = []
    for chain in skeleton.chains:
        joint = {
            "hitRadius": round(chain.radius * scale, 6),
            "stiffness": chain.stiffness,
            "gravityPower": chain.gravity,
            "gravityDir": [0.0, -1.0, 0.0],
            "dragForce": chain.drag,
        }
        springs.append(
            {
                "name": chain.name,
                "joints": [{"node": nodes[j], **joint} for j in chain.joints],
                "colliderGroups": [names.index(g) for g in chain.colliders],
            }
        )
    return {
        "specVersion": "1.0",
        "colliders": colliders,
        "colliderGroups": [{"name": n, "colliders": groups[n]} for n in names],
        "springs": springs,
    }

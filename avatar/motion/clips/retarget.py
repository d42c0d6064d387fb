"""From a skeleton with rest directions of its own to normalised rotations.

A source joint's world rotation says how far it has left *its* rest. Where that rest is not a T-pose (arms that hang,
the A-pose of MMD) a turn from the T-pose's direction to the source's comes first, so that what is seen is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from avatar.motion.clips.clip import Floats, identity, smooth_signs
from avatar.rig.frame import BONE_INDEX
from avatar.rig.maths import conjugate, multiply

PARENTS: dict[str, str] = {
    "spine": "hips", "chest": "spine", "upperChest": "chest", "neck": "upperChest", "head": "neck",
    **{f"{s}Shoulder": "upperChest" for s in ("left", "right")},
    **{f"{s}UpperArm": f"{s}Shoulder" for s in ("left", "right")},
    **{f"{s}LowerArm": f"{s}UpperArm" for s in ("left", "right")},
    **{f"{s}Hand": f"{s}LowerArm" for s in ("left", "right")},
    **{f"{s}UpperLeg": "hips" for s in ("left", "right")},
    **{f"{s}LowerLeg": f"{s}UpperLeg" for s in ("left", "right")},
    **{f"{s}Foot": f"{s}LowerLeg" for s in ("left", "right")},
    **{f"{s}Toes": f"{s}Foot" for s in ("left", "right")},
    **{f"{s}{f}{c}": f"{s}{f}{p}" if p else f"{s}Hand" for s in ("left", "right")
       for f, chain in (("Thumb", ("Metacarpal", "Proximal", "Distal")),
                        *((f, ("Proximal", "Intermediate", "Distal")) for f in ("Index", "Middle", "Ring", "Little")))
       for p, c in zip(("", *chain), chain)},
}  # fmt: skip
"""Parent of each bone, parents first."""


def shortest(a: Floats, b: Floats) -> Floats:
    """The quaternion that turns direction ``a`` onto ``b`` by the shortest way."""
    a, b = a / max(float(np.linalg.norm(a)), 1e-9), b / max(float(np.linalg.norm(b)), 1e-9)
    w = 1.0 + float(a @ b)
    if w < 1e-6:
        side = np.cross(a, [0, 0, 1] if abs(a[2]) < 0.9 else [1, 0, 0])
        return np.array([*(side / np.linalg.norm(side)), 0], np.float32)
    q = np.array([*np.cross(a, b), w], np.float32)
    return q / np.linalg.norm(q)


def normalised(
    world: Mapping[str, Floats], frames: int, leads: Mapping[str, Floats]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(rotations (n, 55, 4), moved (55,)) from world rotations (n, 4) per bone.

    ``leads``: a rotation (4,) per bone from the T-pose's direction to the source's rest direction; a bone without one
    has the same direction in both.
    """
    rotations = identity(frames)
    moved = np.zeros(rotations.shape[1], np.bool_)
    whole: dict[str, Floats] = {}
    lead = np.array([0, 0, 0, 1], np.float32)
    if "hips" in world:
        whole["hips"] = multiply(world["hips"], leads.get("hips", lead))
        rotations[:, 0], moved[0] = whole["hips"], True
    nothing = identity(1)[:, 0]
    for bone, parent in PARENTS.items():
        while parent not in whole and parent != "hips":
            parent = PARENTS[parent]
        above = whole.get(parent, nothing)
        if bone not in world:
            continue
        whole[bone] = multiply(world[bone], leads.get(bone, lead))
        rotations[:, BONE_INDEX[bone]] = multiply(conjugate(above), whole[bone])
        moved[BONE_INDEX[bone]] = True
    return smooth_signs(rotations), moved

"""Node constraints (VRMC_node_constraint): roll, aim, rotation."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from avatar.rig.maths import conjugate, multiply, quaternion
from avatar.vrm.model import Constraint, Model

_AXES = {"X": (1, 0, 0), "Y": (0, 1, 0), "Z": (0, 0, 1), "PositiveX": (1, 0, 0), "NegativeX": (-1, 0, 0),
         "PositiveY": (0, 1, 0), "NegativeY": (0, -1, 0), "PositiveZ": (0, 0, 1), "NegativeZ": (0, 0, -1)}  # fmt: skip


class Tie:
    """One constraint at work."""

    def __init__(self, model: Model, constraint: Constraint) -> None:
        self.c = constraint
        self.rest = model.nodes.rotation[constraint.node]
        self.source_rest = model.nodes.rotation[constraint.source]
        self.axis = np.array(_AXES.get(constraint.axis, (1, 0, 0)), np.float32)
        self.parent = int(model.nodes.parents[constraint.node])

    def turn(self, rotations: Any, world: Any, root: Any, local: Any) -> Any:
        """The node's new local rotation (4,)."""
        delta = multiply(conjugate(self.source_rest), rotations[self.c.source])
        if self.c.kind == "rotation":
            goal = multiply(self.rest, delta)
        elif self.c.kind == "roll":
            goal = self._roll()(rotations[self.c.source])
        else:
            goal = self._aim(world, root, local)
        if self.c.weight >= 1:
            return goal
        both = Rotation.from_quat(np.stack([self.rest, goal]))
        return Slerp([0, 1], both)(self.c.weight).as_quat().astype(np.float32)

    def _roll(self) -> Any:
        def run(source: Any) -> Any:
            # The source's turn seen from the node's rest, less the swing that moves the axis.
            delta = multiply(source, conjugate(self.source_rest))
            delta = multiply(multiply(conjugate(self.rest), delta), self.rest)
            moved = Rotation.from_quat(delta).apply(self.axis)
            swing = _between(self.axis, moved)
            return multiply(self.rest, multiply(conjugate(swing), delta))

        return run

    def _aim(self, world: Any, root: Any, local: Any) -> Any:
        parent = world[self.parent] if self.parent >= 0 else root
        turn = quaternion(parent[:3, :3])
        here = (parent @ local[self.c.node])[:3, 3]
        away = world[self.c.source][:3, 3] - here
        size = float(np.linalg.norm(away))
        if size < 1e-9:
            return self.rest
        goal = Rotation.from_quat(multiply(turn, self.rest)).inv().apply(away / size)
        return multiply(self.rest, _between(self.axis, goal))


def _between(a: Any, b: Any) -> Any:
    q = np.array([*np.cross(a, b), 1 + float(np.dot(a, b))], np.float32)
    size = float(np.linalg.norm(q))
    if size > 1e-5:
        return q / size
    side = np.cross(a, [0, 0, 1] if abs(a[2]) < 0.9 else [1, 0, 0])
    return np.array([*(side / np.linalg.norm(side)), 0], np.float32)

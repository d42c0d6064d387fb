"""The rig: one PoseFrame in, node and joint matrices, morph weights and material changes out. Pure numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.rig.constraints import Tie
from avatar.rig.face import Face
from avatar.rig.frame import BONE_INDEX, PoseFrame
from avatar.rig.maths import conjugate, multiply, product_matrix, to_matrix, yaw_pitch
from avatar.rig.springs import Colliders, Group
from avatar.vrm.model import Joint, Model

MAX_STEP = 0.1
"""Seconds of the longest spring step; a longer pause counts as this."""


class Rig:
    """A model in motion.

    Outputs after ``apply``: ``world`` (n, 4, 4) node matrices, ``joint_matrices`` (m, 4, 4) for the skinning table,
    ``morphs`` {mesh node: weights}, ``colours`` {(material, kind): rgba}, ``uvs`` {material: see ``Face``} and
    ``seconds``, the time since the start (UV animation).
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        nodes, n = model.nodes, len(model.nodes.names)
        self.root = np.diag([-1, 1, -1, 1] if model.turn else [1, 1, 1, 1]).astype(np.float32)
        self.face = Face(model)
        self.colliders = Colliders(model)
        self.ties = {c.node: Tie(model, c) for c in model.constraints}
        self.rotations = nodes.rotation.copy()
        self.translations = nodes.translation.copy()
        self.local = np.zeros((n, 4, 4), np.float32)
        self.local[:, 3, 3] = 1
        self.world = np.zeros((n, 4, 4), np.float32)
        self.joint_matrices = np.zeros_like(model.inverse_bind)
        self.seconds = 0.0
        self._scaled = bool((nodes.scale != 1).any())
        self._plain_steps()
        self._rest()
        self._steps()
        self._fresh = True
        self.apply(PoseFrame(), 0.0)
        self._fresh = True
        self.seconds = 0.0

    @property
    def morphs(self) -> dict[int, npt.NDArray[np.float32]]:
        return self.face.morphs

    @property
    def colours(self) -> dict[tuple[int, str], tuple[float, ...]]:
        return self.face.colours

    @property
    def uvs(self) -> dict[int, tuple[float, float, float, float, float]]:
        return self.face.uvs

    def _plain_steps(self) -> None:
        self.steps: list[tuple[Any, Any, bool, list[Tie], list[Group], bool]] = []
        parents = self.model.nodes.parents
        front = np.flatnonzero(parents < 0)
        while len(front):
            self.steps.append((front, parents[front], bool((parents[front] < 0).any()), [], [], False))
            front = np.flatnonzero(np.isin(parents, front))

    def _rest(self) -> None:
        """What the T-pose fixes: turns between normalised and real bones, the eyes' place."""
        self._locals()
        self._walk(0.0, False)
        model, turn = self.model, np.zeros((len(self.world), 4), np.float32)
        root = np.array([0, 1, 0, 0] if model.turn else [0, 0, 0, 1], np.float32)
        for here, parents, *_ in self.steps:
            above = turn[parents]
            above[parents < 0] = root
            turn[here] = multiply(above, model.nodes.rotation[here])
        names = list(model.bones)
        self.bone_nodes = np.array([model.bones[b] for b in names])
        self.bone_rows = np.array([BONE_INDEX[b] for b in names])
        above = turn[model.nodes.parents[self.bone_nodes]]
        above[model.nodes.parents[self.bone_nodes] < 0] = root
        self.real = product_matrix(conjugate(above), turn[self.bone_nodes])
        self.rest_world = self.world.copy()
        hips = model.bones["hips"]
        parent = int(model.nodes.parents[hips])
        self._hips_back = np.linalg.inv((self.world[parent] if parent >= 0 else self.root)[:3, :3])
        head = model.bones["head"]
        offset = np.array(model.look_at.offset, np.float32)
        # The offset is in the head's own space; keep it in the normalised head's.
        self.eyes = self.world[head][:3, :3] @ offset
        if not model.turn:
            self.eyes = offset
        rows = {b: i for i, b in enumerate(names)}
        self._eye_rows = (rows.get("leftEye", -1), rows.get("rightEye", -1))
        self._head_post = conjugate(turn[head])

    def _steps(self) -> None:
        """Groups the nodes so that whatever a node needs (parent, constraint source, colliders) comes before it."""
        model, parents = self.model, self.model.nodes.parents
        needs: dict[int, list[int]] = {}
        for c in model.constraints:
            needs.setdefault(c.node, []).append(c.source)
        joints = {j.node: j for j in model.springs}
        for j in model.springs:
            more = [model.colliders[c].node for c in j.colliders]
            needs.setdefault(j.node, []).extend(more + ([j.center] if j.center >= 0 else []))
        # All that no spring and no constraint moves is placed first, so that every chain of springs begins at the same step:
        # a step's joints are swung in one go.
        late = np.zeros(len(parents), bool)
        late[[*joints, *self.ties]] = True
        for here, above, *_ in self.steps:
            late[here] |= (above >= 0) & late[above]
        level = self._levels(parents, needs, late * len(self.steps))
        steps, known = [], -1
        levels = level[self.colliders.nodes]
        for depth in range(int(level.max()) + 1):
            here = np.flatnonzero(level == depth)
            if not len(here):
                continue
            ties = [self.ties[int(i)] for i in here if i in self.ties]
            swinging = [joints[int(i)] for i in here if i in joints and i not in self.ties]
            groups = [self._group(swinging)] if swinging else []
            free = np.array([i for i in here if i not in self.ties and i not in joints], int)
            # Colliders are placed again only where one has moved since.
            place = any(g.hits.shape[1] for g in groups) and bool(((levels < depth) & (levels >= known)).any())
            known = depth if place else known
            steps.append((free, parents[free], bool((parents[free] < 0).any()), ties, groups, place))
        self.steps = steps

    @staticmethod
    def _levels(parents: Any, needs: dict[int, list[int]], least: Any) -> Any:
        """Longest path to each node, at least so long; a circle of constraints is cut after as many rounds as there are
        nodes."""
        level = least.copy()
        for _ in range(min(len(parents), 200)):
            new = np.maximum(np.where(parents >= 0, level[parents] + 1, 0), least)
            for node, sources in needs.items():
                new[node] = max([new[node], *(level[s] + 1 for s in sources)])
            if (new == level).all():
                return level
            level = new
        level = least.copy()
        for _ in range(len(parents)):
            new = np.maximum(np.where(parents >= 0, level[parents] + 1, 0), least)
            if (new == level).all():
                break
            level = new
        return level

    def _group(self, joints: list[Joint]) -> Group:
        axes, lengths = [], []
        for j in joints:
            m = self.rest_world[j.node]
            if j.tail is not None:
                tail = np.array([*j.tail, 1], np.float32)
                away = (m @ tail)[:3] - m[:3, 3]
            else:
                away = self.rest_world[j.child][:3, 3] - m[:3, 3]
            length = float(np.linalg.norm(away))
            local = m[:3, :3].T @ away
            size = float(np.linalg.norm(local))
            axes.append(local / size if size > 1e-9 else np.array([0, 1, 0]))
            lengths.append(max(length, 1e-6))
        return Group(self.model, joints, np.array(axes, np.float32), np.array(lengths, np.float32))

    def reset(self) -> None:
        """Springs forget their swing at the next ``apply`` (after a cut, a teleport or a new model)."""
        self._fresh = True

    def apply(self, frame: PoseFrame, dt: float) -> None:
        """Moves the model to ``frame``; ``dt`` seconds since the last call drive springs and UV animation."""
        dt = dt if math.isfinite(dt) and dt > 0 else 0.0
        self.seconds += dt
        turns = frame.rotations[self.bone_rows]
        wanted = self._gaze(frame, turns)
        self.face.apply(wanted)
        self.rotations[:] = self.model.nodes.rotation
        self.rotations[self.bone_nodes] = np.matmul(self.real, turns[:, :, None])[:, :, 0]
        hips = self.model.bones["hips"]
        self.translations[hips] = self.model.nodes.translation[hips] + self._hips_back @ frame.hips
        self._locals()
        self._walk(min(dt, MAX_STEP), self._fresh)
        self._fresh = False
        np.matmul(self.world.take(self.model.skin_nodes, 0), self.model.inverse_bind, out=self.joint_matrices)

    def _gaze(self, frame: PoseFrame, turns: Any) -> dict[str, float]:
        """Turns the eye bones in ``turns`` (damped by overrides), or returns weights with the look presets added."""
        look, wanted = self.model.look_at, frame.expressions
        yaw, pitch = frame.gaze
        if not (math.isfinite(yaw) and math.isfinite(pitch)):
            yaw = pitch = 0.0

        def reach(value: float, span: tuple[float, float]) -> float:
            return min(abs(value), span[0]) / span[0] * span[1]

        vertical = reach(pitch, look.up if pitch > 0 else look.down)
        if look.kind == "expression":
            wanted = dict(wanted)
            side = "lookLeft" if yaw > 0 else "lookRight"
            wanted[side] = wanted.get(side, 0.0) + reach(yaw, look.outer)
            tilt = "lookUp" if pitch > 0 else "lookDown"
            wanted[tilt] = wanted.get(tilt, 0.0) + vertical
            return wanted
        for row, outward in ((self._eye_rows[0], yaw > 0), (self._eye_rows[1], yaw < 0)):
            if row >= 0:
                turned = math.copysign(reach(yaw, look.outer if outward else look.inner), yaw)
                turns[row] = yaw_pitch(turns[row], turned, math.copysign(vertical, pitch))
        return wanted

    def gaze_at(self, point: tuple[float, float, float]) -> tuple[float, float]:
        """(yaw, pitch) in degrees that makes the eyes look at a point of the world, from the last pose."""
        m = self.world[self.model.bones["head"]]
        from avatar.rig.maths import quaternion

        turn = to_matrix(multiply(quaternion(m[:3, :3]), self._head_post))
        away = turn.T @ (np.array(point, np.float32) - m[:3, 3]) - self.eyes
        flat = math.hypot(float(away[0]), float(away[2]))
        return math.degrees(math.atan2(away[0], away[2])), math.degrees(math.atan2(away[1], flat))

    def head(self) -> npt.NDArray[np.float32]:
        """Position (3,) of the head bone."""
        return self.world[self.model.bones["head"]][:3, 3]

    def _locals(self) -> None:
        to_matrix(self.rotations, self.local[:, :3, :3])
        if self._scaled:
            self.local[:, :3, :3] *= self.model.nodes.scale[:, None, :]
        self.local[:, :3, 3] = self.translations

    def _walk(self, dt: float, settle: bool) -> None:
        world, local = self.world, self.local
        for here, parents, rooted, ties, groups, place in self.steps:
            if len(here):
                above = world.take(parents, 0, mode="wrap")  # a third of the cost of an index in brackets
                if rooted:
                    above[parents < 0] = self.root
                world[here] = above @ local.take(here, 0)
            for tie in ties:
                node = tie.c.node
                self.rotations[node] = tie.turn(self.rotations, world, self.root, local)
                local[node, :3, :3] = to_matrix(self.rotations[node]) * self.model.nodes.scale[node]
                world[node] = (world[tie.parent] if tie.parent >= 0 else self.root) @ local[node]
            if place:
                self.colliders.place(world)
            for group in groups:
                group.step(world, local, self.root, self.colliders, dt, settle)

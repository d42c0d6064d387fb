"""Where in the picture a figure can be: small clusters of its triangles as boxes, followed through the pose."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.vrm.model import Model

BANDS = 32
"""Strips of the picture, as many as ``bands.vert`` takes."""
_CELL = 0.04
"""Size of a cluster, part of the figure's height."""
_MOST = 400
"""Clusters of a model; a finer one gets bigger cells, so that its boxes cost no more."""
_SLACK = 1.1
"""How much a cluster may grow where its joints bend."""
_FAR = 0.05
"""How far out of the picture a cluster must be to be left out, part of its size."""
_MARGIN = 6.0
"""Pixels around: outlines, and what smoothing reads."""


class Bounds:
    """The clusters of a model; after ``follow``, ``bands`` says which strips of the picture they touch."""

    def __init__(self, model: Model) -> None:
        triangles = np.concatenate([p.indices for p in model.primitives] or [np.zeros(0, np.uint32)]).reshape(-1, 3)
        first = triangles[:, 0]
        place, joints, weights = model.positions, model.joints, model.weights
        rows = np.arange(len(triangles))
        main = joints[first, weights[first].argmax(1)].astype(np.int64)
        height = float(np.ptp(place[first, 1])) if len(first) else 1.0
        side, k = max(_CELL * height, 1e-6), 0
        while True:
            cell = np.floor(place[first] / side).astype(np.int64)
            _, cluster = np.unique(np.column_stack([main, cell]), axis=0, return_inverse=True)
            cluster = cluster.reshape(-1)
            k = int(cluster.max()) + 1 if len(rows) else 0
            if k <= _MOST or side > height:
                break
            side *= 1.4
        corners, of = triangles.ravel(), np.repeat(cluster, 3)
        count = np.maximum(np.bincount(of, minlength=k), 1)
        sums = [np.bincount(of, place[corners, i], k) / count for i in range(3)]
        self.cluster = cluster
        self.centres = np.column_stack([*sums, np.ones(k)]).astype(np.float32)
        self.shares = np.zeros((k, len(model.inverse_bind)), np.float32)
        for i in range(joints.shape[1]):
            np.add.at(self.shares, (of, joints[corners, i]), weights[corners, i])
        self.shares /= np.maximum(self.shares.sum(1, keepdims=True), 1e-6)
        reach = np.zeros(len(place), np.float32)
        for p in model.primitives:
            for morph in p.morphs:
                if len(morph.rows):
                    reach[morph.rows] = np.maximum(reach[morph.rows], np.abs(morph.delta[:, :3]).max(1))
        away = np.abs(place[corners] - self.centres[of, :3]) + reach[corners, None]
        self.halves = np.zeros((k, 3), np.float32)
        np.maximum.at(self.halves, of, _SLACK * away)
        self.size = (0, 0)
        self._now: tuple[Any, Any, Any] | None = None

    def follow(
        self, joint_matrices: npt.NDArray[np.float32], matrix: npt.NDArray[np.float32], size: tuple[int, int]
    ) -> None:
        """Takes a pose and a camera for the questions below; ``matrix`` projects the world (4, 4)."""
        self.size, self._now = size, self._spans(joint_matrices, matrix, size)

    def bands(self) -> npt.NDArray[np.int64] | None:
        """Pixels (32, 4): left, bottom, right, top of each strip, left >= right where it is empty; None: all empty.

        Rows count from the bottom.
        """
        w, h = self.size
        step = -(-h // BANDS)
        floor = np.arange(BANDS) * step
        out = np.empty((BANDS, 4), np.int64)
        out[:, 1], out[:, 3] = np.minimum(floor, h), np.minimum(floor + step, h)
        if self._now is None:
            out[:, 0], out[:, 2] = 0, w
            return out
        low, high, _ = self._now
        touches = (high[:, 1] > floor[:, None]) & (low[:, 1] < floor[:, None] + step)
        left = np.where(touches, low[:, 0], w).min(1, initial=w)
        right = np.where(touches, high[:, 0], 0).max(1, initial=0)
        # Whole blocks of four pixels: what a software renderer shades at once.
        out[:, 0], out[:, 2] = np.clip(left, 0, w).astype(int) & ~3, -(-np.clip(right, 0, w).astype(int) // 4) * 4
        return out if (out[:, 0] < out[:, 2]).any() else None

    def box(self) -> npt.NDArray[np.int64] | None:
        """The same as one box (1, 4)."""
        w, h = self.size
        if self._now is None:
            return np.array([[0, 0, w, h]])
        low, high, _ = self._now
        seen = ((high > 0) & (low < self.size)).all(1)
        if not seen.any():
            return None
        edges = np.concatenate([low[seen].min(0), high[seen].max(0)])
        return np.clip(edges, 0, [w, h, w, h]).astype(np.int64)[None]

    def seen(self) -> npt.NDArray[np.bool_]:
        """Which clusters may be in the picture; ``cluster`` numbers each triangle's."""
        if self._now is None:
            return np.ones(len(self.centres), bool)
        low, high, front = self._now
        slack = _FAR * max(self.size)
        out = np.zeros(len(self.centres), bool)
        out[front] = ((high > -slack) & (low < np.array(self.size) + slack)).all(1)
        return out

    def _spans(self, joint_matrices: Any, matrix: Any, size: tuple[int, int]) -> tuple[Any, Any, Any] | None:
        """Lowest and highest pixel (n, 2) of the clusters before the camera, and which those are (k,).

        None: one may touch the camera.
        """
        # Each cluster moves as the mean of its vertices' joints does; rows x, y and w of its box in the picture.
        seen = matrix[[0, 1, 3]] @ joint_matrices
        boxes = (self.shares @ seen.reshape(len(seen), 12)).reshape(-1, 3, 4)
        spots = np.einsum("kij,kj->ki", boxes, self.centres)
        halves = np.einsum("kij,kj->ki", np.abs(boxes[:, :, :3]), self.halves)
        depth, deep = spots[:, 2], halves[:, 2]
        clear = depth > deep + 0.05  # wholly in front of the camera
        if not clear.all():
            if ((depth > -deep) & ~clear).any():
                return None
            spots, halves, depth, deep = spots[clear], halves[clear], depth[clear], deep[clear]
        middle = spots[:, :2] / depth[:, None]
        around = (halves[:, :2] + np.abs(middle) * deep[:, None]) / (depth - deep)[:, None]
        half = np.array([0.5 * size[0], 0.5 * size[1]], np.float32)
        return (middle - around + 1) * half - _MARGIN, (middle + around + 1) * half + _MARGIN, clear

"""How near and how far a figure reaches, and a depth buffer that need not be cleared for each picture.

Only the figure is drawn with a depth test, so that the depth range can be hers alone, and a thin slice of it holds a
picture more finely than the whole range held the whole stage. Each picture takes the slice before the last one's: all that
lies in the buffer is then farther away than anything of it, and a clear is needed only when the slices are used up.
Clearing depth was a twentieth of a software renderer's frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.rig.rig import Rig
from avatar.vrm.model import Model

SLICES = 16
NEAR, FAR = 0.05, 60.0
"""Metres; what a camera sees where nothing is known of the figure."""
_SPARE = 0.01
"""How much nearer and farther than she reaches the planes lie, for rounding."""
BEHIND = 1e-6
"""How far an outline lies behind its surface, in normalised depth between ``NEAR`` and ``FAR`` (as three-vrm has it)."""


class Reach:
    """Which vertices each joint moves, as a ball in the model's space, and how far morphs take them."""

    def __init__(self, model: Model) -> None:
        n = len(model.inverse_bind)
        vertex, column = np.nonzero(model.weights > 0)
        joint = model.joints[vertex, column].astype(np.int64)
        low, high = np.full((n, 3), np.inf, np.float32), np.full((n, 3), -np.inf, np.float32)
        np.minimum.at(low, joint, model.positions[vertex])
        np.maximum.at(high, joint, model.positions[vertex])
        self.used = np.flatnonzero(np.isfinite(low[:, 0]))
        at = np.zeros(n, np.int64)
        at[self.used] = np.arange(len(self.used))
        middle = (low[self.used] + high[self.used]) / 2
        self.centres = np.column_stack([middle, np.ones(len(middle))]).astype(np.float32)
        self.radii = np.zeros(len(middle), np.float32)
        np.maximum.at(self.radii, at[joint], np.linalg.norm(model.positions[vertex] - middle[at[joint]], axis=1))
        self.bends: dict[int, npt.NDArray[np.float32]] = {}
        for p in model.primitives:
            if p.morphs:
                found = np.stack([self._moved(model, morph, at) for morph in p.morphs], 1)
                # A broken file may give a node's primitives different numbers of morphs.
                other = self.bends.get(p.node, found[:, :0])
                both = np.zeros((len(found), max(found.shape[1], other.shape[1])), np.float32)
                for part in (found, other):
                    both[:, : part.shape[1]] = np.maximum(both[:, : part.shape[1]], part)
                self.bends[p.node] = both
        lines = [m for m in model.materials if m.outlined]
        self.line = max((m.outline_width for m in lines if m.outline_mode == "worldCoordinates"), default=0.0)
        self.screen_line = max((m.outline_width for m in lines if m.outline_mode != "worldCoordinates"), default=0.0)

    def _moved(self, model: Model, morph: Any, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """How far one morph at full weight moves what each joint moves (m,)."""
        out = np.zeros(len(self.used), np.float32)
        rows = np.asarray(morph.rows)
        if len(rows):
            away = np.linalg.norm(morph.delta[:, :3], axis=1).astype(np.float32)
            for column in range(model.weights.shape[1]):
                some = model.weights[rows, column] > 0
                np.maximum.at(out, at[model.joints[rows[some], column]], away[some])
        return out

    def planes(self, rig: Rig, view: npt.NDArray[np.float32], zoom: float) -> tuple[float, float] | None:
        """Distances along the camera's axis between which all of her lies; None: she may touch the camera.

        ``zoom`` is how much the projection enlarges (cotangent of half the field of view).
        """
        if not len(self.used):
            return None
        deep = view[2] @ rig.joint_matrices[self.used]  # what of a joint's matrix moves along the axis
        away = -np.einsum("ij,ij->i", deep, self.centres)
        radii = self.radii
        for node, weights in rig.morphs.items():
            bend = self.bends.get(node)
            if bend is not None and weights.any():
                radii = radii + bend[:, : len(weights)] @ np.abs(weights[: bend.shape[1]])
        ball = radii * np.sqrt(np.einsum("ij,ij->i", deep[:, :3], deep[:, :3]))
        near, far = float((away - ball).min()), float((away + ball).max())
        line = self.screen_line / max(zoom, 1e-3)
        near = (near * (1 - line) - self.line) * (1 - _SPARE)
        far = (far * (1 + line) + self.line) * (1 + _SPARE)
        return (near, far) if np.isfinite([near, far]).all() and NEAR < near < far < 1e6 else None


class Slices:
    """Of one depth buffer."""

    def __init__(self) -> None:
        self.left = 0

    def next(self, planes: tuple[float, float] | None) -> tuple[npt.NDArray[np.float32], float, bool]:
        """Row of the projection that makes depth (4,), how far behind outlines lie in it, and whether to clear before."""
        near, far = planes or (NEAR, FAR)
        count = SLICES if planes else 1
        clear = self.left <= 0 or count == 1
        self.left = (count if clear else self.left) - 1
        # Normalised depth -1..1 between the planes goes into the slice; the first lies farthest.
        scale, shift = 1 / count, (2 * self.left + 1) / count - 1
        steep = 2 * near * far / (far - near)
        row = [0, 0, -scale * (far + near) / (far - near) - shift, -scale * steep]
        behind = BEHIND * scale * steep / (2 * NEAR * FAR / (FAR - NEAR))
        return np.array(row, np.float32), behind, clear

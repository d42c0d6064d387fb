"""Quaternions (x, y, z, w) and matrices in bulk. Shapes: (n, 4), (n, 3), (n, 3, 3)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any
_ONE = np.eye(3, dtype=np.float32)


def _turns() -> Array:
    """(16, 9): from the products of x, y, z, w with each other to a rotation matrix less the identity."""
    out = np.zeros((4, 4, 3, 3), np.float32)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        out[j, j, i, i] = out[k, k, i, i] = -2
        out[i, j, i, j] = out[i, j, j, i] = 2
        out[k, 3, i, j], out[k, 3, j, i] = -2, 2
    return out.reshape(16, 9)


_TURNS = _turns()


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product a b, row by row."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.float32)
    ax, ay, az, aw = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bx, by, bz, bw = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    out[..., 0] = aw * bx + ax * bw + ay * bz - az * by
    out[..., 1] = aw * by - ax * bz + ay * bw + az * bx
    out[..., 2] = aw * bz + ax * by - ay * bx + az * bw
    out[..., 3] = aw * bw - ax * bx - ay * by - az * bz
    return out


def conjugate(q: Array) -> Array:
    return q * np.array([-1, -1, -1, 1], np.float32)


def to_matrix(q: Array, out: Array | None = None) -> Array:
    """Rotation matrices (n, 3, 3) of unit quaternions: linear in the products of their parts, so one product."""
    pairs = q[..., :, None] * q[..., None, :]
    made = (pairs.reshape(-1, 16) @ _TURNS).reshape(*q.shape[:-1], 3, 3)
    made += _ONE
    if out is None:
        return made
    out[...] = made
    return out


def between(a: Array, b: Array) -> Array:
    """Rotation matrices (n, 3, 3) that turn unit vectors a into b by the shortest way.

    Mirroring at a and then at the half way s = a + b: 1 - s s' / (1 + a.b) + 2 b a'.
    """
    s = a + b
    d = np.einsum("ni,ni->n", a, b)
    d += 1.0
    np.maximum(d, 1e-6, out=d)
    out = (b + b)[:, :, None] * a[:, None, :]
    out -= (s / d[:, None])[:, :, None] * s[:, None, :]
    out += _ONE
    return out


def product_matrix(left: Array, right: Array) -> Array:
    """Matrices (n, 4, 4) that take a quaternion q, as a column, to left q right."""
    one = np.eye(4, dtype=np.float32)
    columns = [multiply(multiply(left, np.broadcast_to(one[k], left.shape)), right) for k in range(4)]
    return np.ascontiguousarray(np.stack(columns, -1))


def yaw_pitch(turn: Array, yaw: float, pitch: float) -> tuple[float, float, float, float]:
    """A quaternion after the turn of +Z by yaw degrees towards +X, then pitch degrees up; plain numbers for one bone."""
    y, p = math.radians(yaw) / 2, -math.radians(pitch) / 2
    sy, cy, sp, cp = math.sin(y), math.cos(y), math.sin(p), math.cos(p)
    ax, ay, az, aw = turn.tolist()
    bx, by, bz, bw = cy * sp, sy * cp, -sy * sp, cy * cp
    return (aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz)  # fmt: skip


def quaternion(matrix: Array) -> Array:
    """One rotation matrix (scaled columns allowed) as a quaternion."""
    from scipy.spatial.transform import Rotation

    size = np.maximum(np.linalg.norm(matrix, axis=0), 1e-9)
    return Rotation.from_matrix(matrix / size).as_quat().astype(np.float32)

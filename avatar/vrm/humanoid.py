"""The node tree and VRMC_vrm.humanoid."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar.rig.frame import BONE_INDEX
from avatar.vrm.fields import index, table, vector
from avatar.vrm.glb import Glb
from avatar.vrm.model import Nodes

REQUIRED = ("hips", "spine", "head", "leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg")
MAX_NODES = 20_000


def nodes(glb: Glb) -> Nodes:
    """The tree as arrays; one parent per node and no loops, or ``VrmError``."""
    entries = glb.items("nodes")
    n = len(entries)
    if not 0 < n <= MAX_NODES:
        raise glb.bad(f"has {n} nodes, between 1 and {MAX_NODES} can be used")
    parents = np.full(n, -1, np.int32)
    translation, rotation, scale = np.zeros((n, 3)), np.zeros((n, 4)), np.ones((n, 3))
    for i, entry in enumerate(entries):
        for child in entry.get("children") or []:
            if index(child, n) < 0 or parents[child] >= 0 or child == i:
                raise glb.bad(f"nodes[{i}] has the child {child!r}, which is missing or has another parent")
            parents[child] = i
        if entry.get("matrix") is not None:
            translation[i], rotation[i], scale[i] = _split(vector(entry["matrix"], tuple(np.eye(4).ravel())))
        else:
            translation[i] = vector(entry.get("translation"), (0.0, 0.0, 0.0))
            rotation[i] = vector(entry.get("rotation"), (0.0, 0.0, 0.0, 1.0))
            scale[i] = vector(entry.get("scale"), (1.0, 1.0, 1.0))
    length = np.linalg.norm(rotation, axis=1, keepdims=True)
    rotation = np.where(length > 1e-6, rotation / np.maximum(length, 1e-6), [0, 0, 0, 1])
    reached, front = 0, np.flatnonzero(parents < 0)
    while len(front):
        reached += len(front)
        front = np.flatnonzero(np.isin(parents, front))
    if reached != n:
        raise glb.bad("its node tree runs in a circle")
    names = [str(e.get("name") or f"node{i}") for i, e in enumerate(entries)]
    return Nodes(names, parents, *(a.astype(np.float32) for a in (translation, rotation, scale)))


def _split(values: tuple[float, ...]) -> tuple[Any, Any, Any]:
    """Translation, rotation, scale of a column-major matrix."""
    from scipy.spatial.transform import Rotation

    matrix = np.array(values).reshape(4, 4).T
    scale = np.maximum(np.linalg.norm(matrix[:3, :3], axis=0), 1e-9)
    if np.linalg.det(matrix[:3, :3]) < 0:
        scale[0] = -scale[0]
    turn = matrix[:3, :3] / scale
    if abs(np.linalg.det(turn)) < 1e-6:
        return matrix[:3, 3], np.array([0, 0, 0, 1.0]), scale
    return matrix[:3, 3], Rotation.from_matrix(turn).as_quat(), scale


def in_scene(glb: Glb, parents: Any) -> Any:
    """Which nodes (n,) bool the file's scene shows; all where it has no scene."""
    scenes = glb.items("scenes")
    if not scenes:
        return np.ones(len(parents), bool)
    roots = scenes[max(index(glb.json.get("scene", 0), len(scenes)), 0)].get("nodes")
    shown = np.zeros(len(parents), bool)
    shown[[r for r in (roots if isinstance(roots, list) else []) if index(r, len(parents)) >= 0]] = True
    front = np.flatnonzero(shown)
    while len(front):
        front = np.flatnonzero(np.isin(parents, front) & ~shown)
        shown[front] = True
    return shown


def mirrored(tree: Nodes) -> Any:
    """Which nodes (n,) bool are turned inside out by negative scales, their own and those above."""
    signs = np.where(tree.scale.prod(1) < 0, -1, 1)
    out, front = signs.copy(), np.flatnonzero(tree.parents < 0)
    while len(front):
        front = np.flatnonzero(np.isin(tree.parents, front))
        out[front] = signs[front] * out[tree.parents[front]]
    return out < 0


def bones(glb: Glb, vrm: dict[str, Any], count: int) -> dict[str, int]:
    """Node of each humanoid bone; the needed ones must be there."""
    out: dict[str, int] = {}
    for name, entry in table(table(vrm.get("humanoid")).get("humanBones")).items():
        node = index(table(entry).get("node"), count)
        if name in BONE_INDEX and node >= 0 and node not in out.values():
            out[name] = node
    missing = [b for b in REQUIRED if b not in out]
    if missing:
        raise glb.bad(f"humanoid lacks {', '.join(missing)}", "Assign the humanoid bones and export it again.")
    return out

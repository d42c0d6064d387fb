"""Meshes and skins: all primitives in one set of vertex arrays, morph targets as the vertices they move."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.vrm.fields import number, table
from avatar.vrm.glb import Glb
from avatar.vrm.model import Morph, Primitive

MAX_VERTICES = 4_000_000
FAR = 1e6
"""Metres; what is further away is not a place."""


@dataclass(slots=True)
class Build:
    """Arrays while they grow, later joined into the model's."""

    positions: list[npt.NDArray[Any]] = field(default_factory=list)
    normals: list[npt.NDArray[Any]] = field(default_factory=list)
    uvs: list[npt.NDArray[Any]] = field(default_factory=list)
    uvs2: list[npt.NDArray[Any]] = field(default_factory=list)
    uv_sets: int = 1
    colors: list[npt.NDArray[Any]] = field(default_factory=list)
    coloured: bool = False
    joints: list[npt.NDArray[Any]] = field(default_factory=list)
    weights: list[npt.NDArray[Any]] = field(default_factory=list)
    skin_nodes: list[int] = field(default_factory=list)
    inverse_bind: list[npt.NDArray[Any]] = field(default_factory=list)
    primitives: list[Primitive] = field(default_factory=list)
    mesh_weights: dict[int, list[float]] = field(default_factory=dict)
    vertices: int = 0
    shared: dict[Any, tuple[int, int, list[Morph]]] = field(default_factory=dict)


def meshes(glb: Glb, shown: npt.NDArray[np.bool_], mirrored: npt.NDArray[np.bool_]) -> Build:
    """Reads every mesh that a ``shown`` node has; triangles of ``mirrored`` nodes without a skin are turned over."""
    build = Build()
    tables: dict[Any, int] = {}
    for n, node in enumerate(glb.items("nodes")):
        if node.get("mesh") is None or not shown[n]:
            continue
        mesh = glb.item("meshes", node["mesh"], f"nodes[{n}]")
        first, size = _joint_table(glb, build, tables, n, node.get("skin"))
        for p, entry in enumerate(mesh.get("primitives") or []):
            place = f"meshes[{node['mesh']}].primitives[{p}]"
            if not isinstance(entry, dict):
                raise glb.bad(f"{place} is not an object")
            if entry.get("mode", 4) in (4, 5, 6):
                _primitive(glb, build, entry, place, n, node.get("skin"), first, size)
                if mirrored[n] and node.get("skin") is None:
                    made = build.primitives[-1]
                    made.indices = np.ascontiguousarray(made.indices.reshape(-1, 3)[:, ::-1]).ravel()
        raw = node.get("weights") or mesh.get("weights") or []
        build.mesh_weights[n] = [number(w, 0.0) for w in raw] if isinstance(raw, list) else []
    return build


def _joint_table(glb: Glb, build: Build, tables: dict[Any, int], node: int, skin: Any) -> tuple[int, int]:
    """First row and length of this mesh's matrices in the skinning table."""
    if skin is None:
        build.skin_nodes.append(node)
        build.inverse_bind.append(np.eye(4, dtype=np.float32)[None])
        return len(build.skin_nodes) - 1, 1
    entry = glb.item("skins", skin, f"nodes[{node}]")
    joints = entry.get("joints")
    if not isinstance(joints, list) or not joints:
        raise glb.bad(f"skins[{skin}] has no joints")
    for joint in joints:
        glb.item("nodes", joint, f"skins[{skin}]")
    if skin in tables:
        return tables[skin], len(joints)
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(joints), 1, 1))
    if entry.get("inverseBindMatrices") is not None:
        data = glb.accessor(entry["inverseBindMatrices"], f"skins[{skin}]", "MAT4")
        if len(data) < len(joints):
            raise glb.bad(f"skins[{skin}] has {len(joints)} joints and {len(data)} inverse bind matrices")
        inverse = data[: len(joints)].astype(np.float32).reshape(-1, 4, 4).transpose(0, 2, 1)  # column-major
    tables[skin] = len(build.skin_nodes)
    build.skin_nodes.extend(joints)
    build.inverse_bind.append(inverse)
    return tables[skin], len(joints)


def _primitive(
    glb: Glb, build: Build, entry: dict[str, Any], place: str, node: int, skin: Any, first: int, size: int
) -> None:
    attributes = table(entry.get("attributes"))
    raw = entry.get("targets")
    targets = [table(t) for t in raw] if isinstance(raw, list) else []
    extensions = table(entry.get("extensions"))
    if "KHR_draco_mesh_compression" in extensions:
        raise glb.bad(f"{place} is packed with KHR_draco_mesh_compression", "Export it without compression.")
    # Nodes that share a mesh also share its vertices, unless each can bend them its own way.
    key = (repr(sorted(attributes.items(), key=str)), repr(targets), first, size, node if targets else -1)
    if key not in build.shared:
        build.shared[key] = _vertices(glb, build, attributes, targets, place, skin, first, size)
    start, count, morphs = build.shared[key]
    if entry.get("indices") is None:
        indices = np.arange(count, dtype=np.uint32)
    else:
        indices = glb.accessor(entry["indices"], place, "SCALAR")[:, 0].astype(np.uint32)
    if len(indices) and indices.max() >= count:
        raise glb.bad(f"{place}: index {int(indices.max())} is past its {count} vertices")
    indices = _triangles(indices, entry.get("mode", 4))
    material = entry.get("material")
    if material is None:
        material = len(glb.items("materials"))
    else:
        glb.item("materials", material, place)
    flat = attributes.get("NORMAL") is None
    build.primitives.append(Primitive(material, start, count, indices + np.uint32(start), node, morphs, flat))


def _triangles(indices: npt.NDArray[np.uint32], mode: int) -> npt.NDArray[np.uint32]:
    if mode == 5 and len(indices) > 2:
        out = np.stack([indices[:-2], indices[1:-1], indices[2:]], 1)
        out[1::2, :2] = out[1::2, 1::-1]
        return out.ravel()
    if mode == 6 and len(indices) > 2:
        return np.stack([np.full(len(indices) - 2, indices[0]), indices[1:-1], indices[2:]], 1).ravel()
    return indices[: len(indices) // 3 * 3]


def _vertices(
    glb: Glb, build: Build, attributes: dict[str, Any], targets: list[Any], place: str, skin: Any, first: int, size: int
) -> tuple[int, int, list[Morph]]:
    def read(name: str, kind: str | None) -> npt.NDArray[Any] | None:
        if attributes.get(name) is None:
            return None
        data = glb.accessor(attributes[name], f"{place}.{name}", kind)
        if len(data) != count:
            raise glb.bad(f"{place}: {name} has {len(data)} entries for {count} vertices")
        return data

    if attributes.get("POSITION") is None:
        raise glb.bad(f"{place} has no POSITION")
    positions = glb.accessor(attributes["POSITION"], f"{place}.POSITION", "VEC3")
    count, start = len(positions), build.vertices
    if count and np.abs(positions).max() > FAR:
        raise glb.bad(f"{place}.POSITION is more than {FAR:.0f} m away", "Scale the model to metres.")
    if start + count > MAX_VERTICES:
        raise glb.bad(f"more than {MAX_VERTICES} vertices at {place}", "Reduce the model.")
    normals, uvs, colors = read("NORMAL", "VEC3"), read("TEXCOORD_0", "VEC2"), read("COLOR_0", None)
    uvs2 = read("TEXCOORD_1", "VEC2")
    build.positions.append(positions.astype(np.float32))
    build.normals.append(np.zeros((count, 3), np.float32) if normals is None else normals.astype(np.float32))
    build.uvs.append(np.zeros((count, 2), np.float32) if uvs is None else uvs.astype(np.float32))
    build.uvs2.append(build.uvs[-1] if uvs2 is None else uvs2.astype(np.float32))
    build.uv_sets += uvs2 is not None
    build.coloured |= colors is not None
    white = np.ones((count, 4), np.float32)
    if colors is not None:
        white[:, : colors.shape[1]] = colors
    build.colors.append(white)
    joints, weights = _influences(glb, read, skin, count, size, place)
    build.joints.append((joints + first).astype(np.uint16))
    build.weights.append(weights)
    build.vertices += count
    return start, count, [_morph(glb, t, count, start, f"{place}.targets[{i}]") for i, t in enumerate(targets)]


def _influences(glb: Glb, read: Any, skin: Any, count: int, size: int, place: str) -> tuple[Any, Any]:
    """The four strongest joints of each vertex, weights adding up to 1."""
    sets = [(read(f"JOINTS_{i}", "VEC4"), read(f"WEIGHTS_{i}", "VEC4")) for i in range(2)]
    found = [(j, w) for j, w in sets if j is not None and w is not None]
    if skin is None or not found:
        weights = np.zeros((count, 4), np.float32)
        weights[:, 0] = 1
        return np.zeros((count, 4), np.int64), weights
    joints = np.concatenate([j.astype(np.int64) for j, _ in found], 1)
    weights = np.concatenate([w.astype(np.float32) for _, w in found], 1)
    joints[weights <= 0] = 0
    if joints.size and joints.max() >= size:
        raise glb.bad(f"{place}: joint {int(joints.max())} is past the {size} of its skin")
    if joints.shape[1] > 4:
        order = np.argsort(-weights, axis=1)[:, :4]
        joints, weights = np.take_along_axis(joints, order, 1), np.take_along_axis(weights, order, 1)
    total = weights.sum(1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 1e-6)
    weights[total[:, 0] <= 1e-6, 0] = 1
    return joints, weights


def _morph(glb: Glb, target: dict[str, Any], count: int, start: int, place: str) -> Morph:
    delta = np.zeros((count, 6), np.float32)
    for column, name in ((0, "POSITION"), (3, "NORMAL")):
        if target.get(name) is not None:
            data = glb.accessor(target[name], f"{place}.{name}", "VEC3")
            if len(data) != count:
                raise glb.bad(f"{place}: {name} has {len(data)} entries for {count} vertices")
            delta[:, column : column + 3] = np.clip(data, -FAR, FAR)
    rows = np.flatnonzero(np.abs(delta).max(1) > 1e-7) if count else np.zeros(0, int)
    return Morph((rows + start).astype(np.int32), delta[rows])

"""A glTF 2.0 binary with the VRM 1.0 extensions, written from pieces; the same input gives the same bytes."""

from __future__ import annotations

import json
import os
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from avatar.wardrobe.mesh import Array, Piece
from avatar.wardrobe.skeleton import Skeleton

_FLOAT, _USHORT, _UINT, _UBYTE = 5126, 5123, 5125, 5121
_NORMALISED_U16 = 65535


class Buffer:
    """The binary chunk and its views and accessors."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def view(self, raw: bytes, target: int | None = None, stride: int | None = None) -> int:
        """Append bytes on a four-byte border."""
        self.data += b"\0" * (-len(self.data) % 4)
        entry: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw)}
        if target:
            entry["target"] = target
        if stride:
            entry["byteStride"] = stride
        self.data += raw
        self.views.append(entry)
        return len(self.views) - 1

    def accessor(
        self, array: np.ndarray, kind: str, component: int, target: int | None = 34962, bounds: bool = False
    ) -> int:
        """Append an array; ``bounds`` writes min and max."""
        entry: dict[str, Any] = {
            "bufferView": self.view(np.ascontiguousarray(array).tobytes(), target),
            "componentType": component,
            "count": len(array),
            "type": kind,
        }
        if bounds:
            entry["min"], entry["max"] = array.min(0).tolist(), array.max(0).tolist()
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def sparse(self, array: np.ndarray, bounds_of: np.ndarray) -> int:
        """A morph target: only the vertices that move are stored (glTF sparse accessor)."""
        moved = np.flatnonzero(np.abs(array).max(1) > 1e-7)
        if len(moved) == 0:
            moved = np.array([0])
        index = self.view(moved.astype("<u2").tobytes())
        values = self.view(np.ascontiguousarray(array[moved]).tobytes())
        self.accessors.append(
            {
                "componentType": _FLOAT,
                "count": len(array),
                "type": "VEC3",
                "min": bounds_of.min(0).tolist(),
                "max": bounds_of.max(0).tolist(),
                "sparse": {
                    "count": len(moved),
                    "indices": {"bufferView": index, "componentType": _USHORT},
                    "values": {"bufferView": values},
                },
            }
        )
        return len(self.accessors) - 1


def skinning(piece: Piece, joints: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest bones per vertex: indices uint8 and weights float32 that sum to one."""
    names = list(piece.weights)
    table = np.stack([np.asarray(piece.weights[n], float) for n in names], 1)
    index = np.array([joints[n] for n in names])
    order = np.argsort(-table, axis=1, kind="stable")[:, :4]
    weights = np.take_along_axis(table, order, 1)
    bones = index[order]
    if weights.shape[1] < 4:
        pad = ((0, 0), (0, 4 - weights.shape[1]))
        weights, bones = np.pad(weights, pad), np.pad(bones, pad)
    weights[weights < 0.004] = 0
    weights /= weights.sum(1, keepdims=True)
    bones[weights == 0] = 0
    return bones.astype(np.uint8), weights.astype(np.float32)


def _primitive(
    piece: Piece, uv: Array, morphs: list[str], buffer: Buffer, joints: dict[str, int], scale: float
) -> dict[str, Any]:
    positions = (piece.positions * scale).astype(np.float32)
    bones, weights = skinning(piece, joints)
    primitive: dict[str, Any] = {
        "attributes": {
            "POSITION": buffer.accessor(positions, "VEC3", _FLOAT, bounds=True),
            "NORMAL": buffer.accessor(piece.normals.astype(np.float32), "VEC3", _FLOAT),
            "TEXCOORD_0": buffer.accessor(uv.astype(np.float32), "VEC2", _FLOAT),
            "JOINTS_0": buffer.accessor(bones, "VEC4", _UBYTE),
            "WEIGHTS_0": buffer.accessor(weights, "VEC4", _FLOAT),
        },
        "indices": buffer.accessor(piece.triangles.reshape(-1).astype("<u2"), "SCALAR", _USHORT, 34963),
        "mode": 4,
    }
    if morphs:
        primitive["targets"] = []
        for name in morphs:
            delta = (piece.morphs.get(name, np.zeros_like(piece.positions)) * scale).astype(np.float32)
            primitive["targets"].append({"POSITION": buffer.sparse(delta, delta)})
    return primitive


def document(
    skeleton: Skeleton,
    meshes: dict[str, list[tuple[Piece, Array]]],
    materials: dict[str, dict[str, Any]],
    images: dict[str, bytes],
    scale: float,
) -> tuple[dict[str, Any], Buffer, dict[str, int], dict[str, list[str]]]:
    """The glTF document without VRM extensions.

    ``meshes`` maps a mesh name to (piece, atlas uv) per primitive. Answers the document, the buffer, node indices
    by name and the morph names of each mesh. Lengths are multiplied by ``scale``.
    """
    buffer = Buffer()
    names = list(skeleton.bones)
    joints = {name: i for i, name in enumerate(names)}
    nodes: list[dict[str, Any]] = []
    for bone in skeleton.bones.values():
        origin = skeleton.at(bone.parent) if bone.parent else np.zeros(3)
        node: dict[str, Any] = {"name": bone.name}
        node["translation"] = [round(float(v), 7) for v in (bone.position - origin) * scale]
        children = [joints[b.name] for b in skeleton.bones.values() if b.parent == bone.name]
        if children:
            node["children"] = children
        nodes.append(node)
    inverse = np.tile(np.eye(4, dtype=np.float32), (len(names), 1, 1))
    for i, name in enumerate(names):
        inverse[i, 3, :3] = -skeleton.at(name) * scale  # column-major: translation in the last row
    order = list(materials)
    gltf_meshes: list[dict[str, Any]] = []
    targets: dict[str, list[str]] = {}
    roots = [joints["hips"]]
    for name, primitives in meshes.items():
        morphs = list(dict.fromkeys(m for piece, _ in primitives for m in piece.morphs))
        targets[name] = morphs
        entry: dict[str, Any] = {"name": name, "primitives": []}
        for piece, uv in primitives:
            primitive = _primitive(piece, uv, morphs, buffer, joints, scale)
            primitive["material"] = order.index(piece.material)
            entry["primitives"].append(primitive)
        if morphs:
            entry["weights"] = [0.0] * len(morphs)
            entry["extras"] = {"targetNames": morphs}
        nodes.append({"name": name, "mesh": len(gltf_meshes), "skin": 0})
        roots.append(len(nodes) - 1)
        gltf_meshes.append(entry)
    bind = buffer.accessor(inverse.reshape(-1, 16), "MAT4", _FLOAT, None)
    views = {name: buffer.view(png) for name, png in images.items()}
    gltf = {
        "asset": {"version": "2.0", "generator": "Limelight wardrobe"},
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "nodes": nodes,
        "meshes": gltf_meshes,
        "skins": [{"joints": list(range(len(names))), "inverseBindMatrices": bind, "skeleton": joints["hips"]}],
        "materials": list(materials.values()),
        "textures": [{"sampler": 0, "source": i} for i in range(len(images))],
        "images": [{"name": n, "mimeType": "image/png", "bufferView": v} for n, v in views.items()],
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
    }
    return gltf, buffer, {n["name"]: i for i, n in enumerate(nodes)}, targets


def glb(gltf: dict[str, Any], buffer: Buffer) -> bytes:
    """The binary container (glTF 2.0, section 4.4)."""
    buffer.data += b"\0" * (-len(buffer.data) % 4)
    gltf["accessors"], gltf["bufferViews"] = buffer.accessors, buffer.views
    gltf["buffers"] = [{"byteLength": len(buffer.data)}]
    text = json.dumps(gltf, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(buffer.data)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(buffer.data), b"BIN\0"),
            bytes(buffer.data),
        ]
    )


def write_whole(path: Path, data: bytes) -> None:
    """Write aside, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise

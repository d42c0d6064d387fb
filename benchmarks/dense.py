"""Makes a heavier model of a VRM: every triangle cut into four (midpoints), all vertex data interpolated."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from avatar.vrm.glb import Glb, parse


def dense(data: bytes, triangles: int) -> bytes:
    """The file with at least ``triangles``; morph targets, weights and UVs go along."""
    while True:
        glb = parse(data)
        parts = [p for m in glb.items("meshes") for p in m["primitives"]]
        if sum(glb.items("accessors")[p["indices"]]["count"] for p in parts) // 3 >= triangles:
            return data
        data = _cut(glb, parts)


def _cut(glb: Glb, parts: list[Any]) -> bytes:
    root, binary = glb.json, bytearray(glb.binary)
    made: dict[Any, int] = {}

    def add(values: Any, like: dict[str, Any]) -> int:
        binary.extend(b"\0" * (-len(binary) % 4))
        root["bufferViews"].append({"buffer": 0, "byteOffset": len(binary), "byteLength": values.nbytes})
        binary.extend(values.tobytes())
        entry = {k: v for k, v in like.items() if k in ("componentType", "type", "normalized", "min", "max")}
        view = len(root["bufferViews"]) - 1
        root["accessors"].append({**entry, "bufferView": view, "byteOffset": 0, "count": len(values)})
        return len(root["accessors"]) - 1

    for part in parts:
        old = glb.accessor(part["indices"], "indices")[:, 0].astype(np.int64).reshape(-1, 3)
        sides = np.sort(np.stack([old, np.roll(old, -1, 1)], -1).reshape(-1, 2), 1)
        edges, which = np.unique(sides, axis=0, return_inverse=True)
        count = glb.items("accessors")[part["attributes"]["POSITION"]]["count"]
        middle = count + which.reshape(-1, 3)
        ab, bc, ca = middle.T
        a, b, c = old.T
        new = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 1).reshape(-1, 1).astype(np.uint32)
        for attributes in [part["attributes"], *part.get("targets", [])]:
            for name, accessor in attributes.items():
                key = (accessor, len(edges), part["indices"])
                if key not in made:
                    values, like = glb.accessor(accessor, name), root["accessors"][accessor]
                    raw = values if like["componentType"] == 5126 else values.astype(values.dtype)
                    halves = raw[edges[:, 0]] if "JOINTS" in name else (raw[edges[:, 0]] + raw[edges[:, 1]]) / 2
                    if "WEIGHTS" in name:  # the joints of one end go with its weights
                        halves = raw[edges[:, 0]]
                    made[key] = add(np.concatenate([raw, halves]).astype(raw.dtype), like)
                attributes[name] = made[key]
        part["indices"] = add(new, {"componentType": 5125, "type": "SCALAR"})
    root["buffers"] = [{"byteLength": len(binary)}]
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    binary.extend(b"\0" * (-len(binary) % 4))
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary))
    return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary

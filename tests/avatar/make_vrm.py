"""Writes tiny VRM files for the tests: a flat figure with two morphs, an expression table and a spring."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

BONES = ("hips", "spine", "head", "leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg")


def glb(root: dict[str, Any], binary: bytes) -> bytes:
    """Packs JSON and buffer into a GLB."""
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    size = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<4sII", b"glTF", 2, size)
    return (
        head + struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    )


def document(old: bool = False, **changes: Any) -> tuple[dict[str, Any], bytes]:
    """A red square (left half) and a blue one (right half of the model) 1 m up, facing the model's front."""
    front = -1.0 if old else 1.0
    left = front  # +X is the performer's left in 1.0, -X in 0.x
    quads = []
    for side in (left, -left):
        quads.append([[0, 0.6, 0], [side * 0.4, 0.6, 0], [side * 0.4, 1.4, 0], [0, 1.4, 0]])
    positions = np.array(quads, np.float32).reshape(-1, 3)
    normals = np.tile(np.array([[0, 0, front]], np.float32), (8, 1))
    morph = np.zeros((8, 3), np.float32)
    morph[:, 1] = 0.2
    index = np.array([0, 1, 2, 0, 2, 3], np.uint16)
    flipped = index.reshape(-1, 3)[:, ::-1].ravel()
    blobs = [positions[:4], positions[4:], normals[:4], morph[:4], index, flipped]
    binary, views = b"", []
    for blob in blobs:
        binary += b"\0" * (-len(binary) % 4)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": blob.nbytes})
        binary += blob.tobytes()
    accessors: list[dict[str, Any]] = [
        {"bufferView": v, "componentType": 5126, "count": 4, "type": "VEC3"} for v in range(4)
    ]
    accessors += [{"bufferView": v, "componentType": 5123, "count": 6, "type": "SCALAR"} for v in (4, 5)]
    nodes: list[dict[str, Any]] = [
        {"name": "hips", "translation": [0, 0.9, 0], "children": [1, 5, 6]},
        {"name": "spine", "translation": [0, 0.2, 0], "children": [2, 3, 4]},
        {"name": "head", "translation": [0, 0.3, 0], "children": [8]},
        {"name": "la", "translation": [0.2 * left, 0.2, 0]},
        {"name": "ra", "translation": [-0.2 * left, 0.2, 0]},
        {"name": "ll", "translation": [0.1 * left, -0.1, 0]},
        {"name": "rl", "translation": [-0.1 * left, -0.1, 0]},
        {"name": "body", "mesh": 0},
        {"name": "hair", "translation": [0, 0.2, 0], "children": [9]},
        {"name": "hair end", "translation": [0, -0.3, 0]},
    ]
    one = {"POSITION": 0, "NORMAL": 2}, {"POSITION": 1, "NORMAL": 2}
    faces = [
        {"attributes": a, "indices": 4 + i, "material": i, "targets": [{"POSITION": 3}]} for i, a in enumerate(one)
    ]
    colours = [[1, 0, 0, 1], [0, 0, 1, 1]]
    root: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "nodes": nodes,
        "scenes": [{"nodes": [0, 7]}],
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": views,
        "accessors": accessors,
        "meshes": [{"primitives": faces}],
        "materials": [
            {"name": f"m{i}", "pbrMetallicRoughness": {"baseColorFactor": c}, "doubleSided": True,
             "extensions": {"KHR_materials_unlit": {}}} for i, c in enumerate(colours)
        ],
        "extensions": _old() if old else _new(),
    }  # fmt: skip
    root.update(changes)
    return root, binary


def _new() -> dict[str, Any]:
    joint = {"stiffness": 1.0, "dragForce": 0.4, "gravityPower": 0.0}
    morph = {"morphTargetBinds": [{"node": 7, "index": 0, "weight": 1.0}]}
    return {
        "VRMC_vrm": {
            "specVersion": "1.0",
            "meta": {"name": "Square", "authors": ["test"], "licenseUrl": "https://vrm.dev/licenses/1.0/"},
            "humanoid": {"humanBones": {b: {"node": i} for i, b in enumerate(BONES)}},
            "expressions": {
                "preset": {
                    "happy": {"overrideMouth": "block", "overrideBlink": "blend"},
                    "aa": morph,
                    "blink": {"isBinary": True},
                },
                "custom": {
                    "green": {
                        "materialColorBinds": [{"material": 0, "type": "color", "targetValue": [0, 1, 0, 1]}],
                    }
                },
            },
        },
        "VRMC_springBone": {"springs": [{"joints": [{"node": 8, **joint}, {"node": 9, **joint}]}]},
    }


def _old() -> dict[str, Any]:
    return {
        "VRM": {
            "meta": {"title": "Square", "author": "test", "licenseName": "CC0"},
            "humanoid": {"humanBones": [{"bone": b, "node": i} for i, b in enumerate(BONES)]},
            "blendShapeMaster": {
                "blendShapeGroups": [{"presetName": "a", "name": "A", "binds": [{"mesh": 0, "index": 0, "weight": 100}]}]  # noqa: E501
            },
            "firstPerson": {"lookAtTypeName": "Bone"},
            "secondaryAnimation": {"boneGroups": [{"bones": [8], "stiffiness": 1.0, "dragForce": 0.4}]},
            "materialProperties": [
                {"shader": "VRM/MToon", "name": "m0", "vectorProperties": {"_Color": [1, 0, 0, 1], "_ShadeColor": [1, 0, 0, 1]},  # noqa: E501
                 "floatProperties": {"_CullMode": 0, "_ShadeToony": 0.9, "_OutlineWidth": 0.5, "_OutlineWidthMode": 1}},
                {"shader": "VRM/UnlitTexture", "name": "m1", "vectorProperties": {"_Color": [0, 0, 1, 1]}},
            ],
        }
    }  # fmt: skip


def make(old: bool = False, **changes: Any) -> bytes:
    """The bytes of a tiny VRM, 1.0 or 0.x."""
    return glb(*document(old, **changes))

"""Small motion files, written from scratch by the formats' descriptions."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence

import numpy as np

Key = tuple[str, int, tuple[float, float, float], tuple[float, float, float, float]]


def vrma(
    bones: dict[str, tuple[tuple[float, ...], tuple[float, ...], str]],
    keys: dict[str, tuple[str, Sequence[float], Sequence[Sequence[float]]]],
    mode: str = "LINEAR",
    extra: dict[str, object] | None = None,
) -> bytes:
    """``bones``: name -> (translation, rotation, parent); ``keys``: name -> (path, times, values).

    Names with ``expression:`` or the name ``lookAt`` become those nodes.
    """
    names = list(bones)
    nodes: list[dict[str, object]] = []
    for name in names:
        place, turn, _ = bones[name]
        node: dict[str, object] = {"name": name, "translation": list(place), "rotation": list(turn)}
        children = [names.index(n) for n in names if bones[n][2] == name]
        if children:
            node["children"] = children
        nodes.append(node)
    blob, views, accessors, channels, samplers = b"", [], [], [], []

    def accessor(values: np.ndarray, kind: str) -> int:
        nonlocal blob
        data = values.astype("<f4").tobytes()
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)})
        blob += data
        accessors.append({"bufferView": len(views) - 1, "componentType": 5126, "count": len(values), "type": kind})
        return len(accessors) - 1

    for name, (path, times, values) in keys.items():
        width = {"rotation": "VEC4", "translation": "VEC3"}[path]
        sampler = {
            "input": accessor(np.array(times), "SCALAR"),
            "output": accessor(np.array(values), width),
            "interpolation": mode,
        }
        samplers.append(sampler)
        channels.append({"sampler": len(samplers) - 1, "target": {"node": names.index(name), "path": path}})
    human = {n: {"node": i} for i, n in enumerate(names) if ":" not in n and n != "lookAt"}
    faces = {n.split(":")[1]: {"node": i} for i, n in enumerate(names) if n.startswith("expression:")}
    part: dict[str, object] = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": human},
        "expressions": {"preset": faces},
    }
    if "lookAt" in names:
        part["lookAt"] = {"node": names.index("lookAt")}
    root = {
        "asset": {"version": "2.0"}, "nodes": nodes, "accessors": accessors, "bufferViews": views,
        "buffers": [{"byteLength": len(blob)}], "animations": [{"channels": channels, "samplers": samplers}],
        "extensionsUsed": ["VRMC_vrm_animation"], "extensions": {"VRMC_vrm_animation": part}, **(extra or {}),
    }  # fmt: skip
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(blob)
    return (struct.pack("<4sII", b"glTF", 2, size) + struct.pack("<II", len(text), 0x4E4F534A) + text
            + struct.pack("<II", len(blob), 0x004E4942) + blob)  # fmt: skip


def vmd(bones: Sequence[Key], morphs: Sequence[tuple[str, int, float]] = ()) -> bytes:
    """Bone keys (name, frame, place, rotation) and morph keys, with straight curves."""
    curve = bytes([20, 20, 20, 20, 20, 20, 20, 20, 107, 107, 107, 107, 107, 107, 107, 107]) * 4
    out = b"Vocaloid Motion Data 0002".ljust(30, b"\0") + b"model".ljust(20, b"\0") + struct.pack("<I", len(bones))
    for name, frame, place, turn in bones:
        out += name.encode("shift_jis").ljust(15, b"\0")[:15] + struct.pack("<I7f", frame, *place, *turn) + curve
    out += struct.pack("<I", len(morphs))
    for name, frame, weight in morphs:
        out += name.encode("shift_jis").ljust(15, b"\0")[:15] + struct.pack("<If", frame, weight)
    return out + struct.pack("<III", 0, 0, 0)


BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine
  {
    OFFSET 0 10 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Head
    {
      OFFSET 0 40 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 10 0
      }
    }
    JOINT LeftArm
    {
      OFFSET 15 30 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftForeArm
      {
        OFFSET %s
        CHANNELS 3 Zrotation Xrotation Yrotation
        JOINT LeftHand
        {
          OFFSET %s
          CHANNELS 3 Zrotation Xrotation Yrotation
        }
      }
    }
    JOINT RightArm
    {
      OFFSET -15 30 0
      CHANNELS 3 Zrotation Xrotation Yrotation
    }
  }
  JOINT LeftUpLeg
  {
    OFFSET 10 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftLeg
    {
      OFFSET 0 -45 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftFoot
      {
        OFFSET 0 -45 0
        CHANNELS 3 Zrotation Xrotation Yrotation
      }
    }
  }
  JOINT RightUpLeg
  {
    OFFSET -10 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
  }
}
MOTION
Frames: 2
Frame Time: 0.5
%s
%s
"""


def bvh(first: dict[int, float], second: dict[int, float], arm: str = "25 0 0") -> bytes:
    """Two frames of a small person, 36 numbers each; hips 90 high; ``arm`` is the rest direction of the left arm."""
    rows = []
    for values in (first, second):
        row = [0.0] * 36
        row[1] = 90.0
        for k, value in values.items():
            row[k] = value
        rows.append(" ".join(f"{v:g}" for v in row))
    return (BVH % (arm, arm, *rows)).encode()

"""BVH (Biovision hierarchy): joints with offsets, then numbers. Any units; +Y or +Z up; any facing; any rest pose.

Format as described by Meredith & Maddock, "Motion Capture File Formats Explained" (2001): Euler channels are applied
in the order they are listed, each about the axes turned by the ones before.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from avatar.motion.clips.clip import MAX_FRAMES, MAX_SECONDS, Clip, Floats
from avatar.motion.clips.errors import ClipError
from avatar.motion.clips.retarget import normalised, shortest
from avatar.rig.maths import conjugate, multiply

MAX_JOINTS = 1000
_REMEDY = "Export it again as BVH, from MotionBuilder, Blender, mocopi or the like."
_AXES = {"Xrotation": 0, "Yrotation": 1, "Zrotation": 2}
_PLACES = {"Xposition": 0, "Yposition": 1, "Zposition": 2}
_LEAN = 15.0
"""Degrees by which an arm at rest must leave the T-pose before it is turned back."""


@dataclass(slots=True)
class _Joint:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: list[str] = field(default_factory=list)
    first: int = 0


def parse(data: bytes, name: str) -> Clip:
    """A clip from the bytes of a .bvh file."""
    text = data.decode("utf-8-sig", "replace")
    cut = re.search(r"^\s*MOTION\s*$", text, re.MULTILINE)
    if cut is None or not text.lstrip().startswith("HIERARCHY"):
        raise ClipError(name, "is not a BVH file (no HIERARCHY and MOTION)", _REMEDY)
    joints = _joints(text[: cut.start()].split(), name)
    numbers, rate = _motion(text[cut.end() :], sum(len(j.channels) for j in joints), name)
    bones = _names([j.name for j in joints])
    if "hips" not in bones or len(bones) < 5:
        known = ", ".join(sorted(bones)) or "none"
        raise ClipError(
            name, f"its joints are not those of a person (known: {known})", "Rename its joints as in Mixamo."
        )
    turn, spots = _upright(joints, bones, name)
    world, way = _poses(joints, numbers, bones)
    back = conjugate(turn)
    whole = {bone: multiply(multiply(turn, q), back) for bone, q in world.items()}
    rotations, moved = normalised(whole, len(numbers), _leads(bones, spots))
    hips = _hips(way, joints[bones["hips"]], turn, spots, bones)
    return Clip(name, rate, rotations, moved, hips)


def _joints(words: list[str], name: str) -> list[_Joint]:
    """The tree of a HIERARCHY; end sites are joints without a name."""
    joints: list[_Joint] = []
    stack: list[int] = []
    at, count, used = 1, len(words), 0
    while at < count:
        word = words[at]
        if word in ("ROOT", "JOINT", "End"):
            if len(joints) >= MAX_JOINTS:
                raise ClipError(name, f"has more than {MAX_JOINTS} joints", "Reduce the skeleton.")
            if not stack and joints:
                raise ClipError(name, "has two roots", "Export one person per file.")
            label = words[at + 1] if word != "End" else ""
            joints.append(_Joint(label, stack[-1] if stack else -1))
            if at + 2 >= count or words[at + 2] != "{":
                raise ClipError(name, f"joint {label!r} has no body", _REMEDY)
            stack.append(len(joints) - 1)
            at += 3
        elif word == "OFFSET" and stack:
            values = [_finite(v, name) for v in words[at + 1 : at + 4]]
            joints[stack[-1]].offset = (values[0], values[1], values[2])
            at += 4
        elif word == "CHANNELS" and stack:
            n = int(words[at + 1])
            channels = words[at + 2 : at + 2 + n]
            if not 0 <= n <= 6 or any(c not in _AXES and c not in _PLACES for c in channels):
                raise ClipError(name, f"joint {joints[stack[-1]].name!r} has odd channels", _REMEDY)
            joints[stack[-1]].channels, joints[stack[-1]].first = channels, used
            used += len(channels)
            at += 2 + n
        elif word == "}" and stack:
            stack.pop()
            at += 1
        else:
            raise ClipError(name, f"its hierarchy has {word[:40]!r} where a joint should be", _REMEDY)
    if not joints or stack:
        raise ClipError(name, "its hierarchy is cut short", _REMEDY)
    return joints


def _finite(word: str, name: str) -> float:
    value = float(word)
    if not abs(value) < 1e6:
        raise ClipError(name, f"holds the number {word[:40]}", _REMEDY)
    return value


def _motion(text: str, channels: int, name: str) -> tuple[Any, float]:
    """(frames, channels) float64 and the rate."""
    head = re.match(r"\s*Frames:\s*(\d{1,9})\s+Frame Time:\s*([-+.\deE]+)", text)
    if head is None:
        raise ClipError(name, "MOTION has no Frames and Frame Time", _REMEDY)
    frames, step = int(head[1]), float(head[2])
    if not 1e-4 <= step <= 10.0 or not 1 <= frames <= MAX_FRAMES or frames * step > MAX_SECONDS:
        raise ClipError(name, f"claims {frames} frames of {step:g} s, at most {MAX_SECONDS:g} s and "
                        f"{MAX_FRAMES} frames are read", "Cut the clip shorter.")  # fmt: skip
    if not channels:
        raise ClipError(name, "has no channels", _REMEDY)
    if len(text) - head.end() < 2 * frames * channels - 1:
        raise ClipError(name, f"ends before its {frames} frames of {channels} numbers", "The file was cut short.")
    numbers = np.array(text[head.end() :].split(None, frames * channels)[: frames * channels], np.float64)
    if len(numbers) < frames * channels:
        raise ClipError(name, f"ends before its {frames} frames of {channels} numbers", "The file was cut short.")
    if not (np.abs(numbers) < 1e6).all():
        raise ClipError(name, "holds numbers that are not finite", _REMEDY)
    return numbers.reshape(frames, channels), 1.0 / step


@cache
def _table() -> dict[str, list[str]]:
    """Humanoid bone to plain joint names, in order of preference."""
    raw = tomllib.loads(files("avatar.motion.clips").joinpath("bones.toml").read_text(encoding="utf-8"))
    table: dict[str, list[str]] = dict(raw["body"])
    for group in ("limbs", "fingers"):
        for part, patterns in raw[group].items():
            for side, ways in raw["sides"].items():
                table[side + part] = [p.format(s=way) for p in patterns for way in ways]
    return table


def _names(names: list[str]) -> dict[str, int]:
    """Humanoid bone to joint."""
    plain: dict[str, int] = {}
    for i, name in enumerate(names):
        if name:
            plain.setdefault(re.sub(r"[^a-z0-9]", "", name.split(":")[-1].lower().removeprefix("mixamorig")), i)
    found: dict[str, int] = {}
    for bone, options in _table().items():
        for option in options:
            if option in plain and plain[option] not in found.values():
                found[bone] = plain[option]
                break
    return found


def _upright(joints: list[_Joint], bones: dict[str, int], name: str) -> tuple[Floats, Any]:
    """The turn (4,) that brings the source to +Y up and facing +Z, and all rest places (n, 3) after it."""
    spots = np.zeros((len(joints), 3))
    for i, joint in enumerate(joints):
        spots[i] = np.array(joint.offset) + (spots[joint.parent] if joint.parent >= 0 else 0.0)
    left = next((spots[bones[f"left{b}"]] - spots[bones[f"right{b}"]] for b in ("UpperLeg", "UpperArm", "Shoulder")
                 if f"left{b}" in bones and f"right{b}" in bones), None)  # fmt: skip
    top = bones.get("head", bones.get("neck"))
    if left is None or top is None:
        raise ClipError(name, "lacks a head, or legs and arms on both sides", _REMEDY)
    up = spots[top] - spots[bones["hips"]]
    axis = np.eye(3)[int(np.argmax(np.abs(up)))] * np.sign(up[np.argmax(np.abs(up))])
    left = left - axis * (left @ axis)
    if np.linalg.norm(up) < 1e-6 or np.linalg.norm(left) < 1e-6:
        raise ClipError(name, "its rest pose has no height or no width", _REMEDY)
    side = int(np.argmax(np.abs(left)))
    left = np.eye(3)[side] * np.sign(left[side])
    from avatar.rig.maths import quaternion

    basis = np.stack([left, axis, np.cross(left, axis)])
    return quaternion(basis.astype(np.float32)), spots @ basis.T


def _poses(joints: list[_Joint], numbers: Any, bones: dict[str, int]) -> tuple[dict[str, Floats], Any]:
    """World rotations (n, 4) by bone, and the hips' world places (n, 3), in the source's axes."""
    wanted = set(bones.values())
    for i in sorted(wanted):
        while joints[i].parent >= 0:
            i = joints[i].parent
            wanted.add(i)
    turns: dict[int, Floats] = {}
    places: dict[int, Any] = {}
    hips = bones["hips"]
    for i, joint in enumerate(joints):
        if i not in wanted:
            continue
        local, at = _local(joint, numbers)
        above = turns.get(joint.parent)
        turns[i] = local if above is None else multiply(above, local)
        if i == hips or i in _above(joints, hips):
            places[i] = at if above is None else places[joint.parent] + _turned(above, at)
    return {bone: turns[i] for bone, i in bones.items()}, places[hips]


def _above(joints: list[_Joint], i: int) -> set[int]:
    out = set()
    while joints[i].parent >= 0:
        i = joints[i].parent
        out.add(i)
    return out


def _local(joint: _Joint, numbers: Any) -> tuple[Floats, Any]:
    turn = np.zeros((len(numbers), 4), np.float32)
    turn[:, 3] = 1
    at = np.tile(np.array(joint.offset), (len(numbers), 1))
    for k, channel in enumerate(joint.channels):
        values = numbers[:, joint.first + k]
        if channel in _PLACES:
            at[:, _PLACES[channel]] = values
            continue
        half = np.radians(values) / 2
        about = np.zeros((len(numbers), 4), np.float32)
        about[:, _AXES[channel]], about[:, 3] = np.sin(half), np.cos(half)
        turn = multiply(turn, about)
    return turn, at


def _turned(q: Floats, v: Any) -> Any:
    t = 2 * np.cross(q[..., :3], v)
    return v + q[..., 3:] * t + np.cross(q[..., :3], t)


def _leads(bones: dict[str, int], spots: Any) -> dict[str, Floats]:
    """Arms (and legs) whose rest is not the T-pose's: the turn from it, for the limb and what hangs on it."""
    out: dict[str, Floats] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for chain, straight in ((("UpperArm", "LowerArm", "Hand"), (sign, 0, 0)),
                                (("UpperLeg", "LowerLeg", "Foot"), (0, -1, 0))):  # fmt: skip
            lead = None
            for bone, tip in zip(chain, chain[1:]):
                if side + bone not in bones or side + tip not in bones:
                    continue
                away = spots[bones[side + tip]] - spots[bones[side + bone]]
                size = float(np.linalg.norm(away))
                goal = np.array(straight, float)
                if size > 1e-6 and np.degrees(np.arccos(np.clip(away @ goal / size, -1, 1))) > _LEAN:
                    lead = out[side + bone] = shortest(goal.astype(np.float32), away.astype(np.float32))
            if lead is not None and chain[-1] == "Hand":
                out[f"{side}Hand"] = lead
                for finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
                    for part in ("Metacarpal", "Proximal", "Intermediate", "Distal"):
                        out[f"{side}{finger}{part}"] = lead
    return out


def _hips(way: Any, hips: _Joint, turn: Floats, spots: Any, bones: dict[str, int]) -> Floats:
    """The way in hip heights. Heights are from the lowest joint at rest; sideways from the first frame."""
    feet = min(float(spots[i][1]) for i in bones.values())
    height = max(float(spots[bones["hips"]][1]) - feet, 1e-3)
    moved = _turned(turn, way)
    rest = spots[bones["hips"]]
    start = moved[0].copy()
    # Files whose root sits at the origin at rest tell the height by their channels alone.
    start[1] = rest[1] if abs(float(moved[0][1]) - float(rest[1])) < 0.5 * height else height
    return ((moved - start) / height).astype(np.float32)

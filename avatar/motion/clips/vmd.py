"""VMD (Vocaloid Motion Data 0002): keys of MikuMikuDance, read only, by the standard names of its bones.

A 30-byte mark, a 20-byte model name, then bone keys of 111 bytes (name in Shift-JIS, frame at 30 Hz, place, rotation,
64 bytes of Bezier curves) and morph keys of 23 bytes. Camera, light and IK switches that may follow are left out.
MMD faces -Z in left-handed axes: Z and the rotations about X and Y change sign. Its arms rest in an A-pose. Legs are
usually led by foot goals; they are solved on a standard figure, whose proportions a hip height scales.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from avatar.motion.clips.clip import MAX_SECONDS, Clip, Floats
from avatar.motion.clips.errors import ClipError
from avatar.motion.clips.retarget import normalised
from avatar.motion.clips.vrma import _gaze, _slerp
from avatar.rig.maths import multiply

RATE = 30.0
_REMEDY = "Save it again from MikuMikuDance."
_MARKS = (b"Vocaloid Motion Data 0002", b"Vocaloid Motion Data file")
_ARM = 37.0
"""Degrees by which the arms of a standard MMD figure hang at rest."""
_HIPS, _ANKLE, _SIDE = 10.6, 1.0, 0.95
"""Of the standard figure, in its own units: height of the hip joints and the ankles, half the distance of the feet."""
_CENTER = 8.0
_ZERO = np.array([0, 0, 0, 1], np.float32)
_DIGITS = "０１２３"
MORPHS = {
    "あ": "aa", "い": "ih", "う": "ou", "え": "ee", "お": "oh", "まばたき": "blink", "笑い": "happy",
    "ウィンク": "blinkLeft", "ウィンク２": "blinkLeft", "ウィンク右": "blinkRight", "ｳｨﾝｸ２右": "blinkRight",
    "困る": "sad", "怒り": "angry", "びっくり": "surprised", "なごみ": "relaxed",
}  # fmt: skip
"""Standard morphs and the presets they stand for."""

Keys = tuple[Any, Any, Any, Any]
"""frames (n,), places (n, 3), rotations (n, 4), curves (n, 4 channels, x1 y1 x2 y2)."""


def parse(data: bytes, name: str) -> Clip:
    """A clip from the bytes of a .vmd file."""
    mark = data[:25]
    if len(data) < 54 or mark not in _MARKS:
        raise ClipError(name, "is not a VMD file (no Vocaloid Motion Data)", _REMEDY)
    at = 50 if mark == _MARKS[0] else 40
    bones, at = _records(data, at, 111, name, "bone keys")
    morphs, _ = _records(data, at, 23, name, "morph keys") if at + 4 <= len(data) else (np.zeros((0, 23), np.uint8), at)
    keys, faces = _bone_keys(bones), _morph_keys(morphs)
    last = max([int(k[0][-1]) for k in keys.values()] + [int(f[-1]) for f, _ in faces.values()], default=-1)
    if last < 0:
        raise ClipError(name, "moves nothing", _REMEDY)
    if last / RATE > MAX_SECONDS:
        raise ClipError(name, f"lasts {last / RATE:.0f} s, the limit is {MAX_SECONDS:g} s", "Cut the clip shorter.")
    times = np.arange(last + 1, dtype=np.float64)
    world, way = _body(keys, times)
    lead = _arms()
    rotations, moved = normalised(world, len(times), lead)
    hips = (way / _HIPS).astype(np.float32)
    expressions: dict[str, Floats] = {}
    for label, (frames, values) in faces.items():
        preset = MORPHS.get(label)
        if preset:
            track = np.interp(times, frames, values).clip(0, 1).astype(np.float32)
            expressions[preset] = np.maximum(track, expressions[preset]) if preset in expressions else track
    gaze = _gaze(_turn(keys, "両目", times)) if "両目" in keys else None
    return Clip(name, RATE, rotations, moved, hips, expressions, gaze)


def _records(data: bytes, at: int, size: int, name: str, what: str) -> tuple[Any, int]:
    (count,) = struct.unpack_from("<I", data, at)
    if at + 4 + count * size > len(data):
        raise ClipError(name, f"claims {count} {what} and ends before them", "The file was cut short.")
    table = np.frombuffer(data, np.uint8, count * size, at + 4).reshape(count, size)
    return table, at + 4 + count * size


def _by_name(table: Any) -> dict[str, Any]:
    """Rows of a table by the name in their first 15 bytes, in order of their frames, one row a frame."""
    out: dict[str, Any] = {}
    labels, which = np.unique(table[:, :15], axis=0, return_inverse=True)
    for k, label in enumerate(labels):
        rows = table[which.ravel() == k]
        frames = np.ascontiguousarray(rows[:, 15:19]).view("<u4")[:, 0]
        order = np.argsort(frames, kind="stable")
        keep = np.append(np.diff(frames[order].astype(np.int64)) > 0, True)
        text = bytes(label).split(b"\0")[0].decode("shift_jis", "replace")
        out.setdefault(text, rows[order][keep])
    return out


def _bone_keys(table: Any) -> dict[str, Keys]:
    out: dict[str, Keys] = {}
    for label, rows in _by_name(table).items() if len(table) else ():
        frames = np.ascontiguousarray(rows[:, 15:19]).view("<u4")[:, 0].astype(np.float64)
        numbers = np.ascontiguousarray(rows[:, 19:47]).view("<f4").astype(np.float64)
        fine = (np.abs(numbers) < 1e4).all(axis=1)
        if not fine.any():
            continue
        frames, numbers = frames[fine], numbers[fine]
        curves = rows[fine][:, 47:63].reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64) / 127.0
        places, turns = numbers[:, :3] * (1, 1, -1), numbers[:, 3:] * (-1, -1, 1, 1)
        size = np.linalg.norm(turns, axis=1, keepdims=True)
        turns = np.where(size > 1e-6, turns / np.maximum(size, 1e-6), _ZERO)
        out[label] = (frames, places, turns.astype(np.float32), np.clip(curves, 0, 1))
    return out


def _morph_keys(table: Any) -> dict[str, tuple[Any, Any]]:
    out: dict[str, tuple[Any, Any]] = {}
    for label, rows in _by_name(table).items() if len(table) else ():
        frames = np.ascontiguousarray(rows[:, 15:19]).view("<u4")[:, 0].astype(np.float64)
        values = np.ascontiguousarray(rows[:, 19:23]).view("<f4")[:, 0].astype(np.float64)
        out[label] = (frames, np.where(np.isfinite(values), values, 0.0))
    return out


def _bezier(x: Any, curve: Any) -> Any:
    """y at x of Bezier curves through (0, 0), (x1, y1), (x2, y2), (1, 1); by halving, twelve times."""
    x1, y1, x2, y2 = curve.T
    low, high = np.zeros_like(x), np.ones_like(x)
    for _ in range(12):
        t = (low + high) / 2
        below = 3 * (1 - t) ** 2 * t * x1 + 3 * (1 - t) * t * t * x2 + t**3 < x
        low, high = np.where(below, t, low), np.where(below, high, t)
    t = (low + high) / 2
    return 3 * (1 - t) ** 2 * t * y1 + 3 * (1 - t) * t * t * y2 + t**3


def _between(keys: Keys, times: Any) -> tuple[Any, Any, Any]:
    frames = keys[0]
    low = np.clip(np.searchsorted(frames, times, "right") - 1, 0, len(frames) - 1)
    high = np.minimum(low + 1, len(frames) - 1)
    span = frames[high] - frames[low]
    return low, high, np.clip((times - frames[low]) / np.where(span > 0, span, 1), 0, 1) * (span > 0)


def _turn(keys: dict[str, Keys], bone: str, times: Any) -> Floats:
    """Local rotations (n, 4) of a bone; none without keys."""
    if bone not in keys:
        return np.tile(_ZERO, (len(times), 1))
    low, high, share = _between(keys[bone], times)
    turns = keys[bone][2]
    eased = _bezier(share, keys[bone][3][high, 3]).astype(np.float32)[:, None]
    return _slerp(turns[low], turns[high], eased)


def _place(keys: dict[str, Keys], bone: str, times: Any) -> Any:
    """Places (n, 3) of a bone relative to its rest."""
    if bone not in keys:
        return np.zeros((len(times), 3))
    low, high, share = _between(keys[bone], times)
    places, curves = keys[bone][1], keys[bone][3]
    out = np.empty((len(times), 3))
    for axis in range(3):
        eased = _bezier(share, curves[high, axis])
        out[:, axis] = places[low, axis] + (places[high, axis] - places[low, axis]) * eased
    return out


def _body(keys: dict[str, Keys], times: Any) -> tuple[dict[str, Floats], Any]:
    """World rotations by bone and the hips' way in the figure's units."""

    def turn(*bones: str) -> Floats:
        total = np.tile(_ZERO, (len(times), 1))
        for bone in bones:
            if bone in keys:
                total = multiply(total, _turn(keys, bone, times))
        return total

    base = turn("全ての親", "センター", "グルーブ", "腰")
    world = {"hips": multiply(base, turn("下半身")), "spine": multiply(base, turn("上半身"))}
    world["chest"] = multiply(world["spine"], turn("上半身2"))
    world["neck"] = multiply(world["chest"], turn("首"))
    world["head"] = multiply(world["neck"], turn("頭"))
    for side, kanji in (("left", "左"), ("right", "右")):
        world[f"{side}Shoulder"] = multiply(world["chest"], turn(f"{kanji}肩P", f"{kanji}肩"))
        world[f"{side}UpperArm"] = multiply(world[f"{side}Shoulder"], turn(f"{kanji}腕"))
        world[f"{side}LowerArm"] = multiply(world[f"{side}UpperArm"], turn(f"{kanji}腕捩", f"{kanji}ひじ"))
        world[f"{side}Hand"] = multiply(world[f"{side}LowerArm"], turn(f"{kanji}手捩", f"{kanji}手首"))
        fingers = (("Thumb", "親", ("Metacarpal", "Proximal", "Distal"), 0), ("Index", "人", (), 1),
                   ("Middle", "中", (), 1), ("Ring", "薬", (), 1), ("Little", "小", (), 1))  # fmt: skip
        for finger, sign, parts, first in fingers:
            above = world[f"{side}Hand"]
            for k, part in enumerate(parts or ("Proximal", "Intermediate", "Distal")):
                bone = f"{kanji}{sign}指{_DIGITS[first + k]}"
                if bone in keys:
                    above = world[f"{side}{finger}{part}"] = multiply(above, turn(bone))
    way = sum((_place(keys, b, times) for b in ("全ての親", "センター", "グルーブ", "腰")), np.zeros((len(times), 3)))
    # センター turns about a point below the hips.
    drop = np.array([0.0, _HIPS - _CENTER, 0.0])
    way = way + _turned(base, drop) - drop
    for side, kanji in (("left", "左"), ("right", "右")):
        _leg(world, keys, times, side, kanji, way)
    return world, way


def _turned(q: Any, v: Any) -> Any:
    t = 2 * np.cross(q[..., :3], v)
    return v + q[..., 3:] * t + np.cross(q[..., :3], t)


def _leg(world: dict[str, Floats], keys: dict[str, Keys], times: Any, side: str, kanji: str, way: Any) -> None:
    """Thigh, shank and foot: from the foot's goal where the file leads it, from the joints' own keys otherwise."""
    goal = next((n for n in (f"{kanji}足ＩＫ", f"{kanji}足IK") if n in keys), None)
    if goal is None:
        world[f"{side}UpperLeg"] = multiply(world["hips"], _turn(keys, f"{kanji}足", times))
        world[f"{side}LowerLeg"] = multiply(world[f"{side}UpperLeg"], _turn(keys, f"{kanji}ひざ", times))
        world[f"{side}Foot"] = multiply(world[f"{side}LowerLeg"], _turn(keys, f"{kanji}足首", times))
        return
    x = _SIDE if side == "left" else -_SIDE
    bone = (_HIPS - _ANKLE) / 2 * 1.002
    hip = _turned(world["hips"], np.array([x, 0.0, 0.0])) + np.array([0.0, _HIPS, 0.0]) + way
    parent = _place(keys, f"{kanji}足IK親", times) + _place(keys, "全ての親", times)
    ankle = _place(keys, goal, times) + parent + np.array([x, _ANKLE, 0.0])
    away = ankle - hip
    reach = np.linalg.norm(away, axis=1)
    held = np.clip(reach, 0.35 * bone, 1.9995 * bone)
    d = away / np.maximum(reach, 1e-6)[:, None]
    foot = _turn(keys, goal, times)
    # Knees point where hips and toes do, half and half.
    ahead = _turned(world["hips"], np.array([0.0, 0.0, 1.0])) + _turned(foot, np.array([0.0, 0.0, 1.0]))
    hinge = np.cross(ahead, d)
    size = np.linalg.norm(hinge, axis=1, keepdims=True)
    hinge = np.where(size > 1e-5, hinge / np.maximum(size, 1e-5), np.array([1.0, 0.0, 0.0]))
    cosine = held / (2 * bone)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0.0))
    p = np.cross(d, hinge)
    upper = d * cosine[:, None] + p * sine[:, None]
    lower = d * cosine[:, None] - p * sine[:, None]
    for part, along in (("UpperLeg", upper), ("LowerLeg", lower)):
        world[side + part] = _frame(hinge, -along)
    toe = _turn(keys, next((n for n in (f"{kanji}つま先ＩＫ", f"{kanji}つま先IK") if n in keys), ""), times)
    world[f"{side}Foot"] = multiply(foot, toe)


def _frame(x: Any, y: Any) -> Floats:
    """Rotations (n, 4) whose X and Y axes are these."""
    from scipy.spatial.transform import Rotation

    y = y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-9)
    x = x - y * (x * y).sum(1, keepdims=True)
    size = np.linalg.norm(x, axis=1, keepdims=True)
    x = np.where(size > 1e-6, x / np.maximum(size, 1e-6), np.cross(y, [0.0, 0.0, 1.0]) + 1e-9)
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], 2)).as_quat().astype(np.float32)


def _arms() -> dict[str, Floats]:
    """From the T-pose's arms to those of MMD's A-pose, for every bone of the arms."""
    out: dict[str, Floats] = {}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        half = np.radians(_ARM) / 2
        lead = np.array([0, 0, sign * np.sin(half), np.cos(half)], np.float32)
        for part in ("UpperArm", "LowerArm", "Hand"):
            out[side + part] = lead
        for finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
            for part in ("Metacarpal", "Proximal", "Intermediate", "Distal"):
                out[f"{side}{finger}{part}"] = lead
    return out


__all__ = ["MORPHS", "parse"]

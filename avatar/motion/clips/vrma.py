"""VRM Animation (.vrma): a GLB with VRMC_vrm_animation 1.0 (vrm-c/vrm-specification).

Body: every humanoid node's rotation, its rest divided out; the hips' translation. Expressions: x of a node's
translation. Gaze: a node's rotation, read as yaw and pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.motion.clips.clip import MAX_FRAMES, MAX_SECONDS, Clip, Floats, blend, identity, smooth_signs
from avatar.motion.clips.errors import ClipError
from avatar.rig.frame import BONE_INDEX, PRESETS
from avatar.rig.maths import conjugate, multiply
from avatar.vrm.fields import index, rows, table
from avatar.vrm.glb import Glb
from avatar.vrm.glb import parse as open_glb
from avatar.vrm.humanoid import nodes as read_nodes

_REMEDY = "Export it again as VRM Animation (.vrma), for example with UniVRM or the VRM add-on for Blender."
_RATE, _LONG_RATE, _LONG = 120.0, 60.0, 60.0
"""Frames per second for clips whose keys are not even: of short ones, and of those longer than this (seconds)."""
_MAX_NODES = 2000


@dataclass(slots=True)
class _Channel:
    times: npt.NDArray[np.float64]
    values: Floats
    mode: str


def parse(data: bytes, name: str) -> Clip:
    """A clip from the bytes of a .vrma file."""
    glb = open_glb(data, name)
    extension = table(glb.json.get("extensions")).get("VRMC_vrm_animation")
    if not isinstance(extension, dict):
        raise ClipError(name, "has no VRMC_vrm_animation part", _REMEDY)
    animations = glb.items("animations")
    if not animations:
        raise ClipError(name, "holds no animation", _REMEDY)
    if len(glb.items("nodes")) > _MAX_NODES:
        raise ClipError(name, f"has more than {_MAX_NODES} nodes", _REMEDY)
    tree = read_nodes(glb)
    channels = _channels(glb, animations[0], len(tree.names))
    world, places = _rest(tree)
    seconds, rate = _grid(channels, name)
    times = np.arange(round(seconds * rate) + 1) / rate
    rotations = identity(len(times))
    moved = np.zeros(rotations.shape[1], np.bool_)
    hips = np.zeros((len(times), 3), np.float32)

    def turned(node: int) -> Floats | None:
        """The node's rotation over time with its rest divided out, in world axes."""
        channel = channels.get((node, "rotation"))
        if channel is None or channel.values.shape[1] != 4:
            return None
        parent = int(tree.parents[node])
        above = world[parent] if parent >= 0 else np.array([0, 0, 0, 1], np.float32)
        local = _sample(channel, times, True)
        return multiply(multiply(above, local), conjugate(world[node]))

    for bone, entry in table(table(extension.get("humanoid")).get("humanBones")).items():
        node = index(table(entry).get("node"), len(tree.names))
        if node < 0 or bone not in BONE_INDEX or bone in ("leftEye", "rightEye"):
            continue
        turns = turned(node)
        if turns is not None:
            rotations[:, BONE_INDEX[bone]] = turns
            moved[BONE_INDEX[bone]] = True
        way = channels.get((node, "translation"))
        if bone == "hips" and way is not None and way.values.shape[1] == 3:
            hips = _way(way, times, tree, node, places, name)
            moved[0] = True
    smooth_signs(rotations)
    expressions = _expressions(extension, channels, times, len(tree.names))
    gaze = None
    eyes = turned(index(table(extension.get("lookAt")).get("node"), len(tree.names)))
    if eyes is not None:
        gaze = _gaze(eyes)
    return Clip(name, rate, rotations, moved, hips, expressions, gaze)


def _channels(glb: Glb, animation: dict[str, Any], count: int) -> dict[tuple[int, str], _Channel]:
    """(node, path) to its keys, checked: times grow, as many values as keys."""
    samplers = rows(animation.get("samplers"))
    out: dict[tuple[int, str], _Channel] = {}
    for k, channel in enumerate(rows(animation.get("channels"))):
        target = table(channel.get("target"))
        node, path = index(target.get("node"), count), target.get("path")
        which = index(channel.get("sampler"), len(samplers))
        if node < 0 or which < 0 or path not in ("rotation", "translation"):
            continue
        place = f"animations[0].channels[{k}]"
        sampler = samplers[which]
        times = glb.accessor(sampler.get("input"), place, "SCALAR")[:, 0].astype(np.float64)
        values = glb.accessor(sampler.get("output"), place).astype(np.float32)
        mode = str(sampler.get("interpolation") or "LINEAR")
        per = 3 if mode == "CUBICSPLINE" else 1
        if not len(times) or len(values) != per * len(times):
            raise glb.bad(f"{place} has {len(values)} values for {len(times)} times")
        if times[0] < 0 or (np.diff(times) < 0).any() or not np.isfinite(values).all():
            raise glb.bad(f"{place} has times that do not grow, or values that are not finite")
        out[node, path] = _Channel(times, values, mode)
    return out


def _rest(tree: Any) -> tuple[Floats, npt.NDArray[np.float64]]:
    """World rotations (n, 4) and world matrices (n, 4, 4) of the nodes at rest."""
    from avatar.rig.maths import to_matrix

    n = len(tree.names)
    turns = np.tile(np.array([0, 0, 0, 1], np.float32), (n, 1))
    world = np.tile(np.eye(4), (n, 1, 1))
    local = np.tile(np.eye(4), (n, 1, 1))
    local[:, :3, :3] = to_matrix(tree.rotation) * tree.scale[:, None, :]
    local[:, :3, 3] = tree.translation
    done = np.zeros(n, np.bool_)
    front = np.flatnonzero(tree.parents < 0)
    while len(front):
        for node in front:
            parent = int(tree.parents[node])
            turns[node] = multiply(turns[parent], tree.rotation[node]) if parent >= 0 else tree.rotation[node]
            world[node] = world[parent] @ local[node] if parent >= 0 else local[node]
        done[front] = True
        front = np.flatnonzero(np.isin(tree.parents, front) & ~done)
    return turns, world


def _grid(channels: dict[tuple[int, str], _Channel], name: str) -> tuple[float, float]:
    """(seconds, rate): the keys' own rate where it is even, 120 Hz otherwise."""
    if not channels:
        raise ClipError(name, "its animation moves nothing that is known", _REMEDY)
    end = max(float(c.times[-1]) for c in channels.values())
    if not end <= MAX_SECONDS:
        raise ClipError(name, f"lasts {end:g} s, the limit is {MAX_SECONDS:g} s", "Cut the clip shorter.")
    longest = max(channels.values(), key=lambda c: len(c.times))
    steps = np.diff(longest.times)
    rate = _RATE if end < _LONG else _LONG_RATE
    if len(steps) and longest.times[0] < 1e-6 and float(np.ptp(steps)) < 2e-4 and 1 / 240 <= float(steps.mean()) <= 0.1:
        rate = 1.0 / float(steps.mean())
    if end * rate > MAX_FRAMES:
        raise ClipError(name, f"would take {end * rate:.0f} frames, the limit is {MAX_FRAMES}", "Cut the clip shorter.")
    return end, rate


def _sample(channel: _Channel, times: npt.NDArray[np.float64], turn: bool) -> Floats:
    """Values at ``times`` by the channel's interpolation (glTF 2.0, appendix C); held outside its keys."""
    keys, values = channel.times, channel.values
    cubic = channel.mode == "CUBICSPLINE"
    points = values[1::3] if cubic else values
    low = np.clip(np.searchsorted(keys, times, "right") - 1, 0, len(keys) - 1)
    high = np.minimum(low + 1, len(keys) - 1)
    span = keys[high] - keys[low]
    share = np.clip((times - keys[low]) / np.where(span > 1e-9, span, 1.0), 0, 1).astype(np.float32)[:, None]
    share[span <= 1e-9] = 0
    if channel.mode == "STEP":
        out = points[low]
    elif cubic:
        s, d = share, span.astype(np.float32)[:, None]
        out = ((2 * s**3 - 3 * s**2 + 1) * points[low] + d * (s**3 - 2 * s**2 + s) * values[2::3][low]
               + (-2 * s**3 + 3 * s**2) * points[high] + d * (s**3 - s**2) * values[0::3][high])  # fmt: skip
    elif turn:
        return _slerp(_unit(points[low]), _unit(points[high]), share)
    else:
        out = points[low] + (points[high] - points[low]) * share
    return _unit(out) if turn else out


def _unit(q: Floats) -> Floats:
    size = np.sqrt((q.astype(np.float64) ** 2).sum(-1, keepdims=True))
    return np.where(size > 1e-6, q / np.maximum(size, 1e-6), np.array([0, 0, 0, 1], np.float32)).astype(np.float32)


def _slerp(a: Floats, b: Floats, share: Floats) -> Floats:
    dot = (a * b).sum(-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    angle = np.arccos(np.clip(np.abs(dot), 0, 1))
    sine = np.sin(angle)
    wide = sine > 1e-3
    safe = np.where(wide, sine, 1.0)
    arc = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / safe
    return np.where(wide, arc, blend(a, b, share)).astype(np.float32)


def _way(channel: _Channel, times: npt.NDArray[np.float64], tree: Any, node: int,
         places: npt.NDArray[np.float64], name: str) -> Floats:  # fmt: skip
    """The hips' way in hip heights: world positions, less the rest, over the rest's height."""
    parent = int(tree.parents[node])
    above = places[parent] if parent >= 0 else np.eye(4)
    rest = places[node][:3, 3]
    height = float(rest[1])
    if not 1e-3 < height < 1e3:
        raise ClipError(name, f"its hips are {height:g} m high at rest", _REMEDY)
    local = _sample(channel, times, False).astype(np.float64)
    world = local @ above[:3, :3].T + above[:3, 3]
    return ((world - rest) / height).astype(np.float32)


def _expressions(
    extension: dict[str, Any], channels: dict[tuple[int, str], _Channel], times: npt.NDArray[np.float64], count: int
) -> dict[str, Floats]:
    out: dict[str, Floats] = {}
    group = table(extension.get("expressions"))
    for part in ("preset", "custom"):
        for name, entry in table(group.get(part)).items():
            channel = channels.get((index(table(entry).get("node"), count), "translation"))
            if channel is None or channel.values.shape[1] != 3 or (part == "preset" and name not in PRESETS):
                continue
            if name.startswith("look") and part == "preset":
                continue  # the specification leaves these to lookAt
            out.setdefault(name, np.clip(_sample(channel, times, False)[:, 0], 0, 1))
    return out


def _gaze(turns: Floats) -> Floats:
    """Yaw and pitch in degrees of where a rotation turns +Z (extrinsic Z, X, Y: roll does not matter)."""
    x, y, z, w = turns.astype(np.float64).T
    ahead = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    yaw = np.degrees(np.arctan2(ahead[0], ahead[2]))
    pitch = np.degrees(np.arcsin(np.clip(ahead[1], -1, 1)))
    return np.stack([yaw, pitch], 1).astype(np.float32)

"""The Virtual Motion Capture protocol: OSC messages of a performer's bones, faces and camera (protocol.vmc.info).

Unity's axes are left-handed with the model facing +Z and its left at -X: x changes sign, and with it y and z of a
rotation. Bones are local; a normalised humanoid (all of ours) rests without rotation. Sans I/O: bytes in and out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from avatar.capture.osc import Argument, Message, OscError, decode, encode, packets
from avatar.motion.person import Person
from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES, PoseFrame

PORT_IN, PORT_OUT = 39539, 39540
"""Where a performer and a marionette usually listen."""
STALE = 1.0
"""Seconds without news after which a sender counts as gone."""


def _unity(bone: str) -> str:
    """The name of a bone among Unity's HumanBodyBones; thumbs count their joints differently."""
    name = bone[0].upper() + bone[1:]
    if "Thumb" in name:
        return name.replace("Proximal", "Intermediate").replace("Metacarpal", "Proximal")
    return name


UNITY: dict[str, str] = {bone: _unity(bone) for bone in HUMANOID_BONES}
_BACK = {name.lower(): bone for bone, name in UNITY.items()}
BLENDS: dict[str, str] = {
    "happy": "Joy", "angry": "Angry", "sad": "Sorrow", "relaxed": "Fun", "surprised": "Surprised", "neutral": "Neutral",
    "aa": "A", "ih": "I", "ou": "U", "ee": "E", "oh": "O", "blink": "Blink", "blinkLeft": "Blink_L",
    "blinkRight": "Blink_R", "lookUp": "LookUp", "lookDown": "LookDown", "lookLeft": "LookLeft",
    "lookRight": "LookRight",
}  # fmt: skip
"""VRM 1.0 presets by the VRM 0.x names that the protocol's programs expect."""
_BLEND_BACK = {old.lower(): new for new, old in BLENDS.items()}


def mirror(place: Any, turn: Any) -> tuple[Any, Any]:
    """A place (3,) and rotation (4,) from Unity's axes to ours, or back."""
    return (-place[0], place[1], place[2]), (turn[0], -turn[1], -turn[2], turn[3])


class Sender:
    """Writes packets of what a performer does. ``rest``: rest places (metres) of a body's bones relative to their
    parents, for the positions that the protocol carries beside the rotations."""

    def __init__(self, rest: Mapping[str, tuple[float, float, float]]) -> None:
        self.rest = dict(rest)

    def packets(self, frame: PoseFrame, seconds: float, camera: Person | None = None) -> list[bytes]:
        """One moment at ``seconds`` of the show."""
        out = [encode("/VMC/Ext/OK", 1, 3, 0, 1), encode("/VMC/Ext/T", float(seconds)),
               encode("/VMC/Ext/Root/Pos", "root", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)]  # fmt: skip
        for bone, place in self.rest.items():
            turn = frame.rotations[BONE_INDEX[bone]]
            at = np.add(place, frame.hips) if bone == "hips" else place
            (px, py, pz), (x, y, z, w) = mirror(at, turn)
            values = (float(v) for v in (px, py, pz, x, y, z, w))
            out.append(encode("/VMC/Ext/Bone/Pos", UNITY[bone], *values))
        for name, weight in frame.expressions.items():
            out.append(encode("/VMC/Ext/Blend/Val", BLENDS.get(name, name), float(weight)))
        out.append(encode("/VMC/Ext/Blend/Apply"))
        if camera is not None and camera.camera is not None:
            out.append(_camera(*camera.camera))
        return packets(out)


def _camera(position: Any, target: Any, fov: float) -> bytes:
    """A camera message: Unity cameras look along their own +Z."""
    away = np.subtract(target, position)
    size = max(float(np.linalg.norm(away)), 1e-9)
    yaw, pitch = math.atan2(-away[0], away[2]), math.asin(max(-1.0, min(1.0, away[1] / size)))
    sy, cy, sp, cp = math.sin(yaw / 2), math.cos(yaw / 2), math.sin(-pitch / 2), math.cos(-pitch / 2)
    turn = (cy * sp, sy * cp, -sy * sp, cy * cp)
    place = (-float(position[0]), float(position[1]), float(position[2]))
    return encode("/VMC/Ext/Cam", "Camera", *place, *turn, float(fov))


class Receiver:
    """Reads packets into a :class:`Person`. ``names``: expressions of the model; ``hip_height`` its hips in metres."""

    def __init__(self, names: Any, hip_height: float) -> None:
        self.names = {n.lower(): n for n in names}
        self.person = Person()
        self.refused = 0
        self.time = 0.0
        self.ok = True
        self._hips: float | None = None
        self._height = hip_height
        self._pending: dict[str, float] = {}

    def feed(self, data: bytes) -> bool:
        """A packet; False where it is not OSC. Broken messages are counted, never raised."""
        try:
            messages = decode(data)
        except OscError:
            self.refused += 1
            return False
        for address, values in messages:
            handler = _HANDLERS.get(address)
            if handler is not None:
                try:
                    handler(self, values)
                except (TypeError, ValueError, IndexError, OverflowError):
                    self.refused += 1
        return True

    def _bone(self, values: tuple[Argument, ...]) -> None:
        bone = _BACK.get(str(values[0]).lower())
        numbers = _numbers(values[1:8], 7)
        if bone is None:
            return
        place, turn = mirror(numbers[:3], numbers[3:])
        size = float(np.linalg.norm(turn))
        if not 0.5 < size < 2.0:
            raise ValueError("not a rotation")
        row = BONE_INDEX[bone]
        self.person.rotations[row] = np.array(turn, np.float32) / size
        self.person.seen[row] = 1.0
        if bone == "hips":
            self._move(place)

    def _move(self, place: Any) -> None:
        """Hips relative to where they stood first, by heights: the sender's body is not ours."""
        if self._hips is None:
            self._hips = float(place[1]) if 0.2 < place[1] < 5.0 else self._height
        scale = self._height / self._hips
        way = np.array([place[0], place[1] - self._hips, place[2]], float) * scale
        self.person.hips[:] = np.clip(way, -3.0, 3.0)

    def _value(self, values: tuple[Argument, ...]) -> None:
        name = str(values[0])
        new = _BLEND_BACK.get(name.lower(), name)
        known = self.names.get(new.lower())
        if known is not None and len(self._pending) < 1000:
            self._pending[known] = min(1.0, max(0.0, _numbers(values[1:2], 1)[0]))

    def _apply(self, _: tuple[Argument, ...]) -> None:
        self.person.expressions = dict(self._pending)

    def _cam(self, values: tuple[Argument, ...]) -> None:
        numbers = _numbers(values[1:9], 8)
        (x, y, z), turn = mirror(numbers[:3], numbers[3:7])
        q = np.array(turn, float) / max(float(np.linalg.norm(turn)), 1e-9)
        ahead = np.array([2 * (q[0] * q[2] + q[3] * q[1]), 2 * (q[1] * q[2] - q[3] * q[0]),
                          1 - 2 * (q[0] ** 2 + q[1] ** 2)])  # fmt: skip
        target = np.array([x, y, z]) + ahead
        fov = min(max(numbers[7], 5.0), 120.0)
        self.person.camera = ((x, y, z), (float(target[0]), float(target[1]), float(target[2])), fov)

    def _tell(self, values: tuple[Argument, ...]) -> None:
        self.ok = bool(values and values[0] == 1)

    def _clock(self, values: tuple[Argument, ...]) -> None:
        self.time = _numbers(values[:1], 1)[0]


def _numbers(values: tuple[Argument, ...], count: int) -> list[float]:
    """So many finite numbers, or ValueError."""
    out = [float(v) for v in values if isinstance(v, int | float)]
    if len(out) != count or not all(math.isfinite(v) and abs(v) < 1e6 for v in out):
        raise ValueError("not the numbers that belong here")
    return out


_HANDLERS = {
    "/VMC/Ext/Bone/Pos": Receiver._bone,
    "/VMC/Ext/Blend/Val": Receiver._value,
    "/VMC/Ext/Blend/Apply": Receiver._apply,
    "/VMC/Ext/Cam": Receiver._cam,
    "/VMC/Ext/OK": Receiver._tell,
    "/VMC/Ext/T": Receiver._clock,
}

__all__ = ["BLENDS", "PORT_IN", "PORT_OUT", "STALE", "UNITY", "Message", "Receiver", "Sender", "mirror"]

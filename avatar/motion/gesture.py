"""Gestures: prepare, stroke, hold, retract. The stroke falls on its sample; what has begun always finishes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from avatar.motion.cues import RATE, Gesture, Track
from avatar.motion.dofs import INDEX, LEFT, RIGHT, SIZE, Vector, mirrored
from avatar.motion.noise import chance, min_jerk
from avatar.motion.poses import PoseBook, offsets, read

GESTURES = (
    "wave", "bow", "point", "heart", "clap", "shrug", "nod", "shake", "think", "laugh", "cheer", "present",
    "hands_on_hips", "lean_in", "look_away", "peace",
)  # fmt: skip
"""Every gesture a persona may ask for."""

_MIN_PREPARE = 0.2
_SETTLE = 0.07


@dataclass(frozen=True, slots=True)
class Spec:
    """A gesture compiled for one body; ``mask`` is 1 on the degrees of freedom it takes over."""

    pose: Vector
    mask: Vector
    body: tuple[tuple[float, Vector], ...]
    swing: tuple[tuple[int, float, float], ...]
    prepare: float
    hold: float
    retract: float
    one_handed: bool
    clap: float
    clapped: Vector
    dip: float
    face: dict[str, float]
    own: dict[str, float]


def compile_gestures(book: PoseBook) -> dict[str, Spec]:
    """The gestures of ``gestures.toml`` for the body of ``book``."""
    table: dict[str, Spec] = {}
    for name, entry in read("gestures.toml").items():
        pose, mask, clapped = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE)
        for key, arm in (("a", RIGHT), ("b", LEFT)):
            if key in entry:
                pose[arm] = book.arm(entry[key])
                mask[arm] = 1.0
        clapped[LEFT] = clapped[RIGHT] = book.arm("clap")
        keys = [(0.0, offsets(entry.get("body", {})))]
        keys += [(float(k["at"]), offsets(k["body"])) for k in entry.get("key", [])]
        swing = tuple(
            (INDEX[dof.replace("a.", "right.", 1) if dof[:2] == "a." else dof.replace("b.", "left.", 1)
                   if dof[:2] == "b." else dof], float(amount), float(hertz))
            for dof, amount, hertz in entry.get("swing", [])
        )  # fmt: skip
        table[name] = Spec(
            pose, mask, tuple(keys), swing, float(entry["prepare"]), float(entry["hold"]), float(entry["retract"]),
            entry.get("hands", 0) == 1, float(entry.get("clap", 0.0)), clapped, float(entry.get("dip", 0.0)),
            dict(entry.get("face", {})), dict(entry.get("own", {})),
        )  # fmt: skip
    return table


class Gestures:
    """Lays the gestures of a track over a pose."""

    __slots__ = ("seed", "specs", "track")

    def __init__(self, seed: int, book: PoseBook) -> None:
        self.track: Track[Gesture] = Track()
        self.seed = seed
        self.specs = compile_gestures(book)

    def span(self, name: str, start: int, length: int, stroke: int) -> tuple[int, int]:
        """First and end sample that a gesture really takes, so that its stroke can be reached and left."""
        spec = self.specs[name]
        begin = min(max(start, stroke - int(1.7 * spec.prepare * RATE)), stroke - int(_MIN_PREPARE * RATE))
        natural = stroke + int((spec.hold + spec.retract) * RATE)
        end = max(start + length, stroke + int(0.35 * RATE)) if length > 0 else natural
        return begin, end

    def apply(self, sample: int, pose: Vector, weights: dict[str, float], names: frozenset[str]) -> None:
        """Lay every gesture under way over ``pose``, and its face over ``weights``."""
        for cue in self.track.near(sample, sample + 1):
            held = self._one(cue, sample, pose)
            spec = self.specs[cue.name]
            face = spec.own if spec.own and names.issuperset(spec.own) else spec.face
            if face:
                for name in weights:
                    weights[name] *= 1.0 - held
                for name, value in face.items():
                    weights[name] = weights.get(name, 0.0) + value * held

    def held(self, sample: int) -> dict[str, float]:
        """What gestures hold at a sample, 0..1: ``left`` and ``right`` arm, ``body``."""
        out = {"left": 0.0, "right": 0.0, "body": 0.0}
        for cue in self.track.near(sample, sample + 1):
            spec = self.specs[cue.name]
            weight = self._weights(spec, cue, sample)[0]
            flip = self._flipped(spec, cue)
            left, right = (RIGHT, LEFT) if flip else (LEFT, RIGHT)
            out["left"] = max(out["left"], weight * float(spec.mask[left.start]))
            out["right"] = max(out["right"], weight * float(spec.mask[right.start]))
            out["body"] = max(out["body"], weight)
        return out

    def _flipped(self, spec: Spec, cue: Gesture) -> bool:
        return spec.one_handed and chance(self.seed, 701, cue.start // 480) < 0.28

    @staticmethod
    def _weights(spec: Spec, cue: Gesture, sample: int) -> tuple[float, float]:
        """(weight of the gesture, how much of its swing is left) at a sample."""
        tau = (sample - cue.stroke) / RATE
        prepare = (cue.stroke - cue.start) / RATE
        rest = (cue.end - cue.stroke) / RATE
        retract = min(spec.retract, 0.65 * rest)
        leave = 1.0 - min_jerk((tau - (rest - retract)) / retract)
        into = min_jerk((tau + prepare) / prepare)
        settle = 1.0 - _SETTLE * min_jerk(tau / 0.32) if tau > 0 else 1.0
        return into * leave * settle, leave

    def _one(self, cue: Gesture, sample: int, pose: Vector) -> float:
        spec = self.specs[cue.name]
        flip = self._flipped(spec, cue)
        tau = (sample - cue.stroke) / RATE
        prepare = (cue.stroke - cue.start) / RATE
        rest = (cue.end - cue.stroke) / RATE
        retract = min(spec.retract, 0.65 * rest)
        weight, leave = self._weights(spec, cue, sample)
        size = 0.94 + 0.12 * chance(self.seed, 702, cue.start // 480)
        target = spec.pose.copy()
        if spec.clap:
            shut = 0.5 + 0.5 * math.cos(math.tau * spec.clap * max(tau, -0.5 / spec.clap))
            target += (spec.clapped - spec.pose) * shut**1.4
        if tau > 0.0:
            ease = min_jerk(tau / 0.25) * leave
            for index, amount, hertz in spec.swing:
                target[index] += amount * ease * math.sin(math.tau * hertz * tau)
        add = self._body(spec, tau, rest - retract) * (weight * size)
        for index, _, _ in spec.swing:
            if not spec.mask[index]:
                add[index] += target[index]
        if spec.dip:
            add[INDEX["hips.y"]] -= spec.dip * math.sin(math.pi * min(max((tau + prepare) / prepare, 0.0), 1.0))
        mask = spec.mask
        if flip:
            target, mask, add = mirrored(target), np.abs(mirrored(mask)), mirrored(add)
        pose += (target - pose) * (mask * weight)
        pose += add
        return weight

    @staticmethod
    def _body(spec: Spec, tau: float, free: float) -> Vector:
        """The body part at ``tau`` seconds from the stroke; further keys are stretched to the time there is."""
        keys = spec.body
        if len(keys) == 1 or tau <= 0.0:
            return keys[0][1].copy()
        scale = min(1.6, max(0.6, free / (keys[-1][0] + 0.05)))
        for (t0, a), (t1, b) in zip(keys, keys[1:]):
            if tau < t1 * scale:
                return a + (b - a) * min_jerk((tau - t0 * scale) / ((t1 - t0) * scale))
        return keys[-1][1].copy()

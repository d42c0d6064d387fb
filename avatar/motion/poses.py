"""Named arm poses and hand shapes from ``poses.toml``, solved into degrees of freedom for one body."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from avatar.motion.dofs import ARM, INDEX, LEFT, RIGHT, SIZE, Proportions, Vector
from avatar.motion.solve import arm_frames, wrist_angles

SLACK = 0.02
"""A wrist may be asked this much (in arm lengths) farther than it reaches; more is a mistake in the file."""


@cache
def read(name: str) -> dict[str, Any]:
    """A data file of this folder."""
    return tomllib.loads(files("avatar.motion").joinpath(name).read_text(encoding="utf-8"))


class PoseBook:
    """Arm poses of one body: :meth:`arm` gives the 13 numbers of ``dofs.ARM``."""

    def __init__(self, body: Proportions) -> None:
        raw = read("poses.toml")
        self.body = body
        self.shapes: dict[str, Vector] = {name: np.array(v, float) for name, v in raw["shape"].items()}
        self.arms: dict[str, Vector] = {name: self._solve(entry) for name, entry in raw["arm"].items()}

    def arm(self, name: str) -> Vector:
        """A pose by name; raises KeyError for one that ``poses.toml`` does not have."""
        return self.arms[name]

    def rest(self) -> Vector:
        """A whole body at ease: standing, arms hanging."""
        pose = np.zeros(SIZE)
        pose[LEFT] = pose[RIGHT] = self.arms["rest"]
        return pose

    def reach(self, entry: dict[str, Any]) -> tuple[float, float, float]:
        """(azimuth, elevation, distance) of a pose's wrist from the shoulder; distance 1 is a straight arm."""
        x, y, z = entry["hand"]
        x -= self.body.shoulder_half / self.body.arm
        r = math.sqrt(x * x + y * y + z * z)
        return math.degrees(math.atan2(x, z)), math.degrees(math.asin(y / r)), r

    def _solve(self, entry: dict[str, Any]) -> Vector:
        az, el, r = self.reach(entry)
        if az < -135.0:
            az += 360.0
        r = min(r, 0.985)
        swivel = float(entry.get("swivel", 0.0))
        _, _, forearm = arm_frames(az, el, r, swivel, self.body)
        twist, flex, dev = wrist_angles(forearm, tuple(entry["fingers"]), tuple(entry["palm"]))
        pose = np.empty(len(ARM))
        pose[:7] = az, el, r, swivel, twist, flex, dev
        pose[7:] = self.shapes[entry.get("shape", "relaxed")]
        return pose


def offsets(table: dict[str, float]) -> Vector:
    """A pose offset from names and values; raises KeyError for an unknown degree of freedom."""
    out = np.zeros(SIZE)
    for name, value in table.items():
        out[INDEX[name]] = value
    return out

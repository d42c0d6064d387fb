"""How far hair lags behind a turning head at different frame rates: ours, and the specification's step as it stands.

    python -m benchmarks.springs

A bone of 10 cm hangs from a head that turns 30 degrees to and fro twice a second; the lag is the angle between where the
bone is and where it would be if it were stiff. Prints a Markdown table of the peak lag in degrees.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from avatar.rig import PoseFrame, Rig
from avatar.rig.frame import BONE_INDEX
from avatar.vrm import loads
from tests.avatar.specimens import Maker, ball, color, toon

RATES = (15, 24, 30, 60, 90, 120, 144, 240)
STIFFNESS, DRAG, LENGTH = 1.0, 0.4, 0.1


def pendulum() -> bytes:
    """A model with one spring behind the head."""
    m = Maker()
    m.use("VRMC_springBone")
    hair = m.node(2, translation=[0, 0, -0.05])
    end = m.node(hair, translation=[0, 0, -LENGTH])
    m.show(ball(0.05, 4, 6), m.material(toon(), **color(1, 1, 1, 1)))
    joint = {"stiffness": STIFFNESS, "gravityPower": 0.0, "dragForce": DRAG, "hitRadius": 0.0}
    springs = [{"joints": [{"node": n, **joint} for n in (hair, end)]}]
    m.root["extensions"]["VRMC_springBone"] = {"specVersion": "1.0", "springs": springs}
    return m.done()[0]


def turned(seconds: float) -> float:
    """The head's yaw in radians; it begins at rest."""
    return math.radians(30) * math.sin(4 * math.pi * seconds) * min(seconds, 1.0)


def ours(rate: int, seconds: float = 4.0) -> list[float]:
    """The lag in radians at each frame after the first two seconds."""
    model = loads(pendulum())
    rig, frame, lags = Rig(model), PoseFrame(), []
    node = model.springs[0].node
    for n in range(round(seconds * rate)):
        yaw = turned(n / rate)
        frame.rotations[BONE_INDEX["head"]] = (0, math.sin(yaw / 2), 0, math.cos(yaw / 2))
        rig.apply(frame, 1 / rate if n else 0.0)
        along = -rig.world[node][:3, 2]
        lags.append(abs(_angle(math.atan2(-along[0], -along[2]) - yaw)))
    return lags[2 * rate :]


def specification(rate: int, seconds: float = 4.0) -> list[float]:
    """The same by the update of VRMC_springBone's text, once a frame."""
    head = np.zeros(3)
    current = previous = None
    lags = []
    for n in range(round(seconds * rate)):
        yaw, dt = turned(n / rate), 1 / rate
        back = np.array([-math.sin(yaw), 0, -math.cos(yaw)])
        root = head + 0.05 * back
        if current is None or previous is None:
            current = previous = root + LENGTH * back
        moved: Any = current + (current - previous) * (1 - DRAG) + back * STIFFNESS * dt
        moved = root + LENGTH * (moved - root) / np.linalg.norm(moved - root)
        previous, current = current, moved
        along = (current - root) / LENGTH
        lags.append(abs(_angle(math.atan2(-along[0], -along[2]) - yaw)))
    return lags[2 * rate :]


def _angle(value: float) -> float:
    return (value + math.pi) % (2 * math.pi) - math.pi


def peaks(of: Any) -> dict[int, float]:
    """Peak lag in degrees by frame rate."""
    return {rate: math.degrees(max(of(rate))) for rate in RATES}


def main() -> None:
    rows = {"Limelight": peaks(ours), "step of the specification": peaks(specification)}
    print("| frames a second | " + " | ".join(map(str, RATES)) + " |")
    print("|---" * (len(RATES) + 1) + "|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{v:.1f}" for v in row.values()) + " |")


if __name__ == "__main__":
    main()

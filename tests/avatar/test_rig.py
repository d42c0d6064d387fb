"""The rig: which way it faces, expressions, springs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from avatar.rig import PoseFrame, Rig
from avatar.rig.face import settle
from avatar.rig.frame import BONE_INDEX
from avatar.vrm import loads
from avatar.vrm.model import Expression
from tests.avatar.make_vrm import make


def turn(frame: PoseFrame, bone: str, axis: int, angle: float) -> None:
    q = np.zeros(4, np.float32)
    q[axis], q[3] = math.sin(angle / 2), math.cos(angle / 2)
    frame.rotations[BONE_INDEX[bone]] = q


@pytest.mark.parametrize("old", [False, True])
def test_the_left_arm_is_on_the_left_and_bends_the_same_way(old: bool) -> None:
    rig = Rig(loads(make(old)))
    rig.apply(PoseFrame(), 0)
    node = rig.model.bones["leftUpperArm"]
    assert rig.world[node][0, 3] == pytest.approx(0.2)
    frame = PoseFrame()
    turn(frame, "spine", 2, math.pi / 2)  # about +Z: the left arm goes up
    rig.apply(frame, 0)
    spine = rig.world[rig.model.bones["spine"]]
    assert rig.world[node][1, 3] - spine[1, 3] == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize("old", [False, True])
def test_hips_move_in_world_metres(old: bool) -> None:
    rig = Rig(loads(make(old)))
    frame = PoseFrame()
    frame.hips[:] = (0.1, 0.2, 0.3)
    rig.apply(frame, 0)
    np.testing.assert_allclose(rig.world[0][:3, 3], (0.1, 1.1, 0.3), atol=1e-5)


def test_override_table() -> None:
    e = {
        "happy": Expression("happy", True, override_mouth="block", override_blink="blend"),
        "sad": Expression("sad", True, binary=True, override_mouth="blend"),
        "aa": Expression("aa", True, override_mouth="block"),
        "oh": Expression("oh", True),
        "blink": Expression("blink", True, binary=True),
        "blinkLeft": Expression("blinkLeft", True),
    }
    assert settle({"happy": 0.3, "oh": 1.0}, e)["oh"] == 0
    assert settle({"happy": 0.3, "blinkLeft": 1.0}, e)["blinkLeft"] == pytest.approx(0.7)
    assert settle({"happy": 0.3, "blink": 1.0}, e)["blink"] == 0  # overridden and binary: off
    assert settle({"blink": 0.5}, e)["blink"] == 0
    assert settle({"blink": 0.51}, e)["blink"] == 1
    assert settle({"sad": 0.6, "oh": 1.0}, e)["oh"] == 0  # the binary value drives the override
    assert settle({"sad": 0.4, "oh": 1.0}, e)["oh"] == 1
    assert settle({"aa": 1.0}, e)["aa"] == 1  # not its own kind
    assert settle({"nobody": 1.0, "oh": math.nan}, e) == {}


def test_expressions_reach_morphs_and_colours() -> None:
    rig = Rig(loads(make()))
    frame = PoseFrame()
    frame.expressions = {"aa": 0.5, "green": 1.0}
    rig.apply(frame, 0)
    assert rig.morphs[7][0] == pytest.approx(0.5)
    assert rig.colours[0, "color"] == pytest.approx((0, 1, 0, 1))


def lag(rate: int) -> float:
    """Largest angle (degrees) between hair and rest while the head turns at 2 Hz."""
    rig = Rig(loads(make()))
    frame, most = PoseFrame(), 0.0
    rig.apply(frame, 0)
    for i in range(2 * rate):
        turn(frame, "head", 2, 0.3 * math.sin(2 * math.pi * 2 * i / rate))
        rig.apply(frame, 1 / rate)
        if i > rate // 2:
            here = rig.world[8][:3, 1]
            rest = rig.world[rig.model.bones["head"]][:3, 1]
            most = max(most, math.degrees(math.acos(min(1.0, float(here @ rest)))))
    return most


def test_spring_lag_does_not_depend_on_the_frame_rate() -> None:
    lags = [lag(rate) for rate in (30, 60, 120)]
    assert min(lags) > 3
    assert max(lags) / min(lags) < 1.25


def test_springs_settle_and_reset() -> None:
    rig = Rig(loads(make()))
    frame = PoseFrame()
    rig.apply(frame, 1 / 60)
    still = rig.world[8].copy()
    frame.hips[:] = (5, 0, 0)
    rig.reset()
    rig.apply(frame, 1 / 60)
    np.testing.assert_allclose(rig.world[8][:3, :3], still[:3, :3], atol=1e-4)
    assert np.isfinite(rig.world).all()

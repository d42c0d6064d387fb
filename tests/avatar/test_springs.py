"""Springs: the same swing at every frame rate, the specification's at 60 a second; calm after a stall or a jump."""

from __future__ import annotations

import math

import numpy as np

from avatar.rig import PoseFrame, Rig
from avatar.vrm import loads
from benchmarks.springs import ours, pendulum, specification
from tests.avatar.specimens import SPECIMENS


def test_the_lag_is_alike_from_15_to_240_and_the_specifications_at_60() -> None:
    at = {rate: math.degrees(max(ours(rate, 3.0))) for rate in (15, 30, 60, 120, 240)}
    assert max(at.values()) - min(at.values()) < 2.0
    assert abs(at[60] - math.degrees(max(specification(60, 3.0)))) < 0.05


def test_a_stall_and_a_jump_leave_it_calm() -> None:
    rig, frame = Rig(loads(pendulum())), PoseFrame()
    node = rig.model.springs[0].node
    for n in range(30):
        rig.apply(frame, 5.0 if n == 10 else 1 / 60)
        assert np.isfinite(rig.world).all()
    frame.hips = np.array([40.0, 0.0, 0.0], np.float32)
    rig.reset()
    rig.apply(frame, 1 / 60)
    rig.apply(frame, 1 / 60)
    assert rig.world[node][2, 2] > 0.999, "it still hangs straight back"
    frame.hips = np.zeros(3, np.float32)  # a jump without a reset
    for _ in range(240):
        rig.apply(frame, 1 / 60)
    assert rig.world[node][2, 2] > 0.999


def test_a_pose_that_is_no_number_is_forgotten_with_the_next() -> None:
    rig, frame = Rig(loads(pendulum())), PoseFrame()
    node = rig.model.springs[0].node
    rig.apply(frame, 1 / 60)
    frame.rotations[:] = np.nan
    rig.apply(frame, 1 / 60)
    for _ in range(3):
        rig.apply(PoseFrame(), 1 / 60)
    assert np.isfinite(rig.world).all()
    assert rig.world[node][2, 2] > 0.999


def test_with_a_center_moving_the_whole_body_swings_nothing() -> None:
    def swing(center: bool) -> float:
        import json

        from tests.avatar.fuzz import split
        from tests.avatar.make_vrm import glb

        root, binary = split(pendulum())
        root = json.loads(json.dumps(root))
        if center:
            root["extensions"]["VRMC_springBone"]["springs"][0]["center"] = 0
        rig, frame = Rig(loads(glb(root, binary))), PoseFrame()
        node, most = rig.model.springs[0].node, 0.0
        for n in range(60):
            frame.hips = np.array([0.3 * math.sin(n / 5), 0.0, 0.0], np.float32)
            rig.apply(frame, 1 / 60)
            most = max(most, 1 - float(rig.world[node][2, 2]))
        return most

    assert swing(False) > 0.05
    assert swing(True) < 0.01


def test_extended_colliders_hold_their_joints() -> None:
    model = loads(SPECIMENS["swing"]()[0])
    rig, frame = Rig(model), PoseFrame()
    for _ in range(120):
        rig.apply(frame, 1 / 60)
    rig.colliders.place(rig.world)
    kinds = {(c.kind, c.inside) for c in model.colliders}
    assert {("plane", False), ("sphere", True), ("capsule", True)} <= kinds
    for joint in model.springs:
        tail = rig.world[joint.child][:3, 3][None]
        for which in joint.colliders:
            gap, _ = rig.colliders.distance(np.array([which]), tail, np.array([joint.radius]))
            assert gap[0] > -0.02  # a rod of fixed length cannot leave every shape wholly

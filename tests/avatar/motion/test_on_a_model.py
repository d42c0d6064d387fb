"""The performer on a real body: the default look, loaded and rigged."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avatar import vrm, wardrobe
from avatar.motion import Performer
from avatar.motion.solve import rotate
from avatar.rig import Rig
from characters.definition import Look

RATE = 48_000
BEAT = RATE * 60 // 128


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    path: Path = tmp_path_factory.mktemp("look") / "lumi.vrm"
    wardrobe.build(Look(), path)  # type: ignore[call-arg]
    return Rig(vrm.load(path))


@pytest.fixture
def performer(rig: Rig) -> Performer:
    made = Performer(1)
    made.wear(rig)
    return made


def at(rig: Rig, performer: Performer, sample: int) -> dict[str, np.ndarray]:
    rig.apply(performer.frame(sample), 0.0)
    return {bone: rig.world[node][:3, 3].copy() for bone, node in rig.model.bones.items()}


def test_a_raised_hand_is_beside_the_head_and_its_palm_faces_the_audience(rig: Rig, performer: Performer) -> None:
    performer.gesture(RATE, 0, "wave", 2 * RATE)
    bones = at(rig, performer, 2 * RATE)
    side = max(("left", "right"), key=lambda s: bones[f"{s}Hand"][1])
    hand, tip = bones[f"{side}Hand"], bones[f"{side}MiddleDistal"]
    assert hand[1] > bones[f"{side}UpperArm"][1]
    assert tip[1] > hand[1] + 0.04
    assert abs(hand[0]) > 0.15
    assert hand[2] > 0.05


def test_hands_meet_in_a_clap_and_a_heart(rig: Rig, performer: Performer) -> None:
    performer.gesture(RATE, 0, "clap", 2 * RATE)
    performer.gesture(6 * RATE, 0, "heart", 7 * RATE)
    for sample in (2 * RATE, 7 * RATE):
        bones = at(rig, performer, sample)
        gap = np.linalg.norm(bones["leftMiddleDistal"] - bones["rightMiddleDistal"])
        assert 0.0 < gap < 0.09
        assert bones["leftHand"][0] > bones["rightHand"][0]
        assert bones["leftHand"][2] > bones["chest"][2] + 0.08


def test_feet_keep_the_floor_while_dancing(rig: Rig, performer: Performer) -> None:
    performer.section(0, 64 * BEAT, "chorus", 0.95)
    for k in range(64):
        performer.beat(k * BEAT, BEAT, k % 4 == 0, 0.95)
    rest = rig.rest_world[rig.model.bones["leftToes"]][1, 3]
    hops = []
    for k in range(16 * BEAT, 48 * BEAT, BEAT // 3):
        bones = at(rig, performer, k)
        toes = [bones["leftToes"][1], bones["rightToes"][1]]
        assert min(toes) > rest - 0.02
        assert min(toes) < rest + 0.06
        hops.append(min(toes) > rest + 0.03)
        assert max(toes) < rest + 0.18
    assert np.mean(hops) < 0.1


def test_the_face_looks_at_the_audience(rig: Rig, performer: Performer) -> None:
    for sample in range(0, 40 * RATE, 3 * RATE):
        frame = performer.frame(sample)
        rig.apply(frame, 0.0)
        matrix = rig.world[rig.model.bones["head"]][:3, :3]
        rest = rig.rest_world[rig.model.bones["head"]][:3, :3]
        nose = matrix @ rest.T @ np.array([0.0, 0.0, 1.0])
        assert nose[2] > 0.8


def test_own_expressions_take_the_place_of_presets() -> None:
    plain, rich = Performer(1), Performer(1)
    rich.fit({}, ["smile", "joy", "laugh", "shy", "determined"])
    for p in (plain, rich):
        p.expression(0, 5 * RATE, "happy")
    assert plain.frame(2 * RATE).expressions["happy"] > 0.2
    assert rich.frame(2 * RATE).expressions["smile"] > 0.6
    assert rich.frame(2 * RATE).expressions.get("happy", 0.0) < 0.01


def test_a_face_that_forbids_the_mouth_is_taken_off_to_speak() -> None:
    p = Performer(1)
    p.fit({}, {"happy": SimpleNamespace(override_mouth="block", override_blink="block")})
    p.expression(0, 9 * RATE, "happy")
    p.speech(3 * RATE, 3 * RATE, "")
    assert p.frame(2 * RATE).expressions["happy"] > 0.2
    assert p.frame(int(4.5 * RATE)).expressions["happy"] == 0.0
    calm = Performer(1)
    calm.fit({}, {"happy": SimpleNamespace(override_mouth="none", override_blink="block")})
    assert calm.frame(RATE).expressions["happy"] == 0.0


def test_rotation_helper_turns_as_a_matrix_would() -> None:
    s = np.sqrt(0.5)
    assert rotate((0.0, s, 0.0, s), (0.0, 0.0, 1.0)) == pytest.approx((1.0, 0.0, 0.0))

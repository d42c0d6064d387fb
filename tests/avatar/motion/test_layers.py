"""The layers above the solved pose: clips on their beat and sample, a person mixed in by mode and presence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from avatar.motion.clips.clip import Clip
from avatar.motion.cues import RATE
from avatar.motion.layers import ClipLayer, head_angles, kind_of, person_body, person_face, stroke
from avatar.motion.person import Person, modes
from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES, PoseFrame

FPS = 30.0


def turn(degrees: float, axis: int = 2) -> np.ndarray:
    out = np.zeros(4, np.float32)
    out[axis], out[3] = math.sin(math.radians(degrees) / 2), math.cos(math.radians(degrees) / 2)
    return out


def angle(frame: PoseFrame, bone: str, axis: int = 2) -> float:
    q = frame.rotations[BONE_INDEX[bone]]
    return math.degrees(2 * math.atan2(q[axis], q[3]))


def clip(bone: str, degrees: list[float], **more: object) -> Clip:
    """One bone turned about Z, a key per frame."""
    rotations = np.tile(np.array([0, 0, 0, 1], np.float32), (len(degrees), len(HUMANOID_BONES), 1))
    rotations[:, BONE_INDEX[bone]] = [turn(d) for d in degrees]
    moved = np.zeros(len(HUMANOID_BONES), bool)
    moved[BONE_INDEX[bone]] = True
    return Clip("c", FPS, rotations, moved, np.zeros((len(degrees), 3), np.float32), **more)  # type: ignore[arg-type]


def lay(layer: ClipLayer, sample: int, frame: PoseFrame, **how: object) -> PoseFrame:
    given = {"dancing": 0.0, "beats": None, "energy": 0.8, "held": {}, **how}
    layer.apply(sample, frame, **given)  # type: ignore[arg-type]
    return frame


def person(**rotations: float) -> Person:
    out = Person(presence=1.0)
    for bone, degrees in rotations.items():
        out.rotations[BONE_INDEX[bone]] = turn(degrees)
        out.seen[BONE_INDEX[bone]] = 1.0
    return out


def test_an_idle_clip_gives_way_to_the_dance_and_to_held_arms() -> None:
    layer = ClipLayer()
    layer.learn("idle", clip("leftUpperArm", [40.0] * 30))
    assert layer.active(0)
    assert angle(lay(layer, 0, PoseFrame()), "leftUpperArm") == pytest.approx(40, abs=0.1)
    assert angle(lay(layer, 0, PoseFrame(), dancing=0.5), "leftUpperArm") == pytest.approx(20, abs=0.5)
    assert angle(lay(layer, 0, PoseFrame(), dancing=1.0), "leftUpperArm") == 0
    assert angle(lay(layer, 0, PoseFrame(), held={"left": 1.0}), "leftUpperArm") == pytest.approx(0, abs=0.1)
    assert angle(lay(layer, 0, PoseFrame(), held={"right": 1.0}), "leftUpperArm") == pytest.approx(40, abs=0.1)


def test_an_idle_clip_leaves_the_torso_some_of_its_own_motion_and_the_gaze_all() -> None:
    layer = ClipLayer()
    layer.learn("idle", clip("chest", [10.0] * 30, gaze=np.full((30, 2), 25, np.float32)))
    frame = lay(layer, 0, PoseFrame(gaze=(5.0, -3.0)))
    assert angle(frame, "chest") == pytest.approx(6, abs=0.1)
    assert frame.gaze == (5.0, -3.0)


def test_a_dance_clip_runs_by_beats_and_only_with_energy() -> None:
    layer = ClipLayer()
    layer.learn("dance_120", clip("rightUpperArm", [float(k) for k in range(61)]))  # two seconds: four beats
    for beats, want in ((0.0, 0.0), (1.0, 15.0), (3.0, 45.0), (5.0, 15.0)):
        frame = lay(layer, 0, PoseFrame(), dancing=1.0, beats=beats)
        assert angle(frame, "rightUpperArm") == pytest.approx(want, abs=0.1)
    assert angle(lay(layer, 0, PoseFrame(), dancing=1.0, beats=1.0, energy=0.3), "rightUpperArm") == 0


def test_dances_take_turns_every_32_beats() -> None:
    layer = ClipLayer()
    layer.learn("dance_b_100", clip("rightUpperArm", [20.0] * 30))
    layer.learn("dance_a_120", clip("rightUpperArm", [50.0] * 30))
    got = [angle(lay(layer, 0, PoseFrame(), dancing=1.0, beats=b), "rightUpperArm") for b in (1.0, 33.0, 65.0)]
    assert got == pytest.approx([50, 20, 50], abs=0.1)


def test_a_gesture_clip_strokes_on_its_sample_and_fades_at_both_ends() -> None:
    reach = clip("leftUpperArm", [*np.linspace(0, 60, 31), *np.linspace(60, 0, 30)])
    assert stroke(reach) == pytest.approx(1.0, abs=0.04)
    layer = ClipLayer()
    layer.learn("reach", reach)
    layer.add("reach", 0, 0, 3 * RATE, "test")
    at = [angle(lay(layer, round(t * RATE), PoseFrame()), "leftUpperArm") for t in (1.9, 2.05, 3.0, 3.95, 4.1)]
    assert at[2] == max(at)
    assert at[2] == pytest.approx(60, abs=1.5)
    assert at[0] == at[4] == 0
    assert 0 < at[1] < 2.9  # the clip itself would be at 3 degrees
    assert angle(lay(layer, round(2.5 * RATE), PoseFrame()), "leftUpperArm") == pytest.approx(30, abs=2)


def test_a_clip_is_fitted_to_the_body_it_is_on() -> None:
    layer = ClipLayer()
    layer.learn("idle", clip("upperChest", [30.0] * 10))
    layer.fit([b for b in HUMANOID_BONES if b != "upperChest"], 0.9)
    frame = lay(layer, 0, PoseFrame())
    assert angle(frame, "upperChest") == 0
    assert angle(frame, "chest") == pytest.approx(18, abs=0.3)  # what it lacks goes to its parent, a torso's share


@pytest.mark.parametrize(("mode", "want"), [("ai", 10.0), ("person", 50.0), ("mixed", 50.0)])
def test_the_operator_chooses_who_moves_the_body(mode: str, want: float) -> None:
    frame = PoseFrame()
    frame.rotations[BONE_INDEX["leftUpperArm"]] = turn(10)
    person_body(frame, person(leftUpperArm=50), modes(mode), {})
    assert angle(frame, "leftUpperArm") == pytest.approx(want, abs=0.1)


def test_mixed_the_performers_gestures_stay_and_unseen_bones_too() -> None:
    frame = PoseFrame()
    for bone in ("leftUpperArm", "rightUpperArm", "leftLowerArm"):
        frame.rotations[BONE_INDEX[bone]] = turn(10)
    person_body(frame, person(leftUpperArm=50, rightUpperArm=50), modes("mixed"), {"left": 1.0})
    assert angle(frame, "leftUpperArm") == pytest.approx(10, abs=0.1)
    assert angle(frame, "rightUpperArm") == pytest.approx(50, abs=0.1)
    assert angle(frame, "leftLowerArm") == pytest.approx(10, abs=0.1)


def test_presence_fades_the_person() -> None:
    frame, half = PoseFrame(), person(leftUpperArm=60)
    half.presence, half.hips[1] = 0.5, 0.2
    half.seen[BONE_INDEX["hips"]] = 1.0
    person_body(frame, half, modes("person"), {})
    assert angle(frame, "leftUpperArm") == pytest.approx(30, abs=0.5)
    assert frame.hips[1] == pytest.approx(0.1, abs=1e-3)


def test_a_head_is_the_persons_and_mixed_keeps_some_of_the_performers() -> None:
    yaws = {}
    for mode in ("ai", "person", "mixed"):
        frame, who = PoseFrame(), Person(presence=1.0)
        frame.rotations[BONE_INDEX["head"]] = turn(20, 1)
        who.rotations[BONE_INDEX["head"]] = turn(-30, 1)
        who.seen[[BONE_INDEX["neck"], BONE_INDEX["head"]]] = 1.0
        person_body(frame, who, modes(f"ai,head={mode}"), {})
        yaws[mode] = head_angles(frame.rotations)[1]
    assert yaws["ai"] == pytest.approx(20, abs=0.1)
    assert yaws["person"] == pytest.approx(-30, abs=0.1)
    assert yaws["mixed"] == pytest.approx(-30 + 0.35 * 20, abs=0.5)


def test_a_face_goes_by_layer() -> None:
    shown = {"happy": 0.6, "aa": 0.8, "oh": 0.3, "blink": 0.2}
    who = Person(presence=1.0, expressions={"happy": 0.2, "angry": 0.5, "aa": 0.1, "blink": 0.9})
    mine = PoseFrame(expressions=dict(shown))
    person_face(mine, who, modes("ai"), 0.0)
    assert mine.expressions == shown
    theirs = PoseFrame(expressions=dict(shown))
    person_face(theirs, who, modes("person"), 0.0)
    assert {k: v for k, v in theirs.expressions.items() if v} == pytest.approx(who.expressions)
    both = PoseFrame(expressions=dict(shown))
    person_face(both, who, modes("mixed"), 0.0)
    assert both.expressions["happy"] == pytest.approx(0.6)  # the stronger of the two
    assert both.expressions["angry"] == pytest.approx(0.5)
    assert both.expressions["aa"] == pytest.approx(0.1)
    assert both.expressions["blink"] == pytest.approx(0.9)


def test_a_mixed_mouth_is_hers_while_she_talks() -> None:
    who = Person(presence=1.0, expressions={"aa": 0.1})
    for talk, want in ((0.0, 0.1), (0.5, 0.45), (1.0, 0.8)):
        frame = PoseFrame(expressions={"aa": 0.8})
        person_face(frame, who, modes("mixed"), talk)
        assert frame.expressions["aa"] == pytest.approx(want)


def test_one_eyed_lids_do_not_close_twice_and_the_gaze_follows() -> None:
    who = Person(presence=0.5, expressions={"blinkLeft": 1.0, "blinkRight": 0.4}, gaze=(20.0, -8.0))
    frame = PoseFrame(expressions={"blink": 1.0}, gaze=(0.0, 4.0))
    person_face(frame, who, modes("person"), 0.0)
    assert frame.expressions["blink"] == pytest.approx(0.5)
    assert frame.expressions["blinkLeft"] == pytest.approx(0.5)
    assert frame.gaze == pytest.approx((10.0, -2.0))
    gone = PoseFrame(expressions={"blink": 1.0})
    person_face(gone, Person(presence=0.0, expressions={"blink": 0.0}), modes("person"), 0.0)
    assert gone.expressions == {"blink": 1.0}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("aa", "mouth"), ("jawOpen", "mouth"), ("eyeBlinkLeft", "eyes"), ("blink", "eyes"), ("happy", "face")],
)
def test_kinds_of_expressions(name: str, kind: str) -> None:
    assert kind_of(name) == kind

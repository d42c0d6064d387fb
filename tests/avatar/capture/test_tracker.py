"""From readings to a person: calibrated, smooth, held and eased; scores onto shapes or presets."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from avatar.capture.block import Block
from avatar.capture.calibrate import Calibration
from avatar.capture.errors import CaptureError
from avatar.capture.express import expressions, gaze, lids
from avatar.capture.filters import OneEuro
from avatar.capture.models import fetch
from avatar.capture.posture import upper_body
from avatar.capture.process import Capture, Wishes
from avatar.capture.scores import NAMES, SCORE
from avatar.capture.tracker import EASE, HOLD, Reading, Tracker, angles
from avatar.capture.vmc import Sender
from avatar.motion.layers import head_angles
from avatar.motion.person import Person
from avatar.rig.frame import BONE_INDEX, PoseFrame


def scored(**values: float) -> np.ndarray:
    out = np.zeros(len(NAMES))
    for name, value in values.items():
        out[SCORE[name]] = value
    return out


def yawed(degrees: float) -> np.ndarray:
    return np.array([0.0, np.sin(np.radians(degrees) / 2), 0.0, np.cos(np.radians(degrees) / 2)])


def test_one_euro_is_still_at_rest_and_quick_in_motion() -> None:
    rng = np.random.default_rng(1)
    still, quick = OneEuro(1.0, 2.0), OneEuro(1.0, 2.0)
    noise = 0.02 * rng.normal(size=300)
    out = np.array([still(np.array([0.3 + n]), k / 30)[0] for k, n in enumerate(noise)])
    assert out[60:].std() < 0.45 * noise.std()
    step = [quick(np.array([0.0 if k < 60 else 1.0]), k / 30)[0] for k in range(90)]
    assert step[62] > 0.8


def test_a_resting_face_becomes_the_avatars_rest() -> None:
    tracker = Tracker(["aa", "blink"])
    rest = scored(eyeBlinkLeft=0.3, eyeBlinkRight=0.32, mouthSmileLeft=0.2, mouthSmileRight=0.2, browDownLeft=0.4)
    for k in range(60):
        person = tracker.add(Reading(k / 30, True, yawed(12.0), rest))
    assert tracker.learner is None
    assert max(person.expressions.values()) < 0.02
    frame = PoseFrame()
    frame.rotations[:] = person.rotations
    assert abs(head_angles(frame.rotations)[1]) < 0.5
    for k in range(60, 120):
        person = tracker.add(Reading(k / 30, True, yawed(42.0), rest))
    frame.rotations[:] = person.rotations
    assert head_angles(frame.rotations)[1] == pytest.approx(30.0, abs=1.0)


def test_calibration_is_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "me.json"
    Calibration(scored(jawOpen=0.1), yawed(5)).write(path)
    again = Calibration.read(path)
    assert again.apply(scored(jawOpen=1.0))[SCORE["jawOpen"]] == pytest.approx(1.0)
    assert again.apply(scored(jawOpen=0.1))[SCORE["jawOpen"]] == pytest.approx(0.0, abs=1e-4)
    assert angles(again.head)[1] == pytest.approx(5.0, abs=0.01)
    path.write_text('{"scores": [], "head": [0]}')
    with pytest.raises(CaptureError, match=r"me.json: is not a calibration"):
        Calibration.read(path)


def test_a_lost_face_is_held_then_eases_out_and_in_again() -> None:
    tracker = Tracker(["aa"], Calibration())
    shown = []
    for k in range(240):
        lost = 90 <= k < 180
        shown.append(tracker.add(Reading(k / 30, not lost, yawed(20), scored(jawOpen=0.5))).presence)
    assert shown[89] == 1.0
    assert shown[90 + int(HOLD * 30) - 1] == 1.0
    assert 0.05 < shown[90 + int((HOLD + EASE / 2) * 30)] < 0.95
    assert shown[179] == 0.0
    assert shown[239] == 1.0
    assert np.abs(np.diff(shown[20:])).max() < 0.2
    assert tracker.person.expressions["aa"] > 0.3


def test_looking_down_is_no_blink_and_a_wink_is_one() -> None:
    down = scored(eyeBlinkLeft=0.3, eyeBlinkRight=0.3, eyeLookDownLeft=0.8, eyeLookDownRight=0.8)
    assert max(lids(down)) == 0.0
    assert gaze(down)[1] < -15
    wink = lids(scored(eyeBlinkLeft=0.7, eyeBlinkRight=0.15))
    assert wink[0] == 1.0
    assert wink[1] < 0.1
    assert gaze(scored(eyeLookOutLeft=0.5, eyeLookInRight=0.5))[0] > 10


def test_own_shapes_or_presets() -> None:
    scores = scored(jawOpen=0.6, mouthSmileLeft=0.9, mouthSmileRight=0.9, eyeBlinkLeft=0.8, eyeBlinkRight=0.8)
    preset = expressions(scores, ["aa", "happy", "blink", "blinkLeft", "blinkRight"])
    assert preset["happy"] > 0.6
    assert preset["aa"] > 0.5
    assert preset["blink"] == 1.0
    own = expressions(scores, [n[0].upper() + n[1:] for n in NAMES[1:]])
    assert own["JawOpen"] == pytest.approx(0.6)
    assert own["EyeBlinkLeft"] == 1.0
    assert "happy" not in own
    rounded = expressions(scored(mouthPucker=0.9), ["ou"])
    assert rounded["ou"] > 3 * max(rounded["aa"], rounded["ih"], rounded["ee"], 0.01)


def test_arms_from_pose_landmarks() -> None:
    marks = np.zeros((33, 4))
    marks[:, 3] = 1.0
    # Seen from the camera, y down: shoulders, left arm raised straight up, right forearm forward.
    for k, place in {11: (0.2, -0.5, 0), 12: (-0.2, -0.5, 0), 13: (0.2, -0.8, 0), 15: (0.2, -1.05, 0),
                     14: (-0.2, -0.2, 0), 16: (-0.2, -0.2, -0.25), 23: (0.1, 0, 0), 24: (-0.1, 0, 0)}.items():  # fmt: skip
        marks[k, :3] = place
    turns, seen = upper_body(marks)
    assert seen[BONE_INDEX["leftUpperArm"]] == 1.0
    s = float(np.sqrt(0.5))
    np.testing.assert_allclose(turns[BONE_INDEX["leftUpperArm"]], [0, 0, s, s], atol=1e-5)
    np.testing.assert_allclose(np.abs(turns[BONE_INDEX["leftLowerArm"]]), [0, 0, 0, 1], atol=1e-5)
    marks[13, 3] = 0.1
    assert upper_body(marks)[1][BONE_INDEX["leftUpperArm"]] == 0.0


def test_block_hands_over_the_newest_and_never_waits() -> None:
    block, into = Block(["aa", "smile"]), Person()
    person = Person(0.5, expressions={"aa": 0.25}, gaze=(3.0, -2.0), stamp=7.0, camera=((1, 2, 3), (0, 1, 0), 30.0))
    person.rotations[3] = (0, 1, 0, 0)
    assert not block.read(into)
    assert block.write(person)
    assert block.read(into)
    assert not block.read(into)
    assert (into.presence, into.gaze, into.expressions, into.camera) == (0.5, (3.0, -2.0), {"aa": 0.25}, person.camera)
    np.testing.assert_array_equal(into.rotations, person.rotations)
    with block._lock:
        begun = time.perf_counter()
        assert not block.read(into)
        assert not block.write(person, wait=False)
        assert time.perf_counter() - begun < 0.02


def test_vmc_in_and_out_between_processes() -> None:
    """A performer's frame goes out by one process, over UDP, and comes back as a person by another."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rest = {"hips": (0.0, 0.8, 0.0), "spine": (0.0, 0.1, 0.0), "head": (0.0, 0.5, 0.0)}
    capture = Capture(Wishes(("aa",), 0.8, rest, vmc_in=port, vmc_in_host="127.0.0.1", vmc_out=("127.0.0.1", port)))
    try:
        frame = PoseFrame()
        frame.rotations[BONE_INDEX["head"]] = yawed(25)
        frame.expressions = {"aa": 0.5}
        end = time.monotonic() + 15
        person = capture.person()
        while time.monotonic() < end and (person is None or person.presence < 1.0):
            capture.tell(frame, 1.0)
            time.sleep(0.02)
            person = capture.person()
        assert person is not None
        assert person.presence == 1.0
        np.testing.assert_allclose(person.rotations[BONE_INDEX["head"]], yawed(25), atol=1e-5)
        assert person.expressions == pytest.approx({"aa": 0.5})
        assert all(pid > 0 for pid in capture.processes().values())
    finally:
        capture.close()


def test_a_model_that_is_not_the_known_file_is_not_kept(tmp_path: Path) -> None:
    fake = tmp_path / "there.task"
    fake.write_bytes(b"1234")
    with pytest.raises(CaptureError, match="not the known file"):
        fetch(fake.as_uri(), "0" * 64, 4, tmp_path / "here.task")
    with pytest.raises(CaptureError, match="cannot be fetched"):
        fetch((tmp_path / "none").as_uri(), "0" * 64, 4, tmp_path / "here.task")
    assert [p.name for p in tmp_path.iterdir()] == ["there.task"]


def test_sender_is_cheap() -> None:
    sender = Sender(dict.fromkeys(BONE_INDEX, (0.0, 0.1, 0.0)))
    frame = PoseFrame()
    begun = time.process_time()
    for _ in range(20):
        sender.packets(frame, 1.0)
    assert (time.process_time() - begun) / 20 < 0.006

"""Motion files become poses: rest divided out, hips scaled, faces and gaze kept, bad files refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar.motion import clips
from avatar.motion.clips import ClipError
from avatar.rig.frame import BONE_INDEX, PoseFrame
from tests.avatar.motion import make_clips as make
from tests.avatar.motion.body import places

S = float(np.sqrt(0.5))
SHARED = Path(__file__).parents[4] / "shared" / "data"
DOWN = (0.0, 0.0, -0.5, float(np.sqrt(0.75)))  # 60 degrees about -Z
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample files are not on this machine")


def posed(clip: clips.Clip, seconds: float, height: float = 0.8) -> PoseFrame:
    frame = PoseFrame()
    clip.bind(hip_height=height).apply(seconds, frame)
    return frame


def small_vrma(mode: str = "LINEAR") -> bytes:
    bones = {
        "hips": ((0.0, 1.0, 0.0), (0.0, S, 0.0, S), ""),
        "spine": ((0.0, 0.1, 0.0), (0.0, 0.0, 0.0, 1.0), "hips"),
        "leftUpperArm": ((0.0, 0.4, 0.2), (S, 0.0, 0.0, S), "spine"),
        "expression:happy": ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), ""),
        "lookAt": ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), ""),
    }
    # The arm's node is turned: in the world's axes its animation is 90 degrees about the world's Z.
    keys = {
        "hips": ("translation", [0.0, 1.0], [[0.0, 1.0, 0.0], [0.5, 0.8, 0.0]]),
        "leftUpperArm": ("rotation", [0.0, 1.0], [[S, 0, 0, S], [0.5, 0.5, 0.5, 0.5]]),
        "expression:happy": ("translation", [0.0, 1.0], [[0, 0, 0], [0.8, 0, 0]]),
        "lookAt": ("rotation", [0.0, 1.0], [[0, 0, 0, 1], [0, 0.2588190, 0, 0.9659258]]),
    }
    if mode == "CUBICSPLINE":
        keys = {k: (p, t, [v for x in values for v in (np.zeros(len(x)), x, np.zeros(len(x)))])
                for k, (p, t, values) in keys.items()}  # fmt: skip
    return make.vrma(bones, keys, mode)


def test_vrma_divides_the_rest_out_and_scales_the_hips() -> None:
    clip = clips.loads(small_vrma(), "a.vrma")
    frame = posed(clip, 1.0, height=0.8)
    np.testing.assert_allclose(frame.hips, [0.4, -0.16, 0.0], atol=1e-5)
    turn = frame.rotations[BONE_INDEX["leftUpperArm"]]
    # Wp q W^-1 with Wp = Ry(90), W = Ry(90) Rx(90), q = (.5,.5,.5,.5): a quarter turn about the world's X.
    np.testing.assert_allclose(np.abs(turn), [S, 0, 0, S], atol=1e-5)
    assert frame.expressions["happy"] == pytest.approx(0.8)
    assert frame.gaze == pytest.approx((30.0, 0.0), abs=0.01)


@pytest.mark.parametrize(("mode", "happy"), [("LINEAR", 0.2), ("STEP", 0.0), ("CUBICSPLINE", 0.125)])
def test_vrma_interpolation(mode: str, happy: float) -> None:
    frame = posed(clips.loads(small_vrma(mode), "a.vrma"), 0.25)
    assert frame.expressions["happy"] == pytest.approx(happy, abs=2e-3)


def test_a_bone_the_body_lacks_hands_its_turn_on() -> None:
    bones = {n: ((0.0, 0.9, 0.0), (0.0, 0.0, 0.0, 1.0), p) for n, p in
             (("hips", ""), ("chest", "hips"), ("upperChest", "chest"), ("leftShoulder", "upperChest"),
              ("leftUpperArm", "leftShoulder"))}  # fmt: skip
    turn = [[0.0, 0.0, 0.2588190, 0.9659258]]
    keys = {n: ("rotation", [0.0], turn) for n in ("upperChest", "leftShoulder", "leftUpperArm")}
    clip = clips.loads(make.vrma(bones, keys), "a.vrma")
    frame = PoseFrame()
    clip.bind(("hips", "chest", "leftUpperArm")).apply(0.0, frame)
    np.testing.assert_allclose(frame.rotations[BONE_INDEX["chest"]], turn[0], atol=1e-5)
    np.testing.assert_allclose(frame.rotations[BONE_INDEX["leftUpperArm"]], [0, 0, 0.5, 0.8660254], atol=1e-5)
    np.testing.assert_allclose(frame.rotations[BONE_INDEX["upperChest"]], [0, 0, 0, 1])


def test_weight_mask_and_loop() -> None:
    bound = clips.loads(small_vrma(), "a.vrma").bind(hip_height=1.0)
    half, masked, again = PoseFrame(), PoseFrame(), PoseFrame()
    bound.apply(1.0, half, 0.5)
    assert half.hips[0] == pytest.approx(0.25, abs=1e-4)
    mask = np.ones(55, np.float32)
    mask[BONE_INDEX["leftUpperArm"]] = 0
    bound.apply(1.0, masked, 1.0, mask)
    np.testing.assert_allclose(masked.rotations[BONE_INDEX["leftUpperArm"]], [0, 0, 0, 1])
    bound.apply(2.25, again, loop=True)
    assert again.expressions["happy"] == pytest.approx(0.2, abs=1e-3)


def test_bvh_heights_and_turns() -> None:
    # Second frame: hips 45 lower and 9 to the left, spine 90 degrees about Y.
    clip = clips.loads(make.bvh({}, {0: 9.0, 1: 45.0, 8: 90.0}), "a.bvh")
    assert clip.rate == pytest.approx(2.0)
    frame = posed(clip, 0.5, height=0.8)
    np.testing.assert_allclose(frame.hips, [0.08, -0.4, 0.0], atol=1e-4)
    np.testing.assert_allclose(frame.rotations[BONE_INDEX["spine"]], [0, S, 0, S], atol=1e-5)


def test_bvh_arms_that_hang_at_rest_hang_here() -> None:
    at, _ = places(posed(clips.loads(make.bvh({}, {}, arm="0 -25 0"), "a.bvh"), 0.0))
    away = at["leftHand"] - at["leftUpperArm"]
    assert away[1] / np.linalg.norm(away) < -0.999


@shared
def test_mocopi_arms_point_where_the_source_points() -> None:
    """Directions of limbs against a second, independent reading of the file (scipy's Euler, joint by joint)."""
    from scipy.spatial.transform import Rotation

    path = SHARED / "bvh" / "mocopi-mobile-arm-raise-turn.bvh"
    lines = path.read_text().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("MOTION"))
    names, parents, offsets, stack = [], [], [], []
    for line in lines[:start]:
        words = line.split()
        if words[:1] in (["ROOT"], ["JOINT"]):
            names.append(words[1])
            parents.append(stack[-1] if stack else -1)
            stack.append(len(names) - 1)
        elif words[:1] == ["End"]:
            stack.append(stack[-1])
        elif words[:1] == ["}"]:
            stack.pop()
    clip = clips.load(path)
    for k in (0, 250, 400, 700):
        row = np.array(lines[start + 3 + k].split(), float).reshape(-1, 6)
        turns, spots = [], []
        for i, parent in enumerate(parents):
            local = Rotation.from_euler("ZXY", row[i, 3:], degrees=True)
            turns.append(turns[parent] * local if parent >= 0 else local)
            spots.append(spots[parent] + turns[parent].apply(row[i, :3]) if parent >= 0 else row[i, :3])
        offsets = dict(zip(names, spots))
        frame = posed(clip, k / 50)
        here, _ = places(frame)
        for bone, tip, a, b in (("leftUpperArm", "leftLowerArm", "l_up_arm", "l_low_arm"),
                                ("rightLowerArm", "rightHand", "r_low_arm", "r_hand"),
                                ("leftUpperLeg", "leftLowerLeg", "l_up_leg", "l_low_leg")):  # fmt: skip
            ours, theirs = here[tip] - here[bone], offsets[b] - offsets[a]
            cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
            assert np.degrees(np.arccos(min(cosine, 1.0))) < 6.0, (k, bone)


@shared
@pytest.mark.parametrize("name", ["CC0animationrotate01.vrma", "quaternius_Idle.vrma", "test.vrma"])
def test_shared_vrma_files_load(name: str) -> None:
    clip = clips.load(SHARED / "vrma" / name)
    frame = posed(clip, clip.seconds / 2)
    np.testing.assert_allclose(np.linalg.norm(frame.rotations, axis=1), 1.0, atol=1e-4)
    assert np.abs(frame.hips).max() < 0.2
    if name == "test.vrma":
        assert clip.expressions["happy"].max() > 0.5
        assert clip.gaze is not None


def test_vmd_arms_rest_in_an_a_pose_and_turn_in_right_handed_axes() -> None:
    # 左腕 turned by +37 degrees about Z in MMD's axes lifts it to the T-pose.
    half = np.radians(37.0) / 2
    keys: list[make.Key] = [
        ("左腕", 0, (0, 0, 0), (0, 0, 0, 1)),
        ("左腕", 30, (0, 0, 0), (0, 0, float(np.sin(half)), float(np.cos(half)))),
        ("上半身", 0, (0, 0, 0), (0, 0, 0, 1)),
    ]
    clip = clips.loads(make.vmd(keys, [("あ", 0, 0.0), ("あ", 30, 1.0)]), "a.vmd")
    at, _ = places(posed(clip, 0.0))
    arm = at["leftHand"] - at["leftUpperArm"]
    assert np.degrees(np.arctan2(-arm[1], arm[0])) == pytest.approx(37.0, abs=0.5)
    at, _ = places(posed(clip, 1.0))
    arm = at["leftHand"] - at["leftUpperArm"]
    assert abs(arm[1]) < 0.01
    assert posed(clip, 0.5).expressions["aa"] == pytest.approx(0.5, abs=0.02)


def test_vmd_feet_follow_their_goals() -> None:
    keys: list[make.Key] = [("センター", 0, (0, -2.0, 0), (0, 0, 0, 1))]
    keys += [(f"{side}足ＩＫ", 0, (0, 0, 0), (0, 0, 0, 1)) for side in "左右"]
    frame = posed(clips.loads(make.vmd(keys), "a.vmd"), 0.0)
    at, _ = places(frame)
    assert frame.hips[1] == pytest.approx(-2.0 / 10.6 * 0.8, abs=0.002)
    for side in ("left", "right"):
        assert abs(at[f"{side}Foot"][1] - 0.06) < 0.03
        assert abs(at[f"{side}Foot"][2]) < 0.03
        assert at[f"{side}LowerLeg"][2] > 0.05


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.vrma", b"nonsense", "is not a binary glTF"),
        ("a.vrma", make.vrma({"hips": ((0, 1, 0), (0, 0, 0, 1), "")}, {}), "moves nothing"),
        ("a.bvh", b"HIERARCHY\nROOT a {\n", "is not a BVH file"),
        ("a.bvh", make.bvh({}, {}).replace(b"Frames: 2", b"Frames: 999999"), "claims 999999 frames"),
        ("a.bvh", make.bvh({}, {}).replace(b"Frames: 2", b"Frames: 3"), "ends before its 3 frames"),
        ("a.bvh", make.bvh({}, {}).replace(b"OFFSET 15 30 0", b"OFFSET 15 nan 0"), "holds the number nan"),
        ("a.vmd", b"Vocaloid Motion Data 0002".ljust(50, b"\0") + b"\xff\xff\xff\x7f", "claims 2147483647 bone keys"),
        ("a.vmd", make.vmd([("センター", 4_000_000, (0, 0, 0), (0, 0, 0, 1))]), "the limit is"),
        ("a.fbx", b"", "is not a motion file"),
    ],
)
def test_bad_files_are_refused_in_one_line(name: str, data: bytes, what: str) -> None:
    with pytest.raises(ClipError) as caught:
        clips.loads(data, name)
    assert what in str(caught.value)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="cannot be read"):
        clips.load(tmp_path / "none.vrma")

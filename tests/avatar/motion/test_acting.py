"""Blinks, gaze, gestures and dance fall where they should."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.motion import GESTURES, Performer
from avatar.motion.dofs import Proportions, mirrored
from avatar.motion.poses import PoseBook, read
from avatar.rig.frame import BONE_INDEX
from tests.avatar.motion.body import angle, places, turned

RATE = 48_000
MS = RATE // 1000


def blink_times(p: Performer, seconds: int) -> list[tuple[float, float]]:
    """(start, length) in seconds of every blink."""
    step = 5 * MS
    shut = np.array([p._blinks.at(s) > 0.02 for s in range(0, seconds * RATE, step)])
    edges = np.flatnonzero(np.diff(shut.astype(int)))
    return [(a * 0.005, (b - a) * 0.005) for a, b in zip(edges[::2], edges[1::2])]


def test_blinks_come_every_two_to_six_seconds_and_last_150_to_200_ms() -> None:
    blinks = blink_times(Performer(2), 400)
    gaps = np.diff([b[0] for b in blinks])
    single = gaps[gaps > 0.5]
    assert single.min() >= 1.6
    assert single.max() <= 6.1
    assert 0.03 < (gaps < 0.5).mean() < 0.3
    assert all(0.14 <= length <= 0.2 for _, length in blinks)


def test_a_blink_closes_faster_than_it_opens() -> None:
    p = Performer(2)
    start = int(blink_times(p, 20)[0][0] * RATE)
    lids = np.array([p._blinks.at(start + k * MS) for k in range(200)])
    assert lids.max() == pytest.approx(1.0)
    closing = np.argmax(lids > 0.99)
    opening = np.flatnonzero(lids > 0.02)[-1] - np.flatnonzero(lids > 0.99)[-1]
    assert closing < opening


def test_no_blink_as_a_phrase_begins() -> None:
    p = Performer(4)
    starts = [int(t * RATE) for t in np.arange(1.0, 200.0, 2.7)]
    for s in starts:
        p.speech(s, RATE, "")
    for s in starts:
        assert max(p._blinks.at(s + k * 10 * MS) for k in range(11)) < 0.02


def test_eyes_rest_on_the_camera_most_of_the_time_and_jump_fast() -> None:
    p = Performer(1)
    p.speech(0, 120 * RATE, "")
    aim = np.array([p._gaze.at(s)[:2] for s in range(0, 120 * RATE, 1600)])
    assert (np.hypot(*aim.T) < 5.0).mean() > 0.8
    p.gaze(10 * RATE, RATE, "chat")
    yaw = np.array([p._gaze.at(10 * RATE + k * MS)[0] for k in range(300)])
    assert np.argmax(yaw > 12.0) <= 60
    head = np.array([p._gaze.at(10 * RATE + k * MS)[2] for k in range(600)])
    assert 150 < np.argmax(head > 5.0) < 600


def test_eyes_hold_the_camera_while_the_head_moves() -> None:
    p = Performer(1)
    p.gesture(0, 0, "shake", 2 * RATE)
    p.speech(0, 4 * RATE, "")
    frame = p.frame(2 * RATE)
    head = turned(places(frame)[1]["head"], np.array([0.0, 0.0, 1.0]))
    head_yaw = np.degrees(np.arctan2(head[0], head[2]))
    assert abs(head_yaw) > 8
    assert abs(head_yaw + frame.gaze[0]) < 6


def test_every_gesture_exists() -> None:
    assert set(read("gestures.toml")) == set(GESTURES)


@pytest.mark.parametrize("name", GESTURES)
def test_stroke_is_where_the_motion_is_largest(name: str) -> None:
    """Distance from the pose without the gesture grows until the stroke and not much after it."""
    p, calm = Performer(1), Performer(1)
    stroke = 2 * RATE
    p.gesture(stroke - RATE, 0, name, stroke)

    def away(s: int) -> float:
        a, b = p.frame(s).rotations, calm.frame(s).rotations
        return float(np.sqrt(np.sum((2 * np.arccos(np.clip(np.abs((a * b).sum(1)), 0, 1))) ** 2)))

    at = np.arange(stroke - RATE, stroke + 2000, 8 * MS)
    course = np.array([away(int(s)) for s in at])
    assert course[0] < 0.02
    assert at[np.argmax(course)] == pytest.approx(stroke, abs=40 * MS)
    assert away(stroke) >= 0.93 * max(away(int(s)) for s in range(stroke, stroke + 4 * RATE, 40 * MS))
    assert away(stroke + 5 * RATE) < 0.02


def test_a_gesture_lasts_as_long_as_asked() -> None:
    p, calm = Performer(1), Performer(1)
    p.gesture(RATE, 4 * RATE, "heart", 2 * RATE)
    arm = BONE_INDEX["leftUpperArm"]
    assert not np.allclose(p.frame(4 * RATE).rotations[arm], calm.frame(4 * RATE).rotations[arm], atol=0.1)
    np.testing.assert_allclose(
        p.frame(5 * RATE + 10).rotations[arm], calm.frame(5 * RATE + 10).rotations[arm], atol=1e-5
    )


def test_poses_are_within_reach_and_mirror_is_its_own_inverse() -> None:
    book = PoseBook(Proportions())
    for name, entry in read("poses.toml")["arm"].items():
        assert book.reach(entry)[2] <= 1.02, name
    pose = book.rest() + np.arange(len(book.rest())) * 0.1
    np.testing.assert_array_equal(mirrored(mirrored(pose)), pose)


def danced(energy: float, bpm: float = 128.0, section: str = "chorus", seed: int = 1) -> tuple[Performer, int, int]:
    p = Performer(seed)
    beat = round(RATE * 60 / bpm)
    p.section(RATE, 64 * beat, section, energy)
    for k in range(64):
        p.beat(RATE + k * beat, beat, k % 4 == 0, energy)
    return p, RATE, beat


@pytest.mark.parametrize("bpm", [92.0, 128.0, 138.0])
def test_knees_are_lowest_on_the_beat(bpm: float) -> None:
    p, first, beat = danced(0.9, bpm)
    for k in range(16, 40):
        at = np.arange(first + k * beat - beat // 2, first + k * beat + beat // 2, 4 * MS)
        height = [p.frame(int(s)).hips[1] for s in at]
        assert abs(at[int(np.argmin(height))] - (first + k * beat)) <= 40 * MS


def test_hands_arrive_on_the_beat() -> None:
    """Angular speed of the arms has its minimum within 40 ms of the beat, where the pose changes."""
    p, first, beat = danced(0.95)
    arms = [BONE_INDEX[f"{s}{b}"] for s in ("left", "right") for b in ("UpperArm", "LowerArm")]

    def speed(s: int) -> float:
        a, b = p.frame(s - 4 * MS).rotations[arms], p.frame(s + 4 * MS).rotations[arms]
        return float(sum(angle(np.array([0, 0, 0, np.clip((x * y).sum(), -1, 1)])) for x, y in zip(a, b)))

    hits = 0
    for k in range(16, 48):
        centre = first + k * beat
        course = [speed(centre + d * MS) for d in range(-180, 60, 10)]
        if max(course) < 1.0:
            continue
        arrived = course[14:22]
        assert min(arrived) < 0.35 * max(course)
        hits += 1
    assert hits > 12


def test_verse_is_small_and_chorus_big() -> None:
    def size(energy: float, section: str) -> float:
        p, first, beat = danced(energy, section=section)
        hands = np.array([places(p.frame(first + k * beat // 3))[0]["rightHand"] for k in range(48, 150)])
        hips = np.array([p.frame(first + k * beat // 3).hips for k in range(48, 150)])
        return float(hands.std(axis=0).sum() + 3 * hips.std(axis=0).sum())

    assert size(0.95, "chorus") > 1.5 * size(0.25, "verse")


def test_talk_music_makes_no_dance() -> None:
    p, first, beat = danced(0.0)
    assert p._dance.presence(first + 20 * beat) == 0.0


def test_the_same_section_brings_the_same_choreography_back() -> None:
    p = Performer(1)
    beat = 22_500
    for start, name in ((0, "chorus"), (64, "verse"), (128, "chorus")):
        p.section(start * beat, 64 * beat, name, 0.9 if name == "chorus" else 0.3)
    for k in range(192):
        p.beat(k * beat, beat, k % 4 == 0, 0.3 if 64 <= k < 128 else 0.9)
    first = [p._dance.move(p._dance._count(k)).name for k in range(8, 56)]
    again = [p._dance.move(p._dance._count(k)).name for k in range(136, 184)]
    verse = [p._dance.move(p._dance._count(k)).name for k in range(72, 120)]
    assert first == again
    assert set(first).isdisjoint(verse)
    assert len(set(first)) >= 2


def test_a_waltz_is_counted_in_three() -> None:
    p = Performer(1)
    for k in range(24):
        p.beat(k * 30_000, 30_000, k % 3 == 0, 0.5)
    counts = [p._dance._count(k) for k in range(6, 18)]
    assert [c.index for c in counts[:6]] == [0, 1, 2, 3, 4, 5]
    assert counts[0].phrase + 1 == counts[6].phrase


def test_dance_dies_down_after_the_last_beat() -> None:
    p, first, beat = danced(0.9)
    end = first + 64 * beat
    assert p._dance.presence(end - beat) > 0.9
    assert p._dance.presence(end + RATE) == 0.0


def test_moods_show_in_face_and_posture_and_fade() -> None:
    p = Performer(1)
    p.expression(RATE, 2 * RATE, "sad")
    sad, later = p.frame(2 * RATE), p.frame(5 * RATE)
    assert sad.expressions["sad"] > 0.4
    assert later.expressions.get("sad", 0.0) < 0.01
    steps = [p.frame(s).expressions.get("sad", 0.0) for s in range(0, 5 * RATE, RATE // 30)]
    assert np.abs(np.diff(steps)).max() < 0.2


def test_a_breath_lifts_the_shoulders_and_opens_the_lips() -> None:
    p, calm = Performer(1), Performer(1)
    p.breath(2 * RATE, RATE // 2)
    at = int(2.3 * RATE)
    assert p.frame(at).expressions["aa"] > calm.frame(at).expressions["aa"] + 0.05
    full = p._breath.at(int(2.5 * RATE))[0]
    assert full > 0.9

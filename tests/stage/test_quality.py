"""The adaptive picture: steps down under trouble, up after ease, without flapping."""

from __future__ import annotations

from stage.idle import Idle
from stage.quality import Quality, ladder


def test_the_ladder_goes_down_in_cost_and_sizes_stay_even() -> None:
    levels = ladder(1280, 720, 30)
    costs = [level.width * level.height * level.fps for level in levels]
    assert costs == sorted(costs, reverse=True)
    # Smoothing goes first, then thin outlines, then pixels.
    assert [level.name for level in levels[1:4]] == [
        "1280x720 none 30",
        "1280x720 none 30 thick outlines",
        "960x540 mlaa 30 thick outlines",
    ]
    assert {(level.width, level.height) for level in ladder(1280, 720, 30, fixed=True)} == {(1280, 720)}
    assert levels[0].name == "1280x720 mlaa 30"
    assert all(level.width % 2 == 0 and level.height % 2 == 0 for level in ladder(854, 480, 25))


def run(quality: Quality, seconds: float, cost: float) -> None:
    for _ in range(int(seconds * quality.level.fps)):
        quality.frame(cost, cost > 1 / quality.level.fps)


def test_a_slow_machine_steps_down_within_seconds_and_a_fast_one_never_does() -> None:
    slow, fast = Quality(ladder(1280, 720, 30)), Quality(ladder(1280, 720, 30))
    run(slow, 12, 0.05)
    run(fast, 60, 0.012)
    assert slow.at > 0
    assert fast.at == 0


def test_one_slow_frame_changes_nothing() -> None:
    quality = Quality(ladder(1280, 720, 30))
    run(quality, 5, 0.02)
    quality.frame(0.4, True)
    run(quality, 5, 0.02)
    assert quality.at == 0


def test_it_steps_down_before_many_frames_are_late() -> None:
    quality = Quality(ladder(1280, 720, 30))
    run(quality, 5, 0.02)
    frames = 0
    while quality.at == 0:
        quality.frame(0.04, True, margin=0.05 - 0.007 * frames)  # seven milliseconds too slow
        frames += 1
    assert frames <= 16
    calm = Quality(ladder(1280, 720, 30))
    run(calm, 5, 0.02)
    for n in range(8):  # one slow frame, caught up with in eight
        calm.frame(0.02, n < 6, margin=0.012 * n)
    assert calm.at == 0


def test_nothing_counts_until_a_change_has_settled_and_a_step_up_is_soon_taken_back() -> None:
    quality = Quality(ladder(1280, 720, 30))
    run(quality, 5, 0.02)
    while quality.at == 0:
        quality.frame(0.05, True, margin=0.0)
    assert not quality.rose
    assert not any(quality.frame(0.03, True, margin=0.0) for _ in range(20))  # what had gathered is worked off
    ease = 0
    while quality.at == 1:
        quality.frame(0.012, False, margin=0.17)
        ease += 1
    assert quality.rose
    run(quality, 1, 0.02)
    frames = 0
    while quality.at == 0:  # a little too slow: taken back before a frame is late
        quality.frame(0.036, False, margin=0.17)
        frames += 1
    assert frames < 45
    again = 0
    while quality.at == 1:
        quality.frame(0.012, False, margin=0.17)
        again += 1
    assert again > 2 * ease


def test_it_does_not_flap_between_two_levels() -> None:
    quality = Quality(ladder(1280, 720, 30))
    for _ in range(40 * 60 * 30):
        quality.frame(0.045 if quality.at == 0 else 0.016, quality.at == 0)
    assert len(quality.changes) < 16


def test_no_step_up_where_other_work_fills_the_machine() -> None:
    quality = Quality(ladder(1280, 720, 30), at=2)
    assert not any(quality.frame(0.002, False, idle=0.1) for _ in range(30 * 60))
    assert any(quality.frame(0.002, False, idle=0.5) for _ in range(30 * 60))


def test_idle_share_of_the_last_second() -> None:
    ticks = iter([(100, 1000), (150, 1200), (150, 1400)])
    idle = Idle(lambda: next(ticks))
    assert idle.share(0.0) == 1.0
    assert idle.share(0.5) == 1.0
    assert idle.share(1.0) == 0.25
    assert idle.share(1.9) == 0.25
    assert idle.share(2.0) == 0.0

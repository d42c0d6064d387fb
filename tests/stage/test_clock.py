"""One clock: frames and samples agree for hours."""

from __future__ import annotations

from fractions import Fraction

import pytest

from stage.clock import SAMPLE_RATE, FrameClock


def test_frame_k_begins_at_k_times_the_rate_over_fps() -> None:
    clock = FrameClock(30)
    assert [clock.sample(k) for k in (0, 1, 2, 30)] == [0, 1600, 3200, SAMPLE_RATE]


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(24000, 1001), 60, 25, 7])
def test_ten_hours_of_frames_do_not_drift(fps: Fraction | int) -> None:
    clock = FrameClock(fps)
    frame = int(Fraction(fps) * 36_000)
    assert abs(clock.sample(frame) - Fraction(SAMPLE_RATE) / Fraction(fps) * frame) < 1
    assert sum(clock.length(k) for k in range(1000)) == clock.sample(1000)


def test_a_frame_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        FrameClock(0)

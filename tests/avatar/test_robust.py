"""Broken files and long use, in small: the full counts are ``python -m tests.avatar.fuzz`` and ``…soak``."""

from __future__ import annotations

import pytest

from avatar.render import Picture
from tests.avatar import fuzz, soak


def test_broken_files_are_a_model_or_one_clear_line() -> None:
    ends = fuzz.run(250, seed=3)
    assert ends["refused"] > 100
    assert ends["loaded"] > 20


@pytest.mark.gl
def test_model_swaps_leave_nothing_on_the_card_and_no_memory_behind(picture: Picture) -> None:
    grown = soak.run(picture, 24)
    assert grown["objects_grown"] == 0
    assert grown["grown_kib"] < 8192

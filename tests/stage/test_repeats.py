"""Over a stretch of show nothing is said twice; two hours are run by ``python -m tests.stage.soak_lines``."""

from __future__ import annotations

import pytest

from characters import load
from tests.stage.soak_lines import facts, soak


@pytest.mark.parametrize("character", ["vesper", "bo"])
def test_no_line_is_heard_twice(character: str) -> None:
    found = facts(soak(load(character), 0.15, 3))
    assert found["lines"] > 40
    assert found["again_within_30_min"] == 0, found["which"]

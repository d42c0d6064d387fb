"""Bands are started once where a test allows it: a start costs half a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from audio.engine import Band, Message

pytest.importorskip("pyo", reason="the engine needs pyo")

Render = Callable[..., np.ndarray]


@pytest.fixture
def band() -> Iterator[Band]:
    """A started band."""
    with Band() as made:
        made.start(0)
        yield made


@pytest.fixture
def render() -> Render:
    """Messages to samples, through a fresh band."""

    def run(*messages: Message, n: int = 48_000) -> np.ndarray:
        with Band() as made:
            made.start(0)
            made.send(*messages)
            return made.pull(n)

    return run

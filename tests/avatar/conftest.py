"""One OpenGL picture for all render tests of a module, with OpenGL's error flag asserted around every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avatar.render import Picture, RenderError


@pytest.fixture(scope="module")
def shared_picture() -> Iterator[Picture]:
    try:
        made = Picture((160, 96), aa="none")
    except RenderError as error:
        pytest.skip(str(error))
    yield made
    made.release()


@pytest.fixture
def picture(shared_picture: Picture) -> Iterator[Picture]:
    """160x96 without smoothing; no test may leave OpenGL with an error."""
    assert shared_picture.context.error == "GL_NO_ERROR"
    shared_picture.resize((160, 96), "none")
    yield shared_picture
    assert shared_picture.context.error == "GL_NO_ERROR"

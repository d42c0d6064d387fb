"""Pictures on their way to the encoder: none is lost, doubled or mixed up, and each is what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar.render import Picture, RenderError
from avatar.render.look import plain_scene
from avatar.render.scene import Camera
from avatar.rig import PoseFrame, Rig
from avatar.vrm import loads
from stage.film import Film
from stage.outputs.source import Source
from tests.avatar.make_vrm import make

pytestmark = pytest.mark.gl


class Taking:
    """An encoder that keeps copies of what it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[np.ndarray, int]] = []

    def picture(self, source: Source, sample: int) -> None:
        w, h = source.size
        # As libav gives them: some lines are longer than the picture's.
        planes = [np.zeros((h // s, w // s + pad), np.uint8) for s, pad in ((1, 32), (2, 0), (2, 16))]
        source.fill(tuple(planes))
        source.free()
        parts = [plane[:, : w // s].reshape(-1) for plane, s in zip(planes, (1, 2, 2))]
        self.given.append((np.concatenate(parts).reshape(h * 3 // 2, w), sample))


@pytest.fixture(params=[False, True], ids=["software", "card"])
def picture(request: pytest.FixtureRequest) -> Iterator[Picture]:
    try:
        picture = Picture((160, 96), aa="mlaa", card=request.param)
    except RenderError as error:
        pytest.skip(str(error))
    yield picture
    assert picture.context.error == "GL_NO_ERROR"
    picture.release()


def shots(count: int) -> Iterator[Any]:
    for k in range(count):
        yield plain_scene(Camera((0, 1, 2.0 + 0.4 * k), (0, 1, 0), 40))


def test_every_picture_arrives_once_in_order_one_behind(picture: Picture) -> None:
    rig, encoder = Rig(loads(make())), Taking()
    rig.apply(PoseFrame(), 0)
    film, want = Film(picture, encoder), []  # type: ignore[arg-type]
    for k, scene in enumerate(shots(5)):
        picture.draw(rig, scene)
        film.drawn(1600 * k)
        assert len(encoder.given) == k
        out = np.zeros((144, 160), np.uint8)
        picture.read_i420(out)
        want.append(out)
    film.end()
    film.end()
    assert [sample for _, sample in encoder.given] == [1600 * k for k in range(5)]
    assert all(np.array_equal(given, wanted) for (given, _), wanted in zip(encoder.given, want, strict=True))


def test_a_new_size_begins_after_the_last_of_the_old(picture: Picture) -> None:
    rig, encoder = Rig(loads(make())), Taking()
    rig.apply(PoseFrame(), 0)
    film = Film(picture, encoder)  # type: ignore[arg-type]
    first, second = shots(2)
    picture.draw(rig, first)
    film.drawn(0)
    film.end()
    picture.resize((96, 64), "none")
    picture.draw(rig, second)
    film.drawn(1600)
    film.end()
    assert [given.shape for given, _ in encoder.given] == [(144, 160), (96, 96)]
    out = np.zeros((96, 96), np.uint8)
    picture.read_i420(out)
    assert np.array_equal(encoder.given[1][0], out)

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
from stage.film import RING, Film
from stage.outputs.encode import QUEUE
from tests.avatar.make_vrm import make

pytestmark = pytest.mark.gl


class Taking:
    """An encoder that keeps what it is given, to be made later."""

    def __init__(self) -> None:
        self.given: list[tuple[Any, int]] = []

    def video(self, source: Any, sample: int) -> None:
        self.given.append((source, sample))

    def made(self, at: int) -> np.ndarray:
        source = self.given[at][0]
        out = np.zeros(source.shape, np.uint8)
        source(out)
        return out


@pytest.fixture
def picture() -> Iterator[Picture]:
    try:
        picture = Picture((160, 96), aa="mlaa")
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
    for k, scene in enumerate(shots(QUEUE + 1)):
        picture.draw(rig, scene)
        film.drawn(1600 * k)
        assert len(encoder.given) == k
        out = np.zeros((144, 160), np.uint8)
        picture.read_i420(out)
        want.append(out)
    film.end()
    film.end()
    assert [sample for _, sample in encoder.given] == [1600 * k for k in range(QUEUE + 1)]
    # The queue is full and none is encoded yet: the ring still holds each of them.
    assert all(np.array_equal(encoder.made(k), want[k]) for k in range(QUEUE + 1))
    assert len({id(source) for source, _ in encoder.given}) == QUEUE + 1 < RING


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
    assert [source.shape for source, _ in encoder.given] == [(144, 160), (96, 96)]
    out = np.zeros((96, 96), np.uint8)
    picture.read_i420(out)
    assert np.array_equal(encoder.made(1), out)

"""Near and far planes hold all of a figure, and a depth buffer that is seldom cleared draws the same pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar import vrm, wardrobe
from avatar.render import Picture
from avatar.render.depth import FAR, NEAR, SLICES, Reach, Slices
from avatar.render.look import plain_scene
from avatar.render.picture import camera_matrices
from avatar.render.scene import Camera
from avatar.rig import PoseFrame, Rig
from avatar.vrm import loads
from characters.definition import Look
from tests.avatar.make_vrm import make


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Rig:
    path: Path = tmp_path_factory.mktemp("look") / "lumi.vrm"
    wardrobe.build(Look(), path)  # type: ignore[call-arg]
    return Rig(vrm.load(path))


def posed(rig: Rig, chance: np.random.Generator) -> PoseFrame:
    frame = PoseFrame()
    frame.rotations[:, :3], frame.rotations[:, 3] = chance.normal(0, 0.35, (len(frame.rotations), 3)), 1
    frame.rotations /= np.linalg.norm(frame.rotations, axis=1, keepdims=True)
    frame.expressions = {name: float(chance.random()) for name in rig.model.expressions}
    return frame


def distances(rig: Rig, view: np.ndarray) -> np.ndarray:
    """Of every vertex as it is drawn, along the camera's axis."""
    model = rig.model
    place = model.positions.astype(np.float64).copy()
    done = set()
    for p in model.primitives:
        if p.node in rig.morphs and (p.start, p.node) not in done:
            done.add((p.start, p.node))
            for morph, weight in zip(p.morphs, rig.morphs[p.node]):
                place[morph.rows] += weight * morph.delta[:, :3]
    matrices = np.einsum("vk,vkij->vij", model.weights, rig.joint_matrices[model.joints])
    world = np.einsum("vij,vj->vi", matrices, np.column_stack([place, np.ones(len(place))]))
    return -(world[:, :3] @ view[2, :3] + view[2, 3])


def test_planes_hold_every_vertex_closely(rig: Rig) -> None:
    chance, reach = np.random.default_rng(3), Reach(rig.model)
    for _ in range(12):
        rig.apply(posed(rig, chance), 1 / 30)
        eye = chance.normal((0, 1, 0), 0.3) + np.array([0, 0, 3.5])
        view, _ = camera_matrices(plain_scene(Camera(tuple(eye), (0, 1, 0), 30)), 16 / 9)
        deep, planes = distances(rig, view), reach.planes(rig, view, 3.7)
        assert planes is not None
        assert planes[0] <= deep.min()
        assert planes[1] >= deep.max()
        assert planes[1] - planes[0] < np.ptp(deep) + 1.2


def test_a_figure_at_the_camera_gives_no_planes(rig: Rig) -> None:
    rig.apply(PoseFrame(), 0)
    view, _ = camera_matrices(plain_scene(Camera((0, 1, 0.2), (0, 1, -3), 30)), 16 / 9)
    assert Reach(rig.model).planes(rig, view, 3.7) is None


def test_morphs_may_be_of_different_numbers(rig: Rig) -> None:
    rig.apply(PoseFrame(expressions={"aa": 1.0}), 0)
    view, _ = camera_matrices(plain_scene(Camera((0, 1, 3.5), (0, 1, 0), 30)), 16 / 9)
    whole = Reach(rig.model).planes(rig, view, 3.7)
    some = next(p for p in rig.model.primitives if p.morphs)
    kept, some.morphs = some.morphs, some.morphs[:1]
    try:
        fewer = Reach(rig.model)
    finally:
        some.morphs = kept
    assert whole is not None
    assert fewer.planes(rig, view, 3.7) is not None


def test_each_slice_lies_before_the_last_and_the_planes_at_its_ends() -> None:
    slices, last = Slices(), 1.0
    for n in range(2 * SLICES):
        row, behind, clear = slices.next((2.0, 5.0))
        ends = [float((row[2] * -d + row[3]) / d) for d in (2.0, 5.0)]
        assert clear == (n % SLICES == 0)
        last = 1.0 if clear else last
        assert ends[1] == pytest.approx(last, abs=1e-5)
        assert ends[0] == pytest.approx(last - 2 / SLICES, abs=1e-5)
        assert behind > 0
        last = ends[0]
    row, behind, clear = slices.next(None)
    assert clear
    assert behind == pytest.approx(1e-6)
    assert [float((row[2] * -d + row[3]) / d) for d in (NEAR, FAR)] == pytest.approx([-1, 1], abs=1e-5)
    assert slices.next((2.0, 5.0))[2]


@pytest.mark.gl
def test_pictures_do_not_depend_on_those_before(picture: Picture) -> None:
    rig, other = Rig(loads(make())), PoseFrame()
    turn = np.sin(0.4), np.cos(0.4)
    other.rotations[0] = (0, turn[0], 0, turn[1])
    first: dict[tuple[int, float], np.ndarray] = {}
    for n in range(3 * SLICES):
        which = n % 3
        # Now and then she is at the camera, where there are no slices.
        camera = Camera((0, 1, 0.05 if n % 11 == 10 else 3 + which), (0, 1, 0), 40)
        rig.apply((PoseFrame(), other, PoseFrame())[which], 0)
        picture.draw(rig, plain_scene(camera))
        image = picture.read_rgb()
        assert (image == first.setdefault((which, camera.position[2]), image)).all()
    assert len({i.tobytes() for i in first.values()}) >= 3

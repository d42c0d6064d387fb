"""Pixels: colours, sides, readback, swaps; every test leaves OpenGL without an error."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from avatar.render import Picture, RenderError
from avatar.render.look import frame_camera, look, plain_scene
from avatar.render.scene import Camera
from avatar.rig import PoseFrame, Rig
from avatar.vrm import loads
from avatar.vrm.model import ColourBind, Expression
from tests.avatar.make_vrm import make
from tests.avatar.specimens import outlines

SHARED = Path(os.environ.get("LIMELIGHT_SHARED", Path(__file__).parents[2].parent / "shared"))
GODETTE = SHARED / "data" / "vrm" / "Godette_vrm_v4.vrm"
CAMERA = Camera((0, 1, 3), (0, 1, 0), 40)
pytestmark = pytest.mark.gl


def draw(picture: Picture, old: bool = False, **expressions: float) -> np.ndarray:
    rig = Rig(loads(make(old)))
    frame = PoseFrame(expressions=expressions)
    rig.apply(frame, 0)
    picture.draw(rig, plain_scene(CAMERA))
    return picture.read_rgb()


@pytest.mark.parametrize("old", [False, True])
def test_faces_us_with_its_left_on_our_right(picture: Picture, old: bool) -> None:
    image = draw(picture, old)
    assert tuple(image[2, 2]) == (200, 210, 220)
    assert tuple(image[48, 88]) == (255, 0, 0)
    assert tuple(image[48, 72]) == (0, 0, 255)


def test_morph_moves_and_colour_changes(picture: Picture) -> None:
    before, after = draw(picture), draw(picture, aa=1.0, green=1.0)
    assert tuple(after[48, 88]) == (0, 255, 0)
    top = [int(np.flatnonzero((i != [200, 210, 220]).any(-1).any(1)).min()) for i in (before, after)]
    assert top[1] < top[0] - 3


@pytest.mark.skipif(not GODETTE.exists(), reason="the shared models are not here")
def test_what_is_culled_would_not_have_been_seen(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, frame, chance = Rig(loads(GODETTE.read_bytes())), PoseFrame(), np.random.default_rng(1)
    drawn = []
    for _ in range(6):
        frame.rotations[:, :3], frame.rotations[:, 3] = chance.normal(0, 0.35, (len(frame.rotations), 3)), 1
        frame.rotations /= np.linalg.norm(frame.rotations, axis=1, keepdims=True)
        rig.apply(frame, 1 / 30)
        eye = chance.normal((0, 1, 0), (1, 0.5, 1))
        scene = plain_scene(Camera(tuple(eye), tuple(chance.normal((0, 1.1, 0), 0.2)), chance.uniform(8, 50)))
        pictures = []
        for many in (10**9, 1):
            monkeypatch.setattr("avatar.render.figure.MANY", many)
            picture.set_model(rig.model)
            picture.draw(rig, scene)
            pictures.append(picture.read_rgb())
        assert (pictures[0] == pictures[1]).all()
        assert picture.figure is not None
        drawn.append(picture.figure.before[-1] / len(picture.figure.triangles))
    assert min(drawn) < 0.8


def _i420(rgb: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> None:
    """BT.709, limited range, by the formula (ITU-R BT.709-6, section 3)."""
    h, w, _ = rgb.shape
    out[:h] = rgb @ np.array([0.182586, 0.614231, 0.062007], np.float32) + 16.5
    small = rgb.reshape(h // 2, 2, w // 2, 2, 3).mean((1, 3), dtype=np.float32)
    u = small @ np.array([-0.100644, -0.338572, 0.439216], np.float32) + 128.5
    v = small @ np.array([0.439216, -0.398942, -0.040274], np.float32) + 128.5
    out[h:] = np.concatenate([u.ravel(), v.ravel()]).reshape(h // 2, w)


@pytest.mark.parametrize("size", [(160, 96), (158, 96)])
@pytest.mark.parametrize("aa", ["none", "fxaa", "msaa4"])
def test_i420_is_the_same_picture(picture: Picture, size: tuple[int, int], aa: str) -> None:
    picture.resize(size, aa)
    draw(picture)
    w, h = size
    ours, want = np.zeros((h * 3 // 2, w), np.uint8), np.zeros((h * 3 // 2, w), np.uint8)
    picture.read_i420(ours)
    _i420(picture.read_rgb(), want)
    assert np.abs(ours.astype(int) - want).max() <= 2


def test_an_older_picture_draws_on_after_a_newer_one_is_gone(picture: Picture) -> None:
    before = draw(picture)
    newer = Picture((64, 48), aa="none")
    draw(newer)
    between = draw(picture)
    newer.release()
    assert (between == before).all()
    assert (draw(picture) == before).all()


def test_a_rim_that_only_an_expression_lights_is_drawn(picture: Picture) -> None:
    model = loads(make(True))  # its left square is MToon, red
    m = model.materials[0]
    m.rim, m.rim_lift, m.rim_power, m.rim_mix = (0.0, 0.0, 0.0), 1.0, 1.0, 0.0
    glow = ColourBind(0, "rimColor", (0.0, 0.0, 1.0, 1.0))
    model.expressions["glow"] = Expression("glow", False, colours=[glow])
    rig, shown = Rig(model), []
    for weight in (0.0, 1.0):
        rig.apply(PoseFrame(expressions={"glow": weight}), 0)
        picture.draw(rig, plain_scene(CAMERA))
        shown.append(picture.read_rgb()[48, 88])
    assert tuple(shown[0]) == (255, 0, 0)
    assert tuple(shown[1]) == (255, 0, 255)


def test_fade_ends_in_black(picture: Picture) -> None:
    rig = Rig(loads(make()))
    scene = plain_scene(CAMERA)
    scene.fade = 1.0
    picture.draw(rig, scene)
    assert picture.read_rgb().max() == 0


def test_model_swaps_leave_nothing_behind(picture: Picture) -> None:
    import moderngl

    def live() -> int:
        assert picture.figure is not None
        figure = picture.figure
        owned = list(figure.owned)
        picture.set_model(None)
        return sum(not isinstance(thing.mglo, moderngl.InvalidObject) for thing in owned)

    for _ in range(5):
        draw(picture)
        assert live() == 0


def test_bad_sizes_are_refused(picture: Picture) -> None:
    with pytest.raises(RenderError, match="even"):
        picture.resize((3, 5))
    picture.resize((160, 96), "none")


@pytest.mark.skipif(not GODETTE.exists(), reason="shared/data/vrm is not here")
def test_godette_is_like_the_reference(shared_picture: Picture, tmp_path: Path) -> None:
    from PIL import Image

    ours = look(GODETTE, tmp_path / "g.png", plain=True).astype(int)
    assert (tmp_path / "g.png").exists()
    reference = SHARED / "data" / "reference" / "Godette_vrm_v4.neutral.png"
    want = np.asarray(Image.open(reference).convert("RGB")).astype(int)
    figure = (np.abs(want - [200, 210, 220]) > 10).any(-1)
    assert np.abs(ours - want)[figure].mean() < 3


def test_cameras_frame_the_model() -> None:
    model = loads(make())
    distances = [frame_camera(model, shot).position[2] for shot in ("face", "upper", "full")]
    assert distances == sorted(distances)


def test_outlines_too_thin_to_be_lines_are_left_out_where_they_are_only_lines(picture: Picture) -> None:
    model = loads(outlines()[0])
    rig = Rig(model)
    rig.apply(PoseFrame(), 0)
    worldly = [m for m in model.materials if m.outlined and m.outline_mode == "worldCoordinates"]
    assert worldly

    def shown(finest: float, lined: bool, distance: float) -> npt.NDArray[np.uint8]:
        for material in worldly:
            material.lined = lined
        picture.set_model(None)
        picture.finest_line = finest
        picture.draw(rig, plain_scene(Camera((0, 1.2, distance), (0, 1.2, 0), 40)))
        return picture.read_rgb()

    for distance in (2.0, 5.0):
        whole = shown(0.0, True, distance)
        assert np.array_equal(shown(0.5, False, distance), whole), "its inside may be seen"
        near = distance < 3
        assert np.array_equal(shown(0.5, True, distance), whole) == near
    picture.finest_line = 0.0

"""Every feature's specimen looks as three-vrm draws it (pictures kept in tests/data/peer by benchmarks/parity.py)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar.render import Picture
from avatar.render.context import source
from avatar.render.look import plain_scene, pose_frame
from avatar.render.scene import Camera
from avatar.rig import Rig
from avatar.vrm import loads
from tests.avatar.specimens import CAMERA, SPECIMENS

PEER = Path(__file__).parents[1] / "data" / "peer"
SHOT = Camera(CAMERA["position"], CAMERA["target"], CAMERA["fov"])
pytestmark = pytest.mark.gl


@pytest.mark.parametrize("name", SPECIMENS)
def test_looks_as_three_vrm_draws_it(picture: Picture, name: str) -> None:
    data, case = SPECIMENS[name]()
    picture.resize((240, 136), "msaa4")
    rig = Rig(loads(data))
    frame = pose_frame(head=tuple(case.get("head", (0.0, 0.0))))
    frame.expressions = dict(case.get("expressions", {}))
    rig.apply(frame, 0.0)
    for _ in range(60):
        frame.gaze = rig.gaze_at(SHOT.position)
        rig.apply(frame, 1 / 60)
    picture.draw(rig, plain_scene(SHOT))
    ours = picture.read_rgb().astype(int)
    want = np.asarray(Image.open(PEER / f"{name}.png").convert("RGB")).astype(int)
    figure = (np.abs(want - [200, 210, 220]).max(2) > 10) | (np.abs(ours - [200, 210, 220]).max(2) > 10)
    off = np.abs(ours - want).mean(2)
    assert figure.any()
    assert off[figure].mean() < 4.0
    assert (off[figure] > 30).mean() < 0.03, "more than edges differ"


def test_what_a_shader_is_given_fits_the_least_of_opengl() -> None:
    """GL_MAX_VARYING_COMPONENTS is at least 60 (OpenGL 3.3 core, table 6.52)."""
    size = {"float": 1, "vec2": 2, "vec3": 3, "vec4": 4}
    text = source("figure_blocks.glsl") + source("figure.frag")
    given = {name: size[kind] for kind, name in re.findall(r"^(?:HELD|in) (\w+) (\w+);", text, re.M)}
    never_with_the_rest = {"h_curve", "h_metal_rough", "v_lit", "v_facing", "v_behind"}  # CODED, PBR, ANGLES
    assert never_with_the_rest < given.keys()
    assert sum(n for name, n in given.items() if name not in never_with_the_rest) <= 60

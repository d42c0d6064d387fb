"""Every feature's specimen looks as three-vrm draws it (pictures kept in tests/data/peer by benchmarks/parity.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar.render import Picture
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

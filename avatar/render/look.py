"""One still picture of any VRM, as ``limelight look`` makes it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from avatar.render.errors import RenderError
from avatar.render.picture import Picture
from avatar.render.scene import Camera, Light, SceneState
from avatar.rig.frame import BONE_INDEX, PoseFrame
from avatar.rig.rig import Rig
from avatar.vrm import load
from avatar.vrm.model import Model

ARM = 1.2
"""Radians that each upper arm is lowered in the relaxed pose."""


def pose_frame(pose: str = "relaxed", head: tuple[float, float] = (0.0, 0.0)) -> PoseFrame:
    """``relaxed`` (arms lowered) or ``rest`` (T-pose); ``head`` is (pitch, yaw) in radians about X and Y."""
    frame = PoseFrame()
    if pose == "relaxed":
        for bone, sign in (("leftUpperArm", -1), ("rightUpperArm", 1)):
            frame.rotations[BONE_INDEX[bone]] = (0, 0, math.sin(sign * ARM / 2), math.cos(ARM / 2))
    elif pose != "rest":
        raise RenderError(f"pose {pose!r} is not known. Use relaxed or rest.")
    (x, y), (sx, sy) = (math.cos(head[0] / 2), math.cos(head[1] / 2)), (math.sin(head[0] / 2), math.sin(head[1] / 2))
    frame.rotations[BONE_INDEX["head"]] = (sx * y, x * sy, sx * sy, x * y)  # X then Y in three.js Euler order
    return frame


def frame_camera(model: Model, shot: str = "upper", aspect: float = 16 / 9) -> Camera:
    """A camera in front of the model: upper (head and chest), face or full."""
    rig = Rig(model)
    rest = rig.rest_world
    points = np.concatenate([model.positions, np.ones((len(model.positions), 1), np.float32)], 1)
    skin = rest[model.skin_nodes] @ model.inverse_bind
    spots = np.zeros((len(points), 3), np.float32)
    for k in range(4):
        moved = np.einsum("vij,vj->vi", skin[model.joints[:, k], :3], points)
        spots += moved * model.weights[:, k : k + 1]
    used = np.unique(np.concatenate([p.indices for p in model.primitives]))
    spots = spots[used]
    head, hips = rest[model.bones["head"]][:3, 3], rest[model.bones["hips"]][:3, 3]
    highest = float(spots[:, 1].max())
    top = highest + 0.04 * (highest - hips[1])
    low = hips[1] + 0.15 * (head[1] - hips[1])
    if shot == "face":
        low, top = head[1] - 0.25 * (highest - head[1]), highest + 0.1 * (highest - head[1])
    elif shot == "full":
        low = float(spots[:, 1].min()) - 0.04 * (highest - hips[1])
    elif shot != "upper":
        raise RenderError(f"camera {shot!r} is not known. Use upper, face or full.")
    middle, span = (top + low) / 2, max(top - low, 1e-3)
    distance = span / 2 / math.tan(math.radians(15))
    x, z = float(head[0]), float(head[2])
    return Camera((x, float(middle), z + float(distance)), (x, float(middle), z), 30.0)


def plain_scene(camera: Camera) -> SceneState:
    """The flat background and one white light of the reference pictures."""
    return SceneState(backdrop="plain", camera=camera, key=Light((1, 1, 1), (1, 1, 1), 1.0), ambient=(0, 0, 0),
                      rim=Light(intensity=0.0), led="")  # fmt: skip


def look(
    model_path: str | Path,
    out: str | Path | None = None,
    size: tuple[int, int] = (960, 540),
    expressions: dict[str, float] | None = None,
    pose: str = "relaxed",
    head: tuple[float, float] = (0.0, 0.0),
    camera: str | Camera = "upper",
    plain: bool = False,
    aa: str = "msaa4",
    frame: PoseFrame | Callable[[Rig], PoseFrame] | None = None,
    scene: SceneState | None = None,
) -> Any:
    """Draws a model after its springs have settled, as (h, w, 3) uint8; written to ``out`` as PNG where given.

    ``frame`` (or a function of the rig that makes it) replaces ``pose`` and ``head`` (a moment of a clip), ``scene`` the light and stage. ``VrmError`` for
    the file, ``RenderError`` for the rest.
    """
    model = load(model_path)
    rig = Rig(model)
    shot = camera if isinstance(camera, Camera) else frame_camera(model, camera, size[0] / size[1])
    frame = frame(rig) if callable(frame) else frame
    now = frame if frame is not None else pose_frame(pose, _head(model, head))
    unknown = [name for name in expressions or {} if name not in model.expressions]
    now.expressions = {**now.expressions, **(expressions or {})}
    state = plain_scene(shot) if plain else scene if scene is not None else SceneState(camera=shot, seconds=8.0)
    if not plain and scene is not None:
        state.camera = shot
    del unknown  # a model without an expression simply does not show it
    rig.apply(now, 0.0)
    for _ in range(60):
        if frame is None:
            now.gaze = rig.gaze_at(state.camera.position)
        rig.apply(now, 1 / 60)
    picture = Picture(size, aa=aa)
    try:
        picture.draw(rig, state)
        pixels = picture.read_rgb()
    finally:
        picture.release()
    if out is not None:
        save_png(pixels, Path(out))
    return pixels


def _head(model: Model, head: tuple[float, float]) -> tuple[float, float]:
    """Turns of the normalised head: 0.x heads face -Z, where the same pitch nods the other way."""
    return (-head[0], head[1]) if model.turn else head


def save_png(pixels: Any, path: Path) -> None:
    """Writes aside, then renames, so that the old file is never half gone."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        Image.fromarray(pixels).save(aside, format="PNG")
        aside.replace(path)
    except OSError as error:
        raise RenderError(f"{path}: cannot be written ({error.strerror}). Give a folder you may write to.") from error
    finally:
        aside.unlink(missing_ok=True)

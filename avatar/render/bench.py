"""What a frame costs: CPU milliseconds of all threads, as ``limelight bench avatar`` prints it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from avatar.render.look import frame_camera, plain_scene, pose_frame
from avatar.render.picture import Picture
from avatar.render.scene import SceneState
from avatar.rig.frame import BONE_INDEX
from avatar.rig.rig import Rig
from avatar.vrm import load


def bench(
    model_path: str | Path, size: tuple[int, int] = (1280, 720), aa: str = "mlaa", frames: int = 120,
    plain: bool = True, readback: str = "rgba",
) -> dict[str, Any]:  # fmt: skip
    """Draws a moving head and mouth with full readback; the figures are per frame, in milliseconds.

    ``readback`` is rgba (what any program gets) or i420 (converted for the encoder, as in a show).
    ``cpu_ms`` counts all threads of the process (software rendering included), ``wall_ms`` median and 95th
    percentile, ``rig_cpu_ms`` the rig alone.
    """
    model = load(model_path)
    rig = Rig(model)
    camera = frame_camera(model, "upper", size[0] / size[1])
    scene = plain_scene(camera) if plain else SceneState(camera=camera)
    frame = pose_frame()
    picture = Picture(size, aa=aa)
    shape = (size[1], size[0], 4) if readback == "rgba" else (size[1] * 3 // 2, size[0])
    read, out = (picture.read_rgba if readback == "rgba" else picture.read_i420), np.empty(shape, np.uint8)
    walls, rig_cpu, began = [], 0.0, 0.0
    try:
        for i in range(-15, frames):
            if i == 0:
                began = time.process_time()
            start = time.perf_counter()
            swing = math.sin(i / 9)
            frame.rotations[BONE_INDEX["head"]] = (0, math.sin(0.15 * swing), 0, math.cos(0.15 * swing))
            frame.expressions["aa"] = 0.5 + 0.5 * math.sin(i / 3)
            scene.seconds = max(i, 0) / 30
            thread = time.thread_time()
            rig.apply(frame, 1 / 30)
            rig_cpu += time.thread_time() - thread if i >= 0 else 0.0
            picture.draw(rig, scene)
            read(out)
            if i >= 0:
                walls.append(1000 * (time.perf_counter() - start))
        cpu = 1000 * (time.process_time() - began) / frames
        renderer = str(picture.context.info["GL_RENDERER"])
    finally:
        picture.release()
    return {
        "model": Path(model_path).name,
        "size": f"{size[0]}x{size[1]}",
        "aa": aa,
        "readback": readback,
        "triangles": sum(len(p.indices) for p in model.primitives) // 3,
        "cpu_ms": round(cpu, 2),
        "rig_cpu_ms": round(1000 * rig_cpu / frames, 3),
        "wall_ms_median": round(float(np.median(walls)), 2),
        "wall_ms_p95": round(float(np.percentile(walls, 95)), 2),
        "renderer": renderer,
    }

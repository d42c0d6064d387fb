"""What a frame costs: CPU milliseconds of all threads, as ``limelight bench avatar`` prints it."""

from __future__ import annotations

import gc
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


class Run:
    """A model with moving head and mouth, drawn and read back frame by frame.

    ``readback`` is rgba (what any program gets) or i420 (converted for the encoder, as in a show).
    """

    def __init__(
        self, model_path: str | Path, size: tuple[int, int], aa: str, plain: bool = True, readback: str = "rgba"
    ) -> None:
        self.model = load(model_path)
        self.rig, self.frame, self.count = Rig(self.model), pose_frame(), 0
        camera = frame_camera(self.model, "upper", size[0] / size[1])
        self.scene = plain_scene(camera) if plain else SceneState(camera=camera)
        self.picture = Picture(size, aa=aa)
        shape = (size[1], size[0], 4) if readback == "rgba" else (size[1] * 3 // 2, size[0])
        self._out = np.empty(shape, np.uint8)
        self._read = self.picture.read_rgba if readback == "rgba" else self.picture.read_i420
        gc.collect()
        gc.freeze()  # as a show does before its clock runs
        self.cpu_ms = self.rig_ms = 0.0
        self.walls: list[float] = []

    def frames(self, count: int) -> None:
        """Draws ``count`` frames; then ``cpu_ms`` (all threads) and ``rig_ms`` are of one of them, ``walls`` of each."""
        rig_cpu, began = 0.0, time.process_time()
        self.walls.clear()
        for _ in range(count):
            start = time.perf_counter()
            swing = math.sin(self.count / 9)
            self.frame.rotations[BONE_INDEX["head"]] = (0, math.sin(0.15 * swing), 0, math.cos(0.15 * swing))
            self.frame.expressions["aa"] = 0.5 + 0.5 * math.sin(self.count / 3)
            self.scene.seconds = self.count / 30
            thread = time.thread_time()
            self.rig.apply(self.frame, 1 / 30)
            rig_cpu += time.thread_time() - thread
            self.picture.draw(self.rig, self.scene)
            self._read(self._out)
            self.count += 1
            self.walls.append(1000 * (time.perf_counter() - start))
        self.cpu_ms, self.rig_ms = 1000 * (time.process_time() - began) / count, 1000 * rig_cpu / count

    def release(self) -> None:
        self.picture.release()
        gc.unfreeze()


def bench(
    model_path: str | Path, size: tuple[int, int] = (1280, 720), aa: str = "mlaa", frames: int = 120,
    plain: bool = True, readback: str = "rgba",
) -> dict[str, Any]:  # fmt: skip
    """The figures of a ``Run`` per frame, in milliseconds.

    ``cpu_ms`` counts all threads of the process (software rendering included), ``wall_ms`` median and 95th
    percentile, ``rig_cpu_ms`` the rig alone.
    """
    run = Run(model_path, size, aa, plain, readback)
    try:
        run.frames(15)
        run.frames(frames)
        renderer = str(run.picture.context.info["GL_RENDERER"])
    finally:
        run.release()
    return {
        "model": Path(model_path).name,
        "size": f"{size[0]}x{size[1]}",
        "aa": aa,
        "readback": readback,
        "triangles": sum(len(p.indices) for p in run.model.primitives) // 3,
        "cpu_ms": round(run.cpu_ms, 2),
        "rig_cpu_ms": round(run.rig_ms, 3),
        "wall_ms_median": round(float(np.median(run.walls)), 2),
        "wall_ms_p95": round(float(np.percentile(run.walls, 95)), 2),
        "renderer": renderer,
    }

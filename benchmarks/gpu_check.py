"""Draws on whatever OpenGL this machine has (EGL) and prints one JSON line per picture: renderer, timings, likeness.

    python -m benchmarks.gpu_check [--out DIR] [--frames 120] [MODEL.vrm ...]

Without models it draws specimens of the tests, whose three-vrm pictures lie in tests/data/peer, and compares.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from avatar.render import Picture
from avatar.render.bench import bench
from avatar.render.look import look
from avatar.render.scene import Camera
from tests.avatar.specimens import CAMERA, SPECIMENS

PEER = Path(__file__).parent.parent / "tests" / "data" / "peer"


def specimens(out: Path) -> None:
    """Every specimen, compared with three-vrm's stored picture."""
    shot = Camera(CAMERA["position"], CAMERA["target"], CAMERA["fov"])
    with tempfile.TemporaryDirectory() as folder:
        for name, make in SPECIMENS.items():
            data, case = make()
            path = Path(folder) / f"{name}.vrm"
            path.write_bytes(data)
            shown: dict[str, Any] = {"expressions": case.get("expressions"), "head": tuple(case.get("head", (0, 0)))}
            ours = look(path, out / f"{name}.png", size=(240, 136), camera=shot, plain=True, **shown).astype(int)
            want = np.asarray(Image.open(PEER / f"{name}.png").convert("RGB")).astype(int)
            figure = (np.abs(want - [200, 210, 220]).max(2) > 10) | (np.abs(ours - [200, 210, 220]).max(2) > 10)
            off = float(np.abs(ours - want).mean(2)[figure].mean())
            print(json.dumps({"specimen": name, "off": round(off, 2), "ok": off < 4}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "gpu-check")))
    parser.add_argument("--frames", type=int, default=120)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    picture = Picture((64, 64), aa="none")
    info = picture.context.info
    print(json.dumps({k: str(info[k]) for k in ("GL_RENDERER", "GL_VERSION", "GL_VENDOR")}), flush=True)
    picture.release()
    specimens(options.out)
    for model in options.models:
        began = time.perf_counter()
        look(model, options.out / f"{model.stem}.stage.png", size=(1280, 720))
        look(model, options.out / f"{model.stem}.plain.png", size=(1280, 720), plain=True)
        print(json.dumps({"model": model.name, "two_stills_s": round(time.perf_counter() - began, 2)}), flush=True)
        for aa in ("none", "mlaa", "fxaa", "msaa4"):
            for plain in (True, False):
                figures = bench(model, aa=aa, frames=options.frames, plain=plain, readback="i420")
                print(json.dumps({"plain": plain, **figures}), flush=True)


if __name__ == "__main__":
    main()

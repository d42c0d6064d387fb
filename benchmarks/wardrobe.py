"""The bodies of the wardrobe in other programs: the Khronos glTF validator, and three-vrm in headless Chromium.

    npm ci --prefix benchmarks/three_vrm
    python -m benchmarks.wardrobe            # every preset, hair style and accessory; one JSON line each

A line holds the validator's errors and warnings, what three-vrm found in the file and how alike its picture and ours are
(SSIM inside the figure). The exit status is 1 when a file has an error or three-vrm refuses it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from avatar.render.look import frame_camera, look
from avatar.vrm import load
from avatar.wardrobe import build, presets
from avatar.wardrobe.builder import ACCESSORIES, OUTFITS
from avatar.wardrobe.hair import STYLES
from benchmarks.parity import compare
from benchmarks.peer import HERE, Peer
from characters.definition import Look

SIZE = (640, 640)


def bodies() -> dict[str, Look]:
    """The presets, and looks that use every style, outfit and accessory between them."""
    found = dict(presets())
    for i, style in enumerate(STYLES):
        outfit = list(OUTFITS)[i % len(OUTFITS)]
        found[f"{style}, {outfit}"] = Look(hair_style=style, outfit=outfit, accessories=list(ACCESSORIES))
    return found


def validate(paths: list[Path]) -> list[dict[str, Any]]:
    """The validator's verdict on every file."""
    run = subprocess.run(
        ["node", str(HERE / "validate.mjs"), *map(str, paths)], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def main() -> int:
    """Build, validate, load, compare."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        paths, seconds = [], []
        for i, (name, body) in enumerate(bodies().items()):
            start = time.process_time()
            paths.append(Path(folder) / f"{i}.vrm")
            build(body, paths[-1], name)
            seconds.append(time.process_time() - start)
        verdicts = validate(paths)
        with Peer() as peer:
            for name, path, verdict, took in zip(bodies(), paths, verdicts, seconds):
                model = load(path)
                shot = frame_camera(model, "upper", 1.0)
                camera = {"position": shot.position, "target": shot.target, "fov": shot.fov}
                line: dict[str, Any] = {"look": name, "build_cpu_s": round(took, 2), "bytes": path.stat().st_size}
                line |= {k: verdict[k] for k in ("errors", "warnings", "triangles", "messages")}
                try:
                    facts = peer.open(path.read_bytes(), SIZE, camera, expressions={"happy": 0.5})
                    line["three_vrm"] = {"expressions": len(facts["expressions"]), "calls": facts["calls"]}
                    ours = look(path, size=SIZE, expressions={"happy": 0.5}, camera=shot, plain=True)
                    line["three_vrm"] |= compare(ours, peer.picture())
                except Exception as error:  # a refusal is a finding, not the end of the run
                    line["three_vrm"] = {"refused": str(error)}
                bad += bool(verdict["errors"]) or "refused" in line["three_vrm"]
                print(json.dumps(line), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

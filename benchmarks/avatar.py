"""What a frame of a VRM costs, beside three-vrm, in one run: CPU of all threads and processes, full readback.

    python -m benchmarks.avatar MODEL.vrm [--frames 90] [--rounds 3]
    python -m benchmarks.avatar --dense MODEL.vrm      # the model with each triangle cut in four, twice

Prints a JSON line per measurement and a summary. Both draw 1280x720, the same camera, light, expression and head motion.
Rounds alternate between the two, so that a busy machine is unfair to neither; the least of the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from avatar.render.look import frame_camera
from avatar.vrm import load
from benchmarks.dense import dense
from benchmarks.peer import Peer

OURS = ("none", "mlaa", "fxaa", "msaa4")


def ours(model: Path, aa: str, frames: int) -> dict[str, Any]:
    """The figures of ``limelight bench avatar``, in a process of its own."""
    command = [sys.executable, "-m", "stage.cli", "bench", "avatar", str(model), "--aa", aa, "--frames", str(frames)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(model: Path, frames: int, rounds: int) -> dict[str, Any]:
    """The least CPU milliseconds per frame of each renderer and smoothing, and the ratios."""
    shot = frame_camera(load(model), "upper", 16 / 9)
    camera = {"position": shot.position, "target": shot.target, "fov": shot.fov}
    least: dict[str, float] = {}

    def note(name: str, facts: dict[str, Any]) -> None:
        print(json.dumps({"renderer": name, **facts}), flush=True)
        least[name] = min(least.get(name, 1e9), facts["cpu_ms"])

    triangles, rig = 0, 1e9
    for _ in range(rounds):
        with Peer() as peer:
            for antialias in (False, True):
                facts = peer.open(model.read_bytes(), (1280, 720), camera, antialias)
                note("three-vrm msaa4" if antialias else "three-vrm none", {**facts, **peer.frames(frames)})
        for aa in OURS:
            facts = ours(model, aa, frames)
            note(f"limelight {aa}", facts)
            triangles, rig = facts["triangles"], min(rig, facts["rig_cpu_ms"])
    ratios = {aa: least[f"three-vrm {'none' if aa == 'none' else 'msaa4'}"] / least[f"limelight {aa}"] for aa in OURS}
    return {"model": model.name, "triangles": triangles, "cpu_ms": {k: round(v, 1) for k, v in least.items()},
            "rig_ms": round(rig, 2), "times_cheaper": {k: round(v, 2) for k, v in ratios.items()}}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--dense", action="store_true", help="cut every triangle in four, until there are 20,000")
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if options.dense:
            model = Path(folder) / f"{options.model.stem}-dense.vrm"
            model.write_bytes(dense(options.model.read_bytes(), 20_000))
        print(json.dumps(measure(model, options.frames, options.rounds)))


if __name__ == "__main__":
    main()

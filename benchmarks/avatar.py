"""What a frame of a VRM costs, beside three-vrm, in one run: CPU of all threads and processes, full readback.

    python -m benchmarks.avatar MODEL.vrm [--frames 15] [--rounds 12] [--aa none,mlaa]
    python -m benchmarks.avatar --dense MODEL.vrm      # the model with each triangle cut in four, twice

Prints a JSON line per smoothing. Both draw 1280x720, the same camera, light, expression and head motion, three-vrm
with its antialiasing where ours smooths. A busy machine's speed changes within seconds, so the two take turns of a few
frames; the ratio is the median of the turns' ratios, the milliseconds are the mean of the quickest third.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from avatar.render.bench import Run
from avatar.render.look import frame_camera
from avatar.vrm import load
from benchmarks.dense import dense
from benchmarks.peer import Peer

SIZE = (1280, 720)
ALONE = {"OPENBLAS_NUM_THREADS": "1"}
"""As the command line sets it."""


class Ours:
    """Our frames in a process of their own, that waits between turns."""

    def __init__(self, model: Path, aa: str) -> None:
        command = [sys.executable, "-m", "benchmarks.avatar", str(model), "--turns", aa]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ALONE
        )
        self.frames(15)

    def frames(self, count: int) -> dict[str, float]:
        """Draws frames: ``cpu_ms`` and ``rig_ms`` of each."""
        given, made = self.process.stdin, self.process.stdout
        assert given is not None
        assert made is not None
        given.write(f"{count}\n")
        given.flush()
        figures: dict[str, float] = json.loads(made.readline())
        return figures

    def close(self) -> None:
        self.process.communicate()


def turns(model: Path, aa: str) -> None:
    """The other end of ``Ours``."""
    run = Run(model, SIZE, aa)
    try:
        for line in sys.stdin:
            run.frames(int(line))
            print(json.dumps({"cpu_ms": run.cpu_ms, "rig_ms": run.rig_ms}), flush=True)
    finally:
        run.release()


def quick(values: list[float]) -> float:
    """Mean of the lowest third."""
    return statistics.fmean(sorted(values)[: max(1, len(values) // 3)])


def pair(model: Path, aa: str, frames: int, rounds: int) -> dict[str, Any]:
    """Ours with ``aa`` and three-vrm in turn."""
    shot = frame_camera(load(model), "upper", SIZE[0] / SIZE[1])
    camera = {"position": shot.position, "target": shot.target, "fov": shot.fov}
    ours = Ours(model, aa)
    mine: list[dict[str, float]] = []
    theirs: list[float] = []
    try:
        with Peer() as peer:  # after ours, whose processes it must not count
            peer.open(model.read_bytes(), SIZE, camera, aa != "none")
            peer.frames(frames)
            for _ in range(rounds):
                theirs.append(peer.frames(frames, warm=0)["cpu_ms"])
                mine.append(ours.frames(frames))
    finally:
        ours.close()
    cpu = [m["cpu_ms"] for m in mine]
    ratio = statistics.median(t / c for t, c in zip(theirs, cpu))
    return {"aa": aa, "three_vrm_ms": round(quick(theirs), 1), "limelight_ms": round(quick(cpu), 1),
            "times_cheaper": round(ratio, 2), "rig_ms": round(quick([m["rig_ms"] for m in mine]), 2),
            "rig_ms_worst": round(max(m["rig_ms"] for m in mine), 2)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--dense", action="store_true", help="cut every triangle in four, until there are 20,000")
    parser.add_argument("--frames", type=int, default=15, help="of a turn")
    parser.add_argument("--rounds", type=int, default=12, help="turns of each")
    parser.add_argument("--aa", default="none,mlaa", help="of none, mlaa, fxaa, msaa4")
    parser.add_argument("--turns", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turns:
        turns(options.model, options.turns)
        return
    with tempfile.TemporaryDirectory() as folder:
        model = options.model
        if options.dense:
            model = Path(folder) / f"{options.model.stem}-dense.vrm"
            model.write_bytes(dense(options.model.read_bytes(), 20_000))
        triangles = sum(len(p.indices) for p in load(model).primitives) // 3
        for aa in options.aa.split(","):
            figures = pair(model, aa, options.frames, options.rounds)
            print(json.dumps({"model": model.name, "triangles": triangles, **figures}), flush=True)


if __name__ == "__main__":
    main()

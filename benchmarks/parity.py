"""Pictures side by side with three-vrm's: the reference stills and the specimens of ``tests/avatar/specimens.py``.

    python -m benchmarks.parity              # writes docs/parity/index.html, its strips and figures.json
    python -m benchmarks.parity --store      # also keeps small peer pictures for the tests (tests/data/peer)

The stills are those of ``../shared/data/reference`` (or LIMELIGHT_SHARED), made by three-vrm 3.5.5; the specimens are
drawn by three-vrm here and now. Both renderers use four samples.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from avatar.render.look import look
from avatar.render.scene import Camera
from benchmarks.peer import Peer
from tests.avatar.specimens import CAMERA, SPECIMENS

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("LIMELIGHT_SHARED", ROOT.parent / "shared"))
OUT, KEPT = ROOT / "docs" / "parity", ROOT / "tests" / "data" / "peer"
BACK = np.array([200, 210, 220])
HEAD = """<!doctype html><meta charset="utf-8"><title>Pictures beside three-vrm's</title>
<style>body{font:15px system-ui;margin:2em auto;max-width:75em}img{width:100%}h2{font-size:1em;margin:1.5em 0 .2em}</style>
<h1>Pictures beside three-vrm's</h1>
<p>Each strip: three-vrm 3.5.5, Limelight, four times the difference. SSIM over the picture, inside the figure's outline, and
of the worst 64x64 tile. Made by <code>python -m benchmarks.parity</code>.</p>
"""


def compare(ours: Any, want: Any) -> dict[str, float]:
    """SSIM of grey pictures (Wang 2004, Gaussian window): whole, inside either figure, worst 64x64 tile."""
    grey = [p.astype(float) @ [0.299, 0.587, 0.114] for p in (ours, want)]
    value, local = structural_similarity(
        *grey, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
    )
    figure = (np.abs(ours.astype(int) - BACK).max(2) > 10) | (np.abs(want.astype(int) - BACK).max(2) > 10)
    h, w = figure.shape
    tiles = [local[y : y + 64, x : x + 64].mean() for y in range(0, h - 31, 32) for x in range(0, w - 31, 32)]
    inside = float(local[figure].mean()) if figure.any() else 1.0
    return {"ssim": round(value, 4), "figure": round(inside, 4), "tile": round(float(min(tiles)), 4)}


def strip(ours: Any, want: Any, path: Path) -> None:
    """Peer, ours and four times the difference, in one small picture."""
    difference = np.clip(np.abs(ours.astype(int) - want) * 4, 0, 255).astype(np.uint8)
    whole = Image.fromarray(np.concatenate([want, ours, difference], 1))
    whole.thumbnail((1440, 1440), Image.Resampling.LANCZOS)
    whole.save(path, quality=80)


def stills() -> Any:
    """Name, ours and the reference of every still; nothing where the shared data is not here."""
    folder = SHARED / "data" / "reference"
    index = json.loads((folder / "index.json").read_text()) if folder.is_dir() else {}
    for name, entry in sorted(index.items()):
        case = entry["case"]
        ours = look(SHARED / "data" / "vrm" / entry["model"], size=tuple(entry["size"]), plain=True,
                    expressions=case.get("expressions"), pose=case.get("pose", "relaxed"),
                    head=tuple(case.get("head", (0, 0))))  # fmt: skip
        yield name.removesuffix(".png"), ours, np.asarray(Image.open(folder / name).convert("RGB"))


def specimens(store: bool) -> Any:
    """Name, ours and three-vrm's picture of every specimen."""
    camera = Camera(CAMERA["position"], CAMERA["target"], CAMERA["fov"])
    with tempfile.TemporaryDirectory() as folder, Peer() as peer:
        for name, make in SPECIMENS.items():
            data, case = make()
            path = Path(folder) / f"{name}.vrm"
            path.write_bytes(data)
            shown = {"expressions": case.get("expressions"), "head": tuple(case.get("head", (0, 0)))}
            if store:
                peer.open(data, (240, 136), CAMERA, **case)
                Image.fromarray(peer.picture()).save(KEPT / f"{name}.png", optimize=True)
            peer.open(data, (480, 270), CAMERA, **case)
            yield name, look(path, size=(480, 270), camera=camera, plain=True, **shown), peer.picture()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--only", choices=["stills", "specimens"])
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    figures: dict[str, dict[str, float]] = {}
    page = [HEAD]
    sources = {"stills": stills, "specimens": lambda: specimens(options.store)}
    for kind, source in sources.items():
        if options.only in (None, kind):
            page.append(f"<h1>{kind.capitalize()}</h1>")
            for name, ours, want in source():
                figures[name] = compare(ours, want)
                strip(ours, want, OUT / f"{name}.jpg")
                said = ", ".join(f"{k} {v:.4f}" for k, v in figures[name].items())
                print(f"{name:48} {said}", flush=True)
                page.append(f"<h2>{html.escape(name)}: {said}</h2><img src='{html.escape(name)}.jpg' loading='lazy'>")
    (OUT / "index.html").write_text("\n".join(page) + "\n", "utf-8")
    (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    worst = {k: min(f[k] for f in figures.values()) for k in ("ssim", "figure", "tile")}
    print(json.dumps({"pictures": len(figures), "worst": worst}))


if __name__ == "__main__":
    main()

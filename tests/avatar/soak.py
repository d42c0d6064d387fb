"""Swaps models on one picture many times and watches OpenGL's live objects and the process's memory.

python -m tests.avatar.soak --count 1000
"""

from __future__ import annotations

import argparse
import gc
import json
from pathlib import Path
from typing import Any

import moderngl

from avatar.render import Picture
from avatar.render.look import plain_scene
from avatar.render.scene import Camera
from avatar.rig import PoseFrame, Rig
from avatar.vrm import loads
from tests.avatar.make_vrm import make
from tests.avatar.specimens import SPECIMENS

WARM = 24
"""Swaps before the first measurement: every shader is compiled once."""


def resident() -> int:
    """Bytes of this process in memory now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def living() -> int:
    """OpenGL objects that are made and not yet released."""
    kinds = (moderngl.Buffer, moderngl.Texture, moderngl.VertexArray, moderngl.Framebuffer, moderngl.Renderbuffer)
    gc.collect()
    # The type is asked, not isinstance(): that one asks a weak proxy of any library for its dead object's class.
    alive = [o for o in gc.get_objects() if issubclass(type(o), kinds)]
    return sum(not isinstance(o.mglo, moderngl.InvalidObject) for o in alive)


def run(picture: Picture, count: int) -> dict[str, Any]:
    """Loads, draws and replaces ``count`` models after a warm-up; growth from then to the end."""
    files = [make(), make(True), *(one()[0] for one in SPECIMENS.values())]
    scene = plain_scene(Camera((0, 1.2, 1.2), (0, 1.2, 0), 30))
    start = (0, 0)
    for n in range(-WARM, count):
        if n == 0:
            picture.set_model(None)
            start = resident(), living()
        rig = Rig(loads(files[n % len(files)]))
        rig.apply(PoseFrame(), 0.0)
        picture.draw(rig, scene)
        picture.read_rgb()
        assert picture.context.error == "GL_NO_ERROR"
    picture.set_model(None)
    end = resident(), living()
    return {"swaps": count, "grown_kib": (end[0] - start[0]) >> 10, "objects_grown": end[1] - start[1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    picture = Picture((160, 96), aa="none")
    print(json.dumps(run(picture, options.count)))
    picture.release()


if __name__ == "__main__":
    main()

"""Breaks VRM files in many seeded ways and holds the reader to its word: a model or one clear ``VrmError``.

python -m tests.avatar.fuzz --count 10000        # also reports the slowest file and the memory used
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import struct
import time
from collections import Counter
from typing import Any

from avatar.rig import PoseFrame, Rig
from avatar.vrm import Model, VrmError, loads
from tests.avatar.make_vrm import glb, make
from tests.avatar.specimens import SPECIMENS

ODD: tuple[Any, ...] = (None, -1, 0, 1, 2**31, 2**63, 1e308, -1e-308, 0.5, float("nan"), "", "x", "VEC3", [], {}, [[]],
                        [1, 2, 3], {"x": 1}, True, 16777216, 5126, 5121)  # fmt: skip
SLOW, GREAT = 2.0, 1 << 30


def sources() -> list[bytes]:
    """The files that are broken: tiny ones of both versions and every specimen."""
    return [make(), make(True), *(make_one()[0] for make_one in SPECIMENS.values())]


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    size = struct.unpack_from("<I", data, 12)[0]
    root: dict[str, Any] = json.loads(data[20 : 20 + size])
    return root, data[28 + size :]


def broken(data: bytes, rng: random.Random) -> bytes:
    """The file with one kind of damage: bytes, length, or values anywhere in its JSON."""
    kind = rng.randrange(4)
    if kind == 0:
        out = bytearray(data)
        for _ in range(rng.randrange(1, 30)):
            out[rng.randrange(len(out))] = rng.randrange(256)
        return bytes(out)
    if kind == 1:
        return data[: rng.randrange(len(data))]
    root, binary = split(data)
    for _ in range(rng.randrange(1, 4)):
        _spoil(root, rng)
    if rng.random() < 0.2:
        binary = bytes(rng.randrange(256) for _ in range(64)) + binary[64:]
    return glb(root, binary)


def _spoil(root: dict[str, Any], rng: random.Random) -> None:
    spots: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        keys = value.keys() if isinstance(value, dict) else range(len(value))
        for key in keys:
            spots.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(root)
    if not spots:
        return
    holder, key = rng.choice(spots)
    deed = rng.randrange(4)
    if deed == 0 and isinstance(holder, dict):
        del holder[key]
    elif deed == 1 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = holder[key] * rng.choice([-1, 2, 1000, 1e9, 0.001]) + rng.choice([0, 1, -1])
    elif deed == 2:
        other, at = rng.choice(spots)
        holder[key] = json.loads(json.dumps(other[at]))
    else:
        holder[key] = rng.choice(ODD)


def attempt(data: bytes) -> Model | None:
    """Reads and moves a file; None where it is refused. Anything but a model or a one-line ``VrmError`` is raised."""
    try:
        model = loads(data, "broken.vrm")
    except VrmError as error:
        said = str(error)
        assert "\n" not in said, "more than one line"
        assert said.startswith("broken.vrm: "), said
        assert len(said) < 400, "long-winded"
        return None
    rig = Rig(model)
    frame = PoseFrame(expressions=dict.fromkeys(model.expressions, 1.0), gaze=(10.0, 5.0))
    for _ in range(3):
        rig.apply(frame, 1 / 60)
    return model


def run(count: int, seed: int, each: Any = None) -> dict[str, Any]:
    """``count`` broken files; ``each(model)`` is called with those that still load."""
    files, rng = sources(), random.Random(seed)
    ends: Counter[str] = Counter()
    slowest, peak = 0.0, 0
    for n in range(count):
        data = broken(rng.choice(files), rng)
        began, before = time.thread_time(), _memory()
        try:
            model = attempt(data)
        except BaseException as error:
            raise AssertionError(f"file {n} of seed {seed}: {error!r}") from error
        slowest, peak = max(slowest, time.thread_time() - began), max(peak, _memory() - before)
        assert slowest < SLOW, f"file {n} of seed {seed} took {slowest:.1f} s"
        assert peak < GREAT, f"file {n} of seed {seed} took {peak >> 20} MiB"
        ends["loaded" if model is not None else "refused"] += 1
        if each is not None and model is not None:
            each(model)
    return {"count": count, "seed": seed, **ends, "slowest_s": round(slowest, 3), "largest_mib": peak >> 20}


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--draw", type=int, default=0, help="draw every Nth that loads")
    options = parser.parse_args()
    each, seen = None, [0]
    if options.draw:
        from avatar.render import Picture
        from avatar.render.look import plain_scene
        from avatar.render.scene import Camera

        picture = Picture((96, 64), aa="none")

        def each(model: Model) -> None:
            seen[0] += 1
            if seen[0] % options.draw == 0:
                picture.draw(Rig(model), plain_scene(Camera((0, 1, 3), (0, 1, 0), 40)))
                picture.read_rgb()
                assert picture.context.error == "GL_NO_ERROR"

    print(json.dumps({**run(options.count, options.seed, each), "drawn": seen[0] // max(options.draw, 1)}))


if __name__ == "__main__":
    main()

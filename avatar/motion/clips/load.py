"""From a motion file to a Clip, by its suffix."""

from __future__ import annotations

import struct
from pathlib import Path

from avatar.motion.clips import bvh, vmd, vrma
from avatar.motion.clips.clip import Clip
from avatar.motion.clips.errors import ClipError
from avatar.rig.frame import PoseFrame
from avatar.rig.rig import Rig
from avatar.vrm.errors import VrmError

MAX_FILE = 128 << 20
"""Bytes of the largest motion file that is read."""
_READERS = {".vrma": vrma.parse, ".glb": vrma.parse, ".bvh": bvh.parse, ".vmd": vmd.parse}
SUFFIXES = tuple(_READERS)


def load(path: str | Path) -> Clip:
    """Reads a .vrma, .bvh or .vmd file. ``ClipError`` names file, place and remedy; nothing else is raised."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ClipError(path.name, f"{size >> 20} MiB, the limit is {MAX_FILE >> 20} MiB", "Cut the clip shorter.")
        data = path.read_bytes()
    except OSError as error:
        raise ClipError(str(path), f"cannot be read ({error.strerror})", "Give the path of a motion file.") from error
    return loads(data, path.name)


def loads(data: bytes, name: str) -> Clip:
    """The same from memory; the suffix of ``name`` says what it is."""
    reader = _READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise ClipError(name, "is not a motion file by its name", f"Use one of {', '.join(SUFFIXES)}.")
    try:
        return reader(data, name)
    except ClipError:
        raise
    except VrmError as error:
        raise ClipError(error.file, error.place, "Export the animation again as VRM Animation (.vrma).") from error
    # A hostile file can put any value anywhere; one clear error is worth more than a list of guards.
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, MemoryError,
            struct.error, RecursionError) as error:  # fmt: skip
        reason = " ".join(str(error).split())[:120]
        raise ClipError(name, f"holds a value of the wrong kind ({reason})", "Export it again.") from error


def still(path: str | Path, seconds: float, rig: Rig) -> PoseFrame:
    """The pose of a motion file at a time (seconds; held at its ends) on the body of a rig."""
    clip = load(path)
    bones = rig.model.bones
    frame = PoseFrame()
    clip.bind(bones, float(rig.rest_world[bones["hips"]][1, 3])).apply(seconds, frame)
    return frame

"""The landmarkers' model files: given by path, or fetched once from their publisher and checked."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from avatar.capture.errors import CaptureError

FACE_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
FACE_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
FACE_SIZE = 3_758_596
POSE_PAGE = "https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker"


def face_model(path: Path | None, cache: Path) -> Path:
    """The face landmarker's file: ``path`` where given, else the one in ``cache``, fetched the first time."""
    if path is not None:
        if not path.is_file():
            raise CaptureError(f"{path}: is not there. Give the path of face_landmarker.task, or leave --model out.")
        return path
    kept = cache / "face_landmarker.task"
    if kept.is_file() and _digest(kept) == FACE_SHA256:
        return kept
    fetch(FACE_URL, FACE_SHA256, FACE_SIZE, kept)
    return kept


def fetch(url: str, sha256: str, size: int, to: Path) -> None:
    """Downloads a file of exactly this size and checksum; nothing is left behind otherwise."""
    to.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    try:
        with os.fdopen(handle, "wb") as out, urllib.request.urlopen(url, timeout=30) as answer:
            data = answer.read(size + 1)
            out.write(data)
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise CaptureError(f"{url}: what came is not the known file. Try again later, or give --model PATH.")
        Path(aside).replace(to)
    except (OSError, urllib.error.URLError) as error:
        raise CaptureError(f"{url}: cannot be fetched ({error}). Fetch it by hand and give --model PATH.") from None
    finally:
        Path(aside).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

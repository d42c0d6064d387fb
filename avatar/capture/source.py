"""Pictures from a camera, a film, an animated GIF or a still, as RGB arrays with their times."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.capture.errors import CaptureError

STILLS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
MAX_SIDE = 1920
"""Pixels of the longer side that are looked at; larger pictures are made smaller."""
MAX_PIXELS = 64_000_000

Picture = npt.NDArray[np.uint8]


def open_source(source: str, paced: bool = False) -> Generator[tuple[float, Picture], None, None]:
    """(seconds, (h, w, 3) uint8) from ``webcam``, ``webcam:1`` or the path of a file.

    ``paced``: a file plays at the speed of the world and again from its start, as a camera would; a still repeats.
    A camera always gives its newest picture.
    """
    if source == "webcam" or source.startswith("webcam:"):
        return _camera(source)
    path = Path(source)
    if not path.is_file():
        raise CaptureError(f"{source}: is not there. Give a film, GIF or picture, or webcam.")
    if path.suffix.lower() in STILLS:
        return _still(path, paced)
    return _paced(path) if paced else _film(path)


def _still(path: Path, paced: bool) -> Generator[tuple[float, Picture], None, None]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise CaptureError(f"{path}: {image.width}x{image.height} is too large. Make it smaller.")
            image.thumbnail((MAX_SIDE, MAX_SIDE))
            pixels = np.ascontiguousarray(np.array(image.convert("RGB")))
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, CaptureError):
            raise
        raise CaptureError(f"{path}: is not a picture that can be read ({error}). Use PNG or JPEG.") from None
    yield 0.0, pixels
    start = time.monotonic()
    while paced:
        time.sleep(1 / 30)
        yield time.monotonic() - start, pixels


def _film(path: Path) -> Generator[tuple[float, Picture], None, None]:
    import av

    try:
        with av.open(str(path)) as film:
            if not film.streams.video:
                raise CaptureError(f"{path}: holds no picture. Give a film or GIF.")
            stream = film.streams.video[0]
            rate = float(stream.average_rate or 25)
            last = -1.0
            for k, frame in enumerate(film.decode(stream)):
                at = frame.time if frame.time is not None else k / rate
                last = max(float(at), last + 1e-3)
                yield last, _small(frame)
    except av.FFmpegError as error:
        raise CaptureError(f"{path}: cannot be played ({error.strerror}). Use MP4, WebM or GIF.") from None


def _small(frame: Any) -> Picture:
    """RGB of a decoded frame, its longer side at most :data:`MAX_SIDE`."""
    longer = max(frame.width, frame.height)
    if longer > MAX_SIDE:
        frame = frame.reformat(frame.width * MAX_SIDE // longer // 2 * 2, frame.height * MAX_SIDE // longer // 2 * 2)
    return np.ascontiguousarray(frame.to_ndarray(format="rgb24"))


def _paced(path: Path) -> Generator[tuple[float, Picture], None, None]:
    start = time.monotonic()
    base = 0.0
    while True:
        last = 0.0
        for at, pixels in _film(path):
            last = at
            due = start + base + at - time.monotonic()
            if due < -0.1:
                continue  # too late: as with a camera, the newest counts
            if due > 0:
                time.sleep(due)
            yield base + at, pixels
        base += last + 1 / 25


def _camera(source: str) -> Generator[tuple[float, Picture], None, None]:
    import av

    number = source.partition(":")[2] or "0"
    if not number.isdigit():
        raise CaptureError(f"{source}: write webcam or webcam:NUMBER.")
    kind, name = {"linux": ("v4l2", f"/dev/video{number}"), "darwin": ("avfoundation", number)}.get(
        sys.platform, ("dshow", f"video={number}")
    )
    try:
        device = av.open(name, format=kind, options={"framerate": "30", "video_size": "640x480"})
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CaptureError(f"{source}: the camera cannot be opened ({reason}). Is it plugged in and free?") from None
    start = time.monotonic()
    with device:
        for frame in device.decode(video=0):
            yield time.monotonic() - start, _small(frame)

"""Live output: one :class:`~stage.outputs.encode.Encoder` feeding the fans' page through the house."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from stage.gateway.model import MediaChunk, MediaInit
from stage.outputs.cmaf import CmafSink
from stage.outputs.encode import Encoder


def open_live(
    media: Callable[[MediaInit | MediaChunk], None],
    size: tuple[int, int],
    fps: Fraction | int | float,
    video_bitrate: int = 3_000_000,
    threads: int = 1,
) -> Encoder:
    """A live encoder whose packets go to ``media`` (``House.media``) as CMAF; a key frame every two seconds."""
    encoder = Encoder(size, fps, video_bitrate, threads=threads, live=True)
    encoder.add(CmafSink(media))
    return encoder

"""Live CMAF: an initialisation segment and one chunk (moof + mdat) per packet, with nothing waiting for anything.

FFmpeg's own fragmenter holds fragment N until packet N+1; the chunk here is written by hand (ISO 14496-12: moof,
mfhd, traf, tfhd, tfdt, trun; 112 bytes) and leaves at once. Decode times (tfdt) are samples of the show's clock in
both tracks. An AAC packet's time is the first sample it sounds, so no edit list is needed; the packet of priming
before sample 0 has no place in an unsigned tfdt and is left out.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import av

from stage.gateway.model import MediaChunk, MediaInit
from stage.outputs.encode import TICK, Packet, Streams

OVERHEAD = 112
_KEY, _DELTA = 0x02000000, 0x01010000
_TRACKS = {"video": 1, "audio": 2}


def init_segment(streams: Streams) -> MediaInit:
    """ftyp + moov for both tracks (timescale 48000) and the MIME type for Media Source Extensions."""
    buffer = io.BytesIO()
    box: Any = av.open(buffer, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof+frag_custom"})
    video = box.add_stream_from_template(streams.video)
    audio = box.add_stream_from_template(streams.audio)
    video.time_base = audio.time_base = TICK
    box.start_encoding()
    data = buffer.getvalue()
    box.close()
    end = 0
    while end + 8 <= len(data):  # keep ftyp and moov, whatever else the muxer has written
        size, kind = struct.unpack_from(">I4s", data, end)
        if kind in (b"moof", b"mdat", b"mfra"):
            break
        end += size
    return MediaInit(data[:end], f'video/mp4; codecs="{streams.codecs}"')


def length_prefixed(annexb: bytes) -> bytes:
    """H.264 byte stream (start codes) to the length-prefixed form MP4 holds (ISO 14496-15); AUD and SEI stay."""
    starts: list[tuple[int, int]] = []
    at = annexb.find(b"\x00\x00\x01")
    while at >= 0:
        starts.append((at, at + 3))
        at = annexb.find(b"\x00\x00\x01", at + 3)
    if not starts:
        return annexb
    parts: list[bytes] = []
    for number, (_, begin) in enumerate(starts):
        end = starts[number + 1][0] if number + 1 < len(starts) else len(annexb)
        unit = annexb[begin:end].rstrip(b"\x00") if number + 1 < len(starts) else annexb[begin:end]
        parts.append(struct.pack(">I", len(unit)))
        parts.append(unit)
    return b"".join(parts)


def chunk(data: bytes, track: int, sequence: int, time: int, duration: int, key: bool, shift: int = 0) -> bytes:
    """moof + mdat holding one sample; ``shift`` is presentation minus decode time."""
    trun = struct.pack(
        ">I4sIIIIIIi", 36, b"trun", 0x01000F01, 1, 100 + 8, duration, len(data), _KEY if key else _DELTA, shift
    )
    tfdt = struct.pack(">I4sIQ", 20, b"tfdt", 0x01000000, time)
    tfhd = struct.pack(">I4sII", 16, b"tfhd", 0x020000, track)
    traf = struct.pack(">I4s", 8 + len(tfhd) + len(tfdt) + len(trun), b"traf") + tfhd + tfdt + trun
    mfhd = struct.pack(">I4sII", 16, b"mfhd", 0, sequence & 0xFFFFFFFF)
    size = 8 + len(mfhd) + len(traf)
    trun_offset = size + 8
    moof = bytearray(struct.pack(">I4s", size, b"moof") + mfhd + traf)
    struct.pack_into(">I", moof, size - 36 + 16, trun_offset)
    return bytes(moof) + struct.pack(">I4s", 8 + len(data), b"mdat") + data


class CmafSink:
    """Sink that turns packets into :class:`MediaInit` and :class:`MediaChunk` and hands them to ``give``."""

    def __init__(self, give: Callable[[MediaInit | MediaChunk], None]) -> None:
        self._give = give
        self._sequence = 0

    def open(self, streams: Streams) -> None:
        """A new initialisation segment."""
        self._give(init_segment(streams))

    def packet(self, packet: Packet) -> None:
        """One chunk."""
        if packet.dts < 0:
            return
        video = packet.track == "video"
        data = length_prefixed(packet.data) if video else packet.data
        self._sequence += 1
        raw = chunk(
            data,
            _TRACKS[packet.track],
            self._sequence,
            packet.dts,
            packet.duration,
            packet.key,
            packet.pts - packet.dts,
        )
        self._give(MediaChunk(raw, packet.track, packet.key and video, packet.pts))

    def close(self) -> None:
        """Nothing is held back, so nothing is left to do."""

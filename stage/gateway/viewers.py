"""Live picture to many viewers over websockets of their own: each starts at a key frame, a slow one skips ahead."""

from __future__ import annotations

import json
import struct
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State

_GOP_LIMIT = 4 << 20


class _Viewer:
    __slots__ = ("link", "skipping")

    def __init__(self, link: ServerConnection) -> None:
        self.link = link
        self.skipping = True


class Viewers:
    """Everyone who watches. ``limit``: bytes that may wait for a viewer before it skips."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._viewers: set[_Viewer] = set()
        self._init: bytes = b""
        self._group: list[bytes] = []
        self._group_bytes = 0
        self._sound: list[bytes] = []
        self.counts = {"chunks": 0, "skips": 0, "bytes": 0}

    def __len__(self) -> int:
        return len(self._viewers)

    def init(self, data: bytes, mime: str) -> None:
        """A new initialisation segment: everybody gets it and waits for the next key frame."""
        text = json.dumps({"type": "init", "v": 1, "mime": mime}).encode()
        self._init = _framed(text, Opcode.TEXT) + _framed(data, Opcode.BINARY)
        self._group, self._group_bytes, self._sound = [], 0, []
        for viewer in list(self._viewers):
            viewer.skipping = True
            self._write(viewer, self._init)

    def chunk(self, data: bytes, track: str, key: bool, sample: int) -> None:
        """One CMAF chunk. Sound waits for the picture it belongs to, so that there is one write a frame."""
        if track == "audio":
            self._sound.append(data)
            if len(self._sound) < 4:
                return
            data, key = b"", False
        sound, self._sound = self._sound, []
        # In front of a key frame the sound still belongs to the group that ends here; a newcomer needs it as well.
        frame = _framed(struct.pack(">Bq", 1 if key else 0, sample) + b"".join(sound) + data, Opcode.BINARY)
        if key or self._group_bytes > _GOP_LIMIT:
            self._group, self._group_bytes = [], 0
        if key or self._group:
            self._group.append(frame)
            self._group_bytes += len(frame)
        self.counts["chunks"] += 1
        for viewer in list(self._viewers):
            self._offer(viewer, frame, key)

    def _offer(self, viewer: _Viewer, frame: bytes, key: bool) -> None:
        waiting = viewer.link.transport.get_write_buffer_size()
        if viewer.skipping:
            if not key or waiting > self._limit // 4:
                return
            viewer.skipping = False
        elif waiting > self._limit:
            viewer.skipping = True
            self.counts["skips"] += 1
            return
        self._write(viewer, frame)

    def _write(self, viewer: _Viewer, data: bytes) -> None:
        link = viewer.link
        if link.protocol.state is State.OPEN and not link.transport.is_closing():
            link.transport.write(data)
            self.counts["bytes"] += len(data)

    async def serve(self, link: ServerConnection) -> None:
        """One viewer until it goes."""
        viewer = _Viewer(link)
        if self._init:
            self._write(viewer, self._init)
            if self._group:
                self._write(viewer, b"".join(self._group))
                viewer.skipping = False
        self._viewers.add(viewer)
        try:
            async for _ in link:
                pass  # a viewer has nothing to say here
        finally:
            self._viewers.discard(viewer)


def _framed(data: bytes, opcode: Opcode) -> bytes:
    return Frame(opcode, data).serialize(mask=False, extensions=[])


__all__: list[Any] = ["Viewers"]

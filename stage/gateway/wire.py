"""Messages between stage and house over a local socket: length, JSON head, bytes. No pickle: it faces the net."""

from __future__ import annotations

import json
import struct
from typing import Any

MAX = 64 << 20
HEAD = struct.Struct(">II")


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return HEAD.pack(len(text), len(body)) + text + body


def sizes(prefix: bytes) -> tuple[int, int]:
    """Bytes of head and body from the eight bytes before them."""
    head, body = HEAD.unpack(prefix)
    if head + body > MAX:
        raise ValueError("message between stage and house is too big")
    return head, body


def unpack(text: bytes) -> dict[str, Any]:
    """The head."""
    head = json.loads(text)
    if not isinstance(head, dict):
        raise ValueError("head must be an object")
    return head

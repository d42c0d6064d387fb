"""OSC 1.0 messages and bundles to bytes and back (opensoundcontrol.org, specification 1.0). No sockets.

Types: i f s b T F N I, h and d. Whatever arrives over UDP is checked; a broken packet is an :class:`OscError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

Argument = int | float | str | bytes | bool | None
Message = tuple[str, tuple[Argument, ...]]

_BUNDLE = b"#bundle\0"
_NOW = struct.pack(">Q", 1)
_DEPTH = 4
MAX_PACKET = 65_507


class OscError(ValueError):
    """A packet that is not OSC."""


def _text(value: str) -> bytes:
    data = value.encode("utf-8").replace(b"\0", b"")
    return data + b"\0" * (4 - len(data) % 4)


def encode(address: str, *arguments: Argument) -> bytes:
    """One message."""
    tags, data = ",", b""
    for value in arguments:
        if value is True or value is False:
            tags += "T" if value else "F"
        elif value is None:
            tags += "N"
        elif isinstance(value, int):
            tags += "i"
            data += struct.pack(">i", max(-(2**31), min(2**31 - 1, value)))
        elif isinstance(value, float):
            tags += "f"
            data += struct.pack(">f", value)
        elif isinstance(value, str):
            tags += "s"
            data += _text(value)
        else:
            tags += "b"
            data += struct.pack(">i", len(value)) + value + b"\0" * (-len(value) % 4)
    return _text(address) + _text(tags) + data


def bundle(messages: Iterable[bytes]) -> bytes:
    """Messages that count at once, now."""
    return _BUNDLE + _NOW + b"".join(struct.pack(">i", len(m)) + m for m in messages)


def packets(messages: Iterable[bytes], limit: int = 1400) -> list[bytes]:
    """Bundles of at most ``limit`` bytes each, so that no packet is cut up on its way."""
    out: list[bytes] = []
    group: list[bytes] = []
    size = 16
    for message in messages:
        if group and size + 4 + len(message) > limit:
            out.append(bundle(group))
            group, size = [], 16
        group.append(message)
        size += 4 + len(message)
    return [*out, bundle(group)] if group else out


def decode(data: bytes, depth: int = 0) -> list[Message]:
    """All messages of a packet, bundles taken apart."""
    if data[:8] != _BUNDLE:
        return [_message(data)]
    if depth >= _DEPTH:
        raise OscError("bundles inside bundles inside bundles")
    out: list[Message] = []
    at = 16
    while at < len(data):
        size = _int(data, at)
        if size <= 0 or size % 4 or at + 4 + size > len(data):
            raise OscError(f"a bundle element of {size} bytes at byte {at} of {len(data)}")
        out += decode(data[at + 4 : at + 4 + size], depth + 1)
        at += 4 + size
    return out


def _int(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise OscError("the packet was cut short")
    return int(struct.unpack_from(">i", data, at)[0])


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise OscError("text without an end")
    try:
        return data[at:end].decode("utf-8"), end + 4 - (end - at) % 4 if (end - at) % 4 else end + 4
    except UnicodeDecodeError:
        raise OscError("text that is not UTF-8") from None


def _message(data: bytes) -> Message:
    address, at = _string(data, 0)
    if not address.startswith("/"):
        raise OscError("an address without a slash")
    if at >= len(data):
        return address, ()
    tags, at = _string(data, at)
    if not tags.startswith(","):
        raise OscError("no type tags")
    values: list[Argument] = []
    for tag in tags[1:]:
        if tag in _FIXED:
            kind, size = _FIXED[tag]
            if at + size > len(data):
                raise OscError("the packet was cut short")
            values.append(struct.unpack_from(kind, data, at)[0])
            at += size
        elif tag == "s":
            text, at = _string(data, at)
            values.append(text)
        elif tag == "b":
            size = _int(data, at)
            if size < 0 or at + 4 + size > len(data):
                raise OscError("the packet was cut short")
            values.append(data[at + 4 : at + 4 + size])
            at += 4 + size + -size % 4
        elif tag in _PLAIN:
            values.append(_PLAIN[tag])
        else:
            raise OscError(f"the unknown type {tag!r}")
    return address, tuple(values)


_FIXED = {"i": (">i", 4), "f": (">f", 4), "h": (">q", 8), "d": (">d", 8)}
_PLAIN: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": float("inf")}

"""The fans' protocol, version 1: JSON text frames, decoded with exact bounds, no socket in sight.

``docs/protocol.md`` documents every message, limit and close code; the numbers live here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

VERSION = 1
FRAME_LIMIT = 4096
"""Bytes of one frame from a fan; a longer one closes the connection with 1009."""
CHAT_LIMIT = 500
NAME_LIMIT = 24
ID_LIMIT = 64
REACTIONS = ("heart", "star", "clap", "fire", "laugh", "note")

# Close codes. 3000-3499: come back with back-off. 3500-3999: do not come back without a change.
SHUTDOWN, SLOW, NO_PONG, TOO_MANY = 3001, 3008, 3012, 3013
BAD_TOKEN, BAD_REQUEST, STALE, CONNECTION_LIMIT = 3500, 3501, 3502, 3504
RESTART, TOO_BIG = 1012, 1009

CLOSE_CODES: dict[int, str] = {
    SHUTDOWN: "shutdown",
    SLOW: "slow",
    NO_PONG: "no pong",
    TOO_MANY: "too many requests",
    BAD_TOKEN: "invalid token",
    BAD_REQUEST: "bad request",
    STALE: "stale",
    CONNECTION_LIMIT: "connection limit",
}


class ProtocolError(ValueError):
    """A message that cannot be accepted. ``code`` is a word of the protocol; ``fatal`` closes the connection."""

    def __init__(self, code: str, message: str, fatal: bool = False, id: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fatal, self.id = code, message, fatal, id


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of a connection; ``epoch`` and ``offset`` say what the fan has already seen."""

    name: str = ""
    token: str = ""
    epoch: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """Choose or change the name shown in chat."""

    name: str


@dataclass(frozen=True, slots=True)
class Say:
    """A chat line (``kind`` chat) or a song request (``kind`` request)."""

    id: str
    text: str
    kind: str = "chat"


@dataclass(frozen=True, slots=True)
class React:
    """``count`` reactions of one kind."""

    kind: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Vote:
    """A choice in a poll."""

    id: str
    choice: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of this fan: to see (``do`` show) or to erase (``do`` erase)."""

    id: str
    do: str


Message = Hello | Name | Say | React | Vote | Memory

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_BIDI = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}


def clean(text: str) -> str:
    """Text as it may be shown: NFC, one line, no controls, no direction overrides, three marks a letter at most."""
    out: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if char in "\t\n\r\u2028\u2029":
            char, category = " ", "Zs"
        if char in _BIDI or category in ("Cc", "Cs", "Co", "Cn"):
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= 3:
            out.append(char)
    return "".join(out).strip()


def _string(raw: dict[str, Any], key: str, limit: int, id: str = "") -> str:
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise ProtocolError("bad_request", f"{key} must be text", True)
    if len(value) > limit:
        raise ProtocolError("too_long", f"{key} may have {limit} characters", id=id)
    return value


def _identifier(raw: dict[str, Any]) -> str:
    value = raw.get("id")
    if not isinstance(value, str) or not _ID.match(value):
        raise ProtocolError("bad_request", "id must be 1 to 64 of A-Z a-z 0-9 _ . -", True)
    return value


def _whole(raw: dict[str, Any], key: str, low: int, high: int, default: int) -> int:
    value = raw.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ProtocolError("bad_request", f"{key} must be a whole number from {low} to {high}", True)
    return value


def decode(frame: str | bytes) -> Message:
    """One frame from a fan; raises :class:`ProtocolError` and nothing else."""
    if isinstance(frame, bytes):
        raise ProtocolError("bad_request", "messages are text frames", True)
    if len(frame) > FRAME_LIMIT:
        raise ProtocolError("too_big", f"a frame may have {FRAME_LIMIT} bytes", True)
    try:
        raw = json.loads(frame)
    except (ValueError, RecursionError):
        raise ProtocolError("bad_request", "not JSON", True) from None
    if not isinstance(raw, dict):
        raise ProtocolError("bad_request", "a message is a JSON object", True)
    kind = raw.get("type")
    if kind == "hello":
        return _hello(raw)
    if kind == "name":
        return Name(_string(raw, "name", 200))
    if kind in ("chat", "request"):
        id = _identifier(raw)
        text = clean(_string(raw, "text", CHAT_LIMIT, id))
        if not text:
            raise ProtocolError("empty", "there is nothing to say", id=id)
        return Say(id, text, kind)
    if kind == "reaction":
        reaction = raw.get("kind")
        if not isinstance(reaction, str) or reaction not in REACTIONS:
            raise ProtocolError("bad_request", f"kind is one of {', '.join(REACTIONS)}", True)
        return React(reaction, _whole(raw, "count", 1, 20, 1))
    if kind == "vote":
        return Vote(_identifier(raw), clean(_string(raw, "choice", 80)))
    if kind == "memory":
        do = raw.get("do")
        if do not in ("show", "erase"):
            raise ProtocolError("bad_request", "do is show or erase", True)
        return Memory(_identifier(raw), do)
    raise ProtocolError("bad_request", "type is one of hello, name, chat, request, reaction, vote, memory", True)


def _hello(raw: dict[str, Any]) -> Hello:
    if raw.get("v") != VERSION:
        raise ProtocolError("version", f"this house speaks version {VERSION}; reload the page", True)
    offset = _whole(raw, "offset", 0, 2**53, 0)
    return Hello(_string(raw, "name", 200), _string(raw, "token", 200), _string(raw, "epoch", ID_LIMIT), offset)


def encode(kind: str, **fields: Any) -> bytes:
    """One frame for a fan."""
    return json.dumps({"type": kind} | fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

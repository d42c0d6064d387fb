"""Text chunks of a PNG: reading with length and checksum checks, and writing them anew.

PNG 1.2, chapters 3 and 4.2.3: signature, then chunks of length, type, data and CRC-32 over type and data.
``tEXt`` is keyword, zero, Latin-1; ``zTXt`` is deflated; ``iTXt`` is UTF-8 with a language, deflated or not.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from characters.cards.model import CardError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_INFLATED = 32_000_000
"""Bytes a compressed text chunk may grow to."""
MAX_CHUNKS = 100_000
KEYWORDS = ("ccv3", "chara")
"""Cards are found under these (any case); the first one wins."""
ASSET_PREFIX = "chara-ext-asset_"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk; ``whole`` tells whether its checksum is right."""

    kind: bytes
    data: bytes
    at: int
    whole: bool


def chunks(png: bytes, file: object) -> Iterator[Chunk]:
    """The chunks of a PNG in order; :class:`CardError` where the file is cut short."""
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at >= len(png):
            raise CardError(file, f"byte {at}", "the PNG ends without its last chunk", "get the file again")
        if at + 12 > len(png):
            raise CardError(file, f"byte {at}", "the PNG is cut short", "get the file again")
        length, kind = struct.unpack_from(">I4s", png, at)
        end = at + 12 + length
        if end > len(png):
            name = kind.decode("latin-1") if kind.isalpha() else "a chunk"
            raise CardError(file, f"byte {at}", f"the PNG is cut short in {name}", "get the file again")
        data = png[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", png, at + 8 + length)
        yield Chunk(kind, data, at, zlib.crc32(kind + data) == crc)
        if kind == b"IEND":
            return
        at = end
    raise CardError(file, "", f"the PNG has more than {MAX_CHUNKS} chunks", "use an ordinary picture")


def texts(png: bytes, file: object, wanted: tuple[str, ...] = KEYWORDS) -> tuple[dict[str, bytes], list[str]]:
    """(text by lower-case keyword, warnings) of the text chunks wanted, wherever they stand; the last of a keyword wins.

    Keywords that begin with the prefix of embedded assets are returned too, as they are spelled.
    """
    found: dict[str, bytes] = {}
    warnings: list[str] = []
    total = 0
    for chunk in chunks(png, file):
        if chunk.kind not in (b"tEXt", b"zTXt", b"iTXt"):
            continue
        keyword, zero, rest = chunk.data.partition(b"\0")
        spelled = keyword.decode("latin-1")
        name = spelled if spelled.startswith(ASSET_PREFIX) else spelled.strip().lower()
        if not zero or (name not in wanted and not name.startswith(ASSET_PREFIX)):
            continue
        if not chunk.whole:
            warnings.append(f"byte {chunk.at}: the text '{name}' is damaged (its checksum is wrong) and was not used")
            continue
        text = _payload(chunk.kind, rest, file, name)
        total += len(text)
        if total > 8 * MAX_INFLATED:
            raise CardError(file, "", "its texts are too large", f"keep them under {8 * MAX_INFLATED:,} bytes")
        found[name] = text
    return found, warnings


def _payload(kind: bytes, rest: bytes, file: object, name: str) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:], file, name)
    packed = rest[:1] == b"\1"
    parts = rest[2:].split(b"\0", 2)  # language, translated keyword, text
    text = parts[2] if len(parts) == 3 else b""
    return _inflated(text, file, name) if packed else text


def _inflated(data: bytes, file: object, name: str) -> bytes:
    inflater = zlib.decompressobj()
    try:
        out = inflater.decompress(data, MAX_INFLATED + 1)
    except zlib.error as error:
        raise CardError(file, name, f"cannot be unpacked ({error})", "export the card again") from None
    if len(out) > MAX_INFLATED:
        raise CardError(file, name, f"grows beyond {MAX_INFLATED:,} bytes", "this is not a card")
    return out


def with_texts(png: bytes, wanted: dict[str, bytes], file: object = "picture") -> bytes:
    """The PNG with old cards and embedded assets taken out and ``wanted`` (keyword: text) put in as ``tEXt``."""
    out = [SIGNATURE]
    for chunk in chunks(png, file):
        if chunk.kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword = chunk.data.partition(b"\0")[0].decode("latin-1")
            if keyword.strip().lower() in KEYWORDS or keyword.startswith(ASSET_PREFIX):
                continue
        if chunk.kind == b"IEND":
            out += [_chunk(b"tEXt", key.encode("latin-1") + b"\0" + text) for key, text in wanted.items()]
        out.append(_chunk(chunk.kind, chunk.data))
    return b"".join(out)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encoded(document: bytes) -> bytes:
    """A card's JSON as it stands in a chunk."""
    return base64.b64encode(document)

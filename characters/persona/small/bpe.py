"""Byte-level BPE in plain Python, for short texts; reads the ``tokenizer.json`` that transformers reads as well.

Merging follows Sennrich et al. 2016 on the byte alphabet of GPT-2 (Radford et al. 2019). Words are cut by
:data:`PATTERN`, which means the same to Python's ``re`` and to the ``tokenizers`` library.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

PATTERN = r" ?[A-Za-z']+| ?[0-9]| ?[^ A-Za-z0-9']+| +"
_PIECE = re.compile(PATTERN)
_MEMORY = 20_000


def byte_alphabet() -> dict[int, str]:
    """GPT-2's printable character for every byte."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in keep]
    return {byte: chr(byte) for byte in keep} | {byte: chr(256 + n) for n, byte in enumerate(rest)}


class Bpe:
    """Encodes plain text; special tokens only by name, so text can never become one."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        model = document["model"]
        self.special: dict[str, int] = {item["content"]: item["id"] for item in document["added_tokens"]}
        self._ids: dict[str, int] = {t: i for t, i in model["vocab"].items() if t not in self.special}
        merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
        self._rank = {pair: n for n, pair in enumerate(merges)}
        self._bytes = byte_alphabet()
        byte_of = {char: byte for byte, char in self._bytes.items()}
        self._text: dict[int, bytes] = {i: bytes(byte_of[c] for c in t) for t, i in self._ids.items()}
        self.name_of = {i: t for t, i in self.special.items()}
        self._known: dict[str, list[int]] = {}

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return len(self._ids) + len(self.special)

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text."""
        out: list[int] = []
        for piece in _PIECE.findall(text.replace("\n", " ")):
            ids = self._known.get(piece)
            if ids is None:
                ids = self._merge(piece)
                if len(self._known) < _MEMORY:
                    self._known[piece] = ids
            out += ids
        return out

    def _merge(self, piece: str) -> list[int]:
        parts = [self._bytes[byte] for byte in piece.encode("utf-8")]
        while len(parts) > 1:
            ranks = [self._rank.get(pair, 1 << 30) for pair in zip(parts, parts[1:])]
            best = min(ranks)
            if best == 1 << 30:
                break
            at = ranks.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self._ids[part] for part in parts]

    def encode_parts(self, parts: list[str | tuple[str]]) -> list[int]:
        """Ids of special tokens (strings) and plain texts (one-tuples)."""
        out: list[int] = []
        for part in parts:
            if isinstance(part, str):
                out.append(self.special[part])
            else:
                out += self.encode(part[0])
        return out

    def bytes_of(self, token: int) -> bytes:
        """The bytes of an ordinary token; empty for a special one."""
        return self._text.get(token, b"")

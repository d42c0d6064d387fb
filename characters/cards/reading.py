"""Reads a card from any of its containers, told apart by content, never by name."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from characters.cards import charx, png
from characters.cards.model import V1_FIELDS, Card, CardError, as_number, as_text

MAX_FILE = 256_000_000
MAX_JSON = 32_000_000
MAX_DEPTH = 64
NEWEST = {2: 2.0, 3: 3.0}


def read_card(path: str | Path) -> Card:
    """The card in a file: JSON, PNG, or CHARX (also behind a picture). Raises :class:`CardError`, one line."""
    path = Path(path)
    try:
        if path.is_dir():
            raise CardError(path, "", "is a folder", "give a card file; `limelight check` reads character folders")
        size = path.stat().st_size
        if size > MAX_FILE:
            raise CardError(path, "", f"is {size:,} bytes", f"a card has at most {MAX_FILE:,}")
        content = path.read_bytes()
    except OSError as error:
        raise CardError(path, "", f"cannot be read ({error.strerror})", "check the path") from None
    except ValueError:
        raise CardError(repr(str(path))[:80], "", "is not a path", "check the name") from None
    return card_of(content, path)


def card_of(content: bytes, file: object = "card") -> Card:
    """The card in these bytes; ``file`` is what errors call it."""
    if not content:
        raise CardError(file, "", "is empty", "get the file again")
    if content.startswith(png.SIGNATURE):
        return _from_png(content, file)
    if charx.is_zip(content):
        return _from_zip(content, file)
    if content[:3] == b"\xff\xd8\xff" or content[:4] in (b"RIFF", b"GIF8"):
        raise CardError(file, "", "is a picture without a card", "cards are in PNG, JSON or CHARX files")
    return _card(_json(content, file, ""), file, "json")


def _from_png(content: bytes, file: object) -> Card:
    found, warnings = png.texts(content, file)
    name = next((key for key in png.KEYWORDS if key in found), None)
    if name is None:
        if charx.is_zip(content):
            return _from_zip(content, file)
        if warnings:
            raise CardError(file, "", warnings[0], "get the file again")
        raise CardError(file, "", "this picture holds no card", "choose a PNG exported as a character card")
    card = _card(_json(_unbase64(found[name], file, name), file, name), file, "png")
    card.image = content
    card.warnings += warnings
    for key, text in found.items():
        if key.startswith(png.ASSET_PREFIX):
            try:
                card.assets["__asset:" + key[len(png.ASSET_PREFIX) :].lstrip(":")] = _unbase64(text, file, key)
            except CardError as error:
                card.warnings.append(f"{error.place}: {error.problem}")
    return card


def _from_zip(content: bytes, file: object) -> Card:
    document, files, before = charx.read(content, file)
    card = _card(_json(document, file, "card.json"), file, "charx")
    card.assets, card.image = (
        files,
        before if before[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1") else b"",
    )
    icons = [item for item in card.listed_assets if item["type"] == "icon" and item["name"] == "main"]
    if len(icons) > 1:
        card.warnings.append("data.assets: more than one icon is called main; the first is used")
    return card


def _unbase64(text: bytes, file: object, place: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CardError(file, f"text '{place[:40]}'", f"is not base64 ({error})", "export the card again") from None


def _json(content: bytes, file: object, place: str) -> dict[str, Any]:
    if len(content) > MAX_JSON:
        raise CardError(file, place, f"is {len(content):,} bytes of text", f"keep it under {MAX_JSON:,}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CardError(file, place, f"is not UTF-8 text (byte {error.start})", "export the card again") from None
    try:
        document = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise CardError(
            file, f"{place} line {error.lineno}".strip(), f"is not JSON ({error.msg})", "export the card again"
        ) from None
    except (RecursionError, ValueError):
        raise CardError(file, place, "holds values too deep or too long", "export the card again") from None
    if not isinstance(document, dict):
        raise CardError(file, place, "is not a JSON object", "give a character card")
    if _deeper(document, MAX_DEPTH):
        raise CardError(file, place, f"is nested deeper than {MAX_DEPTH} levels", "export the card again")
    return document


def _deeper(document: Any, most: int) -> bool:
    level = [document]
    for _ in range(most):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [v for v in item.values() if isinstance(v, dict | list)]
            elif isinstance(item, list):
                below += [v for v in item if isinstance(v, dict | list)]
        if not below:
            return False
        level = below
    return True


def _card(document: dict[str, Any], file: object, container: str) -> Card:
    spec_name, data = as_text(document.get("spec")), document.get("data")
    warnings: list[str] = []
    if not spec_name and not isinstance(data, dict):
        if not any(key in document for key in V1_FIELDS):
            raise CardError(file, "", "this JSON is not a character card", f"a card has {', '.join(V1_FIELDS)}")
        spec = 1
    else:
        spec = {"chara_card_v2": 2, "chara_card_v3": 3}.get(spec_name, 0)
        if not isinstance(data, dict):
            if not any(key in document for key in V1_FIELDS):
                raise CardError(file, "data", "is missing", "a V2 or V3 card keeps its fields in data")
            warnings.append("data: is missing; the fields at the root are used")
            spec = 1
        elif not spec:
            warnings.append(f"spec: {spec_name[:40]!r} is unknown; read as the newest known, V3")
            spec = 3
    version = as_number(document.get("spec_version"), 0.0)
    if spec > 1 and version > NEWEST[spec]:
        warnings.append(
            f"spec_version: {version:g} is newer than {NEWEST[spec]:g}; what is unknown is kept but not used"
        )
    card = Card(document, spec, container, warnings=warnings)
    if spec > 1 and any(key in document for key in V1_FIELDS):
        card.warnings.append("the root repeats V1 fields; the ones in data are used")
    if not card.text("name").strip():
        card.warnings.append("name: is missing; she is called Unnamed")
    return card

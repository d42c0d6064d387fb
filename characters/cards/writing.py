"""Writes a card as V1, V2 or V3 JSON, into a PNG or as CHARX. What we do not know is written back as it came."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

from characters.cards import charx, png
from characters.cards.decorators import parse
from characters.cards.model import V1_FIELDS, Card, as_text

BACKFILL_WARNING = (
    "This character card is a Character Card V3 card, but it is loaded as a V2 card. Some of it may not work."
)
"""What the V3 specification asks for in ``creator_notes`` of a V2 copy, in our words."""
_V2_DATA: dict[str, Any] = {
    "creator_notes": "", "system_prompt": "", "post_history_instructions": "", "alternate_greetings": [], "tags": [],
    "creator": "", "character_version": "", "extensions": {},
}  # fmt: skip
_V3_ONLY = ("assets", "nickname", "creator_notes_multilingual", "source", "group_only_greetings", "creation_date", "modification_date")  # fmt: skip


def to_json(document: dict[str, Any]) -> bytes:
    """A card's JSON text; odd characters (lone surrogates) survive as escapes."""
    return json.dumps(document, ensure_ascii=not _encodable(document), allow_nan=False, indent=1).encode("utf-8")


def _encodable(document: dict[str, Any]) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_v3(card: Card) -> dict[str, Any]:
    """The card as a V3 document; an unknown key at any level stays where it was."""
    out = copy.deepcopy(card.document)
    if card.spec == 1:
        out = {key: value for key, value in out.items() if key not in (*V1_FIELDS, "spec", "spec_version", "data")}
        out |= {"spec": "chara_card_v3", "spec_version": "3.0", "data": {key: card.text(key) for key in V1_FIELDS}}
    if card.spec < 3:
        out |= {"spec": "chara_card_v3", "spec_version": "3.0"}
    data = out["data"]
    for key in V1_FIELDS:
        data.setdefault(key, "")
    for key, value in (_V2_DATA | {"group_only_greetings": []}).items():
        data.setdefault(key, copy.deepcopy(value))
    book = data.get("character_book")
    if isinstance(book, dict):
        book.setdefault("extensions", {})
        for entry in book.get("entries", []) if isinstance(book.get("entries"), list) else []:
            if isinstance(entry, dict):
                entry.setdefault("use_regex", False)
                entry.setdefault("constant", False)
    return out


def as_v2(card: Card) -> dict[str, Any]:
    """The card as a V2 document for older applications.

    Of a V3 card, decorators are taken out of the entries and ``creator_notes`` says that something is missing.
    """
    if card.spec == 2:
        out = copy.deepcopy(card.document)
    else:
        out = as_v3(card) | {"spec": "chara_card_v2", "spec_version": "2.0"}
    data = out["data"]
    for key in V1_FIELDS:
        data.setdefault(key, "")
    for key, value in _V2_DATA.items():
        data.setdefault(key, copy.deepcopy(value))
    if card.spec == 3:
        for key in _V3_ONLY:
            data.pop(key, None)
        notes = as_text(data.get("creator_notes"))
        data["creator_notes"] = notes if BACKFILL_WARNING in notes else f"{BACKFILL_WARNING}\n{notes}".strip()
        _without_decorators(data)
    return out


def _without_decorators(data: dict[str, Any]) -> None:
    book = data.get("character_book")
    entries = book.get("entries") if isinstance(book, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("content"), str):
            entry["content"] = parse(entry["content"]).content


def as_png(card: Card, picture: bytes) -> bytes:
    """The card in a PNG: V3 under ``ccv3`` and its V2 copy under ``chara``, older ones taken out."""
    wanted = {"chara": png.encoded(to_json(as_v2(card)))}
    if card.spec == 3:
        wanted["ccv3"] = png.encoded(to_json(as_v3(card)))
    for name, content in card.assets.items():
        if name.startswith("__asset:"):
            wanted[png.ASSET_PREFIX + ":" + name[len("__asset:") :]] = png.encoded(content)
    return png.with_texts(picture or blank_picture(), wanted)


def as_charx(card: Card) -> bytes:
    """The card as CHARX with its assets."""
    return charx.write(
        to_json(as_v3(card)), {name: data for name, data in card.assets.items() if charx.safe_path(name)}
    )


def blank_picture() -> bytes:
    """A small picture for cards that came without one."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 96), (35, 32, 90)).save(out, "PNG")
    return out.getvalue()

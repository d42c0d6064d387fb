"""Makes a card of a character: what a card knows goes into its fields, everything of ours into extensions and assets.

A character that came from a card keeps that card's document: unknown fields go back as they came.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from characters.cards.convert import EXTENSION
from characters.cards.model import Card, CardError
from characters.cards.reading import card_of
from characters.cards.writing import as_charx, as_png, as_v2, as_v3, to_json
from characters.definition import Definition
from characters.persona.speech import TAG, fill

_PART = {".vrm": "x_limelight_vrm", ".toml": "x_limelight_song", ".vrma": "x_limelight_clip"}
MAX_ASSET = 50_000_000


def card_from(definition: Definition) -> Card:
    """A V3 card of a loaded character, with its parts as assets."""
    brought = _brought(definition)
    document: dict[str, Any] = as_v3(brought) if brought is not None else {
        "spec": "chara_card_v3", "spec_version": "3.0", "data": {},
    }  # fmt: skip
    card = Card(document, 3, "charx", dict(brought.assets) if brought else {}, brought.image if brought else b"")
    data = document["data"]
    if brought is None:
        data |= _fields(definition)
    extensions = data.setdefault("extensions", {})
    extensions[EXTENSION] = {
        name: text for name in ("character.toml", "lines.toml", "lore.toml") if (text := _file(definition, name))
    }
    _parts(definition, card)
    return card


def _brought(definition: Definition) -> Card | None:
    """The card a character was made from, with its assets; None when there is none."""
    folder = definition.folder
    if folder is None or not (folder / "card.json").is_file():
        return None
    card = card_of((folder / "card.json").read_bytes(), folder / "card.json")
    beside = folder / "card"
    for path in sorted(beside.rglob("*")) if beside.is_dir() else []:
        name = path.relative_to(beside).as_posix()
        if not path.is_file() or path.is_symlink() or path.stat().st_size > MAX_ASSET or name == "container":
            continue
        if name in ("picture.png", "picture.jpg"):
            card.image = path.read_bytes()
        else:
            card.assets[name] = path.read_bytes()
    return card


def _file(definition: Definition, name: str) -> str:
    path = definition.folder / name if definition.folder else None
    return path.read_text("utf-8") if path is not None and path.is_file() else ""


def _spoken(line: str) -> str:
    return fill(
        TAG.sub("", line), {"fan": "{{user}}", "topic": "something", "song": "my song", "count": "many"}
    ).strip()


def _fields(definition: Definition) -> dict[str, Any]:
    """The fields of a card for a character of our own."""
    who, persona, prompt = definition.identity, definition.persona, definition.prompt
    openings = [_spoken(line.say) for line in definition.situations.get("opening", [])]
    examples = list(prompt.examples)
    for intention in definition.intentions.values():
        if len(examples) >= 12:
            break
        if intention.hears and intention.lines:
            examples.append(f"{{{{user}}}}: {intention.hears[0]}\n{{{{char}}}}: {_spoken(intention.lines[0].say)}")
    entries = [
        {
            "keys": entry.keys, "content": entry.tells or " ".join(_spoken(say) for say in entry.says), "extensions": {},
            "enabled": entry.enabled, "insertion_order": entry.order or number, "use_regex": entry.regex, "constant": entry.constant,
            **({"secondary_keys": entry.secondary, "selective": True} if entry.secondary else {}),
            **({"priority": entry.priority} if entry.priority is not None else {}),
        }
        for number, entry in enumerate(definition.lore)
    ]  # fmt: skip
    return {
        "name": who.name, "description": persona.description or who.tagline, "personality": persona.personality,
        "scenario": prompt.scenario or f"{who.name} performs live on a stage, for fans who write to them.",
        "first_mes": openings[0] if openings else f"Hello, I'm {who.name}.", "mes_example": "".join(f"<START>\n{e}\n" for e in examples),
        "creator_notes": f"Made with Limelight. {who.tagline}".strip(), "system_prompt": prompt.system,
        "post_history_instructions": prompt.after_history, "alternate_greetings": openings[1:], "group_only_greetings": [],
        "tags": [*definition.music.styles, "limelight"], "creator": who.creator, "character_version": who.version, "extensions": {},
        "character_book": {"name": f"What {who.name} knows", "extensions": {}, "entries": entries},
    }  # fmt: skip


def _parts(definition: Definition, card: Card) -> None:
    """Body, songs and clips as assets."""
    folder, listed = definition.folder, card.data.setdefault("assets", [])
    if not isinstance(listed, list):
        listed = card.data["assets"] = []
    if not listed:
        listed.append({"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"})
    if folder is None:
        return
    known = {item.get("uri") for item in listed if isinstance(item, dict)}
    for path in [folder / "avatar.vrm", *sorted(folder.glob("songs/*.toml")), *sorted(folder.glob("clips/*.vrma"))]:
        if not path.is_file():
            continue
        if path.stat().st_size > MAX_ASSET:
            raise CardError(path, "", f"is larger than {MAX_ASSET:,} bytes", "leave it out or make it smaller")
        inside = f"assets/limelight/{path.relative_to(folder).as_posix()}"
        content = path.read_bytes()
        if content in card.assets.values():
            continue  # it came with the card and goes back as it came
        card.assets[inside] = content
        uri = f"embeded://{inside}"
        if uri not in known:
            kind = _PART[path.suffix.lower()]
            listed.append({"type": kind, "uri": uri, "name": path.stem, "ext": path.suffix[1:]})


def written(card: Card, path: Path, spec: int = 0, picture: bytes = b"") -> bytes:
    """The bytes for a file of that name: ``.json``, ``.png`` or ``.charx``; ``spec`` 2 or 3 (default 3)."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        return to_json(as_v2(card) if spec == 2 else as_v3(card))
    if suffix == ".charx":
        if spec == 2:
            raise CardError(path, "", "CHARX holds V3 cards only", "leave --spec out, or write .png or .json")
        return as_charx(card)
    if suffix == ".png":
        base = picture or (card.image if card.image[:4] == b"\x89PNG" else b"")
        return as_png(Card(as_v2(card), 2, "png", card.assets) if spec == 2 else card, base)
    raise CardError(path, "", "cards end in .json, .png or .charx", "choose one of these")


def same_meaning(one: Card, other: Card) -> bool:
    """Whether two cards say the same, apart from our own extension and its assets."""
    return _bare(one) == _bare(other)


def _bare(card: Card) -> str:
    document = copy.deepcopy(as_v3(card))
    data = document["data"]
    data["extensions"].pop(EXTENSION, None)
    assets = data.get("assets")
    if isinstance(assets, list):
        data["assets"] = [
            a for a in assets if not (isinstance(a, dict) and str(a.get("type", "")).startswith("x_limelight_"))
        ]
        if data["assets"] == [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}]:
            data["assets"] = []
    data.setdefault("assets", [])
    return json.dumps(document, sort_keys=True)

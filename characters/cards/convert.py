"""Makes a performer of a card: the files of a character folder, all of them to be edited, nothing fetched, nothing run.

The card's own document stays whole in ``card.json`` (with its assets under ``card/``), so that an export gives back what
was brought. What is spoken passes the guard; what tries to command the machine is left out and named.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

from characters.cards import fit, toml
from characters.cards.charx import safe_path
from characters.cards.decorators import parse
from characters.cards.lorebook import book_of
from characters.cards.macros import Macros
from characters.cards.model import Card
from characters.cards.speak import gesture_of, own_words, sentences
from characters.cards.writing import to_json
from characters.guard import Guard

EXTENSION = "limelight/character"
"""Key of our own data in a card's ``extensions``."""
MAX_LORE = 1_000
MAX_FIELD = 4_000
GLTF = b"glTF"
_ORIGINAL = re.compile(r"\{\{\s*original\s*\}\}", re.I)


class Performer:
    """The files a card becomes, by path inside the folder, and what its owner should know."""

    def __init__(self, card: Card, own: bool = True) -> None:
        self.card = card
        self.warnings = list(card.warnings)
        self.files: dict[str, bytes] = {}
        self._macros = Macros(card.char, "everyone", random.Random("import"), "import")
        self._guard = Guard()
        self._macros.char = self._name()
        self._build(own)

    def _build(self, use_ours: bool) -> None:
        own = self.card.extensions.get(EXTENSION)
        own = own if use_ours and isinstance(own, dict) else {}
        for name in ("character.toml", "lines.toml", "lore.toml"):
            if isinstance(own.get(name), str) and self._ours(name, own[name]):
                self.files[name] = own[name].encode("utf-8", "ignore")
        if "character.toml" not in self.files:
            text = fit.text_of(self.card)
            temper = fit.temper(text)
            self._put("character.toml", toml.tables(self._character(text, temper)))
            self._put("lines.toml", toml.tables(self._lines(temper["name"])))
            lore = self._lore()
            if lore:
                self._put("lore.toml", toml.array("lore", lore))
        self.files["card.json"] = to_json(self.card.document)
        self._assets()

    def _ours(self, name: str, text: str) -> bool:
        """Whether our own file came with the card and can be used; a stranger may have changed it."""
        if len(text) > 900_000:
            self.warnings.append(f"extensions.{EXTENSION}: {name} is too long and was not used")
            return False
        return True

    def _put(self, name: str, text: str) -> None:
        note = "# Made from a character card; everything here may be changed.\n\n"
        self.files[name] = (note + text).encode("utf-8")

    # ---- character.toml ---------------------------------------------------------------------------------
    def _field(self, key: str) -> str:
        """A field for the prompt; orders to the machine are left out line by line and named."""
        kept, dropped = [], 0
        text = _ORIGINAL.sub(" ", self._macros(self.card.text(key)))[: MAX_FIELD * 2]
        for line in text.splitlines():
            if self._commands(line):
                dropped += 1
            elif line.strip():
                kept.append(" ".join(line.split()))
        if dropped:
            self.warnings.append(f"{key}: {dropped} lines command the machine or cannot be on a stage; left out")
        return "\n".join(kept)[:MAX_FIELD]

    def _character(self, text: str, temper: dict[str, Any]) -> dict[str, dict[str, Any]]:
        card, who = self.card, fit.pronouns(text)
        voice = fit.table()["voices"][who] | temper["voice"]
        description, personality = self._field("description"), self._field("personality")
        told = sentences(description or personality, self._macros, 1)
        examples = [
            part.strip() for part in re.split(r"<start>", self._field("mes_example"), flags=re.I) if part.strip()
        ]
        return {
            "identity": {
                "name": self._macros.char,
                "tagline": told[0][:200] if told else "",
                "pronouns": {"he": "he/him", "she": "she/her", "they": "they/them"}[who],
                "creator": card.text("creator")[:100], "version": card.text("character_version")[:40] or "1.0",
            },
            "persona": {
                "description": description, "personality": personality,
                "manners": ["Speaks in short, speakable sentences.", "Says plainly that it is an AI when asked."],
                "never": ["claims to be human", "asks for gifts or money", "repeats private data"],
                "brain": "embedded", "traits": temper["traits"], "wording": "shaped",
            },
            "voice": voice,
            "music": temper["music"] | {"themes": fit.themes(text, card.char)},
            "look": fit.look(text, temper["stage"]["palette"]),
            "stage": temper["stage"],
            "rules": {"politics": "decline", "rating": "everyone"},
            "prompt": {
                "system": self._field("system_prompt"),
                "scenario": self._field("scenario"),
                "after_history": self._field("post_history_instructions"),
                "examples": [example[:1_000] for example in examples[:20]],
            },
            "credits": {"card": f"{card.name} by {card.text('creator') or 'an unnamed creator'}"[:200]}
            | ({"source": ", ".join(card.texts("source"))[:400]} if card.texts("source") else {}),
        }  # fmt: skip

    # ---- lines.toml -------------------------------------------------------------------------------------
    def _may_say(self, said: str) -> bool:
        return self._guard.say(said).clear and not self._commands(said)

    def _commands(self, text: str) -> bool:
        found = self._guard.hear("card", text)
        self._guard.forget("card")
        return found.ruling == "injection" or found.kind in ("hate", "minor", "threat")

    def _name(self) -> str:
        name = " ".join(re.sub(r"[<>\[\]{}|`#*\\]+", " ", self.card.char).split())[:60]
        if name and not self._commands(self.card.char):
            return name
        self.warnings.append("name: cannot be said on a stage; she is called Unnamed")
        return "Unnamed"

    def _lines(self, temper: str) -> dict[str, dict[str, Any]]:
        starter = fit.starter_lines()[temper]
        situations: dict[str, Any] = {name: list(lines) for name, lines in starter["situations"].items()}
        openings = []
        for opening in self.card.openings[:20]:
            found = [said for said in sentences(opening, self._macros, 3) if self._may_say(said)]
            if found:
                openings.append((gesture_of(opening) + " ".join(found))[:400])
        situations["opening"] = openings or situations["opening"]
        if self.card.openings and not openings:
            self.warnings.append("first_mes: nothing of it can be spoken on a stage; standard openings are used")
        document: dict[str, dict[str, Any]] = {"situations": situations}
        for name, lines in starter["intentions"].items():
            document[f"intentions.{name}"] = {"lines": list(lines)}
        document |= self._examples()
        return document

    def _examples(self) -> dict[str, dict[str, Any]]:
        """Example dialogue as intentions: what the fan says there is heard, what she says is said."""
        out: dict[str, dict[str, Any]] = {}
        macros = Macros("\ue010", "\ue011")
        asked = ""
        for line in macros(self.card.text("mes_example"))[:40_000].splitlines():
            speaker, colon, words = line.partition(":")
            if not colon:
                continue
            if "\ue011" in speaker:
                asked = " ".join(words.split())[:200]
            elif "\ue010" in speaker and asked and len(out) < 60:
                words = words.replace("\ue010", self._macros.char).replace("\ue011", "my friend")
                said = [part for part in sentences(words, self._macros, 2) if self._may_say(part)]
                if said and len(asked.split()) <= 20:
                    number = len(out) + 1
                    out[f"intentions.example_{number}"] = {"hears": [asked], "lines": [" ".join(said)[:400]]}
                asked = ""
        return out

    # ---- lore.toml --------------------------------------------------------------------------------------
    def _lore(self) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        book = book_of(self.card.book)
        if len(book.entries) > MAX_LORE:
            self.warnings.append(f"character_book: {len(book.entries):,} entries; the first {MAX_LORE:,} are used")
        for entry in book.entries[:MAX_LORE]:
            content = self._macros(parse(entry.body.content).content)[:2_000]
            if self._commands(content):
                self.warnings.append(f"character_book entry {entry.index + 1}: commands the machine; left out")
                continue
            says = [
                own_words(own_words(part, self.card.char), self.card.name)
                for part in sentences(content, self._macros, 3)
                if self._may_say(part)
            ]
            keys = list(entry.keys[:50]) if not entry.patterns else [key for key in entry.keys[:50] if len(key) < 400]
            if not content.strip() or not (keys or entry.constant) or not (says or content.strip()):
                continue
            out.append({
                "keys": [key[:200] for key in keys], "says": [said[:400] for said in says], "tells": content,
                "secondary": [key[:200] for key in entry.secondary[:50]] if entry.selective else [],
                **({"decorators": list(entry.body.lines)} if entry.body.lines else {}),
                **({"constant": True} if entry.constant else {}), **({"regex": True} if entry.patterns else {}),
                **({} if entry.enabled else {"enabled": False}), "order": float(entry.order),
                **({"priority": float(entry.priority)} if entry.priority is not None else {}),
            })  # fmt: skip
        return out

    # ---- assets -----------------------------------------------------------------------------------------
    def _assets(self) -> None:
        """Assets beside the card; a VRM becomes the body, song and clip files of ours go where they belong."""
        for name, content in sorted(self.card.assets.items()):
            inside = name.removeprefix("__asset:").lstrip(":/") or "asset"
            if not safe_path(inside):
                self.warnings.append(f"asset {name[:60]!r}: its name leads out of the folder; left out")
                continue
            self.files[f"card/{inside}"] = content
            low = inside.lower()
            if low.endswith(".vrm") and "avatar.vrm" not in self.files:
                if content[:4] == GLTF:
                    self.files["avatar.vrm"] = content
                else:
                    self.warnings.append(f"asset {inside}: is no VRM; the body is built from [look]")
            match = re.fullmatch(r"(?:.*/)?(songs|clips)/([A-Za-z0-9 _-]{1,60}\.(?:toml|vrma))", inside)
            if match and (match[1] == "songs") == low.endswith(".toml"):
                self.files[f"{match[1]}/{match[2]}"] = content
        outside = [item["uri"] for item in self.card.listed_assets if re.match(r"https?:", item["uri"], re.I)]
        if outside:
            self.warnings.append(f"{len(outside)} assets lie on the network; they are never fetched")
        if self.card.image:
            suffix = "png" if self.card.image[:4] == b"\x89PNG" else "jpg"
            self.files[f"card/picture.{suffix}"] = self.card.image
        self.files["card/container"] = json.dumps({"container": self.card.container, "spec": self.card.spec}).encode()

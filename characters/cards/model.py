"""A character card as it was read: the whole document, untouched, and a typed view that never fails on odd values.

Formats: V1 and V2 (``malfoyslastname/character-card-spec-v2``), V3 (``kwaroran/character-card-spec-v3``), CHARX. The
document is kept as it came, so that what we do not know survives; everything here only looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

V1_FIELDS = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
MAX_FIELD = 1_000_000
"""Characters of one text field that are looked at."""
MAX_LIST = 10_000


class CardError(ValueError):
    """A card cannot be used. ``str()`` is one line: file, place, what is wrong, remedy."""

    def __init__(self, file: object, place: str, problem: str, remedy: str) -> None:
        self.place, self.problem, self.remedy = place, problem, remedy
        where = f"{file}: {place}" if place else str(file)
        super().__init__(" ".join(f"{where}: {problem}; {remedy}".split())[:600])


@dataclass(slots=True)
class Card:
    """One card. ``document`` is the JSON object as read; ``assets`` are embedded files by their path in the archive."""

    document: dict[str, Any]
    spec: int
    """1, 2 or 3."""
    container: str = "json"
    """json, png or charx: what it came in."""
    assets: dict[str, bytes] = field(default_factory=dict)
    image: bytes = b""
    """The PNG it was in, or the picture before the archive; empty otherwise."""
    warnings: list[str] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """The fields of the card: ``data`` from V2 on, the root before."""
        inner = self.document.get("data")
        return inner if self.spec > 1 and isinstance(inner, dict) else self.document

    def text(self, key: str) -> str:
        """A text field; empty when it is missing, null or something else."""
        return as_text(self.data.get(key))

    def texts(self, key: str) -> list[str]:
        """A list of texts; what is not text is left out."""
        return as_texts(self.data.get(key))

    @property
    def name(self) -> str:
        """The card's name, or ``Unnamed``."""
        return self.text("name").strip() or "Unnamed"

    @property
    def char(self) -> str:
        """What ``{{char}}`` stands for: the nickname (V3) or the name."""
        return (self.text("nickname").strip() if self.spec >= 3 else "") or self.name

    @property
    def openings(self) -> list[str]:
        """``first_mes`` and the alternate greetings, those with words."""
        return [text for text in (self.text("first_mes"), *self.texts("alternate_greetings")) if text.strip()]

    @property
    def book(self) -> dict[str, Any]:
        """The lorebook, empty when there is none."""
        found = self.data.get("character_book")
        return found if isinstance(found, dict) else {}

    @property
    def extensions(self) -> dict[str, Any]:
        """Data of applications."""
        found = self.data.get("extensions")
        return found if isinstance(found, dict) else {}

    @property
    def listed_assets(self) -> list[dict[str, str]]:
        """``assets`` of a V3 card (``type``, ``uri``, ``name``, ``ext``); the default icon when it lists none."""
        found = self.data.get("assets")
        items = found[:MAX_LIST] if isinstance(found, list) else []
        out = [
            {key: as_text(item.get(key)) for key in ("type", "uri", "name", "ext")}
            for item in items
            if isinstance(item, dict)
        ]
        return out or [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}]

    def asset_bytes(self, uri: str) -> bytes | None:
        """What an asset's address holds inside the card; None for anything outside (never fetched)."""
        for scheme in ("embeded://", "embedded://"):  # the standard's own spelling and the right one
            if uri.startswith(scheme):
                return self.assets.get(uri[len(scheme) :])
        if uri.startswith("__asset:"):
            return self.assets.get(uri)
        return self.image or None if uri == "ccdefault:" else None


def as_text(value: Any) -> str:
    """Text of any JSON value: text as it is, numbers in figures, anything else nothing."""
    if isinstance(value, str):
        return value[:MAX_FIELD]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)


def as_texts(value: Any) -> list[str]:
    """The texts of a list; a single text counts as a list of one."""
    if isinstance(value, str):
        return [value[:MAX_FIELD]]
    return [item[:MAX_FIELD] for item in value[:MAX_LIST] if isinstance(item, str)] if isinstance(value, list) else []


def as_number(value: Any, default: float) -> float:
    """A finite number of any JSON value."""
    if isinstance(value, str):
        try:
            value = float(value[:40])
        except ValueError:
            return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return float(value) if abs(value) < 1e15 else default  # also false for NaN


def as_flag(value: Any, default: bool) -> bool:
    """A truth value of any JSON value."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes")
    return default

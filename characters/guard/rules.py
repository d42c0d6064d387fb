"""Patterns of the guard, read once from ``data/patterns.toml`` and ``data/injection.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from characters.guard.fold import DATA


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of trouble: ``folded`` is matched on the folded text, ``native`` on the text as it is written."""

    kind: str
    side: str
    sure: float
    folded: re.Pattern[str] | None
    native: re.Pattern[str] | None


def _joined(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    # Texts are compared in their compatibility form (Thai sara am, wide letters), so patterns are too.
    return re.compile(unicodedata.normalize("NFKC", "|".join(f"(?:{pattern})" for pattern in patterns)), re.I)


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


@cache
def rules(side: str) -> tuple[Rule, ...]:
    """Rules for ``in`` (fans) or ``out`` (her own lines), surest first."""
    found = [
        Rule(
            item["kind"],
            item["side"],
            float(item["sure"]),
            _joined(item.get("any", [])),
            _joined(item.get("native", [])),
        )
        for item in _document("patterns.toml")["rule"]
        if item["side"] in (side, "both")
    ]
    return tuple(sorted(found, key=lambda rule: -rule.sure))


@cache
def orders() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """(folded, native) patterns of orders to the machine."""
    document = _document("injection.toml")
    pairs = [
        pattern
        for pair in document["pairs"]
        for pattern in (
            rf"\b(?:{pair['verbs']})\b.{{0,40}}?\b(?:{pair['nouns']})",
            rf"\b(?:{pair['nouns']})\b.{{0,24}}?\b(?:{pair['verbs']})\b",
        )
    ]
    # English nouns before the verb make ordinary sentences ("the rules forget us"), so that order is left out there.
    folded, native = _joined([*document["any"], pairs[0], *pairs[2:]]), _joined(document["native"])
    assert folded is not None
    assert native is not None
    return folded, native


@cache
def stems() -> tuple[str, ...]:
    """Pieces of words of which every order holds at least one: a quick look before the patterns are asked."""
    return tuple(_document("injection.toml")["stems"])

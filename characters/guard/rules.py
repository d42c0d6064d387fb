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
    """One kind of trouble: ``folded`` is matched on the folded text, :meth:`native` on the text as it is written."""

    kind: str
    side: str
    sure: float
    folded: re.Pattern[str] | None
    written: tuple[str, ...] = ()

    def native(self, text: str) -> bool:
        """Whether a text with letters beyond ASCII, as :func:`characters.guard.fold.visible` leaves it, is of this kind."""
        pattern = None if text.isascii() else _native(self.written)
        return pattern is not None and pattern.search(text) is not None


@cache
def _native(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """Compiled for the first text that is not ASCII."""
    return _joined(list(patterns), re.I)


def _joined(patterns: list[str], flags: int = 0) -> re.Pattern[str] | None:
    if not patterns:
        return None
    # Texts are compared in their compatibility form (Thai sara am, wide letters), so patterns are too. Folded texts
    # are in lower case, as are their patterns: to compile those for either case would take twice the time.
    return re.compile(unicodedata.normalize("NFKC", "|".join(f"(?:{pattern})" for pattern in patterns)), flags)


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
            tuple(item.get("native", [])),
        )
        for item in _document("patterns.toml")["rule"]
        if item["side"] in (side, "both")
    ]
    return tuple(sorted(found, key=lambda rule: -rule.sure))


@cache
def orders() -> re.Pattern[str]:
    """Pattern of orders to the machine in a folded text; asked where one of the :func:`stems` was found."""
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
    folded = _joined([*document["any"], pairs[0], *pairs[2:]])
    assert folded is not None
    return folded


@cache
def native_orders() -> re.Pattern[str]:
    """Pattern of orders in a text as it is written, for scripts that are not Latin."""
    native = _joined(_document("injection.toml")["native"], re.I)
    assert native is not None
    return native


@cache
def stems() -> tuple[str, ...]:
    """Pieces of words of which every order holds at least one: a quick look before the patterns are asked."""
    return tuple(_document("injection.toml")["stems"])


def compile_all() -> None:
    """Compiles every pattern now instead of when it is first needed, as a show must."""
    for side in ("in", "out"):
        for rule in rules(side):
            _native(rule.written)
    orders(), native_orders(), stems()

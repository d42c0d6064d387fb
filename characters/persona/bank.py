"""Data shipped for every character: what fans write (``data/hears.toml``), rules, slang and unsafe words."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that decides an intent before retrieval; named groups become slots."""

    intent: str
    pattern: re.Pattern[str]
    confidence: float


@cache
def _document(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


@cache
def rules() -> tuple[Rule, ...]:
    """Critical rules in the order they are tried, then ordinary ones."""
    # Texts come in lower case and so are the patterns: compiling them for either case takes twice the time.
    return tuple(
        Rule(item["intent"], re.compile(pattern), item.get("confidence", 0.97))
        for item in _document("rules.toml")["rule"]
        for pattern in item["patterns"]
    )


@cache
def hears() -> dict[str, list[str]]:
    """Things fans write, by intent; shared by all characters."""
    return dict(_document("hears.toml"))


@cache
def safety() -> dict[str, list[str]]:
    """Lines for intents that must not go wrong, for characters without their own."""
    return dict(_document("safety.toml"))


@cache
def slang() -> dict[str, str]:
    """Chat spellings and their plain words (``u`` -> ``you``)."""
    return dict(_document("slang.toml")["slang"])


@cache
def empty_topics() -> frozenset[str]:
    """Words that look like a song topic and are none ("sing something")."""
    return frozenset(_document("slang.toml")["empty_topics"])


@cache
def emoji() -> dict[str, str]:
    """Emoji and the intent they carry when they stand alone."""
    return {char: intent for intent, chars in _document("slang.toml")["emoji"].items() for char in chars}


@cache
def shape() -> dict[str, Any]:
    """Short sentences that make a trait or a mood heard (``data/shape.toml``)."""
    return _document("shape.toml")


@cache
def unsafe_pattern() -> re.Pattern[str]:
    """Words she will not take into her mouth as a name or a song topic."""
    document = _document("unsafe.toml")
    whole = "|".join(re.escape(word) for word in document["whole"])
    part = "|".join(re.escape(word) for word in document["part"])
    return re.compile(rf"\b(?:{whole})\b|(?:{part})")

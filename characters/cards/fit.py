"""Chooses voice, music, stage and look that fit what a card says; every choice stands in the files, to be edited."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from characters.cards.model import Card

DATA = Path(__file__).parent / "data"
_STOP = frozenset(
    [
        "about",
        "after",
        "again",
        "all",
        "also",
        "always",
        "and",
        "another",
        "any",
        "are",
        "around",
        "away",
        "back",
        "been",
        "before",
        "being",
        "both",
        "but",
        "came",
        "can",
        "char",
        "could",
        "did",
        "does",
        "down",
        "each",
        "even",
        "ever",
        "every",
        "feel",
        "first",
        "for",
        "from",
        "get",
        "gives",
        "goes",
        "had",
        "has",
        "have",
        "having",
        "her",
        "here",
        "him",
        "his",
        "how",
        "into",
        "is",
        "its",
        "itself",
        "just",
        "keep",
        "know",
        "like",
        "lives",
        "made",
        "make",
        "many",
        "more",
        "most",
        "much",
        "must",
        "name",
        "never",
        "not",
        "nothing",
        "now",
        "off",
        "often",
        "one",
        "only",
        "open",
        "other",
        "our",
        "out",
        "over",
        "own",
        "people",
        "person",
        "place",
        "really",
        "said",
        "same",
        "says",
        "see",
        "seems",
        "seen",
        "she",
        "should",
        "since",
        "singer",
        "sings",
        "so",
        "some",
        "something",
        "stage",
        "still",
        "such",
        "take",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "through",
        "time",
        "too",
        "under",
        "until",
        "upon",
        "use",
        "used",
        "user",
        "very",
        "want",
        "was",
        "way",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whose",
        "will",
        "with",
        "would",
        "years",
        "you",
        "your",
        "lumi",
        "talk",
        "speaks",
        "speak",
        "personality",
        "likes",
        "loves",
        "hates",
        "appearance",
        "character",
    ]
)


@cache
def table() -> dict[str, Any]:
    """``data/fit.toml``."""
    return tomllib.loads((DATA / "fit.toml").read_text(encoding="utf-8"))


@cache
def starter_lines() -> dict[str, Any]:
    """``data/lines.toml``: lines for every moment, by temper."""
    return tomllib.loads((DATA / "lines.toml").read_text(encoding="utf-8"))


def text_of(card: Card) -> str:
    """What the choices are made from."""
    parts = [card.text(key)[:20_000] for key in ("description", "personality", "scenario", "first_mes")]
    return " ".join([*parts, *card.texts("tags")[:50]]).lower()


def temper(text: str) -> dict[str, Any]:
    """The temper most of whose words stand in the text; the first (lively) when none does."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    found: dict[str, Any] = max(table()["temper"], key=lambda item: len(words.intersection(item["words"])))
    return found


def pronouns(text: str) -> str:
    """he, she or they, by which pronouns the text uses most."""
    counts = {
        "she": len(re.findall(r"\b(?:she|her|hers|girl|woman|female)\b", text)),
        "he": len(re.findall(r"\b(?:he|him|his|boy|man|male)\b", text)),
    }
    if not any(counts.values()):
        return "she"
    return max(counts, key=lambda key: counts[key])


def look(text: str, palette: list[str]) -> dict[str, Any]:
    """A look for the wardrobe: colours that stand beside *hair* and *eyes*, hair style, outfit, height."""
    chosen: dict[str, Any] = {"palette": palette}
    if re.search(r"\b(?:robot|android|automaton|mech)\b", text):
        chosen["base"] = "robot"
    colours = table()["colours"]
    words = "|".join(sorted(colours, key=len, reverse=True))
    for key, noun in (("hair", "hair|locks|braids?"), ("eyes", "eyes?")):
        near = r"(?:[ ,-]+(?!hair|locks|eyes?|and|with)[a-z]+){0,2}[ ,-]+"
        match = re.search(
            rf"\b({words})\b{near}(?:{noun})\b|\b(?:{noun})\b(?: (?:is|are|of|in))?[ :]+({words})\b", text
        )
        if match:
            chosen[key] = colours[match[1] or match[2]]
    if "hair" in chosen:
        chosen["hair_tips"] = _lighter(chosen["hair"])
    for word, style in table()["hair"].items():
        if re.search(
            rf"\b{re.escape(word)}\b[\w\s,-]{{0,30}}\b(?:hair|locks)\b|\bhair\b[\w\s,-]{{0,20}}\b{re.escape(word)}\b",
            text,
        ):
            chosen["hair_style"] = style
            break
    for word, outfit in table()["outfit"].items():
        if re.search(rf"\b{re.escape(word)}\b", text):
            chosen["outfit"] = outfit
            break
    tall = re.search(r"\b(1[3-9]\d|20\d) ?cm\b", text)
    if tall:
        chosen["height"] = round(int(tall[1]) / 100, 2)
    return chosen


def _lighter(colour: str) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * 0.35):02x}" for part in parts)


def themes(text: str, name: str) -> list[str]:
    """Concrete words for her songs: the longer nouns of the text, most frequent first."""
    counts: dict[str, int] = {}
    for word in re.findall(r"[a-z]{4,14}", text):
        if word not in _STOP and word != name.lower() and not word.endswith(("ing", "ly", "ed")):
            counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts, key=lambda word: (-counts[word], -len(word), word))
    return ranked[:12]

"""When are two chat lines the same question? Plain word sets, no model: quick enough for a flood.

A line is reduced to its *gist*: lower case, accents and repeated letters folded, filler words dropped, plural and
verb endings cut. Two gists are alike when their Jaccard index reaches :data:`ALIKE`. Scripts written without
spaces are compared by pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

ALIKE = 0.6
"""Jaccard index from which two lines count as the same question."""
LONGEST = 300
"""Characters looked at."""

Gist = frozenset[str]

_WORD = re.compile(r"\w+", re.UNICODE)
_REPEATED = re.compile(r"(.)\1{2,}")
_ENDINGS = ("ings", "ing", "ies", "es", "ed", "s")


def _fillers() -> frozenset[str]:
    text = files("stage.director").joinpath("fillers.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


FILLERS = _fillers()
"""Words that say nothing about what is asked."""


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if len(word) - len(ending) >= 3 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def _spaceless(word: str) -> bool:
    return any("\u3040" <= char <= "\u9fff" or "\u0e00" <= char <= "\u0e7f" for char in word)


def gist(text: str) -> Gist:
    """The content words of a line (empty when it has none: emoji, punctuation, fillers only)."""
    folded = unicodedata.normalize("NFKD", text[:LONGEST].casefold())
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    found: set[str] = set()
    for word in _WORD.findall(_REPEATED.sub(r"\1", folded.replace("'", ""))):
        if _spaceless(word):
            found.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in FILLERS:
            found.add(_stem(word))
    return frozenset(found)


def alike(a: Gist, b: Gist) -> bool:
    """Whether two gists ask the same."""
    if not a or not b:
        return False
    common = len(a & b)
    return common >= ALIKE * (len(a) + len(b) - common)

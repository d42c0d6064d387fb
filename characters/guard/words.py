"""Word lists: ``data/words.txt`` (rot13) by kind, less the innocent words and phrases that hold them."""

from __future__ import annotations

import codecs
import re
from functools import cache, lru_cache

from characters.guard.fold import DATA, together, words

_RUN = re.compile(r"(.)\1{2,}")
_RUNS = re.compile(r"(.)\1+")


@cache
def _lists() -> tuple[dict[str, str], dict[str, str]]:
    """(kind by whole word, kind by part of a word)."""
    whole: dict[str, str] = {}
    part: dict[str, str] = {}
    kind = place = ""
    for line in (DATA / "words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind, _, place = line.strip("[]").partition(".")
        elif line and not line.startswith("#"):
            (whole if place == "whole" else part)[codecs.decode(line, "rot13")] = kind
    return whole, part


@cache
def _parts() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _lists()[1]), key=len, reverse=True)))


@cache
def _innocent() -> frozenset[str]:
    text = (DATA / "innocent_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _phrases() -> re.Pattern[str]:
    lines = (DATA / "innocent_phrases.txt").read_text(encoding="utf-8").splitlines()
    return re.compile(
        r"\b(?:" + "|".join(re.escape(line) for line in lines if line and not line.startswith("#")) + r")\b"
    )


def without_innocent(folded: str) -> str:
    """A folded text without the phrases that hold a listed word and mean no harm."""
    return _phrases().sub(" ", folded)


def listed(folded: str) -> set[str]:
    """Kinds of the listed words in a folded text (:func:`characters.guard.fold.skeleton`)."""
    parts = words(without_innocent(folded))
    found = {kind for word in parts if (kind := _kind(word))}
    whole = _lists()[0]
    for word in together(parts):
        kind = whole.get(word) or _lists()[1].get(word, "")
        if kind and len(word) > 3:
            found.add(kind)
    return found


@lru_cache(maxsize=8192)
def _kind(word: str) -> str:
    """The kind of one word, empty when it is listed nowhere."""
    if word in _innocent():
        return ""
    whole, _ = _lists()
    spellings = dict.fromkeys((word, _RUN.sub(r"\1", word), _RUN.sub(r"\1\1", word)))
    for spelling in spellings:
        if spelling in _innocent():
            return ""
        if spelling in whole:
            return whole[spelling]
        if match := _parts().search(spelling):
            return _lists()[1][match.group()]
    single = _RUNS.sub(r"\1", word)
    if len(single) > 3 and single != word and single not in _innocent() and (match := _parts().search(single)):
        return _lists()[1][match.group()]
    return ""

"""Text as it is written, made fit to be read aloud: bounded, ASCII, one spoken word or more per written one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from audio.voice import lexicon

LIMIT = 1200
"""Characters of a line that are read; the rest is left out."""
_CLAUSE_WORDS = 24
_ENDS = ".?!;:…"
_WHITE = re.compile(r"\s+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_LONG = re.compile(r"(.)\1{2,}")
_MARKS = {"&": " and ", "%": " percent ", "+": " plus ", "=": " equals ", "@": " at ", "♥": "", "°": " degrees "}


@dataclass(frozen=True, slots=True)
class Clause:
    """What is said in one go."""

    words: tuple[str, ...]
    """As written, for captions."""
    spoken: str
    """What the bank reads: ASCII tokens between single blanks."""
    owners: tuple[int, ...]
    """For each token of ``spoken``, the word it belongs to."""
    end: str
    """Punctuation it ends with, ``""`` where a long sentence was cut."""


def clauses(text: str) -> tuple[Clause, ...]:
    """A line cut at sentence ends, and long sentences at commas."""
    text = _WHITE.sub(" ", _LINK.sub(" link ", text[: LIMIT * 2])).strip()[:LIMIT]
    found: list[Clause] = []
    words: list[str] = []
    spoken: list[list[str]] = []
    for written in text.split(" "):
        said = _spoken(written)
        if not said:
            # Bare punctuation ends what came before it; emoji and the like are silent.
            if words and written[-1:] in tuple(_ENDS):
                found.append(_clause(words, spoken, written[-1]))
                words, spoken = [], []
            continue
        words.append(written)
        spoken.append(said)
        end = next((c for c in reversed(written) if c.isalnum() or c in _ENDS + ","), "")
        full = end in _ENDS and end and not _abbreviation(written)
        if full or (len(words) >= 8 and end == ",") or len(words) >= _CLAUSE_WORDS:
            found.append(_clause(words, spoken, end if not end.isalnum() else ""))
            words, spoken = [], []
    if words:
        found.append(_clause(words, spoken, "."))
    return tuple(found)


def _clause(words: list[str], spoken: list[list[str]], end: str) -> Clause:
    tokens: list[str] = []
    owners: list[int] = []
    for i, said in enumerate(spoken):
        comma = "," if words[i].rstrip("\"')”’*_").endswith((",", ";", ":", "—")) and i + 1 < len(spoken) else ""
        tokens += [*said[:-1], said[-1] + comma]
        owners += [i] * len(said)
    return Clause(tuple(words), " ".join(tokens), tuple(owners), "." if end == "…" else end)


def _spoken(written: str) -> list[str]:
    """ASCII tokens of one written word, each with a letter or digit in it."""
    for mark, name in _MARKS.items():
        if mark in written and len(written) > 1:
            written = written.replace(mark, name)
    plain = unicodedata.normalize("NFKD", written.replace("’", "'").replace("‘", "'"))
    plain = "".join(c if " " <= c <= "~" else "-" if unicodedata.category(c) == "Pd" else "" for c in plain)
    money = re.fullmatch(r"\W*(\$\d[\d,.]*\d|\$\d+)\W*", plain)
    if money:
        return [money.group(1)]
    tokens: list[str] = []
    for part in re.findall(r"[A-Za-z']+|\d[\d,.:]*\d|\d+(?:st|nd|rd|th)?", plain):
        tokens += _word(part)
    return tokens


def _word(part: str) -> list[str]:
    if part[0].isdigit():
        digits = re.sub(r"[^\d.:]", "", part)
        if len(digits) > 9:
            return list(re.sub(r"\D", "", digits))[:16]
        return [part if part[-1].isalpha() else digits]
    part = part.strip("'")
    if not part:
        return []
    short = _LONG.sub(r"\1\1", part)[: lexicon.MAX_WORD]
    if short.isupper() and 1 < len(short) <= 5 and not lexicon.known(short):
        return [letter for letter in short if letter != "'"]
    camel = re.findall(r"[A-Z]?[a-z']+|[A-Z]+(?![a-z])", short)
    if len(camel) > 1 and not short.isupper() and all(len(c) > 1 for c in camel):
        return [piece.lower() for piece in camel]
    return [short.lower()]


def _abbreviation(written: str) -> bool:
    return written.lower().strip("(\"'") in ("mr.", "mrs.", "ms.", "dr.", "st.", "vs.", "etc.", "e.g.", "i.e.", "no.")

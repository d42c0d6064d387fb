"""The grammar the corpus is made from: what fans write and what may be answered, as text files anybody can edit.

Format of ``grammar/*.txt``: ``## intent`` begins an intent, ``# words`` a part of it that answers fan lines holding one
of the words (``#`` alone: any fan line), ``f:`` a thing fans write, ``r:`` an answer, ``r+j: r-j: r+w: r-w:`` answers of
the witty, plain, warm and cool, ``q:`` a question back, ``g:`` gestures, ``o:`` the class of openers. ``(a|b|)`` is a
choice, ``<word>`` a list of ``words.toml``, ``\\`` escapes.
"""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "grammar"
_LINE = re.compile(r"(f|q|g|o|r(?:[+-][jw])?): ?(.*)")


class GrammarError(ValueError):
    """A grammar file cannot be read; names file and line."""


@dataclass(frozen=True, slots=True)
class Core:
    """An answer: ``flag`` is one of ``"", "+j", "-j", "+w", "-w"``; ``keys`` words of the fan it answers, empty: any."""

    text: str
    flag: str
    keys: frozenset[str] = frozenset()


@dataclass(slots=True)
class Section:
    """One intent of the grammar."""

    name: str
    opener: str = "N"
    fans: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Plain fan lines out of the bank (``data/hears.toml``)."""
    cues: list[str] = field(default_factory=list)
    """Phrases and single words that speak for this intent (``cues.txt``)."""
    cores: list[Core] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    gestures: list[str] = field(default_factory=list)


@cache
def words() -> dict[str, list[str]]:
    """The word lists of ``<name>`` in templates."""
    return tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8"))


@cache
def sections() -> dict[str, Section]:
    """All intents of the grammar by name."""
    found: dict[str, Section] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        if path.name != "cues.txt":
            _read(path, found)
    for line in (FOLDER / "cues.txt").read_text(encoding="utf-8").splitlines():
        name, _, phrases = line.partition(": ")
        if name in found:
            found[name].cues += [phrase.strip() for phrase in phrases.split(" / ")]
    for name, lines in tomllib.loads(
        (FOLDER.parent.parent / "data" / "hears.toml").read_text(encoding="utf-8")
    ).items():
        if name in found:
            found[name].heard += lines
    return found


def _read(path: Path, found: dict[str, Section]) -> None:
    section: Section | None = None
    keys: frozenset[str] = frozenset()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("## "):
            section, keys = found.setdefault(line[3:].strip(), Section(line[3:].strip())), frozenset()
            continue
        if line.startswith("#"):
            keys = frozenset(word for part in line[1:].split() for word in _key(part))
            continue
        if not line:
            continue
        match = _LINE.match(line)
        if match is None or section is None:
            raise GrammarError(f"{path.name}:{number}: not a grammar line: {line[:60]!r}")
        kind, text = match.group(1), match.group(2).strip()
        if kind == "f":
            section.fans.append(text)
        elif kind == "q":
            section.questions.append(text)
        elif kind == "g":
            section.gestures += text.split()
        elif kind == "o":
            section.opener = text
        else:
            section.cores.append(Core(text, kind[1:], keys))


def _key(part: str) -> list[str]:
    if part.startswith("<"):
        return [word for item in words()[part[1:-1]] for word in item.split() if len(word) > 3]
    return [part]


def expand(template: str, rng: random.Random) -> str:
    """One text of a template."""
    text, rest = _sequence(template, 0, rng)
    if rest != len(template):
        raise GrammarError(f"unbalanced: {template}")
    return " ".join(text.split())


def _sequence(text: str, at: int, rng: random.Random) -> tuple[str, int]:
    out: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
        elif char == "(":
            chosen, at = _choice(text, at + 1, rng)
            out.append(chosen)
        elif char in ")|":
            break
        elif char == "<" and (end := text.find(">", at)) > 0 and text[at + 1 : end] in words():
            out.append(rng.choice(words()[text[at + 1 : end]]))
            at = end + 1
        else:
            out.append(char)
            at += 1
    return "".join(out), at


def _choice(text: str, at: int, rng: random.Random) -> tuple[str, int]:
    options: list[str] = []
    while True:
        option, at = _sequence(text, at, rng)
        options.append(option)
        if at >= len(text):
            raise GrammarError(f"no closing bracket: {text}")
        if text[at] == ")":
            return rng.choice(options), at + 1
        at += 1


def every(template: str) -> list[str]:
    """All texts of a template; word lists are left as they are."""
    found, rest = _all(template, 0)
    if rest != len(template):
        raise GrammarError(f"unbalanced: {template}")
    return [" ".join(text.split()) for text in found]


def _all(text: str, at: int) -> tuple[list[str], int]:
    out = [""]
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out = [found + text[at + 1] for found in out]
            at += 2
        elif char == "(":
            options: list[str] = []
            at += 1
            while True:
                inner, at = _all(text, at)
                options += inner
                if at >= len(text):
                    raise GrammarError(f"no closing bracket: {text}")
                at += 1
                if text[at - 1] == ")":
                    break
            out = [found + option for found in out for option in options]
        elif char in ")|":
            break
        else:
            out = [found + char for found in out]
            at += 1
    return out, at


def count(template: str) -> int:
    """How many texts a template has, word lists counted."""
    total, at = _count(template, 0)
    return total if at else 0


def _count(text: str, at: int) -> tuple[int, int]:
    total = 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
        elif char == "(":
            options, at = 0, at + 1
            while True:
                inner, at = _count(text, at)
                options += inner
                at += 1
                if text[at - 1] == ")":
                    break
            total *= options
        elif char in ")|":
            break
        elif char == "<" and (end := text.find(">", at)) > 0 and text[at + 1 : end] in words():
            total *= len(words()[text[at + 1 : end]])
            at = end + 1
        else:
            at += 1
    return total, at

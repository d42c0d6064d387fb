"""Words as a songwriter needs them: syllables, stress for singing, rhyme, and the bank of lines.

Pronunciation comes from :mod:`audio.voice.lexicon`; the banks are the TOML files under ``bank/``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from audio.voice import lexicon

HERE = Path(__file__).parent

_EDGES = re.compile(r"^([^\w]*)(.*?)([^\w]*)$", re.S)


@dataclass(frozen=True, slots=True)
class Syllable:
    """One sung syllable: ``text`` as ``Note.lyric``, ``stress`` 0 to 1, ``head`` opens a word."""

    text: str
    stress: float
    head: bool


@lru_cache(maxsize=4096)
def count(text: str) -> int:
    """Syllables in a line."""
    return len(syllabify(text))


@lru_cache(maxsize=4096)
def syllabify(line: str) -> tuple[Syllable, ...]:
    """Syllables of a line in order, punctuation kept on the last piece of a word."""
    result: list[Syllable] = []
    for word in line.split():
        match = _EDGES.match(word)
        assert match is not None
        before, core, after = match.groups()
        if not core:
            continue
        pieces = [p for p in lexicon.split(core) if p] or [core]
        stress = lexicon.stresses(core)
        for i, piece in enumerate(pieces):
            if len(pieces) == 1:
                level = 0.0 if core.lower() in weak_words() else 1.0
            else:
                level = {0: 0.0, 1: 1.0, 2: 0.6}.get(stress[i] if i < len(stress) else 0, 0.0)
            last = i == len(pieces) - 1
            text = (before if i == 0 else "") + piece + (after if last else "-")
            result.append(Syllable(text, level, i == 0))
    return tuple(result)


def rhyme(line: str) -> tuple[str, ...]:
    """Rhyme of a line's last word."""
    words = re.findall(r"[\w']+", line)
    return lexicon.rhyme(words[-1]) if words else ()


@cache
def weak_words() -> frozenset[str]:
    """Short words that are sung unstressed."""
    return frozenset(bank("slots")["_weak"])


@cache
def bank(name: str) -> dict[str, Any]:
    """A file of ``bank/``."""
    with (HERE / "bank" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def themes() -> dict[str, dict[str, Any]]:
    """All themes by name: ``keys`` that call them and ``couplets``."""
    result: dict[str, dict[str, Any]] = {}
    for path in sorted((HERE / "bank" / "themes").glob("*.toml")):
        with path.open("rb") as file:
            result.update(tomllib.load(file))
    return result


@cache
def styles() -> dict[str, dict[str, Any]]:
    """All styles by name, defaults filled in from ``styles/_common.toml``."""
    with (HERE / "styles" / "_common.toml").open("rb") as file:
        common = tomllib.load(file)
    result: dict[str, dict[str, Any]] = {}
    for path in sorted((HERE / "styles").glob("[!_]*.toml")):
        with path.open("rb") as file:
            own = tomllib.load(file)
        merged = _merge(common, own)
        # A style's own drum pattern is whole: no line of the common one plays along.
        merged["drums"] = {**merged["drums"], **own.get("drums", {})}
        result[own["name"]] = merged
    return result


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged

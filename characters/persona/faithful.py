"""Whether a varied line still says what its candidate says: the same sentences, their words replaced only by known ones
of like meaning, and around them only openers, tails and questions that somebody wrote.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from characters.persona.small.grammar import every, sections
from characters.persona.small.wording import alike, expanded, phrases

_SENTENCE = re.compile(r"(?<=[.!?…])['\"]?\s+")
_WORD = re.compile(r"[a-z0-9']+|\{\w+\}")


def faithful(candidate: str, line: str, intent: str) -> bool:
    """Whether ``line`` says all of ``candidate`` (or its first sentences) and adds nothing unknown. Both without tags."""
    wanted = [key for part in _SENTENCE.split(candidate) if (key := _key(part))]
    said = [key for part in _SENTENCE.split(line) if (key := _key(part))]
    known = _added() | _questions(intent)
    at = 0
    for key in said:
        if at < len(wanted) and key == wanted[at]:
            at += 1
        elif key not in known:
            return False
    # A short wording may end after a whole sentence of four words or more.
    return at == len(wanted) or (at > 0 and sum(len(key) for key in wanted[:at]) >= 4)


@lru_cache(maxsize=4_096)
def _key(text: str) -> tuple[str, ...]:
    """The words of a sentence with the fan's name gone and each group of like words as one."""
    words = _words(text)
    table, longest = _groups()
    out: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(longest, len(words) - at), 0, -1):
            group = table.get(tuple(words[at : at + size]))
            if group is not None:
                out.append(group)
                at += size
                break
        else:
            out.append(words[at])
            at += 1
    return tuple(out)


def _words(text: str) -> list[str]:
    return _WORD.findall(expanded(text).lower().replace("’", "'").replace("{fan}", " "))


@cache
def _groups() -> tuple[dict[tuple[str, ...], str], int]:
    """Phrases that may stand for each other, each with the name of its group, and the longest phrase."""
    parent: dict[tuple[str, ...], tuple[str, ...]] = {}

    def root(item: tuple[str, ...]) -> tuple[str, ...]:
        while parent.setdefault(item, item) != item:
            item = parent[item]
        return item

    for left, right in alike():
        a, b = (tuple(_words(text)) for text in (left, right))
        if a and b:
            parent[root(a)] = root(b)
    return {item: " ".join(root(item)) for item in parent}, max(map(len, parent), default=1)


@cache
def _added() -> frozenset[tuple[str, ...]]:
    """Openers and tails that any line may get."""
    return frozenset(
        key for phrase in phrases() for text in every(phrase) for part in _SENTENCE.split(text) if (key := _key(part))
    )


@cache
def _questions(intent: str) -> frozenset[tuple[str, ...]]:
    section = sections().get(intent)
    found = (text for template in (section.questions if section else ()) for text in every(template))
    return frozenset(key for text in found for part in _SENTENCE.split(text) if (key := _key(part)))

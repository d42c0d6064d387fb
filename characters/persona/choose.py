"""Authored lines ready to be chosen: what they need, whose words they answer, how much they sound like a character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from characters.definition import Line
from characters.persona.refine import bare
from characters.persona.small.wording import nameless
from characters.persona.speech import fill, slots_of
from characters.persona.understand import normal

_TAG = re.compile(r"\[[^\]]*\]\s*")

_SOUNDS = {
    "energy": re.compile(r"!|\[(?:excited|cheer|clap)\]"), "curiosity": re.compile(r"\?"),
    "warmth": re.compile(r"\[(?:tender|heart)\]|\b(?:glad|dear|thank|kind|lovely|friend)\b"),
    "wit": re.compile(r"\[(?:teasing|laugh)\]"), "formality": re.compile(r"\b(?:shall|indeed|please|one must|rather)\b"),
}  # fmt: skip
"""What a line of a trait looks like, to choose among the fitting ones."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A line ready to be chosen: where it stands, what it needs."""

    key: str
    line: Line
    slots: frozenset[str]
    words: int = 0
    """Spoken words, slots counted as one."""
    when: frozenset[str] = frozenset()
    """Words of the fan it answers; empty: it fits whatever the fan said."""

    def answers(self, about: frozenset[str]) -> bool:
        """Whether it fits a fan's words, given as :func:`stems`."""
        return not self.when or not self.when.isdisjoint(about)


def prepared(group: str, lines: Sequence[Line]) -> list[Ready]:
    """The lines of a group (``i.greeting``, ``s.idle``, ``l.3``) with what choosing needs to know."""
    return [
        Ready(
            f"{group}.{n}", line, frozenset(slots_of(line.say)), len(_TAG.sub(" ", line.say).split()),
            frozenset(map(_stem, line.when)),
        )
        for n, line in enumerate(lines)
    ]  # fmt: skip


def _stem(word: str) -> str:
    """The word without the ending that most often differs between what is written and what is looked for."""
    return re.sub(r"(?:'s|ing|ies|es|ed|[sye])$", "", word) if len(word) > 3 else word


def stems(say: str) -> frozenset[str]:
    """The stems of a fan's words, and the names of scripts that are not Latin (``hangul``, ``cyrillic``, ``cjk``)."""
    scripts = {unicodedata.name(ch, "latin").split()[0].lower() for ch in say if ch.isalpha() and not ch.isascii()}
    return frozenset(map(_stem, [*normal(say).split(), *scripts]))


def voice(say: str, traits: Mapping[str, float]) -> float:
    """How much a line sounds like a character of these traits: 1 for neither, up to 2 and down to a half."""
    lean = 0.0
    for trait, sounds in _SOUNDS.items():
        lean += traits.get(trait, 0.0) * (0.5 if sounds.search(say) else -0.2)
    return float(2.0 ** max(-1.0, min(1.0, lean)))


def filled(say: str, values: dict[str, str]) -> str:
    """What counts as the same line: its words with all slots filled but the fan's name, without tags and stops."""
    return bare(fill(nameless(_TAG.sub("", say)), values | {"fan": ""}))

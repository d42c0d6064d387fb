"""Constrained decoding of stage tags: a language model can only write legal tags, and only where a clause begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from characters.persona.model import GESTURES, MOODS

TAGS = tuple(f"[{name}]" for name in (*MOODS, *GESTURES))
_INSIDE = re.compile(r"[a-z_]+\]?[^\[\]]*|\][^\[\]]*")
_BEGINS = re.compile(r"(?:^|[.!?…\]]|\n)\s*$")


class TagGuard:
    """Knows the text of every token and says which may come next."""

    def __init__(self, pieces: Sequence[str]) -> None:
        """``pieces``: the text of each token by id."""
        self._opening = [n for n, piece in enumerate(pieces) if "[" in piece or "]" in piece]
        self._inside = {n: piece for n, piece in enumerate(pieces) if _INSIDE.fullmatch(piece)}
        self._starts = [n for n in self._opening if _begins_tag(pieces[n])]
        self._apart = sorted(set(self._opening) - set(self._starts))

    def banned(self, text: str) -> list[int]:
        """Tokens that may not follow ``text`` while no tag is open."""
        return self._apart if self.begins(text) else self._opening

    @staticmethod
    def begins(text: str) -> bool:
        """Whether a clause, and so a tag, may begin after ``text``."""
        return _BEGINS.search(text[-12:]) is not None

    def allowed(self, text: str) -> list[int] | None:
        """The only tokens that may follow ``text`` when a tag is open in it; None when none is."""
        start = text.rfind("[")
        if start < 0 or "]" in text[start:]:
            return None
        open_tag = text[start:]
        return [n for n, piece in self._inside.items() if _continues(open_tag + piece)]


def _continues(text: str) -> bool:
    """Whether the text is the beginning of a legal tag, or a legal tag and words after it."""
    end = text.find("]")
    return any(tag.startswith(text) for tag in TAGS) if end < 0 else text[: end + 1] in TAGS


def _begins_tag(piece: str) -> bool:
    """Whether a token that holds a bracket may begin a clause: only white space stands before the tag."""
    head, bracket, rest = piece.partition("[")
    return bool(bracket) and not head.strip() and "[" not in rest and _continues(bracket + rest)

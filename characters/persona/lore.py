"""What of her lore a conversation wakes, for brains that read text: the scan of a lorebook over the last turns."""

from __future__ import annotations

import random

from characters.cards.lorebook import Book, Memory, Message, awake, book_of
from characters.cards.macros import Macros
from characters.definition import Definition
from characters.persona.model import Ask

MOST = 4
"""Entries told at once."""
DEPTH = 6
"""Turns that are read."""
TOKENS = 320
LONGEST = 300


class Lorebook:
    """A character's lore, scanned for every ask. Remembers which entries have woken in this show (decorators)."""

    def __init__(self, definition: Definition, already: str = "") -> None:
        """``already``: the prompt; what stands in it is not told again."""
        self._definition = definition
        self._book = _book(definition)
        self._memory = Memory()
        self._already = already

    def knows(self, ask: Ask) -> tuple[str, ...]:
        """What she knows of what is spoken about, most important last; at most :data:`MOST` entries."""
        if not self._book.entries or not ask.say.strip():
            return ()
        name = self._definition.identity.name
        turns = [Message("char" if who == name else "user", text) for who, text in ask.history]
        macros = Macros(name, ask.fan or "friend", random.Random(ask.moment.seed), str(ask.moment.seed))
        found = awake(self._book, [*turns, Message("user", ask.say)], macros, self._memory)
        texts = [" ".join(item.text.split())[:LONGEST] for item in found]
        return tuple(text for text in texts if text not in self._already)[-MOST:]


def _book(definition: Definition) -> Book:
    entries = [
        {
            "keys": entry.keys, "secondary_keys": entry.secondary, "selective": bool(entry.secondary),
            "content": "\n".join([*entry.decorators, entry.tells or " ".join(entry.says)]), "constant": entry.constant,
            "use_regex": entry.regex, "enabled": entry.enabled, "insertion_order": entry.order,
            "priority": entry.priority,
        }
        for entry in definition.lore
    ]  # fmt: skip
    return book_of({"entries": entries, "scan_depth": DEPTH, "token_budget": TOKENS})

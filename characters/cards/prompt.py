"""From a card to the parts of a prompt, in the order the specifications give them.

``creator_notes``, ``tags``, ``creator``, ``character_version`` and names of assets are never part of it. The rules of
the stage come after everything a card says (``rules``), because a card is the work of a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from characters.cards.lorebook import Found, Memory, Message, awake, book_of, tokens
from characters.cards.macros import Macros
from characters.cards.model import Card

_START = re.compile(r"<start>", re.I)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: ``system`` first, then ``examples``, ``history``, ``post`` (after the history), ``rules`` last."""

    system: str
    examples: tuple[str, ...]
    history: tuple[Message, ...]
    post: str
    rules: str = ""

    @property
    def text(self) -> str:
        """Everything, for a look at it."""
        parts = [self.system, *self.examples, *(m.text for m in self.history), self.post, self.rules]
        return "\n\n".join(part for part in parts if part.strip())


def assemble(
    card: Card, history: Sequence[Message] = (), *, user: str = "friend", seed: int = 0, system: str = "",
    post: str = "", rules: str = "", budget: int = 8_000, memory: Memory | None = None, greeting: int = 0,
) -> Prompt:  # fmt: skip
    """The prompt of a card. ``system`` and ``post`` are the application's own, replaced by the card's where it has one
    (``{{original}}`` inserts ours); examples go first when ``budget`` (tokens) is short, then the oldest history."""
    import random

    macros = Macros(card.char, user, random.Random(f"card/{seed}"), str(seed))
    own_system, own_post = card.text("system_prompt"), card.text("post_history_instructions")
    first = macros(own_system, system) if own_system.strip() else system
    last = macros(own_post, post) if own_post.strip() else post
    fields = {key: macros(card.text(key)) for key in ("description", "personality", "scenario")}
    found = awake(book_of(card.book), history, macros, memory, greeting)
    fixed = _with_lore(first, fields, found)
    turns = _at_depths(list(history), found)
    examples = [part.strip() for part in _START.split(macros(card.text("mes_example"))) if part.strip()]
    spent = tokens(fixed) + tokens(last) + tokens(rules) + sum(tokens(m.text) for m in turns)
    while examples and spent + sum(map(tokens, examples)) > budget:
        examples.pop(0)
    while len(turns) > 1 and spent > budget:
        spent -= tokens(turns.pop(0).text)
    return Prompt(fixed, tuple(examples), tuple(turns), last, rules)


def _with_lore(first: str, fields: dict[str, str], found: Sequence[Found]) -> str:
    def at(position: str) -> list[str]:
        return [item.text for item in found if item.depth is None and item.position == position]

    parts = [
        first, *at("before_char"), *at("before_desc"), fields["description"], *at("after_desc"), fields["personality"],
        *at("personality"), fields["scenario"], *at("scenario"), *at("after_char"),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part.strip())


def _at_depths(turns: list[Message], found: Sequence[Found]) -> list[Message]:
    """History with the entries that ask for a depth: 0 is after the last message."""
    for item in found:
        if item.depth is not None:
            turns.insert(max(0, len(turns) - item.depth), Message(item.role, item.text))
    return turns

"""What brains that stream text share: clauses out of a token stream, authored lines around it, no prompt leaks."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

from characters.definition import Definition
from characters.persona.clauses import Piece, Segmenter
from characters.persona.embedded import Embedded
from characters.persona.lore import Lorebook
from characters.persona.model import MOODS, Ask, Cancelled, Clause, Intent
from characters.persona.prompt import system_prompt
from characters.persona.speech import clean_speech, has_words
from characters.persona.understand import CRITICAL

LEAK_WORDS = 8
"""So many words in a row out of the system prompt are a leak."""


class Streamed(ABC):
    """A brain whose subclass offers ``_stream``; understands and falls back with the embedded brain.

    Critical intents (distress, injection, ...), song requests and paid messages are answered with authored lines
    whatever the model would say.
    """

    name = "streamed"

    def __init__(self, definition: Definition, seed: int = 0) -> None:
        self._definition, self._seed = definition, seed
        self._authored = Embedded(definition, seed)
        self._system = system_prompt(definition)
        self._shingles = shingles(self._system)
        self._lore = Lorebook(definition, self._system)

    @abstractmethod
    def _stream(self, ask: Ask, cancelled: Cancelled) -> Iterator[str]:
        """Text of the answer as it comes; ends early on trouble, raises nothing."""

    def understand(self, ask: Ask) -> Intent:
        """As the embedded brain: quick and dependable."""
        return self._authored.understand(ask)

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        """Streams clauses. A clause is held back until more words follow it, so that the last one can be marked."""
        intent = self.understand(ask)
        if (
            not ask.say.strip() or bool(ask.ruling) or ask.kind == "paid"
            or intent.name in CRITICAL or intent.name == "song_request"
        ):  # fmt: skip
            yield from self._authored.reply(ask, cancelled)
            return
        ask = replace(ask, knows=(*self._lore.knows(ask), *ask.knows))
        held: Clause | None = None
        spoken = False
        mood = ask.moment.mood if ask.moment.mood in MOODS else "happy"
        for clause, more in self._clauses(ask, cancelled, mood):
            if clause is not None:
                if held is not None:
                    yield held
                    spoken = True
                held, mood = clause, clause.mood
            elif more and held is not None and not spoken:
                yield held
                held, spoken = None, True
        if cancelled():
            return
        if held is not None:
            yield Clause(held.text, held.mood, held.gesture, True)
        elif not spoken:
            yield from self._authored.reply(ask, cancelled)
        else:
            yield Clause("", mood, "", True)

    def _clauses(self, ask: Ask, cancelled: Cancelled, mood: str) -> Iterator[tuple[Clause | None, bool]]:
        """Clauses within the word limit; (None, True) says that more words have begun."""
        words = 0
        segmenter = Segmenter()
        for text in self._stream(ask, cancelled):
            for piece in segmenter.push(text):
                clause, mood = self._clause(piece, mood)
                if clause is not None:
                    words += len(clause.text.split())
                    yield clause, False
            yield None, segmenter.pending()
            if words >= ask.limit:
                return
        if cancelled():
            return
        for piece in segmenter.flush():
            clause, mood = self._clause(piece, mood)
            if clause is not None:
                yield clause, False

    def history(self) -> dict[str, int]:
        """Which authored lines were said."""
        return self._authored.history()

    def recall(self, said: dict[str, int]) -> None:
        """Takes over which authored lines were said."""
        self._authored.recall(said)

    def _clause(self, piece: Piece, mood: str) -> tuple[Clause | None, str]:
        """A clean clause, or None when nothing may be said of it; and the mood from here on."""
        mood = piece.mood or mood
        text = clean_speech(piece.text)
        text = re.sub(rf"^(?:{re.escape(self._definition.identity.name)}|assistant)\s*:\s*", "", text, flags=re.I)
        if not has_words(text) or shingles(text) & self._shingles:
            return None, mood
        return Clause(text, mood, piece.gesture), mood


def shingles(text: str) -> set[tuple[str, ...]]:
    """Runs of :data:`LEAK_WORDS` words."""
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + LEAK_WORDS]) for i in range(len(words) - LEAK_WORDS + 1)}

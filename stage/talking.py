"""One fan talks with a persona, without a stage: the guard before and after her brain, as in a show."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from characters.definition import Definition
from characters.persona import open_brain
from characters.persona.model import Ask, Clause, Intent, Moment, Said
from characters.persona.speech import FRIEND
from stage.director.gate import Gate

TURNS = 8
"""Turns of the conversation that the brain is told."""
BLOCKED = {"hate": "hate", "threat": "harassment", "spam": "spam"}
"""A show leaves these lines unanswered; whoever talks to her alone hears why."""


class Answer(NamedTuple):
    """What she understood and said."""

    intent: Intent
    clauses: list[Clause]

    @property
    def text(self) -> str:
        """All clauses as one text."""
        return " ".join(clause.text for clause in self.clauses)


class Talking:
    """A conversation with a character."""

    def __init__(self, definition: Definition, seed: int = 1, moment: Moment | None = None) -> None:
        """``moment``: what the brain is told of the show; by default no song plays and nobody else is there."""
        self._brain = open_brain(definition, seed)
        self._gate = Gate(definition, ready=False)
        self._moment, self._seed = moment or Moment("chat"), seed
        self._name = definition.identity.name
        self._history: list[tuple[str, str]] = []
        self._turn = 0

    def meant(self, fan: str, text: str) -> Intent:
        """What a line is understood as; nothing is answered."""
        return self._brain.understand(self._ask(fan, text))

    def answer(self, fan: str, text: str) -> Answer:
        """Her answer to a line; the guard's rulings hold as on the stage."""
        ask = self._ask(fan, text)
        intent = self._brain.understand(ask)
        said = (Said(ask.id, clause) for clause in self._brain.reply(ask, lambda: False))
        heard = [clause for part in said if (clause := self._gate.said(part, ask, 0)) is not None and clause.text]
        answer = Answer(intent, heard)
        self._history += [(fan, ask.say), (self._name, answer.text)]
        return answer

    def _ask(self, fan: str, text: str) -> Ask:
        """The line as the brain gets it: judged by the guard, with the turns before it."""
        self._turn += 1
        guard, text = self._gate.guard, text[:500]
        verdict = guard.hear(fan, text)
        ruling = BLOCKED.get(verdict.kind, "unsafe_request") if verdict.action == "block" else verdict.ruling
        moment = replace(self._moment, seed=self._seed * 1000 + self._turn)
        name, before = fan if guard.name(fan) else FRIEND, tuple(self._history[-TURNS:])
        return Ask(f"talk{self._turn}", moment, name, verdict.text, history=before, ruling=ruling)

    def begin_again(self, fan: str) -> None:
        """Forgets what was said, as if the next line were the first of this fan."""
        self._history.clear()
        self._gate.guard.forget(fan)

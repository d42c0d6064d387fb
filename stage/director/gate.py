"""The guard on the stage: what fans wrote is judged before the mind is asked, each clause before it becomes sound.

Held lines wait in :class:`characters.guard.HeldLines` for the operator; the show goes on without them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from characters.definition import Definition
from characters.guard import Guard, HeldLines, Verdict, masked
from characters.guard.fold import DATA
from characters.guard.guard import LEAK_WORDS
from characters.guard.rules import compile_all
from characters.persona.model import Ask, Clause, Said
from characters.persona.prompt import system_prompt
from characters.persona.speech import FRIEND

if TYPE_CHECKING:
    from stage.gateway.model import FanEvent

OPEN = 64
"""Answers whose clauses are followed at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A fan's line as it may go on: who, what, and the ruling it is answered by."""

    fan: str
    text: str
    ruling: str = ""


@dataclass(slots=True)
class _Answer:
    before: str = ""
    passed: list[Clause] = field(default_factory=list)


class Gate:
    """Judges both ways for one show."""

    def __init__(self, definition: Definition, mode: str = "auto", *, ready: bool = True) -> None:
        """``ready``: every pattern is compiled now, not in the first frame that needs it."""
        spoken = [line.say for group in definition.situations.values() for line in group]
        spoken += [line.say for intention in definition.intentions.values() for line in intention.lines]
        spoken += [say for entry in definition.lore for say in entry.says]
        self.guard = Guard(definition.rules, (system_prompt(definition),), tuple(spoken))
        if ready:
            compile_all()
            self.guard.hear("", "hello there")
            self.guard.say("hello there")
        self.held = HeldLines(mode)
        self.counts: dict[str, int] = {}
        """Verdicts that were not *pass*, by side and kind."""
        self._answers: dict[str, _Answer] = {}
        self._instead = list(tomllib.loads((DATA / "lines.toml").read_text(encoding="utf-8"))["instead"])
        self._replaced = 0

    # ---- fans -------------------------------------------------------------------------------------------
    def note(self, event: FanEvent) -> None:
        """A fan wrote: kept, so that what is split over several lines is seen when one of them is answered."""
        self.guard.note(event.account or event.fan, event.text)

    def enter(self, event: FanEvent, now: int) -> Entry | None:
        """Judge the line that is to be answered next; None when it goes no further."""
        if event.ruling == "approved":
            return Entry(event.fan, masked(event.text))
        verdict = self.guard.hear(event.account or event.fan, event.text, noted=True, name=event.fan)
        name = event.fan if self.guard.name(event.fan) else FRIEND
        if verdict.clear:
            return Entry(name, verdict.text)
        self._count("in", verdict)
        doubtful = verdict.action == "hold" and self.held.mode != "auto"
        if doubtful or (verdict.action == "block" and event.kind == "paid"):
            self._hold("in", event.text, event, verdict, fan=event.fan, at=now, paid=event.kind == "paid")
            return None
        if verdict.action == "block" or (verdict.action == "hold" and not verdict.ruling):
            return None
        return Entry(name, verdict.text, verdict.ruling)

    # ---- her --------------------------------------------------------------------------------------------
    def said(self, said: Said, ask: Ask | None, now: int) -> Clause | None:
        """A clause as it may be heard, or None. Its ``last`` mark is kept by a clause without words."""
        clause = said.clause
        answer = self._answers.setdefault(said.id, _Answer())
        while len(self._answers) > OPEN:
            self._answers.pop(next(iter(self._answers)))
        if clause.text.strip():
            clause = self._judged(clause, answer, ask, now)
        if self.held.mode == "approve":
            return self._wait(said.id, clause, answer, ask, now)
        if clause.text.strip():
            answer.passed.append(clause)
        if clause.last:
            self._answers.pop(said.id, None)
            if not answer.passed:
                return self._other(clause)
        return clause

    def _judged(self, clause: Clause, answer: _Answer, ask: Ask | None, now: int) -> Clause:
        verdict = self.guard.say(clause.text, answer.before)
        # A leak may come in clauses of two or three words: the last seven are the most that is no leak by itself.
        answer.before = " ".join(f"{answer.before} {clause.text}".split()[-LEAK_WORDS + 1 :])
        if verdict.clear:
            return clause
        self._count("out", verdict)
        if verdict.action == "hold" and self.held.mode == "hold" and ask is not None:
            payload = (ask, (replace(clause, last=True),))
            self._hold("out", clause.text, payload, verdict, fan=ask.fan, at=now, paid=ask.kind == "paid")
        return replace(clause, text="", gesture="")

    def _other(self, clause: Clause) -> Clause:
        self._replaced += 1
        return replace(
            clause, text=self._instead[self._replaced % len(self._instead)], mood="neutral", gesture="", last=True
        )

    def _wait(self, id: str, clause: Clause, answer: _Answer, ask: Ask | None, now: int) -> Clause | None:
        if clause.text.strip():
            answer.passed.append(clause)
        if not clause.last:
            return None
        self._answers.pop(id, None)
        clauses = tuple(answer.passed) or (self._other(clause),)
        text = " ".join(part.text for part in clauses)
        fan, paid = (ask.fan, ask.kind == "paid") if ask is not None else ("", False)
        if not fan:  # of lines nobody asked for, only the newest waits
            for line in self.held.waiting():
                if line.side == "out" and not line.fan:
                    self.held.refuse(line.id)
        self.held.hold(
            "out", text, (ask, clauses), fan=fan, kind="approve", reason="every line is approved", at=now, paid=paid
        )
        return replace(clause, text="", last=True)

    # ---- the operator -----------------------------------------------------------------------------------
    def approve(self, id: int) -> FanEvent | tuple[Ask, tuple[Clause, ...]] | None:
        """Let a held line go on: a fan's event to answer, or an ask with its clauses to say."""
        line = self.held.approve(id)
        return line.payload if line is not None else None

    def _hold(self, side: str, text: str, payload: Any, verdict: Verdict, **facts: Any) -> None:
        self.held.hold(side, text, payload, kind=verdict.kind, reason=verdict.reason, **facts)

    def _count(self, side: str, verdict: Verdict) -> None:
        key = f"{side} {verdict.kind}"
        self.counts[key] = self.counts.get(key, 0) + 1

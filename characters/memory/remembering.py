"""A brain that remembers: recognises fans from earlier shows, recalls what they told, and never invents a memory.

Wraps any brain, in the mind's process. What a fan told is only ever told to that fan.
"""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from characters.definition import Definition
from characters.guard import Guard
from characters.memory.store import Memory, MemoryFileError
from characters.persona.brains import open_brain
from characters.persona.clauses import clauses_of
from characters.persona.model import Ask, Brain, Cancelled, Clause, Intent
from characters.persona.news import Happened, Heard, News, Remembered
from characters.persona.speech import clean_speech, spoken_name, told_back

_ASKS = re.compile(
    r"\b(?:do|did|can|don'?t) (?:you|u) (?:still )?(?:remember|recall|know)\b.*\b(?:me|my|i|what)\b|\bremember (?:me|my|what i)\b|\bwhat did i (?:tell|say)\b", re.I,
)  # fmt: skip
_SONGS = re.compile(
    r"\b(?:what|which)\b.*\b(?:songs?|sing|sang|sung|play(?:ed)?)\b.*\b(?:tonight|so far|earlier|before|last (?:time|show|night))\b|"
    r"\bset ?list\b", re.I,
)  # fmt: skip
_FORGET = re.compile(r"^\s*!\s*forget ?me\b", re.I)
_SHOW = re.compile(r"^\s*!\s*(?:memory|my ?data|export)\b", re.I)
_REMIND = ("I don't have that one, {fan}. Remind me?", "[think] Remind me, {fan}; I'd rather ask than make it up.")
_KNOWN = ("[happy] {fan}, you're back!", "{fan}! Good to see you again.")


@cache
def _told() -> list[tuple[re.Pattern[str], str]]:
    document = tomllib.loads((Path(__file__).parent / "data" / "told.toml").read_text(encoding="utf-8"))
    return [(re.compile(item["pattern"], re.I), item["says"]) for item in document["told"]]


def told_by(text: str) -> list[str]:
    """What a fan's words tell about themselves, as it is told back: ``your cat is called Biscuit``."""
    out = []
    for pattern, says in _told():
        for match in pattern.finditer(text[:500]):
            parts = [clean_speech(group or "").strip() for group in match.groups()]
            if parts and all(parts[:1]):
                out.append(_filled(says, parts))
    return out[:4]


def _filled(says: str, parts: list[str]) -> str:
    if len(parts) == 1:
        parts = [told_back(parts[0])]
    return re.sub(r"\{(\d)\}", lambda match: parts[int(match[1]) - 1], says)


class Remembering:
    """The wrapped brain with a memory. ``now`` gives seconds (the wall clock live, nothing in a render)."""

    def __init__(
        self, brain: Brain, memory: Memory, definition: Definition, seed: int, now: Callable[[], float]
    ) -> None:
        self._brain, self.memory, self._now, self._definition = brain, memory, now, definition
        self.name = brain.name
        self._guard = Guard(definition.rules)
        self._met: set[str] = set()
        self._turn = 0
        memory.retain(now())
        memory.begin(now(), seed)

    def understand(self, ask: Ask) -> Intent:
        """What the fan wants."""
        return self._brain.understand(ask)

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        """The brain's answer, after what memory has to say."""
        if not ask.fan or not ask.say.strip() or ask.ruling:
            yield from self._kept(self._brain.reply(ask, cancelled))
            return
        at = self._now()
        self._turn += 1
        if _FORGET.search(ask.say):
            self.memory.erase(ask.fan, ask.account)
            self._met.discard(ask.account or ask.fan)
            yield from clauses_of("[nod] Done. I have forgotten you, and you're welcome to start again.", {}, "neutral")
            return
        if _SHOW.search(ask.say):
            count = len(self.memory.things(ask.fan, ask.account))
            yield from clauses_of(
                f"[nod] I keep {count} things of yours. They are for you alone; write forget me to erase them.",
                {},
                "neutral",
            )
            return
        before = self.memory.meet(ask.fan, ask.account, at)
        if _SONGS.search(ask.say):
            sung = self._sung(ask)
            if sung:
                yield from sung
                return
        recalled = self.memory.recall(ask.fan, ask.account, ask.say, at)
        own = self._recalled(ask, [thing.text for thing in recalled if thing.kind == "told"])
        self._learn(ask, at)
        if own:
            yield from own
            return
        first = (ask.account or ask.fan) not in self._met
        self._met.add(ask.account or ask.fan)
        if first and before.visits > 0 and ask.limit > 12:
            yield from (replace(clause, last=False) for clause in self._line(ask, "known_fan", _KNOWN)[:1])
        knows = tuple(f"This fan told you: {thing.text}." for thing in recalled if thing.kind == "told")
        yield from self._kept(self._brain.reply(replace(ask, knows=(*ask.knows, *knows)), cancelled))

    def _sung(self, ask: Ask) -> list[Clause]:
        """Songs of tonight or of the last show, from the set list; empty when there were none."""
        earlier = re.search(r"\blast (?:time|show|night)\b", ask.say, re.I) is not None
        titles = self.memory.last_setlist() if earlier else self.memory.setlist()
        named = [title for title in dict.fromkeys(clean_speech(title)[:60] for title in titles) if title][-3:]
        if not named:
            return []
        when = "Last time it was" if earlier else "So far it was" if len(titles) <= 3 else "The last ones were"
        listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
        return clauses_of(f"[think] {when} {listed}, {{fan}}.", {"fan": spoken_name(ask.fan)}, "happy")

    def _recalled(self, ask: Ask, told: list[str]) -> list[Clause]:
        """The answer to "do you remember": what they told, or an honest "remind me"; nothing else is asked of a model."""
        if not _ASKS.search(ask.say):
            return []
        if not told and re.search(r"\b(?:me|my name)\W*$", ask.say, re.I):
            told = [thing.text for thing in self.memory.things(ask.fan, ask.account, "told", 1)]
        if told and self._guard.say(told[0]).clear:
            return clauses_of(
                f"[happy] Of course, {{fan}}. You told me that {told[0]}.", {"fan": spoken_name(ask.fan)}, "happy"
            )
        return self._line(ask, "remind", _REMIND)

    def _line(self, ask: Ask, situation: str, otherwise: tuple[str, ...]) -> list[Clause]:
        lines = [
            line.say
            for line in self._definition.situations.get(situation, [])
            if "{" not in line.say.replace("{fan}", "")
        ] or list(otherwise)
        return clauses_of(
            lines[(self._turn + ask.moment.seed) % len(lines)], {"fan": spoken_name(ask.fan)}, ask.moment.mood
        )

    def _learn(self, ask: Ask, at: float) -> None:
        """Keep what they told, asked for and gave; private numbers and addresses never."""
        for text in told_by(ask.say):
            if self._guard.say(text).clear:
                self.memory.note(ask.fan, ask.account, "told", text, at)
        if ask.kind == "paid":
            self.memory.note(ask.fan, ask.account, "gift", f"a gift of {ask.amount:g}", at, ask.amount)
        intent = self._brain.understand(ask)
        if intent.name == "song_request" and intent.slots.get("topic"):
            self.memory.note(ask.fan, ask.account, "request", intent.slots["topic"], at)

    def _kept(self, clauses: Iterator[Clause]) -> Iterator[Clause]:
        """What contradicts what she said of herself earlier gives way to it; new facts count once they are heard."""
        for clause in clauses:
            earlier = self.memory.contradicted(clause.text)
            yield replace(clause, text=earlier) if earlier else clause

    def tell(self, news: News) -> Remembered | None:
        """What was heard becomes her facts, what happened a moment of the show; a fan sees or erases theirs."""
        if isinstance(news, Heard):
            for text in news.clauses:
                self.memory.establish(text, self._now())
            return None
        if isinstance(news, Happened):
            self.memory.moment(news.kind, news.text, self._now())
            return None
        if news.what == "erase":
            erased = self.memory.erase(news.fan, news.account)
            self._met.discard(news.account or news.fan)
            return Remembered(news.id, news.account, {"kept": True, "known": False, "erased": erased, "things": []})
        facts = self.memory.export(news.fan, news.account)
        return Remembered(news.id, news.account, {"kept": True, "things": []} | facts)

    def history(self) -> dict[str, int]:
        """Which authored lines were said."""
        history = getattr(self._brain, "history", None)
        return history() if history is not None else {}

    def recall(self, said: dict[str, int]) -> None:
        """Takes over which authored lines were said."""
        recall = getattr(self._brain, "recall", None)
        if recall is not None:
            recall(said)


def open_remembering(definition: Definition, seed: int, path: Path | None = None) -> Brain:
    """The character's brain with a memory in ``path``; a memory that cannot be opened is replaced by an empty one."""
    brain = open_brain(definition, seed)
    try:
        memory = Memory(path)
    except MemoryFileError:
        memory = Memory(None)
    return Remembering(brain, memory, definition, seed, time.time)

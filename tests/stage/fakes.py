"""A mind, a studio and a band without processes, sound or time: what they are asked is kept, answers come at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audio.voice.model import Layout, Phone, Phrase, Spoken, Take, Word
from characters.persona.mind import Event, Said, Understood
from characters.persona.model import Ask, Clause, Intent
from characters.persona.news import News
from stage.worker import Result

SYLLABLE = 9_600


def fake_take(phrase: Phrase) -> Take:
    """A spoken phrase with 0.2 s a word, a sung one with a vowel on each note."""
    phones, words = [], []
    if isinstance(phrase, Spoken):
        for i, word in enumerate(phrase.text.split()):
            start = i * SYLLABLE
            phones.append(Phone("AA", "ɑ", "aa", start, start + SYLLABLE, stress=1, word=i))
            words.append(Word(word, start, start + SYLLABLE))
        end = len(words) * SYLLABLE
    else:
        for i, note in enumerate(phrase.notes):
            phones.append(Phone("AA", "ɑ", "aa", note.start, note.start + note.length, stress=1, word=i, note=i))
            words.append(Word(note.lyric, note.start, note.start + note.length))
        end = phrase.notes[-1].start + phrase.notes[-1].length
    layout = Layout(phrase, tuple(phones), tuple(words), 0, end)
    return Take(layout, np.full(end, 0.1, np.float32), np.zeros(end // 240, np.float32))


class FakeMind:
    """Answers what ``script`` says for an ask, or a plain line naming the fan."""

    def __init__(self, script: Callable[[Ask], list[Clause]] | None = None) -> None:
        self.asks: list[Ask] = []
        self.cancelled: list[str] = []
        self.news: list[News] = []
        self.silent = False
        self._script = script
        self._events: list[Event] = []

    def ask(self, ask: Ask) -> None:
        self.asks.append(ask)
        if self.silent:
            return
        if "sing about" in ask.say:
            self._events.append(Understood(ask.id, Intent("song_request", 0.9, {"topic": ask.say.split("about ")[1]})))
        clauses = (
            self._script(ask)
            if self._script
            else [Clause(f"so {ask.fan or 'friends'} it is {ask.moment.situation} time")]
        )
        for i, clause in enumerate(clauses):
            last = i == len(clauses) - 1
            self._events.append(Said(ask.id, Clause(clause.text, clause.mood, clause.gesture, last)))

    def understands(self, id: str, intent: str) -> None:
        """What the words of an ask mean, told before the answer."""
        self._events.insert(0, Understood(id, Intent(intent, 0.9)))

    def poll(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def cancel(self, id: str) -> None:
        self.cancelled.append(id)

    def tell(self, news: News) -> None:
        self.news.append(news)


class FakeStudio:
    """Renders at once; songs come from ``compose``."""

    def __init__(self, compose: Callable[[Any], Any]) -> None:
        self._compose = compose
        self._results: list[Result] = []
        self._taken: list[Result] = []
        self.performed: list[str] = []
        self.written: list[Any] = []
        self.dropped: list[str] = []
        self.speaks = True

    def perform(self, id: str, phrase: Phrase, urgency: int) -> bool:
        self.performed.append(id)
        self._taken.append(Result(id, fake_take(phrase)))
        return True

    def write(self, id: str, job: Any, urgency: int = 5) -> bool:
        self.written.append(job)
        self._results.append(Result(id, self._compose(job)))
        return True

    def drop(self, id: str) -> None:
        self.dropped.append(id)

    def poll(self) -> list[Result]:
        results, self._results = self._results, []
        if self.speaks:
            results, self._taken = self._taken + results, []
        return results


class FakeBand:
    """Keeps every message; time moves when the test says so."""

    def __init__(self, lead: int = 9600) -> None:
        self.lead, self.position = lead, 0
        self.messages: list[Any] = []

    @property
    def horizon(self) -> int:
        return self.position + self.lead

    def send(self, *messages: Any) -> None:
        for message in messages:
            sample = getattr(message, "sample", self.horizon)
            assert sample >= self.horizon, f"{message} comes before the horizon {self.horizon}"
        self.messages += messages

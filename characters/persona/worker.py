"""The process of :class:`~characters.persona.mind.Mind`: answers one ask at a time, can be stopped.

Messages in: ``("ask", Ask)``, ``("tell", News)``, ``("cancel", id)``, ``("close", "")``. Messages out: ``(kind, id, payload)`` with kind
``ready``, ``broken``, ``understood``, ``said``, ``error``, ``done``, ``remembered``.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from characters.definition import Definition
from characters.persona.model import Ask, Brain
from characters.persona.news import News, told


def run(
    pipe: Connection,
    definition: Definition,
    seed: int,
    opener: Callable[[Definition, int], Brain],
    said: dict[str, int],
) -> None:
    """Runs until told to close or until the stage is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the stage decides when we end
    try:
        brain = opener(definition, seed)
    except Exception as error:
        _Line(pipe).send("broken", "", f"{type(error).__name__}: {error}")
        return
    _recall(brain, said)
    line = _Line(pipe)
    try:
        line.send("ready", "", brain.name)
        while (ask := line.next_ask(lambda: _listen(line, brain))) is not None:
            _answer(line, brain, ask)
    except (EOFError, OSError):
        os._exit(0)  # the stage is gone; nothing to save


def _answer(line: _Line, brain: Brain, ask: Ask) -> None:
    try:
        if ask.say.strip():
            line.send("understood", ask.id, brain.understand(ask))
        for clause in brain.reply(ask, lambda: line.cancelled(ask.id)):
            line.send("said", ask.id, clause)
            if line.cancelled(ask.id):
                break
    except (EOFError, OSError):
        raise
    except Exception as error:
        line.send("error", ask.id, f"{type(error).__name__}: {error}")
    news = {key: turn for key, turn in _history(brain).items() if line.told.get(key) != turn}
    line.told.update(news)
    line.send("done", ask.id, news)


def _listen(line: _Line, brain: Brain) -> None:
    """Takes in what happened, between two answers."""
    while line.news:
        news = line.news.popleft()
        try:
            answer = told(brain, news)
        except Exception as error:
            line.send("error", "", f"{type(error).__name__}: {error}")
            continue
        if answer is not None:
            line.send("remembered", answer.id, answer)


def _history(brain: Brain) -> dict[str, int]:
    history = getattr(brain, "history", None)
    return history() if history is not None else {}


def _recall(brain: Brain, said: dict[str, int]) -> None:
    recall = getattr(brain, "recall", None)
    if recall is not None and said:
        recall(said)


class _Line:
    """The pipe to the stage with a place for what comes in while an answer is made."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._asks: deque[Ask] = deque()
        self._cancelled: set[str] = set()
        self._closing = False
        self.news: deque[News] = deque()
        self.told: dict[str, int] = {}
        """What the stage knows of which lines were said."""

    def send(self, kind: str, id_: str, payload: Any) -> None:
        self._pipe.send((kind, id_, payload))

    def next_ask(self, between: Callable[[], None]) -> Ask | None:
        """Waits for an ask; ``between`` is called for what was told meanwhile."""
        between()
        while not self._asks and not self._closing:
            self._take(self._pipe.recv())
            between()
        if self._closing:
            return None
        ask = self._asks.popleft()
        self._cancelled.intersection_update(item.id for item in [*self._asks, ask])
        return ask

    def cancelled(self, id_: str) -> bool:
        while self._pipe.poll(0):
            self._take(self._pipe.recv())
        return self._closing or id_ in self._cancelled

    def _take(self, message: tuple[str, Any]) -> None:
        kind, payload = message
        if kind == "ask":
            self._asks.append(payload)
        elif kind == "tell":
            self.news.append(payload)
        elif kind == "cancel":
            self._cancelled.add(payload)
        else:
            self._closing = True

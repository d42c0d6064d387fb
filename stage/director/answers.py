"""What was asked and what became of it: latency of each answer, the conversation as it was heard, why it was chosen."""

from __future__ import annotations

import logging
from collections import deque

from stage.clock import seconds
from stage.director.chat import Choice
from stage.director.latency import Stamps
from stage.director.speech import Utterance

log = logging.getLogger("limelight.director")

REMEMBERED = 24
"""Turns of the conversation that are kept."""


class Answers:
    """Follows utterances to their end. Nothing here decides what is said."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[Utterance] = []
        self.history: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)
        """(speaker, text) of what was heard, oldest first."""
        self.latencies: deque[Stamps] = deque(maxlen=10_000)
        """Answers that have become audible and were not collected yet."""
        self.choices: deque[str] = deque(maxlen=1_000)
        """Why each message was chosen, one line each."""

    def __len__(self) -> int:
        return len(self._open)

    def chosen(self, choice: Choice, now: int) -> str:
        """Note a choice; returns the reason in one line."""
        crowd = f", {choice.crowd} fans" if choice.crowd > 1 else ""
        why = f"{choice.tier}: {choice.reason} (waited {choice.waited:.1f} s{crowd})"
        self.choices.append(f"{seconds(now):.2f} {choice.event.fan}: {why}")
        log.debug("chose %s: %s", choice.event.fan, why)
        return why

    def follow(self, utterance: Utterance) -> None:
        """Watch an utterance until it is over."""
        self._open.append(utterance)

    def recent(self) -> tuple[tuple[str, str], ...]:
        """The last turns, for the next ask."""
        return tuple(self.history)[-6:]

    def step(self) -> list[Utterance]:
        """Move on; returns the utterances that ended since the last call."""
        ended = []
        for utterance in list(self._open):
            stamps = utterance.stamps
            if utterance.audible >= 0 and stamps is not None and stamps.audible < 0:
                stamps.audible, stamps.viseme = utterance.audible, utterance.viseme
                stamps.quiet = utterance.quiet
                self.latencies.append(stamps)
            if utterance.over:
                self._open.remove(utterance)
                ended.append(utterance)
                if utterance.state == "done" or (utterance.state == "cut" and utterance.start >= 0):
                    ask = utterance.ask
                    if ask.say:
                        self.history.append((ask.fan, ask.say))
                    self.history.append((self._name, utterance.heard(utterance.end)))
        return ended

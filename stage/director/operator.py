"""What the operator may do to a running show: music, the next thing, lines of their own, held lines, interruptions."""

from __future__ import annotations

import logging
import random
from abc import ABC, abstractmethod
from dataclasses import replace

from audio.engine.live import Intent as Wanted
from characters.definition import Definition
from characters.persona.clauses import clauses_of
from characters.persona.speech import spoken_name
from stage.clock import SAMPLE_RATE, seconds
from stage.director.answers import Answers
from stage.director.cameraman import Cameraman
from stage.director.chat import ChatSelector
from stage.director.gate import Gate
from stage.director.intents import SONG, Action, Priority, decide
from stage.director.mood import Mood
from stage.director.music import Bandstand
from stage.director.plan import Order, Plan
from stage.director.speech import SpeechDesk, Utterance
from stage.gateway.model import FanEvent

log = logging.getLogger("limelight.director")


class Operated(ABC):
    """The operator's part of :class:`~stage.director.director.Director`, which holds what is named here."""

    definition: Definition
    plan: Plan
    chat: ChatSelector
    gate: Gate
    mood: Mood
    band: Bandstand
    desk: SpeechDesk
    answers: Answers
    camera: Cameraman
    _random: random.Random

    @abstractmethod
    def running(self, horizon: int) -> str:
        """What goes on, as :func:`stage.director.intents.decide` names it."""

    @abstractmethod
    def _order(self, fan: str, theme: str, prompt: str, horizon: int, speech: Utterance | None) -> Order | None:
        """The director's own."""

    @abstractmethod
    def _enter(self, phase: str, at: int) -> None:
        """The director's own."""

    def music(self, intent: Wanted, horizon: int) -> int:
        """A wish of the operator or of a vote about what plays (see :meth:`Bandstand.control`)."""
        at = self.band.control(intent, horizon)
        log.info("%7.2f s  %s %g %s for %s", seconds(at), intent.kind, intent.value, intent.track, intent.cause)
        return at

    def skip(self, horizon: int) -> None:
        """The operator's *next*: a song ends at the next bar line, a line at the next word."""
        if not self._end_song(horizon):
            self._interrupt(horizon)

    def order_song(self, prompt: str, horizon: int) -> bool:
        """The operator asks for a song; False when it cannot be."""
        return self.plan.songs and self._order("", "", prompt, horizon, None) is not None

    def say(self, text: str, horizon: int, behaviour: str = "queue") -> Action:
        """The operator has her say something: ``queue``, ``interrupt`` or ``replace`` what goes on."""
        action = decide(self.running(horizon), f"operator_{behaviour}")
        if action == "bar":
            self._end_song(horizon)
        if action in ("cut", "replace", "bar"):
            self._interrupt(horizon, self.running(horizon) != SONG, resume=action == "cut")
        if action == "replace":
            self.desk.clear(below=Priority.CRITICAL)
        self.answers.follow(self.desk.read(text, f"operator_{behaviour}", self.mood.name(), horizon))
        return action

    def approve(self, number: int, horizon: int) -> FanEvent | bool:
        """The operator lets a held line go on: the fan's event if it is one; False when there is none of that number."""
        held = self.gate.approve(number)
        if isinstance(held, FanEvent):
            self.chat.push(replace(held, ruling="approved"), horizon)
            return held
        if held is not None:
            self.answers.follow(self.desk.recite(*held, horizon))
            return True
        return False

    def _end_song(self, horizon: int) -> bool:
        piece = self.band.playing
        if piece is None or piece.bed or piece.start > horizon:
            return False
        at = self.band.next_bar(horizon + SAMPLE_RATE // 20)
        self.band.back_to_bed(at)
        self.camera.cut(at)
        self._enter("banter", at)
        return True

    def _interrupt(self, horizon: int, wanted: bool = True, resume: bool = False) -> None:
        """Cut what is said at its next word; thanks for a paid message that was hardly begun are said again later."""
        current = self.desk.current
        if not wanted or current is None:
            return
        resume = resume and not current.resumed
        words = sum(len(clause.text.split()) for clause in current.clauses)
        heard = len(self.desk.cut(horizon).split())
        if current.ask.kind == "paid" and heard < 0.5 * max(1, words):
            again = self.desk.say(current.ask, horizon, front=True)
            again.why = current.why
            self.answers.follow(again)
        elif resume:
            self._resume(current, horizon)

    def _resume(self, cut: Utterance, horizon: int) -> None:
        """An answer to a fan that was cut with enough left to say is taken up again after what cut it."""
        lines = self.definition.situations.get("resume")
        rest = cut.unheard(cut.end)
        if (
            not lines
            or not cut.complete
            or not cut.ask.say
            or cut.start < 0
            or sum(len(c.text.split()) for c in rest) < 5
        ):
            return
        name = {"fan": cut.ask.fan}
        fitting = [line.say for line in lines if "{fan}" in line.say or "{" not in line.say]
        if fitting:
            begin = clauses_of(
                self._random.choice(fitting), {k: spoken_name(v) for k, v in name.items()}, cut.ask.moment.mood
            )
            again = self.desk.recite(cut.ask, (*begin, *rest), horizon)
            again.resumed = True
            again.why = cut.why
            self.answers.follow(again)

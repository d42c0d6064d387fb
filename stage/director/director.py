"""The shape of a show: opening, talk, song, banter, closing; never dead air, never two voices at once.

The director runs once a video frame. It looks at what fans said, what the mind and the studio finished, and how
much time is left, and puts what follows on the timeline at or after the horizon. Nothing here waits.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from audio.compose import Wish
from audio.score.model import Song
from audio.voice.model import Take
from characters.definition import Definition
from characters.persona.mind import Event, Failed, Said, Understood
from characters.persona.model import Ask, Intent, Moment
from characters.persona.news import Happened, Heard, News, Remembered
from stage.clock import SAMPLE_RATE, samples, seconds
from stage.director.answers import Answers
from stage.director.cameraman import Cameraman
from stage.director.chat import CROWD, ChatSelector, Choice
from stage.director.gate import Gate
from stage.director.intents import SONG, Priority, decide
from stage.director.mood import Mood, temper
from stage.director.music import Bandstand, Piece
from stage.director.operator import Operated
from stage.director.plan import CLOSING, ORDERS, Clockwork, Order, Plan
from stage.director.speech import SpeechDesk, Utterance
from stage.director.tonight import Tonight
from stage.director.votes import MusicVote, Votes
from stage.gateway.model import FanEvent
from stage.studio import Bed, Studio
from stage.timeline import Cue, Timeline

log = logging.getLogger("limelight.director")

SONG_INTENTS = frozenset({"song_request", "sing_again"})
URGENT_INTENTS = frozenset({"distress", "grief"})
"""Somebody needs an answer now: goes to the front of what waits."""
FILLER_AFTER = 0.4
"""Seconds after which a fan who waits in silence for a slow mind hears a filler; at most one a turn."""
MILESTONES = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)


class MindLike(Protocol):
    """What the director needs of the mind (process or inline)."""

    def ask(self, ask: Ask) -> None: ...

    def poll(self) -> list[Event]: ...

    def cancel(self, id: str) -> None: ...

    def tell(self, news: News) -> None: ...


class Director(Operated):
    """Runs the show on a timeline."""

    def __init__(
        self,
        definition: Definition,
        timeline: Timeline,
        send: Callable[..., None],
        studio: Studio,
        mind: MindLike,
        seed: int,
        plan: Plan | None = None,
    ) -> None:
        self.definition, self.timeline, self.seed = definition, timeline, seed
        self.plan = plan or Plan()
        self._studio, self._mind = studio, mind
        self.chat = ChatSelector()
        self.gate = Gate(definition)
        self.mood = Mood(temper(definition.persona.traits))
        self.votes = Votes()
        self.music_vote = MusicVote()
        self.tonight = Tonight()
        self.private: deque[Remembered] = deque(maxlen=1_000)
        """What is to be told to one account alone (its memory)."""
        self.band = Bandstand(timeline, send, studio.perform)
        self.desk = SpeechDesk(timeline, send, studio.perform, mind.ask, self._drop, self.band.sung, self.mood.face)
        self.answers = Answers(definition.identity.name)
        self.camera = Cameraman(timeline, self.band, self.plan.shot, seed)
        self.orders: list[Order] = []
        self._state = Clockwork()
        self._joined: list[tuple[str, int]] = []
        self._random = random.Random(f"director/{seed}")
        self.fans = 0
        self.jam = False
        """Whether the band composes on while people talk: another bed for every round, in key and at tempo."""
        self._jammed = 0
        self._end = samples(self.plan.total) if self.plan.total else None
        studio.write("bed", Bed(seed))

    # ---- small helpers ----------------------------------------------------------------------------------
    @property
    def phase(self) -> str:
        """Opening, talk, song, banter or closing."""
        return self._state.phase

    @property
    def over(self) -> bool:
        """Whether the show has come to its end (only shows with a length end)."""
        return self._state.phase == "closing" and not self.desk.queue

    def _drop(self, id: str) -> None:
        self._studio.drop(id)
        if ":" in id:
            self._mind.cancel(id.split(":")[0])

    def _left(self, at: int) -> float:
        return seconds(self._end - at) if self._end is not None else float("inf")

    def _enter(self, phase: str, at: int) -> None:
        self._state.phase, self._state.since = phase, at
        self._state.idle_at = at + samples(self.plan.idle)
        self.timeline.add(Cue(at, 0, "phase", {"name": phase}))
        log.info("%7.2f s  %s", seconds(at), phase)

    def _moment(self, situation: str, **more: Any) -> Moment:
        playing = self.band.playing
        title = playing.song.title if playing is not None and not playing.bed else ""
        self._state.asked += 1
        ahead = next((order.piece.song.title for order in self.orders if order.piece), "")
        facts: dict[str, Any] = {"song": title, "next_song": ahead, "fans": self.fans} | more
        return Moment(
            situation=situation, phase=self._state.phase, mood=self.mood.name(), energy=round(self.mood.drive, 3),
            seed=self.seed * 100_003 + self._state.asked, **facts,
        )  # fmt: skip

    def _say(
        self, situation: str, now: int, fan: str = "", front: bool = False, fresh: float = -1, **more: Any
    ) -> Utterance:
        moment = self._moment(situation, **more)
        ask = Ask("", moment, fan=fan, history=self.answers.recent(), limit=self.plan.words)
        not_after = now + samples(fresh) if fresh >= 0 else -1
        utterance = self.desk.say(ask, now, front=front, not_after=not_after)
        self.answers.follow(utterance)
        return utterance

    # ---- what fans do -----------------------------------------------------------------------------------
    def hear(self, events: list[FanEvent], now: int) -> None:
        """Take in what fans did, at the sample of the frame being made."""
        for event in events:
            if event.kind == "request":
                event = replace(event, kind="chat", text=f"can you sing about {event.text}?")
            if event.kind in ("chat", "paid"):
                self._hear_words(event, now)
            elif event.kind == "reaction":
                shown = max(1, min(12, int(event.amount or 1)))
                self.mood.feel("reaction", now, shown)
                for nth in range(shown):
                    at = now + nth * SAMPLE_RATE // 20
                    self.timeline.add(Cue(at, 3 * SAMPLE_RATE, "reaction", {"name": event.text, "fan": event.fan}))
            elif event.kind == "vote":
                if not self.music_vote.cast(event.fan, event.text, now):
                    self.votes.cast(event.fan, event.text, now)
            elif event.kind == "join":
                self.fans += 1
                self.mood.feel("join", now)
                self._joined = [*self._joined[-7:], (event.fan, now)]
            elif event.kind == "leave":
                self.fans = max(0, self.fans - 1)

    def _hear_words(self, event: FanEvent, now: int) -> None:
        self.gate.note(event)
        tier = self.chat.push(event, now)
        data: dict[str, Any] = {"fan": event.fan, "text": event.text, "tier": tier}
        if event.amount:
            data["amount"] = event.amount
        self.timeline.add(Cue(now, 0, "chat", data))
        if event.kind == "paid":
            self.tonight.gifts += 1
            self.mood.feel("gift", now)
        elif tier == "gathered":
            self.mood.feel("flood", now, 0.1)

    # ---- once a frame -----------------------------------------------------------------------------------
    def prelude(self) -> bool:
        """Before the show: take in what is ready; True once there is a bed to open with."""
        self._collect(0)
        return self.band.bed is not None

    def step(self, now: int, horizon: int) -> None:
        """Let everything move on; ``now`` is the frame's sample, ``horizon`` the first that can still change."""
        self._collect(horizon)
        if self._state.phase == "before":
            self._open(horizon)
        else:
            self._shape(now, horizon)
        wanted = self.music_vote.due(now, self.band.shape) if self.band.playing is not None else None
        if wanted is not None:
            self.music(wanted, horizon)
        ended = self.band.advance(horizon)
        if self.jam and self.band.loops != self._jammed:
            self._jammed = self.band.loops
            self._studio.write("bed", Bed(self.seed * 7919 + self._jammed))
        if ended is not None:
            self._song_over(ended, horizon)
        self._fill(now)
        self.desk.voiceless = not self._studio.speaks
        self.desk.advance(horizon)
        for utterance in self.answers.step():
            if utterance.state == "done":
                self.mood.feel("spoke", now)
            if heard := utterance.heard_clauses(utterance.end):
                self._mind.tell(Heard(utterance.id, heard))
        self._tell_mood(now, horizon)
        self.camera.step(horizon)

    def _collect(self, horizon: int) -> None:
        for event in self._mind.poll():
            if isinstance(event, Said):
                clause = self.gate.said(event, self.desk.ask_of(event.id), horizon)
                if clause is not None:
                    self.desk.clause(event.id, clause)
            elif isinstance(event, Understood):
                self.desk.understood(event.id, event.intent)
                self._understood(event.id, event.intent, horizon)
            elif isinstance(event, Failed):
                self.desk.failed(event.id, event.reason)
            else:
                self.private.append(event)
        for result in self._studio.poll():
            kind, _, rest = result.id.partition(":")
            if result.error:
                log.warning("%s: %s", result.id, result.error)
            if result.id == "bed":
                if isinstance(result.value, Song):
                    self.band.bed = self.band.new_piece("bed", self.band.conform(result.value), bed=True)
            elif kind == "sing":
                self._sung_take(rest, result.value, horizon)
            elif kind == "song":
                self._composed(rest, result.value, horizon)
            else:
                take = result.value if isinstance(result.value, Take) else None
                self.desk.take(kind, int(rest), take)

    def _sung_take(self, rest: str, value: Any, horizon: int) -> None:
        name, _, index = rest.rpartition(":")
        piece = next((o.piece for o in self.orders if o.piece and o.piece.id == name), None)
        if piece is None and self.band.playing is not None and self.band.playing.id == name:
            piece = self.band.playing
        piece = piece or self.band.find(name)
        if piece is not None and isinstance(value, Take):
            self.band.take(piece, int(index), value, horizon)

    # ---- mood -------------------------------------------------------------------------------------------
    def _tell_mood(self, now: int, horizon: int) -> None:
        """The mood is on the timeline every five seconds, so that a show can be read and replayed with it."""
        self.mood.at(now)
        if self._state.mood_told < 0 or horizon - self._state.mood_told >= 5 * SAMPLE_RATE:
            self._state.mood_told = horizon
            self.timeline.add(Cue(horizon, 0, "mood", self.mood.facts()))

    # ---- songs ------------------------------------------------------------------------------------------
    def _understood(self, id: str, intent: Intent, horizon: int) -> None:
        utterance = next((u for u in self.desk.queue if u.id == id), None)
        if utterance is None:
            return
        self.mood.feel(intent.name, horizon)
        if intent.name in URGENT_INTENTS:
            self.desk.promote(utterance, Priority.HIGH)
        if intent.name not in SONG_INTENTS or not self.plan.songs or len(self.orders) >= ORDERS or self._state.closing:
            return
        fan = utterance.ask.fan
        if any(order.fan == fan for order in self.orders):
            return
        self._order(fan, intent.slots.get("topic", ""), utterance.ask.say, horizon, utterance)

    def _order(self, fan: str, theme: str, prompt: str, horizon: int, speech: Utterance | None) -> Order | None:
        ahead = self.plan.song
        if self._end is not None:
            waiting = 2.0 * max(0, len(self.desk.queue) - 1) + seconds(max(0, self.desk.speech_end - horizon))
            ahead = min(ahead, self._left(horizon) - waiting - (0.75 if self.plan.short else CLOSING))
            if ahead < 20.0:
                return None
        self._state.songs += 1
        order = Order(f"song{self._state.songs}", fan, theme, horizon, speech)
        wish = Wish(
            prompt=prompt[:200], theme=theme[:60], seed=self.seed * 1009 + self._state.songs, length_seconds=ahead
        )
        if not self._studio.write(f"song:{order.id}", wish):
            return None
        self.orders.append(order)
        return order

    def _own_song(self, now: int, horizon: int) -> None:
        """She chooses: what the crowd votes for, else a theme of her own, in the mood she is in."""
        theme = self.votes.take(now)
        fans_choice = bool(theme)
        theme = theme or self._random.choice(self.definition.music.themes or [""])
        word = "" if fans_choice else self.mood.song()
        order = self._order("", theme, f"{word} {theme}".strip(), horizon, None)
        if order is not None:
            order.announced = True

    def _composed(self, id: str, value: Any, horizon: int) -> None:
        order = next((o for o in self.orders if o.id == id), None)
        if order is None:
            return
        if not isinstance(value, Song):
            self.orders.remove(order)
            return
        order.piece = self.band.new_piece(order.id, value, requested_by=order.fan, theme=order.theme)
        if order.announced:  # only now it has a title to be announced by
            order.speech = self._say("song_intro", horizon, next_song=value.title)
        log.info("song ready on paper: %s (%d bars, %.0f s)", value.title, value.bars, seconds(order.piece.length))

    def _try_song(self, horizon: int) -> None:
        """Begin the next song when it is there and the talk leaves room for it."""
        order = self.orders[0] if self.orders else None
        piece = order.piece if order else None
        if order is None or piece is None or not piece.ready():
            return
        speech = order.speech
        if speech is not None and not speech.over and (speech.start < 0 or speech.placed < len(speech.clauses)):
            return
        others = [u for u in self.desk.queue if u is not speech and u.ask.moment.situation != "idle"]
        waited = seconds(horizon - order.ordered)
        slack = self._left(horizon) - seconds(piece.length)
        if (others or len(self.chat)) and waited < 15.0 and slack > 6.0:
            return
        first_sung = min((offset for offset, _ in piece.phrases), default=0) - SAMPLE_RATE // 4
        free = max(self.desk.speech_end + SAMPLE_RATE // 4 - first_sung, horizon + SAMPLE_RATE // 20)
        start = self.band.next_bar(free)
        if start > horizon + 3 * SAMPLE_RATE or any(utterance.start >= 0 for utterance in others):
            return
        self.orders.remove(order)
        self.band.start_song(piece, start, horizon)
        self.camera.song(piece)
        self.mood.feel("song_started", horizon)
        self._enter("song", start)

    def _song_over(self, piece: Piece, horizon: int) -> None:
        self.mood.feel("song_ended", horizon)
        self.tonight.sung(piece.song.title, piece.requested_by, max(piece.end, horizon))
        self._mind.tell(Happened("song", piece.song.title))
        if self._state.closing:
            return
        self._enter("banter", max(piece.end, horizon))
        if self._left(horizon) > CLOSING:
            self._say("song_done", horizon, fan=piece.requested_by, front=True, fresh=6.0, song=piece.song.title)

    # ---- talk -------------------------------------------------------------------------------------------
    def _open(self, horizon: int) -> None:
        if self.band.bed is not None:
            self.band.start_bed(self.band.bed, horizon)
        self._enter("opening", horizon)
        self._say("opening", horizon)

    def _shape(self, now: int, horizon: int) -> None:
        state = self._state
        if state.phase == "opening" and not any(u.ask.moment.situation == "opening" for u in self.desk.queue):
            self._enter("talk", horizon)
        if self._end is not None:
            self._close(horizon)
        if state.closing:
            return
        if state.phase == "song":
            self._during_song(horizon)
            return
        self._answer(now, horizon)
        self._try_song(horizon)
        if state.phase in ("talk", "banter"):
            self._keep_talking(now, horizon)

    def running(self, horizon: int) -> str:
        """What goes on, as :func:`stage.director.intents.decide` names it."""
        piece = self.band.playing
        if piece is not None and not piece.bed and piece.start <= horizon < piece.end:
            return SONG
        current = self.desk.current
        return current.situation if current is not None else ""

    def _answer(self, now: int, horizon: int) -> None:
        """Ask for the next answer while the last is spoken, two ahead at most."""
        while len(self.desk.queue) < 3 and len(self.chat):
            if self.plan.short and self.orders and self._left(horizon) < 45:
                return
            choice = self.chat.pick(now)
            if choice is None:
                return
            self._answer_one(choice, now, horizon)

    def _answer_one(self, choice: Choice, now: int, horizon: int) -> None:
        event, why = choice.event, self.answers.chosen(choice, now)
        entry = self.gate.enter(event, now)
        if entry is None:
            return
        situation = "gift" if event.kind == "paid" else "chat"
        current = self.desk.current
        # A line that is nearly over is let finish: cutting its last word would gain nothing.
        nearly_over = current is not None and current.start >= 0 and current.end - horizon <= SAMPLE_RATE * 6 // 5
        if decide(self.running(horizon), situation) == "cut" and not nearly_over:
            self.desk.cut(horizon)
        if choice.crowd >= CROWD:
            self.mood.feel("crowd", now)
            self._say("crowd_asks", horizon, fresh=8.0, fans=choice.crowd)
        ask = Ask(
            "", self._moment(situation), fan=entry.fan, say=entry.text, kind=event.kind, amount=event.amount,
            history=self.answers.recent(), limit=self.plan.words, account=event.account, ruling=entry.ruling,
            knows=self.tonight.knows(), hurry=not self.desk.busy(now),
        )  # fmt: skip
        utterance = self.desk.say(ask, now, accepted=event.accepted)
        utterance.quiet = not self.desk.busy(now, but=utterance) and choice.waited < 0.2
        utterance.why = why
        self.answers.follow(utterance)

    def _fill(self, now: int) -> None:
        """A fan who waits in silence for a slow mind hears that she is thinking."""
        head = self.desk.queue[0] if self.desk.queue else None
        lines = self.definition.situations.get("filler")
        if head is None or not lines or not head.ask.say or not head.quiet or head.filled or head.clauses:
            return
        if now - head.asked >= samples(FILLER_AFTER) and not self.desk.speaking(now):
            self.desk.fill(head, self._random.choice(lines).say, {"fan": head.ask.fan})

    def _keep_talking(self, now: int, horizon: int) -> None:
        state = self._state
        waiting = self.orders[0].piece if self.orders else None
        if self.desk.busy(horizon) or (waiting is not None and waiting.ready()):
            state.idle_at = max(state.idle_at, self.desk.speech_end + self._idle_gap())
            return
        talk = seconds(horizon - state.since)
        enough = 8.0 if self.plan.short else (self.plan.talk if state.songs else self.plan.talk * 0.7)
        if self.plan.songs and not self.orders and talk > enough and self._left(horizon) > 32.0:
            self._own_song(now, horizon)
            return
        if horizon < state.idle_at:
            return
        recent = [fan for fan, at in self._joined if now - at < 25 * SAMPLE_RATE]
        reached = max((m for m in MILESTONES if m <= self.fans), default=0)
        if reached > state.milestone and self.definition.situations.get("milestone"):
            state.milestone = reached
            self._mind.tell(Happened("milestone", f"{reached} fans"))
            self._say("milestone", horizon, fresh=4.0)
        elif recent:
            self._joined.clear()
            self._say("join", horizon, fan=recent[-1], fresh=4.0)
        elif self.definition.situations.get("callback") and (song := self.tonight.callback(now)) is not None:
            self._say("callback", horizon, fan=song.fan, fresh=4.0, song=song.title)
        else:
            self.mood.feel("silence", now)
            self._say("idle", horizon, fresh=4.0)
        state.idle_at = horizon + self._idle_gap()

    def _idle_gap(self) -> int:
        """Pauses are longer when she is tired or calm."""
        pace = 1.3 - 0.6 * self.mood.drive
        return samples(self.plan.idle * pace * (0.7 + 0.9 * self._random.random()))

    def _during_song(self, horizon: int) -> None:
        piece = self.band.playing
        if piece is not None and piece.bed:
            self._enter("banter", horizon)

    def _close(self, horizon: int) -> None:
        state, left = self._state, self._left(horizon)
        if not state.closing:
            sung_until = max((end for _, end in self.band.sung()), default=0)
            room = 3.2 if self.plan.short else CLOSING
            if left < room or (
                state.phase == "song" and left < room + 4 and sung_until < horizon and self._left(sung_until) < room + 3
            ):
                state.closing = True
                self.orders.clear()
                for utterance in list(self.desk.queue):
                    if utterance.start < 0:
                        utterance.state = "cut"
                self.mood.feel("closing", horizon)
                self._say("closing", horizon, fresh=max(0.5, left - 1.5))
                self._enter("closing", horizon)
        if state.closing and not state.faded and left < 2.5 and self._end is not None:
            state.faded = True
            self.band.bed = None
            piece = self.band.playing
            singing = piece is not None and not piece.bed and piece.end > horizon
            fade = SAMPLE_RATE // 2 if singing else 2 * SAMPLE_RATE
            if piece is None or not singing or piece.end > self._end:
                self.band.stop(max(horizon, self._end - fade), fade=fade - SAMPLE_RATE // 20)

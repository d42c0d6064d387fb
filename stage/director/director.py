"""The shape of a show: opening, talk, song, banter, closing; never dead air, never two voices at once.

The director runs once a video frame. It looks at what fans said, what the mind and the studio finished, and how
much time is left, and puts what follows on the timeline at or after the horizon. Nothing here waits.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from audio.compose import Wish
from audio.score.model import Song
from audio.voice.model import Take
from characters.definition import Definition
from characters.persona.mind import Event, Failed, Said, Understood
from characters.persona.model import Ask, Intent, Moment
from stage.clock import SAMPLE_RATE, samples, seconds
from stage.director.camera import plan_section, shot_cue, talk_cue
from stage.director.chat import ChatSelector
from stage.director.music import Bandstand, Piece
from stage.director.speech import SpeechDesk, Utterance
from stage.gateway.model import FanEvent
from stage.studio import Bed, Studio
from stage.timeline import Cue, Timeline

log = logging.getLogger("limelight.director")

SONG_INTENTS = frozenset({"song_request", "sing_again"})
CLOSING = 7.0
"""Seconds kept for saying goodbye in a show with an end (a short one says it over the last bar)."""
SHORT_SHOW = 75.0
"""A show shorter than this goes to its song as soon as it can."""


class MindLike(Protocol):
    """What the director needs of the mind (process or inline)."""

    def ask(self, ask: Ask) -> None: ...

    def poll(self) -> list[Event]: ...

    def cancel(self, id: str) -> None: ...


@dataclass(slots=True)
class Order:
    """A song somebody asked for, or her own choice."""

    id: str
    fan: str
    theme: str
    ordered: int
    speech: Utterance | None = None
    piece: Piece | None = None
    failed: bool = False


@dataclass(slots=True)
class Latency:
    """Chat accepted (monotonic seconds) and the sample at which its answer is first heard."""

    accepted: float
    chosen: int
    audible: int
    quiet: bool
    """Whether nothing was being said or sung when the message came."""


@dataclass(slots=True)
class Plan:
    """Lengths of the parts of a show, in seconds."""

    total: float | None = None
    talk: float = 45.0
    idle: float = 4.0
    song: float = 80.0
    shot: str = "auto"
    songs: bool = True
    """Whether she sings."""


@dataclass(slots=True)
class _Clockwork:
    phase: str = "before"
    since: int = 0
    talk_shot: str = ""
    camera_until: int = 0
    idle_at: int = 0
    greeted: int = 0
    closing: bool = False
    faded: bool = False
    songs: int = 0
    asked: int = 0
    history: list[tuple[str, str]] = field(default_factory=list)


class Director:
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
        self.band = Bandstand(timeline, send, studio.perform)
        self.desk = SpeechDesk(timeline, send, studio.perform, mind.ask, self._drop, self.band.sung)
        self.orders: list[Order] = []
        self.latencies: list[Latency] = []
        self.choices: list[str] = []
        self._state = _Clockwork()
        self._pending: dict[str, Order] = {}
        self._answers: list[Utterance] = []
        self._joined: list[tuple[str, int]] = []
        self._sing_waiting: dict[str, tuple[Piece, int]] = {}
        self._random = random.Random(f"director/{seed}")
        self.fans = 0
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

    @property
    def _short(self) -> bool:
        return self.plan.total is not None and self.plan.total < SHORT_SHOW

    @property
    def _words(self) -> int:
        """Words an answer may have: few in a short show."""
        return 9 if self._short else 40

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
        facts: dict[str, Any] = {"song": title, "next_song": ahead} | more
        return Moment(
            situation=situation, phase=self._state.phase, fans=self.fans,
            seed=self.seed * 100_003 + self._state.asked, **facts,
        )  # fmt: skip

    def _say(
        self, situation: str, now: int, fan: str = "", front: bool = False, fresh: float = -1, **more: Any
    ) -> Utterance:
        ask = Ask(
            "", self._moment(situation, **more), fan=fan, history=tuple(self._state.history[-6:]), limit=self._words
        )  # fmt: skip
        not_after = now + samples(fresh) if fresh >= 0 else -1
        utterance = self.desk.say(ask, now, front=front, not_after=not_after)
        self._answers.append(utterance)
        return utterance

    # ---- what fans do -----------------------------------------------------------------------------------
    def hear(self, events: list[FanEvent], now: int) -> None:
        """Take in what fans did, at the sample of the frame being made."""
        for event in events:
            if event.kind == "request":
                event = replace(event, kind="chat", text=f"can you sing about {event.text}?")
            if event.kind in ("chat", "paid"):
                tier = self.chat.push(event, now)
                data = {"fan": event.fan, "text": event.text, "tier": tier} | (
                    {"amount": event.amount} if event.amount else {}
                )
                self.timeline.add(Cue(now, 0, "chat", data))
            elif event.kind == "reaction":
                for nth in range(max(1, min(12, int(event.amount or 1)))):
                    at = now + nth * SAMPLE_RATE // 20
                    self.timeline.add(Cue(at, 3 * SAMPLE_RATE, "reaction", {"name": event.text, "fan": event.fan}))
            elif event.kind == "join":
                self.fans += 1
                self._joined = [*self._joined[-7:], (event.fan, now)]
            elif event.kind == "leave":
                self.fans = max(0, self.fans - 1)

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
        ended = self.band.advance(horizon)
        if ended is not None:
            self._song_over(ended, horizon)
        self.desk.advance(horizon)
        self._watch_answers()
        self._camera(horizon)

    def _collect(self, horizon: int) -> None:
        for event in self._mind.poll():
            if isinstance(event, Said):
                self.desk.clause(event.id, event.clause)
            elif isinstance(event, Understood):
                self.desk.understood(event.id, event.intent)
                self._understood(event.id, event.intent, horizon)
            elif isinstance(event, Failed):
                self.desk.failed(event.id, event.reason)
        for result in self._studio.poll():
            kind, _, rest = result.id.partition(":")
            if result.error:
                log.warning("%s: %s", result.id, result.error)
            if result.id == "bed":
                if isinstance(result.value, Song):
                    self.band.bed = self.band.new_piece("bed", result.value, bed=True)
            elif kind == "sing":
                self._sung_take(rest, result.value, horizon)
            elif kind == "song":
                self._composed(rest, result.value)
            else:
                take = result.value if isinstance(result.value, Take) else None
                self.desk.take(kind, int(rest), take)

    def _sung_take(self, rest: str, value: Any, horizon: int) -> None:
        name, _, index = rest.rpartition(":")
        piece = next((o.piece for o in self.orders if o.piece and o.piece.id == name), None)
        if piece is None and self.band.playing is not None and self.band.playing.id == name:
            piece = self.band.playing
        if piece is not None and isinstance(value, Take):
            self.band.take(piece, int(index), value, horizon)

    # ---- songs ------------------------------------------------------------------------------------------
    def _understood(self, id: str, intent: Intent, horizon: int) -> None:
        utterance = next((u for u in self.desk.queue if u.id == id), None)
        if (
            utterance is None
            or intent.name not in SONG_INTENTS
            or not self.plan.songs
            or len(self.orders) >= 8
            or self._state.closing
        ):
            return
        fan = utterance.ask.fan
        if any(order.fan == fan for order in self.orders):
            return
        theme = intent.slots.get("topic", "")
        self._order(fan, theme, utterance.ask.say, horizon, utterance)

    def _order(self, fan: str, theme: str, prompt: str, horizon: int, speech: Utterance | None) -> Order | None:
        ahead = self.plan.song
        if self._end is not None:
            waiting = 2.0 * max(0, len(self.desk.queue) - 1) + seconds(max(0, self.desk.speech_end - horizon))
            ahead = min(ahead, self._left(horizon) - waiting - (1.0 if self._short else CLOSING))
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

    def _composed(self, id: str, value: Any) -> None:
        order = next((o for o in self.orders if o.id == id), None)
        if order is None:
            return
        if not isinstance(value, Song):
            self.orders.remove(order)
            return
        order.piece = self.band.new_piece(order.id, value, requested_by=order.fan, theme=order.theme)
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
        if start > horizon + 3 * SAMPLE_RATE:
            return
        if others:
            for utterance in others:
                if utterance.start >= 0:
                    return
        self.orders.remove(order)
        self.band.start_song(piece, start, horizon)
        self._sections(piece)
        self._enter("song", start)

    def _sections(self, piece: Piece) -> None:
        if self.plan.shot != "auto":
            return
        self._cut_camera(piece.start)
        tempo = piece.song.tempo_map
        for section in piece.song.sections:
            bars = [
                piece.start + tempo.sample(tempo.bar_beat(bar))
                for bar in range(section.bar, section.bar + section.bars + 1)
            ]
            self.timeline.extend(
                plan_section(bars[0], bars, section.name, section.energy, f"{self.seed}/{piece.id}", piece.id)
            )
        self._state.camera_until = piece.end

    def _song_over(self, piece: Piece, horizon: int) -> None:
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

    def _answer(self, now: int, horizon: int) -> None:
        """Ask for the next answer while the last is spoken, two ahead at most."""
        while len(self.desk.queue) < 3 and len(self.chat):
            if self._short and self.orders and self._left(horizon) < 45:
                return
            choice = self.chat.pick(now)
            if choice is None:
                return
            event = choice.event
            self.choices.append(
                f"{seconds(now):.2f} {choice.tier} {event.fan}: {choice.reason} (waited {choice.waited:.1f} s)"
            )
            del self.choices[:-1000]
            current = self.desk.current
            if current is not None and current.ask.moment.situation in ("idle", "join"):
                if current.start < 0 or current.end - horizon > SAMPLE_RATE * 6 // 5:
                    self.desk.cut(horizon)
            situation = "gift" if event.kind == "paid" else "chat"
            ask = Ask(
                "", self._moment(situation), fan=event.fan, say=event.text, kind=event.kind, amount=event.amount,
                history=tuple(self._state.history[-6:]), limit=self._words,
            )  # fmt: skip
            quiet = not self.desk.busy(now) and choice.waited < 0.2
            utterance = self.desk.say(ask, now, accepted=event.accepted)
            utterance.quiet = quiet
            self._answers.append(utterance)

    def _keep_talking(self, now: int, horizon: int) -> None:
        state = self._state
        waiting = self.orders[0].piece if self.orders else None
        if self.desk.busy(horizon) or (waiting is not None and waiting.ready()):
            state.idle_at = max(state.idle_at, self.desk.speech_end + self._idle_gap())
            return
        talk = seconds(horizon - state.since)
        enough = 8.0 if self._short else (self.plan.talk if state.songs else self.plan.talk * 0.7)
        if self.plan.songs and not self.orders and talk > enough and self._left(horizon) > 32.0:
            theme = self._random.choice(self.definition.music.themes or [""])
            order = self._order("", theme, theme, horizon, None)
            if order is not None:
                order.speech = self._say("song_intro", horizon)
            return
        if horizon < state.idle_at:
            return
        recent = [fan for fan, at in self._joined if now - at < 25 * SAMPLE_RATE]
        if recent:
            self._joined.clear()
            self._say("join", horizon, fan=recent[-1], fresh=4.0)
        else:
            self._say("idle", horizon, fresh=4.0)
        state.idle_at = horizon + self._idle_gap()

    def _idle_gap(self) -> int:
        return samples(self.plan.idle * (0.7 + 0.9 * self._random.random()))

    def _during_song(self, horizon: int) -> None:
        piece = self.band.playing
        if piece is not None and piece.bed:
            self._enter("banter", horizon)

    def _close(self, horizon: int) -> None:
        state, left = self._state, self._left(horizon)
        if not state.closing:
            sung_until = max((end for _, end in self.band.sung()), default=0)
            room = 3.2 if self._short else CLOSING
            if left < room or (
                state.phase == "song" and left < room + 4 and sung_until < horizon and self._left(sung_until) < room + 3
            ):
                state.closing = True
                self.orders.clear()
                for utterance in list(self.desk.queue):
                    if utterance.start < 0:
                        utterance.state = "cut"
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

    def skip(self, horizon: int) -> None:
        """The operator's *next*: a song ends at the next bar line, a line at the next word."""
        piece = self.band.playing
        if piece is not None and not piece.bed and piece.start <= horizon:
            at = self.band.next_bar(horizon + SAMPLE_RATE // 20)
            self.band.back_to_bed(at)
            self._cut_camera(at)
            self._enter("banter", at)
        else:
            self.desk.cut(horizon)

    def _watch_answers(self) -> None:
        for utterance in list(self._answers):
            if utterance.audible >= 0 and utterance.accepted:
                self.latencies.append(Latency(utterance.accepted, utterance.asked, utterance.audible, utterance.quiet))
                del self.latencies[:-10_000]
                utterance.accepted = 0.0
            if utterance.over:
                self._answers.remove(utterance)
                if utterance.state == "done":
                    ask = utterance.ask
                    if ask.say:
                        self._state.history.append((ask.fan, ask.say))
                    self._state.history.append((self.definition.identity.name, utterance.heard(utterance.end)))
                    del self._state.history[:-24]

    # ---- camera -----------------------------------------------------------------------------------------
    def _camera(self, horizon: int) -> None:
        state = self._state
        if horizon < state.camera_until:
            return
        if self.plan.shot != "auto":
            self.timeline.add(shot_cue(horizon, 10**12, self.plan.shot, "still"))
            state.camera_until = 10**12
            return
        first = not state.talk_shot
        length = self.band.next_bar(horizon + samples(5.0 if first else 8.0)) - horizon
        cue = (
            shot_cue(horizon, length, "upper", "push")
            if first
            else talk_cue(horizon, length, str(self.seed), state.talk_shot)
        )
        state.talk_shot = str(cue.data["shot"])
        self.timeline.add(cue)
        state.camera_until = cue.end

    def _cut_camera(self, at: int) -> None:
        self._state.camera_until = at

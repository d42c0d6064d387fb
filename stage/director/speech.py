"""The speech desk: one utterance at a time, from a question to the last audible sample.

An :class:`Utterance` is a handle: asked, thinking, speaking, done or cut. Its clauses come from the mind, their
sound from the studio; each is put on the timeline at the first moment that is free of other voices. While one
line is spoken the next is already thought, so its start can be *placed* (a human gap after the last word).
What was not heard before a cut is not part of ``heard``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from audio.engine.model import Cancel, VoiceEvent
from audio.voice.model import Spoken, Take
from characters.persona.clauses import clauses_of
from characters.persona.model import Ask, Clause, Intent, Moment
from characters.persona.speech import spoken_name
from stage.clock import SAMPLE_RATE
from stage.director.intents import Priority, manner
from stage.director.latency import Stamps
from stage.director.voicecues import stressed, voice_cues
from stage.timeline import Cue, Timeline

log = logging.getLogger("limelight.director")

TURN_GAP = SAMPLE_RATE // 5
"""Between two utterances: 200 ms, the gap people leave (Levinson & Torreira 2015)."""
CLAUSE_GAP = SAMPLE_RATE // 9
MARGIN = SAMPLE_RATE // 100
"""Kept between the horizon and the first sample of anything new."""
GIVE_UP = 4 * SAMPLE_RATE
"""An utterance without a word this long after its turn came is dropped, so it cannot hold up the show."""
RECOVERY = 15 * SAMPLE_RATE
"""Time in which the voice's process starts again does not count, up to this long: an answer is not lost to that."""


@dataclass(slots=True)
class Utterance:
    """One thing she says. ``state`` is thinking, speaking, done, cut or failed."""

    id: str
    ask: Ask
    asked: int
    priority: Priority = Priority.NORMAL
    stamps: Stamps | None = None
    """Latency of the answer to a fan, if it is to be measured."""
    state: str = "thinking"
    clauses: list[Clause] = field(default_factory=list)
    takes: dict[int, Take] = field(default_factory=dict)
    requested: int = 0
    placed: int = 0
    complete: bool = False
    start: int = -1
    end: int = -1
    audible: int = -1
    viseme: int = -1
    """Sample of the first shape of the mouth."""
    intent: Intent | None = None
    waits_since: int = -1
    quiet: bool = False
    """Whether nothing was being said when it was asked for."""
    not_after: int = -1
    """Drop it when it has not begun by this sample (-1: never)."""
    why: str = ""
    """Why the fan's message was chosen."""
    filled: bool = False
    """Whether she has already said that she is thinking."""
    resumed: bool = False
    """Whether it goes on with what was cut off before; it is not taken up a second time."""
    words: list[tuple[int, int, str]] = field(default_factory=list)
    spoken: list[tuple[int, int]] = field(default_factory=list)
    """(index, end) of the clauses that were placed."""

    @property
    def situation(self) -> str:
        """What it is said for; decides who may interrupt it."""
        return self.ask.moment.situation

    @property
    def over(self) -> bool:
        """Whether nothing more of it will be scheduled."""
        return self.state in ("done", "cut", "failed")

    def heard(self, at: int) -> str:
        """The words heard by a sample."""
        return " ".join(text for _, end, text in self.words if end <= at)

    def heard_clauses(self, at: int) -> tuple[str, ...]:
        """The clauses heard to their end by a sample."""
        return tuple(self.clauses[index].text for index, end in self.spoken if end <= at)

    def unheard(self, at: int) -> tuple[Clause, ...]:
        """The clauses not heard to their end by a sample."""
        heard = {index for index, end in self.spoken if end <= at}
        return tuple(clause for index, clause in enumerate(self.clauses) if index not in heard and clause.text)


class SpeechDesk:
    """Schedules utterances one after another, never over another voice."""

    def __init__(
        self,
        timeline: Timeline,
        send: Callable[..., None],
        perform: Callable[[str, Spoken, int], bool],
        ask: Callable[[Ask], None],
        drop: Callable[[str], None],
        sung: Callable[[], list[tuple[int, int]]],
        face: Callable[[], float] = lambda: 0.8,
    ) -> None:
        self._timeline, self._send, self._perform = timeline, send, perform
        self._ask, self._drop, self._sung, self._face = ask, drop, sung, face
        self.queue: list[Utterance] = []
        self.on_air: Utterance | None = None
        """What is heard now and has all its clauses placed; it can still be cut."""
        self.speech_end = 0
        self.voiceless = False
        """Whether the voice is starting anew and can say nothing yet."""
        self._count = 0

    # ---- coming in ------------------------------------------------------------------------------------
    def say(self, ask: Ask, now: int, accepted: float = 0.0, not_after: int = -1, front: bool = False) -> Utterance:
        """Ask the mind for an utterance and queue it by its priority (``front``: before its equals)."""
        utterance = self._new(ask, now, not_after)
        if accepted:
            utterance.stamps = Stamps(accepted)
            utterance.stamps.mark("selected", time.monotonic())
        self._insert(utterance, front)
        self._ask(utterance.ask)
        return utterance

    def read(self, text: str, situation: str, mood: str, now: int) -> Utterance:
        """Queue given words (the operator's); nothing is asked of the mind."""
        utterance = self._new(Ask("", Moment(situation, mood=mood)), now, -1)
        self._insert(utterance, front=False)
        for clause in clauses_of(text, {}, mood):
            self.clause(utterance.id, replace(clause, last=False))
        utterance.complete = True
        return utterance

    def recite(self, ask: Ask, clauses: Iterable[Clause], now: int) -> Utterance:
        """Queue an answer that was thought earlier (a held one that was approved)."""
        utterance = self._new(ask, now, -1)
        self._insert(utterance, front=False)
        for clause in clauses:
            self.clause(utterance.id, replace(clause, last=False))
        utterance.complete = True
        return utterance

    def _new(self, ask: Ask, now: int, not_after: int) -> Utterance:
        self._count += 1
        ask = replace(ask, id=f"say{self._count}")
        return Utterance(ask.id, ask, now, manner(ask.moment.situation).priority, not_after=not_after)

    def _insert(self, utterance: Utterance, front: bool) -> None:
        """By priority, first come first served; what has begun to be said stays where it is."""
        at = 1 if self.queue and self.queue[0].start >= 0 else 0
        while at < len(self.queue):
            other = self.queue[at].priority
            if other < utterance.priority or (front and other == utterance.priority):
                break
            at += 1
        self.queue.insert(at, utterance)

    def promote(self, utterance: Utterance, priority: Priority) -> None:
        """What was understood makes it urgent: it moves ahead of what waits with less."""
        if utterance in self.queue and utterance.start < 0 and priority > utterance.priority:
            self.queue.remove(utterance)
            utterance.priority = priority
            self._insert(utterance, front=True)

    def clear(self, below: Priority) -> None:
        """Drop what waits with a lower priority and has not begun; paid messages keep their turn."""
        for utterance in list(self.queue):
            if utterance.start < 0 and utterance.priority < below and utterance.ask.kind != "paid":
                utterance.state = "cut"
                self._forget(utterance)

    def fill(self, utterance: Utterance, line: str, values: Mapping[str, str]) -> None:
        """Let an utterance that is still being thought begin with a filler."""
        utterance.filled = True
        named = {name: spoken_name(value) for name, value in values.items()}
        for clause in clauses_of(line, named, utterance.ask.moment.mood)[:1]:
            self.clause(utterance.id, replace(clause, last=False))

    def clause(self, id: str, clause: Clause) -> None:
        """The mind thought a clause."""
        utterance = next((u for u in self.queue if u.id == id), None)
        if utterance is None or utterance.over:
            return
        if clause.text.strip():
            if utterance.stamps is not None:
                utterance.stamps.mark("first_clause", time.monotonic())
            utterance.clauses.append(replace(clause, last=False))
            index = len(utterance.clauses) - 1
            self._perform(f"{id}:{index}", Spoken(clause.text, clause.mood), 0 if utterance is self.queue[0] else 1)
        if clause.last:
            utterance.complete = True

    def ask_of(self, id: str) -> Ask | None:
        """What an utterance that waits or is being said was asked."""
        return next((utterance.ask for utterance in self.queue if utterance.id == id), None)

    def understood(self, id: str, intent: Intent) -> None:
        """The mind knows what the fan wants."""
        for utterance in self.queue:
            if utterance.id == id:
                utterance.intent = intent
                if utterance.stamps is not None:
                    utterance.stamps.mark("understood", time.monotonic())

    def failed(self, id: str, reason: str) -> None:
        """The mind or the studio gave up on it."""
        for utterance in self.queue:
            if utterance.id == id and not utterance.over:
                log.warning("an answer was given up: %s", reason)
                utterance.complete = True
                if not utterance.clauses:
                    utterance.state = "failed"

    def take(self, id: str, index: int, take: Take | None) -> None:
        """The studio rendered a clause (None: it could not)."""
        for utterance in self.queue:
            if utterance.id == id:
                if take is None:
                    utterance.clauses[index] = replace(utterance.clauses[index], text="")
                else:
                    utterance.takes[index] = take

    # ---- state ------------------------------------------------------------------------------------------
    @property
    def current(self) -> Utterance | None:
        """What is being said, or else thought."""
        return self.on_air or (self.queue[0] if self.queue else None)

    def speaking(self, sample: int) -> bool:
        """Whether something is being said."""
        return sample < self.speech_end

    def busy(self, sample: int, but: Utterance | None = None) -> bool:
        """Whether something is being said, or about to be (``but`` does not count)."""
        return any(u is not but for u in self.queue) or sample < self.speech_end

    # ---- playing ----------------------------------------------------------------------------------------
    def advance(self, horizon: int) -> None:
        """Place every clause whose time has come."""
        if self.on_air is not None and horizon >= self.on_air.end:
            self._heard_out()
        while self.queue:
            head = self.queue[0]
            if self._finished(head, horizon):
                self.queue.pop(0)
                continue
            if not self._place(head, horizon):
                return

    def _finished(self, head: Utterance, horizon: int) -> bool:
        if head.over:
            return True
        if head.waits_since < 0 or (self.voiceless and horizon - head.asked < RECOVERY):
            head.waits_since = horizon
        waited = horizon - max(head.waits_since, self.speech_end)
        stale = head.start < 0 and 0 <= head.not_after < horizon
        if stale or (head.start < 0 and not head.takes and waited > GIVE_UP and not self._must_wait(horizon)):
            log.info("dropped before it was said: %s", "too late" if stale else "nothing to say in time")
            head.state = "failed"
            self._forget(head)
            return True
        if head.complete and head.placed == len(head.clauses):
            if head.start < 0:
                head.state = "failed"
            else:
                self._heard_out()
                self.on_air = head
            return True
        return False

    def _heard_out(self) -> None:
        """What was on the air has been heard to its end."""
        head, self.on_air = self.on_air, None
        if head is not None:
            head.state = "done"
            self._reply_cue(head)

    def _must_wait(self, horizon: int) -> bool:
        return any(start - SAMPLE_RATE < horizon < end for start, end in self._sung())

    def _place(self, head: Utterance, horizon: int) -> bool:
        """Schedule the next clause of the current utterance; False when it is not ready or has no room yet."""
        index = head.placed
        if index >= len(head.clauses):
            return False
        if not head.clauses[index].text:
            head.placed += 1
            return True
        take = head.takes.get(index)
        if take is None:
            return False
        gap = CLAUSE_GAP if head.start >= 0 else TURN_GAP
        first = max(horizon + MARGIN, self.speech_end + gap if self.speech_end else 0)
        length = take.layout.end - take.layout.start
        room = self._room(first, length)
        if room is None or room > horizon + SAMPLE_RATE // 2:
            return False
        self._schedule(head, index, take, room)
        return True

    def _room(self, first: int, length: int) -> int | None:
        """First sample at or after ``first`` where ``length`` samples are free of sung voice."""
        for start, end in sorted(self._sung()):
            if first < end + TURN_GAP and first + length + TURN_GAP // 2 > start:
                first = end + TURN_GAP
        return first

    def _schedule(self, head: Utterance, index: int, take: Take, first: int) -> None:
        zero, clause, own = first - take.layout.start, head.clauses[index], head.id
        self._send(VoiceEvent(first, take.pcm, own, sung=False))
        cues = voice_cues(take, zero, own, sung=False)
        end = zero + take.layout.end
        voiced = [phone for phone in take.layout.phones if phone.symbol not in ("sil", "breath")]
        begin = zero + (voiced[0].start if voiced else 0)
        cues.append(Cue(begin, end - begin, "caption", {"text": clause.text, "sung": False}, own))
        cues.append(Cue(begin, end - begin, "expression", {"name": clause.mood, "weight": round(self._face(), 3)}, own))
        if head.start < 0:
            head.start, head.audible, head.state = begin, begin, "speaking"
            head.viseme = next((cue.sample for cue in cues if cue.kind == "phoneme"), begin)
            if head.stamps is not None:
                head.stamps.mark("queued", time.monotonic())
            if head.ask.fan:
                cues.append(Cue(begin, min(end - begin, SAMPLE_RATE // 2), "gaze", {"target": "chat"}, own))
                cues.append(Cue(begin + SAMPLE_RATE // 2, end - begin, "gaze", {"target": "camera"}, own))
        accent = stressed(take.layout.phones)
        if clause.gesture and accent is not None:
            stroke = zero + (accent.start + accent.end) // 2
            start = max(first, stroke - SAMPLE_RATE * 6 // 10)
            cues.append(Cue(start, SAMPLE_RATE * 18 // 10, "gesture", {"name": clause.gesture, "stroke": stroke}, own))
        self._timeline.extend(cues)
        head.words += [(zero + w.start, zero + w.end, w.text) for w in take.layout.words]
        head.spoken.append((index, end))
        head.placed, head.end = index + 1, end
        head.takes.pop(index)
        self.speech_end = end

    def _reply_cue(self, head: Utterance) -> None:
        said = " ".join(clause.text for clause in head.clauses if clause.text)
        data = {"text": said, "fan": head.ask.fan, "to": head.ask.say, "situation": head.situation}
        if head.why:
            data["why"] = head.why
        self._timeline.add(Cue(head.start, max(0, head.end - head.start), "reply", data, head.id))

    # ---- interruption -----------------------------------------------------------------------------------
    def cut(self, horizon: int) -> str:
        """Interrupt what is being said at the next word's end; returns what was heard of it."""
        if self.on_air is not None and self.on_air.end > horizon:
            head, self.on_air = self.on_air, None
        elif self.queue:
            head = self.queue.pop(0)
        else:
            return ""
        heard = ""
        if head.start >= 0:
            ends = [end for _, end, _ in head.words if end >= horizon + MARGIN]
            at = min(ends) if ends else head.end
            if at < self.speech_end:
                self._send(Cancel(at, head.id, SAMPLE_RATE * 3 // 100))
                self._timeline.cut(at, head.id)
                self.speech_end = at
            heard, head.end = head.heard(at), at
            facts = {"text": heard, "fan": head.ask.fan, "to": head.ask.say, "situation": head.situation}
            self._timeline.add(Cue(head.start, at - head.start, "reply", facts | {"cut": True}, head.id))
        head.state = "cut"
        self._forget(head)
        return heard

    def _forget(self, head: Utterance) -> None:
        for index in range(len(head.clauses)):
            self._drop(f"{head.id}:{index}")

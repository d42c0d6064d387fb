"""Runs a brain beside the stage: :class:`Mind` in its own process, :class:`Inline` in this one, same words.

The stage asks and polls; it never waits. An ask that is not answered in time, or whose process died, is answered
from authored lines by an embedded brain held here, while the process is restarted in the background.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, NamedTuple

from characters.definition import Definition
from characters.loader import load
from characters.persona.brains import open_brain
from characters.persona.embedded import Embedded
from characters.persona.model import Ask, Brain, Clause, Intent
from characters.persona.model import Said as Said
from characters.persona.news import News, Remembered, told
from characters.persona.worker import run

CAPACITY = 16
FIRST_CLAUSE = 0.8
"""Seconds from ``ask`` to the first clause before the fallback answers."""
MID_ANSWER = 4.0
"""Seconds between clauses before an answer is given up."""
GRACE = 3.0
"""Seconds a late process gets to let go before it is killed."""
PATIENCE = 180.0
"""Seconds a large model may take to load."""
MAX_SAY = 2_000
MAX_HISTORY = 12
MAX_KNOWS = 12
NEWS = 128
"""What happened while there was no process and is still to be told."""

Policy = Literal["drop_oldest", "drop_newest"]


class Understood(NamedTuple):
    """What the fan's words meant; comes before the clauses, only for asks with words."""

    id: str
    intent: Intent


class Failed(NamedTuple):
    """Nothing (more) will be said to this ask, and why: dropped, cancelled, or cut off in mid-answer."""

    id: str
    reason: str


Event = Said | Understood | Failed | Remembered


def _bounded(ask: Ask) -> Ask:
    history = tuple((who[:60], text[:400]) for who, text in ask.history[-MAX_HISTORY:])
    knows = tuple(text[:300] for text in ask.knows[:MAX_KNOWS])
    return replace(
        ask, fan=ask.fan[:200], say=ask.say[:MAX_SAY], account=ask.account[:200], history=history, knows=knows
    )


def _make_room(waiting: deque[_Open], policy: Policy) -> _Open:
    """Takes one ask out of a full queue: the oldest (or newest) unpaid one; a paid one only when all are paid."""
    order = list(waiting) if policy == "drop_oldest" else list(reversed(waiting))
    victim = next((item for item in order if item.ask.kind != "paid"), order[0])
    waiting.remove(victim)
    return victim


@dataclass(slots=True)
class _Open:
    """An ask that is not yet answered."""

    ask: Ask
    asked: float
    heard: float = 0.0
    """When something of its answer last came; 0 before."""
    understood: bool = False


class Inline:
    """The same interface in this process: every ``poll`` answers what was asked. Deterministic, for offline shows."""

    def __init__(
        self,
        definition: Definition | str | Path,
        seed: int = 0,
        *,
        capacity: int = CAPACITY,
        brain: Brain | None = None,
        policy: Policy = "drop_oldest",
    ) -> None:
        self._definition = definition if isinstance(definition, Definition) else load(definition)
        self._seed, self._capacity, self._policy = seed, capacity, policy
        self._brain = brain
        self._waiting: deque[_Open] = deque()
        self._events: deque[Event] = deque()

    @property
    def alive(self) -> bool:
        """Whether the brain is open."""
        return self._brain is not None

    def start(self, wait: float = 0.0) -> Inline:
        """Opens the brain."""
        if self._brain is None:
            self._brain = open_brain(self._definition, self._seed)
        return self

    def ask(self, ask: Ask) -> None:
        """Asks; the answer comes from ``poll``."""
        while len(self._waiting) >= self._capacity:
            victim = _make_room(self._waiting, self._policy)
            self._events.append(Failed(victim.ask.id, "dropped: the queue is full"))
        self._waiting.append(_Open(_bounded(ask), 0.0))

    def poll(self) -> list[Event]:
        """Everything answered since the last call."""
        brain = self.start()._brain
        assert brain is not None
        while self._waiting:
            ask = self._waiting.popleft().ask
            try:
                if ask.say.strip():
                    self._events.append(Understood(ask.id, brain.understand(ask)))
                self._events.extend(Said(ask.id, clause) for clause in brain.reply(ask, lambda: False))
            except Exception as error:  # a brain must never take the show down
                self._events.append(Failed(ask.id, f"{type(error).__name__}: {error}"))
        out = list(self._events)
        self._events.clear()
        return out

    def cancel(self, id_: str) -> None:
        """Forgets an ask that was not answered yet, and what of its answer was not polled yet."""
        for item in [item for item in self._waiting if item.ask.id == id_]:
            self._waiting.remove(item)
            self._events.append(Failed(id_, "cancelled"))

    def tell(self, news: News) -> None:
        """Tells what happened; only a brain with a memory listens."""
        answer = told(self.start()._brain, news)
        if answer is not None:
            self._events.append(answer)

    def close(self) -> None:
        """Lets the brain go."""
        self._brain = None
        self._waiting.clear()

    def __enter__(self) -> Inline:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class _Process:
    """A running worker and what it has told."""

    process: Any
    pipe: Connection
    started: float
    ready: bool = False
    current: str = ""
    """Id of the ask it works on."""
    dismissed: float = 0.0
    """When its current ask was taken from it; 0 while it is wanted."""


@dataclass(slots=True)
class Health:
    """How the mind is doing, for the console."""

    brain: str = "embedded"
    ready: bool = False
    answered: int = 0
    fallbacks: int = 0
    restarts: int = 0
    dropped: int = 0
    last_error: str = ""
    first_clause: list[float] = field(default_factory=list)
    """Seconds from ask to first clause of the last answers (at most 64)."""


class Mind:
    """A brain in its own spawned process. No call waits for it.

    ``definition``: a :class:`Definition` that was loaded from a folder, a library name or a folder. ``policy`` says
    which ask goes when more than ``capacity`` wait (asks of kind ``paid`` are never dropped for others).
    ``deadline``: seconds of ``clock`` to the first clause, after which authored lines answer.
    """

    def __init__(
        self,
        definition: Definition | str | Path,
        seed: int = 0,
        *,
        deadline: float = FIRST_CLAUSE,
        capacity: int = CAPACITY,
        policy: Policy = "drop_oldest",
        opener: Callable[[Definition, int], Brain] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._definition = definition if isinstance(definition, Definition) else load(definition)
        self._seed, self._deadline, self._capacity, self._policy = seed, deadline, capacity, policy
        self._opener = opener or open_brain
        self._clock = clock
        self._fallback = Embedded(self._definition, seed, refine=False)
        self._waiting: deque[_Open] = deque()
        self._working: _Open | None = None
        self._events: deque[Event] = deque()
        self._news: deque[News] = deque(maxlen=NEWS)
        self._process: _Process | None = None
        self._launch: threading.Thread | None = None
        self._launched: _Process | None = None
        self._closed = False
        self._next_launch = 0.0
        self._failures = 0
        self.health = Health(brain=self._definition.persona.brain)

    @property
    def alive(self) -> bool:
        """Whether the process runs and its brain is open."""
        found = self._process
        return found is not None and found.ready and bool(found.process.is_alive())

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None while there is none."""
        return self._process.process.pid if self._process else None

    def start(self, wait: float = 0.0) -> Mind:
        """Starts the process in the background; with ``wait``, returns once it is ready or after so many seconds."""
        self._closed = False
        if self._process is None:
            self._relaunch(self._clock())
        until = time.monotonic() + wait
        while not self.alive and time.monotonic() < until:
            self._pump(self._clock())
            time.sleep(0.005)
        return self

    def ask(self, ask: Ask) -> None:
        """Asks without waiting. When the queue is full the policy decides who goes, with a :class:`Failed`."""
        while len(self._waiting) >= self._capacity:
            victim = _make_room(self._waiting, self._policy)
            self._fail(victim.ask.id, "dropped: the queue is full")
            self.health.dropped += 1
        self._waiting.append(_Open(_bounded(ask), self._clock()))
        self._dispatch()

    def poll(self) -> list[Event]:
        """Events since the last call; call it every frame."""
        now = self._clock()
        self._pump(now)
        self._watch(now)
        self._pass_on()
        self._dispatch()
        out = list(self._events)
        self._events.clear()
        return out

    def cancel(self, id_: str) -> None:
        """Stops an answer; a :class:`Failed` with reason ``cancelled`` follows if it was still open."""
        for item in [item for item in self._waiting if item.ask.id == id_]:
            self._waiting.remove(item)
            self._fail(id_, "cancelled")
        if self._working is not None and self._working.ask.id == id_:
            self._dismiss(self._clock())
            self._fail(id_, "cancelled")

    def tell(self, news: News) -> None:
        """Tells what happened, without waiting; while there is no process the newest :data:`NEWS` wait."""
        self._news.append(news)
        self._pass_on()

    def _pass_on(self) -> None:
        found = self._process
        if found is None or not found.ready:
            return
        with suppress(OSError):
            while self._news:
                found.pipe.send(("tell", self._news[0]))
                self._news.popleft()

    def close(self) -> None:
        """Ends the process, at most a second later; safe to call twice."""
        self._closed = True
        if self._launch is not None:
            self._launch.join(5.0)
        for found in (self._process, self._launched):
            if found is not None:
                _end(found)
        self._process = self._launched = None

    def __enter__(self) -> Mind:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the process ------------------------------------------------------------------------------------------------

    def _relaunch(self, now: float) -> None:
        """Starts a process on a thread, because spawning takes longer than a frame; backs off when it keeps dying."""
        if self._closed or self._launch is not None or now < self._next_launch:
            return
        said = self._fallback.history()

        def launch() -> None:
            context = get_context("spawn")
            here, there = context.Pipe()
            process = context.Process(
                target=run,
                args=(there, self._definition, self._seed, self._opener, said),
                daemon=True,
                name="limelight-mind",
            )
            # The small model's products are tiny: more threads would only take the show's cores.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            process.start()
            there.close()
            self._launched = _Process(process, here, self._clock())

        self._launch = threading.Thread(target=self._guarded, args=(launch,), daemon=True, name="mind-launch")
        self._launch.start()

    def _guarded(self, launch: Callable[[], None]) -> None:
        try:
            launch()
        except OSError as error:
            self.health.last_error = f"cannot start the mind: {error}"

    def _adopt(self) -> None:
        if self._launch is not None and not self._launch.is_alive():
            self._launch = None
            if self._launched is not None:
                self._process, self._launched = self._launched, None

    def _pump(self, now: float) -> None:
        """Reads what the process has sent; never more than is there."""
        self._adopt()
        found = self._process
        if found is None:
            self._relaunch(now)
            return
        try:
            for _ in range(256):
                if not found.pipe.poll(0):
                    break
                self._take(found, found.pipe.recv(), now)
        except (EOFError, OSError):
            self._lost(now, "the mind's process ended")
            return
        if not found.process.is_alive() and not found.pipe.poll(0):
            self._lost(now, "the mind's process ended")

    def _take(self, found: _Process, message: tuple[str, str, Any], now: float) -> None:
        kind, id_, payload = message
        if kind == "ready":
            found.ready, self.health.ready, self._failures = True, True, 0
            self.health.brain = str(payload)
            return
        if kind == "remembered":
            self._events.append(payload)
            return
        if kind == "broken":
            self.health.last_error = str(payload)
            return
        if kind == "done":
            found.current, found.dismissed = "", 0.0
            self._fallback.recall(payload)
        working = self._working
        if working is None or working.ask.id != id_:
            return
        if kind == "understood":
            working.understood = True
            self._events.append(Understood(id_, payload))
        elif kind == "said":
            self._hear(working, payload, now)
        elif kind == "error":
            self.health.last_error = str(payload)
            self._give_up(working, str(payload))
        elif kind == "done":
            if not working.heard:
                self._give_up(working, "nothing to say")
            self._working = None

    def _hear(self, working: _Open, clause: Clause, now: float) -> None:
        if not working.heard:
            self.health.answered += 1
            self.health.first_clause = [*self.health.first_clause[-63:], now - working.asked]
        working.heard = now
        self._events.append(Said(working.ask.id, clause))

    def _lost(self, now: float, reason: str) -> None:
        """The process is gone: the ask it held is answered here, a new one is started."""
        found, self._process = self._process, None
        if found is not None:
            threading.Thread(target=_end, args=(found,), daemon=True).start()
        self.health.ready = False
        self.health.restarts += 1
        self.health.last_error = self.health.last_error or reason
        self._failures += 1
        self._next_launch = now + min(30.0, 0.1 * 4 ** (self._failures - 1)) if self._failures > 1 else now
        if self._working is not None:
            self._give_up(self._working, reason)
        self._relaunch(now)

    def _watch(self, now: float) -> None:
        """Deadlines: answers late asks here and kills a process that does not let go."""
        found, working = self._process, self._working
        late = working is not None and (
            now - working.heard > MID_ANSWER if working.heard else now - working.asked > self._deadline
        )
        if working is not None and late:
            self._dismiss(now)
            self._give_up(working, "late")
        while self._waiting and now - self._waiting[0].asked > self._deadline:
            self._give_up(self._waiting.popleft(), "late")
        if found is not None and found.dismissed and now - found.dismissed > GRACE:
            self._lost(now, "the mind did not let go of an answer")
        elif found is not None and not found.ready and now - found.started > PATIENCE:
            self._lost(now, "the mind did not open its brain")

    def _dispatch(self) -> None:
        """One ask at a time is with the process, so its pipe can never fill up and block the stage."""
        found = self._process
        if found is None or not found.ready or found.current or self._working is not None or not self._waiting:
            return
        item = self._waiting.popleft()
        try:
            found.pipe.send(("ask", item.ask))
        except (OSError, ValueError):
            self._waiting.appendleft(item)
            return
        found.current, self._working = item.ask.id, item

    def _dismiss(self, now: float) -> None:
        found, self._working = self._process, None
        if found is None or not found.current:
            return
        found.dismissed = found.dismissed or now
        try:
            found.pipe.send(("cancel", found.current))
        except (OSError, ValueError):
            return

    def _give_up(self, item: _Open, reason: str) -> None:
        """Answers from authored lines here; an answer that has begun is only ended."""
        if self._working is item:
            self._working = None
        if item.heard:
            self._fail(item.ask.id, f"cut off: {reason}")
            return
        self.health.fallbacks += 1
        if item.ask.say.strip() and not item.understood:
            self._events.append(Understood(item.ask.id, self._fallback.understand(item.ask)))
        self._events.extend(Said(item.ask.id, clause) for clause in self._fallback.answer(item.ask))

    def _fail(self, id_: str, reason: str) -> None:
        self._events.append(Failed(id_, reason))


def _end(found: _Process) -> None:
    """Ends a process for good and frees its pipe."""
    with suppress(OSError, ValueError):
        found.pipe.send(("close", ""))
    found.process.join(0.3 if found.ready and not found.dismissed else 0.0)
    if found.process.is_alive() and found.process.pid and found.process.pid != os.getpid():
        found.process.kill()
        found.process.join(2.0)
    found.pipe.close()

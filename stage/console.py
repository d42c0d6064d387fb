"""The operator's words: one line in, one line out. Read from the terminal of ``limelight show``; pure but for the show.

The verbs are a table; :meth:`Console.do` runs one and never raises for what was typed. Reading happens on a thread of
its own, doing on the stage thread between frames.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, cast

from audio.engine.live import KINDS, Intent, Kind
from characters.guard import MODES
from stage.director.mood import AXES
from stage.gateway.model import FanEvent

if TYPE_CHECKING:
    from stage.live import LiveShow

LONGEST = 500
WAITING = 32
"""Typed lines that may wait; more are refused at once."""


class Console:
    """Runs the operator's lines on a show."""

    def __init__(self, show: LiveShow) -> None:
        self._show = show
        self._typed: deque[str] = deque()
        self._verbs: dict[str, tuple[Callable[[str], str], str]] = {
            "say": (self._say("queue"), "TEXT: she says it after what goes on"),
            "now": (self._say("interrupt"), "TEXT: she says it at once; a song ends at its next bar"),
            "instead": (self._say("replace"), "TEXT: the same, and what waits is dropped (not what was paid for)"),
            "song": (self._song, "PROMPT: she sings about it next"),
            "music": (
                self._music,
                "KEY VALUE [TRACK]: energy, density, key, tempo, section, bar, mute, solo, filter, gain; reset",
            ),
            "next": (self._next, "ends the song at the next bar, or the line at the next word"),
            "mood": (self._mood, "shows it; mood AXIS VALUE holds it, mood AXIS free lets it go"),
            "chat": (self._chat, "what waits to be answered"),
            "why": (self._why, "why the last messages were chosen"),
            "held": (self._held, "lines that wait for you"),
            "approve": (self._approve, "NUMBER: a held line goes on"),
            "refuse": (self._refuse, "NUMBER: a held line is dropped"),
            "guard": (
                self._guard,
                "auto, hold (doubtful lines wait) or approve (every line waits); alone: what it did",
            ),
            "votes": (self._votes, "what the crowd wants to hear about"),
            "stats": (self._stats, "milliseconds from chat to voice, frames, sound"),
            "pause": (self._pause, "holds or continues the show"),
            "mute": (self._mute, "silences or unmutes the sound"),
            "quit": (self._quit, "ends the show"),
            "help": (self._help, "this list"),
        }

    # ---- typing -----------------------------------------------------------------------------------------
    def listen(self, stream: TextIO | None = None) -> None:
        """Read lines from a stream (the terminal) on a thread until it ends."""
        source = stream or sys.stdin
        threading.Thread(target=self._read, args=(source,), name="operator", daemon=True).start()

    def _read(self, source: TextIO) -> None:
        try:
            for line in source:
                if len(self._typed) < WAITING:
                    self._typed.append(line)
        except (OSError, ValueError):
            return

    def step(self) -> list[str]:
        """Do what was typed since the last call; the answers."""
        return [self.do(self._typed.popleft()) for _ in range(len(self._typed))]

    def do(self, line: str) -> str:
        """Run one line; returns what to print."""
        verb, _, rest = line.strip()[:LONGEST].partition(" ")
        if not verb:
            return ""
        found = self._verbs.get(verb.lower())
        if found is None:
            near = difflib.get_close_matches(verb.lower(), self._verbs, 1)
            hint = f"; did you mean {near[0]!r}?" if near else "; type help"
            return f"unknown word {verb!r}{hint}"
        return found[0](rest.strip())

    # ---- verbs ------------------------------------------------------------------------------------------
    @property
    def _horizon(self) -> int:
        return self._show.show.band.horizon

    def _say(self, behaviour: str) -> Callable[[str], str]:
        def say(text: str) -> str:
            if not text:
                return "what shall she say?"
            return self._show.show.director.say(text, self._horizon, behaviour)

        return say

    def _song(self, prompt: str) -> str:
        if not prompt:
            return "about what?"
        return (
            "ordered" if self._show.show.director.order_song(prompt, self._horizon) else "there is no room for it now"
        )

    def _next(self, _: str) -> str:
        self._show.skip()
        return "next"

    def _music(self, rest: str) -> str:
        words = rest.split()
        if not words or (len(words) < 2 and words[0] != "reset"):
            return f"write: music KEY VALUE [TRACK], KEY one of {', '.join(KINDS)}"
        value, name = 0.0, ""
        with contextlib.suppress(IndexError):
            try:
                value = float(words[1])
            except ValueError:
                if words[0] != "section":
                    return f"{words[1]!r} is no number; write: music {words[0]} VALUE"
                name = words[1]
        intent = Intent(cast(Kind, words[0]), value, " ".join(words[2:]), name)
        try:
            at = self._show.show.director.music(intent, self._horizon)
        except ValueError as error:
            return str(error)
        return f"heard in {max(0, at - self._horizon) / 48:.0f} ms and the band's lead"

    def _mood(self, rest: str) -> str:
        mood, words = self._show.show.director.mood, rest.split()
        if len(words) == 2:
            try:
                mood.adjust(words[0], None if words[1] == "free" else float(words[1]))
            except ValueError as error:
                return f"{error}; write: mood AXIS VALUE, AXIS one of {', '.join(AXES)}"
        elif words:
            return "write: mood, mood AXIS VALUE or mood AXIS free"
        held = f", held: {', '.join(sorted(mood.held))}" if mood.held else ""
        return f"{json.dumps(mood.facts())}{held}"

    def _chat(self, _: str) -> str:
        chat = self._show.show.director.chat
        rows = [
            f"{t}: {e.fan}: {e.text[:60]}" for t in ("paid", "member", "first", "everyone") for e in chat.waiting(t)
        ]
        dropped = ", ".join(f"{why} {count}" for why, count in chat.dropped.items() if count)
        return "\n".join(
            [*rows[:20], f"{len(chat)} wait, {chat.gathered} gathered" + (f"; not kept: {dropped}" if dropped else "")]
        )

    def _why(self, _: str) -> str:
        return "\n".join(list(self._show.show.director.answers.choices)[-8:]) or "nothing was chosen yet"

    def _votes(self, _: str) -> str:
        director = self._show.show.director
        return json.dumps(director.votes.table(self._horizon), ensure_ascii=False)

    def _stats(self, _: str) -> str:
        figures = self._show.figures
        facts = {
            "frames_on_time": round(figures.on_time / max(1, figures.frames), 4),
            "picture": self._show.quality.level.name,
            "late_blocks": self._show.show.band.health().late_blocks,
            "chat_to_voice_ms": figures.stages.table(),
        }
        return json.dumps(facts)

    def _pause(self, _: str) -> str:
        return "held" if self._show.pace.toggle() else "on"

    def _mute(self, _: str) -> str:
        self._show.muted = not self._show.muted
        return "muted" if self._show.muted else "heard"

    def _quit(self, _: str) -> str:
        self._show.stop.set()
        return "the show ends"

    def _help(self, _: str) -> str:
        return "\n".join(f"{verb:<8} {about}" for verb, (_, about) in self._verbs.items())

    def _held(self, _: str) -> str:
        lines = self._show.show.director.gate.held.waiting()
        return (
            "\n".join(f"{line.id}  {line.side:<3} {line.fan or '-'}: {line.text}  ({line.reason})" for line in lines)
            or "nothing waits"
        )

    def _approve(self, number: str) -> str:
        show = self._show.show
        done = number.isdecimal() and show.director.approve(int(number), show.band.horizon)
        if isinstance(done, FanEvent) and not done.shown:
            self._show.house.publish("chat", {"from": done.fan, "text": done.text, "is_ai": False})
        return "goes on" if done else f"no held line {number!r}; type held"

    def _refuse(self, number: str) -> str:
        done = number.isdecimal() and self._show.show.director.gate.held.refuse(int(number)) is not None
        return "dropped" if done else f"no held line {number!r}; type held"

    def _guard(self, mode: str) -> str:
        gate = self._show.show.director.gate
        if mode in MODES:
            gate.held.mode = mode
        elif mode:
            return f"guard is one of {', '.join(MODES)}"
        return json.dumps({"mode": gate.held.mode, "held": len(gate.held), "found": gate.counts})

"""The operator's words, on a director with fakes."""

from __future__ import annotations

import io
import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from stage.console import Console
from stage.director.latency import Meter, Stamps
from stage.gateway.model import FanEvent
from stage.quality import Quality, ladder
from tests.stage.test_director import Rehearsal, chat


def room() -> tuple[Console, Rehearsal, Any]:
    rehearsal = Rehearsal(None, talk=1e9)
    rehearsal.run(9)
    band = SimpleNamespace(horizon=rehearsal.band.horizon, health=lambda: SimpleNamespace(late_blocks=0))
    live = SimpleNamespace(
        show=SimpleNamespace(director=rehearsal.director, band=band),
        skip=lambda: rehearsal.director.skip(rehearsal.band.horizon),
        figures=SimpleNamespace(frames=10, on_time=9, stages=Meter()),
        quality=Quality(ladder(640, 360, 30)), pace=SimpleNamespace(toggle=lambda: True), muted=False,
        stop=threading.Event(),
    )  # fmt: skip
    return Console(live), rehearsal, live  # type: ignore[arg-type]


def test_she_says_what_the_operator_types() -> None:
    console, show, _ = room()
    assert console.do("now Doors close in five minutes.") in ("cut", "now")
    show.run(4)
    assert any("Doors close" in str(c.data["text"]) for c in show.cues("caption"))


def test_the_mood_is_shown_held_and_let_go() -> None:
    console, show, _ = room()
    assert json.loads(console.do("mood"))["name"] in ("happy", "neutral")
    assert "held: arousal" in console.do("mood arousal 0.9")
    assert show.director.mood.held == {"arousal": 0.9}
    assert "held" not in console.do("mood arousal free")
    assert "one of valence" in console.do("mood anger 1")
    assert "write:" in console.do("mood a b c")


def test_choices_are_explained_and_the_queue_is_seen() -> None:
    console, show, _ = room()
    show.director.hear([chat(f"fan{n}", f"question number {n} about thing{n}") for n in range(5)], show.now)
    assert "5 wait" in console.do("chat")
    show.run(3)
    assert "first message of this fan" in console.do("why")


def test_a_typing_error_gets_the_nearest_word() -> None:
    console, _, _ = room()
    assert console.do("mod") == "unknown word 'mod'; did you mean 'mood'?"
    assert console.do("   ") == ""
    assert "say" in console.do("help")


def test_what_is_typed_is_read_on_its_own_thread_and_bounded() -> None:
    console, _, live = room()
    console.listen(io.StringIO("mute\nquit\n" + "why\n" * 100))
    deadline = time.monotonic() + 5
    answers: list[str] = []
    while len(answers) < 2 and time.monotonic() < deadline:
        answers += console.step()
    assert answers[:2] == ["muted", "the show ends"]
    assert live.stop.is_set()


@pytest.mark.parametrize("line", ["say", "now", "song", "votes", "stats", "pause", "next"])
def test_every_verb_answers(line: str) -> None:
    console, _, _ = room()
    assert console.do(line)


def test_latency_is_told_by_stage() -> None:
    meter = Meter()
    for n in range(100):
        stamps = Stamps(accepted=float(n))
        stamps.mark("selected", n + 0.01)
        stamps.mark("selected", n + 9.0)
        stamps.audible = stamps.viseme = 48_000 * n + 24_000
        meter.take(stamps, lambda sample: sample / 48_000)
    assert meter.table()["selected"] == {"p50": 10.0, "p95": 10.0, "p99": 10.0}
    assert meter.table()["audible"]["p95"] == 500.0


def test_the_operator_changes_what_plays() -> None:
    console, show, _ = room()
    assert "heard in" in console.do("music energy 0.8")
    assert show.director.band.shape.energy == 0.8
    assert "heard in" in console.do("music filter 900")
    assert "it goes from" in console.do("music tempo 9")
    assert "no number" in console.do("music key up")
    assert "no section" in console.do("music section refrain-of-refrains")
    assert "unknown intent" in console.do("music colour 3")
    assert "write: music" in console.do("music")


def test_fans_vote_on_what_plays() -> None:
    _, show, _ = room()
    director = show.director
    now = show.band.horizon
    fans = [FanEvent(fan, fan, "vote", "Faster!") for fan in ("a", "b", "c")]
    director.hear([*fans, FanEvent("d", "d", "vote", "the sea")], now)
    assert list(director.votes.table(now)) == ["the sea"]
    show.run(14)
    assert director.band.shape.tempo == pytest.approx(1.08)
    show.run(14)
    assert director.band.shape.tempo == pytest.approx(1.08)  # the box is emptied

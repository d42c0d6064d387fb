"""One scenario through every brain on the show's path: it never falls silent, is in time, and leaks nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from characters import load
from characters.definition import Definition
from characters.persona.mind import Inline, Mind
from characters.persona.prompt import system_prompt
from characters.persona.streamed import shingles
from stage.clock import SAMPLE_RATE
from stage.gateway.model import FanEvent
from tests.characters.test_endpoint import KEY, Fake
from tests.characters.test_language_model import model_folder, needs_torch
from tests.stage.test_director import FRAME, Rehearsal, chat

__all__ = ["model_folder"]
SILENCE = 12.0
FAULTS = {
    "Anna": "", "Bert": "slow", "Cleo": "stalls", "Dora": "500", "Emil": "garbage", "Fay": "closes", "Gus": "html",
    "Hana": "401", "Ivo": "closes at once",
}  # fmt: skip


@pytest.fixture(scope="module")
def lumi() -> Definition:
    return load("lumi")


def with_brain(lumi: Definition, brain: str) -> Definition:
    return lumi.model_copy(update={"persona": lumi.persona.model_copy(update={"brain": brain})})


def scenario(every: float) -> dict[float, FanEvent]:
    things = ("puddles", "lighthouses", "ladders", "marbles", "chimneys", "kites", "bicycles", "pockets", "bridges")
    ways = ("what colour are", "how heavy are", "where do they keep", "who invented", "why do people like",
            "what is the smell of", "how do you draw", "what lives in", "what sleeps under")  # fmt: skip
    said = zip(FAULTS, ways, things, strict=True)
    return {2.0 + every * n: chat(fan, f"{way} {thing} I wonder") for n, (fan, way, thing) in enumerate(said)}


def judge(show: Rehearsal, lumi: Definition, text: str) -> None:
    """Everybody is answered, voices leave no long silence, and no key or prompt is anywhere."""
    spans = sorted(show.voices())
    assert max(b[0] - a[1] for a, b in zip(spans, spans[1:])) < SILENCE * SAMPLE_RATE
    answered = [c.data["fan"] for c in show.cues("reply") if c.data["fan"]]
    assert set(answered) == set(FAULTS)
    everything = text + "\n".join(cue.to_json() for cue in show.timeline)
    assert KEY not in everything
    said = " \n ".join(c.data["text"] for c in show.cues("reply"))
    authored = " ".join(line.say for lines in lumi.situations.values() for line in lines)
    authored += " ".join(say for entry in lumi.lore for say in entry.says)
    authored += " ".join(line.say for intention in lumi.intentions.values() for line in intention.lines)
    prompt = shingles(system_prompt(lumi)) - shingles(authored)
    leaked = [line for line in (*said.split("\n"), *text.split("\n")) if shingles(line) & prompt]
    assert not leaked


class Rotating(Fake):
    """Each fan's question meets another fault."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = self.seen[-1]["messages"][-1]["content"]
        self.fault = next((fault for fan, fault in FAULTS.items() if f"{fan} writes" in asked), "")
        super().answer(handler)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rotating]:
    monkeypatch.setenv("LIMELIGHT_API_KEY", KEY)
    found = Rotating()
    yield found
    found.server.shutdown()
    found.server.server_close()


def paced(show: Rehearsal, seconds: float, events: dict[float, FanEvent]) -> None:
    """Run at the pace of the world, because a server's faults take real time."""
    zero, coming = time.monotonic() - show.now / SAMPLE_RATE, sorted(events.items())
    end = show.now + round(seconds * SAMPLE_RATE)
    while show.now < end:
        due = [event for at, event in coming if show.now <= at * SAMPLE_RATE < show.now + FRAME]
        show.director.hear(due, show.now)
        show.director.step(show.now, show.band.horizon)
        show.now += FRAME
        show.band.position = show.now
        time.sleep(max(0.0, zero + show.now / SAMPLE_RATE - time.monotonic()))


@pytest.mark.slow
def test_a_server_with_every_fault_behind_a_process(
    fake: Rotating, lumi: Definition, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    definition = with_brain(lumi, fake.address)
    with Mind(definition, 1) as mind:
        mind.start(wait=30)
        show = Rehearsal(None, mind, songs=False, idle=4.0)  # type: ignore[arg-type]
        paced(show, 52, scenario(4.5))
        judge(show, definition, caplog.text + mind.health.last_error)
    assert len(fake.seen) >= 4
    chosen = {c.data["fan"]: c.sample for c in show.cues("chat")}
    begun = {c.data["fan"]: c.sample for c in show.cues("reply") if c.data["fan"]}
    waits = sorted((begun[fan] - chosen[fan]) / SAMPLE_RATE for fan in FAULTS)
    print("seconds from chat to the first word:", [round(wait, 2) for wait in waits])
    assert waits[len(waits) // 2] < 4.0  # some wait behind a line that is being said


@needs_torch
def test_a_tiny_random_model(model_folder: Path, lumi: Definition, caplog: pytest.LogCaptureFixture) -> None:
    from characters.persona.language_model import LanguageModel

    caplog.set_level(logging.DEBUG)
    definition = with_brain(lumi, str(model_folder))
    brain = LanguageModel(definition, str(model_folder), device="cpu")
    show = Rehearsal(None, Inline(definition, brain=brain), songs=False, idle=4.0)  # type: ignore[arg-type]
    show.run(150, scenario(4.5))
    judge(show, definition, caplog.text)


def test_the_embedded_brain(lumi: Definition, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    show = Rehearsal(None, Inline(lumi, 1), songs=False, idle=4.0)  # type: ignore[arg-type]
    show.run(90, scenario(4.5))
    judge(show, lumi, caplog.text)


@pytest.mark.parametrize("fault", ["raises", "says nothing", "one clause and then nothing"])
def test_a_brain_that_fails_in_this_process(lumi: Definition, fault: str) -> None:
    from characters.persona.model import Ask, Cancelled, Clause, Intent

    class Broken:
        name = "broken"

        def understand(self, ask: Ask) -> Intent:
            return Intent("unknown", 0.5)

        def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
            if fault == "raises":
                raise RuntimeError("out of memory")
            if fault == "one clause and then nothing" and ask.say:
                yield Clause("Well, let me see.")

    show = Rehearsal(None, Inline(lumi, 1, brain=Broken()), songs=True, talk=15.0)  # type: ignore[arg-type]
    show.run(90, scenario(4.5))
    pieces = sorted((c.sample, c.end) for c in show.cues("song"))
    assert all(b[0] <= a[1] for a, b in zip(pieces, pieces[1:]))
    assert pieces[-1][1] >= 90 * SAMPLE_RATE

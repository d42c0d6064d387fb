"""What the house knows of a fan: an account that lasts, lines that are not shown, a memory to see and to erase."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from characters import load
from characters.definition import Rules
from characters.guard import Guard
from characters.memory import open_remembering
from characters.persona.mind import Inline, Mind
from characters.persona.model import Ask, Moment
from characters.persona.news import Happened, Heard, Remembered, Wanted
from stage.gateway import House
from stage.gateway import protocol as p
from stage.gateway.room import Room
from stage.paths import house_secret
from tests.stage.test_gateway_house import enter, link


def join(room: Room, name: str, token: str = "", now: float = 0.0) -> tuple[Any, dict[str, Any]]:
    fan, frames = room.join(p.Hello(name, token), now)
    return fan, json.loads(frames[0])


def say(room: Room, fan: Any, text: str, id: str = "a", now: float = 1.0) -> list[dict[str, Any]]:
    return [json.loads(f) for f in room.receive(fan, json.dumps({"type": "chat", "id": id, "text": text}), now)]


def test_an_account_lasts_over_a_restart_and_a_name_does_not_bring_it() -> None:
    first = Room("t", "Lumi", secret=b"s" * 32)
    mika, welcome = join(first, "Mika")
    say(first, mika, "hello")
    assert first.tick().events[-1]["account"] == mika.account
    second = Room("t", "Lumi", secret=b"s" * 32)
    thief, _ = join(second, "Mika")
    again, _ = join(second, "Mika", welcome["token"])
    assert again.account == mika.account
    assert thief.account != mika.account
    stranger, _ = join(Room("t", "Lumi", secret=b"x" * 32), "Mika", welcome["token"])
    assert stranger.account != mika.account


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMELIGHT_DATA", str(tmp_path / "data"))
    secret = house_secret()
    assert len(bytes.fromhex(secret)) == 32
    assert house_secret() == secret
    assert (tmp_path / "data" / "house.key").stat().st_mode & 0o777 == 0o600
    assert [f.name for f in (tmp_path / "data").iterdir()] == ["house.key"]
    monkeypatch.setenv("LIMELIGHT_DATA", "/proc/none")
    assert len(house_secret()) == 64


def test_a_line_unfit_to_be_shown_reaches_the_stage_and_nobody_else() -> None:
    room = Room("t", "Lumi", judge=Guard(Rules()).shown)
    fan, _ = join(room, "Mika")
    say(room, fan, "hi everybody", "a")
    refused = say(room, fan, "i will kill you all", "b")
    say(room, fan, "call me on 555-123-4567 or www.somewhere.com", "c")
    tick = room.tick()
    assert [line["text"] for line in tick.entries] == ["hi everybody", "call me on (number) or (link)"]
    assert refused[0]["code"] == "hidden"
    assert refused[0]["id"] == "b"
    heard = {e["text"]: e.get("shown", True) for e in tick.events if e["kind"] == "chat"}
    assert heard["i will kill you all"] is False
    assert heard["hi everybody"] is True
    assert room.counts["hidden"] == 1


def test_a_name_unfit_to_be_shown_is_not_given() -> None:
    room = Room("t", "Lumi", judge=lambda text: ("hate" if "bad" in text else "", text))
    fan, welcome = join(room, "bad name")
    assert welcome["name"] == ""
    answer = json.loads(room.receive(fan, '{"type":"name","name":"also bad"}', 1.0)[0])
    assert answer["code"] == "bad_name"


def test_the_quick_look_is_quick() -> None:
    shown = Guard(Rules()).shown
    lines = [f"hello from town {n}, how was your day? sing about rain number {n}" for n in range(300)]
    begun = time.process_time()
    assert not any(shown(line)[0] for line in lines)
    assert (time.process_time() - begun) / len(lines) < 0.004


def test_asking_for_ones_memory_is_an_event_of_the_account_with_a_limit() -> None:
    room = Room("t", "Lumi")
    fan, _ = join(room, "")
    ask = json.dumps({"type": "memory", "id": "m1", "do": "show"})
    assert room.receive(fan, ask, 1.0) == []
    event = room.tick().events[0]
    assert (event["kind"], event["text"], event["account"], event["id"]) == ("memory", "show", fan.account, "m1")
    for _ in range(4):
        room.receive(fan, ask, 1.0)
    assert json.loads(room.receive(fan, ask, 1.0)[0])["code"] == "slow_down"
    with pytest.raises(p.ProtocolError):
        room.receive(fan, '{"type":"memory","id":"m2","do":"give me all"}', 9.0)


def test_what_is_private_goes_to_one_account_only() -> None:
    async def run(house: House) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        got: list[list[dict[str, Any]]] = [[], []]
        async with link(house) as mine, link(house) as other:
            welcome, _ = await enter(mine, "Mika")
            await enter(other, "Ann")
            house.private(welcome["you"], "memory", {"id": "m1", "kept": True, "known": True, "things": []})
            house.publish("caption", {"text": "end"})
            for at, w in enumerate((mine, other)):
                while not (got[at] and got[at][-1].get("s")):
                    got[at].append(json.loads(await asyncio.wait_for(w.recv(), 5)))
        return got[0], got[1]

    with House(port=0, character="Lumi") as house:
        mine, other = asyncio.run(run(house))
    assert [m["id"] for m in mine if m["type"] == "memory"] == ["m1"]
    assert not [m for m in other if m["type"] == "memory"]


def ask(id: str, text: str, account: str) -> Ask:
    return Ask(id, Moment("chat", seed=3), "Mika", text, account=account)


def finish(mind: Mind, id: str) -> str:
    words: list[str] = []
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for event in mind.poll():
            if getattr(event, "id", "") == id and hasattr(event, "clause"):
                words.append(event.clause.text)
                if event.clause.last:
                    return " ".join(words)
        time.sleep(0.01)
    raise AssertionError(f"no answer to {id}")


def remembered(mind: Mind, id: str) -> Remembered:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for event in mind.poll():
            if isinstance(event, Remembered) and event.id == id:
                return event
        time.sleep(0.01)
    raise AssertionError(f"nothing remembered for {id}")


def test_a_process_of_its_own_remembers_what_was_heard_and_shows_and_erases(tmp_path: Path) -> None:
    lumi, path = load("lumi"), tmp_path / "m.db"
    opener = partial(open_remembering, path=path)
    with Mind(lumi, 1, deadline=8.0, opener=opener) as mind:
        mind.tell(Happened("song", "Paper Cup"))  # told before there is a process: it waits
        mind.start(wait=20)
        finish_one = ask("1", "my cat is called Biscuit", "acc-1")
        mind.ask(finish_one)
        finish(mind, "1")
        mind.tell(Heard("1", ("My favourite colour is amber.",)))
        mind.tell(Wanted("w1", "Mika", "acc-1", "show"))
        facts = remembered(mind, "w1")
        assert facts.account == "acc-1"
        assert [t["text"] for t in facts.facts["things"]] == ["your cat is called Biscuit"]
        mind.tell(Wanted("w2", "Mika", "acc-2", "show"))
        assert remembered(mind, "w2").facts["known"] is False
        mind.ask(ask("2", "what songs did you sing tonight?", "acc-1"))
        assert "Paper Cup" in finish(mind, "2")
        mind.tell(Wanted("w3", "Mika", "acc-1", "erase"))
        assert remembered(mind, "w3").facts["erased"] is True
        mind.tell(Wanted("w4", "Mika", "acc-1", "show"))
        assert remembered(mind, "w4").facts["known"] is False
    assert b"Biscuit" not in b"".join(f.read_bytes() for f in tmp_path.iterdir())


def test_a_fact_counts_once_it_was_heard(tmp_path: Path) -> None:
    lumi = load("lumi")
    brain = open_remembering(lumi, 1, tmp_path / "m.db")
    memory = brain.memory  # type: ignore[attr-defined]
    with Inline(lumi, brain=brain) as mind:
        mind.tell(Heard("a", ()))
        assert not memory.contradicted("My favourite colour is green.")
        mind.tell(Heard("a", ("My favourite colour is amber.",)))
        assert memory.contradicted("My favourite colour is green.")


def test_a_brain_without_memory_says_that_it_keeps_nothing() -> None:
    mind = Inline(load("lumi"), 1)
    mind.tell(Wanted("w", "Mika", "acc", "show"))
    assert mind.poll() == [Remembered("w", "acc", {"kept": False})]

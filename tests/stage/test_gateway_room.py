"""The fans' protocol and the room: pure, with a clock of one's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage.gateway import protocol as p
from stage.gateway.names import Names, skeleton
from stage.gateway.room import Limits, Room

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(), x, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["type", "v", "id", "text", "kind", "count", "name", "token", "epoch", "offset", "choice"]),
    JSON | st.sampled_from(["hello", "chat", "reaction", "request", "vote", "name", "heart", 1]),
)


def accepted(frame: str | bytes) -> None:
    try:
        message = p.decode(frame)
    except p.ProtocolError:
        return
    assert isinstance(message, p.Message)


@given(st.text() | st.binary())
def test_anything_gives_only_a_protocol_error(frame: str | bytes) -> None:
    accepted(frame)


@given(FIELDS)
def test_any_object_gives_only_a_protocol_error(raw: dict[str, Any]) -> None:
    accepted(json.dumps(raw))


def test_deep_nesting_and_long_frames_are_refused() -> None:
    for frame in ("[" * 4000, "x" * 5000, '{"type":"chat","id":"a","text":NaN}'):
        with pytest.raises(p.ProtocolError):
            p.decode(frame)


@given(st.text(max_size=300))
def test_clean_text_has_no_controls_and_few_marks(text: str) -> None:
    out = p.clean(text)
    assert not any(ord(c) < 32 or c in "\u202e\u2066" for c in out)
    assert p.clean(out) == out


@given(st.lists(st.text(min_size=1, max_size=40), max_size=12))
def test_no_two_names_look_alike(wishes: list[str]) -> None:
    names = Names(("Lumi",))
    given_names = [n for k, w in enumerate(wishes) if (n := names.claim(f"fan{k}", w))]
    shapes = [skeleton(n) for n in given_names]
    assert len(set(shapes)) == len(shapes)
    assert skeleton("Lumi") not in shapes
    assert all(len(n) <= p.NAME_LIMIT for n in given_names)


def test_look_alikes_get_a_number() -> None:
    names = Names(("Lumi",))
    assert names.claim("a", "Mika") == "Mika"
    assert names.claim("b", "МІКА") == "МІКА 2"  # Cyrillic
    assert names.claim("c", "ｍｉｋａ") == "ｍｉｋａ 3"
    assert names.claim("d", "Lumi") == "Lumi fan"
    assert names.claim("a", "Mika") == "Mika"
    assert names.claim("e", "\u200b") == ""


def room(**limits: Any) -> Room:
    return Room("Show", "Lumi", Limits(**limits))


def join(r: Room, name: str = "Mika", now: float = 0.0, **hello: Any) -> tuple[Any, list[dict[str, Any]]]:
    fan, frames = r.join(p.Hello(name, **hello), now)
    return fan, [json.loads(f) for f in frames]


def say(r: Room, fan: Any, id: str, now: float, text: str = "hi") -> list[dict[str, Any]]:
    frames = r.receive(fan, json.dumps({"type": "chat", "id": id, "text": text}), now)
    return [json.loads(f) for f in frames]


def test_one_frame_a_tick_for_everything_that_happened() -> None:
    r = room()
    a, _ = join(r, "A")
    b, _ = join(r, "B")
    say(r, a, "1", 0)
    say(r, b, "1", 0)
    r.receive(b, '{"type":"reaction","kind":"star","count":3}', 0)
    r.publish("caption", {"text": "la"})
    tick = r.tick()
    assert tick.frame is not None
    raw = json.loads(tick.frame)
    assert [e["name"] for e in raw["m"]] == ["A", "B"]
    assert [e["o"] for e in raw["m"]] == [1, 2]
    assert raw["r"] == {"star": 3}
    assert raw["s"] == [{"type": "caption", "text": "la"}]
    assert "key" not in raw["m"][0]
    assert [e["kind"] for e in tick.events] == ["join", "join", "chat", "chat", "reaction"]
    assert r.tick().frame is None


def test_resume_gives_exactly_what_was_missed_or_a_resync() -> None:
    r = room(history=10)
    a, (welcome, first) = join(r)
    assert first["type"] == "resync"
    for k in range(5):
        say(r, a, str(k), k * 3.0)
        r.tick()
    _, (_, missed) = join(r, "B", epoch=r.epoch, offset=2)
    assert missed["type"] == "tick"
    assert [e["o"] for e in missed["m"]] == [3, 4, 5]
    assert json.loads(r._catch_up(p.Hello(epoch=r.epoch, offset=5)))["m"] == []
    for k in range(5, 20):
        say(r, a, str(k), k * 3.0)
        r.tick()
    late = json.loads(r._catch_up(p.Hello(epoch=r.epoch, offset=2)))
    assert (late["type"], late["reason"]) == ("resync", "too_old")
    assert [e["o"] for e in late["m"]] == list(range(11, 21))
    other = json.loads(r._catch_up(p.Hello(epoch="other", offset=2)))
    assert other["reason"] == "epoch"
    future = json.loads(r._catch_up(p.Hello(epoch=r.epoch, offset=999)))
    assert future["type"] == "resync"
    assert welcome["limits"]["chat"] == 500


def test_a_line_sent_twice_is_said_once_even_after_a_restart() -> None:
    r = room()
    a, (welcome, _) = join(r)
    say(r, a, "x", 0)
    tick = r.tick()
    assert say(r, a, "x", 1) == [{"type": "ok", "id": "x"}]
    assert r.tick().frame is None
    again = Room("Show", "Lumi", secret=r._secret, epoch=r.epoch, history=tick.entries)
    fan, (_, caught) = join(again, token=welcome["token"], epoch=r.epoch, offset=1)
    assert fan.account == a.account
    assert caught == {"type": "tick", "o": 1, "m": [], "resumed": True}
    assert say(again, fan, "x", 5) == [{"type": "ok", "id": "x"}]
    assert again.tick().entries == []


def test_rate_limit_burst_then_mute_then_free() -> None:
    r = room()
    a, _ = join(r)
    for k in range(5):
        assert say(r, a, f"a{k}", 0.0) == []
    (error,) = say(r, a, "a5", 0.0)
    assert (error["code"], error["id"]) == ("muted", "a5")
    assert "10 s" in error["message"]
    assert say(r, a, "a6", 9.9)[0]["code"] == "muted"
    assert say(r, a, "a7", 10.1) == []
    r.leave(a, 10.2)


def test_mute_survives_a_new_connection() -> None:
    r = room()
    a, (welcome, _) = join(r)
    for k in range(7):
        say(r, a, f"a{k}", 0.0)
    r.leave(a, 0.1)
    b, _ = join(r, token=welcome["token"], now=0.2)
    assert say(r, b, "b", 0.3)[0]["code"] == "muted"


def test_reactions_are_bounded_and_floods_are_cut() -> None:
    r = room()
    a, _ = join(r)
    for _ in range(30):
        r.receive(a, '{"type":"reaction","kind":"heart","count":1}', 0.0)
    assert json.loads(r.tick().frame or b"")["r"]["heart"] == 20
    heart = '{"type":"reaction","kind":"heart","count":1}'
    for _ in range(30):
        r.receive(a, heart, 0.0)
    with pytest.raises(p.ProtocolError, match="too many"):
        r.receive(a, heart, 0.0)


def test_connections_per_account_and_names_come_free() -> None:
    r = room(per_account=2)
    a, (welcome, _) = join(r)
    join(r, token=welcome["token"])
    with pytest.raises(p.ProtocolError) as caught:
        join(r, token=welcome["token"])
    assert caught.value.code == "connection_limit"
    forged, _ = join(r, "Mika", token=a.account + ".0000")
    assert forged.account != a.account
    assert forged.name == "Mika 2"


def test_stage_lines_are_said_once_and_can_be_removed() -> None:
    r = room()
    r.publish("chat", {"id": "r1", "text": "hello", "is_ai": True})
    r.publish("chat", {"id": "r1", "text": "hello", "is_ai": True})
    entries = r.tick().entries
    assert [(e["name"], e["is_ai"], e["text"]) for e in entries] == [("Lumi", True, "hello")]
    r.publish("remove", {"id": "r1"})
    assert r.tick().entries[0]["type"] == "remove"
    _, (_, history) = join(r)
    assert history["m"][0]["removed"]
    assert history["m"][0]["text"] == ""


def test_chat_needs_a_name_and_bad_ids_close() -> None:
    r = room()
    a, (welcome, _) = join(r, "")
    assert welcome["name"] == ""
    assert say(r, a, "1", 0)[0]["code"] == "name_needed"
    assert json.loads(r.receive(a, '{"type":"name","name":"Jo"}', 1)[0]) == {"type": "named", "name": "Jo"}
    assert say(r, a, "1", 5) == []
    assert say(r, a, "2", 5, "x" * 501)[0]["code"] == "too_long"
    with pytest.raises(p.ProtocolError):
        say(r, a, "bad id!", 5)


def test_the_words_of_the_stage_become_those_of_the_protocol() -> None:
    r = room()
    r.publish("chat", {"from": "Lumi", "text": "hi", "is_ai": True})
    r.publish("caption", {"text": "la", "sung": True, "at": 1.5, "seconds": 2.0})
    raw = json.loads(r.tick().frame or b"")
    assert raw["m"][0]["name"] == "Lumi"
    assert raw["s"] == [{"type": "caption", "text": "la", "sample": 72000, "length": 96000, "kind": "sung"}]

"""Choosing from chat: fair, bounded, paid never lost, the same every time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stage.clock import SAMPLE_RATE
from stage.director.alike import alike, gist
from stage.director.chat import ChatSelector, Limits
from stage.gateway.model import FanEvent


def message(fan: str, text: str, kind: str = "chat") -> FanEvent:
    return FanEvent(f"{fan}-{text}", fan, kind, text, 5.0 if kind == "paid" else 0.0)


def test_paid_goes_first_then_first_messages_then_the_one_answered_least() -> None:
    chat = ChatSelector()
    for event in (message("ann", "one"), message("ann", "two"), message("bob", "hello"), message("cat", "tip", "paid")):
        chat.push(event, 0)
    order = []
    while (choice := chat.pick(0)) is not None:
        order.append((choice.event.fan, choice.event.text, choice.tier))
    assert order == [
        ("cat", "tip", "paid"),
        ("ann", "one", "first"),
        ("bob", "hello", "first"),
        ("ann", "two", "everyone"),
    ]


def test_a_loud_fan_does_not_keep_others_waiting() -> None:
    chat = ChatSelector()
    chat.push(message("loud", "0"), 0)
    chat.push(message("quiet", "0"), 0)
    for _ in range(2):
        chat.pick(0)
    for n in range(1, 40):
        chat.push(message("loud", str(n)), n)
    chat.push(message("quiet", "please"), 50)
    picked = [chat.pick(60), chat.pick(60)]
    assert {choice.event.fan for choice in picked if choice} == {"loud", "quiet"}
    assert len(chat) <= 2


def test_a_message_expires_unless_it_was_paid() -> None:
    chat = ChatSelector(Limits(expiry=10))
    chat.push(message("ann", "hi"), 0)
    chat.push(message("bob", "tip", "paid"), 0)
    choice = chat.pick(11 * SAMPLE_RATE)
    assert choice is not None
    assert choice.event.fan == "bob"
    assert chat.pick(11 * SAMPLE_RATE) is None
    assert chat.dropped["expired"] == 1


def test_the_same_words_twice_count_once() -> None:
    chat = ChatSelector()
    chat.push(message("ann", "sing!"), 0)
    assert chat.push(message("ann", "SING!"), 1) == "same"
    assert len(chat) == 1


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), st.booleans()), max_size=600))
def test_a_flood_stays_bounded_and_loses_nothing_paid(flood: list[tuple[int, int, bool]]) -> None:
    chat = ChatSelector(Limits(everyone=50, first=50))
    paid = set()
    for n, (fan, text, pays) in enumerate(flood):
        event = FanEvent(str(n), f"fan{fan}", "paid" if pays else "chat", str(text), 1.0)
        if pays:
            paid.add(event.id)
        chat.push(event, n)
        assert len(chat) <= 100 + len(paid)
    answered = set()
    while (choice := chat.pick(0)) is not None:
        answered.add(choice.event.id)
    assert paid <= answered


def test_the_same_question_of_many_is_one_entry_that_says_how_many() -> None:
    chat = ChatSelector()
    asked = ("what song is this??", "WHAT SONG IS THISSSS", "pls what song is this", "hey lumi what song is it")
    tiers = [chat.push(message(f"fan{n}", asked[n % 4]), n) for n in range(37)]
    chat.push(message("solo", "do you like trains"), 40)
    assert tiers[0] == "first"
    assert set(tiers[1:]) == {"gathered"}
    choice = chat.pick(100)
    assert choice is not None
    assert choice.crowd == 37
    assert choice.reason == "37 fans ask the same"
    assert len(choice.others) <= 12
    assert chat.pick(100).event.fan == "solo"  # type: ignore[union-attr]


def test_one_fan_is_not_a_crowd() -> None:
    chat = ChatSelector()
    for n in range(30):
        chat.push(message("loud", f"what song is this {'!' * n}"), n)
    assert chat.pick(50).crowd == 1  # type: ignore[union-attr]
    assert len(chat) == 0


def test_a_crowd_and_a_single_fan_take_turns() -> None:
    chat = ChatSelector()
    for n in range(9):
        chat.push(message(f"a{n}", "sing about rainy trains"), n)
        chat.push(message(f"b{n}", "what is your favourite colour"), n)
    for n in range(3):
        chat.push(message(f"solo{n}", f"unique thought number{n} xylophone{n}"), 10)
    crowds = [chat.pick(20).crowd for _ in range(4)]  # type: ignore[union-attr]
    assert crowds == [9, 1, 9, 1]


def test_members_come_before_strangers_and_after_paid() -> None:
    chat = ChatSelector()
    chat.push(message("new", "hello there friend"), 0)
    chat.push(FanEvent("m", "mia", "chat", "evening everybody here", member=True), 1)
    chat.push(message("pay", "tip", "paid"), 2)
    assert [chat.pick(5).tier for _ in range(3)] == ["paid", "member", "first"]  # type: ignore[union-attr]


def test_a_flood_of_five_thousand_lines_keeps_every_paid_one_and_its_bounds() -> None:
    chat = ChatSelector()
    limits = chat.limits
    for n in range(5_000):
        at = n * 60 * SAMPLE_RATE // 5_000
        kind = "paid" if n % 250 == 7 else "chat"
        chat.push(message(f"fan{n * 7919 % 900}", f"line {n} about {n % 331} things", kind), at)
        assert len(chat) <= limits.everyone + limits.first + limits.member + 20
    end = 60 * SAMPLE_RATE
    first = [chat.pick(end) for _ in range(20)]
    assert [c.tier for c in first if c] == ["paid"] * 20
    assert all(c and "order" in c.reason for c in first)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.text(max_size=30)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_the_choice_is_the_same_twice(lines: list[tuple[str, str]]) -> None:
    def run() -> list[str]:
        chat = ChatSelector()
        for n, (fan, text) in enumerate(lines):
            chat.push(message(fan, text), n)
        out = []
        while (choice := chat.pick(1000)) is not None:
            out.append(f"{choice.event.id} {choice.reason} {choice.crowd}")
        return out

    assert run() == run()


def test_lines_that_ask_different_things_are_not_gathered() -> None:
    pairs = (
        ("do you like cats", "do you like dogs"),
        ("sing about rain", "sing about trains"),
        ("how old are you", "how tall are you"),
        ("!!!", "???"),
    )
    for one, two in pairs:
        assert not alike(gist(one), gist(two)), (one, two)
    same = (("whats ur fav colour", "what is your FAV colour???"), ("あなたの歌が好きです", "あなたの歌がすきです"))
    for one, two in same:
        assert alike(gist(one), gist(two)), (one, two)

"""Choosing from chat: fair, bounded, paid never lost, the same every time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stage.clock import SAMPLE_RATE
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

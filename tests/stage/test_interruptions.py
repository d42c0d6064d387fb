"""Every pair of what goes on and what arrives: the table of docs/interruptions.md, and what each action does."""

from __future__ import annotations

from pathlib import Path

import pytest

from characters.persona.model import Ask, Clause
from stage.clock import SAMPLE_RATE
from stage.director.intents import SONG, decide
from tests.stage.fakes import FakeMind
from tests.stage.test_director import Rehearsal, chat

PAGE = Path(__file__).parents[2] / "docs" / "interruptions.md"
GOES_ON = {
    "nothing": ("",),
    "idle, join, banter, callback": ("idle", "join", "banter", "callback"),
    "an answer, song_intro": ("chat", "song_intro"),
    "thanks, opening, song_done": ("gift", "opening", "song_done"),
    "the operator's line": ("operator_queue", "operator_interrupt", "operator_replace"),
    "a song": (SONG,),
}
ARRIVES = {
    "idle, join, callback": ("idle", "join", "callback"),
    "chat": ("chat",),
    "paid, trouble, distress": ("gift", "trouble", "distress"),
    "song_intro": ("song_intro",),
    "operator queue": ("operator_queue",),
    "operator interrupt": ("operator_interrupt",),
    "operator replace": ("operator_replace",),
    "closing": ("closing",),
}


def rows() -> list[tuple[str, str, str]]:
    """(what goes on, what arrives, action) of every cell of the page's table, spelled out."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = table[0][1:]
    return [
        (on, arrives, action)
        for row in table[2:]
        for head, action in zip(heads, row[1:], strict=True)
        for on in GOES_ON[row[0]]
        for arrives in ARRIVES[head]
    ]


@pytest.mark.parametrize(("on", "arrives", "action"), rows())
def test_the_table(on: str, arrives: str, action: str) -> None:
    assert decide(on, arrives) == action


def long_talk(ask: Ask) -> list[Clause]:
    """Idle lines and thanks of thirty words, short answers."""
    if ask.moment.situation in ("idle", "gift"):
        return [Clause(" ".join(f"word{i}" for i in range(30)))]
    return [Clause(f"yes {ask.fan}")]


def talking(situation: str) -> Rehearsal:
    """A show in which she has just begun a long line of a situation."""
    show = Rehearsal(None, mind=FakeMind(long_talk), talk=1e9, idle=5.0 if situation == "idle" else 1e6)
    show.run(8.2)
    if situation == "gift":
        show.run(1.2, {8.3: chat("paul", "a tip", "paid")})
    while not show.director.desk.speaking(show.band.horizon):
        show.run(0.1)
    show.run(1.0)
    assert show.director.running(show.band.horizon) == situation
    return show


@pytest.mark.parametrize("behaviour", ["interrupt", "replace"])
@pytest.mark.parametrize("situation", ["idle", "gift"])
def test_the_operator_cuts_at_a_word_and_is_heard_at_once(situation: str, behaviour: str) -> None:
    show = talking(situation)
    asked = show.now
    show.director.say("Please find the exits calmly.", show.band.horizon, behaviour)
    show.run(4)
    cut = next(c for c in show.cues("reply") if c.data.get("cut"))
    assert cut.end in {c.end for c in show.cues("word") if c.owner == cut.owner}
    assert 0 < len(str(cut.data["text"]).split()) < 30
    caption = next(c for c in show.cues("caption") if "exits" in str(c.data["text"]))
    assert caption.sample - asked < SAMPLE_RATE
    assert caption.sample >= cut.end


def test_thanks_that_were_hardly_begun_are_said_again() -> None:
    show = talking("gift")
    show.director.say("One moment.", show.band.horizon, "interrupt")
    show.run(12)
    thanks = [c for c in show.cues("reply") if c.data["situation"] == "gift"]
    assert [bool(c.data.get("cut")) for c in thanks] == [True, False]
    assert len(str(thanks[-1].data["text"]).split()) == 30


def test_replace_drops_what_waits_but_not_what_was_paid_for() -> None:
    show = talking("gift")
    at = show.now / SAMPLE_RATE
    show.run(0.3, {at: chat("ann", "one"), at + 0.05: chat("bob", "tip two", "paid")})
    show.director.say("New topic.", show.band.horizon, "replace")
    show.run(25)
    answered = [c.data["fan"] for c in show.cues("reply") if not c.data.get("cut")]
    assert "bob" in answered
    assert "ann" not in answered


def test_the_operators_line_ends_a_song_at_a_bar_and_follows_it() -> None:
    show = Rehearsal(None)
    show.run(14, {1.0: chat("ren", "sing about rain")})
    assert show.director.running(show.band.horizon) == SONG
    assert show.director.say("We stop here.", show.band.horizon, "interrupt") == "bar"
    show.run(5)
    song = next(c for c in show.cues("song") if not c.data["bed"])
    caption = next(c for c in show.cues("caption") if "stop" in str(c.data["text"]))
    assert song.length % 96_000 == 0
    assert caption.sample < song.end + 2 * SAMPLE_RATE


def test_a_fan_in_distress_comes_before_those_who_wait() -> None:
    mind = FakeMind(lambda ask: [Clause(" ".join(["well"] * (20 if ask.fan == "ann" else 3)))])
    understood = mind.ask

    def ask(question: Ask) -> None:
        understood(question)
        if "end it" in question.say:
            mind.understands(question.id, "distress")

    mind.ask = ask  # type: ignore[method-assign]
    show = Rehearsal(None, mind=mind, talk=1e9, idle=1e6)
    show.run(8)
    show.run(
        20, {8.5: chat("ann", "a long question"), 8.6: chat("bob", "another one"), 8.7: chat("cy", "i want to end it")}
    )
    assert [c.data["fan"] for c in show.cues("reply")][-3:] == ["ann", "cy", "bob"]


def test_a_slow_mind_is_covered_by_one_filler_with_the_fans_name() -> None:
    mind = FakeMind()
    show = Rehearsal(None, mind=mind, talk=1e9, idle=1e6)
    show.run(8)
    mind.silent = True
    show.run(2, {8.2: chat("mika", "what is love")})
    fillers = [c for c in show.cues("caption") if c.sample > 8.2 * SAMPLE_RATE]
    assert len(fillers) == (1 if show.director.definition.situations.get("filler") else 0)
    assert all(c.sample - 8.2 * SAMPLE_RATE < 1.2 * SAMPLE_RATE for c in fillers)


def cut_by(behaviour: str) -> Rehearsal:
    answer = [Clause("one two three four"), Clause("five six seven eight nine ten"), Clause("the very last words")]
    show = Rehearsal(None, FakeMind(lambda ask: answer if ask.say else [Clause("hm")]), songs=False)
    show.run(3.6, {2.0: chat("mika", "tell me something")})
    show.director.say("Operator here.", show.band.horizon, behaviour)
    show.run(12)
    return show


def test_an_answer_cut_by_the_operator_is_taken_up_again_once() -> None:
    show = cut_by("interrupt")
    replies = [c.data for c in sorted(show.cues("reply"), key=lambda c: c.sample)]
    cut = next(i for i, r in enumerate(replies) if r.get("cut") and r["fan"] == "mika")
    assert replies[cut + 1]["text"] == "Operator here."
    again = replies[cut + 2]
    assert again["fan"] == "mika"
    assert again["text"].endswith("the very last words")
    assert not again["text"].startswith("one two")
    assert sum("very last words" in r["text"] for r in replies) == 1
    assert [text for _, text in show.director.answers.history if "very last words" in text]


def test_what_the_operator_replaces_is_not_taken_up_again() -> None:
    assert not any("very last words" in c.data["text"] for c in cut_by("replace").cues("reply"))

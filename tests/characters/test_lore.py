"""Lore for brains that read text: what is spoken of wakes it, decorators hold, the prompt is not told twice."""

from __future__ import annotations

from characters.definition import Definition, LoreEntry
from characters.persona.lore import MOST, Lorebook
from characters.persona.model import Ask, Moment


def made(*entries: LoreEntry) -> Lorebook:
    return Lorebook(Definition(lore=list(entries)))


def ask(say: str, *history: tuple[str, str]) -> Ask:
    return Ask("a", Moment("chat"), "mika", say, history=history)


def test_what_is_spoken_of_wakes_what_she_knows() -> None:
    book = made(
        LoreEntry(keys=["harbour"], tells="The harbour froze in winter."), LoreEntry(keys=["moon"], says=["It hums."])
    )
    assert book.knows(ask("tell me of the Harbour")) == ("The harbour froze in winter.",)
    assert book.knows(ask("and then?", ("mika", "the moon?"), ("Lumi", "yes"))) == ("It hums.",)
    assert book.knows(ask("hello")) == ()
    assert book.knows(ask("")) == ()


def test_decorators_and_second_keys_hold() -> None:
    book = made(
        LoreEntry(keys=["key"], tells="Once.", decorators=["@@dont_activate_after_match"]),
        LoreEntry(keys=["key"], secondary=["door"], tells="Both."),
    )
    assert book.knows(ask("a key")) == ("Once.",)
    assert book.knows(ask("a key")) == ()
    assert book.knows(ask("a key for the door")) == ("Both.",)


def test_it_is_bounded_and_not_told_twice() -> None:
    many = [LoreEntry(keys=["all"], tells=f"Fact {n}. " + "x" * 2_000) for n in range(50)]
    found = made(*many).knows(ask("tell me all"))
    assert len(found) <= MOST
    assert all(len(text) <= 300 for text in found)
    told = Lorebook(Definition(lore=[LoreEntry(keys=["sea"], tells="The sea is loud.")]), "You know: The sea is loud.")
    assert told.knows(ask("the sea")) == ()

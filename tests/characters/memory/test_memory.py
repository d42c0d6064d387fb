"""Memory: a fan is known after a restart, erased without a trace, never told to another, and survives a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from characters.definition import Definition
from characters.memory import Memory, MemoryFileError, Remembering, open_remembering, told_by
from characters.memory.store import MAX_TEXT, PER_FAN
from characters.persona.embedded import Embedded
from characters.persona.model import Ask, Moment
from tests.characters.memory.crash import run

DAY = 86_400.0


class Show:
    """A remembering brain on a file; time is given."""

    def __init__(self, lumi: Definition, path: Path | None, at: float) -> None:
        self.at = at
        self.memory = Memory(path)
        self.brain = Remembering(Embedded(lumi), self.memory, lumi, 1, lambda: self.at)

    def say(self, text: str, fan: str = "Mika", **more: object) -> str:
        self.at += 1
        ask = Ask("a", Moment("chat", seed=2), fan, text, **more)  # type: ignore[arg-type]
        return " ".join(clause.text for clause in self.brain.reply(ask, lambda: False))


def test_a_fan_is_known_after_a_restart(lumi: Definition, tmp_path: Path) -> None:
    first = Show(lumi, tmp_path / "m.db", 1000 * DAY)
    first.say("my cat is called Biscuit!")
    first.say("can you sing about night trains?")
    first.memory.close()
    second = Show(lumi, tmp_path / "m.db", 1003 * DAY)
    known = second.memory.known("mika")
    assert known is not None
    assert known.visits == 1
    assert "Mika" in second.say("good evening everybody")
    assert "your cat is called Biscuit" in second.say("do you remember my cat?")
    assert second.memory.known("mika").visits == 2  # type: ignore[union-attr]
    assert [thing.text for thing in second.memory.things("mika", kind="request")] == ["night trains"]


def test_nothing_is_invented_and_nothing_is_told_to_another(lumi: Definition) -> None:
    show = Show(lumi, None, 0.0)
    show.say("my dog is called Pepper")
    for other in ("Anna", "Mika2"):
        said = show.say("do you remember what I told you about my dog?", other)
        assert "Pepper" not in said
        assert any(word in said.lower() for word in ("?", "remind", "tell me", "again"))
    assert "Pepper" not in show.say("do you remember my dog?", "Mika", account="somebody-else")


def test_erase_leaves_no_trace_in_the_files(lumi: Definition, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    show = Show(lumi, path, 0.0)
    for n in range(50):
        show.memory.note(f"other{n}", "", "told", f"your cat is called Cat{n} " + "x" * 200, n)
    show.say("my cat is called Zanzibarius", "Quillonfan")
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Zanzibarius" in everything
    assert "forgotten" in show.say("!forget me", "Quillonfan")
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir()).lower()
    assert b"zanzibarius" not in everything
    assert b"quillonfan" not in everything
    show.memory.close()
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir()).lower()
    assert b"zanzibarius" not in everything
    assert Memory(path).known("other7") is not None


def test_a_fan_can_see_theirs(lumi: Definition) -> None:
    show = Show(lumi, None, 0.0)
    show.say("I play the cello", kind="paid", amount=5.0)
    out = show.memory.export("mika")
    assert out["known"]
    assert {thing["kind"] for thing in out["things"]} == {"told", "gift"}
    assert show.memory.export("nobody") == {"known": False}
    assert "2 things" in show.say("!memory")


def test_private_numbers_are_not_kept() -> None:
    memory = Memory(None)
    assert told_by("my cat is called Biscuit and I love rain") == ["your cat is called Biscuit", "you love rain"]
    assert told_by("call me at 555 123 4567") == []
    memory.close()


def test_bounds_and_retention() -> None:
    memory = Memory(None, days=10)
    for n in range(PER_FAN + 50):
        memory.note("mika", "", "topic", f"{n} " + "y" * 1_000, float(n))
    things = memory.things("mika", most=10_000)
    assert len(things) == PER_FAN
    assert things[0].text.startswith(f"{PER_FAN + 49} ")
    assert all(len(thing.text) <= MAX_TEXT for thing in things)
    memory.meet("new", "", 20 * DAY)
    assert memory.retain(20 * DAY) == 1
    assert memory.known("mika") is None
    with pytest.raises(ValueError, match="told, request"):
        memory.note("x", "", "odd", "x", 0.0)


def test_she_does_not_contradict_herself(lumi: Definition) -> None:
    memory = Memory(None)
    memory.establish("My favourite colour is amber.", 0.0)
    assert memory.contradicted("My favorite colour is green.") == "My favourite colour is amber."
    assert memory.contradicted("My favourite colour is amber.") == ""


def test_the_set_list_of_a_show() -> None:
    memory = Memory(None)
    memory.begin(0.0, 1)
    memory.moment("song", "Paper Cup", 1.0)
    memory.moment("song", "Night Train", 2.0)
    assert memory.setlist() == ["Paper Cup", "Night Train"]


def test_a_file_that_is_no_memory_is_named_and_the_show_goes_on(lumi: Definition, tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(MemoryFileError, match=r"m\.db"):
        Memory(path)
    assert open_remembering(lumi, 1, path).name == "embedded"
    assert path.read_bytes().startswith(b"this is not")


def test_killed_in_the_middle_of_writing_nothing_reported_is_lost() -> None:
    assert run(4, seed=1) == 0

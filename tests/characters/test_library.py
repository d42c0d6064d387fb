"""The characters that ship: enough lines, every situation, only legal ones, and no line in two mouths."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from characters import load
from characters.checks import SITUATIONS, check, warnings
from characters.definition import Definition, Rules
from characters.guard import Guard
from characters.persona.clauses import clauses_of
from characters.persona.model import GESTURES, MOODS
from characters.persona.speech import SLOTS, slots_of, tags_of

NAMES = ("lumi", "vesper", "bo")
LEAST = 400
LONGEST = 160
VALUES = {"fan": "Mika", "song": "Night Train", "topic": "the rain", "count": "12", "answer": "It is seven."}
FEELINGS = {"distress", "grief", "medical", "harassment"}


@pytest.fixture(scope="module")
def cast() -> dict[str, Definition]:
    return {name: load(name) for name in NAMES}


def lines(definition: Definition) -> list[tuple[str, str]]:
    """(where, line) of everything a character can say."""
    out = [(f"situations.{name}", line.say) for name, group in definition.situations.items() for line in group]
    out += [(f"intentions.{n}", line.say) for n, i in definition.intentions.items() for line in i.lines]
    return out + [(f"lore.{n}", say) for n, entry in enumerate(definition.lore) for say in entry.says]


@pytest.mark.parametrize("name", NAMES)
def test_a_character_is_finished(cast: dict[str, Definition], name: str) -> None:
    found = lines(cast[name])
    assert len(found) >= LEAST
    assert check(cast[name].folder or name) == []
    missing = set(SITUATIONS) - set(cast[name].situations)
    assert not missing
    assert all(len(group) >= 3 for group in cast[name].situations.values())
    assert len(cast[name].situations["song_done"]) >= 24, "sixteen songs are sung in half an hour"


@pytest.mark.parametrize("name", NAMES)
def test_every_line_can_be_said(cast: dict[str, Definition], name: str) -> None:
    guard = Guard(Rules())
    for where, say in lines(cast[name]):
        assert len(say) <= LONGEST, (where, say)
        assert set(tags_of(say)) <= {*MOODS, *GESTURES}, (where, say)
        assert set(slots_of(say)) <= {*SLOTS, "answer"}, (where, say)
        clauses = clauses_of(say, VALUES, "happy")
        assert clauses, (where, say)
        text = " ".join(clause.text for clause in clauses)
        assert not set("[]{}<>|\\`*") & set(text), (where, text)
        if where.partition(".")[2] not in FEELINGS:
            assert all(guard.say(clause.text).clear for clause in clauses), (where, text)


def test_a_region_without_a_help_line_is_said_so(cast: dict[str, Definition]) -> None:
    lumi = cast["lumi"]
    for region, known in (("gb", True), ("international", True), ("atlantis", False)):
        other = lumi.model_copy(update={"rules": lumi.rules.model_copy(update={"help": region})})
        found = [w for w in warnings(other) if "rules.help" in w]
        assert len(found) == (0 if known else 1)
        assert known or "gb" in found[0]


def test_no_line_is_in_two_mouths_or_twice_in_one(cast: dict[str, Definition]) -> None:
    bare = {name: Counter(say.partition("] ")[2] or say for _, say in lines(cast[name])) for name in NAMES}
    for name in NAMES:
        assert [say for say, count in bare[name].items() if count > 1] == []
    for a, b in combinations(NAMES, 2):
        assert set(bare[a]) & set(bare[b]) == set()


def test_the_cast_differs_in_voice_music_and_manners(cast: dict[str, Definition]) -> None:
    for a, b in combinations(cast.values(), 2):
        assert a.voice != b.voice
        assert set(a.music.styles) != set(b.music.styles)
        assert len(set(a.persona.manners) ^ set(b.persona.manners)) >= 4  # honesty they have in common
        assert sum(abs(a.persona.traits.get(t, 0) - b.persona.traits.get(t, 0)) for t in a.persona.traits) > 1.0

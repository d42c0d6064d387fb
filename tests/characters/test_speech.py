"""What may be spoken: names, topics, clean text, clauses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from characters.definition import Definition
from characters.persona.clauses import Segmenter, clauses_of
from characters.persona.model import GESTURES, MOODS
from characters.persona.speech import (
    SLOTS,
    clean_speech,
    fill,
    has_words,
    known_tag,
    slots_of,
    spoken_name,
    spoken_topic,
    tags_of,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("xX_mika_99", "mika"),
        ("mika", "mika"),
        ("MikaTanaka", "Mika Tanaka"),
        ("[happy]", "happy"),
        ("<script>alert(1)</script>bob", "alert bob"),
        ("{song}", "song"),
        ("free-robux.com", "friend"),
        ("http://evil.example/x", "friend"),
        ("\u202eakim", "akim"),
        ("مرحبا", "friend"),
        ("ミカ", "friend"),
        ("", "friend"),
        ("12345", "friend"),
        ("fuckface", "friend"),
        ("A" * 500, "AA"),
        ("s4rah", "sarah"),
        ("José_Pérez", "José Pérez"),
    ],
)
def test_spoken_names(name: str, spoken: str) -> None:
    if spoken in {"happy", "song"}:
        assert spoken_name(name) in {spoken, "friend"}
    else:
        assert spoken_name(name).lower() == spoken.lower()


@given(st.text(max_size=200))
def test_any_name_is_bounded_and_clean(name: str) -> None:
    spoken = spoken_name(name)
    assert 2 <= len(spoken) <= 24
    assert has_words(spoken)
    assert not set(spoken) & set("[]{}<>@#|\\/_*`\n\u202e")


@given(st.text(max_size=300))
def test_any_topic_is_bounded_and_clean(topic: str) -> None:
    spoken = spoken_topic(topic)
    assert len(spoken) <= 48
    assert not set(spoken) & set("[]{}<>@#|\\/*`\n\u202e")


@given(st.text(max_size=300))
def test_clean_speech_is_stable(text: str) -> None:
    once = clean_speech(text)
    assert not set(once) & set("[]{}<>@#|\\*`\n\u202e")


def test_links_mail_and_numbers_are_not_spoken() -> None:
    said = clean_speech("See https://x.example/a?b=c or mail a@b.com or call +1 (555) 123-4567, *winks* ok [happy]")
    assert "http" not in said
    assert "@" not in said
    assert "555" not in said
    assert "winks" not in said
    assert "happy" not in said


def test_a_missing_slot_leaves_no_hole() -> None:
    assert fill("Hi, {fan}! You", {}) == "Hi! You"
    assert fill("{fan}, hello", {}) == "hello"


def test_every_shipped_line_is_speakable(lumi: Definition) -> None:
    lines = [line for group in lumi.situations.values() for line in group]
    lines += [line for intention in lumi.intentions.values() for line in intention.lines]
    texts = [line.say for line in lines] + [say for entry in lumi.lore for say in entry.says]
    values = {"fan": "mika", "song": "Night Train", "topic": "rain", "count": "12"}
    for text in texts:
        assert all(known_tag(tag) for tag in tags_of(text)), text
        assert slots_of(text) <= set(SLOTS), text
        clauses = clauses_of(text, values, "happy")
        assert clauses, text
        assert clauses[-1].last, text
        assert sum(len(c.text.split()) for c in clauses) <= 30, text
        assert len(clauses[0].text.split()) <= 16, text
        for clause in clauses:
            assert not set(clause.text) & set("[]{}<>*_"), text
            assert clause.mood in MOODS
            assert clause.gesture in (*GESTURES, "")
    assert len(set(texts)) == len(texts)


def test_a_slot_value_is_never_read_as_a_tag() -> None:
    clauses = clauses_of("Hi, {fan}! Good.", {"fan": "[angry]"}, "happy")
    assert all(clause.mood == "happy" for clause in clauses)
    assert "angry" not in clauses[0].text


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello there. [wave] Hi, you!", ["Hello there.", "Hi, you!"]),
        ("Mr. Bean ran 3.5 km. Then he slept.", ["Mr. Bean ran 3.5 km.", "Then he slept."]),
        ("Not on my stage, mika. Ask me.", ["Not on my stage, mika.", "Ask me."]),
        ("I was thinking, maybe we sing now. Yes!", ["I was thinking,", "maybe we sing now.", "Yes!"]),
        ("What?! No way... ok", ["What?", "No way...", "ok"]),
        ("[happy] [unknown] Hey [broken", ["Hey"]),
    ],
)
def test_segmenter(text: str, pieces: list[str]) -> None:
    segmenter = Segmenter()
    assert [piece.text for piece in segmenter.push(text) + segmenter.flush()] == pieces


@settings(max_examples=300)
@given(
    st.text(alphabet="ab ,.!?[]wave\nhappy 3;:—…\"'", max_size=120),
    st.lists(st.integers(min_value=1, max_value=9), max_size=40),
)
def test_segmenter_does_not_depend_on_how_the_stream_is_cut(text: str, sizes: list[int]) -> None:
    whole = Segmenter()
    expected = whole.push(text) + whole.flush()
    chopped, found, at = Segmenter(), [], 0
    for size in [*sizes, len(text)]:
        found += chopped.push(text[at : at + size])
        at += size
    found += chopped.flush()
    assert found == expected
    assert all(has_words(piece.text) and "[" not in piece.text for piece in found)
    assert all(len(piece.text.split()) <= 30 for piece in found)

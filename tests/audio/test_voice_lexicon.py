"""How words sound: known words, endings, unknown names, syllables, spelled pieces, rhymes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.voice import lexicon


def test_known_words() -> None:
    assert lexicon.pronounce("window") == ("W", "IH1", "N", "D", "OW0")
    assert lexicon.pronounce("Don’t") == lexicon.pronounce("don't") == ("D", "OW1", "N", "T")
    assert lexicon.pronounce("CAFÉ") == lexicon.pronounce("cafe")


@pytest.mark.parametrize(
    ("word", "last"), [("limelights", "S"), ("neons", "Z"), ("starfalling", "NG"), ("glitterings", "Z")]
)
def test_endings_and_compounds_of_known_words(word: str, last: str) -> None:
    assert lexicon.pronounce(word)[-1] == last


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("window", ("win", "dow")),
        ("happy", ("hap", "py")),
        ("beautiful", ("beau", "ti", "ful")),
        ("nothing", ("no", "thing")),
        ("star", ("star",)),
        ("electric", ("e", "lec", "tric")),
        ("I'm", ("I'm",)),
    ],
)
def test_split(word: str, pieces: tuple[str, ...]) -> None:
    assert lexicon.split(word) == pieces


def test_stress_and_rhyme() -> None:
    assert lexicon.stresses("electric") == (0, 1, 0)
    assert lexicon.rhyme("night") == lexicon.rhyme("starlight") == ("AY", "T")
    assert lexicon.rhyme("weather") == lexicon.rhyme("together")
    assert lexicon.rhyme("sea") != lexicon.rhyme("sky")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_bounded_and_consistent(word: str) -> None:
    phones = lexicon.pronounce(word)
    parts = lexicon.syllables(word)
    assert len(phones) <= 2 * lexicon.MAX_WORD
    assert tuple(p for part in parts for p in part) == phones
    assert "".join(lexicon.split(word)) == word.strip()
    assert all(lexicon.split(word))
    for phone in phones:
        assert (phone[-1] in "012") == (lexicon.bare(phone) in lexicon.VOWELS)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=16))
@settings(max_examples=150, deadline=None)
def test_every_spelled_word_has_a_vowel_and_as_many_pieces_as_syllables(word: str) -> None:
    assert lexicon.stresses(word) or lexicon.known(word)  # the dictionary itself has "mm" and "sh"
    if len(word) >= len(lexicon.syllables(word)):
        assert len(lexicon.split(word)) == len(lexicon.syllables(word))

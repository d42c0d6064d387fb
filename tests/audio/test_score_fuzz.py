"""Broken song files are read or refused with one clear line (the full count: scripts/fuzz_scores.py)."""

from __future__ import annotations

from audio.compose import Wish, compose
from scripts.fuzz_scores import fuzz
from tests.audio.songs import LUMI


def test_broken_songs_are_one_line_each() -> None:
    came, wrong, longest = fuzz(compose(LUMI, Wish(prompt="a waltz about rain", bars=16)), 90, seed=7)
    assert wrong == []
    assert longest < 2
    assert sum(came.values()) == 90
    assert all(came[f"{suffix} refused"] for suffix in (".mid", ".musicxml", ".toml"))

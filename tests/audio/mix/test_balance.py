"""Gain staging: tracks end at their places, the voice over the band, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from audio.mix.balance import MOST_DB, places, role, staged
from audio.mix.linear import CHUNK
from audio.mix.meters import loudness
from audio.mix.mixdown import Mixdown, Session, Sound, Strip, Sung

FRAMES = 3 * CHUNK


def strip(name: str, level: float, gain: float = 0.0, offset: float = 0.0) -> Strip:
    rng = np.random.default_rng(len(name))
    pcm = (level * rng.standard_normal((FRAMES, 2))).astype(np.float32)
    return Strip(name, gain, 0.0, 1.0, 0.2, 0.0, False, [Sound(0, pcm, 1.0, FRAMES, 1)], offset)


def test_tracks_are_brought_to_their_places() -> None:
    pcm = np.zeros((FRAMES, 2), np.float32)
    pcm[:, 0] = 0.05 * np.random.default_rng(0).standard_normal(FRAMES)
    strips = (strip("bass", 0.001), strip("chords", 0.02), strip("wish", 0.02, -6.0, -6.0), strip("pad", 0.0))
    mixdown = Mixdown(Session(strips, (Sung(0, pcm, FRAMES),), (), FRAMES, 12_000))
    moves = staged(mixdown, {s.name: role(s.name, "keys_piano") for s in strips}, "rock", "singer").gains
    goal = places("rock")
    assert loudness(mixdown.stem(strips[1], 0)) + moves["chords"] == pytest.approx(goal["chords"], abs=0.15)
    assert loudness(mixdown.stem(strips[2], 0)) + moves["wish"] == pytest.approx(goal["chords"] - 6, abs=0.15)
    assert moves["bass"] == MOST_DB  # bounded
    assert "pad" not in moves  # silent: left alone
    assert "singer" in moves


def test_roles_and_places() -> None:
    assert role("drums", "kit_soft") == "drums"
    assert role("Violin II", "strings") == "pad"
    assert role("left hand", "keys_piano") == "chords"
    assert places("no such style") == places("common")

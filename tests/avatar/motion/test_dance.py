"""The dance by the outside check of ``scripts/dance_check.py``: strokes on beats, planted feet, no repeats."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from avatar.motion import Performer
from tests.avatar.motion.body import places

RATE, BPM = 48_000, 124.0
BEAT = round(RATE * 60 / BPM)


@pytest.fixture(scope="module")
def check() -> ModuleType:
    path = Path(__file__).parents[3] / "scripts" / "dance_check.py"
    spec = importlib.util.spec_from_file_location("dance_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dancer(seed: int = 1) -> Performer:
    p = Performer(seed)
    for start, name, energy in ((0, "verse", 0.45), (32, "chorus", 0.9), (64, "verse", 0.45), (96, "chorus", 0.9)):
        p.section(start * BEAT, 32 * BEAT, name, energy)
        for k in range(start, start + 32):
            p.beat(k * BEAT, BEAT, k % 4 == 0, energy)
    return p


@pytest.fixture(scope="module")
def track(check: ModuleType) -> dict[str, np.ndarray]:
    """Five seconds across the end of a verse and the start of a chorus, 120 times a second."""
    p = dancer()
    frames = [places(p.frame(27 * BEAT + k * RATE // check.FPS))[0] for k in range(5 * check.FPS)]
    return {bone: np.array([f[bone] for f in frames]) for bone in frames[0]}


def test_strokes_fall_on_beats(check: ModuleType, track: dict[str, np.ndarray]) -> None:
    beats = np.arange(0, 24) * BEAT / RATE
    gaps = np.concatenate([check.on_beat(check.strokes(track[j]), beats) for j in check.JOINTS])
    assert len(gaps) > 40
    assert (np.abs(gaps) <= 0.040).mean() >= 0.85
    assert abs(gaps.mean()) < 0.02


def test_planted_feet_do_not_slide(check: ModuleType, track: dict[str, np.ndarray]) -> None:
    for side in ("left", "right"):
        assert check.slide(track[f"{side}Toes"], 0.0) < 0.01


def test_the_check_knows_a_late_stroke_and_a_slide(check: ModuleType) -> None:
    t = np.arange(0, 8, 1 / check.FPS)
    phase = (t % 0.5) / 0.5
    eased = phase**3 * (phase * (phase * 6 - 15) + 10)
    steps = np.floor(t / 0.5)
    x = 0.2 * np.where(steps % 2 == 0, eased, 1 - eased)
    path = np.stack([x, np.zeros_like(x), np.zeros_like(x)], 1)
    beats = np.arange(0, 9, 0.5)
    assert (np.abs(check.on_beat(check.strokes(path), beats)) <= 0.02).all()
    assert (np.abs(check.on_beat(check.strokes(path), beats + 0.1)) > 0.04).all()
    assert check.slide(path, 0.0) == pytest.approx(0.2, abs=0.01)


def test_a_section_that_comes_back_is_danced_to_the_other_side_and_not_the_same() -> None:
    p = dancer()
    away = []
    for k in range(40, 56):
        first, again = places(p.frame(k * BEAT))[0], places(p.frame((k + 64) * BEAT))[0]
        away.append(np.linalg.norm(first["leftHand"] - again["leftHand"]))
        mirrored = again["rightHand"] * (-1, 1, 1)
        assert np.linalg.norm(first["leftHand"] - mirrored) < 0.25
    assert np.mean(away) > 0.1

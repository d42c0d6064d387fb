"""Repairs and matching on signals whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from click.testing import CliRunner
from scipy.signal import sosfilt

from audio.mix import match, repair
from audio.mix.filters import high_shelf
from stage.cli import main

RATE = 48_000


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((int(seconds * RATE), 2))).astype(np.float32)


def test_clipped_sine_is_rebuilt() -> None:
    t = np.arange(RATE) / RATE
    whole = 0.9 * np.sin(2 * np.pi * 220 * t) + 0.1 * np.sin(2 * np.pi * 330 * t + 1)
    cut = np.clip(whole, -0.7, 0.7)
    made, moves = repair.declip(np.stack([cut, cut], axis=1).astype(np.float32))
    assert moves[0].what == "clipping"
    assert moves[0].amount > 400
    middle = slice(2000, -2000)
    before, after = np.abs(cut - whole)[middle].std(), np.abs(made[:, 0] - whole)[middle].std()
    assert after < before / 8


def test_clean_sound_is_left_alone() -> None:
    sound = noise(4)
    made, moves = repair.repaired(sound)
    assert moves == []
    assert made is sound


def test_hum_is_found_and_removed_and_bass_notes_are_not() -> None:
    t = np.arange(6 * RATE) / RATE
    hum = 0.02 * np.sin(2 * np.pi * 50 * t) + 0.01 * np.sin(2 * np.pi * 100 * t) + 0.008 * np.sin(2 * np.pi * 150 * t)
    music = noise(6, 0.02)
    made, moves = repair.remove_hum(music + hum[:, None].astype(np.float32))
    assert [m.what for m in moves] == ["hum"]
    assert "50.0" in moves[0].text
    left = np.abs(np.fft.rfft(made[RATE:-RATE, 0] * np.hanning(4 * RATE)))
    was = np.abs(np.fft.rfft((music[:, 0] + hum)[RATE:-RATE] * np.hanning(4 * RATE)))
    for freq in (50, 100, 150):
        assert left[4 * freq] < was[4 * freq] / 10
    bass = 0.2 * np.sin(2 * np.pi * 50 * t) * (np.sin(np.pi * t) > 0)
    assert repair.remove_hum(music + bass[:, None].astype(np.float32))[1] == []


def test_offset_and_silence() -> None:
    sound = np.concatenate([np.zeros((RATE, 2), np.float32), noise(2) + 0.05, np.zeros((2 * RATE, 2), np.float32)])
    made, moves = repair.trim(sound)
    assert moves[0].what == "silence"
    assert len(made) == pytest.approx(2 * RATE + 5 * 2400, abs=10)
    flat, moves = repair.remove_offset(noise(2) + np.float32(0.05))
    assert moves[0].what == "offset"
    assert abs(float(flat.mean())) < 1e-6


def test_matching_moves_the_spectrum_and_the_sides() -> None:
    sound, middle = noise(6), noise(6, 0.1, 5)[:, :1]
    b0, b1, b2, a1, a2 = high_shelf(3000, 4.0)
    like = sosfilt([[b0, b1, b2, 1, a1, a2]], sound, axis=0).astype(np.float32)
    narrow = (0.25 * sound + middle).astype(np.float32)
    made, moves = match.matched(narrow, like)
    assert [m.what for m in moves] == ["spectrum", "width"]
    goal = match.third_octaves(like)
    assert (
        np.abs(match.third_octaves(made) - goal)[4:].max() < 1.5 < np.abs(match.third_octaves(narrow) - goal)[4:].max()
    )
    assert match.width(made) == pytest.approx(match.width(narrow) + 4.0, abs=0.2)
    assert len(made) == len(narrow)
    assert np.abs(match.towards(np.full(28, -20.0), np.linspace(-40, 0, 28))).max() <= 6.0


def test_linear_phase_leaves_time_alone() -> None:
    click = np.zeros((RATE, 2), np.float32)
    click[20_000] = 1.0
    made = match.equalised(click, np.where(match.CENTRES > 1000, 4.0, -4.0))
    assert int(np.abs(made[:, 0]).argmax()) == 20_000
    np.testing.assert_allclose(match.equalised(click, np.zeros(28)), click, atol=1e-4)


def test_master_command_reports_what_it_moved(tmp_path: Path) -> None:
    t = np.arange(8 * RATE) / RATE
    sound = noise(8, 0.03) + (0.4 * np.sin(2 * np.pi * 200 * t) * (1 + np.sin(2 * np.pi * t)))[:, None]
    soundfile.write(tmp_path / "in.wav", sound, RATE)
    soundfile.write(tmp_path / "like.wav", noise(5, 0.1, 2), RATE)
    words = ["master", str(tmp_path / "in.wav"), "-o", str(tmp_path / "out.wav"), "--reference",
             str(tmp_path / "like.wav"), "--json"]  # fmt: skip
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.output)
    assert {"spectrum", "gain"} <= {move["what"] for move in facts["moves"]}
    made, rate = soundfile.read(tmp_path / "out.wav")
    assert pyloudnorm.Meter(rate).integrated_loudness(made) == pytest.approx(-14, abs=0.5)
    assert np.abs(made).max() <= 10 ** (-1 / 20)


def test_master_refuses_silence_and_unknown_styles(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(RATE), RATE)
    for words in ([], ["--style", "polka"], ["--reference", str(tmp_path / "no.wav")]):
        result = CliRunner().invoke(main, ["master", str(tmp_path / "none.wav"), "-o", str(tmp_path / "o.wav"), *words])
        assert result.exit_code == 2
        assert result.output.startswith("limelight: ")
        assert not (tmp_path / "o.wav").exists()

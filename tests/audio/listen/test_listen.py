"""Listening to signals whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audio.listen import analyse, read_sound, write_midi
from stage.cli import main

RATE = 48_000


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.stack([mono, mono], axis=1).astype(np.float32)


def tone(midi: float, seconds: float, level: float = 0.2, parts: int = 6) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    freq = 440 * 2 ** ((midi - 69) / 12)
    sound = sum(np.sin(2 * np.pi * freq * n * t) / n for n in range(1, parts + 1))
    shape = np.minimum(1, np.minimum(t / 0.01, (t[-1] - t) / 0.02)) * np.exp(-t * 0.8)
    return level * shape * sound


def clicks(tempo: float, seconds: float, accent: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    out = np.zeros(int(seconds * RATE))
    times = np.arange(0.5, seconds - 0.2, 60 / tempo)
    for n, at in enumerate(times):
        k = np.arange(3000)
        first = n % accent == 0
        hit = rng.standard_normal(3000) * np.exp(-k / 250) * (0.5 if first else 0.3)
        if first:
            hit = hit + 0.7 * np.sin(2 * np.pi * 60 * k / RATE) * np.exp(-k / 1500)
        a = round(at * RATE)
        out[a : a + 3000] += hit
    return out, times


@pytest.mark.parametrize(("tempo", "accent"), [(120.0, 4), (96.0, 3)])
def test_beats_of_a_click_track(tempo: float, accent: int) -> None:
    sound, times = clicks(tempo, 20, accent)
    heard = analyse(stereo(sound))
    assert heard.tempo == pytest.approx(tempo, abs=0.5)
    found = np.array(heard.beats)
    near = np.abs(found[:, None] - times[None, :]).min(axis=0)
    assert (near < 0.03).mean() > 0.95
    assert len(found) <= len(times) + 2
    assert heard.meter == accent
    assert heard.instruments["drums"] > 0.5 > heard.instruments["bass"] - 0.5


def test_chords_and_key() -> None:
    chords = [("C", (48, 64, 67, 72)), ("Am", (45, 60, 64, 69)), ("F", (41, 60, 65, 69)), ("G", (43, 59, 62, 67))] * 3
    sound = np.concatenate([sum(tone(p, 2.0, 0.08) for p in tones) for _, tones in chords])
    for k in range(0, len(sound), RATE // 2):
        sound[k : k + 400] += 0.1 * np.random.default_rng(k).standard_normal(min(400, len(sound) - k))
    heard = analyse(stereo(sound))
    assert (heard.key, heard.mode) == ("C", "major")
    right = sum(
        any(c.start - 0.2 <= 2 * n + 1 <= c.end + 0.2 and c.symbol.startswith(name) for c in heard.chords)
        for n, (name, _) in enumerate(chords)
    )
    assert right >= 11


def test_a_melody_becomes_notes_and_midi(tmp_path: Path) -> None:
    import mido

    tune = [60, 62, 64, 67, 65, 64, 62, 60]
    sound = np.concatenate([tone(p, 0.5, 0.3) for p in tune])
    heard = analyse(stereo(sound), transcribe=True)
    assert [round(n.pitch) for n in heard.melody] == tune
    assert [n.start for n in heard.melody] == pytest.approx([0.5 * k for k in range(8)], abs=0.08)
    write_midi(list(heard.melody), 120, str(tmp_path / "m.mid"))
    played = [m.note for m in mido.MidiFile(tmp_path / "m.mid").tracks[0] if m.type == "note_on"]
    assert played == tune


def test_empty_and_silent_sound_have_no_beats() -> None:
    heard = analyse(np.zeros((RATE * 3, 2), np.float32))
    assert heard.tempo == 0
    assert heard.loudness == -70
    assert heard.silent_seconds == pytest.approx(3.0)
    assert analyse(np.zeros((100, 2), np.float32)).beats == ()


def test_sound_files_of_every_kind(tmp_path: Path) -> None:
    sound = tone(69, 1.0)
    soundfile.write(tmp_path / "a.flac", sound, 44_100)
    soundfile.write(tmp_path / "b.wav", np.stack([sound] * 6, axis=1), RATE)
    soundfile.write(tmp_path / "c.wav", np.where(np.arange(RATE) == 9, np.nan, sound), RATE, "FLOAT")
    assert read_sound(tmp_path / "a.flac").shape == (round(RATE * RATE / 44_100), 2)
    assert read_sound(tmp_path / "b.wav").shape == (RATE, 2)
    assert np.isfinite(read_sound(tmp_path / "c.wav")).all()


def test_listen_says_and_writes(tmp_path: Path) -> None:
    sound, _ = clicks(120, 8, 4)
    soundfile.write(tmp_path / "click.wav", sound, RATE)
    result = CliRunner().invoke(main, ["listen", str(tmp_path / "click.wav"), "--transcribe", str(tmp_path / "m.mid")])
    assert result.exit_code == 0, result.output
    assert "tempo       120" in result.output
    assert (tmp_path / "m.mid").is_file()


def broken(rng: np.random.Generator, good: bytes) -> bytes:
    kind = int(rng.integers(4))
    if kind == 0:
        return good[: int(rng.integers(0, 60))]
    data = bytearray(good)
    if kind == 1:
        for at in rng.integers(0, 44, 4):
            data[at] = int(rng.integers(256))
    elif kind == 2:
        at = int(rng.integers(0, 40))
        data[at : at + 4] = b"\xff\xff\xff\xff"
    else:
        data = bytearray(rng.bytes(200))
    return bytes(data)


def test_broken_files_end_in_one_line(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "good.wav", tone(69, 0.2), RATE)
    good = (tmp_path / "good.wav").read_bytes()
    rng = np.random.default_rng(3)
    refusals = 0
    for k in range(60):
        path = tmp_path / "bad.wav"
        path.write_bytes(broken(rng, good))
        out = tmp_path / "out.wav"
        out.unlink(missing_ok=True)
        result = CliRunner().invoke(main, ["master", str(path), "-o", str(out)])
        assert result.exit_code in (0, 2), (k, result.output, result.exception)
        if result.exit_code == 2:
            refusals += 1
            lines = [line for line in result.output.splitlines() if line.startswith("limelight:")]
            assert len(lines) == 1
            assert "bad.wav" in lines[0]
            assert not out.exists()
    assert refusals > 20

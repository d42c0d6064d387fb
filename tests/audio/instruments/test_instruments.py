"""Every instrument: in tune, alive to velocity, and quiet again after its release."""

from __future__ import annotations

import numpy as np
import pytest

from audio.engine import Band, NoteEvent
from audio.instruments import drums, modal
from audio.instruments.catalog import CATALOG, instrument
from audio.instruments.tables import Tables

pytest.importorskip("pyo", reason="the engine needs pyo")

PITCHED = [name for name, spec in CATALOG.items() if spec.make != "drums"]
_SPAN = 150_000


@pytest.fixture(scope="module")
def takes() -> dict[tuple[str, float], np.ndarray]:
    """One soft and one hard note of every pitched instrument, far enough apart."""
    events, plan, at = [], [], 4_800
    for name in PITCHED:
        for velocity in (0.35, 0.95):
            pitch = 40 if name.startswith("bass") else 64
            events.append(NoteEvent(at, 48_000, name, pitch, velocity, name))
            plan.append((name, velocity, at))
            at += _SPAN
    with Band() as band:
        band.start(0)
        band.send(*events)
        sound = band.pull(at)
    return {(name, velocity): sound[start : start + _SPAN] for name, velocity, start in plan}


def _spectrum(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mono = sound.mean(axis=1)
    return np.fft.rfftfreq(len(mono) * 4, 1 / 48_000), np.abs(np.fft.rfft(mono * np.hanning(len(mono)), len(mono) * 4))


@pytest.mark.parametrize("name", PITCHED)
def test_in_tune(takes, name: str) -> None:
    freqs, power = _spectrum(takes[name, 0.95][9_600:40_000])
    wanted = modal.hertz(40 if name.startswith("bass") else 64)
    near = (freqs > wanted * 0.94) & (freqs < wanted * 1.06)
    centre = float((freqs[near] * power[near] ** 2).sum() / (power[near] ** 2).sum())
    assert abs(1200 * np.log2(centre / wanted)) < 10
    assert power[near].max() > power.max() * 0.1


@pytest.mark.parametrize("name", PITCHED)
def test_velocity_is_loudness_and_the_note_ends(takes, name: str) -> None:
    soft, hard = takes[name, 0.35], takes[name, 0.95]

    def rms(sound: np.ndarray) -> float:
        return float(np.sqrt((sound**2).mean()))

    assert rms(hard[:48_000]) > rms(soft[:48_000]) * 1.2
    assert rms(hard[130_000:]) < rms(hard[:48_000]) * 0.05


@pytest.mark.parametrize("name", ["bass_pluck", "bass_saw", "pluck", "lead_saw", "keys_piano", "guitar", "strings"])
def test_velocity_is_brightness(takes, name: str) -> None:
    def centroid(sound: np.ndarray) -> float:
        freqs, power = _spectrum(sound[:30_000])
        return float((freqs * power).sum() / power.sum())

    assert centroid(takes[name, 0.95]) > centroid(takes[name, 0.35]) * 1.03


@pytest.mark.parametrize("kit", ["kit_synth", "kit_soft", "kit_break"])
def test_drums_have_their_character(kit: str) -> None:
    def centroid(pitch: int) -> float:
        sound = drums.hit(kit, pitch, 0).mean(axis=1)
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float((np.fft.rfftfreq(len(sound), 1 / 48_000) * power).sum() / power.sum())

    assert centroid(36) < 250 < centroid(38) < centroid(42)
    assert len(drums.hit(kit, 46, 0)) > 2 * len(drums.hit(kit, 42, 0))
    assert not np.array_equal(drums.hit(kit, 38, 0), drums.hit(kit, 38, 1))
    for pitch in (36, 37, 38, 39, 42, 45, 46, 47, 49, 50, 51, 54, 56, 70, 99):
        sound = drums.hit(kit, pitch, 2)
        assert np.isfinite(sound).all()
        assert 0.02 < np.abs(sound).max() < 1.2


@pytest.mark.parametrize("pitch", [41, 43, 47, 50, 56])
def test_toms_and_bells_leave_the_harmony_alone(pitch: int) -> None:
    """They are damped: what rings on after a quarter of a second is nothing beside the stroke."""
    sound = drums.hit("kit_soft", pitch, 0)
    assert np.abs(sound[12_000:]).max() < 0.04 * np.abs(sound).max()


def test_tables_come_back_the_same_and_stay_in_budget() -> None:
    tables, spec = Tables(), instrument("keys_piano")
    first = tables.get(tables.key(spec, 60, 0.8, 0)).copy()
    for pitch in range(24, 64):
        for velocity in (0.2, 0.4, 0.9):
            tables.get(tables.key(spec, pitch, velocity, 0))
    assert tables._bytes <= 96 << 20
    np.testing.assert_array_equal(first, tables.get(tables.key(spec, 60, 0.8, 0)))


def test_unknown_instrument_names_the_known() -> None:
    with pytest.raises(ValueError, match="pad_warm"):
        instrument("theremin")


@pytest.mark.parametrize("name", sorted(modal.MAKERS))
def test_the_highest_and_lowest_notes_can_be_made(name: str) -> None:
    """A guitar note above its last partial once ended the engine again and again."""
    for pitch in (0.0, 127.0, 136.0):
        made = modal.MAKERS[name](pitch, 3)
        assert made.shape[1] == 2
        assert np.isfinite(made).all()

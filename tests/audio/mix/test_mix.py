"""Meters against an outside meter; the limiter's promise; the master."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from audio.mix import correlation, loudness, master, true_peak
from audio.mix.filters import BlockFilter, highpass, lowpass, peak, response
from audio.mix.limiter import Limiter
from audio.mix.plate import Plate


def noise(seconds: float = 4.0, level: float = 0.1, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((int(seconds * 48_000), 2)) * level).astype(np.float32)


def oversampled(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(resample_poly(sound.astype(float), 8, 1, axis=0)).max()))


def test_loudness_agrees_with_pyloudnorm() -> None:
    for sound in (noise(), noise(level=0.02), np.concatenate([noise(), noise(3, 0.0001)])):
        assert loudness(sound) == pytest.approx(pyloudnorm.Meter(48_000).integrated_loudness(sound), abs=0.1)
    assert loudness(np.zeros((96_000, 2))) == -70.0
    assert loudness(np.zeros(10)) == -70.0


def test_true_peak_sees_between_samples() -> None:
    t = np.arange(4_800)
    sine = np.sin(2 * np.pi * t / 4 + np.pi / 4)  # sampled at 0.707, peaks at 1
    assert true_peak(sine) == pytest.approx(0.0, abs=0.4)


@pytest.mark.parametrize("drive", [0.5, 2.0, 8.0])
def test_limiter_never_passes_the_ceiling(drive: float) -> None:
    limiter = Limiter(256)
    sound = noise(2.0, 0.3 * drive)
    sound[20_000:20_004] += 9.0
    t = np.arange(24_000)
    sound[40_000:64_000] += (drive * np.sin(2 * np.pi * t * 0.2499))[:, None].astype(np.float32)
    out = np.concatenate([limiter(sound[k : k + 256]) for k in range(0, len(sound) - 256, 256)])
    assert oversampled(out) <= -1.0


def test_limiter_leaves_quiet_sound_alone() -> None:
    limiter = Limiter(256)
    sound = noise(0.5, 0.02)
    out = np.concatenate([limiter(sound[k : k + 256]) for k in range(0, 256 * 60, 256)])
    np.testing.assert_array_equal(out[256:], sound[: len(out) - 256])


def test_master_hits_target_under_the_peak() -> None:
    for sound in (noise(5, 0.05), noise(5, 0.4), noise(5, 0.1)[:, 0]):
        made = master(sound, loudness=-14, peak=-1)
        assert loudness(made) == pytest.approx(-14, abs=0.3)
        assert oversampled(made) <= -1.0
        assert len(made) == len(sound)


def test_master_survives_broken_sound() -> None:
    sound = noise(2, 0.1)
    sound[500] = np.nan
    sound[600] = np.inf
    assert np.isfinite(master(sound)).all()
    assert not master(np.zeros((48_000, 2))).any()


def test_block_filter_is_the_filter() -> None:
    sections = (highpass(120), peak(1_000, 6.0), lowpass(8_000))
    run = BlockFilter(sections, 256, 2)
    impulse = np.zeros((256 * 64, 2))
    impulse[0] = 1
    out = np.concatenate([run(impulse[k : k + 256]).copy() for k in range(0, len(impulse), 256)])
    freqs = np.fft.rfftfreq(len(out), 1 / 48_000)
    np.testing.assert_allclose(np.abs(np.fft.rfft(out[:, 0])), response(sections, freqs), atol=1e-3)


def test_plate_decays_wide_and_falls_asleep() -> None:
    plate = Plate(256, seconds=1.2)
    pieces = []
    for k in range(420):
        block = np.zeros((256, 2))
        block[0] = float(k == 0)
        pieces.append(plate(block))
    assert pieces[-1] is None
    tail = np.concatenate([p for p in pieces if p is not None])
    early = 10 * np.log10((tail[4_800:14_400] ** 2).mean())
    late = 10 * np.log10((tail[38_400:48_000] ** 2).mean())
    assert 25 < early - late < 70
    assert abs(correlation(tail)) < 0.6

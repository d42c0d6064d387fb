"""Tonal balance: a mix is brought into its style's spectrum, no further than that, and by no more than is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfilt

from audio.mix.filters import Biquad, high_shelf, low_shelf, peak
from audio.mix.match import styled, styles, target
from audio.mix.meters import bands, shares, spectrum
from audio.mix.tonal import MARGIN, MOST_DB, NAMES, gains_into, sections, told

RATE = 48_000


def run(sound: np.ndarray, cascade: tuple[Biquad, ...]) -> np.ndarray:
    if not cascade:
        return sound
    rows = [[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in cascade]
    return sosfilt(rows, sound.astype(np.float64), axis=0).astype(np.float32)


def song(*cascade: Biquad) -> np.ndarray:
    """Six seconds of noise that falls as a song's spectrum does, then shaped."""
    rng = np.random.default_rng(3)
    white = np.fft.rfft(rng.standard_normal((6 * RATE, 2)), axis=0)
    freqs = np.fft.rfftfreq(6 * RATE, 1 / RATE)
    fall = 1 / np.maximum(freqs, 60.0) ** 0.62 * (freqs > 25) * (freqs < 15_500)
    sound = np.fft.irfft(white * fall[:, None], axis=0)
    return run((0.1 * sound / np.abs(sound).std()).astype(np.float32), cascade)


@pytest.mark.parametrize(
    "shape", [peak(3400, 6.0, 0.8), low_shelf(110, 7.0), high_shelf(6500, -9.0), peak(260, 5.0, 0.8)]
)
def test_what_the_loop_promises_is_what_is_measured(shape: Biquad) -> None:
    """Gains are found on the spectrum alone; the filtered sound stands where they say."""
    sound = song(shape)
    own = np.array(bands(sound))
    low, high = own - 4.0, own + 4.0
    worst = int(np.argmax(own - np.array(bands(song()))))
    high[worst] = own[worst] - 1.5  # too much there
    gains = gains_into(spectrum(sound), low, high)
    assert max(map(abs, gains)) <= MOST_DB
    now = np.array(bands(run(sound, sections(gains))))
    assert (now >= low).all()
    assert (now <= high).all()
    assert now[worst] >= high[worst] - 2 * MARGIN  # and no further
    assert gains_into(spectrum(sound), low, high) == gains


def test_a_mix_that_is_right_is_left_alone() -> None:
    own = np.array(bands(song()))
    assert gains_into(spectrum(song()), own - 2, own + 2) == ()
    assert gains_into(spectrum(np.zeros((RATE, 2), np.float32)), own - 2, own - 1) == ()


def test_no_band_is_moved_beyond_its_bound() -> None:
    own = np.array(bands(song()))
    gains = gains_into(spectrum(song()), own + 20, own + 30)
    assert max(map(abs, gains)) == MOST_DB


def test_shares_are_of_the_whole() -> None:
    levels = shares(spectrum(song()))
    assert 10 * np.log10((10 ** (levels / 10)).sum()) == pytest.approx(0.0, abs=0.05)


def test_it_is_told_what_was_moved() -> None:
    assert told((0.0, 0.0, 0.4, -1.2, 0.0)) == "mid +0.4 dB, high mid -1.2 dB (equaliser of the master)"
    assert told(()) == told((0.0,) * len(NAMES)) == ""


def test_a_recording_is_brought_into_its_style_and_styles_are_the_composers() -> None:
    from audio.compose.words import styles as composed

    assert set(styles()) - {"common"} <= set(composed())
    sound = song(peak(3400, 7.0, 0.8))
    low, high = target("trip-hop")
    assert bands(sound)[3] > high[3]
    made, moves = styled(sound, "trip-hop")
    assert (np.array(bands(made)) <= high).all()
    assert (np.array(bands(made)) >= low).all()
    assert "high mid -" in moves[0].text

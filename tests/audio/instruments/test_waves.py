"""Tables of the oscillators: shape, softness by pitch, nothing that folds back."""

import numpy as np
import pytest

from audio.instruments.waves import SIZE, Wave, cycle, edges


@pytest.mark.parametrize("wave", ["saw", "square", "triangle"])
@pytest.mark.parametrize("hertz", [40.0, 110.0, 277.0, 440.0, 1_000.0, 3_000.0])
def test_no_partial_lies_above_half_the_sample_rate(wave: Wave, hertz: float) -> None:
    table = cycle(wave, edges(wave, hertz, 0.85))
    assert len(table) == SIZE + 1
    assert table[0] == table[-1]
    partials = np.abs(np.fft.rfft(table[:-1]))
    folding = partials[int(24_000 / hertz) + 1 :]
    assert folding.max(initial=0.0) < 1e-3 * partials.max()
    assert abs(table[:-1].mean()) < 1e-3
    assert 0.3 < np.abs(table).max() < 1.3


def test_partials_fall_as_the_wave_says() -> None:
    saw = np.abs(np.fft.rfft(cycle("saw", edges("saw", 55.0, 0.85))[:-1]))
    assert np.allclose(saw[1:6] / saw[1], 1 / np.arange(1, 6), rtol=0.06)
    square = np.abs(np.fft.rfft(cycle("square", edges("square", 55.0, 0.85))[:-1]))
    assert square[2:9:2].max() < 1e-3 * square[1]
    assert np.allclose(square[[3, 5]] / square[1], [1 / 3, 1 / 5], rtol=0.1)


@pytest.mark.parametrize("wave", ["saw", "square", "triangle"])
def test_higher_notes_are_softer(wave: Wave) -> None:
    sharp = [edges(wave, hertz, 0.85) for hertz in (30.0, 300.0, 900.0, 2_700.0, 12_000.0)]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 3 * sharp[-1] >= 3

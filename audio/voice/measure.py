"""Measures a take from its sound alone: pitch of notes, moments of vowels, spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from audio.voice.model import Sung, Take
from audio.voice.source import SAMPLE_RATE, Floats


@dataclass(frozen=True, slots=True)
class Onset:
    """One note's vowel: the beat it was written for and how many milliseconds late its energy rose."""

    note: int
    beat: int
    late: float


def onsets(take: Take, reach: float = 0.09) -> tuple[Onset, ...]:
    """When the energy between 250 and 2500 Hz rises to a vowel, for each note that has an onset consonant or a rest
    before it. ``reach``: seconds searched to either side of the beat.

    The moment is where a 10 ms power envelope crosses the middle (in dB, no deeper than 12 dB) between the lowest
    level before and the highest after.
    """
    phrase = take.layout.phrase
    assert isinstance(phrase, Sung)
    level = _band_level(take.pcm)
    found = []
    for i, note in enumerate(phrase.notes):
        own = [p for p in take.layout.phones if p.note == i]
        if not own or own[0].start > note.start - 480:
            continue
        centre = note.start - take.layout.start
        size = int(reach * SAMPLE_RATE)
        part = level[max(0, centre - size) : centre + size]
        offset = max(0, centre - size)
        peak = int(np.argmax(part))
        low = int(np.argmin(part[: peak + 1]))
        top, floor = part[peak], max(part[low], part[peak] - 12)
        if top - floor < 4:
            continue
        middle = (top + floor) / 2
        at = peak
        while at > low and part[at - 1] >= middle:
            at -= 1
        found.append(Onset(i, note.start, (offset + at - centre) / SAMPLE_RATE * 1000))
    return tuple(found)


def steepest(take: Take, reach: float = 0.06) -> tuple[Onset, ...]:
    """As :func:`onsets`, by another definition: where a 20 ms envelope of the band rises fastest (dB per second)."""
    phrase = take.layout.phrase
    assert isinstance(phrase, Sung)
    level = _band_level(take.pcm, 0.02)
    rise = np.gradient(level)
    found = []
    for i, note in enumerate(phrase.notes):
        own = [p for p in take.layout.phones if p.note == i]
        if not own or own[0].start > note.start - 480:
            continue
        centre = note.start - take.layout.start
        size = int(reach * SAMPLE_RATE)
        part = rise[max(0, centre - size) : centre + size]
        found.append(Onset(i, note.start, (max(0, centre - size) + int(np.argmax(part)) - centre) / SAMPLE_RATE * 1000))
    return tuple(found)


def cents(take: Take, track: Floats, times: Floats) -> tuple[float, ...]:
    """Per note of at least 150 ms, cents by which a pitch track's median on the steady vowel is sharp.

    ``track``: Hz (nan where unvoiced) at ``times`` in seconds from the take's first sample, by any tracker.
    """
    phrase = take.layout.phrase
    assert isinstance(phrase, Sung)
    found = []
    for i, note in enumerate(phrase.notes):
        start = (note.start - take.layout.start) / SAMPLE_RATE
        length = note.length / SAMPLE_RATE
        if length < 0.15:
            continue
        inside = (times > start + max(0.08, 0.25 * length)) & (times < start + 0.8 * length) & ~np.isnan(track)
        if i + 1 < len(phrase.notes):
            own = [p.start for p in take.layout.phones if p.note > i]
            inside &= times < (min(own, default=take.layout.end) - take.layout.start) / SAMPLE_RATE
        if inside.sum() >= 3:
            found.append(float(1200 * np.log2(np.median(track[inside]) / (440 * 2 ** ((note.pitch - 69) / 12)))))
    return tuple(found)


def bands(pcm: Floats) -> dict[str, float]:
    """Share of the power in five bands, dB of the whole."""
    power = np.abs(np.fft.rfft(pcm)) ** 2
    hertz = np.fft.rfftfreq(len(pcm), 1 / SAMPLE_RATE)
    edges = (20, 120, 500, 2000, 6000, 16000)
    total = power.sum()
    return {
        f"{a}-{b}": float(10 * np.log10(power[(hertz >= a) & (hertz < b)].sum() / total + 1e-12))
        for a, b in zip(edges, edges[1:])
    }


def _band_level(pcm: Floats, window: float = 0.01) -> Floats:
    """Level of 250-2500 Hz in dB, sample by sample."""
    band = sosfiltfilt(butter(3, (250, 2500), "bandpass", fs=SAMPLE_RATE, output="sos"), pcm)
    kernel = np.hanning(int(window * SAMPLE_RATE))
    result: Floats = 10 * np.log10(np.convolve(band**2, kernel / kernel.sum(), "same") + 1e-10)
    return result

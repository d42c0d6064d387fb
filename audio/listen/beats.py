"""Tempo, beats and metre of a recording.

Onset strength is the half-wave rectified change of a mel spectrogram in dB; the tempo is the lag of its
autocorrelation weighted by how people tap (log-normal around 120 a minute); beats are found by dynamic programming
(Ellis 2007, "Beat tracking by dynamic programming"), the metre by how accents repeat over beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.listen.spectrum import FRAMES, HOP, RATE, Floats, mel_bank

_TIGHT = 100.0
"""How strongly beats keep to the tempo."""
_EARLY = 0.018
"""Seconds by which the spectrum rises ahead of the attack: a window sees it before its middle comes there."""


@dataclass(frozen=True, slots=True)
class Beats:
    """Beats of a recording."""

    tempo: float
    """Beats a minute; 0 when there is no pulse."""
    times: npt.NDArray[np.float64]
    """Seconds."""
    meter: int
    """Beats in a bar."""
    downbeat: int
    """Index of the first beat that begins a bar."""
    strength: float
    """How clear the pulse is, 0..1."""


def onset_strength(spectrum: Floats, size: int = 2048) -> Floats:
    """(frames, bins) magnitudes to (frames,) onset strength, its slow part taken away."""
    bands = spectrum @ mel_bank(40, size).T
    level = 20 * np.log10(np.maximum(bands, 1e-5 * max(float(bands.max()), 1e-9)))
    rise = np.maximum(level[1:] - level[:-1], 0).mean(axis=1)
    strength = np.concatenate([[0.0], rise])
    slow = np.convolve(strength, np.ones(43) / 43, mode="same")
    return np.maximum(strength - slow, 0).astype(np.float32)


def find(spectrum: Floats, prior: float = 120.0) -> Beats:
    """Tempo, beats and metre from a magnitude spectrogram of :func:`spectrum.magnitudes`."""
    strength = onset_strength(spectrum)
    if len(strength) < 4 * FRAMES or float(strength.max()) < 1e-6:
        return Beats(0.0, np.zeros(0), 4, 0, 0.0)
    strength = strength / (strength.std() + 1e-9)
    lag, clear = _lag(strength, prior)
    frames = _track(strength, lag)
    fine = _refine(strength, frames)
    times = fine * HOP / RATE + _EARLY
    tempo = _line(times) if len(times) > 3 else 60 * FRAMES / lag
    meter, down = _meter(strength, spectrum, frames)
    return Beats(float(tempo), times, meter, down, clear)


def _lag(strength: Floats, prior: float) -> tuple[float, float]:
    """Frames a beat, and how clear it is."""
    size = 1 << int(np.ceil(np.log2(2 * len(strength))))
    power = np.abs(np.fft.rfft(strength - strength.mean(), size)) ** 2
    auto = np.fft.irfft(power)[: int(4 * FRAMES)]
    auto = auto / (auto[0] + 1e-9)
    lags = np.arange(1, len(auto))
    tempi = 60 * FRAMES / lags
    tapping = np.exp(-0.5 * (np.log2(tempi / prior) / 0.9) ** 2)
    # A beat is backed by what repeats at twice and four times its length.
    backed = auto[1:].copy()
    for times, weight in ((2, 0.5), (4, 0.25)):
        later = np.minimum(lags * times, len(auto) - 1)
        backed += weight * auto[later] * (lags * times < len(auto))
    score = np.where((tempi >= 45) & (tempi <= 220), backed * tapping, -1)
    best = int(score.argmax())
    at: float = float(lags[best])
    if 0 < best < len(score) - 1:
        a, b, c = (float(auto[best + k]) for k in range(3))
        bend = a - 2 * b + c
        at += float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend else 0.0
    return at, float(np.clip(auto[int(at + 0.5)], 0, 1))


def _track(strength: Floats, lag: float) -> npt.NDArray[np.int64]:
    """Frames of the beats that collect most onset at an even spacing."""
    width = max(1.0, lag / 32)
    reach = np.arange(-int(lag), int(lag) + 1)
    local = np.convolve(strength, np.exp(-0.5 * (reach / width) ** 2), mode="same")
    score, back = local.astype(np.float64).copy(), np.full(len(local), -1)
    steps = np.arange(-round(2 * lag), -round(lag / 2) + 1)
    cost = -_TIGHT * np.log(-steps / lag) ** 2
    floor = 0.01 * local.max()
    for frame in range(len(local)):
        before = frame + steps
        if before[-1] < 0:
            continue
        values = np.where(before >= 0, score[np.maximum(before, 0)], -np.inf) + cost
        best = int(values.argmax())
        if values[best] > floor:
            score[frame] = local[frame] + values[best]
            back[frame] = before[best]
    last = len(score) - round(lag) + int(score[-round(lag) :].argmax())
    beats = []
    while last >= 0:
        beats.append(last)
        last = int(back[last])
    found = np.array(beats[::-1], np.int64)
    strong = local[found] > 0.35 * np.sqrt((local[found] ** 2).mean())
    if strong.any():  # silence at either end has no beats
        found = found[int(strong.argmax()) : len(strong) - int(strong[::-1].argmax())]
    return found


def _refine(strength: Floats, frames: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Parabola through the onset peak near each beat: a fraction of a frame."""
    out = frames.astype(np.float64)
    for n, frame in enumerate(frames):
        low, high = max(1, frame - 3), min(len(strength) - 2, frame + 3)
        if high <= low:
            continue
        peak = low + int(strength[low : high + 1].argmax())
        a, b, c = strength[peak - 1 : peak + 2]
        bend = a - 2 * b + c
        if b > 0.5 and bend < 0:
            out[n] = peak + float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5))
    return out


def _line(times: npt.NDArray[np.float64]) -> float:
    """Beats a minute from all beats (median of intervals four beats long)."""
    apart = 4 if len(times) > 8 else 1
    return float(60 * apart / np.median(times[apart:] - times[:-apart]))


def _meter(strength: Floats, spectrum: Floats, frames: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Beats a bar and where bars begin: low notes and chord changes fall on first beats."""
    if len(frames) < 16:
        return 4, 0
    low = np.log1p(spectrum[:, 2:12].sum(axis=1))
    inside = np.clip(frames, 1, len(strength) - 2)
    accent = np.maximum.reduce([strength[inside - 1], strength[inside], strength[inside + 1]])
    kick = np.maximum(low[np.minimum(inside + 3, len(low) - 1)] - low[np.maximum(inside - 4, 0)], 0)
    spans = [spectrum[a:b, 10:400].mean(axis=0) for a, b in zip(inside, [*inside[1:], len(spectrum)]) if b > a]
    shape = np.array(spans)
    shape /= np.linalg.norm(shape, axis=1, keepdims=True) + 1e-9
    change = np.concatenate([[0.0], 1 - (shape[1:] * shape[:-1]).sum(axis=1)])
    count = len(change)
    total = _unit(accent[:count]) + _unit(kick[:count]) + 1.5 * _unit(change)
    best, meter, down = -1.0, 4, 0
    for length, bias in ((4, 1.0), (3, 1.0), (5, 0.8), (7, 0.75)):
        means = np.array([total[k::length].mean() for k in range(length)])
        score = bias * (float(means.max()) - float(np.median(means))) / np.sqrt(length)
        if score > best * 1.05:
            best, meter, down = score, length, int(means.argmax())
    return meter, down


def _unit(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    out: npt.NDArray[np.float64] = (values - values.mean()) / (values.std() + 1e-9)
    return out

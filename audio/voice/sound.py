"""From controls to a finished take: what every voice shares once its phones, pitch and loudness are planned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import lfilter

from audio.voice import vocoder
from audio.voice.model import VoiceSettings
from audio.voice.source import BINS, HOP, SAMPLE_RATE, Bank, Floats

LOUDNESS = -18.0
"""Loudness of a finished take in LUFS, at a velocity of 0.8."""
PEAK = 10 ** (-3.2 / 20)
_FREQUENCIES = np.linspace(0, SAMPLE_RATE / 2, BINS).astype(np.float32)
_OCTAVES = np.clip(np.log2(np.maximum(_FREQUENCIES, 20) / 1000), -2, 2.5).astype(np.float32)
_BANDS = np.array([500, 1500, 3000, 5000, 7000], np.float32)
_DB = np.float32(np.log(10) / 20)
_HOLLOW = (np.interp(_FREQUENCIES, [400, 800], [-15, 0]) * _DB).astype(np.float32)
"""What voiceless sounds lose: down there a bank has the end of the vowel before them, which as noise would blur them."""


@dataclass(slots=True)
class Controls:
    """Everything that makes the sound, one row every 5 ms."""

    params: Floats
    voicing: Floats
    """(frames, 5): see :class:`audio.voice.source.Source`."""
    voiced: Floats
    """0..1: how far the vocal folds sound at all."""
    f0: Floats
    """Hz, everywhere > 0."""
    gain: Floats
    """dB."""
    breath: Floats
    """0..1, above the voice's own."""
    effort: Floats
    """dB per octave by which the voice is brighter than usual (louder and higher voices are)."""
    sibilance: Floats
    """0..1: how far a frame is s, z, sh or their like (keeps its noise above 8 kHz)."""
    gender: Floats
    """Formant shift, all of it: see :class:`audio.voice.model.VoiceSettings`."""
    growl: Floats
    """0..1."""
    harmony: Floats
    """Level of the second voice, 0..1."""
    choir: Floats
    """Level of the choir, 0..1."""
    second: Floats | None = None
    """Hz of the second voice."""


def sing(bank: Bank, settings: VoiceSettings, controls: Controls, seed: int) -> Floats:
    """Raw sound of controls, level as the bank has it."""
    envelope, noise = _spectra(bank, settings, controls)
    out = vocoder.render(envelope, noise, controls.f0, seed, controls.growl)
    if settings.doubling > 0:
        out += settings.doubling * 0.7 * _double(envelope, noise, controls.f0, seed)
    if controls.second is not None and controls.harmony.any():
        level = np.maximum(controls.harmony, 1e-3)
        soft = envelope + (np.log(0.8 * level))[:, None].astype(np.float32)
        out += vocoder.render(soft, noise, controls.second, seed + 11, controls.growl)
    if controls.choir.any():
        out += _choir(envelope, noise, controls, seed)
    return out


def _choir(envelope: Floats, noise: Floats, controls: Controls, seed: int) -> Floats:
    """Four more singers: each a little off in pitch and moment, with a throat of its own."""
    out = np.zeros(len(controls.f0) * HOP, np.float32)
    level = np.log(0.45 * np.maximum(controls.choir, 1e-3)).astype(np.float32)[:, None]
    bins = np.arange(BINS)
    for k, (throat, cents, delay) in enumerate(((0.95, -9, 430), (1.05, 8, 790), (0.975, 15, 1190), (1.03, -14, 1530))):
        rows = vocoder.shifted(envelope, bins / throat) + level
        wander = drift(len(controls.f0), 1.1, seed + 40 + k)
        f0 = (controls.f0 * 2 ** ((cents + 9 * wander) / 1200)).astype(np.float32)
        part = vocoder.render(rows, noise, f0, seed + 50 + k)
        out[delay:] += part[: len(out) - delay] if len(out) > delay else 0
    return out


def folds(settings: VoiceSettings, controls: Controls) -> Floats:
    """How far the vocal folds sound, 0..1: a breath near 1 is a whisper."""
    result: Floats = controls.voiced * np.clip((1 - (settings.breath + controls.breath)) / 0.1, 0, 1)
    return result


def _spectra(bank: Bank, settings: VoiceSettings, controls: Controls) -> tuple[Floats, Floats]:
    """Log-magnitude envelopes and noise shares of all frames."""
    formants = float(1.12**settings.gender)
    envelope = _shaped(bank, controls)
    if settings.vocoder > 0:
        envelope += settings.vocoder * (envelope @ _bands() - envelope)
    envelope += _colour(settings.tension)[None, :]
    envelope += (controls.gain * _DB)[:, None]
    envelope += (controls.effort * (1 - controls.sibilance) * _DB)[:, None] * _OCTAVES[None, :]
    envelope += (1 - controls.voiced)[:, None] * _HOLLOW[None, :]
    _extend(envelope, controls.sibilance, 6700.0 * formants)
    noise = _noise(settings, controls, formants)
    return envelope, noise


def _shaped(bank: Bank, controls: Controls) -> Floats:
    """Envelopes with every frame's own formants, in steps of 0.5 %."""
    steps = np.round(controls.gender * 20).astype(int)
    if (steps == steps[0]).all():
        return bank.envelope(controls.params, float(1.12 ** (steps[0] / 20)))
    out = np.empty((len(steps), BINS), np.float32)
    for step in np.unique(steps):
        rows = steps == step
        out[rows] = bank.envelope(controls.params[rows], float(1.12 ** (step / 20)))
    return out


@cache
def _bands(count: int = 24) -> Floats:
    """(BINS, BINS): mean of a vocoder's bands, and straight lines between their middles."""
    mel = np.linspace(0, 2595 * np.log10(1 + 12000 / 700), count)
    centres = 700 * (10 ** (mel / 2595) - 1)
    rows = np.stack([np.interp(_FREQUENCIES, centres, one) for one in np.eye(count)])
    result: Floats = ((rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-9)).T @ rows).astype(np.float32)
    return result


def _extend(envelope: Floats, sibilance: Floats, edge: float) -> None:
    """Shapes what lies above the bank's own band, in place: a steady fall from its level, slow in hissing sounds."""
    top = int(np.searchsorted(_FREQUENCIES, edge))
    body = envelope[:, int(top * 0.55) : int(top * 0.9)].mean(axis=1)
    # Some recordings rise towards their edge; held on, that would ring like tin.
    step = np.minimum(0, body - (4 - 8 * sibilance) * _DB - envelope[:, top])
    above = _FREQUENCIES[top:] - edge
    fall = (3.4 - 1.6 * sibilance) * _DB
    envelope[:, top:] -= fall[:, None] * (above / 1000)[None, :]
    low = int(top * 0.78)
    onset = np.clip((np.arange(low, BINS) - low) / (top - low), 0, 1).astype(np.float32)
    envelope[:, low:] += step[:, None] * onset[None, :]
    # De-essing: hissing sounds lose a few dB where they bite.
    bite = np.interp(_FREQUENCIES, [3000, 5000], [0, -5.0]).astype(np.float32) * _DB
    envelope += sibilance[:, None] * bite[None, :]


def _noise(settings: VoiceSettings, controls: Controls, formants: float) -> Floats:
    """Share of noise in the power of every frame and frequency."""
    weights = _band_weights(formants)
    strength = np.clip(controls.voicing, 0, 1) @ weights
    breath = np.clip(settings.breath + controls.breath - 0.15 * settings.tension, 0, 1)
    noise = (1 - strength) ** (2 + 2 * settings.vocoder)
    airy = np.clip((_FREQUENCIES - 1200) / 7000, 0, 1) ** 0.7
    noise += (breath * 0.5)[:, None] * airy[None, :] * (1 - noise)
    # Where the folds do not sound there is nothing but noise.
    noise = 1 - (1 - noise) * folds(settings, controls)[:, None]
    result: Floats = np.clip(noise, 0, 1).astype(np.float32)
    return result


@cache
def _band_weights(formants: float) -> Floats:
    """(5, BINS) linear interpolation between the bands' centres; above the last the strength falls to 0.3 at 14 kHz."""
    centres = _BANDS * formants
    rows = [np.interp(_FREQUENCIES, centres, np.eye(5)[i]) for i in range(5)]
    weights = np.stack(rows).astype(np.float32)
    weights *= np.interp(_FREQUENCIES, [centres[-1], 12000], [1.0, 0.3]).astype(np.float32)
    return weights


@cache
def _colour(tension: float) -> Floats:
    """The voice's tone control in natural-log gain: less mud, more presence and air, as a mixed vocal has."""
    octaves = np.log2(np.maximum(_FREQUENCIES, 20) / 1000)
    points = [0, 70, 110, 200, 400, 900, 1800, 3000, 4500, 7000, 10000, 16000, 24000]
    decibel = [-40, -14, -7, -5.5, -4.5, -1, 1.5, 5, 6, 5.5, 6, 4.5, -9]
    curve = np.interp(_FREQUENCIES, points, decibel) + 2.5 * tension * np.clip(octaves, -2, 3)
    result: Floats = (curve * _DB).astype(np.float32)
    return result


def _double(envelope: Floats, noise: Floats, f0: Floats, seed: int) -> Floats:
    """A second take: a little out of tune and out of time, as a person's second take is."""
    frames = len(f0)
    wander = drift(frames, 1.7, seed + 1)
    late = vocoder.render(envelope, noise, (f0 * 2 ** ((0.07 + 0.06 * wander) / 12)).astype(np.float32), seed + 2)
    delay = 620
    result: Floats = np.concatenate([np.zeros(delay, np.float32), late[:-delay]]) if frames * HOP > delay else late
    return result


def drift(frames: int, hertz: float, seed: int) -> Floats:
    """Smooth random movement of about ``hertz``, roughly -1..1, one value a frame."""
    points = max(4, int(frames * HOP / SAMPLE_RATE * hertz * 2) + 4)
    values = np.random.Generator(np.random.PCG64(seed)).uniform(-1, 1, points)
    at = 1 + np.arange(max(frames, 1)) * (HOP / SAMPLE_RATE * hertz * 2)
    index = at.astype(int)
    t = at - index
    a, b = values[index], values[index + 1]
    result: Floats = (a + (b - a) * (t * t * (3 - 2 * t))).astype(np.float32)
    return result[:frames]


def breath(samples: int, seed: int) -> Floats:
    """An inhaled breath: noise through an open throat, level relative to a raw take of loudness 0 dB."""
    frames = max(2, samples // HOP)
    log = np.interp(
        _FREQUENCIES, [0, 300, 900, 1600, 2600, 5000, 9000, 24000], [-60, -34, -20, -12, -16, -22, -32, -60]
    )
    arch = np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 1.3
    envelope = (log[None, :] * _DB + np.log(arch + 1e-3)[:, None]).astype(np.float32)
    noise = np.ones_like(envelope)
    return vocoder.render(envelope, noise, np.zeros(frames, np.float32), seed)


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a voice is by itself: what takes need that must not be levelled each by itself."""

    raw: float
    """LUFS as the bank gives it."""
    middle: float
    """Median of its level in dB, about which it is compressed."""
    gain: float
    """dB from compressed to LOUDNESS."""


def measured(pcm: Floats) -> Level | None:
    """The level of a voice from a raw take of it; None for silence."""
    if not pcm.any():
        return None
    middle = _middle(_moments(pcm))
    return Level(loudness(pcm), middle, LOUDNESS - loudness(_compress(pcm, middle)))


def finish(pcm: Floats, offset: float = 0.0, level: Level | None = None) -> Floats:
    """Levels a take: gentle compression, loudness to LOUDNESS + ``offset`` dB, peaks under PEAK, soft edges.

    With a ``level``, what is done to a moment depends on that moment alone, not on the rest of the take.
    """
    if not pcm.any():
        return pcm
    if level is None:
        pcm = _compress(pcm)
        for _ in range(2):
            pcm = _limit(pcm * 10 ** ((LOUDNESS + offset - loudness(pcm)) / 20))
    else:
        pcm = _limit(_compress(pcm, level.middle) * np.float32(10 ** ((level.gain + offset) / 20)))
    edge = min(96, len(pcm) // 2)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    pcm[:edge] *= ramp
    pcm[len(pcm) - edge :] *= ramp[::-1]
    return pcm


def loudness(pcm: Floats) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4: K weighting, 400 ms blocks, gates at -70 LUFS and -10 LU)."""
    if not pcm.any():
        return LOUDNESS
    weighted = lfilter(_SHELF[0], _SHELF[1], pcm)
    weighted = lfilter(_HIGHPASS[0], _HIGHPASS[1], weighted)
    step = SAMPLE_RATE // 10
    squares = np.add.reduceat(weighted**2, np.arange(0, len(weighted), step)) / step
    blocks = np.convolve(squares, np.full(4, 0.25), "valid") if len(squares) >= 4 else np.array([squares.mean()])
    levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-12))
    kept = blocks[levels > -70]
    if not len(kept):
        return LOUDNESS
    gate = -0.691 + 10 * np.log10(kept.mean()) - 10
    kept = blocks[levels > max(gate, -70)]
    return float(-0.691 + 10 * np.log10(kept.mean()))


# The two filters of BS.1770 at 48 kHz, coefficients from its tables 1 and 2.
_SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
_HIGHPASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])


def _moments(pcm: Floats) -> Floats:
    """Level in dB every half HOP, with a 10 ms look-ahead."""
    level = np.sqrt(np.maximum(uniform_filter1d(pcm.astype(np.float64) ** 2, 1440)[:: HOP // 2], 0)) + 1e-9
    loud: Floats = 20 * np.log10(maximum_filter1d(level, 5))
    return loud


def _middle(loud: Floats) -> float:
    return float(np.median(loud[loud > loud.max() - 30]))


def _compress(pcm: Floats, middle: float | None = None) -> Floats:
    """About 2:1 above a level (the take's median, unless given)."""
    loud = _moments(pcm)
    over = np.maximum(loud - (_middle(loud) if middle is None else middle), -6)
    gain = uniform_filter1d(-0.4 * over, 9)
    at = np.arange(len(pcm))
    result: Floats = (pcm * 10 ** (np.interp(at, np.arange(len(gain)) * (HOP // 2), gain) / 20)).astype(np.float32)
    return result


def _limit(pcm: Floats) -> Floats:
    """Look-ahead limiter at PEAK."""
    window = 145
    peak = maximum_filter1d(np.abs(pcm), window)
    need = np.minimum(1, PEAK / np.maximum(peak, 1e-9))
    result: Floats = (pcm * uniform_filter1d(need, window)).astype(np.float32)
    return result

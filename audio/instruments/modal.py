"""Struck and plucked instruments as sums of decaying partials, computed a note at a time.

A decaying partial is a geometric series in a complex ratio, so thousands of samples of dozens of partials are one
matrix product of (coarse steps) by (fine steps): some milliseconds a note, exact at every pitch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Floats, Samples, highpass, lowpass, response

RATE = 48_000
_FINE = 512


def hertz(pitch: float) -> float:
    """Frequency of a MIDI note number, A4 = 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def partials(freqs: Floats, amps: Floats, decays: Floats, phases: Floats, seconds: float) -> Floats:
    """Sum of partials: frequency in Hz, start amplitude, seconds to fall by 60 dB, phase; ``seconds`` long."""
    keep = (freqs < 20_000) & (amps > 1e-5)
    freqs, amps, decays, phases = freqs[keep], amps[keep], decays[keep], phases[keep]
    ratio = -6.9078 / (decays * RATE) + 2j * np.pi * freqs / RATE
    coarse = np.arange(int(seconds * RATE) // _FINE)[:, None] * _FINE
    start = np.exp(coarse * ratio) * (amps * np.exp(1j * phases))
    fine = np.exp(ratio[:, None] * np.arange(_FINE))
    return ((start.real @ fine.real) - (start.imag @ fine.imag)).ravel()


def filtered(noise: npt.NDArray[np.floating], *sections: tuple[float, float, float, float, float]) -> Floats:
    """A whole table through biquads by its spectrum."""
    spectrum = np.fft.rfft(noise)
    made: Floats = np.fft.irfft(
        spectrum * response(sections, np.fft.rfftfreq(len(noise), 1 / RATE).astype(np.float64)), len(noise)
    )
    return made


def burst(seed: int, length: int, decay: float) -> Floats:
    """Noise that falls by 60 dB in ``decay`` seconds; the same for the same seed."""
    noise = np.random.default_rng(seed).standard_normal(length)
    made: Floats = noise * np.exp(-6.9078 * np.arange(length) / (decay * RATE))
    return made


def strike(seed: int, length: int, decay: float, *sections: tuple[float, float, float, float, float]) -> Floats:
    """A burst through biquads, (length,). Only the stretch that can be heard is made: three times ``decay``, in which
    it falls by 180 dB; the second half of that is faded, and with it what the zero-phase filters put before the burst.
    """
    size = 1 << max(10, int(3 * decay * RATE).bit_length())
    if size >= length:
        return filtered(burst(seed, length, decay), *sections)
    out = np.zeros(length)
    out[:size] = filtered(burst(seed, size, decay), *sections)
    out[size // 2 : size] *= np.linspace(1, 0, size // 2)
    return out


def finish(left: Floats, right: Floats, tail: float = 0.05) -> Samples:
    """Stereo float32 with the last ``tail`` seconds faded."""
    sound = np.stack([left, right], axis=1)
    count = min(len(sound), int(tail * RATE))
    sound[len(sound) - count :] *= np.linspace(1, 0, count)[:, None]
    made: Samples = sound.astype(np.float32)
    return made


def _hardness(layer: int) -> float:
    return (layer + 0.5) / 4


def piano(pitch: float, layer: int) -> Samples:
    """Grand-like: stiff strings in pairs, hammer position and hardness, two-stage decay, knock of the action."""
    f0, hard = hertz(pitch), _hardness(layer)
    count = max(1, int(min(48, 16_000 / f0)))
    k = np.arange(1, count + 1)
    stiff = 0.0001 * 2 ** ((pitch - 48) / 12 * 0.75)
    freqs = f0 * k * np.sqrt(1 + stiff * k * k) / np.sqrt(1 + stiff)
    corner = 700 + 3600 * hard**1.5 + f0 * 1.2
    amps = np.abs(np.sin(np.pi * k * 0.118)) / k**0.55 / (1 + (freqs / corner) ** 2.2)
    amps /= np.sqrt((amps**2).sum())
    slow = float(np.clip(14 * 2 ** (-(pitch - 36) / 17), 1.2, 14)) / (1 + 0.10 * k**1.1)
    seconds = float(np.clip(slow[0] * 0.55, 1.0, 5.0))
    rng = np.random.default_rng(int(pitch * 100))
    phase = rng.uniform(-0.4, 0.4, count)
    sides = []
    for side, cents in ((0, 0.55), (1, -0.55)):
        wander = 2 ** (cents * rng.uniform(0.5, 1.3, count) / 1200)
        strings = np.concatenate([freqs * wander, freqs * 2 ** (0.9 / 1200) / wander])
        level = np.concatenate([amps * 0.72, amps * 0.28])
        decay = np.concatenate([slow * 0.33, slow])
        tone = partials(strings, level, decay, np.concatenate([phase, phase + 0.3]), seconds)
        knock = strike(7 + side, len(tone), 0.09, lowpass(900 + 1500 * hard), highpass(90))
        attack = 1 - np.exp(-np.arange(len(tone)) / (10 + 45 * (1 - hard)))
        sides.append(tone * attack + knock * 0.05 * (0.4 + hard))
    pan = np.clip((pitch - 62) / 60, -0.35, 0.35)
    loud = 0.30 * (0.6 + 0.4 * hard)
    return finish(sides[0] * (1 - pan) * loud, sides[1] * (1 + pan) * loud, 0.3)


def electric_piano(pitch: float, layer: int) -> Samples:
    """Tine and pickup: a sine bent by an uneven pickup, a bell-like tine that dies quickly, slow stereo tremolo."""
    f0, hard = hertz(pitch), _hardness(layer)
    seconds = float(np.clip(4.5 * 2 ** (-(pitch - 48) / 26), 1.2, 4.5))
    t = np.arange(int(seconds * RATE) // _FINE * _FINE) / RATE  # a length that transforms quickly
    decay = seconds * 1.1
    swing = np.exp(-6.9 * t / decay) * (0.55 + 0.75 * hard)
    tine = np.sin(2 * np.pi * f0 * t) * swing
    bent = tine + 0.34 * hard * (tine**2 - (tine**2).mean()) + 0.22 * hard * tine**3
    bell = np.sin(2 * np.pi * f0 * 7.09 * t + 1.0) * np.exp(-t * 17) * 0.20 * hard**1.4
    second = np.sin(2 * np.pi * f0 * 2.005 * t) * np.exp(-t * 5) * 0.10
    knock = strike(3, len(t), 0.03, lowpass(2600), highpass(180)) * 0.05 * hard
    body = (bent + bell * (f0 < 1500) + second + knock) * (1 - np.exp(-t * 900))
    body = filtered(body, lowpass(3600 + 3000 * hard), highpass(45))
    sway = 0.16 * np.sin(2 * np.pi * 4.4 * t)
    return finish(body * (1 + sway) * 0.26, body * (1 - sway) * 0.26, 0.2)


def bell(pitch: float, layer: int) -> Samples:
    """Glassy bell: hum, prime, tierce, quint, nominal and the clink of the beater, each pair beating slowly."""
    f0, hard = hertz(pitch), _hardness(layer)
    ratios = np.array([1.0, 2.0, 2.756, 3.01, 4.07, 5.404, 6.8, 8.933])
    amps = np.array([1.0, 0.36, 0.30, 0.16, 0.16, 0.16, 0.08, 0.08]) * (0.35 + 0.65 * hard) ** np.arange(8) ** 0.5
    amps[0] = 1.0
    decays = np.array([3.4, 2.1, 1.5, 1.3, 0.9, 0.7, 0.45, 0.3]) * np.clip(2 ** (-(pitch - 72) / 24), 0.5, 1.6)
    sides = []
    for beat in (0.35, -0.35):
        freqs = np.concatenate([f0 * ratios, f0 * ratios + beat * ratios**0.5])
        tone = partials(freqs, np.tile(amps, 2) * 0.5, np.tile(decays, 2), np.zeros(16), 3.0)
        clink = strike(11 + (beat > 0), len(tone), 0.012, highpass(3500)) * 0.10 * hard
        sides.append((tone + clink) * 0.19)
    return finish(sides[0], sides[1], 0.3)


def guitar(pitch: float, layer: int) -> Samples:
    """Steel string: plucking point, finger or pick, two planes of motion, wooden body resonances."""
    f0, hard = hertz(pitch), _hardness(layer)
    count = max(1, int(min(40, 14_000 / f0)))
    k = np.arange(1, count + 1)
    freqs = f0 * k * np.sqrt(1 + 0.00004 * k * k)
    amps = np.abs(np.sin(np.pi * k * (0.13 + 0.05 * (1 - hard)))) / k**0.9 / (1 + (freqs / (1400 + 4800 * hard)) ** 1.6)
    body = 1 + 1.6 * np.exp(-(((freqs - 108) / 30) ** 2)) + 1.2 * np.exp(-(((freqs - 215) / 45) ** 2))
    amps *= body + 0.5 * np.exp(-(((freqs - 420) / 120) ** 2))
    amps /= np.sqrt((amps**2).sum())
    slow = float(np.clip(6.0 * 2 ** (-(pitch - 45) / 22), 1.0, 6.0)) / (1 + 0.11 * k)
    seconds = float(np.clip(slow[0] * 0.6, 0.9, 3.2))
    rng = np.random.default_rng(int(pitch * 100) + 5)
    sides = []
    for side in (0, 1):
        lean = 2 ** (rng.uniform(-1.4, 1.4, count) / 1200)
        pair = np.concatenate([freqs, freqs * lean])
        level = np.concatenate([amps * 0.7, amps * (0.3 + 0.15 * side)])
        phase = np.tile(np.where(k % 2, 0.0, 0.5), 2)
        tone = partials(pair, level, np.concatenate([slow * 0.5, slow]), phase, seconds)
        pick = strike(23 + side, len(tone), 0.018, highpass(900), lowpass(7000)) * 0.12 * (0.3 + hard)
        attack = 1 - np.exp(-np.arange(len(tone)) / 14)
        sides.append((tone * attack + pick) * 0.30)
    return finish(sides[0], sides[1], 0.2)


MAKERS: dict[str, Callable[[float, int], npt.NDArray[np.float32]]] = {
    "keys_piano": piano,
    "keys_ep": electric_piano,
    "bell": bell,
    "guitar": guitar,
}
"""Instruments computed here, by catalogue name: (pitch, layer) -> (frames, 2)."""

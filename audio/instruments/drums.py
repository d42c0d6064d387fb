"""Drum kits, synthesised once with numpy: body, transient and noise, with round-robin variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audio.instruments.modal import RATE, burst, filtered, finish, partials, strike
from audio.mix.filters import Floats, Samples, high_shelf, highpass, lowpass, peak

VARIANTS = 3
"""Round-robin variants of every sound."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What distinguishes one kit from another."""

    kick_low: float
    kick_high: float
    kick_len: float
    kick_click: float
    snare_tune: float
    snare_len: float
    snare_body: float
    hat_tone: float
    bright_db: float
    grit: float
    room: float


KITS = {
    "kit_synth": Kit(47, 230, 0.42, 0.55, 188, 0.26, 0.75, 8200, 1.5, 1.5, 0.10),
    "kit_soft": Kit(52, 130, 0.30, 0.28, 205, 0.19, 0.60, 6800, -4.0, 0.6, 0.16),
    "kit_break": Kit(61, 190, 0.24, 0.45, 224, 0.21, 1.10, 7200, 0.5, 2.4, 0.24),
}
"""The kits by name."""


def _time(seconds: float) -> Floats:
    return np.arange(int(seconds * RATE)) / RATE


def _sweep(t: Floats, low: float, high: float, fall: float) -> Floats:
    """Phase of a tone falling exponentially from ``high`` to ``low`` Hz in about ``fall`` seconds."""
    made: Floats = 2 * np.pi * (low * t + (high - low) * fall * (1 - np.exp(-t / fall)))
    return made


def _room(sound: Floats, seed: int, amount: float) -> tuple[Floats, Floats]:
    """Early reflections of a small room, different on each side."""
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(2):
        wet = np.zeros_like(sound)
        for gap in rng.integers(250, 2600, 7):
            wet[gap:] += sound[:-gap] * np.exp(-gap / 1300) * rng.choice([-1, 1])
        sides.append(sound + amount * filtered(wet, lowpass(5200), highpass(160)))
    return sides[0], sides[1]


def _kick(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    t = _time(kit.kick_len * 1.5)
    tone = np.sin(_sweep(t, kit.kick_low, kit.kick_high * rng.uniform(0.97, 1.03), 0.022))
    punch = np.sin(_sweep(t, kit.kick_low * 1.5, kit.kick_high * 5, 0.006)) * np.exp(-t * 90)
    env = (1 - np.exp(-t * 3000)) * np.exp(-((t / kit.kick_len) ** 1.4) * 3.4)
    click = strike(40 + variant, len(t), 0.012, highpass(1800), lowpass(9000)) * kit.kick_click * 0.55
    made: Floats = np.tanh((tone * env * 1.25 + punch * 0.5 * kit.kick_click) * (1 + kit.grit * 0.35)) * 0.92 + click
    return made


def _snare(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    t = _time(0.5)
    tune = kit.snare_tune * rng.uniform(0.985, 1.015)
    body = np.sin(_sweep(t, tune, tune * 1.9, 0.012)) * np.exp(-t * 22)
    body += 0.55 * np.sin(_sweep(t, tune * 1.79, tune * 2.4, 0.010)) * np.exp(-t * 30)
    wires = strike(60 + variant, len(t), kit.snare_len * 1.6, highpass(800), peak(4600, 5, 0.8))
    snap = strike(70 + variant, len(t), 0.02, highpass(2500)) * 0.8
    made: Floats = np.tanh((body * kit.snare_body + wires * 0.42 + snap * 0.5) * (0.8 + kit.grit * 0.3)) * 0.72
    return made


def _clap(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    t = _time(0.45)
    env = np.zeros_like(t)
    for start, level in ((0.0, 0.8), (0.0105, 0.7), (0.021, 0.9)):
        at = t - start * rng.uniform(0.92, 1.08)
        env += np.where(at >= 0, level * np.exp(-at * 190), 0)
    at = t - 0.029
    env += np.where(at >= 0, np.exp(-at * 21), 0)
    noise = np.random.default_rng(80 + variant).standard_normal(len(t))
    return filtered(noise * env, highpass(700), peak(1250, 8, 1.4), lowpass(9500)) * 0.42


def _metal(tone: float, seconds: float, decay: float, seed: int) -> Floats:
    """Cymbal-like: a dense cluster of inharmonic partials and a wash of noise."""
    rng = np.random.default_rng(seed)
    freqs = tone * 0.34 * np.exp(rng.uniform(0, 1.65, 46))
    amps = rng.uniform(0.3, 1.0, 46) * 0.075
    ring = partials(freqs, amps, decay * rng.uniform(0.5, 1.3, 46), rng.uniform(0, 6.28, 46), seconds)
    wash = burst(seed + 1, len(ring), decay * 0.8) * 0.26
    return filtered(ring + wash, highpass(tone * 0.62), highpass(tone * 0.5))


def _closed(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    return _metal(kit.hat_tone * rng.uniform(0.98, 1.02), 0.22, 0.11, 90 + variant) * 0.62


def _open(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    return _metal(kit.hat_tone * rng.uniform(0.98, 1.02), 0.8, 0.75, 100 + variant) * 0.5


def _crash(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    sound = _metal(5200 * rng.uniform(0.97, 1.03), 2.4, 2.6, 110 + variant)
    return sound * (1 - np.exp(-np.arange(len(sound)) / 90)) * 0.62


def _ride(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    wash = _metal(6000, 1.4, 1.5, 120 + variant) * 0.28
    ping = partials(
        np.array([2950.0, 4210, 5430, 7320]), np.array([0.12, 0.1, 0.07, 0.05]), np.full(4, 0.8), np.zeros(4), 1.4
    )
    size = min(len(wash), len(ping))
    return wash[:size] + ping[:size] * rng.uniform(0.9, 1.1)


def _tom(low: float) -> Callable[[Kit, np.random.Generator, int], Floats]:
    def make(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
        t = _time(0.6)
        tune = low * rng.uniform(0.99, 1.01)
        # A damped head: it sags as it dies, and its second and third modes lie off the harmonics.
        sag = 2 * np.pi * tune * 0.05 * 0.12 * (1 - np.exp(-t / 0.12))
        tone = np.sin(_sweep(t, tune, low * 1.7, 0.03) + sag) * np.exp(-t * 15)
        tone += 0.3 * np.sin(_sweep(t, tune * 1.59, low * 2.4, 0.02)) * np.exp(-t * 20)
        tone += 0.15 * np.sin(_sweep(t, tune * 2.14, low * 3.0, 0.015)) * np.exp(-t * 28)
        skin = strike(130 + variant, len(t), 0.06, lowpass(4200), highpass(250)) * 0.28
        made: Floats = np.tanh(tone * 1.3 + skin) * 0.72
        return made

    return make


def _rim(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    ring = partials(
        np.array([1710.0, 2480, 530]), np.array([0.6, 0.35, 0.35]), np.array([0.06, 0.05, 0.05]), np.zeros(3), 0.15
    )
    return ring + strike(140 + variant, len(ring), 0.01, highpass(1500)) * 0.3


def _tambourine(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    first = _metal(9800, 0.35, 0.20, 150 + variant)
    made: Floats = first.copy()
    gap = int(0.018 * RATE)
    made[gap:] += 0.6 * first[:-gap]
    return made * 0.4


def _shaker(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    t = _time(0.13)
    env = np.sin(np.pi * np.clip(t / 0.11, 0, 1)) ** 1.6
    noise = np.random.default_rng(160 + variant).standard_normal(len(t))
    return filtered(noise * env, highpass(4800), peak(7800, 4, 1.2)) * 0.22


def _cowbell(kit: Kit, rng: np.random.Generator, variant: int) -> Floats:
    t = _time(0.4)
    tone = np.tanh(4 * np.sin(2 * np.pi * 562 * t)) + np.tanh(4 * np.sin(2 * np.pi * 845 * t))
    env = 0.75 * np.exp(-t * 50) + 0.25 * np.exp(-t * 17)  # held in a hand: a knock more than a tone
    knock = strike(170 + variant, len(t), 0.012, highpass(1400), lowpass(11000)) * 0.5
    return filtered(tone * env, highpass(480), lowpass(6000), peak(850, 5, 1.5)) * 0.25 + knock


_SOUNDS: dict[int, tuple[Callable[[Kit, np.random.Generator, int], Floats], float]] = {
    35: (_kick, 0.0), 36: (_kick, 0.0),
    37: (_rim, 0.2), 38: (_snare, 0.0), 39: (_clap, 0.0), 40: (_snare, 0.0),
    41: (_tom(82), 0.45), 43: (_tom(95), 0.4), 45: (_tom(112), 0.3), 47: (_tom(142), 0.0),
    48: (_tom(165), -0.2), 50: (_tom(186), -0.35),
    42: (_closed, 0.22), 44: (_closed, 0.22), 46: (_open, 0.22),
    49: (_crash, -0.35), 57: (_crash, 0.4), 51: (_ride, 0.35), 53: (_ride, 0.35), 59: (_ride, 0.35),
    54: (_tambourine, -0.3), 56: (_cowbell, 0.25), 70: (_shaker, -0.35), 69: (_shaker, -0.35),
}  # fmt: skip
"""General MIDI percussion pitch: how it is made, and where it stands (-1 left, 1 right)."""

CHOKES = {42: 46, 44: 46}
"""A closed hat ends an open one."""

KICKS = frozenset({35, 36})


def hit(kit_name: str, pitch: int, variant: int) -> Samples:
    """One drum sound (frames, 2); pitches without a sound of their own play the rim."""
    kit = KITS[kit_name]
    make, pan = _SOUNDS.get(pitch, _SOUNDS[37])
    rng = np.random.default_rng([pitch, variant, len(kit_name)])
    sound = make(kit, rng, variant)
    if kit.bright_db and pitch not in KICKS:
        sound = filtered(sound, high_shelf(5000, kit.bright_db))
    amount = 0.0 if pitch in KICKS else kit.room
    left, right = _room(sound, pitch, amount) if amount else (sound, sound.copy())
    loud = 0.37 if pitch in KICKS else 0.54
    return finish(left * (1 - max(0.0, pan)) * loud, right * (1 + min(0.0, pan)) * loud, 0.03)

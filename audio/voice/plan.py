"""A phrase planned: its layout, and how the bank's own phrase is moved through in time, pitch and loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from audio.voice import phones as sounds
from audio.voice import sound
from audio.voice.model import Layout, Phone, VoiceSettings
from audio.voice.source import HOP, Bank, Floats, Source

SILENCE = -90.0
_HELD, _PURE = 0.25, 0.6
"""A vowel passed through slower than this (source frames per frame) is held; what its voicing lacks there shrinks by
``_PURE``: a bank says how noisy a vowel is on its way between consonants, and held that long it is heard as a haze.
"""
_SIBILANTS = ("S", "Z", "SH", "ZH", "CH", "JH", "T")


@dataclass(frozen=True, slots=True)
class Breath:
    """A breath drawn in: first sample, samples, loudness in dB below the phrase."""

    start: int
    length: int
    level: float = -27.0


@dataclass(frozen=True, slots=True)
class Colours:
    """How the voice is coloured, one value every HOP samples; as in :class:`audio.voice.sound.Controls`."""

    breath: Floats
    gender: Floats
    growl: Floats
    harmony: Floats
    choir: Floats


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of voice made from one source. Times are samples, strictly increasing; values are per point."""

    source: Source
    start: int
    end: int
    times: Floats
    """When each point of ``places`` is due (float64 samples)."""
    places: Floats
    """Frame of the source at each time."""
    gain_times: Floats
    gains: Floats
    """dB."""
    f0: Floats
    """Hz, one value every HOP samples from ``start``."""
    effort: Floats
    """As in :class:`audio.voice.sound.Controls`, one value every HOP samples."""
    colours: Colours
    harmony: Floats | None = None
    """Hz of a second voice, where there is one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a take is made from."""

    layout: Layout
    passages: tuple[Passage, ...]
    breaths: tuple[Breath, ...]
    seed: int
    level: float = 0.0
    """dB above the usual loudness of a take."""


def frames(start: int, end: int) -> Floats:
    """Sample of every parameter frame of a stretch."""
    result: Floats = start + HOP * np.arange(max(2, -(-(end - start) // HOP)), dtype=np.float64)
    return result


def perform(plan: Plan, bank: Bank, settings: VoiceSettings, level: sound.Level | None = None) -> tuple[Floats, Floats]:
    """Samples of a plan from ``layout.start`` on, and its fundamental every HOP samples (0 where unvoiced).

    With a ``level`` the take is brought to it; without, it is levelled by itself.
    """
    pcm, pitch = raw(plan, bank, settings, level)
    return sound.finish(pcm, plan.level, level), pitch


def raw(plan: Plan, bank: Bank, settings: VoiceSettings, level: sound.Level | None = None) -> tuple[Floats, Floats]:
    """The same as the bank gives it, not levelled."""
    layout = plan.layout
    size = layout.end - layout.start
    pcm = np.zeros(size, np.float32)
    pitch = np.zeros(-(-size // HOP), np.float32)
    for i, passage in enumerate(plan.passages):
        controls = _controls(passage)
        at = passage.start - layout.start
        _add(pcm, sound.sing(bank, settings, controls, plan.seed + i), at)
        heard = (sound.folds(settings, controls) > 0.5) & (controls.gain > SILENCE / 2)
        part = pitch[at // HOP :][: len(heard)]
        part += np.where(heard, controls.f0, 0)[: len(part)]
    reference = sound.loudness(pcm) if level is None else level.raw
    for i, breath in enumerate(plan.breaths):
        air = sound.breath(breath.length, plan.seed + 100 + i)
        own = sound.loudness(air)
        _add(pcm, (air * 10 ** ((reference + breath.level - own) / 20)).astype(np.float32), breath.start - layout.start)
    return pcm, pitch


def _controls(passage: Passage) -> sound.Controls:
    at = frames(passage.start, passage.end)
    place = np.interp(at, passage.times, passage.places)
    source = passage.source
    low = np.clip(place.astype(int), 0, len(source.params) - 1)
    high = np.minimum(low + 1, len(source.params) - 1)
    part = (place - low).astype(np.float32)[:, None]
    voiced, sibilance, vowel = _marks(source)
    voicing = source.voicing[low] * (1 - part) + source.voicing[high] * part
    held = np.clip(1 - np.gradient(place) / _HELD, 0, 1) * np.interp(place, np.arange(len(vowel)), vowel)
    pure = 1 - (1 - _PURE) * gaussian_filter1d(held, 3.0).astype(np.float32)
    colours = passage.colours
    return sound.Controls(
        params=source.params[low] * (1 - part) + source.params[high] * part,
        voicing=1 - (1 - voicing) * pure[:, None],
        voiced=np.interp(place, np.arange(len(voiced)), voiced).astype(np.float32),
        f0=passage.f0[: len(at)],
        gain=np.interp(at, passage.gain_times, passage.gains).astype(np.float32),
        effort=passage.effort[: len(at)].astype(np.float32),
        breath=colours.breath[: len(at)],
        sibilance=np.interp(place, np.arange(len(sibilance)), sibilance).astype(np.float32),
        gender=colours.gender[: len(at)],
        growl=colours.growl[: len(at)],
        harmony=colours.harmony[: len(at)],
        choir=colours.choir[: len(at)],
        second=None if passage.harmony is None else passage.harmony[: len(at)],
    )


def _marks(source: Source) -> tuple[Floats, Floats, Floats]:
    """Per source frame: whether it is voiced, whether it hisses and whether it is of a vowel (0 or 1)."""
    voiced = np.zeros(len(source.params), np.float32)
    sibilance = np.zeros(len(source.params), np.float32)
    vowel = np.zeros(len(source.params), np.float32)
    for phone in source.phones:
        facts = sounds.sound(phone.symbol)
        part = slice(phone.start, phone.end)
        if facts.kind != "rest":
            voiced[part] = 1.0 if facts.voiced else 0.0
        if phone.symbol in _SIBILANTS:
            sibilance[part] = 1.0
        if sounds.is_vowel(phone.symbol):
            vowel[part] = 1.0
    return voiced, sibilance, vowel


def shown(
    symbol: str, start: int, end: int, stress: int = 0, word: int = -1, note: int = -1, glide: int = 0
) -> list[Phone]:
    """A phone as a layout shows it: one, or two for a diphthong whose glide takes its last ``glide`` samples."""
    first = sounds.sound(symbol)
    off = sounds.OFFGLIDES.get(symbol)
    turn = end - glide
    if off is None or not start < turn < end:
        return [Phone(symbol, first.ipa, first.viseme, start, end, stress, word, note)]
    last = sounds.sound(off)
    return [
        Phone(symbol, first.ipa, first.viseme, start, turn, stress, word, note),
        Phone(off, last.ipa, last.viseme, turn, end, 0, word, note),
    ]


def _add(pcm: Floats, part: Floats, at: int) -> None:
    first = max(at, 0)
    last = min(at + len(part), len(pcm))
    if last > first:
        pcm[first:last] += part[first - at : last - at]

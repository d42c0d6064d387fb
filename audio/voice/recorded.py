"""Turns anything that speaks into a bank: its speech is analysed once, then sung like every other bank's."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audio.voice import analysis, lexicon, numbers
from audio.voice import phones as sounds
from audio.voice.source import HOP, SAMPLE_RATE, Floats, Source, SourcePhone, VoiceError

Spelled = tuple[tuple[str, tuple[str, ...]], ...]
"""Words and their ARPABET phones, vowels with stress digits."""
_KEPT = 64
_LONGEST = 90.0


@dataclass(frozen=True, slots=True)
class SpokenPhone:
    """One phone of a source's speech: ARPABET without digit or ``sil``, seconds, index of its word (-1: none)."""

    symbol: str
    start: float
    end: float
    stress: int = 0
    word: int = -1


@dataclass(frozen=True, slots=True)
class Speech:
    """What a source said: mono sound, its rate in Hz, and every phone's place in it, in order."""

    pcm: Floats
    rate: int
    phones: tuple[SpokenPhone, ...]


class SpeechSource(Protocol):
    """Text to sound and phones with times. All a voice has to offer to speak and to sing here."""

    name: str

    def speak(self, words: Spelled) -> Speech:
        """Says words in the order given; raises VoiceError when it cannot."""
        ...


class RecordedBank:
    """A bank (see :class:`audio.voice.source.Bank`) made from a :class:`SpeechSource`."""

    def __init__(self, source: SpeechSource) -> None:
        """Speaks one word, which finds the speaker's pitch and any fault early."""
        self.name = source.name
        self._source = source
        self._known: OrderedDict[Spelled, Source] = OrderedDict()
        self._lock = threading.Lock()
        self.pitch = 57.0
        self._analyse((("hello", lexicon.pronounce("hello")),), measure=True)

    def read(self, text: str) -> Source:
        """A line of ASCII text: numbers spelled out, words pronounced by the lexicon."""
        words: list[tuple[str, tuple[str, ...]]] = []
        for i, token in enumerate(text.split(" ")):
            words += [(f"{i}:{word}", lexicon.pronounce(word)) for word in numbers.words(token.rstrip(","))]
        return self._analyse(tuple(word for word in words if word[1]))

    def spell(self, words: Spelled) -> Source:
        """Words with their phones given; see :class:`audio.voice.source.Bank`."""
        return self._analyse(tuple((f"{i}:{word}", phones) for i, (word, phones) in enumerate(words)))

    def envelope(self, params: Floats, formants: float = 1.0) -> Floats:
        """Mel-spaced log magnitudes to the full spectrum."""
        result: Floats = params @ analysis.spread(round(formants, 4))
        return result

    def _analyse(self, words: Spelled, measure: bool = False) -> Source:
        with self._lock:
            known = self._known.get(words)
            if known is not None:
                self._known.move_to_end(words)
                return known
            made = self._made(words, measure)
            self._known[words] = made
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return made

    def _made(self, words: Spelled, measure: bool) -> Source:
        if not words:
            empty = np.zeros((2, analysis.POINTS), np.float32) - 12
            rest = (SourcePhone("sil", 0, 2),)
            return Source((), rest, empty, np.zeros((2, 5), np.float32), np.zeros(2, np.float32))
        said = self._source.speak(tuple((word.partition(":")[2] or word, phones) for word, phones in words))
        if not len(said.pcm) or not np.isfinite(said.pcm).all() or len(said.pcm) > _LONGEST * said.rate:
            raise VoiceError(f"voice {self.name} gave no usable sound for {words[0][0].partition(':')[2]!r}")
        try:
            pcm = analysis.resampled(said.pcm, said.rate)
        except ValueError as error:
            raise VoiceError(f"voice {self.name}: {error}") from error
        pcm = pcm * (0.1 / max(float(np.sqrt(np.mean(pcm**2))), 1e-6))
        f0 = analysis.pitch(pcm)
        params = analysis.envelope(pcm, f0)
        _band(params, said.rate)
        phones = placed(said.phones, len(f0))
        tones = melody(f0)
        if measure and (f0 > 0).any():
            self.pitch = float(69 + 12 * np.log2(np.median(f0[f0 > 0]) / 440))
        return Source(tuple(word for word, _ in words), phones, params, _steady(pcm, f0, phones), tones)


def _band(params: Floats, rate: int) -> None:
    """Above the recording's own band there is only filter: the last good value is held, in place."""
    edge = np.searchsorted(analysis._centres(), min(0.45 * rate, 20_000))
    if edge < params.shape[1]:
        params[:, edge:] = params[:, edge - 2 : edge].mean(axis=1, keepdims=True)


def placed(phones: tuple[SpokenPhone, ...], frames: int) -> tuple[SourcePhone, ...]:
    """Phones in frames: in order, none empty, covering what lies between them with ``sil``."""
    found: list[SourcePhone] = []
    at = 0
    for phone in phones:
        start = min(max(at, round(phone.start * SAMPLE_RATE / HOP)), max(frames - 1, 0))
        end = min(max(start + 1, round(phone.end * SAMPLE_RATE / HOP)), frames)
        if start > at:
            found.append(SourcePhone("sil", at, start))
        found.append(SourcePhone(phone.symbol, start, max(end, start + 1), phone.stress, phone.word))
        at = max(end, start + 1)
    if at < frames:
        found.append(SourcePhone("sil", at, frames))
    return tuple(found)


def melody(f0: Floats) -> Floats:
    """Semitones around the mean, bridged where unvoiced."""
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        return np.zeros(len(f0), np.float32)
    tones = 12 * np.log2(f0[voiced])
    return np.interp(np.arange(len(f0)), voiced, tones - tones.mean()).astype(np.float32)


def _steady(pcm: Floats, f0: Floats, phones: tuple[SourcePhone, ...]) -> Floats:
    """Voicing per band; vowels that the pitch tracker lost keep that of their kind."""
    found = analysis.voicing(pcm, f0)
    floor = np.array([0.9, 0.75, 0.55, 0.4, 0.3], np.float32)
    for phone in phones:
        if sounds.is_vowel(phone.symbol):
            part = found[phone.start : phone.end]
            np.maximum(part, floor, out=part)
    return found

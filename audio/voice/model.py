"""What the voice says and sings, as data: phrases in, phones with sample times out.

``layout`` comes before ``render``: it is cheap and gives every phone's place in samples, so lips, captions
and camera can be planned before a sample of sound exists. All samples are at 48 kHz and relative to the
phrase's own zero (the first beat of a sung phrase, the first phone of a spoken one); consonants sung before
the beat have negative times.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from characters.definition import VoiceDefinition

VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")
"""The fifteen visemes of the Oculus/OVR set that face rigs name; ``sil`` is rest."""


SECOND = 48_000
"""Samples of a second."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line to be spoken."""

    text: str
    mood: str = "neutral"
    rate: float = 1.0
    pitch: float = 0.0
    """Semitones above the character's own speaking pitch."""


@dataclass(frozen=True, slots=True)
class SungNote:
    """One note to be sung; samples relative to the phrase. ``lyric`` as in ``audio.score.model.Note``."""

    start: int
    length: int
    pitch: float
    lyric: str
    velocity: float = 0.8
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """An expression curve: (sample from the phrase's zero, value) points; names in :mod:`audio.voice.curves`."""

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Sung:
    """A phrase to be sung: notes in order, not overlapping."""

    notes: tuple[SungNote, ...]
    tempo: float = 120.0
    mood: str = "neutral"
    curves: tuple[Curve, ...] = ()
    room: int = SECOND
    """Samples before the phrase's zero in which nothing else is sung by this voice: how long a breath may be."""


Phrase = Spoken | Sung


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """A character's own voice.

    ``bank`` names the source: ``slt``, ``rms``, ``awb``, ``formant``, or ``vits:``, ``piper:``, ``kokoro:``, ``utau:`` and
    a place (see docs/voice.md).
    """

    bank: str = "slt"
    pitch: float = 62.0
    """Speaking pitch as a MIDI note number."""
    low: int = 57
    high: int = 76
    """Sung range as MIDI note numbers."""
    gender: float = 0.0
    """Formant shift: +1 raises formants by 12 %, -1 lowers them by 12 %."""
    breath: float = 0.1
    tension: float = 0.0
    vibrato_depth: float = 0.35
    """Semitones to either side at full growth."""
    vibrato_rate: float = 5.6
    vibrato_delay: float = 0.35
    """Seconds into a note before vibrato starts to grow."""
    rate: float = 1.0
    """Speaking rate, 1 = the bank's own."""
    doubling: float = 0.0
    """Level of a second, detuned take (0..1)."""
    harmony: float = 0.0
    """Level of a second voice singing a third above in the line's own scale (0..1)."""
    choir: float = 0.0
    """Level of four more singers, each with a throat and a moment of its own (0..1)."""
    vocoder: float = 0.0
    """How far the voice goes through a vocoder: pitch in steps, buzz for breath, spectrum in bands (0..1)."""
    growl: float = 0.0
    """Roughness: every second pulse weaker, all of them uneven (0..1)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone. ``symbol`` is ARPABET without stress digit (``AA``, ``CH``), or ``sil``/``breath``."""

    symbol: str
    ipa: str
    viseme: str
    start: int
    end: int
    stress: int = 0
    word: int = -1
    note: int = -1
    """Index of the word and of the note it belongs to; -1 for none."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word (or sung syllable run) as shown in captions."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every phone of a phrase falls."""

    phrase: Phrase
    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    start: int
    """First sample that may sound (<= 0: consonants or a breath before the first beat)."""
    end: int
    """Sample after the last that may sound, natural tail included."""


@dataclass(frozen=True, slots=True)
class Take:
    """A rendered phrase. ``pcm`` is mono float32 at 48 kHz; its first sample belongs at ``layout.start``."""

    layout: Layout
    pcm: npt.NDArray[np.float32]
    f0: npt.NDArray[np.float32] = field(repr=False)
    """Fundamental in Hz every 5 ms from ``layout.start``; 0 where unvoiced."""


class Voice(Protocol):
    """A voice: the embedded source bank, its formant fallback, or a neural model, behind one interface."""

    name: str

    def layout(self, phrase: Phrase) -> Layout:
        """Phones, words and samples of a phrase; fast (milliseconds), no audio."""
        ...

    def render(self, layout: Layout) -> Take:
        """The sound of a layout; same layout, same samples."""
        ...


def voice_settings(definition: VoiceDefinition) -> VoiceSettings:
    """Settings from the ``[voice]`` table of a character (``characters.definition.VoiceDefinition``)."""
    return VoiceSettings(**{field.name: getattr(definition, field.name) for field in fields(VoiceSettings)})

"""What a bank of sounds hands to the voice: a phrase as phones and spectral parameters, one row every 5 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
HOP = 240
"""Samples per parameter frame: 5 ms."""
BINS = 1025
"""Points of a spectral envelope, 0 Hz to 24 kHz."""

Floats = npt.NDArray[np.floating[Any]]

_VOWEL_SHARE = 0.4
"""How far (of a whole formant shift, in octaves) the formants that make the vowel move with the shift."""
_VOWEL_TOP, _THROAT = 1200.0, 3200.0
"""Hz below which they lie, and above which lies what tells one throat from another."""


class VoiceError(RuntimeError):
    """A voice source cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class SourcePhone:
    """One phone of a source: ARPABET symbol without digit (or ``sil``) and frames ``start <= f < end``."""

    symbol: str
    start: int
    end: int
    stress: int = 0
    word: int = -1


@dataclass(frozen=True, slots=True)
class Source:
    """A phrase as the bank says it."""

    words: tuple[str, ...]
    phones: tuple[SourcePhone, ...]
    params: Floats
    """(frames, n): what :meth:`Bank.envelope` turns into spectra; safe to interpolate between frames."""
    voicing: Floats
    """(frames, 5): share of voiced energy, 0..1, in five bands of equal width from 0 to 8 kHz."""
    melody: Floats
    """(frames,): the bank's own intonation in semitones around its mean, without holes."""


class Bank(Protocol):
    """A bank of sounds."""

    name: str
    pitch: float
    """Its speaker's mean pitch as a MIDI note number."""

    def read(self, text: str) -> Source:
        """A line of ASCII text, normalised and pronounced by the bank."""
        ...

    def spell(self, words: tuple[tuple[str, tuple[str, ...]], ...]) -> Source:
        """Words (spelling, ARPABET phones with stress digits) exactly as given, without pauses between them."""
        ...

    def envelope(self, params: Floats, formants: float = 1.0) -> Floats:
        """(frames, n) parameters to (frames, BINS) natural-log magnitude spectra; ``formants``: see :func:`unshifted`."""
        ...


def unshifted(formants: float) -> Floats:
    """Where every frequency of a spectrum comes from (Hz) when its formants are shifted by the factor ``formants``.

    Only what lies above 3.2 kHz, which tells one throat from another, moves all the way: vowels whose first two
    formants move as far are taken for others.
    """
    hertz = np.linspace(0, SAMPLE_RATE / 2, BINS)
    rise = np.clip(np.log(np.maximum(hertz, 1) / _VOWEL_TOP) / np.log(_THROAT / _VOWEL_TOP), 0, 1)
    result: Floats = hertz / formants ** (_VOWEL_SHARE + (1 - _VOWEL_SHARE) * rise)
    return result

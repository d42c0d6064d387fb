"""Pitch names and chord symbols as musicians write them (``C#m7``, ``F/A``, ``Gsus4``, ``Bbmaj9``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 2),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "mmaj7": (0, 3, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "7sus4": (0, 5, 7, 10),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "9sus4": (0, 5, 7, 10, 2),
    "7b9": (0, 4, 7, 10, 1),
    "11": (0, 7, 10, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5),
    "13": (0, 4, 10, 2, 9, 7),
    "maj7#11": (0, 4, 7, 11, 6),
    "maj13": (0, 4, 11, 2, 9, 7),
}
"""Semitones above the root, most telling tones first."""

_ALIASES = {
    "M": "", "maj": "", "major": "", "min": "m", "-": "m", "minor": "m", "M7": "maj7", "Δ": "maj7", "Δ7": "maj7",
    "min7": "m7", "-7": "m7", "ø": "m7b5", "ø7": "m7b5", "o": "dim", "°": "dim", "o7": "dim7", "°7": "dim7",
    "+": "aug", "sus": "sus4", "6/9": "69", "M9": "maj9", "min9": "m9", "add2": "add9", "mM7": "mmaj7", "2": "sus2",
    "4": "sus4", "7sus": "7sus4", "min6": "m6", "maj6": "6", "9sus": "9sus4",
}  # fmt: skip

_SYMBOL = re.compile(r"^([A-G])([#b♯♭]?)([^/\s|@]*(?:6/9)?)(?:/([A-G])([#b♯♭]?))?$")
_PITCH = re.compile(r"^([A-Ga-g])(#{1,2}|b{1,2}|)(-?\d{1,2})$")


@dataclass(frozen=True, slots=True)
class Harmony:
    """A chord symbol taken apart: pitch classes 0..11, ``tones`` in order of weight, ``bass`` the lowest."""

    root: int
    quality: str
    tones: tuple[int, ...]
    bass: int


@lru_cache(maxsize=1024)
def parse_chord(symbol: str) -> Harmony:
    """Reads a chord symbol; ``ValueError`` says what is not understood. An unknown colour keeps its triad."""
    match = _SYMBOL.match(symbol.strip()[:24])
    if not match:
        raise ValueError(f"{symbol[:24]!r} is no chord symbol (write C, F#m7, Bb/D, Gsus4)")
    root = pitch_class(match[1] + match[2])
    quality = match[3].replace("(", "").replace(")", "")
    quality = _ALIASES.get(quality, quality)
    steps = QUALITIES.get(quality)
    if steps is None:
        minor = quality.startswith("m") and not quality.startswith("maj")
        steps = QUALITIES["dim" if quality.startswith("dim") else "m" if minor else ""]
    tones = tuple((root + step) % 12 for step in steps)
    bass = pitch_class(match[4] + (match[5] or "")) if match[4] else root
    return Harmony(root, quality, tones, bass)


def pitch_class(name: str) -> int:
    """0..11 of a letter with accidentals (``Eb`` -> 3)."""
    shift = name.count("#") + name.count("♯") - name[1:].count("b") - name.count("♭")
    return (LETTERS[name[0].upper()] + shift) % 12


def flat_key(tonic: int, mode: str) -> bool:
    """Whether a key is written with flats."""
    major = (tonic - {"minor": 9, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7}.get(mode, 0)) % 12
    return major in (5, 10, 3, 8, 1)


def name_of(pc: int, flats: bool = False) -> str:
    """Name of a pitch class."""
    return (FLAT_NAMES if flats else SHARP_NAMES)[pc % 12]


def pitch_name(pitch: int, flats: bool = False) -> str:
    """``60`` -> ``C4``."""
    return f"{name_of(pitch, flats)}{pitch // 12 - 1}"


def parse_pitch(text: str) -> int:
    """``C4`` -> 60; ``ValueError`` when it is no pitch from C-1 to G9."""
    match = _PITCH.match(text)
    if not match:
        raise ValueError(f"{text[:20]!r} is no pitch (write C4, F#3, Bb5)")
    shift = match[2].count("#") - match[2].count("b")
    pitch = LETTERS[match[1].upper()] + shift + 12 * (int(match[3]) + 1)
    if not 0 <= pitch <= 127:
        raise ValueError(f"{text[:20]!r} lies outside C-1..G9")
    return pitch

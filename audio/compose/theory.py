"""Scales, degrees, progressions and voicings."""

from __future__ import annotations

import random
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from audio.score.chords import flat_key, name_of, parse_chord

CHURCH: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


def _scales() -> dict[str, dict[str, Any]]:
    with (Path(__file__).parent / "bank" / "scales.toml").open("rb") as file:
        return tomllib.load(file)


SCALES = _scales()
"""Scales of ``bank/scales.toml`` by name."""
MODES: dict[str, tuple[int, ...]] = CHURCH | {name: tuple(entry["steps"]) for name, entry in SCALES.items()}
"""Semitones above the tonic of every mode and scale."""


def church(mode: str) -> str:
    """The church mode whose chords a scale is accompanied with."""
    return mode if mode in CHURCH else str(SCALES.get(mode, {}).get("like", "major"))


def is_light(mode: str) -> bool:
    """Whether a mode counts as bright (a major third or its like)."""
    return bool(SCALES[mode].get("light")) if mode in SCALES else mode in ("major", "lydian", "mixolydian")


_ROMAN = re.compile(r"^([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)([^/]*)(?:/([357]|[b#]?[ivIV]+))?$")
_NUMBERS = {"i": 0, "ii": 1, "iii": 2, "iv": 3, "v": 4, "vi": 5, "vii": 6}
_MAJOR = CHURCH["major"]


def scale(tonic: int, mode: str) -> frozenset[int]:
    """Pitch classes of a mode."""
    return frozenset((tonic + step) % 12 for step in MODES[mode])


def ladder(tonic: int, mode: str, low: int, high: int) -> list[int]:
    """All pitches of a mode from ``low`` to ``high``."""
    pcs = scale(tonic, mode)
    return [p for p in range(low, high + 1) if p % 12 in pcs]


def symbol_of(roman: str, tonic: int, mode: str, colour: str) -> str:
    """Chord symbol of a degree. Upper case major, lower case minor; ``b``/``#`` alter the major scale's degree.

    A degree without its own colour is given the style's: sevenths or ninths that lie in the key.
    """
    match = _ROMAN.match(roman)
    if not match:
        raise ValueError(f"{roman!r} is no chord degree")
    shift, number, quality, inversion = match.groups()
    degree = _NUMBERS[number.lower()]
    if inversion and inversion not in "357":
        return _applied(number, quality, inversion, tonic, mode)
    steps = _MAJOR if shift else CHURCH[church(mode)]
    root = (tonic + steps[degree] + {"b": -1, "#": 1, "": 0}[shift]) % 12
    minor = number.islower()
    third, fifth, seventh = root + (3 if minor else 4), root + 7, root + (10 if minor else 11)
    pcs = frozenset((tonic + step) % 12 for step in CHURCH[church(mode)])
    if not quality and not shift and minor and (root + 7) % 12 not in pcs and (root + 6) % 12 in pcs:
        quality, fifth = "dim", root + 6
    if not quality:
        quality = _colour(root, minor, tonic, mode, colour)
    if quality.startswith(("m7b5", "dim")):
        fifth = root + 6
    lead = "m" if minor and not quality.startswith(("m", "dim", "sus")) else ""
    flats = flat_key(tonic, mode) or shift == "b"
    text = name_of(root, flats) + lead + quality
    if inversion and quality.startswith("sus"):
        inversion = None
    if inversion:
        bass = {"3": third, "5": fifth, "7": seventh}[inversion] % 12
        text += "/" + name_of(bass, flats)
    return text


def _applied(number: str, quality: str, target: str, tonic: int, mode: str) -> str:
    """A chord borrowed from the key of another degree: ``V7/vi``, ``ii7/IV``, ``subV7/ii`` is written ``bII7/ii``."""
    match = _ROMAN.match(target)
    if not match:
        raise ValueError(f"{target!r} is no chord degree")
    steps = _MAJOR if match[1] else CHURCH[church(mode)]
    root = tonic + steps[_NUMBERS[match[2].lower()]] + {"b": -1, "#": 1, "": 0}[match[1]]
    own = (root + {"v": 7, "ii": 2, "vii": 11, "iv": 5}[number.lower()]) % 12
    minor = "m" if number.islower() and not quality.startswith(("m", "dim")) else ""
    return name_of(own, flat_key(tonic, mode)) + minor + quality


def _colour(root: int, minor: bool, tonic: int, mode: str, colour: str) -> str:
    pcs = frozenset((tonic + step) % 12 for step in CHURCH[church(mode)])
    if colour == "triads" or ((root - tonic) % 12 == 0 and colour == "sevenths" and not minor):
        return ""
    if colour == "sevenths" and (root - tonic) % 12 == 7:
        return ""
    minor7, major7, ninth = (root + 10) % 12 in pcs, (root + 11) % 12 in pcs, (root + 2) % 12 in pcs
    extra = "9" if colour == "ninths" and ninth else "7"
    if minor:
        return extra if minor7 else ""
    if major7:
        return "maj" + extra
    return extra if minor7 else ""


def progression(text: str, tonic: int, mode: str, colour: str) -> list[list[str]]:
    """``"I | V/3 | vi IV"`` as chord symbols by bar."""
    return [[symbol_of(r, tonic, mode, colour) for r in bar.split()] for bar in text.split("|")]


def spiced(text: str, mode: str, spice: float, rng: random.Random) -> str:
    """A progression with applied chords, written as the progression was.

    With chance ``spice`` a bar gives its second half to the dominant of the next bar's root (``V7/vi``), in jazz-like
    styles (``spice`` above a half) to its ii-V; a IV before the tonic may turn minor (borrowed from the parallel key).
    """
    bars = [bar.split() for bar in text.split("|")]
    light = is_light(church(mode))
    targets = ("ii", "iii", "IV", "V", "vi") if light else ("III", "iv", "v", "VI")
    for i, bar in enumerate(bars):
        follow = _plain_degree(bars[(i + 1) % len(bars)][0])
        if len(bar) != 1 or follow not in targets or _plain_degree(bar[0]) == follow or rng.random() >= spice:
            continue
        applied = f"V7/{follow}"
        bars[i] = [f"ii7/{follow}", applied] if spice > 0.5 and rng.random() < 0.4 else [bar[0], applied]
    if light and mode != "mixolydian":
        for i, bar in enumerate(bars[:-1]):
            home = _plain_degree(bars[i + 1][0]) in ("I", "iii")
            if bar == ["IV"] and home and rng.random() < spice * 0.8:
                bars[i] = ["IV", "iv"]
    return " | ".join(" ".join(bar) for bar in bars)


def _plain_degree(roman: str) -> str:
    match = re.match(r"^[b#]?[ivIV]+", roman)
    return match[0] if match else ""


@lru_cache(maxsize=4096)
def _shapes(tones: tuple[int, ...], low: int, high: int) -> tuple[tuple[int, ...], ...]:
    """All close positions of pitch classes between two pitches."""
    found = []
    ordered = sorted(tones)
    for turn in range(len(ordered)):
        turned = ordered[turn:] + [t + 12 for t in ordered[:turn]]
        for octave in range(2, 8):
            notes = tuple(t + 12 * octave for t in turned)
            if notes[0] >= low and notes[-1] <= high:
                found.append(notes)
    return tuple(found)


_COLOURS = (1, 2, 9)
"""Semitones above the root of ninths and thirteenths."""


def _four(symbol: str, size: int, plain: bool) -> tuple[int, ...]:
    """The tones that ``size`` voices play of a chord of more: ``plain`` ones its root, third, fifth and seventh, else
    as a pianist with a bassist, the root left out, then the fifth: 3 5 7 9, and 3 7 9 13."""
    harmony = parse_chord(symbol)
    tones = harmony.tones
    if len(tones) <= size:
        return tones
    steps = [(t - harmony.root) % 12 for t in tones]
    if plain:
        body = [t for t, step in zip(tones, steps) if step not in _COLOURS and not (step == 6 and 7 in steps)]
        return tuple(body[:size])
    for step in (0, 7):
        if len(steps) > size:
            tones = tuple(t for t, s in zip(tones, steps) if s != step)
            steps = [s for s in steps if s != step]
    return tones[:size]


def voice_lead(
    symbol: str, before: tuple[int, ...], low: int = 53, high: int = 76, size: int = 4, plain: bool = False
) -> tuple[int, ...]:
    """Close voicing of a chord nearest to the one before (least total motion, common tones held); ``plain`` without
    the colours of a ninth or thirteenth."""
    tones = _four(symbol, size, plain)
    centre = sum(before) / len(before) if before else (low + high) / 2 - 2
    best: tuple[float, tuple[int, ...]] = (1e9, ())
    for notes in _shapes(tones, low, high):
        motion = sum(min(abs(n - b) for b in before) for n in notes) if before else 0
        cost = motion + 0.6 * abs(sum(notes) / len(notes) - centre) + 0.15 * abs(centre - (low + high) / 2 + 2)
        best = min(best, (cost, notes))
    return best[1] or tuple(sorted(low + (t - low) % 12 for t in tones))

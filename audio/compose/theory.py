"""Scales, degrees, progressions and voicings."""

from __future__ import annotations

import re

from audio.score.chords import flat_key, name_of, parse_chord

MODES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
_ROMAN = re.compile(r"^([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)([^/]*)(?:/([357]))?$")
_NUMBERS = {"i": 0, "ii": 1, "iii": 2, "iv": 3, "v": 4, "vi": 5, "vii": 6}
_MAJOR = MODES["major"]


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
    steps = _MAJOR if shift else MODES[mode]
    root = (tonic + steps[degree] + {"b": -1, "#": 1, "": 0}[shift]) % 12
    minor = number.islower()
    third, fifth, seventh = root + (3 if minor else 4), root + 7, root + (10 if minor else 11)
    pcs = scale(tonic, mode)
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


def _colour(root: int, minor: bool, tonic: int, mode: str, colour: str) -> str:
    pcs = scale(tonic, mode)
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


def voice_lead(symbol: str, before: tuple[int, ...], low: int = 53, high: int = 76, size: int = 4) -> tuple[int, ...]:
    """Close voicing of a chord nearest to the one before (least total motion, common tones held)."""
    tones = parse_chord(symbol).tones
    if len(tones) > size:
        # The bass has the root; thirds, sevenths and colours tell the chord.
        tones = tuple(t for i, t in enumerate(tones) if i not in (0, 2))[:size] or tones[:size]
    centre = sum(before) / len(before) if before else (low + high) / 2 - 2
    best: tuple[float, tuple[int, ...]] = (1e9, ())
    ordered = sorted(tones)
    for turn in range(len(ordered)):
        turned = ordered[turn:] + [t + 12 for t in ordered[:turn]]
        for octave in range(3, 8):
            notes = tuple(t + 12 * octave for t in turned)
            if notes[0] < low or notes[-1] > high:
                continue
            motion = sum(min(abs(n - b) for b in before) for n in notes) if before else 0
            cost = motion + 0.6 * abs(sum(notes) / len(notes) - centre) + 0.15 * abs(centre - (low + high) / 2 + 2)
            best = min(best, (cost, notes))
    return best[1] or tuple(sorted(low + (t - low) % 12 for t in tones))

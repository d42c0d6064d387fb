"""How a melody is written for the transformer, and read back.

A tune is its metre and mode, then bars: ``BAR k`` (k counts bars of an eight-bar strain), the chords of its two halves,
then for each note a pitch and a duration. Pitches are semitones above an anchor, the tonic at or below the tune's
middle, so a tune is the same in every key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

METERS = ("2/4", "3/4", "4/4", "6/8", "9/8", "12/8", "3/2")
MODES = ("major", "minor", "dorian", "mixolydian")
STRAIN = 8
"""Bars of a strain: where in it a bar lies tells the model what kind of bar is due."""
LOW, HIGH = -17, 24
DURATIONS = tuple(
    Fraction(n, d)
    for n, d in (
        (1, 8), (1, 6), (1, 4), (1, 3), (3, 8), (1, 2), (2, 3), (3, 4), (1, 1), (5, 4), (4, 3), (3, 2), (7, 4),
        (2, 1), (5, 2), (3, 1), (7, 2), (4, 1), (5, 1), (6, 1), (8, 1),
    )
)  # fmt: skip

PAD, END = 0, 1
_METER = 2
_MODE = _METER + len(METERS)
_BAR = _MODE + len(MODES)
_CHORD = _BAR + STRAIN
_REST = _CHORD + 37
_PITCH = _REST + 1
_DURATION = _PITCH + HIGH - LOW + 1
VOCABULARY = _DURATION + len(DURATIONS)
PITCHES = range(_PITCH, _PITCH + HIGH - LOW + 1)
"""Token ids of pitches, ``LOW`` first."""


@dataclass(frozen=True, slots=True)
class Tune:
    """A tune to be tokenised: notes are (start, length, semitones above the tonic's anchor) in quarter beats.

    ``pickup`` is the length of the bar before the first whole one, ``bar`` quarters in a bar, ``chords`` two numbers a
    bar (see :func:`chord_number`), ``strains`` the bars where a strain begins.
    """

    meter: str
    mode: str
    notes: tuple[tuple[Fraction, Fraction, int], ...]
    bar: Fraction
    pickup: Fraction
    chords: tuple[tuple[int, int], ...]
    strains: tuple[int, ...] = (0,)


def meter_token(beats: int, unit: int) -> int:
    """Token of a time signature, or of the most similar one the model knows (7/8 as 2/4, 5/4 as 3/4)."""
    name = f"{beats}/{unit}"
    if name in METERS:
        return _METER + METERS.index(name)
    if name in ("2/2", "4/2"):
        return _METER + METERS.index("4/4")
    quarters = 4 * beats / unit
    near = "6/8" if unit >= 8 and beats % 3 == 0 else "4/4" if quarters >= 3.6 else "3/4" if quarters > 2.4 else "2/4"
    return _METER + METERS.index(near)


def mode_token(mode: str) -> int:
    """Token of a mode, or of the nearest one the model knows."""
    near = {"lydian": "major", "phrygian": "minor"}.get(mode, mode)
    return _MODE + MODES.index(near if near in MODES else "major")


def bar_token(bar: int) -> int:
    """Token that opens a bar of a strain."""
    return _BAR + bar % STRAIN


def chord_number(root: int, quality: str) -> int:
    """0 no chord; 1 to 36 root above the tonic (0..11) times major, minor, diminished."""
    return 1 + 3 * (root % 12) + ("maj", "min", "dim").index(quality)


def chord_token(number: int) -> int:
    """Token of a chord number."""
    return _CHORD + number


def pitch_token(pitch: int) -> int:
    """Token of a pitch in semitones above the anchor, folded into what the model knows."""
    while pitch < LOW:
        pitch += 12
    while pitch > HIGH:
        pitch -= 12
    return _PITCH + pitch - LOW


def pitch_of(token: int) -> int:
    """Semitones above the anchor of a pitch token."""
    return token - _PITCH + LOW


def duration_token(length: Fraction) -> int:
    """Token of the nearest duration."""
    return _DURATION + min(range(len(DURATIONS)), key=lambda i: abs(DURATIONS[i] - length))


def rest_token() -> int:
    """Token of a rest; a duration follows."""
    return _REST


def tokenise(tune: Tune) -> tuple[list[int], list[int]]:
    """(tokens, places where bars begin in them). The first two tokens are metre and mode."""
    beats, unit = (int(x) for x in tune.meter.split("/"))
    out = [meter_token(beats, unit), mode_token(tune.mode)]
    bars: list[int] = []
    here, at = -2, Fraction(0)
    for start, length, pitch in tune.notes:
        bar = int((start - tune.pickup) // tune.bar)
        while here < bar:
            here = bar if here == -2 else here + 1
            strain = max((s for s in tune.strains if s <= here), default=0)
            bars.append(len(out))
            chords = tune.chords[here] if 0 <= here < len(tune.chords) else (0, 0)
            out += [bar_token(here - strain), *(chord_token(c) for c in chords)]
        silent = start - max(at, tune.pickup + tune.bar * here)
        if silent > 0 and (len(bars) > 1 or out[-1] >= _REST):
            out += [_REST, duration_token(silent)]
        out += [pitch_token(pitch), duration_token(length)]
        at = start + length
    return [*out, END], bars


def sounds(tokens: Sequence[int]) -> list[int]:
    """The pitches of a token row, in semitones above the anchor."""
    return [pitch_of(t) for t in tokens if t in PITCHES]

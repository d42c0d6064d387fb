"""Tunes: a motif of three to seven notes and what becomes of it, one tune for each kind of section.

A tune is a list of two-bar phrases, each a list of (slot, pitch). Words are laid over it afterwards: a syllable that
falls between two tune notes repeats the earlier one, so verses with other words keep the same melody.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from audio.compose.prosody import weight
from audio.compose.theory import ladder, scale
from audio.score.chords import parse_chord

Phrase = list[tuple[int, int]]
ChordAt = Callable[[int, int], str]
"""Chord symbol at (phrase, slot) of a section."""


@dataclass(frozen=True, slots=True)
class Motif:
    """Onsets in the bar (slots) and steps of the scale between them."""

    onsets: tuple[int, ...]
    steps: tuple[int, ...]

    def inverted(self) -> Motif:
        """Upside down."""
        return Motif(self.onsets, tuple(-s for s in self.steps))

    def fitted(self, onsets: tuple[int, ...]) -> Motif:
        """The same steps on another rhythm."""
        steps = (self.steps * 3)[: max(0, len(onsets) - 1)]
        return Motif(onsets, steps)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a section's tune lies: ``low`` and ``high`` as pitches, the height 0..1 of each phrase, how it develops."""

    low: int
    high: int
    heights: tuple[float, ...]
    moves: tuple[str, ...]
    home: bool


def make_motif(onsets: tuple[int, ...], rng: random.Random) -> Motif:
    """A motif with one gesture: mostly steps, at most one leap, and the leap is answered by a step back."""
    count = max(0, len(onsets) - 1)
    if not count:
        return Motif(onsets, ())
    direction = rng.choice((-1, 1))
    steps = []
    for _ in range(count):
        size = rng.choices((0, 1, 2), (0.22, 0.56, 0.22))[0]
        steps.append(size * direction)
        if rng.random() < 0.42:
            direction = -direction
    if rng.random() < 0.65:
        leap = rng.randrange(count)
        steps[leap] = rng.choice((2, 3, 3, 4)) * (1 if steps[leap] >= 0 else -1)
        if leap + 1 < count:
            steps[leap + 1] = -1 if steps[leap] > 0 else 1
    if not any(steps):
        steps[rng.randrange(count)] = direction
    return Motif(onsets, tuple(steps))


def make_tune(
    motif: Motif,
    rhythms: list[tuple[int, ...]],
    tails: list[tuple[int, ...]],
    shape: Shape,
    tonic: int,
    mode: str,
    grid: int,
    quarters: Fraction,
    chord_at: ChordAt,
    rng: random.Random,
) -> list[Phrase]:
    """Phrases of a tune: per phrase a rhythm for the motif's bar and one for the answer."""
    steps = ladder(tonic, mode, shape.low, shape.high)
    bar = int(quarters * grid)
    phrases: list[Phrase] = []
    for k, move in enumerate(shape.moves):
        if move == "same" and phrases:
            phrases.append(_anew(phrases[0], steps, chord_at, k, bar, grid, quarters, rng))
            continue
        here = motif.inverted() if move == "invert" else motif
        here = here.fitted(rhythms[k])
        goal = shape.low + (shape.high - shape.low) * shape.heights[k]
        at = _near_chord(steps, goal, chord_at(k, here.onsets[0]))
        if move == "sequence" and phrases:
            shift = rng.choice((-2, -1, 1, 2))
            at = min(len(steps) - 1, max(0, _index(steps, phrases[0][0][1]) + shift))
        line = [at]
        for step in here.steps:
            at += step
            at = -at if at < 0 else at
            at = 2 * (len(steps) - 1) - at if at > len(steps) - 1 else at
            line.append(min(len(steps) - 1, max(0, at)))
        phrase = list(zip(here.onsets, line))
        ending = shape.home and k == len(shape.moves) - 1
        phrase += _answer(line[-1], tails[k], steps, tonic, ending, goal, chord_at, k, bar, rng)
        phrases.append(_settle(phrase, steps, chord_at, k, grid, quarters))
    return phrases


def _answer(
    at: int,
    tail: tuple[int, ...],
    steps: list[int],
    tonic: int,
    ending: bool,
    goal: float,
    chord_at: ChordAt,
    k: int,
    bar: int,
    rng: random.Random,
) -> list[tuple[int, int]]:
    """The second bar: a walk to its last note, a chord tone; home where the section closes."""
    last = chord_at(k, bar + tail[-1])
    if ending:
        homes = [i for i, p in enumerate(steps) if p % 12 == tonic]
        target = min(homes, key=lambda i: abs(steps[i] - goal) + abs(i - at), default=at)
    else:
        tones = parse_chord(last).tones
        near = [i for i, p in enumerate(steps) if p % 12 in tones and abs(i - at) <= 4]
        target = rng.choice(near) if near else at
    result = []
    for n, slot in enumerate(tail):
        left = len(tail) - 1 - n
        if left == 0:
            at = target
        else:
            pull = (target > at) - (target < at)
            step = rng.choices((pull, 0, -pull, 2 * pull), (0.6, 0.12, 0.1, 0.18))[0]
            at = min(len(steps) - 1, max(0, at + step))
            if abs(target - at) > 2 * left:
                at += pull
            at = min(len(steps) - 1, max(0, at))
        result.append((bar + slot, at))
    return result


def _settle(
    phrase: list[tuple[int, int]], steps: list[int], chord_at: ChordAt, k: int, grid: int, quarters: Fraction
) -> Phrase:
    """Strong places and the last note take the nearest chord tone."""
    done: Phrase = []
    for n, (slot, at) in enumerate(phrase):
        strong = weight(slot, grid, quarters) >= 0.8 or n == len(phrase) - 1
        if strong:
            at = nearest_tone(steps, at, chord_at(k, slot))
        done.append((slot, steps[at]))
    return done


def _anew(
    model: Phrase,
    steps: list[int],
    chord_at: ChordAt,
    k: int,
    bar: int,
    grid: int,
    quarters: Fraction,
    rng: random.Random,
) -> Phrase:
    """A phrase again over its new chords: the first bar as it was, the answer turned another way at its end."""
    line = [(slot, _index(steps, pitch)) for slot, pitch in model]
    turned = []
    shift = rng.choice((0, 0, 1, -1))
    for slot, at in line:
        turned.append((slot, min(len(steps) - 1, max(0, at + shift * (slot >= bar)))))
    return _settle(turned, steps, chord_at, k, grid, quarters)


def nearest_tone(steps: list[int], at: int, symbol: str) -> int:
    """Index of the nearest chord tone on a ladder of pitches (the lower one of two)."""
    tones = parse_chord(symbol).tones[:4]
    near = [i for i, p in enumerate(steps) if p % 12 in tones]
    return min(near, key=lambda i: (abs(i - at), i), default=at)


def _near_chord(steps: list[int], goal: float, symbol: str) -> int:
    return nearest_tone(steps, min(range(len(steps)), key=lambda i: abs(steps[i] - goal)), symbol)


def _index(steps: list[int], pitch: int) -> int:
    return min(range(len(steps)), key=lambda i: abs(steps[i] - pitch))


def in_scale(pitch: int, tonic: int, mode: str) -> bool:
    """Whether a pitch lies in the mode."""
    return pitch % 12 in scale(tonic, mode)

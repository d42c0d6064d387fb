"""Tunes: a motif of three to seven notes and what becomes of it, one tune for each kind of section.

A tune is a list of two-bar phrases, each a list of (slot, pitch). Words are laid over it afterwards: a syllable that
falls between two tune notes repeats the earlier one, so verses with other words keep the same melody.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audio.compose.metre import Metre
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

    def augmented(self) -> Motif:
        """Its gesture twice as slow: every second step is a rest on the same note."""
        return Motif(self.onsets, tuple(x for step in self.steps for x in (step, 0))[: len(self.steps)])

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
    rhythms: Sequence[Sequence[int]],
    shape: Shape,
    tonic: int,
    mode: str,
    grid: int,
    metre: Metre,
    half: int,
    chord_at: ChordAt,
    rng: random.Random,
) -> list[Phrase]:
    """Phrases of a tune on given onsets: the motif up to slot ``half``, an answer after it.

    ``rhythms`` holds the onsets (slots from the line's first bar, pickups negative) of each phrase.
    """
    steps = ladder(tonic, mode, shape.low, shape.high)
    phrases: list[Phrase] = []
    for k, onsets in enumerate(rhythms):
        move = shape.moves[k % len(shape.moves)]
        head = [s for s in onsets if s < half] or list(onsets[:1])
        tail = [s for s in onsets if s >= half and s not in head]
        if move == "same" and phrases:
            phrases.append(_again(phrases[0], onsets, steps, tonic, chord_at, k, grid, metre, rng))
            continue
        if move in ("state", "sequence") and phrases and rng.random() < 0.55:
            # The whole first phrase again on another step of the scale.
            moved = _moved(phrases[0], steps, rng.choice((-2, -1, 1, 2)))
            ending = shape.home and k == len(rhythms) - 1
            phrases.append(_again(moved, onsets, steps, tonic, chord_at, k, grid, metre, rng, ending))
            continue
        here = motif.inverted() if move == "invert" else motif.augmented() if move == "augment" else motif
        goal = shape.low + (shape.high - shape.low) * shape.heights[k % len(shape.heights)]
        at = _near_chord(steps, goal, chord_at(k, max(0, head[0])))
        if move == "sequence" and phrases:
            shift = rng.choice((-2, -1, 1, 2))
            at = min(len(steps) - 1, max(0, _index(steps, phrases[0][0][1]) + shift))
        line = [at]
        for step in here.fitted(tuple(head)).steps:
            at += step
            at = -at if at < 0 else at
            at = 2 * (len(steps) - 1) - at if at > len(steps) - 1 else at
            line.append(min(len(steps) - 1, max(0, at)))
        phrase = list(zip(head, line))
        ending = shape.home and k == len(rhythms) - 1
        phrase += _answer(line[-1], tail, steps, tonic, ending, goal, chord_at, k, rng)
        phrases.append(_settle(phrase, steps, chord_at, k, grid, metre))
    return phrases


def _again(
    first: Phrase,
    onsets: Sequence[int],
    steps: list[int],
    tonic: int,
    chord_at: ChordAt,
    k: int,
    grid: int,
    metre: Metre,
    rng: random.Random,
    ending: bool = False,
) -> Phrase:
    """The first phrase on other words; its last two notes find their own way to the chord."""
    phrase = [(slot, _index(steps, at_slot(first, slot, steps))) for slot in onsets]
    if len(phrase) > 4:
        kept, tail = phrase[:-2], [s for s, _ in phrase[-2:]]
        phrase = kept + _answer(kept[-1][1], tail, steps, tonic, ending, steps[kept[-1][1]], chord_at, k, rng)
    return _settle(phrase, steps, chord_at, k, grid, metre)


def _moved(phrase: Phrase, steps: list[int], shift: int) -> Phrase:
    """A phrase some steps of the scale higher or lower, inside the ladder."""
    places = [_index(steps, p) for _, p in phrase]
    shift = min(shift, len(steps) - 1 - max(places))
    shift = max(shift, -min(places))
    return [(slot, steps[at + shift]) for (slot, _), at in zip(phrase, places)]


def at_slot(phrase: Phrase, slot: int, steps: list[int]) -> int:
    """Pitch of a phrase at a slot: its note there, else on the way from one to the next, or leading in from below."""
    before = [(s, p) for s, p in phrase if s <= slot]
    later = [(s, p) for s, p in phrase if s > slot]
    if before and before[-1][0] == slot:
        return before[-1][1]
    if not before:
        below = [p for p in steps if p < later[0][1]]
        return below[-1] if below else later[0][1]
    if not later:
        return before[-1][1]
    a, b = before[-1][1], later[0][1]
    if abs(a - b) > 2:
        return (a + b) // 2
    near = [p for p in steps if p != a and abs(p - a) <= 3]
    return min(near, key=lambda p: abs(p - b), default=a)


def _answer(
    at: int,
    tail: Sequence[int],
    steps: list[int],
    tonic: int,
    ending: bool,
    goal: float,
    chord_at: ChordAt,
    k: int,
    rng: random.Random,
) -> list[tuple[int, int]]:
    """The rest of a phrase: a walk to its last note, a chord tone; home where the section closes."""
    if not tail:
        return []
    last = chord_at(k, tail[-1])
    if ending:
        homes = [i for i, p in enumerate(steps) if p % 12 == tonic]
        target = min(homes, key=lambda i: abs(steps[i] - goal) + abs(i - at), default=at)
    else:
        tones = parse_chord(last).tones
        near = [i for i, p in enumerate(steps) if p % 12 in tones and 0 < abs(i - at) <= 4]
        target = rng.choice(near) if near else at
    result = []
    for n, slot in enumerate(tail):
        left = len(tail) - 1 - n
        if left == 0:
            at = target
        else:
            pull = (target > at) - (target < at) or rng.choice((-1, 1))
            step = rng.choices((pull, 0, -pull, 2 * pull), (0.55, 0.08, 0.17, 0.2))[0]
            at = min(len(steps) - 1, max(0, at + step))
            if abs(target - at) > 2 * left:
                at += pull
            at = min(len(steps) - 1, max(0, at))
        result.append((slot, at))
    return result


def _settle(
    phrase: list[tuple[int, int]], steps: list[int], chord_at: ChordAt, k: int, grid: int, metre: Metre
) -> Phrase:
    """The first of a bar and the last note take the nearest chord tone; what is held takes one a step away (two where
    it is held for two beats) that does not repeat the note before, where there is one."""
    done: Phrase = []
    for n, (slot, at) in enumerate(phrase):
        until = phrase[n + 1][0] if n + 1 < len(phrase) else slot
        # A note held into another chord belongs to the one it mostly sounds over.
        symbol = chord_at(k, (slot + min(until, slot + 2 * grid)) // 2 if until - slot >= grid else slot)
        if metre.weight(slot, grid) >= 0.99 or n == len(phrase) - 1:
            at = nearest_tone(steps, at, symbol)
        elif phrase[n + 1][0] - slot >= grid:
            reach = 2 if phrase[n + 1][0] - slot >= 2 * grid else 1
            tones = parse_chord(symbol).tones[:4]
            near = [i for i in range(max(0, at - reach), min(len(steps), at + reach + 1)) if steps[i] % 12 in tones]
            fresh = [i for i in near if not done or steps[i] != done[-1][1]]
            if fresh:
                at = min((abs(i - at), i) for i in fresh)[1]
        done.append((slot, steps[at]))
    return done


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

"""The learned voice proposes: pitches for a section's lines, on the rhythm that its words have been given.

The transformer of ``audio.compose.learned`` is asked note by note, several rows at once. Chords, range and scale come
from the plan; the rules only lean on its scores (chord tones on strong places, no octave leaps, no droning).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from audio.compose.learned import tokens
from audio.compose.learned.model import MelodyModel
from audio.compose.metre import Metre
from audio.compose.theory import ladder
from audio.compose.tune import ChordAt, Phrase, at_slot
from audio.score.chords import parse_chord

ROWS = 4
"""Rows asked at once: more would wake the matrix library's threads, which cost more than they bring."""
HEAT = 0.95
_NEVER = -1e9


def propose(
    model: MelodyModel,
    rhythms: Sequence[Sequence[int]],
    prime: dict[int, int],
    span: tuple[int, int],
    key: tuple[int, str],
    grid: int,
    metre: Metre,
    line_bars: int,
    home: bool,
    chord_at: ChordAt,
    seed: int,
) -> list[list[Phrase]]:
    """``ROWS`` tunes for the onsets of ``rhythms`` (slots of 1/``grid`` from each line's first bar).

    ``prime`` fixes pitches of the first line by slot; a every second later line follows the first one but for
    its end, as songs do. Too long a section ends where the model's memory does.
    """
    tonic, mode = key
    middle = (span[0] + span[1]) // 2
    anchor = middle - (middle - tonic) % 12
    rng = np.random.default_rng(seed)
    memory = model.begin(ROWS)
    allowed = _allowed(span, key, anchor)
    for token in (tokens.meter_token(metre.beats, metre.unit), tokens.mode_token(mode)):
        scores = _feed(model, memory, token)
    tunes: list[list[Phrase]] = [[] for _ in range(ROWS)]
    before: list[list[int]] = [[] for _ in range(ROWS)]
    bar_slots = int(metre.quarters * grid)
    bar = -1
    for k, onsets in enumerate(rhythms):
        phrases: list[Phrase] = [[] for _ in range(ROWS)]
        echo = k >= 2 and k % 2 == 0
        steps = ladder(tonic, mode, *span) or [span[0]]
        for n, slot in enumerate(onsets):
            now = k * line_bars + max(0, slot) // bar_slots
            if memory.length + 3 * (now - bar) + 3 > model.context:
                return []
            while bar < now:
                bar += 1
                at = max(0, (bar - k * line_bars) * bar_slots)
                for token in (
                    tokens.bar_token(bar),
                    _chord(chord_at(k, at), tonic),
                    _chord(chord_at(k, at + bar_slots // 2), tonic),
                ):
                    scores = _feed(model, memory, token)
            last = n == len(onsets) - 1
            fixed = prime.get(slot) if k == 0 else None
            lean = _lean(
                chord_at(k, max(0, slot)),
                anchor,
                tonic,
                metre.weight(slot, grid),
                last,
                last and home and k == len(rhythms) - 1,
            )
            picked = np.empty(ROWS, np.int64)
            for row in range(ROWS):
                if fixed is not None:
                    pitch = fixed
                elif echo and n < len(onsets) - 2:
                    pitch = at_slot(tunes[row][0], slot, steps)
                else:
                    weights = scores[row, tokens.PITCHES.start : tokens.PITCHES.stop] + allowed + lean
                    pitch = anchor + tokens.LOW + _draw(weights, before[row], anchor, rng)
                before[row].append(pitch)
                phrases[row].append((slot, pitch))
                picked[row] = tokens.pitch_token(pitch - anchor)
            model.step(memory, picked)
            follow = onsets[n + 1] if not last else min(slot + 2 * grid, bar_slots * line_bars)
            scores = _feed(model, memory, tokens.duration_token(Fraction(max(1, follow - slot), grid)))
        for row in range(ROWS):
            tunes[row].append(phrases[row])
    return tunes


def _feed(model: MelodyModel, memory: object, token: int) -> npt.NDArray[np.float32]:
    return model.step(memory, np.full(ROWS, token, np.int64))  # type: ignore[arg-type]


def _allowed(span: tuple[int, int], key: tuple[int, str], anchor: int) -> npt.NDArray[np.float64]:
    rungs = {p - anchor for p in ladder(key[0], key[1], *span)}
    return np.array([0.0 if p in rungs else _NEVER for p in range(tokens.LOW, tokens.HIGH + 1)])


def _chord(symbol: str, tonic: int) -> int:
    harmony = parse_chord(symbol)
    steps = {(t - harmony.root) % 12 for t in harmony.tones}
    quality = "dim" if {3, 6} <= steps and 7 not in steps else "min" if 3 in steps else "maj"
    return tokens.chord_token(tokens.chord_number(harmony.root - tonic, quality))


def _lean(symbol: str, anchor: int, tonic: int, weight: float, last: bool, home: bool) -> npt.NDArray[np.float64]:
    tones = parse_chord(symbol).tones[:4]
    pull = 30.0 if last else 6.0 if weight >= 0.8 else 1.4 if weight >= 0.6 else 0.0
    found = []
    for p in range(tokens.LOW, tokens.HIGH + 1):
        pc = (anchor + p) % 12
        found.append((pull if pc in tones else 0.0) + (30.0 if home and pc == tonic % 12 else 0.0))
    return np.array(found)


def _draw(weights: npt.NDArray[np.float64], before: list[int], anchor: int, rng: np.random.Generator) -> int:
    weights = weights.astype(np.float64) / HEAT
    if before:
        at = before[-1] - anchor - tokens.LOW
        distance = np.abs(np.arange(len(weights)) - at)
        weights = weights - np.where(distance > 9, 8.0, np.where(distance > 5, 0.7, 0.0))
        if 0 <= at < len(weights):
            weights[at] -= 0.6
            if len(before) > 1 and before[-2] == before[-1]:
                weights[at] -= 4.0
    share = np.exp(weights - weights.max())
    share /= share.sum()
    return int(np.searchsorted(np.cumsum(share), rng.random() * 0.999999))

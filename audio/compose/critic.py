"""What makes a sung line good, in numbers, and the gates a song must pass.

Definitions follow MusPy (pitch-class entropy, scale and groove consistency); the gates are mean +- 2 sd of fiddle
tunes, folk songs and chorale sopranos. Repetition is counted on new material only: refrains return by design.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from audio.compose.theory import scale
from audio.score.model import Note

GATES: dict[str, tuple[float, float]] = {
    "entropy": (2.1, 2.9),
    "in_scale": (0.95, 1.0),
    "groove": (0.75, 0.97),
    "range": (10, 17),
    "stepwise": (0.55, 1.0),
    "wide_leaps": (0.0, 0.01),
    "mean_interval": (1.7, 3.0),
    "repetition": (0.10, 0.45),
}

KeyAt = Callable[[Fraction], tuple[int, str]]


def metrics(
    notes: Sequence[Note], tonic: int, mode: str, quarters: Fraction, new: Sequence[Sequence[Note]] | None = None,
    key_at: KeyAt | None = None,
) -> dict[str, float]:  # fmt: skip
    """Figures of a melody (``GATES`` names them).

    ``new`` are the runs of notes that are not there before in the song (all of it when not given), ``key_at`` tells
    the key of a beat where a song does not stay in one.
    """
    pitches = [n.pitch for n in notes]
    if len(pitches) < 2:
        return dict.fromkeys(GATES, 0.0)
    classes = Counter(p % 12 for p in pitches)
    total = len(pitches)
    home = scale(tonic, mode)
    inside = sum(n.pitch % 12 in (home if key_at is None else scale(*key_at(n.start))) for n in notes)
    leaps = [abs(b - a) for a, b in zip(pitches, pitches[1:])]
    return {
        "entropy": -sum(c / total * math.log2(c / total) for c in classes.values()),
        "in_scale": inside / total,
        "groove": _groove(notes, quarters),
        "range": max(pitches) - min(pitches),
        "stepwise": sum(x <= 2 for x in leaps) / len(leaps),
        "wide_leaps": sum(x > 12 for x in leaps) / len(leaps),
        "mean_interval": sum(leaps) / len(leaps),
        "repetition": repetition([[n.pitch for n in run] for run in new] if new is not None else [pitches]),
    }


def passes(values: dict[str, float], range_gate: tuple[float, float] | None = None) -> bool:
    """Whether all gates hold; ``range_gate`` for a voice too narrow for the usual one."""
    gates = GATES if range_gate is None else {**GATES, "range": range_gate}
    return all(low - 1e-9 <= values[name] <= high + 1e-9 for name, (low, high) in gates.items())


def score(values: dict[str, float], range_gate: tuple[float, float] | None = None) -> float:
    """Badness: distance outside the gates in units of their width, plus a mild pull to the middle."""
    bad = 0.0
    for name, (low, high) in GATES.items():
        if name == "range" and range_gate is not None:
            low, high = range_gate
        value, width = values[name], high - low or 1.0
        out = max(0.0, low - value, value - high)
        bad += 6.0 * out / width + (1.0 if out > 0 else 0.0)
        bad += 0.1 * abs(value - (low + high) / 2) / width
    return bad


def repetition(runs: Sequence[Sequence[int]]) -> float:
    """Share of interval 4-grams, within runs of pitches, that came before."""
    grams: Counter[tuple[int, ...]] = Counter()
    for run in runs:
        grams.update(tuple(b - a for a, b in zip(run[i : i + 4], run[i + 1 : i + 5])) for i in range(len(run) - 4))
    total = sum(grams.values())
    return sum(n - 1 for n in grams.values()) / total if total else 0.0


def _groove(notes: Sequence[Note], quarters: Fraction) -> float:
    """1 - differing sixteenths between neighbouring bars that have notes."""
    slots = max(1, int(quarters * 4))
    size = float(quarters)
    bars: dict[int, set[int]] = {}
    for note in notes:
        start = float(note.start)
        bar = int((start + 1e-9) // size)
        bars.setdefault(bar, set()).add(round((start - bar * size) * 4) % slots)
    pairs = [(bars[b], bars[b + 1]) for b in bars if b + 1 in bars]
    if not pairs:
        return 0.0
    return sum(1 - len(a ^ b) / slots for a, b in pairs) / len(pairs)

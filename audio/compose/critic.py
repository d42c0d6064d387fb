"""What makes a sung line good, in numbers, and the gates a song must pass.

Definitions follow MusPy (pitch-class entropy, scale and groove consistency); the gates are mean +- 2 sd of fiddle
tunes, folk songs and chorale sopranos.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from audio.compose.theory import scale
from audio.score.model import Note

GATES: dict[str, tuple[float, float]] = {
    "entropy": (2.1, 2.9),
    "in_scale": (0.95, 1.0),
    "groove": (0.70, 0.97),
    "range": (10, 17),
    "stepwise": (0.55, 0.92),
    "wide_leaps": (0.0, 0.01),
    "mean_interval": (1.2, 3.0),
    "repetition": (0.10, 0.60),
}


def metrics(notes: Sequence[Note], tonic: int, mode: str, quarters: Fraction) -> dict[str, float]:
    """Figures of a melody (``GATES`` names them)."""
    pitches = [n.pitch for n in notes]
    if len(pitches) < 2:
        return dict.fromkeys(GATES, 0.0)
    classes = Counter(p % 12 for p in pitches)
    total = len(pitches)
    pcs = scale(tonic, mode)
    leaps = [abs(b - a) for a, b in zip(pitches, pitches[1:])]
    moved = [x for x in leaps if x] or [0]
    grams = Counter(tuple(b - a for a, b in zip(pitches[i : i + 5], pitches[i + 1 : i + 5])) for i in range(total - 4))
    repeated = sum(n - 1 for n in grams.values())
    return {
        "entropy": -sum(c / total * math.log2(c / total) for c in classes.values()),
        "in_scale": sum(c for pc, c in classes.items() if pc in pcs) / total,
        "groove": _groove(notes, quarters),
        "range": max(pitches) - min(pitches),
        "stepwise": sum(x <= 2 for x in moved) / len(moved),
        "wide_leaps": sum(x > 12 for x in leaps) / len(leaps),
        "mean_interval": sum(leaps) / len(leaps),
        "repetition": repeated / max(1, sum(grams.values())) if total > 200 else min(0.6, repeated / max(1, total - 4)),
    }


def score(values: dict[str, float], range_gate: tuple[float, float] | None = None) -> float:
    """Badness: distance outside the gates in units of their width, plus a mild pull to the middle."""
    bad = 0.0
    for name, (low, high) in GATES.items():
        if name == "range" and range_gate is not None:
            low, high = range_gate
        value, width = values[name], high - low or 1.0
        bad += 4.0 * max(0.0, low - value, value - high) / width
        bad += 0.1 * abs(value - (low + high) / 2) / width
    return bad


def _groove(notes: Sequence[Note], quarters: Fraction) -> float:
    """1 - differing sixteenths between neighbouring bars that have notes."""
    slots = int(quarters * 4)
    bars: dict[int, set[int]] = {}
    for note in notes:
        bar = int(note.start // quarters)
        bars.setdefault(bar, set()).add(round((note.start - bar * quarters) * 4) % slots)
    pairs = [(bars[b], bars[b + 1]) for b in bars if b + 1 in bars]
    if not pairs:
        return 0.0
    return sum(1 - len(a ^ b) / slots for a, b in pairs) / len(pairs)

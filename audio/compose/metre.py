"""Metre: how the eighths of a bar are grouped, where its accents lie, and patterns carried over to another metre."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from audio.score.model import Meter

GROUPS: dict[str, tuple[int, ...]] = {
    "5/8": (3, 2),
    "6/8": (3, 3),
    "7/8": (2, 2, 3),
    "8/8": (3, 3, 2),
    "9/8": (3, 3, 3),
    "10/8": (3, 3, 2, 2),
    "11/8": (3, 3, 3, 2),
    "12/8": (3, 3, 3, 3),
    "13/8": (3, 3, 3, 2, 2),
    "15/8": (3, 3, 3, 3, 3),
}
"""Usual groups of eighths where a beat is not simply two of them; a style may say others."""

MOST_BEATS = 19


@dataclass(frozen=True, eq=False)
class Metre:
    """A time signature with its groups. ``groups`` are in steps of which ``step`` quarters each is long (an eighth;
    a sixteenth in x/16); ``accent`` is the group with the bar's second accent, 0 for none."""

    beats: int
    unit: int
    groups: tuple[int, ...]
    step: Fraction
    accent: int

    @property
    def quarters(self) -> Fraction:
        """Quarter beats in a bar."""
        return Fraction(4 * self.beats, self.unit)

    def starts(self) -> tuple[Fraction, ...]:
        """Where groups begin, in quarter beats from the bar line."""
        found, at = [], 0
        for size in self.groups:
            found.append(at * self.step)
            at += size
        return tuple(found)

    def weight(self, slot: int, grid: int) -> float:
        """Metrical weight 0..1 of a slot of 1/``grid`` quarters (1 on the bar line)."""
        table = _weights(self, grid)
        return table[slot % len(table)]

    def parts(self, count: int) -> tuple[Fraction, ...]:
        """Lengths of ``count`` parts of a bar, cut where groups begin, as even as that allows."""
        if count <= 1:
            return (self.quarters,)
        cuts = [Fraction(0)]
        inner = list(self.starts()[1:])
        for i in range(1, count):
            goal = self.quarters * i / count
            later = [s for s in inner if s > cuts[-1]]
            best = min(later, key=lambda s: abs(s - goal), default=None)
            cuts.append(best if best is not None else cuts[-1] + (self.quarters - cuts[-1]) / 2)
        return tuple(b - a for a, b in zip(cuts, [*cuts[1:], self.quarters]))


@lru_cache(maxsize=256)
def metre_of(text: str, groups: tuple[int, ...] = ()) -> Metre:
    """The metre of ``"7/8"``; ``groups`` in eighths (``(3, 2, 2)``) where they are not the usual ones.

    Raises ``ValueError`` when it is no metre that can be played.
    """
    beats, _, unit = text.partition("/")
    if not (beats.isdigit() and unit in ("2", "4", "8", "16")) or not 1 <= int(beats) <= MOST_BEATS:
        raise ValueError(f"{text[:12]!r} is no metre (write 4/4, 7/8, 5/4)")
    count, denominator = int(beats), int(unit)
    step = Fraction(1, 4) if denominator == 16 else Fraction(1, 2)
    steps = int(Fraction(4 * count, denominator) / step)
    if sum(groups) == steps:
        chosen = groups
    elif denominator in (8, 16):
        chosen = GROUPS.get(f"{count}/8") or _additive(count)
    else:
        chosen = (2,) * (steps // 2) or (steps,)
    return Metre(count, denominator, chosen, step, _accent(chosen))


def of_meter(meter: Meter) -> Metre:
    """The metre of a score's time signature."""
    return metre_of(f"{meter.beats}/{meter.unit}")


def _additive(count: int) -> tuple[int, ...]:
    """Threes, then twos."""
    if count < 4:
        return (count,)
    threes = count // 3 if count % 3 != 1 else count // 3 - 1
    return (3,) * threes + (2,) * ((count - 3 * threes) // 2)


def _accent(groups: tuple[int, ...]) -> int:
    if len(groups) < 2 or (len(groups) == 3 and len(set(groups)) == 1):
        return 0
    if len(set(groups)) > 1:
        # The first group whose length differs from the one before is heard as a new beginning.
        return next(i for i in range(1, len(groups)) if groups[i] != groups[i - 1])
    return (len(groups) + 1) // 2


@lru_cache(maxsize=256)
def _weights(metre: Metre, grid: int) -> tuple[float, ...]:
    return tuple(_weight(metre, slot, grid) for slot in range(max(1, int(metre.quarters * grid))))


def _weight(metre: Metre, slot: int, grid: int) -> float:
    place = Fraction(slot, grid)
    if place == 0:
        return 1.0
    for i, start in enumerate(metre.starts()):
        if place == start:
            return 0.85 if i == metre.accent else 0.6
        if start < place < start + metre.groups[i] * metre.step:
            if (place - start) % metre.step == 0:
                return 0.25
    return 0.05


def carry(line: str, source: Metre, target: Metre) -> str:
    """A pattern written for one metre, played in another: group by group, longer groups echo their end.

    ``line`` has any whole number of characters a step.
    """
    if source.groups == target.groups and source.step == target.step:
        return line
    per = len(line) // sum(source.groups)
    if not per:
        return "x" + "." * (sum(target.groups) - 1)
    pieces, at = [], 0
    for size in source.groups:
        pieces.append(line[at : at + size * per])
        at += size * per
    n, m = len(pieces), len(target.groups)
    result = ""
    for j, size in enumerate(target.groups):
        if m < n:
            piece = pieces[round(j * (n - 1) / max(1, m - 1))]
        else:
            piece = pieces[n - 1] if j == m - 1 and n > 1 else pieces[j % n]
        while len(piece) < size * per:
            piece += piece[-per:]
        result += piece[: size * per]
    return result

"""Setting words to time: where each syllable of a line falls.

A line is two bars (four where bars are short). Syllables are placed on a grid of eighths or sixteenths by dynamic programming: stress wants strong
places, words hold together, the tune's own rhythm attracts, and a rest to breathe stays at the end.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from audio.compose.metre import Metre
from audio.compose.words import Syllable

_NEVER = 1e9


@lru_cache(maxsize=256)
def _gap_cost(gap: int, grid: int, fast: bool, density: float) -> float:
    beats = gap / grid
    if beats < 0.5:
        return (2.2 if fast else 0.75) / density
    table = ((0.5, 0.22 if fast else 0.12), (1.0, 0.0), (1.5, 0.15), (2.0, 0.6), (3.0, 1.8))
    for limit, cost in table:
        if beats <= limit:
            return cost / density if limit == 0.5 else cost * density
    return 4.0


def place(
    syllables: tuple[Syllable, ...],
    template: Collection[int],
    grid: int,
    metre: Metre,
    tempo: float,
    first: int,
    density: float = 1.0,
    bars: int = 2,
    pull: float = 1.15,
) -> list[int]:
    """Slots of the syllables relative to the line's first bar; ``first`` (may be negative) is the earliest allowed,
    ``pull`` how strongly the tune's rhythm attracts.

    The first bar holds at least one onset and, in a line of two bars, so does the second. Raises ``ValueError`` when a
    line has more syllables than there are places.
    """
    bar = int(metre.quarters * grid)
    last = bar * bars - 1 - grid // 2
    soft_last = bar * bars - 2 * grid
    slots = range(first, last + 1)
    n = len(syllables)
    if not n or n > len(slots):
        raise ValueError(f"{n} syllables do not fit in {bars} bars")
    reach = max(4 * grid, 2)
    wide = grid // 2 if metre.quarters < 4 else grid
    fast = tempo > 100
    steps = [_NEVER] + [_gap_cost(gap, grid, fast, density) for gap in range(1, reach + 1)]
    holds = [c + (0.5 if gap > grid else 0.0) for gap, c in enumerate(steps)]
    row = [_NEVER] * len(slots)
    back: list[list[int]] = []
    for j, slot in enumerate(slots):
        if (n == 1 or slot < bar) and slot <= bar - 1:
            own = _fit(syllables[0], slot, template, grid, metre, pull)
            own += 0.8 if slot < 0 and syllables[0].stress > 0.5 else 0.0
            row[j] = own + 0.12 * max(0, slot) / grid + 0.3 * max(0, -slot) / grid
    for syllable in syllables[1:]:
        gaps = steps if syllable.head else holds
        following, came = [_NEVER] * len(slots), [-1] * len(slots)
        for j, slot in enumerate(slots):
            start = max(0, j - reach)
            best = min(((row[k] + gaps[j - k], k) for k in range(start, j)), default=(_NEVER, -1))
            if best[0] < _NEVER:
                following[j] = best[0] + _fit(syllable, slot, template, grid, metre, pull)
                came[j] = best[1]
        row = following
        back.append(came)
    ends = []
    for j, slot in enumerate(slots):
        if bars > 1 and n > 1 and slot < bar * (bars - 1):
            continue
        late = 1.2 * max(0, slot - soft_last) / grid
        ends.append((row[j] + late + 0.06 * abs(slot - (soft_last - wide)) / grid, j))
    total, j = min(ends)
    if total >= _NEVER:
        raise ValueError(f"{n} syllables do not fit in {bars} bars")
    places = [j]
    for came in reversed(back):
        j = came[j]
        places.append(j)
    found = [slots[j] for j in reversed(places)]
    if not any(0 <= slot < bar for slot in found):
        # Only a pickup before the bar line: the bar itself must be sung.
        return place(syllables, template, grid, metre, tempo, 0, density, bars, pull)
    return found


def _fit(syllable: Syllable, slot: int, template: Collection[int], grid: int, metre: Metre, pull: float) -> float:
    strength = metre.weight(slot, grid)
    if strength < 0.5 and metre.weight(slot + grid // 2, grid) >= 0.85 and slot in template:
        strength = 0.7  # an anticipated strong beat counts as strong
    cost = 1.5 * syllable.stress * (1 - strength) + 0.9 * (1 - syllable.stress) * strength
    return cost - (pull if slot in template else 0.0)

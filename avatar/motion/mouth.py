"""The mouth: visemes with the phones' own times to weights of the VRM vowels.

Dominance functions (Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech") decide *what
shape* each phone takes: a vowel keeps its own, a tongue consonant mostly borrows the shape of the vowels around
it, lips that must close always close. *When* it takes it is not left to the blend: shapes cross exactly half-way
on the phone's boundary, so the mouth is half open on the sample where the vowel is heard. *How far* it opens follows
the loudness of the sound itself, where that is known: a vowel that swells opens slowly, one that is swallowed hardly.
"""

from __future__ import annotations

import math

from avatar.motion.cues import LEVEL_STEP, RATE, Track, Viseme
from avatar.motion.noise import layered, min_jerk

Shape = tuple[float, float, float, float, float]
"""Weights of aa, ih, ou, ee, oh."""

VOWELS = ("aa", "ih", "ou", "ee", "oh")
REST: Shape = (0.0, 0.0, 0.0, 0.0, 0.0)

SHAPES: dict[str, tuple[Shape, float]] = {
    "sil": (REST, 3.0),
    "PP": (REST, 60.0),
    "FF": ((0.0, 0.10, 0.0, 0.06, 0.0), 14.0),
    "TH": ((0.14, 0.10, 0.0, 0.08, 0.0), 1.2),
    "DD": ((0.10, 0.16, 0.0, 0.06, 0.0), 0.9),
    "kk": ((0.18, 0.08, 0.0, 0.06, 0.0), 0.6),
    "CH": ((0.0, 0.10, 0.34, 0.0, 0.08), 2.2),
    "SS": ((0.0, 0.26, 0.0, 0.12, 0.0), 1.6),
    "nn": ((0.10, 0.14, 0.0, 0.04, 0.0), 0.7),
    "RR": ((0.22, 0.0, 0.30, 0.0, 0.36), 1.3),
    "aa": ((1.0, 0.0, 0.0, 0.0, 0.0), 7.0),
    "E": ((0.16, 0.0, 0.0, 0.86, 0.0), 7.0),
    "ih": ((0.10, 0.82, 0.0, 0.08, 0.0), 6.0),
    "oh": ((0.10, 0.0, 0.0, 0.0, 0.95), 7.0),
    "ou": ((0.0, 0.0, 0.92, 0.0, 0.10), 7.0),
}
"""Shape and dominance of each of the fifteen OVR visemes."""

OPEN_VOWELS = frozenset(("aa", "E", "ih", "oh", "ou"))
_CLOSED = frozenset(("PP", "FF"))
_GLIDES = frozenset(("ou", "ih"))
_UNDERSHOT = 9.0
"""The second half of a diphthong is only pointed at: the mouth stays open on its way there, as its sound stays loud."""
_SPREAD = 11.0
"""How fast a phone's influence on its neighbours' shapes decays, per second between their middles."""
_HALF = 0.036
_HALF_LIPS = 0.020
_HALF_CLOSE = 0.050
"""Half widths in seconds of the crossing between two phones: usual, into and out of closed lips, into silence."""
_HOLD = 0.036
"""Lips that close stay closed at least this long, so that a frame at 30 Hz sees it."""
_NARROW = {"TH": 0.6, "DD": 0.5, "kk": 0.55, "CH": 0.6, "SS": 0.5, "nn": 0.62, "RR": 0.92}
"""How far each tongue consonant narrows the mouth, whatever shape it borrows: the less of the voice it lets out,
the more. An r rings nearly as loud as a vowel, so the mouth that says it is nearly as open."""
_QUIETEST = 0.2
_LOUDER = 1.1
"""How much of a shape is left in silence, and the power of the level by which the rest opens. With these a mouth and the
energy of its vowels (300 to 2500 Hz) are alike by 0.85 over ten minutes of show, by 0.78 with one weight for each phone."""
_HISSING = {"SS": 0.6, "CH": 0.6, "TH": 0.6, "FF": 0.6}
"""What is left of a fricative's shape: it is loud where vowels are not, and its teeth are seen."""
_EARLIEST = RATE * 9 // 100
"""A vowel that is heard in the consonant before it opens the mouth at most this many samples early."""
_AFTER_CUT = 0.075
_QUIET = 0.04


def opening(shape: Shape) -> float:
    """How far the jaw is open, 0..1: the vowels open a face by different amounts."""
    return min(1.0, shape[0] + 0.35 * shape[1] + 0.4 * shape[2] + 0.6 * shape[3] + 0.75 * shape[4])


def _loudness(span: Viseme, now: int) -> float:
    """How much of its shape a phone opens at a sample; before its first level and after its last that one counts."""
    levels = span.levels
    if not levels:
        return 0.3 + 0.7 * min(1.0, max(0.0, span.weight))
    place = min(max((now - span.start) / LEVEL_STEP, 0.0), len(levels) - 1.0)
    k = min(int(place), max(len(levels) - 2, 0))
    level = levels[k] + (levels[min(k + 1, len(levels) - 1)] - levels[k]) * (place - k)
    least = _HISSING.get(span.name, _QUIETEST)
    return least + (1.0 - least) * (level / 100.0) ** _LOUDER


class Mouth:
    """Reads a track of visemes. ``lead`` moves every shape earlier by that many samples (calibration)."""

    __slots__ = ("lead", "seed", "track")

    def __init__(self, seed: int, lead: int = 0) -> None:
        self.track: Track[Viseme] = Track()
        self.seed = seed
        self.lead = lead

    def shape(self, sample: int) -> Shape:
        """Weights of the five vowels at a sample."""
        now = sample + self.lead
        spans = self.track.spans
        k = self.track.before(now)
        shape = self._segment(k, now)
        reach = int(0.13 * RATE)
        # The nearest boundary on either side: starts of k and k+1, or the end of k before a gap.
        if k >= 0:
            this = spans[k]
            end = self._end(k)
            if now < end:
                shape = self._crossing(k - 1, k, this.start, now, shape)
            if now > end - reach:
                follows = k + 1 < len(spans) and spans[k + 1].start <= end
                if not follows:
                    shape = self._crossing(k, None, end, now, shape)
        if k + 1 < len(spans) and spans[k + 1].start - now < reach:
            nxt = spans[k + 1]
            joined = k >= 0 and self._end(k) >= nxt.start
            shape = self._crossing(k if joined else None, k + 1, nxt.start, now, shape)
        return shape

    def emphasis(self, sample: int) -> float:
        """0..1: bumps on stressed, open vowels, for head and hands to speak along."""
        total = 0.0
        k = self.track.before(sample + RATE // 8)
        for i in range(k, max(-1, k - 5), -1):
            span = self.track.spans[i]
            if span.name in OPEN_VOWELS and span.weight > 0.4:
                t = (sample - span.start) / RATE
                strength = min(1.0, (span.end - span.start) / RATE / 0.16) * span.weight
                total += strength * min_jerk((t + 0.12) / 0.16) * math.exp(-max(t, 0.0) * 5.0)
        return min(1.0, total * 0.8)

    def _end(self, k: int) -> int:
        """Where span ``k`` really ends: the next one takes over."""
        spans = self.track.spans
        end = spans[k].end
        return min(end, spans[k + 1].start) if k + 1 < len(spans) else end

    def _segment(self, k: int, now: int) -> Shape:
        if k < 0 or now >= self._end(k):
            return REST
        return self._target(k, now)

    def _target(self, k: int, now: int) -> Shape:
        """Shape of phone ``k`` among its neighbours, times its weight and the slow life of a long vowel."""
        spans = self.track.spans
        span = spans[k]
        if span.name in ("sil", "PP"):
            return REST
        middle = 0.5 * (span.start + self._end(k))
        own, dominance = SHAPES[span.name]
        total = dominance
        sums = [x * dominance for x in own]
        for j in range(max(0, k - 2), min(len(spans), k + 3)):
            other = spans[j]
            if j == k or other.name in _CLOSED or other.name == "sil":
                continue
            target, power = SHAPES[other.name]
            apart = abs(0.5 * (other.start + self._end(j)) - middle) / RATE
            influence = power * math.exp(-_SPREAD * apart) * (0.9 if span.name not in OPEN_VOWELS else 0.25)
            if j == k - 1 and span.name in _GLIDES and other.name in OPEN_VOWELS and self._end(j) >= span.start:
                influence *= _UNDERSHOT
            total += influence
            for n in range(5):
                sums[n] += influence * target[n]
        scale = _loudness(span, now) / total
        if span.name not in OPEN_VOWELS:
            # A consonant narrows the passage whatever it borrows, so that every vowel is seen to open.
            scale *= _NARROW.get(span.name, 0.74)
        length = (self._end(k) - span.start) / RATE
        if length > 0.24 and span.name in OPEN_VOWELS:
            t = (now - span.start) / RATE
            ease = min_jerk((t - 0.12) / 0.5)
            scale *= 1.0 - ease * (0.07 - 0.06 * layered(self.seed, 311, now / RATE * 1.7))
        return (sums[0] * scale, sums[1] * scale, sums[2] * scale, sums[3] * scale, sums[4] * scale)

    def _crossing(self, i: int | None, j: int | None, boundary: int, now: int, otherwise: Shape) -> Shape:
        """The blend of phones ``i`` and ``j`` (None: rest) around ``boundary``, if ``now`` lies inside it."""
        spans = self.track.spans
        before = spans[i] if i is not None and i >= 0 else None
        if before is not None and i is not None and self._end(i) < boundary:
            before, i = None, None
        after = spans[j] if j is not None else None
        half = _HALF
        if after is None:
            half = _HALF_CLOSE
        if (before and before.name in _CLOSED) or (after and after.name in _CLOSED):
            half = _HALF_LIPS
        early = min(after.early, _EARLIEST, boundary - before.start) if after is not None and before is not None else 0
        if before is not None and before.stopped:
            # Interrupted: what was shown until now stays true; the mouth closes from here on.
            start, half = float(boundary), _AFTER_CUT / 2
        else:
            for k in (i, j):
                if k is not None and k >= 0:
                    half = min(half, 0.45 * (self._end(k) - spans[k].start) / RATE)
            start = boundary - early - half * RATE
            if after is not None and after.name in _CLOSED and j is not None and before is not None:
                # Close a little early if the closure is too short to be seen.
                short = _HOLD - (self._end(j) - boundary) / RATE + 2.0 * half
                start -= min(max(short, 0.0), 0.024) * RATE
        width = max(2.0 * half * RATE, 1.0)
        if not start <= now < start + width:
            if after is not None and (early or after.name in _CLOSED) and start + width <= now < boundary:
                return self._target(j, now) if j is not None else REST
            return otherwise
        mix = min_jerk((now - start) / width)
        a = self._target(i, now) if before is not None and i is not None else REST
        b = self._target(j, now) if after is not None and j is not None else REST
        return (
            a[0] + (b[0] - a[0]) * mix,
            a[1] + (b[1] - a[1]) * mix,
            a[2] + (b[2] - a[2]) * mix,
            a[3] + (b[3] - a[3]) * mix,
            a[4] + (b[4] - a[4]) * mix,
        )

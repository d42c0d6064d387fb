"""Dancing: a groove in hips, knees, shoulders and head that lands on the beats, and arm phrases of two bars.

The same section name gets the same choreography whenever it comes back, as on a real stage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from avatar.motion.cues import RATE, Beat, Section, Track
from avatar.motion.dofs import INDEX, LEFT, RIGHT, Vector
from avatar.motion.noise import chance, min_jerk, name_number, noise
from avatar.motion.poses import PoseBook, read

I_ = INDEX
_AFTER = 0.9
"""Seconds in which a groove dies down after the last beat."""
_STEP = 0.13
_STEPS = (
    (0.5 * _STEP, -0.5 * _STEP, 0.0, 0.0, 0.0),
    (-0.5 * _STEP, -0.5 * _STEP, -0.42 * _STEP, 1.0, 0.0),
    (0.5 * _STEP, -0.5 * _STEP, 0.0, 0.0, 0.0),
    (0.5 * _STEP, 0.5 * _STEP, 0.42 * _STEP, 0.0, 1.0),
)
"""Step-touch, in hip heights: open, right, open, left."""
_PHRASE = (0, 0, 1, 2)
"""Two-bar phrases of a section: the first move is repeated before a second and a third come."""


@dataclass(frozen=True, slots=True)
class Move:
    """An arm phrase: ``counts`` of (left, right) arm poses."""

    name: str
    low: float
    high: float
    counts: tuple[tuple[Vector, Vector], ...]
    travel: float
    sway: int
    step: bool
    turn: tuple[float, ...]
    drop: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One beat's place in the song."""

    number: int
    """Counts since the section began."""
    energy: float
    section: str
    phrase: int
    index: int
    """Count inside the phrase of two bars."""


def compile_moves(book: PoseBook) -> list[Move]:
    """The moves of ``dance.toml`` for the body of ``book``."""
    moves = []
    for name, entry in read("dance.toml").items():
        counts = tuple((book.arm(a), book.arm(b)) for a, b in (pair.split() for pair in entry["counts"]))
        low, high = entry["energy"]
        moves.append(
            Move(
                name,
                low,
                high,
                counts,
                float(entry["travel"]),
                int(entry["sway"]),
                bool(entry.get("step", False)),
                tuple(map(float, entry.get("turn", (0.0,)))),
                tuple(map(float, entry.get("drop", (0.0,)))),
            )
        )
    return moves


class Dance:
    """Reads beats and sections and lays the dance over a pose."""

    __slots__ = ("beats", "moves", "sections", "seed")

    def __init__(self, seed: int, book: PoseBook) -> None:
        self.beats: Track[Beat] = Track()
        self.sections: Track[Section] = Track()
        self.seed = seed
        self.moves = compile_moves(book)

    def add(self, sample: int, length: int, bar: bool, energy: float) -> None:
        """A beat; beats may come in any order, each learns its place from the one before it."""
        at = self.beats.add(Beat(sample, sample + max(length, 1), "", bar, energy))
        for i in range(at, len(self.beats.spans)):
            beat = self.beats.spans[i]
            before = self.beats.spans[i - 1] if i else None
            joined = before is not None and beat.start - before.end < (beat.end - beat.start) * 2
            run = before.run if before is not None and joined else beat.start
            place = 0 if beat.bar or not joined or before is None else before.place + 1
            if i > at and (run, place) == (beat.run, beat.place):
                break
            self.beats.set(i, Beat(beat.start, beat.end, "", beat.bar, beat.energy, place, run))

    def presence(self, sample: int) -> float:
        """0..1: how much the body dances at a sample."""
        k = self.beats.before(sample)
        if k < 0:
            return 0.0
        beat = self.beats.spans[k]
        length = beat.end - beat.start
        rise = min_jerk((sample - beat.run) / (2.0 * length))
        fall = 1.0 - min_jerk((sample - beat.end) / (_AFTER * RATE))
        following = self.beats.spans[k + 1].energy if k + 1 < len(self.beats.spans) else beat.energy
        energy = beat.energy + (following - beat.energy) * min_jerk((sample - beat.start) / length)
        return rise * fall * min(1.0, energy / 0.2)

    def counted(self, sample: int) -> tuple[float | None, float]:
        """(beats since the section began, its energy); None before any beat."""
        k = self.beats.before(sample)
        if k < 0:
            return None, 0.0
        beat, count = self.beats.spans[k], self._count(k)
        return count.number + min((sample - beat.start) / (beat.end - beat.start), 1.0), count.energy

    def apply(self, sample: int, pose: Vector) -> float:
        """Add the dance; returns :meth:`presence`."""
        here = self.presence(sample)
        if here <= 0.0:
            return 0.0
        k = self.beats.before(sample)
        beat = self.beats.spans[k]
        phase = min((sample - beat.start) / (beat.end - beat.start), 1.0)
        now, then = self._count(k), self._count(k + 1)
        amount = now.energy + (then.energy - now.energy) * min_jerk(phase)
        amount = here * (0.36 + 0.64 * amount)
        self._groove(pose, phase, now, then, amount, sample / RATE)
        self._feet(pose, phase, now, then, amount)
        self._arms(pose, phase, now, then, here)
        return here

    def move(self, count: Count) -> Move:
        """The arm phrase for a count, chosen by the section's name and energy."""
        fitting = [m for m in self.moves if m.low <= count.energy <= m.high]
        slot = _PHRASE[count.phrase % 4]
        # A section's own order of moves; its phrases take the first, second and third of it.
        name = name_number(count.section)
        order = sorted(fitting, key=lambda m: chance(self.seed, name, name_number(m.name)))
        return order[slot % len(order)]

    def _count(self, k: int) -> Count:
        spans = self.beats.spans
        beat = spans[min(k, len(spans) - 1)]
        start = beat.start if k < len(spans) else beat.end
        place = beat.place if k < len(spans) else beat.place + 1
        per_bar = self._per_bar(min(k, len(spans) - 1))
        length = beat.end - beat.start
        s = self.sections.before(start + length // 8)
        section = self.sections.spans[s] if s >= 0 else None
        origin = section.start if section is not None and start - section.end < length else beat.run
        bar = round((start - place * length - origin) / (length * per_bar))
        energy = min(1.0, max(0.0, beat.energy))
        count = bar * per_bar + place
        return Count(count, energy, section.name if section else "", bar // 2, bar % 2 * per_bar + place % per_bar)

    def _per_bar(self, k: int) -> int:
        """Beats of the bar around beat ``k``, from the bar lines that are known; 4 without any."""
        spans = self.beats.spans
        for i in range(k + 1, min(k + 13, len(spans))):
            if spans[i].bar and spans[i - 1].bar is False:
                return spans[i - 1].place + 1
        for i in range(k, max(k - 13, 0), -1):
            if spans[i].bar and not spans[i - 1].bar:
                return spans[i - 1].place + 1
        return 4

    def _groove(self, pose: Vector, phase: float, now: Count, then: Count, amount: float, t: float) -> None:
        hit = 0.5 + 0.5 * math.cos(math.tau * phase)
        move = self.move(now)

        def side(count: Count) -> float:
            return 1.0 if (count.number // move.sway) % 2 == 0 else -1.0

        s = side(now) + (side(then) - side(now)) * min_jerk(phase)
        swing = 1.0 - 0.25 * noise(self.seed, 921, t * 0.2)
        pose[I_["hips.y"]] -= amount * (0.012 + 0.034 * hit)
        pose[I_["hips.x"]] += amount * 0.046 * s * swing * (0.4 if move.step else 1.0)
        pose[I_["hips.z"]] -= amount * 0.012 * hit
        pose[I_["hips.roll"]] -= amount * 7.0 * s
        pose[I_["hips.yaw"]] += amount * 7.0 * s * swing
        pose[I_["hips.pitch"]] += amount * 2.5 * hit
        pose[I_["spine.roll"]] += amount * 7.5 * s
        pose[I_["spine.yaw"]] -= amount * 6.0 * s
        pose[I_["spine.pitch"]] += amount * (2.5 * hit - 2.0)
        pose[I_["head.roll"]] -= amount * 5.0 * s
        pose[I_["head.yaw"]] += amount * 3.0 * s
        pose[I_["head.pitch"]] += amount * (6.5 * hit - 3.5)
        pose[I_["left.shrug"]] += amount * (5.0 * max(0.0, -s) + 2.0 * hit)
        pose[I_["right.shrug"]] += amount * (5.0 * max(0.0, s) + 2.0 * hit)
        if not move.step:
            # The foot that carries no weight comes off its heel, and is down again when the weight returns.
            travel = 1.0 if side(now) == side(then) else math.sin(math.pi * phase) * 0.35 + 0.65
            pose[I_["left.heel"]] += amount * 22.0 * max(0.0, -s) * travel
            pose[I_["right.heel"]] += amount * 22.0 * max(0.0, s) * travel

    def _feet(self, pose: Vector, phase: float, now: Count, then: Count, amount: float) -> None:
        """A dancer's stance, and the step-touch of moves that step: a foot lands on each beat."""
        stance = 0.045 * amount
        pose[I_["left.foot.x"]] += stance
        pose[I_["right.foot.x"]] -= stance
        a, b = self._footing(now), self._footing(then)
        mix = min_jerk((phase - 0.3) / 0.7)
        # Between moves both feet may have to shift at once; then they shuffle instead of jumping.
        lift = 0.2 if a[0] != b[0] and a[1] != b[1] else 1.0
        for side, k in (("left", 0), ("right", 1)):
            pose[I_[f"{side}.foot.x"]] += amount * (a[k] + (b[k] - a[k]) * mix)
            if a[k] != b[k]:
                pose[I_[f"{side}.foot.y"]] += amount * lift * 0.05 * math.sin(math.pi * mix)
                pose[I_[f"{side}.heel"]] += amount * lift * 26.0 * math.sin(math.pi * mix)
        pose[I_["hips.x"]] += amount * (a[2] + (b[2] - a[2]) * mix)
        for side, k in (("left", 3), ("right", 4)):
            pose[I_[f"{side}.heel"]] += amount * 20.0 * (a[k] + (b[k] - a[k]) * mix)

    def _footing(self, count: Count) -> tuple[float, float, float, float, float]:
        """Where a count leaves the left foot, the right foot and the hips (x), and which heel only touches."""
        return _STEPS[count.number % 4] if self.move(count).step else (0.0, 0.0, 0.0, 0.0, 0.0)

    def _arms(self, pose: Vector, phase: float, now: Count, then: Count, here: float) -> None:
        move, following = self.move(now), self.move(then)
        mix = min_jerk((phase - (1.0 - following.travel)) / following.travel)
        # A hit gives a little after it lands.
        give = 1.0 - 0.05 * math.sin(math.pi * min(phase / 0.6, 1.0)) * (1.0 - mix)
        start, goal = self._pair(move, now), self._pair(following, then)
        size = here * (0.72 + 0.28 * min(1.0, now.energy * 1.4)) * give
        for arm, a, b in ((LEFT, start[0], goal[0]), (RIGHT, start[1], goal[1])):
            pose[arm] += (a + (b - a) * mix - pose[arm]) * size

        twist_from, dip_now = self._torso(move, now)
        twist_to, dip_then = self._torso(following, then)
        turn = size * (twist_from + (twist_to - twist_from) * mix)
        dip = size * (0.5 + 0.5 * math.cos(math.tau * phase)) * (dip_now if phase < 0.5 else dip_then)
        pose[I_["hips.yaw"]] += 0.45 * turn
        pose[I_["spine.yaw"]] += 0.55 * turn
        pose[I_["head.yaw"]] -= 0.55 * turn
        pose[I_["hips.y"]] -= dip
        pose[I_["spine.pitch"]] += 160.0 * dip

    @staticmethod
    def _torso(move: Move, count: Count) -> tuple[float, float]:
        """How far a count turns the torso (degrees to the left) and lowers the hips on its beat (hip heights)."""
        sign = 1.0 if count.phrase % 2 == 0 else -1.0
        return sign * move.turn[count.index % len(move.turn)], move.drop[count.index % len(move.drop)]

    @staticmethod
    def _pair(move: Move, count: Count) -> tuple[Vector, Vector]:
        left, right = move.counts[count.index % len(move.counts)]
        return (left, right) if count.phrase % 2 == 0 else (right, left)

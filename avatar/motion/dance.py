"""Dancing: a groove in hips, knees, shoulders and head that lands on the beats, and arm phrases of two bars.

The same section name gets the same choreography whenever it comes back, as on a real stage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from avatar.motion.cues import RATE, Beat, Section, Track
from avatar.motion.dofs import INDEX, LEFT, RIGHT, Vector
from avatar.motion.noise import chance, min_jerk, name_number
from avatar.motion.poses import PoseBook, read

I_ = INDEX
_AFTER = 0.9
"""Seconds in which a groove dies down after the last beat."""
_PHRASES = ((0, 0, 1, 2), (3, 0, 1, 4), (2, 3, 0, 1))
"""Two-bar phrases of a section, eight bars a row: the first move is repeated before a second and a third come, and the
next eight bars begin with another."""
_TOUCHING = frozenset(("clap", "clap_open", "heart", "hip", "chest", "shoulder", "cross", "rest", "ear"))
"""Arm poses that meet the body or the other hand: they are not varied."""
_DRAG = 0.16
"""How far a hand hangs behind an arm that rises or falls, in degrees of wrist a degree of arm."""
_WEIGHT = 0.05
"""How far the hips go over the foot that carries, in hip heights."""
_HIGH, _KNEE = 0.075, 0.13
"""Lift of a stepping foot and of one held up with the knee high, in hip heights."""


@dataclass(frozen=True, slots=True)
class Move:
    """An arm phrase: ``counts`` of (left, right) arm poses."""

    name: str
    low: float
    high: float
    counts: tuple[tuple[Vector, Vector], ...]
    names: tuple[tuple[str, str], ...]
    travel: float
    sway: int
    steps: tuple[tuple[float, ...], ...]
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
    round: int
    """How often this section has come before."""
    key: int
    """A number of its own for the small differences between one time and another."""
    amount: float
    """How large the dance is on this count, 0..1: the energy, faded in and out."""


def compile_moves(book: PoseBook) -> list[Move]:
    """The moves of ``dance.toml`` for the body of ``book``."""
    raw = dict(read("dance.toml"))
    steps = {name: tuple(tuple(map(float, row)) for row in rows) for name, rows in raw.pop("steps").items()}
    moves = []
    for name, entry in raw.items():
        names = tuple((a, b) for a, b in (pair.split() for pair in entry["counts"]))
        low, high = entry["energy"]
        moves.append(Move(
            name, low, high, tuple((book.arm(a), book.arm(b)) for a, b in names), names, float(entry["travel"]),
            int(entry["sway"]), steps[entry.get("steps", "stand")], tuple(map(float, entry.get("turn", (0.0,)))),
            tuple(map(float, entry.get("drop", (0.0,)))),
        ))  # fmt: skip
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
        amount = now.amount + (then.amount - now.amount) * min_jerk(phase)
        self._groove(pose, phase, now, then, amount)
        self._feet(pose, phase, now, then)
        self._arms(pose, phase, now, then, here)
        return here

    def move(self, count: Count) -> Move:
        """The arm phrase for a count, chosen by the section's name and energy."""
        fitting = [m for m in self.moves if m.low <= count.energy <= m.high]
        slot = _PHRASES[count.phrase // 4 % len(_PHRASES)][count.phrase % 4]
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
        before = sum(1 for other in self.sections.spans[:s] if other.name == section.name) if section else 0
        return Count(count, energy, section.name if section else "", bar // 2, bar % 2 * per_bar + place % per_bar,
                     before, start // 480, self.presence(start) * (0.36 + 0.64 * energy))  # fmt: skip

    def _mirrored(self, count: Count) -> bool:
        """Every second phrase, and every second time a section comes, is danced to the other side."""
        return (count.phrase + count.round) % 2 == 1

    def _vary(self, count: Count, stream: int) -> float:
        """-1..1: what is a little different this time."""
        return 2.0 * chance(self.seed, stream, count.key) - 1.0

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

    def _groove(self, pose: Vector, phase: float, now: Count, then: Count, amount: float) -> None:
        """Hips, knees, shoulders and head: from side to side, lowest on the beat, moving between beats only."""
        move = self.move(now)
        slow = move.sway == 2
        # A slow sway takes two beats from side to side and sinks once in that time.
        at = (now.number % 2 + phase) / 2.0 if slow else phase
        hit = 0.5 + 0.5 * math.cos(math.tau * at)

        def side(count: Count, ahead: int = 0) -> float:
            sign = 1.0 if ((count.number + ahead) // move.sway) % 2 == 0 else -1.0
            return sign * (-1.0 if self._mirrored(now) else 1.0)

        stepping = len(move.steps) > 1
        if stepping:
            # Steps say which foot carries the weight; the trunk goes with it.
            a, b = (min(1.2, max(-1.2, self._footing(c)[4] / _WEIGHT)) for c in (now, then))
            s = a + (b - a) * min_jerk(phase)
        else:
            a, b = side(now), side(now, 2 if slow else 1)
            s = (a + (b - a) * min_jerk(at)) * (1.0 + 0.14 * self._vary(now, 921))
            pose[I_["hips.x"]] += amount * _WEIGHT * s
        pose[I_["hips.y"]] -= amount * (0.01 + (0.018 if slow else 0.024) * hit)
        pose[I_["hips.z"]] -= amount * 0.012 * hit
        pose[I_["hips.roll"]] -= amount * 8.5 * s
        pose[I_["hips.yaw"]] += amount * 8.0 * s
        pose[I_["hips.pitch"]] += amount * 2.5 * hit
        pose[I_["spine.roll"]] += amount * 9.0 * s
        pose[I_["spine.yaw"]] -= amount * 7.0 * s
        pose[I_["spine.pitch"]] += amount * (2.5 * hit - 2.0)
        tilt = self._vary(now, 922) + (self._vary(then, 922) - self._vary(now, 922)) * min_jerk(phase)
        pose[I_["head.roll"]] -= amount * (5.5 * s + 3.0 * tilt)
        pose[I_["head.yaw"]] += amount * (4.0 * s + 5.0 * tilt)
        pose[I_["head.pitch"]] += amount * (6.0 * hit - 3.5)
        pose[I_["left.shrug"]] += amount * (5.0 * max(0.0, -s) + 2.0 * hit)
        pose[I_["right.shrug"]] += amount * (5.0 * max(0.0, s) + 2.0 * hit)
        if not stepping:
            # The foot that carries no weight comes off its heel, and is down again when the weight returns.
            pose[I_["left.heel"]] += amount * 24.0 * max(0.0, -s)
            pose[I_["right.heel"]] += amount * 24.0 * max(0.0, s)

    def _feet(self, pose: Vector, phase: float, now: Count, then: Count) -> None:
        """Where each foot stands on a count; a foot that must be elsewhere on the next is lifted there, never slid."""
        a, b = self._footing(now), self._footing(then)
        mix = min_jerk(phase**1.25)
        both = True
        for k in (0, 2):
            both = both and abs(a[k] - b[k]) + abs(a[k + 1] - b[k + 1]) > 1e-4
        for side, k, state in (("left", 0, 5), ("right", 2, 6)):
            away = abs(a[k] - b[k]) + abs(a[k + 1] - b[k + 1])
            going = min_jerk((mix - 0.2) / 0.6)
            up = (a[state] == 2.0) * (1.0 - mix) * now.amount + (b[state] == 2.0) * mix * then.amount
            touch = (a[state] == 1.0) * (1.0 - mix) * now.amount + (b[state] == 1.0) * mix * then.amount
            pose[I_[f"{side}.foot.x"]] += a[k] + (b[k] - a[k]) * going
            pose[I_[f"{side}.foot.z"]] += a[k + 1] + (b[k + 1] - a[k + 1]) * going + 0.5 * _KNEE * up
            pose[I_[f"{side}.foot.y"]] += _KNEE * up
            pose[I_[f"{side}.heel"]] += 20.0 * touch + 22.0 * up
            if away > 1e-4:
                air = math.sin(math.pi * mix) * (1.0 - up)
                pose[I_[f"{side}.foot.y"]] += (0.55 if both else 1.0) * _HIGH * min(1.0, 0.35 + away / 0.08) * air**0.8
                pose[I_[f"{side}.heel"]] += 16.0 * air * air
        back = 0.3 * (a[1] + a[3] + (b[1] + b[3] - a[1] - a[3]) * min_jerk(phase))
        pose[I_["hips.z"]] += back
        pose[I_["hips.x"]] += a[4] + (b[4] - a[4]) * min_jerk(phase)
        if both:
            pose[I_["hips.y"]] += 0.03 * math.sin(math.pi * mix)

    def _footing(self, count: Count) -> tuple[float, ...]:
        """(left x, left z, right x, right z, hips x, left touch, right touch) of a count, in hip heights.

        A touch of 1 stands on the ball of the foot; of 2 holds the foot up, knee high.
        """
        steps = self.move(count).steps
        row = steps[count.number % len(steps)]
        k = count.amount
        if self._mirrored(count):
            row = (-row[2], row[3], -row[0], row[1], -row[4], row[6], row[5])
        stance = 0.045 * k
        return (row[0] * k + stance, row[1] * k, row[2] * k - stance, row[3] * k, row[4] * k, row[5], row[6])

    def _arms(self, pose: Vector, phase: float, now: Count, then: Count, here: float) -> None:
        move, following = self.move(now), self.move(then)
        # Late and quick for a hit, even for a flow; still only on the beat.
        mix = min_jerk(phase ** (1.0 / following.travel))
        start, goal = self._pair(move, now), self._pair(following, then)
        for arm, a, b in ((LEFT, start[0], goal[0]), (RIGHT, start[1], goal[1])):
            reach = a + (b - a) * mix
            rise = (b[1] - a[1]) * math.sin(math.pi * mix) ** 2
            reach[5] -= min(max(_DRAG * rise, -20.0), 20.0)
            pose[arm] += (reach - pose[arm]) * here

        twist_from, dip_now = self._torso(move, now)
        twist_to, dip_then = self._torso(following, then)
        turn = here * (twist_from + (twist_to - twist_from) * mix)
        dip = here * (dip_now + (dip_then - dip_now) * min_jerk(phase))
        pose[I_["hips.yaw"]] += 0.45 * turn
        pose[I_["spine.yaw"]] += 0.55 * turn
        pose[I_["head.yaw"]] -= 0.55 * turn
        pose[I_["hips.y"]] -= dip
        pose[I_["spine.pitch"]] += 160.0 * dip

    def _torso(self, move: Move, count: Count) -> tuple[float, float]:
        """How far a count turns the torso (degrees to the left) and lowers the hips on its beat (hip heights)."""
        sign = -1.0 if self._mirrored(count) else 1.0
        size = 1.0 + 0.25 * self._vary(count, 931)
        return sign * size * move.turn[count.index % len(move.turn)], move.drop[count.index % len(move.drop)]

    def _pair(self, move: Move, count: Count) -> tuple[Vector, Vector]:
        """Left and right arm of a count, on the side of its phrase, and never twice quite the same."""
        left, right = move.counts[count.index % len(move.counts)]
        names = move.names[count.index % len(move.names)]
        if not _TOUCHING.isdisjoint(names):
            varied = [left if names[0] in _TOUCHING else self._varied(left, count, 941),
                      right if names[1] in _TOUCHING else self._varied(right, count, 951)]  # fmt: skip
        else:
            varied = [self._varied(left, count, 941), self._varied(right, count, 951)]
        return (varied[1], varied[0]) if self._mirrored(count) else (varied[0], varied[1])

    def _varied(self, arm: Vector, count: Count, stream: int) -> Vector:
        """An arm pose a few degrees off, as nobody hits the same place twice."""
        out = arm.copy()
        # Straight up may pass behind the head; keep raised arms where they were sideways.
        out[0] += (3.0 if arm[1] > 55.0 else 8.0) * self._vary(count, stream)
        out[1] += 8.0 * self._vary(count, stream + 1)
        out[3] += 6.0 * self._vary(count, stream + 2)
        out[4] += 10.0 * self._vary(count, stream + 3)
        return out

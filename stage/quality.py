"""The picture adapts to the machine: steps of size, anti-aliasing and frame rate, with hysteresis.

Pure: it is told how long each frame took and says when to change. The sound never depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STEPS_DOWN_AFTER = 1.2
"""Seconds of trouble before a step down."""
URGENT = 8
"""How many times a second counts in which frames are late, or are begun so late that the next ones will be, and nothing is
made up."""
CLOSE = 0.1
"""Seconds before it is due at which the beginning of a frame is that late."""
SETTLE = 0.8
"""Seconds after a change in which nothing counts: what had gathered is worked off."""
PROBING = 6.0
"""Seconds after a step up in which all trouble counts like that: the level below was well."""
GRACE = 1.0
"""Seconds of trouble forgiven at the start, while processes start and caches fill."""
ROOM = 0.25
"""Idle share of all cores from which on a step up is thought of: the next level needs up to a third more."""
EASE = 0.72
"""Share of a frame's time that the next level may be expected to take."""
STEPS_UP_AFTER = 8.0
"""Seconds of ease before a step up."""
WARINESS = 3.0
"""How many times longer it takes before a level is tried again that has just been left for trouble."""
LINE, THICK = 0.5, 1.1
"""Pixels under which a performer's outlines are left out: rows of dots rather than lines; and all but what is seen close by,
which is a sixth of a frame where OpenGL is software."""


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the ladder."""

    width: int
    height: int
    aa: str
    fps: int
    line: float = LINE

    @property
    def name(self) -> str:
        """Such as ``1280x720 mlaa 30``."""
        return f"{self.width}x{self.height} {self.aa} {self.fps}" + (" thick outlines" if self.line > LINE else "")


def ladder(width: int, height: int, fps: int, fixed: bool = False, smooth: str = "mlaa") -> list[Level]:
    """Steps from what was asked for downwards. Sizes stay even, as the encoder needs; ``fixed`` keeps one size; ``smooth``
    is the anti-aliasing that this machine does best."""

    def scaled(share: float, aa: str, rate: int, line: float = THICK) -> Level:
        return Level(int(width * share / 2) * 2, int(height * share / 2) * 2, aa, rate, line)

    # At full size smoothing is the first thing to go, then thin outlines: many small pixels look better than few smoothed.
    steps = [scaled(1, smooth, fps, LINE), scaled(1, "none", fps, LINE), scaled(1, "none", fps)]
    if not fixed:
        steps += [scaled(share, smooth, fps) for share in (0.75, 0.625, 0.5)]
    if fps > 20:
        steps += [scaled(1 if fixed else 0.5, "none", fps // 2)]
    return steps


@dataclass(slots=True)
class Quality:
    """Chooses the level. ``busy`` is the share of a frame's time spent making it."""

    levels: list[Level]
    at: int = 0
    _busy: float = 0.5
    _bad: float = -GRACE
    _good: float = 0.0
    _since: float = 0.0
    _margins: tuple[float, float] = (0.0, 0.0)
    """Of the last two frames; every other one may cost more."""
    rose: bool = False
    """Whether the last change was a step up."""
    _patience: dict[int, float] = field(default_factory=dict)
    """Seconds of ease before a level that was once too much is tried again."""
    changes: list[str] = field(default_factory=list)

    @property
    def level(self) -> Level:
        """The level in force."""
        return self.levels[self.at]

    def frame(self, cost: float, late: bool, idle: float = 1.0, margin: float = 1.0) -> Level | None:
        """One frame took ``cost`` seconds and was or was not late, ``idle`` of the cores was free, it was begun ``margin``
        seconds before it was due; the new level when it changes."""
        period = 1 / self.level.fps
        self._busy += 0.08 * (min(3.0, cost / period) - self._busy)
        self._since += period
        better = margin > self._margins[0] + 0.002
        self._margins = self._margins[1], margin
        if self._since < SETTLE:
            return None
        trouble = late or self._busy > 0.97
        worse = (late or margin < CLOSE) and not better
        weight = URGENT if worse or (self.rose and self._since < PROBING) else 1
        if trouble:
            self._bad += weight * period
        else:  # what was forgiven at the start is so for the start alone
            self._bad = max(0.0, self._bad - period / 4) if self._bad > 0 else min(0.0, self._bad + period / 2)
        ease = self._busy * self._growth() < EASE and idle >= ROOM
        self._good = 0.0 if late else max(0.0, self._good + (period if ease else -2 * period))
        if self._bad > STEPS_DOWN_AFTER and self.at < len(self.levels) - 1:
            patience = self._patience.get(self.at, STEPS_UP_AFTER)
            # Trouble after a long time of ease has other reasons than the level.
            self._patience[self.at] = WARINESS * (patience if self._since < 4 * patience else STEPS_UP_AFTER)
            return self._go(self.at + 1, "down")
        if self.at > 0 and self._good > self._patience.get(self.at - 1, STEPS_UP_AFTER):
            return self._go(self.at - 1, "up")
        return None

    def _growth(self) -> float:
        """How many times the time the next level up may take: nearly as many times as it has pixels."""
        up, now = self.levels[max(0, self.at - 1)], self.level
        return 1 + 0.8 * (up.width * up.height * up.fps / (now.width * now.height * now.fps) - 1)

    def _go(self, at: int, word: str) -> Level:
        self.changes.append(f"{word} to {self.levels[at].name} (a frame took {self._busy:.0%} of its time)")
        del self.changes[:-50]
        self.rose = at < self.at
        self.at, self._bad, self._good, self._since, self._busy = at, 0.0, 0.0, 0.0, 0.5
        return self.level

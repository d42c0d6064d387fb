"""Expression curves of a sung phrase: what each means, its range, and its value at any sample."""

from __future__ import annotations

import numpy as np

from audio.voice.model import Curve
from audio.voice.source import Floats, VoiceError

RANGES: dict[str, tuple[float, float]] = {
    "pitch": (-24.0, 24.0),
    "vibrato_depth": (0.0, 3.0),
    "vibrato_rate": (1.0, 12.0),
    "dynamics": (-40.0, 12.0),
    "breath": (-1.0, 1.0),
    "tension": (-2.0, 2.0),
    "gender": (-4.0, 4.0),
    "growl": (0.0, 1.0),
    "harmony": (0.0, 1.0),
    "choir": (0.0, 1.0),
    "diction": (0.0, 1.0),
}
"""Names and limits. ``pitch`` (semitones), ``dynamics`` (dB), ``breath``, ``tension`` and ``gender`` are added to what
the voice does by itself; ``vibrato_depth`` (semitones to either side), ``vibrato_rate`` (Hz), ``growl`` and the levels
``harmony`` (a third above) and ``choir`` take its place. ``diction`` is how clearly consonants are sung: 1, as long and
loud as words need, to 0, as short as they are spoken and 7 dB softer."""
_POINTS = 20_000


class Curves:
    """The curves of one phrase."""

    def __init__(self, curves: tuple[Curve, ...]) -> None:
        """Raises VoiceError for unknown names and for values that are no numbers."""
        self._points: dict[str, tuple[Floats, Floats]] = {}
        for curve in curves:
            if curve.name not in RANGES:
                raise VoiceError(f"there is no curve {curve.name!r}: use one of {', '.join(RANGES)}")
            if not curve.points:
                continue
            table = np.array(sorted(curve.points[:_POINTS]), np.float64)
            if not np.isfinite(table).all():
                raise VoiceError(f"curve {curve.name!r} holds a value that is no number")
            self._points[curve.name] = table[:, 0], np.clip(table[:, 1], *RANGES[curve.name])

    def __contains__(self, name: str) -> bool:
        return name in self._points

    def at(self, name: str, samples: Floats, usual: float = 0.0) -> Floats:
        """Values at samples: straight lines between points, the first and last held; ``usual`` where unwritten."""
        points = self._points.get(name)
        if points is None:
            return np.full(len(samples), usual)
        values: Floats = np.interp(samples, *points)
        return values

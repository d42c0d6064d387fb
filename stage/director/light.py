"""Light that speaks the music: one idea per section, soft accents on beats, colour by chord mood.

Pure functions of cues and sample. Changes of luminance on the beat are small and slow enough that nothing on the
stage flashes (WCAG 2.3.1: no more than three flashes a second).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from avatar.render.scene import Colour, Light, SceneState
from stage.clock import SAMPLE_RATE

LOOKS: dict[str, tuple[float, float]] = {
    # section: beams, key light intensity
    "talk": (0.25, 1.0),
    "intro": (0.45, 0.85),
    "verse": (0.40, 0.95),
    "pre": (0.60, 1.0),
    "chorus": (0.95, 1.05),
    "bridge": (0.30, 0.85),
    "break": (0.85, 0.95),
    "outro": (0.50, 0.9),
}
RAMP = SAMPLE_RATE * 8 // 10
"""A change of look takes this long."""


def chord_mood(symbol: str) -> float:
    """-1 (minor, dark) to 1 (major, bright) of a chord symbol."""
    match = re.match(r"[A-G][b#]?(.*)", symbol)
    quality = match.group(1).split("/")[0] if match else ""
    if quality.startswith("dim") or "b5" in quality:
        return -0.9
    if quality.startswith("m") and not quality.startswith("maj"):
        return -0.6
    if "sus" in quality:
        return 0.1
    if "#11" in quality or quality.startswith("aug"):
        return 0.9
    return 0.6


def _towards(a: Colour, b: Colour, share: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)


@dataclass(slots=True)
class LightState:
    """The part of the light that moves from one look to the next."""

    look: str = "talk"
    before: str = "talk"
    since: int = -RAMP
    energy: float = 0.12
    energy_before: float = 0.12
    mood: float = 0.3
    mood_before: float = 0.3
    mood_since: int = -RAMP

    def section(self, sample: int, name: str, energy: float) -> None:
        """A section begins."""
        look = name if name in LOOKS else "verse"
        share = self._share(sample, self.since)
        self.energy_before = self.energy_before + (self.energy - self.energy_before) * share
        self.before, self.look, self.since, self.energy = self.look, look, sample, energy

    def chord(self, sample: int, symbol: str) -> None:
        """A chord begins."""
        share = self._share(sample, self.mood_since)
        self.mood_before = self.mood_before + (self.mood - self.mood_before) * share
        self.mood, self.mood_since = chord_mood(symbol), sample

    @staticmethod
    def _share(sample: int, since: int) -> float:
        t = min(1.0, max(0.0, (sample - since) / RAMP))
        return t * t * (3 - 2 * t)

    def apply(self, scene: SceneState, sample: int) -> None:
        """Write the light of a moment into a scene."""
        share = self._share(sample, self.since)
        (beams_a, key_a), (beams_b, key_b) = LOOKS[self.before], LOOKS[self.look]
        scene.beams = beams_a + (beams_b - beams_a) * share
        scene.energy = self.energy_before + (self.energy - self.energy_before) * share
        scene.hue = self.mood_before + (self.mood - self.mood_before) * self._share(sample, self.mood_since)
        turn = 0.25 * math.sin(2 * math.pi * sample / (SAMPLE_RATE * 23))
        scene.key = Light((0.55 + turn, 0.9, 1.0), (1.0, 0.97, 0.93), key_a + (key_b - key_a) * share)
        scene.rim = Light(
            (-0.5 - turn, 0.6, -1.0),
            _towards(_towards(scene.palette[1 % len(scene.palette)], scene.palette[2 % len(scene.palette)],
                              0.5 + 0.5 * max(-1.0, min(1.0, scene.hue))), (0.80, 0.88, 1.0), 0.45),
            0.40 + 0.55 * scene.energy + 0.12 * scene.beat,
        )  # fmt: skip
        scene.ambient = _towards((0.25, 0.25, 0.32), scene.palette[0], 0.25)


def pulse(sample: int, start: int, length: int) -> float:
    """1 on a beat, falling to 0 before the next; softened at the start so that it never is a flash."""
    t = (sample - start) / max(1, length)
    if not 0 <= t < 1:
        return 0.0
    rise = min(1.0, (sample - start) / (SAMPLE_RATE * 0.06))
    return rise * (1 - t) ** 2

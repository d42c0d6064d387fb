"""What the picture shows at one moment, beside the performer: camera, light, set, particles. Plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

Colour = tuple[float, float, float]
"""sRGB, 0..1."""


@dataclass(slots=True)
class Camera:
    """A camera in metres and degrees; ``fov`` is vertical."""

    position: tuple[float, float, float] = (0.0, 1.2, 3.0)
    target: tuple[float, float, float] = (0.0, 1.0, 0.0)
    fov: float = 30.0
    roll: float = 0.0


@dataclass(slots=True)
class Light:
    """A directional light: ``direction`` points from the scene towards the light."""

    direction: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour: Colour = (1.0, 1.0, 1.0)
    intensity: float = 1.0


@dataclass(slots=True)
class Reaction:
    """Something a fan sent that rises on the stage: ``kind`` heart, star, clap, fire, laugh, note; ``age`` seconds."""

    kind: str
    age: float
    seed: int


@dataclass(slots=True)
class SceneState:
    """One moment of the stage. ``backdrop`` names a set (``plain`` is the flat reference background)."""

    backdrop: str = "stars"
    palette: tuple[Colour, ...] = ((0.13, 0.12, 0.32), (1.0, 0.83, 0.35), (1.0, 0.45, 0.42))
    """Main, second and accent colour of the character's stage."""
    camera: Camera = field(default_factory=Camera)
    key: Light = field(default_factory=Light)
    rim: Light = field(default_factory=lambda: Light((-0.4, 0.6, -1.0), (0.7, 0.8, 1.0), 0.6))
    ambient: Colour = (0.25, 0.25, 0.32)
    seconds: float = 0.0
    """Time since the start of the show (from the sample clock)."""
    beat: float = 0.0
    """1 on the beat, decaying to 0 before the next."""
    bar: float = 0.0
    """The same for bars."""
    energy: float = 0.3
    """0..1 of the section: how wide and bright the stage is."""
    beams: float = 0.3
    """0..1 of the light beams."""
    hue: float = 0.0
    """-1..1: shift of the light towards the second (-) or accent (+) colour, from the chord's mood."""
    led: str = ""
    """Text on the LED wall: lyric line or title."""
    reactions: list[Reaction] = field(default_factory=list)
    top: float = 1.62
    """How tall the performer is with hair, metres: words keep clear of her."""
    fade: float = 0.0
    """0 shows the picture, 1 is black."""

"""A character as data: what ``character.toml`` says. Everything has a default, so a small file works.

Loading, checking and error messages: :mod:`characters.loader`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of every table: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(Part):
    """Who she is."""

    name: str = Field(default="Unnamed", max_length=60)
    tagline: str = Field(default="", max_length=200)
    pronouns: str = "she/her"
    language: str = "en"
    creator: str = ""
    version: str = "1.0"


class Persona(Part):
    """How she talks."""

    description: str = ""
    personality: str = ""
    manners: list[str] = []
    traits: dict[str, float] = {}
    """Named traits from -1 to 1 (warmth, wit, energy, formality, ...)."""
    wording: Literal["as written", "shaped"] = "as written"
    """``as written``: fresh lines are spoken as their author wrote them. ``shaped``: traits and moods are made heard in
    them; for characters whose lines are not in their own voice, as imported ones."""
    catchphrases: list[str] = []
    never: list[str] = []
    brain: str = "embedded"
    """``embedded``, or a folder or hub id of a causal language model."""


class VoiceDefinition(Part):
    """Her voice; fields as in ``audio.voice.model.VoiceSettings``."""

    bank: str = "slt"
    pitch: float = Field(default=62.0, ge=36, le=84)
    low: int = Field(default=57, ge=24, le=96)
    high: int = Field(default=76, ge=24, le=108)
    gender: float = Field(default=0.0, ge=-3, le=3)
    breath: float = Field(default=0.1, ge=0, le=1)
    tension: float = Field(default=0.0, ge=-1, le=1)
    vibrato_depth: float = Field(default=0.35, ge=0, le=2)
    vibrato_rate: float = Field(default=5.6, ge=3, le=9)
    vibrato_delay: float = Field(default=0.35, ge=0, le=2)
    rate: float = Field(default=1.0, ge=0.5, le=2)
    doubling: float = Field(default=0.0, ge=0, le=1)
    harmony: float = Field(default=0.0, ge=0, le=1)
    choir: float = Field(default=0.0, ge=0, le=1)
    vocoder: float = Field(default=0.0, ge=0, le=1)
    growl: float = Field(default=0.0, ge=0, le=1)


class Music(Part):
    """What she plays."""

    styles: list[str] = ["synth-pop"]
    tempo: tuple[float, float] = (116.0, 138.0)
    modes: list[str] = ["major", "lydian"]
    keys: list[str] = []
    themes: list[str] = []
    """Things her songs are about: concrete words the lyrics draw on."""


class Look(Part):
    """How she looks, for the wardrobe; ``avatar.vrm`` beside the file takes its place."""

    base: str = "girl"
    face: str = "soft"
    eye_style: str = "bright"
    hair_style: str = "bob"
    hair: str = "#3b3f8f"
    hair_tips: str = "#6d6fd6"
    eyes: str = "#f2b134"
    skin: str = "#ffe3d3"
    outfit: str = "jacket"
    palette: list[str] = ["#23205a", "#ffd45a", "#ff7a6b"]
    accessories: list[str] = []
    height: float = Field(default=1.52, ge=0.3, le=2.5)
    proportions: dict[str, float] = {}


class StageDefinition(Part):
    """Her stage."""

    set: str = "stars"
    palette: list[str] = ["#23205a", "#ffd45a", "#ff7a6b"]


class Rules(Part):
    """What holds on her stage."""

    politics: Literal["decline", "allow"] = "decline"
    rating: Literal["everyone", "teen", "adult"] = "everyone"
    topics_declined: list[str] = []
    help: str = "international"
    """Region whose help line is named to somebody in distress: international, us, gb, de, ... (``guard/data/help.toml``)."""


class Line(Part):
    """An authored line. ``say`` may hold slots ({fan}, {song}, {topic}) and stage tags ([happy], [wave])."""

    say: str
    weight: float = Field(default=1.0, gt=0)
    mood: str = ""
    when: list[str] = []
    """Words of a fan (one is enough) that this line answers; it is said then, and never otherwise. Empty: always fits."""


class Intention(Part):
    """One thing fans say and her answers to it: ``hears`` are examples, ``lines`` her lines."""

    hears: list[str] = []
    lines: list[Line] = []
    """Those of a ``when`` table included."""


class LoreEntry(Part):
    """Something she knows: told when one of ``keys`` is mentioned."""

    keys: list[str] = []
    says: list[str] = []
    """Her own words; what the embedded brain says."""
    tells: str = ""
    """The same as prose for a language model; imported cards bring this."""
    secondary: list[str] = []
    """One of these must be mentioned too."""
    constant: bool = False
    """Told to a language model at every turn."""
    regex: bool = False
    """Whether keys are regular expressions (language models only)."""
    decorators: list[str] = []
    """Lines of a V3 lorebook (``@@activate_only_after 3``) that say when a language model is told."""
    enabled: bool = True
    order: float = 0.0
    priority: float | None = None


class Prompting(Part):
    """What only a language model reads; imported cards bring it. The rules of the stage always stand after it."""

    system: str = ""
    scenario: str = ""
    after_history: str = ""
    examples: list[str] = []


class Definition(Part):
    """A whole character."""

    identity: Identity = Identity()
    persona: Persona = Persona()
    voice: VoiceDefinition = VoiceDefinition()
    music: Music = Music()
    look: Look = Look()
    stage: StageDefinition = StageDefinition()
    rules: Rules = Rules()
    prompt: Prompting = Prompting()
    credits: dict[str, str] = {}
    situations: dict[str, list[Line]] = {}
    """Authored lines by situation (``opening``, ``idle``, ...), from ``lines.toml``."""
    intentions: dict[str, Intention] = {}
    """Authored answers by intent, from ``lines.toml``."""
    lore: list[LoreEntry] = []
    folder: Path | None = None
    """Where it was loaded from."""

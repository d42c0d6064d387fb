"""What is said to the band and what comes back: plain data, so the engine's process boundary is one pickle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """Play ``pitch`` (MIDI) on ``instrument`` at show sample ``sample`` for ``length`` samples.

    ``track`` groups notes for gain, mute and cancelling; ``owner`` is the song or bed they belong to.
    """

    sample: int
    length: int
    instrument: str
    pitch: float
    velocity: float
    track: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """Mono float32 ``pcm`` whose first sample is heard at show sample ``sample``.

    ``sung`` chooses the singing chain (reverb, slap, duck the band) or the speaking one.
    """

    sample: int
    pcm: npt.NDArray[np.float32]
    owner: str = ""
    sung: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """From ``sample`` on, ``name`` (``gain``, ``mute``, ``reverb``, ``pan``, ``filter``) of ``track`` is ``value``.

    ``ramp`` samples are taken to get there.
    """

    sample: int
    track: str
    name: str
    value: float
    ramp: int = 960


@dataclass(frozen=True, slots=True)
class Cancel:
    """From ``sample`` on, nothing of ``owner`` sounds: notes release, voice fades in ``fade`` samples."""

    sample: int
    owner: str
    fade: int = 1440


@dataclass(frozen=True, slots=True)
class Prepare:
    """Build ``instruments`` ahead of their first note, between blocks. Optional: it never changes a sample."""

    instruments: tuple[str, ...]


Message = NoteEvent | VoiceEvent | Change | Cancel | Prepare


class EngineError(ValueError):
    """A message that cannot be played, or an engine that cannot run: says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the engine reports about itself."""

    position: int
    """Samples produced since the start of the show."""
    late_blocks: int
    dropped_events: int
    """Events whose sample had already been produced when they came."""
    restarts: int
    cpu_seconds: float
    voices: int
    shed: int
    """Notes not played because every voice of the pool was busy."""
    underrun_samples: int = 0
    """Samples of silence given because sound was not made in time."""
    lead: int = 0
    """Samples made ahead of the consumer right now."""
    loudness_gain: float = 0.0
    """What the loudness rider adds at present, in dB."""
    reduction: float = 0.0
    """Deepest cut of the limiter in the last block, in dB (<= 0)."""

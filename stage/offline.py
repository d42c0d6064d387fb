"""``render``: the show as fast as this machine can make it, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soundfile

from stage.clock import SAMPLE_RATE
from stage.files import AsideFile
from stage.performance import Performance, Settings
from stage.script import Script
from stage.voicetap import VoiceTap

if TYPE_CHECKING:
    from stage.film import Film


@dataclass(frozen=True, slots=True)
class Targets:
    """Where to write; None leaves a part out. Files appear whole or not at all."""

    video: Path | None = None
    timeline: Path | None = None
    wav: Path | None = None
    voice: Path | None = None
    """The voice alone, before the mix (mono)."""


def render(
    settings: Settings, script: Script, targets: Targets, progress: Callable[[int, int], None]
) -> dict[str, object]:
    """Make a show of ``settings.seconds`` into files; ``progress(done, all)`` counts frames."""
    if settings.seconds is None:
        raise ValueError("an offline show needs a length in seconds")
    total = round(settings.seconds * SAMPLE_RATE)
    show = Performance(settings)
    wav = AsideFile(targets.wav) if targets.wav else None
    cues = AsideFile(targets.timeline) if targets.timeline else None
    alone = AsideFile(targets.voice) if targets.voice else None
    try:
        sound = soundfile.SoundFile(wav.path, "w", SAMPLE_RATE, 2, "PCM_16", format="WAV") if wav else None
        voice = soundfile.SoundFile(alone.path, "w", SAMPLE_RATE, 1, "PCM_16", format="WAV") if alone else None
        if targets.video:
            from stage.film import filming

            name, size = show.definition.identity.name, (settings.width, settings.height)
            with filming(targets.video, size, settings.fps, name, show.actor.model) as film:
                _frames(show, script, total, film, sound, voice, progress)
        else:
            _frames(show, script, total, None, sound, voice, progress)
        for stream in (sound, voice):
            if stream is not None:
                stream.close()
        if cues is not None:
            with cues.path.open("w", encoding="utf-8") as lines:
                show.timeline.write(lines)
        health = show.band.health()
        for aside in (wav, cues, alone):
            if aside is not None:
                aside.keep()
    finally:
        for aside in (wav, cues, alone):
            if aside is not None:
                aside.drop()
        show.close()
    return {
        "seconds": settings.seconds,
        "cues": len(show.timeline),
        "songs": sum(1 for cue in show.timeline if cue.kind == "song" and not cue.data.get("bed")),
        "replies": sum(1 for cue in show.timeline if cue.kind == "reply"),
        "dropped_events": health.dropped_events,
        "shed_notes": health.shed,
    }


def _frames(
    show: Performance, script: Script, total: int, film: Film | None, sound: soundfile.SoundFile | None,
    voice: soundfile.SoundFile | None, progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    settings = show.settings
    frames = -(-total * settings.fps // SAMPLE_RATE)
    tap = VoiceTap()
    if voice is not None:
        show.taps.append(tap.hear)
    for frame in range(frames):
        sample = show.clock.sample(frame)
        show.direct(sample, script.until(sample))
        pcm = show.sound(min(show.clock.length(frame), total - sample))
        if sound is not None:
            sound.write(_pcm16(pcm))
        if voice is not None:
            voice.write(_pcm16(tap.take(sample, len(pcm))))
        if film is not None:
            show.actor.draw(film.picture, sample)
            film.drawn(sample)
            film.encoder.audio(pcm, sample)
        progress(frame + 1, frames)


def _pcm16(pcm: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.round(np.clip(pcm, -1, 1) * 32767).astype(np.int16)

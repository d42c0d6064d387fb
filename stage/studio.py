"""The studio: composing and voice rendering, ahead of time, off the stage.

Two workshops, so that a spoken answer never waits for a song being written: *voice* speaks and sings phrases,
*composer* writes songs and talk beds. Live they are processes; offline they work at once, in the same order.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio.compose import Wish
from audio.score.model import Song
from audio.voice.model import Phrase, Take, VoiceSettings
from characters.definition import Definition
from stage.worker import Factory, InlineWorker, Result, Worker, Workshop

SPEAK, SING, COMPOSE, BED = 0, 3, 5, 4
"""Urgencies: the lowest goes first."""


@dataclass(frozen=True, slots=True)
class Bed:
    """Write a talk bed of ``bars`` bars."""

    seed: int
    bars: int = 8


@dataclass(frozen=True, slots=True)
class SongFile:
    """Read a song of the character's own."""

    path: Path


def _give_way(by: int) -> None:
    """Let sound and picture go first on a busy machine (where the system knows priorities)."""
    if multiprocessing.parent_process() is not None and hasattr(os, "nice"):
        os.nice(by)


def _voice_room(settings: VoiceSettings) -> Callable[[Phrase], Take]:
    from audio.voice import open_voice

    voice = open_voice(settings)

    def work(phrase: Phrase) -> Take:
        return voice.render(voice.layout(phrase))

    from audio.voice.model import Spoken

    work(Spoken("warm up"))
    return work


def _composer_room(definition: Definition) -> Callable[[Wish | Bed | SongFile], Song]:
    _give_way(10)
    from audio.compose import bed, compose
    from audio.score import read_song

    def work(job: Wish | Bed | SongFile) -> Song:
        if isinstance(job, Bed):
            return bed(definition, job.seed, job.bars)
        if isinstance(job, SongFile):
            return read_song(job.path)
        return compose(definition, job)

    return work


class Studio:
    """Voice and composer behind one queue-and-poll interface."""

    def __init__(self, definition: Definition, live: bool) -> None:
        from audio.voice import voice_settings

        settings = voice_settings(definition.voice)
        open_room: Callable[[str, Factory, tuple[Any, ...]], Worker | InlineWorker] = Worker if live else InlineWorker
        self.voice: Worker | InlineWorker = open_room("voice", _voice_room, (settings,))
        self.composer: Worker | InlineWorker = open_room("composer", _composer_room, (definition,))

    @property
    def speaks(self) -> bool:
        """Whether the voice can be asked now; not while its process starts again."""
        return self.voice.ready

    def perform(self, id: str, phrase: Phrase, urgency: int) -> bool:
        """Ask for the sound of a phrase; the result is a :class:`Take`."""
        return self.voice.submit(id, phrase, urgency)

    def write(self, id: str, job: Wish | Bed | SongFile, urgency: int = COMPOSE) -> bool:
        """Ask for a song; the result is a :class:`Song`."""
        return self.composer.submit(id, job, urgency)

    def drop(self, id: str) -> None:
        """A take or song is no longer wanted."""
        self.voice.drop(id)
        self.composer.drop(id)

    def poll(self) -> list[Result]:
        """Finished takes and songs."""
        return self.voice.poll() + self.composer.poll()

    def wait_ready(self) -> None:
        """Wait for the processes at start-up."""
        for room in (self.voice, self.composer):
            if isinstance(room, Worker):
                room.wait_ready()

    def close(self) -> None:
        """End both."""
        rooms: tuple[Workshop, ...] = (self.voice, self.composer)
        for room in rooms:
            room.close()

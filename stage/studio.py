"""The studio: composing and voice rendering, ahead of time, off the stage.

Three workshops, so that a spoken answer never waits for a song being written or sung: *voice* speaks, *singer* sings ahead,
*composer* writes songs and talk beds. Live they are processes, and the last two give way to everything else; offline they
work at once, in the same order.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio.compose import Wish
from audio.engine.priority import breathing, prepare_for_later
from audio.score.model import Song
from audio.voice.model import Phrase, Take, VoiceSettings
from characters.definition import Definition
from stage.worker import Factory, InlineWorker, Result, Worker

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


def _voice_room(settings: VoiceSettings) -> Callable[[Phrase], Take]:
    from audio.voice import open_voice

    voice = open_voice(settings)

    def work(phrase: Phrase) -> Take:
        return voice.render(voice.layout(phrase))

    from audio.voice.model import Spoken

    work(Spoken("warm up"))
    return work


def _give_way() -> Callable[[], AbstractContextManager[None]]:
    """Let sound, picture and answers go first, where this is a process of its own; what its jobs are to be done within."""
    if multiprocessing.parent_process() is None:
        return nullcontext
    prepare_for_later()
    return breathing


def _singer_room(settings: VoiceSettings) -> Callable[[Phrase], Take]:
    quietly = _give_way()
    sing = _voice_room(settings)

    def work(phrase: Phrase) -> Take:
        with quietly():
            return sing(phrase)

    return work


def _composer_room(definition: Definition) -> Callable[[Wish | Bed | SongFile], Song]:
    quietly = _give_way()
    from audio.compose import bed, compose
    from audio.score import read_song

    def work(job: Wish | Bed | SongFile) -> Song:
        if isinstance(job, Bed):
            return bed(definition, job.seed, job.bars)
        if isinstance(job, SongFile):
            return read_song(job.path)
        with quietly():
            return compose(definition, job)

    return work


class Studio:
    """Voice and composer behind one queue-and-poll interface."""

    def __init__(self, definition: Definition, live: bool) -> None:
        from audio.voice import voice_settings

        settings = voice_settings(definition.voice)
        open_room: Callable[[str, Factory, tuple[Any, ...]], Worker | InlineWorker] = Worker if live else InlineWorker
        self.voice: Worker | InlineWorker = open_room("voice", _voice_room, (settings,))
        self.singer: Worker | InlineWorker = Worker("singer", _singer_room, (settings,)) if live else self.voice
        self.composer: Worker | InlineWorker = open_room("composer", _composer_room, (definition,))
        self._rooms: tuple[Worker | InlineWorker, ...] = (
            (self.voice, self.singer, self.composer) if live else (self.voice, self.composer)
        )

    @property
    def speaks(self) -> bool:
        """Whether the voice can be asked now; not while its process starts again."""
        return self.voice.ready

    def perform(self, id: str, phrase: Phrase, urgency: int) -> bool:
        """Ask for the sound of a phrase; the result is a :class:`Take`."""
        return (self.singer if urgency >= SING else self.voice).submit(id, phrase, urgency)

    def write(self, id: str, job: Wish | Bed | SongFile, urgency: int = COMPOSE) -> bool:
        """Ask for a song; the result is a :class:`Song`."""
        return self.composer.submit(id, job, urgency)

    def drop(self, id: str) -> None:
        """A take or song is no longer wanted."""
        for room in self._rooms:
            room.drop(id)

    def poll(self) -> list[Result]:
        """Finished takes and songs."""
        return [result for room in self._rooms for result in room.poll()]

    def wait_ready(self) -> None:
        """Wait for the processes at start-up; nobody sings at once."""
        for room in (self.voice, self.composer):
            if isinstance(room, Worker):
                room.wait_ready()

    def close(self) -> None:
        """End them all."""
        for room in self._rooms:
            room.close()

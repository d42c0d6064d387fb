"""The works: what worker processes do for offline rendering: make notes, sing phrases. Each opens what it needs once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from audio.engine.forge import Forge, NoteKey
from audio.engine.sheet import SoundKey
from audio.instruments.tables import Tables
from audio.mix.filters import Samples
from audio.mix.vocal import SLAP_DELAY, SLAP_TONE, SUNG_LEVEL, Chain
from audio.score.model import Song
from audio.voice.model import Sung, VoiceSettings

_STEP = 256
_OPEN: dict[Any, Any] = {}


def warm(settings: VoiceSettings | None, synths: bool) -> int:
    """Import and open ahead of the first job; returns the process id."""
    if synths:
        _forge()
    if settings is not None:
        _voice(settings)
    return os.getpid()


def _forge() -> Forge:
    if "forge" not in _OPEN:
        os.environ["PYO_GUI_WX"] = "0"
        import pyo

        _OPEN["forge"] = Forge(pyo)
    made: Forge = _OPEN["forge"]
    return made


def _voice(settings: VoiceSettings) -> Any:
    if settings not in _OPEN:
        from audio.voice import open_voice

        _OPEN[settings] = open_voice(settings)
    return _OPEN[settings]


def make_notes(keys: tuple[SoundKey, ...]) -> list[tuple[SoundKey, Samples]]:
    """The sound of each key: (frames, 2)."""
    made: list[tuple[SoundKey, Samples]] = []
    synth = [key for key in keys if isinstance(key, NoteKey)]
    if synth:
        made += _forge().make(synth)
    tables = _OPEN.setdefault("tables", Tables())
    made += [(key, tables.get(key)) for key in keys if not isinstance(key, NoteKey)]
    return made


def sing(settings: VoiceSettings, phrase: Sung) -> tuple[int, int, Samples]:
    """A phrase sung and treated: (first sample, samples sung, (frames, 2): voice after its chain, its slap echo)."""
    voice = _voice(settings)
    take = voice.render(voice.layout(phrase))
    return take.layout.start, len(take.pcm), treated(take.pcm)


def treated(pcm: Samples) -> Samples:
    """The sung voice through its chain, alone, so that no phrase depends on the one before: (frames, 2)."""
    from scipy.signal import sosfilt

    dry = np.zeros(-(-(len(pcm) + 9_600) // _STEP) * _STEP, np.float32)
    dry[: len(pcm)] = pcm * np.float32(SUNG_LEVEL)
    voice = Chain(_STEP, True).whole(dry)
    echo = sosfilt([[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in SLAP_TONE], voice)
    out = np.zeros((len(dry), 2), np.float32)
    out[:, 0] = voice
    out[SLAP_DELAY:, 1] = echo[:-SLAP_DELAY]
    out[-480:] *= np.linspace(1, 0, 480, dtype=np.float32)[:, None]
    return out


def write_scores(song: Song, folder: Path, names: tuple[str, ...]) -> None:
    """Write a song under each name."""
    from audio.score import write_song

    for name in names:
        write_song(song, folder / name)

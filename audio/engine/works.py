"""The works: what worker processes do for offline rendering: make notes, sing phrases. Each opens what it needs once."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from audio.engine.forge import Forge, NoteKey
from audio.engine.sheet import SoundKey
from audio.instruments.tables import Tables
from audio.mix.filters import Samples
from audio.mix.vocal import Chain, Slap, level_gain
from audio.voice.model import Sung, VoiceSettings

_BLOCK = 1024
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
    count = -(-(len(pcm) + 9_600) // _BLOCK)
    dry = np.zeros(count * _BLOCK, np.float32)
    dry[: len(pcm)] = pcm * np.float32(level_gain(pcm))
    chain, slap = Chain(_BLOCK, True), Slap(_BLOCK)
    out = np.empty((len(dry), 2), np.float32)
    for k in range(count):
        span = slice(k * _BLOCK, (k + 1) * _BLOCK)
        voice = chain(dry[span])
        out[span, 0] = voice
        out[span, 1] = slap(voice)
    out[-480:] *= np.linspace(1, 0, 480, dtype=np.float32)[:, None]
    return out

"""The forge: single notes of synthesiser patches with the effects behind them, each on a fresh voice, so that a note's sound depends on the note
alone: not on what was played before it, nor on which process made it.

That is what offline rendering stands on: an edit changes the notes it touches and no others, equal notes are made
once, and processes can share the work. Only worker processes import this module's ``pyo``.
"""

from __future__ import annotations

import ctypes
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio.engine.racks import SynthVoice
from audio.instruments.catalog import CATALOG
from audio.instruments.modal import hertz
from audio.instruments.synths import effects
from audio.mix.filters import Samples

BLOCK = 1024
VARIANTS = 3
"""Different sounds of the same note, so that repeated ones do not sound like a machine gun."""
SLOTS = 12
"""Voices that run side by side."""
_SETTLE = 40
"""Blocks until a fresh server has faded itself in."""
_FADE = 480
_QUIET = 1e-5


@dataclass(frozen=True, slots=True, order=True)
class NoteKey:
    """Names the sound of one note: held for ``gate`` samples; ``variant`` turns oscillators and chorus."""

    instrument: str
    pitch: float
    velocity: float
    gate: int
    variant: int = 0

    @property
    def cost(self) -> int:
        """Samples that must be made for it."""
        return self.gate + int(CATALOG[self.instrument].release * 48_000) + 2 * BLOCK


class Forge:
    """Makes notes with ``pyo`` (the module, handed in)."""

    def __init__(self, pyo: Any) -> None:
        self._pyo = pyo
        channels = 2 * SLOTS
        self._server = pyo.Server(sr=48_000, nchnls=channels, buffersize=BLOCK, duplex=0, audio="manual")
        self._server.deactivateMidi()
        self._server.boot()
        self._server.start()
        address = int(self._server.getOutputAddr(), 16)
        wide = np.ctypeslib.as_array((ctypes.c_float * (BLOCK * channels)).from_address(address))
        self._wide = wide.reshape(BLOCK, channels)
        for _ in range(_SETTLE):
            self._server.process()

    def make(self, keys: Iterable[NoteKey]) -> Iterator[tuple[NoteKey, Samples]]:
        """Each note as (frames, 2) from its first sample to where its release has died away, as they get done."""
        waiting = sorted(set(keys), key=lambda k: (-k.cost, k))[::-1]
        slots: list[_Run | None] = [None] * SLOTS
        while waiting or any(slots):
            for i, run in enumerate(slots):
                if run is None and waiting:
                    slots[i] = _Run(self._pyo, waiting.pop(), i)
            for run in slots:
                if run is not None:
                    run.before()
            self._server.process()
            for i, run in enumerate(slots):
                if run is not None and run.after(self._wide[:, 2 * i : 2 * i + 2]):
                    slots[i] = None
                    yield run.key, run.result()


class _Run:
    """One note on its way through a slot: two blocks to turn the oscillators, then the note."""

    def __init__(self, pyo: Any, key: NoteKey, slot: int) -> None:
        self.key = key
        self._pitch = hertz(key.pitch + 12 * CATALOG[key.instrument].octave)
        self._voice = SynthVoice(pyo, key.instrument, BLOCK)
        graph = self._voice.graph
        self._effects = effects(pyo, key.instrument, graph.left, graph.right, key.variant / VARIANTS)
        self._outs = [pyo.Sig(self._effects.left), pyo.Sig(self._effects.right)]
        for side, out in enumerate(self._outs):
            out.out(2 * slot + side)
        self._voice.play()
        self._block = -2
        self._count = -(-key.cost // BLOCK)
        self._sound = np.empty((self._count * BLOCK, 2), np.float32)

    def before(self) -> None:
        """Set gate and pitch for the coming block."""
        if self._block == -2:  # a high tone, its own for every note, spreads the detuned oscillators' phases
            crc = zlib.crc32(f"{self.key.instrument} {self.key.pitch} {self.key.variant}".encode())
            self._voice.graph.tune(1_500.0 + crc % 3_001)
        elif self._block == -1:
            self._voice.graph.tune(self._pitch)
        elif self._block == 0:
            self._voice.on(0, self.key.velocity, self._pitch)
        elif self._block == self.key.gate // BLOCK:
            self._voice.off(self.key.gate % BLOCK)
        if self._block == 0 and self.key.gate < BLOCK:
            self._voice.off(self.key.gate)

    def after(self, heard: Samples) -> bool:
        """Keep the block; True when the note is over."""
        if self._block >= 0:
            self._sound[self._block * BLOCK : (self._block + 1) * BLOCK] = heard
            self._voice.settle()
        self._block += 1
        if self._block < self._count:
            return False
        self._voice.stop()
        for thing in [*self._effects.objects, *self._outs]:
            thing.stop()
        return True

    def result(self) -> Samples:
        """The note without the silence after it, its end faded."""
        loud = np.flatnonzero(np.abs(self._sound).ravel() > _QUIET) // 2
        end = min(len(self._sound), int(loud[-1]) + 1 + _FADE) if len(loud) else _FADE
        made = self._sound[:end].copy()
        made[-_FADE:] *= np.linspace(1, 0, _FADE, dtype=np.float32)[:, None]
        return made

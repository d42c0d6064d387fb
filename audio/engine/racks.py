"""Racks: the pooled voices of one instrument on one track, played to the sample.

Steal policy: a free voice; else the one released longest ago; else the oldest held one, unless it began less than
30 ms before (a chord larger than the pool), when the new note is shed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audio.engine.model import NoteEvent
from audio.instruments.catalog import Instrument
from audio.instruments.drums import CHOKES
from audio.instruments.modal import hertz
from audio.instruments.synths import VOICES, Bench, Graph, effects
from audio.instruments.tables import Tables
from audio.mix.filters import Samples

NEVER = 1 << 62
_YOUNG = 1440
_TAIL = 9_600


@dataclass(slots=True)
class Tally:
    """What the racks count."""

    shed: int = 0
    stolen: int = 0


class SynthVoice:
    """One pyo voice and its gate."""

    def __init__(self, pyo: Any, name: str, block: int) -> None:
        self._table = pyo.DataTable(size=block)
        self.gate = np.asarray(self._table.getBuffer())
        reader = pyo.TableScan(self._table)
        self.graph: Graph = VOICES[name](Bench(pyo, reader))
        self.graph.objects.insert(0, reader)
        self.level = 0.0
        self.dirty = False
        self.running = True
        self.begun = -NEVER
        self.ends = -NEVER
        self.silent_at = -NEVER
        self.owner = ""
        self.order = 0
        self.stop()

    def stop(self) -> None:
        """Cost nothing until the next note."""
        if self.running:
            for thing in self.graph.objects:
                thing.stop()
            self.running = False

    def play(self) -> None:
        """Run from this block on."""
        if not self.running:
            for thing in self.graph.objects:
                thing.play()
            self.running = True

    def settle(self) -> None:
        """After a block with an event: the lane holds its last value."""
        if self.dirty:
            self.gate[:] = self.level
            self.dirty = False

    def on(self, offset: int, level: float, freq: float) -> None:
        """Begin a note at ``offset`` of the coming block; a voice that is still held restarts one sample later."""
        held = self.gate[offset - 1] > 0 if offset else self.level > 0
        self.gate[offset:] = level
        if held:
            self.gate[offset] = 0.0
        self.graph.begin(freq, level)
        self.level, self.dirty = level, True

    def off(self, offset: int) -> None:
        """Release at ``offset``."""
        self.gate[offset:] = 0.0
        self.level, self.dirty = 0.0, True


class SynthRack:
    """A pool of pyo voices with the patch's effects, heard on one pair of the server's channels."""

    def __init__(self, pyo: Any, spec: Instrument, block: int, pair: int, tally: Tally) -> None:
        self.spec, self.index, self.track, self._tally = spec, pair, "", tally
        self._release = int(spec.release * 48_000) + 2 * block
        self.voices = [SynthVoice(pyo, spec.name, block) for _ in range(spec.voices)]
        left = pyo.Mix([v.graph.left for v in self.voices], voices=1)
        mono = all(v.graph.right is v.graph.left for v in self.voices)
        right = left if mono else pyo.Mix([v.graph.right for v in self.voices], voices=1)
        self._graph = effects(pyo, spec.name, left, right)
        self._graph.objects[:0] = [left] if mono else [left, right]
        self._outs = [pyo.Sig(self._graph.left), pyo.Sig(self._graph.right)]
        self._running = True
        self.cap = spec.voices
        self.quiet_at = -NEVER
        self._rest()

    def _rest(self) -> None:
        if self._running:
            for thing in [*self._graph.objects, *self._outs]:
                thing.stop()
            self._running = False

    def _wake(self) -> None:
        if not self._running:
            for thing in self._graph.objects:
                thing.play()
            for k, out in enumerate(self._outs):
                out.out(2 * self.index + k)
            self._running = True

    def active(self) -> int:
        """Voices that sound."""
        return sum(v.running for v in self.voices)

    def note(self, event: NoteEvent, at: int, order: int, block_at: int) -> None:
        """Play a note that begins at show sample ``at``."""
        voice = self._pick(at)
        if voice is None:
            self._tally.shed += 1
            return
        voice.play()
        self._wake()
        level = max(0.02, min(1.0, event.velocity))
        voice.on(at - block_at, level, hertz(event.pitch + 12 * self.spec.octave))
        voice.begun, voice.ends = at, at + max(1, event.length)
        voice.silent_at = NEVER
        voice.owner, voice.order = event.owner, order

    def _pick(self, at: int) -> SynthVoice | None:
        free = [v for v in self.voices if not v.running]
        if free and len(self.voices) - len(free) < self.cap:
            return free[0]
        running = [v for v in self.voices if v.running]
        released = [v for v in running if v.ends <= at]
        if released:
            return min(released, key=lambda v: v.ends)
        oldest = min(running, key=lambda v: v.begun)
        if at - oldest.begun < _YOUNG:
            return None
        self._tally.stolen += 1
        return oldest

    def releases(self, at: int, end: int) -> None:
        """Let go of notes that end in this block, before its notes begin."""
        for voice in self.voices:
            if voice.running and voice.ends < end and voice.silent_at == NEVER:
                first = max(at, voice.ends)
                voice.off(first - at)
                voice.silent_at = first + self._release

    def cancel(self, owner: str, sample: int, order: int) -> None:
        """Notes of ``owner`` sent before ``order`` end at ``sample``."""
        for voice in self.voices:
            if voice.owner == owner and voice.order < order and voice.silent_at == NEVER:
                voice.ends = min(voice.ends, sample)

    def after(self, end: int) -> None:
        """The block up to ``end`` has been made."""
        busy = False
        for voice in self.voices:
            if voice.running:
                voice.settle()
                if voice.silent_at <= end:
                    voice.stop()
                else:
                    busy = True
        if busy:
            self.quiet_at = end + _TAIL
        elif self._running and end >= self.quiet_at:
            self._rest()

    def free(self) -> bool:
        """Is nothing of it sounding?"""
        return not self._running

    def close(self) -> None:
        """Stop for good; its pair of channels is free."""
        for voice in self.voices:
            voice.stop()
        self._rest()


@dataclass(slots=True)
class Playing:
    """A table being played."""

    table: Samples
    begin: int
    gain: float
    pitch: int
    owner: str
    order: int
    ends: int = NEVER
    fade: int = 2_400


@dataclass(slots=True)
class TableRack:
    """Plays one-shots of one instrument on one track into its own pair of a wide buffer."""

    spec: Instrument
    index: int
    tables: Tables
    tally: Tally
    track: str = ""
    cap: int = 32
    playing: list[Playing] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    quiet_at: int = -NEVER

    def active(self) -> int:
        """One-shots that sound."""
        return len(self.playing)

    def note(self, event: NoteEvent, at: int, order: int, block_at: int) -> None:
        """Play a note that begins at show sample ``at``."""
        spec, pitch = self.spec, round(event.pitch)
        count = self.counts.get(pitch, 0)
        self.counts[pitch] = count + 1
        velocity = max(0.02, min(1.0, event.velocity))
        table = self.tables.get(self.tables.key(spec, event.pitch, velocity, count))
        drum = spec.make == "drums"
        if len(self.playing) >= min(self.cap, spec.voices):
            oldest = min(self.playing, key=lambda p: p.begin)
            if at - oldest.begin < _YOUNG:
                self.tally.shed += 1
                return
            self.tally.stolen += 1
            oldest.ends, oldest.fade = min(oldest.ends, at), 480
        if drum and pitch in CHOKES:
            for other in self.playing:
                if other.pitch == CHOKES[pitch]:
                    other.ends, other.fade = min(other.ends, at), 1_200
        ends = NEVER if drum else at + max(1, event.length)
        gain = velocity**1.5 if drum else 0.25 + 0.75 * velocity
        self.playing.append(
            Playing(table, at, gain, pitch, event.owner, order, ends, max(480, int(spec.release * 48_000)))
        )

    def cancel(self, owner: str, sample: int, order: int) -> None:
        """Notes of ``owner`` sent before ``order`` end at ``sample``."""
        for one in self.playing:
            if one.owner == owner and one.order < order:
                one.ends = min(one.ends, sample)

    def render(self, at: int, out: Samples) -> None:
        """Add this block to ``out`` (n, 2)."""
        n = len(out)
        kept: list[Playing] = []
        for one in self.playing:
            first, last = max(at, one.begin), min(at + n, one.begin + len(one.table))
            if last > first:
                piece = one.table[first - one.begin : last - one.begin] * np.float32(one.gain)
                if last > one.ends:
                    line = 1.0 - (np.arange(first, last) - one.ends) / one.fade
                    piece *= np.square(np.clip(line, 0.0, 1.0)).astype(np.float32)[:, None]
                out[first - at : last - at] += piece
            if one.begin + len(one.table) > at + n and one.ends + one.fade > at + n:
                kept.append(one)
        self.playing = kept

    def free(self) -> bool:
        """Is nothing of it sounding?"""
        return not self.playing

"""The player: sequencer, racks and desk, one block at a time. Lives in the host process."""

from __future__ import annotations

import ctypes
import logging
import queue
import threading
from typing import Any

import numpy as np

from audio.engine.journal import resumed
from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare
from audio.engine.priority import give_way
from audio.engine.racks import SynthRack, TableRack, Tally
from audio.engine.sequencer import Parcel, Sequencer
from audio.instruments.catalog import instrument
from audio.instruments.drums import KICKS
from audio.instruments.tables import Key, Tables
from audio.mix.desk import Desk, Source
from audio.mix.filters import Samples
from audio.mix.vocal import Take

log = logging.getLogger("limelight.band")


def _build(todo: queue.SimpleQueue[Key], done: queue.SimpleQueue[tuple[Key, Samples | None]]) -> None:
    """Makes tables for ever; a table is the same wherever it is made."""
    give_way()
    while True:
        key = todo.get()
        try:
            done.put((key, Tables().get(key)))
        except (ArithmeticError, LookupError, ValueError):
            log.exception("a sound cannot be made: %s", key)
            done.put((key, None))


SYNTH_PAIRS = 14
TABLE_PAIRS = 10


class Player:
    """Renders show samples block by block; ``pyo`` is the module, imported by the host alone."""

    def __init__(self, pyo: Any, block: int, rate: int = 48_000) -> None:
        self.block, self._pyo = block, pyo
        channels = 2 * SYNTH_PAIRS
        self._server = pyo.Server(sr=rate, nchnls=channels, buffersize=block, duplex=0, audio="manual")
        self._server.deactivateMidi()
        self._server.boot()
        self._server.start()
        pyo.Server.setGlobalSeed(self._server, 7)
        address = int(self._server.getOutputAddr(), 16)
        wide = np.ctypeslib.as_array((ctypes.c_float * (block * channels)).from_address(address))
        self._synths = wide.reshape(block, channels)
        self._sound = np.zeros((block, 2 * (SYNTH_PAIRS + TABLE_PAIRS)), np.float32)
        self.sequencer = Sequencer()
        self.desk = Desk(block, SYNTH_PAIRS + TABLE_PAIRS)
        self.tables = Tables()
        self.tally = Tally()
        self.dropped = 0
        self._racks: dict[tuple[str, str], SynthRack | TableRack] = {}
        self._spare: dict[str, list[SynthRack]] = {}
        self._synth_pairs = list(range(SYNTH_PAIRS))
        self._reserved: dict[str, list[int]] = {}
        """Pairs given to instruments when they were first asked for, so that no timing decides who has which."""
        self._pairs = list(range(TABLE_PAIRS))
        self._wanted: list[tuple[str, Key | None]] = []
        self._todo: queue.SimpleQueue[Key] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Key, Samples | None]] = queue.SimpleQueue()
        self._asked: set[Key] = set()
        self._builder: threading.Thread | None = None
        for _ in range(4):  # the server's own fade-in must not be heard
            self._server.process()

    # -- messages ----------------------------------------------------------------------------------------------

    def put(self, parcel: Parcel) -> None:
        """Take a parcel; remember what it will need built."""
        message = parcel.message
        if isinstance(message, Prepare):
            for name in message.instruments:
                self._want(name)
        else:
            if isinstance(message, NoteEvent):
                spec = instrument(message.instrument)
                if spec.make == "synth":
                    self._want(spec.name)
                else:
                    key = self.tables.key(spec, message.pitch, message.velocity, 0)
                    if not self.tables.have(key) and (spec.name, key) not in self._wanted:
                        self._wanted.append((spec.name, key))
            self.sequencer.put(parcel)

    def _want(self, name: str) -> None:
        spec = instrument(name)
        if spec.make == "synth":
            have = bool(self._spare.get(name) or self._reserved.get(name))
            if not have and self._synth_pairs and all(r.spec.name != name for r in self._racks.values()):
                self._reserved.setdefault(name, []).append(self._synth_pairs.pop(0))
                self._wanted.append((name, None))
        elif spec.make == "drums":
            for pitch in (36, 38, 42, 39, 46, 49):
                for count in range(3):
                    key = self.tables.key(spec, pitch, 0.8, count)
                    if not self.tables.have(key) and (name, key) not in self._wanted:
                        self._wanted.append((name, key))

    def build_aside(self) -> bool:
        """Build while playing: a rack here (pyo belongs to this thread), tables on a thread of lower priority, since
        one may take longer than the lead allows. True when something was built here."""
        while not self._done.empty():
            key, table = self._done.get()
            self._asked.discard(key)
            if table is not None:
                self.tables.keep(key, table)
        racks = [item for item in self._wanted if item[1] is None]
        for _, wanted in self._wanted:
            if wanted is not None and wanted not in self._asked and not self.tables.have(wanted):
                self._asked.add(wanted)
                self._todo.put(wanted)
        self._wanted = racks
        if self._asked and self._builder is None:
            self._builder = threading.Thread(target=_build, args=(self._todo, self._done), name="tables", daemon=True)
            self._builder.start()
        return self.build_one() if racks else False

    def build_one(self) -> bool:
        """Build one wanted thing (a few milliseconds); False when there is nothing to build."""
        if not self._wanted:
            return False
        name, key = self._wanted.pop(0)
        if key is not None:
            try:
                self.tables.get(key)
            except (ArithmeticError, LookupError, ValueError):
                log.exception("a sound cannot be made: %s", key)
        elif self._reserved.get(name):
            self._spare.setdefault(name, []).append(self._make_rack(name, self._reserved[name].pop(0)))
        return True

    # -- racks -------------------------------------------------------------------------------------------------

    def _make_rack(self, name: str, pair: int) -> SynthRack:
        return SynthRack(self._pyo, instrument(name), self.block, pair, self.tally)

    def _rack(self, name: str, track: str) -> SynthRack | TableRack | None:
        found = self._racks.get((track, name))
        if found is None:
            found = self._new_table_rack(name) if instrument(name).make != "synth" else self._new_synth_rack(name)
            if found is None:
                return None
            found.track = track
            self._racks[track, name] = found
            spec = found.spec
            index = found.index + (SYNTH_PAIRS if isinstance(found, TableRack) else 0)
            strip = self.desk.strip(track)
            self.desk.route(index, Source(strip, spec.gain_db, spec.ducked, spec.echo, spec.width))
        return found

    def _new_synth_rack(self, name: str) -> SynthRack | None:
        """A rack for a track: built ahead, or now; with all pairs given away, in the place of one that is silent."""
        if self._spare.get(name):
            return self._spare[name].pop()
        for pairs in (self._reserved.get(name, []), self._synth_pairs):
            if pairs:
                return self._make_rack(name, pairs.pop(0))
        silent = [(k, r) for k, r in self._racks.items() if isinstance(r, SynthRack) and r.free()]
        for key, rack in silent:
            if rack.spec.name == name:
                del self._racks[key]
                return rack
        if silent:
            key, rack = silent[0]
            del self._racks[key]
            return self._make_rack(name, rack.index)
        unused = next((n for n, racks in self._spare.items() if racks), None)
        if unused is not None:
            return self._make_rack(name, self._spare[unused].pop().index)
        return next((r for r in self._racks.values() if isinstance(r, SynthRack) and r.spec.name == name), None)

    def _new_table_rack(self, name: str) -> TableRack | None:
        if not self._pairs:
            for key, rack in self._racks.items():
                if isinstance(rack, TableRack) and rack.free():
                    del self._racks[key]
                    self._pairs.append(rack.index)
                    break
            else:
                return None
        return TableRack(instrument(name), self._pairs.pop(0), self.tables, self.tally)

    def active(self) -> int:
        """Voices that sound."""
        return sum(rack.active() for rack in self._racks.values())

    def cap(self, share: float) -> None:
        """Allow only a share of every pool (1: all), to save CPU."""
        for rack in self._racks.values():
            rack.cap = max(2, int(rack.spec.voices * share))

    # -- one block ---------------------------------------------------------------------------------------------

    def render(self, at: int) -> Samples:
        """Play the block at show sample ``at``; returns the finished block before it (the limiter's look-ahead)."""
        end = at + self.block
        sequencer = self.sequencer
        sequencer.admit(at)
        for order, voice in sequencer.voices:
            ease = 0 if voice.sample > at else 240
            pcm = voice.pcm
            if not np.isfinite(pcm.sum()):
                log.error("a voice of %s at sample %d is no number in places; silence there", voice.owner, voice.sample)
                pcm = np.nan_to_num(pcm, nan=0.0, posinf=0.0, neginf=0.0)
            self.desk.voices.add(Take(voice.sample, pcm, voice.owner, voice.sung, order, ease_in=ease))
        sequencer.voices.clear()
        due = [item for item in (self._in_time(*item, at) for item in sequencer.due(end)) if item is not None]
        self._release(at, end)
        for sample, order, message in due:
            if isinstance(message, NoteEvent):
                try:
                    self._note(message, sample, order, at)
                except (ArithmeticError, LookupError, ValueError):  # one note must never cost the band
                    self.tally.shed += 1
                    log.exception("a note cannot be played and is left out: %s", message)
            elif isinstance(message, Change):
                self.desk.change(message.track, message.name, message.value, sample, message.ramp)
        for sample, order, message in due:  # after the notes: one may begin and be cancelled in the same block
            if isinstance(message, Cancel):
                self._cancel(message, sample, order)
        self._release(at, end)
        return self._sound_block(at, end)

    def _in_time(self, sample: int, order: int, message: Message, at: int) -> tuple[int, int, Message] | None:
        """After a jump over samples that came too late: what was due in them takes effect now, or not at all."""
        if sample >= at:
            return sample, order, message
        if isinstance(message, NoteEvent):
            left = resumed(message, at)
            if left is None:
                self.tally.shed += 1
                return None
            return at, order, left
        return at, order, message

    def _release(self, at: int, end: int) -> None:
        for rack in self._racks.values():
            if isinstance(rack, SynthRack):
                rack.releases(at, end)

    def _note(self, event: NoteEvent, sample: int, order: int, at: int) -> None:
        rack = self._rack(event.instrument, event.track)
        if rack is None:
            self.tally.shed += 1
            return
        rack.note(event, sample, order, at)
        if rack.spec.make == "drums" and round(event.pitch) in KICKS:
            self.desk.kick(sample)

    def _cancel(self, message: Cancel, sample: int, order: int) -> None:
        for rack in self._racks.values():
            rack.cancel(message.owner, sample, order)
        self.desk.voices.cancel(message.owner, sample, message.fade, order)

    def _sound_block(self, at: int, end: int) -> Samples:
        self._server.process()
        sound, wide = self._sound, 2 * SYNTH_PAIRS
        sound[:, :wide] = self._synths
        sound[:, wide:] = 0.0
        for rack in self._racks.values():
            if isinstance(rack, TableRack):
                if rack.playing:
                    first = wide + 2 * rack.index
                    rack.render(at, sound[:, first : first + 2])
            else:
                rack.after(end)
        if not np.isfinite(sound.sum()):
            self._leave_out_broken(sound)
        return self.desk.mix(at, sound)

    def _leave_out_broken(self, sound: Samples) -> None:
        """A sum that is no number would stay in every filter after it: its instrument is silenced and made anew."""
        for key, rack in list(self._racks.items()):
            first = 2 * rack.index + (2 * SYNTH_PAIRS if isinstance(rack, TableRack) else 0)
            if not np.isfinite(sound[:, first : first + 2].sum()):
                log.error("%s on %s gave no numbers; it begins anew", rack.spec.name, rack.track)
                del self._racks[key]
                if isinstance(rack, SynthRack):
                    rack.close()
                    self._synth_pairs.insert(0, rack.index)
                else:
                    self._pairs.insert(0, rack.index)
        np.nan_to_num(sound, copy=False, nan=0.0, posinf=0.0, neginf=0.0)

"""One-shots computed with numpy when first needed, cached, and played to the sample: drums and struck instruments."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from audio.instruments import drums, modal
from audio.instruments.catalog import SAMPLED, Instrument
from audio.mix.filters import Samples

LAYERS = 4
"""Loudness layers of a struck instrument; a note takes the nearest."""
_BUDGET_BYTES = 96 << 20


@dataclass(frozen=True, slots=True)
class Key:
    """Names one table."""

    instrument: str
    pitch: float
    layer: int


class Tables:
    """Least recently used tables go when the budget is spent; they come back exactly the same."""

    def __init__(self) -> None:
        self._tables: OrderedDict[Key, Samples] = OrderedDict()
        self._bytes = 0
        self.built = 0

    def key(self, spec: Instrument, pitch: float, velocity: float, count: int) -> Key:
        """The table for a note; ``count`` turns the round robin of drums."""
        if spec.make == "drums":
            return Key(spec.name, float(round(pitch)), count % drums.VARIANTS)
        layer = min(LAYERS - 1, max(0, int(velocity * LAYERS)))
        return Key(spec.name, round(pitch, 2), layer)

    def have(self, key: Key) -> bool:
        """Is it made already?"""
        return key in self._tables

    def get(self, key: Key) -> Samples:
        """The table (frames, 2), made now if need be."""
        found = self._tables.get(key)
        if found is None:
            makers: dict[str, Callable[[float, int], Samples]] = modal.MAKERS
            maker = makers.get(key.instrument)
            if key.instrument.startswith(SAMPLED):
                from audio.instruments.sampled import open_bank

                found = open_bank(key.instrument).note(key.pitch, round((key.layer + 0.5) / LAYERS * 127))
            else:
                found = maker(key.pitch, key.layer) if maker else drums.hit(key.instrument, int(key.pitch), key.layer)
            self.keep(key, found)
        else:
            self._tables.move_to_end(key)
        return found

    def keep(self, key: Key, table: Samples) -> None:
        """Take a table that was made elsewhere."""
        if key in self._tables:
            return
        self._tables[key] = table
        self._bytes += table.nbytes
        self.built += 1
        while self._bytes > _BUDGET_BYTES and len(self._tables) > 1:
            self._bytes -= self._tables.popitem(last=False)[1].nbytes

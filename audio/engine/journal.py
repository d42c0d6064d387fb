"""What the parent remembers: every message that can still be heard, so that a new host can take over mid-song."""

from __future__ import annotations

from dataclasses import replace

from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare, VoiceEvent
from audio.engine.sequencer import Parcel

LIMIT = 60_000
"""Most messages kept; above it new ones are refused by the band."""
_SUSTAINED = 12_000
"""A note with at least this much left is struck again after a restart."""


class Journal:
    """Parcels not finished yet, the last setting of every track, and the instruments in use."""

    def __init__(self) -> None:
        self._parcels: list[Parcel] = []
        self._settings: dict[tuple[str, str], Change] = {}
        self.instruments: dict[str, None] = {}
        self._pruned_at = 0

    def __len__(self) -> int:
        return len(self._parcels)

    def add(self, parcel: Parcel) -> None:
        """Remember a parcel."""
        message = parcel.message
        if isinstance(message, Prepare):
            self.instruments.update(dict.fromkeys(message.instruments))
            return
        if isinstance(message, NoteEvent):
            self.instruments[message.instrument] = None
        self._parcels.append(parcel)

    def prune(self, position: int, often: int = 24_000) -> None:
        """Forget what ended before ``position``; settings in force are kept apart."""
        if position - self._pruned_at < often:
            return
        self._pruned_at = position
        for parcel in self._parcels:
            if isinstance(parcel.message, Cancel) and parcel.message.sample < position:
                self._cancel(parcel)
        kept = []
        for parcel in self._parcels:
            message = parcel.message
            if isinstance(message, Change) and message.sample + message.ramp < position:
                self._settings[message.track, message.name] = message
            elif _end(message) >= position:
                kept.append(parcel)
        self._parcels = kept

    def _cancel(self, cancelled: Parcel) -> None:
        cancel = cancelled.message
        assert isinstance(cancel, Cancel)
        for i, parcel in enumerate(self._parcels):
            message = parcel.message
            if parcel.order >= cancelled.order or getattr(message, "owner", None) != cancel.owner:
                continue
            if isinstance(message, NoteEvent):
                length = min(message.length, cancel.sample - message.sample)
                self._parcels[i] = replace(parcel, message=replace(message, length=max(0, length)))
            elif isinstance(message, VoiceEvent):
                pcm = message.pcm[: max(0, cancel.sample + cancel.fade - message.sample)]
                self._parcels[i] = replace(parcel, message=replace(message, pcm=pcm))

    def replay(self, resume: int) -> list[Parcel]:
        """What a new host that begins at ``resume`` must be told, in order."""
        self.prune(resume, often=0)
        parcels = [
            Parcel(resume, k - len(self._settings), replace(change, sample=resume, ramp=0))
            for k, change in enumerate(self._settings.values())
        ]
        for parcel in self._parcels:
            message = resumed(parcel.message, resume)
            if message is not None:
                parcels.append(Parcel(max(resume, parcel.horizon), parcel.order, message))
        parcels.sort(key=lambda parcel: (parcel.horizon, parcel.order))
        return parcels


def _end(message: Message) -> int:
    if isinstance(message, NoteEvent):
        return message.sample + message.length
    if isinstance(message, VoiceEvent):
        return message.sample + len(message.pcm)
    if isinstance(message, Change):
        return message.sample + message.ramp
    return message.sample if isinstance(message, Cancel) else 0


def resumed(message: Message, at: int) -> Message | None:
    """The message as it must be when nothing before ``at`` can be played; None when nothing of it is left."""
    if isinstance(message, NoteEvent) and message.sample < at:
        left = message.sample + message.length - at
        keep = left >= _SUSTAINED and not message.instrument.startswith("kit_")
        return replace(message, sample=at, length=left) if keep else None
    if isinstance(message, VoiceEvent) and message.sample < at:
        pcm = message.pcm[at - message.sample :]
        return replace(message, sample=at, pcm=pcm) if len(pcm) else None
    return message

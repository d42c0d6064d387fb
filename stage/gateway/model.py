"""What the house (fans' gateway) and the stage tell each other: plain data, small, bounded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FanEvent:
    """Something a fan did: ``kind`` is chat, paid, request, join, leave, reaction, vote or memory (``text`` show or erase).

    ``accepted`` is the monotonic time (seconds) at which the gateway accepted it.
    """

    id: str
    fan: str
    kind: str
    text: str = ""
    amount: float = 0.0
    accepted: float = 0.0
    member: bool = False
    """Whether the fan is a member (subscriber) where the message came from."""
    account: str = ""
    """Who the fan is to the gateway; names can change hands, accounts cannot. Empty: only the name is known."""
    ruling: str = ""
    """Set when the operator approved the line: it is not judged again."""
    shown: bool = True
    """Whether other fans see the line; False when the house found it unfit to be shown."""


@dataclass(frozen=True, slots=True)
class MediaInit:
    """Initialisation segment (ftyp + moov) and the MIME type with codecs for Media Source Extensions."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class MediaChunk:
    """One CMAF chunk (moof + mdat): ``track`` video or audio, ``key`` whether a viewer may start here."""

    data: bytes
    track: str
    key: bool
    sample: int
    """First sample of the show's clock it shows or sounds."""

"""What fans' pages are told of the show: captions, songs, answers, phases, as their samples come."""

from __future__ import annotations

from typing import Protocol

from characters.definition import Definition
from stage.clock import seconds
from stage.timeline import Cue


class Publisher(Protocol):
    """Where it goes (the house)."""

    def publish(self, kind: str, payload: dict[str, object]) -> None: ...


class Broadcast:
    """Turns cues into the fan protocol's messages (``docs/protocol.md``)."""

    def __init__(self, house: Publisher, definition: Definition) -> None:
        self._house, self._name = house, definition.identity.name
        self._song: dict[str, object] = {}

    def cue(self, cue: Cue) -> None:
        """A cue whose sample is shown now."""
        data, at = cue.data, round(seconds(cue.sample), 3)
        if cue.kind == "caption":
            payload = {
                "text": data["text"],
                "sung": bool(data.get("sung")),
                "at": at,
                "seconds": round(seconds(cue.length), 3),
            }
            self._house.publish("caption", payload)
        elif cue.kind == "reply" and data.get("text"):
            self._house.publish("chat", {"from": self._name, "text": data["text"], "is_ai": True})
        elif cue.kind == "song":
            self._song = {} if data.get("bed") else {
                "title": data.get("title", ""), "fan": data.get("fan", ""), "bpm": data.get("bpm", 0),
                "seconds": round(seconds(cue.length), 1),
            }  # fmt: skip
            self._house.publish("now_playing", dict(self._song))
        elif cue.kind == "section" and self._song:
            self._house.publish("now_playing", self._song | {"section": data.get("name", "")})
        elif cue.kind == "phase":
            self._house.publish("state", {"phase": data.get("name", "")})

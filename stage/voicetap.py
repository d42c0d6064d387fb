"""The voice alone, dry: what she says and sings, heard before the mix, for subtitles, remixes and measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.engine.model import Cancel, Message, VoiceEvent


@dataclass(slots=True)
class _Part:
    """A stretch of voice, and from which sample on it fades out."""

    start: int
    pcm: npt.NDArray[np.float32]
    owner: str
    cut: int = -1
    fade: int = 0

    @property
    def end(self) -> int:
        whole = self.start + len(self.pcm)
        return whole if self.cut < 0 else min(whole, self.cut + self.fade)


class VoiceTap:
    """Listens to what is sent to the band and gives the voice back in the same samples."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def hear(self, *messages: Message) -> None:
        """Take note of what the band is told."""
        for message in messages:
            if isinstance(message, VoiceEvent):
                self._parts.append(_Part(message.sample, message.pcm, message.owner))
            elif isinstance(message, Cancel):
                for part in self._parts:
                    if part.owner == message.owner and part.end > message.sample:
                        part.cut, part.fade = message.sample, max(1, message.fade)

    def take(self, start: int, count: int) -> npt.NDArray[np.float32]:
        """Samples ``start`` to ``start + count``, mono; what is before them is forgotten."""
        out = np.zeros(count, np.float32)
        self._parts = [part for part in self._parts if part.end > start]
        for part in self._parts:
            first, last = max(start, part.start), min(start + count, part.end)
            if first < last:
                out[first - start : last - start] += part.pcm[first - part.start : last - part.start] * self._gain(
                    part, first, last
                )
        return out

    @staticmethod
    def _gain(part: _Part, first: int, last: int) -> npt.NDArray[np.float32] | float:
        if part.cut < 0 or last <= part.cut:
            return 1.0
        left = 1.0 - (np.arange(first, last, dtype=np.float32) - part.cut) / part.fade
        return np.clip(left, 0.0, 1.0)

"""A show's recorded sound, read as the picture goes on: a WAV, or the sound of an MP4, by the show's own samples."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from audio.listen.sound import SoundError
from stage.clock import SAMPLE_RATE
from stage.outputs.mp4 import BEGINS

LATEST = 600 * SAMPLE_RATE
"""A sound that begins later than this after the picture begins here."""
Stereo = npt.NDArray[np.float32]


class Tape:
    """The sound of a file from its moment 0 on, at 48 kHz, two channels.

    Raises :class:`~audio.listen.sound.SoundError` (file, reason, remedy) where there is none to read.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise SoundError(f"{path}: no such file; give the show's sound (--wav or --record wrote it)")
        self._path = path
        self._waiting: deque[Stereo] = deque()
        try:
            self._box: Any = av.open(str(path))
        except (av.FFmpegError, UnicodeDecodeError, ValueError) as error:
            raise self._broken(error) from None
        if not self._box.streams.audio:
            self._box.close()
            raise SoundError(f"{path}: has no sound track; give the show's WAV, or its MP4")
        stream = self._box.streams.audio[0]
        length = stream.duration * stream.time_base if stream.duration else (self._box.duration or 0) / av.time_base
        told = re.fullmatch(BEGINS.replace("{}", r"(\d{1,15})"), self._box.metadata.get("description", ""))
        self._before = min(int(told[1]), LATEST) if told else 0
        self.samples = round(float(length) * SAMPLE_RATE) + self._before
        """Its length as the file says, in samples of 48 kHz."""
        if self.samples <= self._before:
            self._box.close()
            raise SoundError(f"{path}: holds no sound; give the show's WAV, or its MP4")
        self.ended = False
        """Whether there is no more, whatever the file said."""
        self._parts = self._decode()

    def _broken(self, error: Exception) -> SoundError:
        return SoundError(
            f"{self._path}: not a sound file that can be read ({type(error).__name__}); give a WAV or MP4"
        )

    def _decode(self) -> Iterator[Stereo]:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        early, begun = 0, False
        yield np.zeros((self._before, 2), np.float32)
        for frame in self._box.decode(audio=0):
            if not begun and frame.pts is not None:
                at = round(float(frame.pts * frame.time_base) * SAMPLE_RATE)
                yield np.zeros((min(max(at, 0), LATEST), 2), np.float32)  # it may begin after the picture,
                early = max(-at, 0)  # or with an encoder's warm-up before moment 0
            begun = True
            for made in resampler.resample(frame):
                part = np.ascontiguousarray(made.to_ndarray().T, np.float32)
                yield part[early:]
                early = max(0, early - len(part))
        for made in resampler.resample(None):
            yield np.ascontiguousarray(made.to_ndarray().T, np.float32)

    def read(self, count: int) -> Stereo:
        """The next ``count`` samples, (count, 2) in -1..1; silence after its end or where it is broken off."""
        out, filled = np.zeros((count, 2), np.float32), 0
        while filled < count:
            if not self._waiting:
                try:
                    part = next(self._parts, None)
                except (av.FFmpegError, ValueError) as error:
                    raise self._broken(error) from None
                if part is None:
                    self.ended = True
                    break
                self._waiting.append(part)
            part = self._waiting.popleft()
            n = min(len(part), count - filled)
            out[filled : filled + n] = part[:n]
            filled += n
            if n < len(part):
                self._waiting.appendleft(part[n:])
        np.nan_to_num(out, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return np.clip(out, -1.0, 1.0, out=out)

    def close(self) -> None:
        """Let go of the file."""
        self._box.close()

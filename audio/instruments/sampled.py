"""Sampled instruments: SoundFont 2 and 3 (``sf2:piano.sf2#0:4``, bank and program) and SFZ (``sfz:folder/piano.sfz``).

Every note becomes a table like those of the struck instruments, so it starts on its sample, offline and live. Formats:
"SoundFont Technical Specification 2.04" (Creative 2006; in version 3 samples are Ogg Vorbis) and the opcodes of SFZ 1.
Loops are unrolled up to ``LONGEST``; volume envelope, tuning, ranges of keys and velocity, pan, attenuation and the
fixed part of the low-pass are played; modulators, modulation envelopes and LFOs are not.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audio.instruments.errors import SampleError
from audio.mix.filters import Samples

RATE = 48_000
LONGEST = 6 * RATE
"""Frames of a table."""
LARGEST = 2 << 30
_MOST_LAYERS = 8
Data = Callable[[], tuple[npt.NDArray[np.float32], int]]


@dataclass(frozen=True, slots=True)
class Region:
    """A sample and the notes it is for. Times in seconds, pitches in semitones, ``loop`` in frames (first, end)."""

    data: Data
    keys: tuple[int, int]
    velocities: tuple[int, int]
    root: float
    scale: float = 1.0
    gain_db: float = 0.0
    pan: float = 0.0
    loop: tuple[int, int] | None = None
    attack: float = 0.0
    hold: float = 0.0
    decay: float = 0.0
    sustain_db: float = 0.0
    release: float = 0.1
    cutoff: float = 20_000.0


@dataclass(frozen=True, slots=True)
class Bank:
    """All regions of one instrument."""

    regions: tuple[Region, ...]
    release: float
    stamp: str

    def note(self, pitch: float, velocity: int) -> Samples:
        """(frames, 2) at 48 kHz; silence where no region is for the note."""
        key = min(127, max(0, round(pitch)))
        fit = [
            r for r in self.regions if r.keys[0] <= key <= r.keys[1] and r.velocities[0] <= velocity <= r.velocities[1]
        ]
        parts = [_played(region, pitch) for region in fit[:_MOST_LAYERS]]
        out = np.zeros((max((len(p) for p in parts), default=480), 2), np.float32)
        for part in parts:
            out[: len(part)] += part
        return out


def _played(region: Region, pitch: float) -> Samples:
    from scipy.signal import butter, sosfilt

    data, rate = region.data()
    if len(data) < 4:
        return np.zeros((480, 2), np.float32)
    ratio = 2 ** ((pitch - region.root) * region.scale / 12) * rate / RATE
    ratio = min(64.0, max(1 / 64, ratio))
    edge = min(region.cutoff / max(1e-3, ratio * RATE / rate), 0.45 * rate / max(1.0, ratio * RATE / rate))
    if edge < 0.44 * rate:  # the low-pass, and what would fold back when played higher, in the sample's own time
        data = sosfilt(butter(4, max(20.0, edge), fs=rate, output="sos"), data).astype(np.float32)
    loop = region.loop if region.loop and 0 <= region.loop[0] < region.loop[1] - 1 < len(data) else None
    count = LONGEST if loop else min(LONGEST, int((len(data) - 3) / ratio) + 1)
    at = np.arange(count) * ratio
    if loop:
        first, end = loop
        at = np.where(at < end, at, first + (at - first) % (end - first))
    low = np.minimum(at.astype(np.int64), len(data) - 1)
    part = (at - low).astype(np.float32)
    after = low + 1
    if loop:
        after = np.where(after >= loop[1], loop[0], after)
    # Catmull-Rom through four neighbours.
    p0, p1 = data[np.maximum(low - 1, 0)], data[low]
    p2, p3 = data[np.minimum(after, len(data) - 1)], data[np.minimum(after + 1, len(data) - 1)]
    sound = p1 + 0.5 * part * (p2 - p0 + part * (2 * p0 - 5 * p1 + 4 * p2 - p3 + part * (3 * (p1 - p2) + p3 - p0)))
    sound = sound * _envelope(region, count) * 10 ** (region.gain_db / 20)
    angle = (min(1.0, max(-1.0, region.pan)) + 1) * math.pi / 4
    made = np.stack([sound * math.cos(angle), sound * math.sin(angle)], axis=1) * math.sqrt(2)
    fade = min(480, count)
    made[-fade:] *= np.linspace(1, 0, fade)[:, None]
    return made.astype(np.float32)


def _envelope(region: Region, count: int) -> npt.NDArray[np.float64]:
    """Attack in a straight line, hold, decay in a straight line of dB down to the sustain level."""
    t = np.arange(count) / RATE
    made = np.ones(count)
    begin = region.attack + region.hold
    if region.sustain_db < 0:
        slope = 100.0 / max(0.001, region.decay)
        made = 10 ** (np.maximum(region.sustain_db, -slope * np.maximum(0.0, t - begin)) / 20)
    if region.attack > 0.0005:
        made = made * np.minimum(1.0, t / region.attack)
    return made


@lru_cache(maxsize=16)
def open_bank(name: str) -> Bank:
    """The instrument of a name such as ``sf2:file#bank:program`` or ``sfz:file``; raises :class:`SampleError`."""
    from audio.instruments.sf2 import read_sf2
    from audio.instruments.sfz import read_sfz

    kind, _, rest = name.partition(":")
    place, _, which = rest.partition("#")
    path = Path(place)
    if not place or not path.is_file():
        raise SampleError(f"{place or name}: no such file; give the path of an SF2, SF3 or SFZ file")
    size = path.stat().st_size
    if size > LARGEST:
        raise SampleError(f"{path}: larger than {LARGEST >> 30} GiB; use a smaller instrument")
    regions = read_sf2(path, which) if kind == "sf2" else read_sfz(path)
    if not regions:
        raise SampleError(f"{path}: holds no playable sample for {which or 'any key'}; choose another")
    with path.open("rb") as file:
        head = file.read(1 << 20)
    stamp = f"{size:x}-{path.stat().st_mtime_ns:x}-{zlib.crc32(head):08x}"
    return Bank(tuple(regions), max(0.03, min(3.0, max(r.release for r in regions))), stamp)


def whole(path: Path, first: int = 0, end: int | None = None) -> Data:
    """A sound file, read when it is played."""

    @lru_cache(maxsize=1)
    def read() -> tuple[npt.NDArray[np.float32], int]:
        import soundfile

        try:
            sound, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=LONGEST * 4)
        except (soundfile.LibsndfileError, OSError) as error:
            raise SampleError(f"{path}: not a sound file that can be read ({error}); save it as WAV or FLAC") from None
        return np.nan_to_num(sound.mean(axis=1)[first:end]), int(rate)

    return read

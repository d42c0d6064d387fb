"""Sound from any file: what soundfile reads, and through PyAV whatever FFmpeg decodes (MP3, M4A, the sound of a video)."""

from __future__ import annotations

from math import gcd
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RATE = 48_000
LONGEST = 3 * 3600
"""Seconds of sound that are taken in."""
LARGEST = 4 * 2**30


class SoundError(ValueError):
    """A file that holds no usable sound: file, reason, remedy in one line."""


def read_sound(path: Path) -> Samples:
    """The sound of a file as (n, 2) float32 at 48 kHz. Values that are not numbers become silence.

    Raises :class:`SoundError` for a missing, broken, silent-by-absence, multichannel-beyond-8 or endless file.
    """
    if not path.is_file():
        raise SoundError(f"{path}: no such file; give the path of a sound or video file")
    if path.stat().st_size > LARGEST:
        raise SoundError(f"{path}: larger than {LARGEST >> 30} GiB; cut it into parts")
    sound, rate = _soundfile(path)
    if sound is None:
        sound, rate = _av(path)
    if not len(sound):
        raise SoundError(f"{path}: holds no sound")
    np.nan_to_num(sound, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(sound, -8.0, 8.0, out=sound)
    return stereo(resample(sound, rate))


def _soundfile(path: Path) -> tuple[Samples | None, int]:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.channels > 8 or not 4_000 <= file.samplerate <= 768_000:
                raise SoundError(f"{path}: {file.channels} channels at {file.samplerate} Hz; save it as stereo, 48 kHz")
            if file.frames > LONGEST * file.samplerate:
                raise SoundError(f"{path}: longer than {LONGEST // 3600} hours; cut it into parts")
            return file.read(dtype="float32", always_2d=True), int(file.samplerate)
    except soundfile.LibsndfileError:
        return None, 0


def _av(path: Path) -> tuple[Samples, int]:
    import av

    try:
        with av.open(str(path)) as box:
            if not box.streams.audio:
                raise SoundError(f"{path}: has no sound track; give a sound file, or a video with sound")
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
            parts: list[Samples] = []
            count = 0
            for frame in box.decode(audio=0):
                for made in resampler.resample(frame):
                    parts.append(made.to_ndarray().T.astype(np.float32))
                    count += len(parts[-1])
                if count > LONGEST * RATE:
                    raise SoundError(f"{path}: longer than {LONGEST // 3600} hours; cut it into parts")
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise SoundError(
            f"{path}: not a sound file that can be read ({error.__class__.__name__}); save it as WAV or FLAC"
        ) from None
    return (np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)), RATE


def resample(sound: Samples, rate: int, to: int = RATE) -> Samples:
    """(n, channels) at ``rate`` Hz to ``to`` Hz (polyphase)."""
    if rate == to:
        return sound
    from scipy.signal import resample_poly

    common = gcd(rate, to)
    return resample_poly(sound, to // common, rate // common, axis=0).astype(np.float32)


def stereo(sound: Samples) -> Samples:
    """(n, channels) as (n, 2): mono doubled, more than two channels folded to both sides."""
    if sound.shape[1] == 2:
        return sound
    if sound.shape[1] == 1:
        return np.repeat(sound, 2, axis=1)
    left, right = sound[:, 0::2].mean(axis=1), sound[:, 1::2].mean(axis=1)
    return np.stack([left, right], axis=1).astype(np.float32)

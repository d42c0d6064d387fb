"""Offline mastering: gain to a target loudness through the band's own limiter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Samples
from audio.mix.limiter import Limiter
from audio.mix.meters import SILENCE
from audio.mix.meters import loudness as integrated

_BLOCK = 1024


def _limited(sound: Samples, gain_db: float, peak: float) -> Samples:
    limiter = Limiter(_BLOCK, ceiling=peak - 0.5)
    count = -(-len(sound) // _BLOCK) + 1
    padded = np.zeros((count * _BLOCK, 2), np.float32)
    padded[: len(sound)] = sound * np.float32(10 ** (gain_db / 20))
    blocks = [limiter(padded[k * _BLOCK : (k + 1) * _BLOCK]) for k in range(count)]
    made: Samples = np.concatenate(blocks)[_BLOCK : _BLOCK + len(sound)]
    return made


def master(pcm: npt.NDArray[np.floating], loudness: float = -14.0, peak: float = -1.0) -> Samples:
    """``pcm`` (n,) or (n, 2) at 48 kHz brought to ``loudness`` LUFS with no true peak above ``peak`` dBTP.

    Returns (n, 2) float32. Sound too quiet to measure is only limited. Samples that are not numbers become silence.
    """
    sound = np.nan_to_num(np.asarray(pcm, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    if sound.ndim == 1:
        sound = np.stack([sound, sound], axis=1)
    elif sound.shape[1] == 1:
        sound = np.repeat(sound, 2, axis=1)
    level = integrated(sound)
    if level <= SILENCE:
        return _limited(sound, 0.0, peak)
    gain = loudness - level
    made = _limited(sound, gain, peak)
    for _ in range(5):  # limiting lowers the loudness a little: give it back
        miss = loudness - integrated(made)
        if abs(miss) < 0.05:
            break
        gain += miss
        made = _limited(sound, gain, peak)
    return made

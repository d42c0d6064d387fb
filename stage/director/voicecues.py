"""From a rendered phrase to cues: phonemes with visemes, words, breaths."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from audio.voice.model import Phone, Sung, Take
from audio.voice.phones import is_vowel, sound
from avatar.motion.cues import LEVEL_STEP
from stage.clock import SAMPLE_RATE
from stage.timeline import Cue

_FIRST = SAMPLE_RATE * 8 // 100
"""Samples of a vowel in which it reaches what :meth:`Loudness.early` takes for its loudness."""
_BURST = SAMPLE_RATE * 11 // 100
"""Samples before a vowel in which it may be heard already."""
_THIN = 4
_BIN = SAMPLE_RATE // 200
"""Samples of a bin of the loudness: 5 ms, a multiple of what the sound is thinned by."""
_WINDOW = np.hanning(9)[1:-1] / np.hanning(9).sum()
"""Weights of the bins around one: 20 ms wide at half their height."""


def voice_cues(take: Take, zero: int, owner: str, sung: bool) -> list[Cue]:
    """Phoneme and word cues of a take whose own zero is heard at show sample ``zero``."""
    cues = []
    loudness, before = Loudness(take), None
    for phone, weight in zip(take.layout.phones, openings(take)):
        data: dict[str, Any] = {
            "symbol": phone.symbol,
            "ipa": phone.ipa,
            "viseme": phone.viseme,
            "stress": phone.stress,
            "weight": weight,
        }
        if loudness.heard and phone.symbol != "breath":
            data["levels"] = loudness.of(phone)
            if early := loudness.early(before, phone):
                data["early"] = early
        if sung and phone.note >= 0:
            data["note"] = phone.note
        cues.append(Cue(zero + phone.start, phone.end - phone.start, "phoneme", data, owner))
        before = phone
    for word in take.layout.words:
        cues.append(Cue(zero + word.start, word.end - word.start, "word", {"text": word.text, "sung": sung}, owner))
    if isinstance(take.layout.phrase, Sung):
        for note in take.layout.phrase.notes:
            cues.append(Cue(zero + note.start, note.length, "note", {"pitch": note.pitch, "track": "voice"}, owner))
    return cues


class Loudness:
    """How loud a take is where vowels are (300 to 2500 Hz), 100 = its loud parts: what lets the mouth open and close with
    the sound itself inside every phone, as an h that is only breath or a w that swells into its vowel ask for.

    The band is cut out without delay (a spectrum is weighted, no phase is moved), and what is loud for a moment counts
    as much before as after it, so the curve is neither late nor early.
    """

    def __init__(self, take: Take) -> None:
        self._begin = take.layout.start
        count = len(take.pcm) // _BIN
        self._curve = np.zeros(max(1, count))
        if count > 1:
            # The mean of four samples has no phase either, and what it folds down lies far below the band's own level.
            pcm = take.pcm[: count * _BIN]
            band = _vowel_band(sum(pcm[k::_THIN] for k in range(1, _THIN)) + pcm[::_THIN]).reshape(count, -1)
            bins = np.einsum("ij,ij->i", band, band) / (band.shape[1] * _THIN**2)
            self._curve = np.convolve(np.sqrt(np.convolve(bins, _WINDOW, "same")), _WINDOW, "same")
        loud = self._curve[self._curve > 1e-3]
        self._loud = float(np.percentile(loud, 85)) if len(loud) else 0.0
        self.heard = self._loud > 0.0
        """Whether there is anything to follow: a take without sound says nothing of the mouth."""

    def of(self, phone: Phone) -> list[int]:
        """Levels every :data:`LEVEL_STEP` samples from the phone's start to the first at or after its end."""
        at = phone.start - self._begin + LEVEL_STEP * np.arange(-(-(phone.end - phone.start) // LEVEL_STEP) + 1)
        levels = np.interp(at / _BIN - 0.5, np.arange(len(self._curve)), self._curve) / self._loud
        return [int(v) for v in np.rint(100.0 * np.minimum(levels, 1.15))]

    def early(self, before: Phone | None, phone: Phone) -> int:
        """Samples before a vowel's start at which it is half as loud as it will be: the breath of a stop's burst has its
        sound already. 0 after other phones, and after lips that really are closed until it begins (m, f, v)."""
        if before is None or not is_vowel(phone.symbol) or before.end != phone.start or before.symbol in ("F", "V"):
            return 0
        if sound(before.symbol).kind not in ("stop", "affricate", "fricative"):
            return 0
        start = (phone.start - self._begin) // _BIN
        first = start - min(before.end - before.start, _BURST) // _BIN
        if first < 0 or start >= len(self._curve):
            return 0
        loud = self._curve[start : start + max(1, min(phone.end - phone.start, _FIRST) // _BIN)].max()
        lead_in = self._curve[first : start + 1].clip(0.0)
        # Half of the amplitude may come long after half of the loudness that is heard (about its root), where a burst is
        # long: the moment is between the two, less the bin by which smoothing lets a rise begin too soon.
        both = _since(lead_in, loud) + _since(np.sqrt(lead_in), np.sqrt(loud))
        return max(0, both - 2) * _BIN // 2


def _since(rise: npt.NDArray[np.float64], top: float) -> int:
    """For how many bins, the last excepted, a rise has been above half its way to ``top``; 0 if it always was."""
    below = np.flatnonzero(rise < (top + rise.min()) / 2)
    return int(len(rise) - 1 - below[-1]) if len(below) else 0


def _vowel_band(pcm: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """A fourth-order Butterworth's magnitude, 300 to 2500 Hz, over the spectrum."""
    size = 1 << (len(pcm) - 1).bit_length()
    hertz = np.fft.rfftfreq(size, _THIN / SAMPLE_RATE)
    low, high = 300.0 / np.maximum(hertz, 1.0), hertz / 2500.0
    for side in (low, high):
        for _ in range(3):  # to the eighth power
            np.multiply(side, side, out=side)
    return np.fft.irfft(np.fft.rfft(pcm, size) / ((1.0 + low) * (1.0 + high)), size)[: len(pcm)]


def openings(take: Take) -> list[float]:
    """How far the mouth opens on each phone, 0.35..1: a loud vowel opens the jaw wider than a swallowed one.

    The level of a phone says how far, never when: the time is the phone's own. It counts where there are no ``levels``, and
    for head and hands, which speak along with what is stressed.
    """
    begin, levels = take.layout.start, []
    for phone in take.layout.phones:
        part = take.pcm[max(0, phone.start - begin) : max(0, phone.end - begin)]
        levels.append(float(np.sqrt(np.mean(part * part))) if len(part) else 0.0)
    loud = float(np.percentile([v for v in levels if v > 1e-4] or [1.0], 85))
    return [round(min(1.0, 0.25 + 0.75 * (level / loud) ** 1.3), 2) for level in levels]


def stressed(phones: tuple[Phone, ...]) -> Phone | None:
    """The phone a gesture's stroke falls on: the longest primary-stressed vowel, later ones preferred."""
    strong = [phone for phone in phones if phone.stress == 1]
    if not strong:
        return None
    span = max(1, phones[-1].end - phones[0].start)
    return max(strong, key=lambda p: (p.end - p.start) * (0.7 + 0.6 * (p.start - phones[0].start) / span))

"""From a rendered phrase to cues: phonemes with visemes, words, breaths."""

from __future__ import annotations

import numpy as np

from audio.voice.model import Phone, Sung, Take
from stage.timeline import Cue


def voice_cues(take: Take, zero: int, owner: str, sung: bool) -> list[Cue]:
    """Phoneme and word cues of a take whose own zero is heard at show sample ``zero``."""
    cues = []
    for phone, weight in zip(take.layout.phones, openings(take)):
        data: dict[str, str | int | float] = {
            "symbol": phone.symbol,
            "ipa": phone.ipa,
            "viseme": phone.viseme,
            "stress": phone.stress,
            "weight": weight,
        }
        if sung and phone.note >= 0:
            data["note"] = phone.note
        cues.append(Cue(zero + phone.start, phone.end - phone.start, "phoneme", data, owner))
    for word in take.layout.words:
        cues.append(Cue(zero + word.start, word.end - word.start, "word", {"text": word.text, "sung": sung}, owner))
    if isinstance(take.layout.phrase, Sung):
        for note in take.layout.phrase.notes:
            cues.append(Cue(zero + note.start, note.length, "note", {"pitch": note.pitch, "track": "voice"}, owner))
    return cues


def openings(take: Take) -> list[float]:
    """How far the mouth opens on each phone, 0.35..1: a loud vowel opens the jaw wider than a swallowed one.

    The level of a phone says how far, never when: the time is the phone's own.
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

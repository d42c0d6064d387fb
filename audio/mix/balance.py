"""Gain staging: every track measured alone and brought to its place, the voice over what it is sung over.

Loudness is K-weighted and gated (BS.1770), so a part that plays now and then is judged by how loud it is when it
plays. Places are those of ``balance.toml``, by role and style; the ``gain_db`` of an imported track stays as an offset to
them (a composed one's is a first guess), and each move is reported so that it can be taken back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.mix.desk import GLUE_THRESHOLD_DB, MUSIC_GAIN
from audio.mix.filters import Samples
from audio.mix.linear import CHUNK, TAPS
from audio.mix.meters import SILENCE, STEP, Weighting, integrated
from audio.mix.mixdown import HOP, Mixdown, Strip
from audio.mix.tonal import told

MOST_DB = 14.0
"""A track is moved by no more than this."""
_LISTENED = 8
"""Chunks of a track that are measured (22 s), spread over where it plays."""
_ROLES = {"kit": "drums", "bass": "bass", "pad": "pad", "strings": "pad", "lead": "lead", "arp": "arp", "pluck": "arp"}


@dataclass(frozen=True, slots=True)
class Moves:
    """What was moved: dB by track (the voice under its own name), and the equaliser of the master."""

    gains: dict[str, float]
    eq: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """For the credits, such as ``bass +4.5 dB, voice -3.0 dB (gain staging by loudness); high mid -1.2 dB
        (equaliser of the master)``."""
        parts = []
        if self.gains:
            faders = ", ".join(f"{name} {gain:+.1f} dB" for name, gain in self.gains.items())
            parts.append(faders + " (gain staging by loudness)")
        if any(self.eq):
            parts.append(told(self.eq))
        return "; ".join(parts)


@lru_cache(maxsize=1)
def _places() -> dict[str, dict[str, float]]:
    with (Path(__file__).parent / "balance.toml").open("rb") as file:
        found: dict[str, dict[str, float]] = tomllib.load(file)
    return found


def places(style: str) -> dict[str, float]:
    """Where each role stands in a style: LUFS after the fader, and ``voice`` in dB over the band."""
    return {**_places()["common"], **_places().get(style, {})}


def role(track: str, instrument: str) -> str:
    """What a track is in a mix: by its name where the composer named it, else by its instrument."""
    if track in ("drums", "bass", "chords", "pad", "arp", "counter", "lead"):
        return track
    return _ROLES.get(instrument.partition("_")[0], "chords")


def staged(mixdown: Mixdown, roles: dict[str, str], style: str, voice: str | None) -> Moves:
    """Measure every strip and the voice of a session; ``roles`` by strip name."""
    session, goal = mixdown.session, places(style)
    gains: dict[str, float] = {}
    levels: list[float] = []
    weighted = Weighting(CHUNK, HOP)
    sung = sorted({k for one in session.sung for k in range(one.start // CHUNK, (one.start + one.sings) // CHUNK + 1)})

    def alone(strip: Strip) -> float:
        return _measured([mixdown.stem(strip, k, keep=True) for k in _chunks(strip, session.chunks, sung)], weighted)

    with ThreadPoolExecutor(2) as threads:
        owns = list(threads.map(alone, session.strips))
    for strip, own in zip(session.strips, owns, strict=True):
        if own <= SILENCE + 5:
            continue
        place = goal[roles.get(strip.name, "chords")]
        gains[strip.name] = _step(place - (own - strip.offset_db))
        levels.append(own + gains[strip.name])
    if voice is not None and sung and levels:
        lead = _measured([mixdown.lead(k) for k in _spread(sung)], weighted)
        band = 10 * np.log10(sum(10 ** (level / 10) for level in levels)) + 20 * np.log10(MUSIC_GAIN) - 1.5
        band -= 0.45 * max(0.0, band - GLUE_THRESHOLD_DB)
        gains[voice] = _step(float(band) + goal["voice"] - lead)
    return Moves(gains)


def _chunks(strip: Strip, count: int, sung: list[int]) -> list[int]:
    """Chunks in which a track plays, those with singing preferred."""
    plays = sorted({k for one in strip.sounds for k in (one.start // CHUNK,) if k < count})
    both = [k for k in plays if k in set(sung)]
    return _spread(both or plays)


def _spread(chunks: Sequence[int]) -> list[int]:
    if len(chunks) <= _LISTENED:
        return list(chunks)
    return [chunks[int(i)] for i in np.linspace(0, len(chunks) - 1, _LISTENED)]


def _measured(parts: list[Samples | None], weighted: Weighting) -> float:
    """Loudness of chunks, each weighted from silence."""
    steps = []
    for part in parts:
        if part is not None:
            sound = np.zeros((2, TAPS + CHUNK), np.float32)
            sound[:, TAPS:] = part.T
            steps.append(weighted(sound)[: CHUNK // STEP * (STEP // HOP)].reshape(-1, STEP // HOP).mean(axis=1))
    return integrated(np.concatenate(steps)) if steps else SILENCE


def _step(gain: float) -> float:
    """In tenths of a dB, within bounds."""
    return round(float(np.clip(gain, -MOST_DB, MOST_DB)), 1)

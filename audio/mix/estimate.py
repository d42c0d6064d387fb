"""How loud a track will be, from its notes alone: what the composer sets its faders by, and the live band plays with.

Every instrument was measured once, note by note (``levels.json``, made by ``scripts/measure_levels.py``): K-weighted
power in every tenth of a second after the onset, by pitch and velocity. A track is the sum of its notes' powers, gated
as BS.1770 gates a recording; a decibel or so from what its sound measures, and computed in milliseconds.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.instruments.catalog import CATALOG
from audio.mix.balance import places, role
from audio.mix.desk import GLUE_THRESHOLD_DB, MUSIC_GAIN
from audio.mix.filters import Floats
from audio.mix.meters import SILENCE, STEP, integrated
from audio.score.model import Song, Track

VOICE_LUFS = -13.6
"""A sung voice behind its chain, its fader at 0 dB: every voice is levelled to about this."""
VELOCITIES = (0.4, 0.8)
PITCHES = tuple(range(30, 95, 8))
_TRAVEL = (-24.0, 12.0)
"""dB that a fader goes."""


@lru_cache(maxsize=1)
def _levels() -> dict[str, Floats]:
    """By instrument: (velocities, pitches, steps) in dB; drums: by pitch, (steps,) at full velocity."""
    found = json.loads((Path(__file__).parent / "levels.json").read_text("utf-8"))
    return {name: np.array(rows, np.float64) for name, rows in found.items()}


def _envelope(instrument: str, pitch: int, velocity: float) -> Floats | None:
    """Power of a held note in every step after its onset; None for instruments that were not measured."""
    if CATALOG[instrument].make == "drums":
        found = _levels().get(f"{instrument}/{pitch}", _levels().get(f"{instrument}/37"))
        made: Floats | None = None if found is None else 10 ** (found / 10) * velocity**3
        return made
    table = _levels().get(instrument)
    if table is None:
        return None
    at = float(np.clip((pitch - PITCHES[0]) / 8, 0, len(PITCHES) - 1))
    low = min(int(at), len(PITCHES) - 2)
    across = table[:, low] + (table[:, low + 1] - table[:, low]) * (at - low)
    soft, loud = VELOCITIES
    made = 10 ** ((across[0] + (across[1] - across[0]) * (velocity - soft) / (loud - soft)) / 10)
    return made


def track_loudness(song: Song, track: Track) -> float:
    """LUFS of a track at a fader of 0 dB (about); ``SILENCE`` for one without notes or of an unknown instrument."""
    if track.instrument not in CATALOG or not track.notes:
        return SILENCE
    spec, tempo = CATALOG[track.instrument], song.tempo_map
    tail = 10 ** (-6 * np.arange(1, 30) * STEP / 48_000 / max(0.1, spec.release))
    power = np.zeros(tempo.sample(tempo.bar_beat(song.bars)) // STEP + 120)
    known: dict[tuple[int, float], Floats | None] = {}
    places: dict[Fraction, int] = {}

    def place(beat: Fraction) -> int:
        if beat not in places:
            places[beat] = tempo.sample(beat)
        return places[beat]

    for note in track.notes:
        key = note.pitch, round(note.velocity, 2)
        if key not in known:
            known[key] = _envelope(track.instrument, *key)
        envelope = known[key]
        if envelope is None:
            return SILENCE
        first = place(note.start)
        steps = -(-(place(note.start + note.length) - first) // STEP)
        if spec.make != "drums":
            held = envelope[:steps]
            if steps > len(held):
                held = _held_on(held, steps, spec.make == "synth")
            envelope = np.concatenate([held, held[-1] * tail])
        at = first // STEP
        part = power[at : at + len(envelope)]
        part += envelope[: len(part)]
    return integrated(power) + spec.gain_db


def _held_on(held: Floats, steps: int, sustained: bool) -> Floats:
    """An envelope gone on with: a sustained note stays, a struck one falls as it fell last."""
    more = np.arange(1, steps - len(held) + 1)
    fall = 1.0 if sustained else min(1.0, float((held[-1] + 1e-12) / (held[-5] + 1e-12)) ** 0.25)
    return np.concatenate([held, held[-1] * fall**more])


def with_faders(song: Song) -> Song:
    """A composed song with every fader where its role and style want it, the voice over the band."""
    goal, tracks, levels = places(song.style), [], []
    for track in song.tracks:
        if track.kind != "voice":
            own = track_loudness(song, track)
            if own > SILENCE + 5:
                place = float(np.clip(goal[role(track.name, track.instrument)] - own, *_TRAVEL))
                track = replace(track, gain_db=round(place, 1))
                levels.append(own + track.gain_db)
        tracks.append(track)
    if levels:
        band = 10 * np.log10(sum(10 ** (level / 10) for level in levels)) + 20 * np.log10(MUSIC_GAIN) - 1.5
        band -= 0.45 * max(0.0, band - GLUE_THRESHOLD_DB)
        over = round(float(np.clip(band + goal["voice"] - VOICE_LUFS, *_TRAVEL)), 1)
        tracks = [replace(t, gain_db=over) if t.kind == "voice" else t for t in tracks]
    return replace(song, tracks=tuple(tracks))


__all__ = ["PITCHES", "VELOCITIES", "track_loudness", "with_faders"]

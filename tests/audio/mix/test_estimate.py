"""Faders from the notes alone: the estimate agrees with the sound, and a composed song is balanced before it sounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audio.engine import changes
from audio.engine.sheet import lay_out
from audio.instruments.tables import Key, Tables
from audio.mix.balance import places, role
from audio.mix.estimate import VOICE_LUFS, track_loudness, with_faders
from audio.mix.linear import CHUNK
from audio.mix.meters import SILENCE, loudness
from audio.mix.mixdown import Mixdown, Session, Sound, Strip
from tests.audio.songs import song


def test_the_estimate_is_what_the_sound_measures() -> None:
    """Drums and a struck instrument, whose sounds need no engine."""
    whole = song("a slow waltz about rain", seed=3)
    chosen = [replace(t, gain_db=0.0, pan=0.0, instrument="keys_piano" if t.kind == "notes" else t.instrument)
              for t in whole.tracks if t.name in ("drums", "chords")]  # fmt: skip
    tables = Tables()
    for part in lay_out(replace(whole, tracks=tuple(chosen))).parts:
        sounds = [
            Sound(one.start, tables.get(one.key), one.gain, one.ends, one.fade)
            for one in part.sounds
            if isinstance(one.key, Key)
        ]
        strip = Strip(part.name, part.spec.gain_db, 0.0, part.spec.width, 0.0, 0.0, False, sounds)
        mixdown = Mixdown(Session((strip,), (), (), 8 * CHUNK, 12_000))
        stems = [mixdown.stem(strip, k) for k in range(8)]
        measured = loudness(np.concatenate([s for s in stems if s is not None]))
        track = next(t for t in chosen if t.name == part.name)
        assert track_loudness(whole, track) == pytest.approx(measured, abs=2.0)


@pytest.mark.parametrize(
    "prompt", ["a slow waltz about rain", "a fast rock song about trains", "gamelan about the sea"]
)
def test_a_composed_song_is_balanced_for_the_live_band_too(prompt: str) -> None:
    whole = song(prompt, seed=3)
    goal = places(whole.style)
    gains = {c.track: c.value for c in changes(whole, 0) if c.name == "gain"}
    levels = []
    for track in whole.tracks:
        if track.kind == "voice":
            continue
        assert gains[track.name] == track.gain_db
        own = track_loudness(whole, track)
        levels.append(own + track.gain_db)
        if -24 < track.gain_db < 12:  # a fader goes so far
            assert own + track.gain_db == pytest.approx(goal[role(track.name, track.instrument)], abs=0.2)
    band = 10 * np.log10(sum(10 ** (level / 10) for level in levels))
    over = VOICE_LUFS + gains["voice"] - band
    assert 0.5 < over < 4.5
    assert with_faders(whole) == whole  # balanced once is balanced


def test_a_track_of_unknown_sound_is_left_alone() -> None:
    whole = song("a slow waltz about rain", seed=3)
    odd = tuple(
        replace(t, instrument="sf2:none.sf2#0:1", gain_db=-3.0) if t.name == "chords" else t for t in whole.tracks
    )
    made = with_faders(replace(whole, tracks=odd))
    assert next(t.gain_db for t in made.tracks if t.name == "chords") == -3.0
    assert track_loudness(whole, replace(whole.tracks[1], notes=())) == SILENCE

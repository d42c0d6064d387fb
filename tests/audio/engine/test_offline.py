"""Offline performance: an edit changes only what it touches, equal work is done once, the master holds its targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audio.engine.forge import Forge, NoteKey
from audio.engine.offline import MOST_FADER_DB, STEM_DB, lead_in, moved, render
from audio.engine.press import Press
from audio.engine.sheet import lay_out
from audio.engine.shelf import Shelf
from audio.instruments.errors import SampleError
from audio.mix import bands, loudness, true_peak
from audio.mix.match import target
from audio.score.model import Meter, Mix, Note, Song, Tempo, Track
from tests.audio.engine.song import song
from tests.audio.instruments.test_sampled import soundfont

pytest.importorskip("pyo", reason="the engine needs pyo")


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press(None, workers=1) as made:
        yield made


def quiet(song: Song) -> Song:
    """Without the synthesised pads and arpeggios, which take longest."""
    return replace(song, tracks=tuple(t for t in song.tracks if t.name in ("drums", "bass", "keys")))


def edited(song: Song, track: str, at: Fraction, pitch: int) -> Song:
    def change(note: Note) -> Note:
        return replace(note, pitch=pitch) if note.start == at else note

    tracks = tuple(replace(t, notes=tuple(map(change, t.notes))) if t.name == track else t for t in song.tracks)
    return replace(song, tracks=tracks)


def test_an_edit_changes_only_its_note_and_the_decay(press: Press, tmp_path: Path) -> None:
    whole = replace(quiet(song(10)), mix=Mix(-3.0))
    shelf = Shelf(tmp_path)
    first = render(whole, press, shelf=shelf)
    assert first.chunks_made == first.chunks
    at = Fraction(2 * 4) + Fraction(1, 2)
    changed = edited(whole, "keys", at, 84)
    again = render(changed, press, shelf=shelf)
    assert again.chunks_made < again.chunks
    assert np.array_equal(again.pcm, render(changed, press).pcm)  # what was reused is what would have been made
    places = np.flatnonzero((first.pcm != again.pcm).any(axis=1))
    sample = whole.tempo_map.sample(at)
    assert sample <= places[0] < sample + 20
    assert places[-1] < sample + 48_000 + 5 * 48_000  # the note and its decay in the room
    assert render(whole, press, shelf=shelf).chunks_made == 0


def test_loudness_is_found_and_kept(press: Press) -> None:
    made = render(quiet(song(6)), press)
    sound = made.pcm.astype(np.float32) / 32767
    assert abs(loudness(sound) + 14) < 0.5
    assert true_peak(sound) <= -1.0
    again = render(replace(quiet(song(6)), mix=Mix(made.master_db)), press)
    assert np.array_equal(made.pcm, again.pcm)


def test_the_masters_equaliser_brings_a_song_into_its_style_and_stays_in_the_score(press: Press) -> None:
    plain = quiet(song(4))
    heavy = tuple(replace(t, gain_db=t.gain_db + 9.0) if t.name == "bass" else t for t in plain.tracks)
    boomy = replace(plain, tracks=heavy)
    before = np.array(bands(render(boomy, press).pcm / 32767))
    low, high = target("gamelan")
    assert before[0] > high[0]  # far too much bass for it
    made = render(replace(boomy, style="gamelan"), press, staged=True)
    after = np.array(bands(made.pcm / 32767))
    assert made.moves.eq
    assert abs(after - np.clip(after, low, high)).max() < abs(before - np.clip(before, low, high)).max()
    kept = moved(replace(boomy, style="gamelan"), made.moves)
    assert kept.mix.eq == made.moves.eq
    assert "equaliser of the master" in kept.credits["mix"]
    kept = replace(kept, mix=replace(kept.mix, master_db=made.master_db))
    assert np.array_equal(render(kept, press).pcm, made.pcm)
    without = replace(kept, mix=replace(kept.mix, eq=()))
    assert not np.array_equal(render(without, press).pcm, made.pcm)  # taken out, it is gone


def test_an_edit_under_an_equaliser_changes_only_its_note(press: Press, tmp_path: Path) -> None:
    whole = replace(quiet(song(10)), mix=Mix(-3.0, (1.0, 0.0, -0.5, -2.0, 0.5)))
    shelf = Shelf(tmp_path)
    first = render(whole, press, shelf=shelf)
    at = Fraction(2 * 4) + Fraction(1, 2)
    changed = edited(whole, "keys", at, 84)
    again = render(changed, press, shelf=shelf)
    assert again.chunks_made < again.chunks
    assert np.array_equal(again.pcm, render(changed, press).pcm)
    assert np.flatnonzero((first.pcm != again.pcm).any(axis=1))[0] >= whole.tempo_map.sample(at)


def test_stems_sum_to_the_band(press: Press) -> None:
    """Tracks and effects together are what goes into the bus: without voice and below the compressor, the mix."""
    stems: dict[str, dict[int, np.ndarray]] = {}

    def tap(name: str, k: int, sound: np.ndarray) -> None:
        stems.setdefault(name, {})[k] = sound.copy()

    made = render(replace(quiet(song(2)), mix=Mix(-20.0)), press, stems=tap)
    assert set(stems) == {"drums", "bass", "keys", "effects"}
    total = sum(np.concatenate([parts[k] for k in sorted(parts)]) for parts in stems.values())[: len(made.pcm)]
    mix = made.pcm / 32767
    fit = float((mix * total).sum() / (total**2).sum())
    assert np.corrcoef(mix[:, 0], total[:, 0])[0, 1] > 0.75  # the bus's high-pass turns phases
    assert 20 * np.log10(fit) == pytest.approx(-STEM_DB - 20 + 2, abs=2.5)  # bus gain and compressor


def test_onsets_are_the_scores(press: Press) -> None:
    one = replace(song(2), tracks=tuple(replace(t, notes=t.notes[5:6], reverb=0.0) for t in song(2).tracks[-1:]))
    made = render(replace(one, mix=Mix(0.0)), press)
    sounding = np.flatnonzero(np.abs(made.pcm).max(axis=1) > 1)
    assert 0 <= sounding[0] - one.tempo_map.sample(one.tracks[0].notes[0].start) < 60


def test_a_note_sounds_the_same_whatever_was_made_before() -> None:
    import pyo

    forge = Forge(pyo)
    keys = [NoteKey(name, 57.0, 0.7, 9_600, 1) for name in ("lead_soft", "strings", "pluck", "bass_sub")]
    first = dict(forge.make(keys))
    again = dict(forge.make([NoteKey("lead_saw", 60.0, 0.5, 4_800), *keys[::-1]]))
    assert all(np.array_equal(first[key], again[key]) for key in keys)
    other = next(forge.make([replace(keys[0], variant=2)]))[1]
    assert not np.array_equal(first[keys[0]][:5_000], other[:5_000])


def test_a_broken_chunk_is_thrown_away_with_one_clear_line(press: Press, tmp_path: Path) -> None:
    whole = replace(quiet(song(2)), mix=Mix(-3.0))
    render(whole, press, shelf=Shelf(tmp_path))
    for path in tmp_path.glob("mix-*.npy"):
        path.write_bytes(b"no array")
    with pytest.raises(ValueError, match="run it again"):
        render(whole, press, shelf=Shelf(tmp_path))
    render(whole, press, shelf=Shelf(tmp_path))


def test_open_hats_are_choked_and_kicks_known() -> None:
    sheet = lay_out(song(2))
    assert len(sheet.kicks) == 8
    hats = [p for p in sheet.parts[0].sounds if p.key.pitch == 46]
    assert hats[0].ends < 1 << 40


def test_a_sampled_track_starts_on_its_sample(press: Press, tmp_path: Path) -> None:
    (tmp_path / "a.sf2").write_bytes(soundfont(looped=False))
    name = f"sf2:{tmp_path}/a.sf2#0:4"
    track = Track("keys", name, (Note(Fraction(2), Fraction(1), 69, 0.8),), reverb=0.0)
    plain = quiet(song(2))
    made = render(replace(plain, tracks=(track,), mix=Mix(0.0)), press)
    heard = np.flatnonzero(np.abs(made.pcm).max(axis=1) > 3)
    start = plain.tempo_map.sample(2)
    assert start <= heard[0] <= start + 24
    with pytest.raises(SampleError, match="no such file"):
        render(replace(plain, tracks=(replace(track, instrument="sf2:none.sf2"),)), press)


def test_gain_staging_stays_within_what_a_score_may_say(press: Press) -> None:
    """A part that is all but silent already at the top of its fader."""
    whole = quiet(song(4))
    faint = tuple(
        replace(t, gain_db=18.0, notes=tuple(replace(n, velocity=0.02) for n in t.notes)) if t.name == "keys" else t
        for t in whole.tracks
    )
    made = render(replace(whole, tracks=faint, style="rock"), press, staged=True)
    assert made.moves.gains["keys"] <= MOST_FADER_DB - 18.0


@pytest.mark.parametrize(
    ("meter", "bpm", "upbeat", "whole"),
    [
        (Meter(0, 4, 4), 120, 0, 0),
        (Meter(0, 4, 4), 120, 1, 24_000),
        (Meter(0, 4, 4), 120, 24_000, 24_000),
        (Meter(0, 4, 4), 120, 24_001, 48_000),
        (Meter(0, 6, 8), 120, 5_000, 36_000),
        (Meter(0, 7, 8), 120, 5_000, 24_000),
        (Meter(0, 4, 4), 48, 5_000, 30_000),
    ],
)
def test_a_file_begins_whole_beats_before_the_first_bar(meter: Meter, bpm: int, upbeat: int, whole: int) -> None:
    plain = replace(song(4), meters=(meter,), tempos=(Tempo(Fraction(0), Fraction(bpm)),))
    assert lead_in(plain, upbeat) == whole

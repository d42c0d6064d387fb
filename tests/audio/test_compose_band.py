"""The band's harmony: chords that come in mid-bar are met, voicings tell what they are, time goes on through a fill."""

from __future__ import annotations

from fractions import Fraction

import pytest

from audio.compose import Wish, compose
from audio.compose.band import DRUMS, PERCUSSION
from audio.compose.theory import voice_lead
from audio.compose.words import styles
from audio.score.chords import parse_chord
from audio.score.model import Note, Song
from tests.audio.songs import LUMI


def piece(style: str, seed: int, bars: int = 24) -> Song:
    return compose(LUMI, Wish(prompt="a song about rain", style=style, seed=seed, bars=bars))


def part(song: Song, name: str) -> tuple[Note, ...]:
    return next((t.notes for t in song.tracks if t.name == name), ())


@pytest.mark.parametrize("style", ["city-pop", "waltz", "bossa", "ballad"])
def test_a_chord_in_mid_bar_is_met_with_its_root(style: str) -> None:
    met = 0
    for seed in range(4):
        song = piece(style, seed)
        bass = part(song, "bass")
        quarters = song.meters[0].quarters
        for chord in song.chords:
            bar = chord.start // quarters
            if (chord.start / quarters).denominator == 1 or not any(n.start // quarters == bar for n in bass):
                continue
            here = [n for n in bass if n.start == chord.start]
            assert [n.pitch % 12 for n in here] == [parse_chord(chord.symbol).bass], (seed, chord)
            met += 1
    assert met


def test_a_step_to_the_next_root_does_not_rub_against_the_third() -> None:
    for style in ("synth-pop", "ballad", "city-pop", "waltz", "jig"):
        for seed in range(3):
            song = piece(style, seed)
            for note in part(song, "bass"):
                chord = next(c for c in reversed(song.chords) if c.start <= note.start)
                tones = parse_chord(chord.symbol).tones
                rub = {(tones[1] + 1) % 12, (tones[1] - 1) % 12} - set(tones)
                assert note.pitch % 12 not in rub, (style, seed, note, chord)


@pytest.mark.parametrize(
    ("symbol", "steps"),
    [
        ("C9", {4, 7, 10, 2}), ("Cmaj9", {4, 7, 11, 2}), ("C13", {4, 10, 2, 9}), ("Cm11", {3, 10, 2, 5}),
        ("C7b9", {4, 7, 10, 1}), ("C9sus4", {5, 7, 10, 2}), ("Am7", {9, 0, 4, 7}),
    ],
)  # fmt: skip
def test_a_pianist_with_a_bassist_leaves_out_the_root_and_then_the_fifth(symbol: str, steps: set[int]) -> None:
    assert {p % 12 for p in voice_lead(symbol, ())} == steps


@pytest.mark.parametrize(
    ("symbol", "steps"), [("C9", {0, 4, 7, 10}), ("C13", {0, 4, 7, 10}), ("Cmaj7#11", {0, 4, 7, 11}), ("C", {0, 4, 7})]
)
def test_a_pad_plays_the_body_of_the_chord(symbol: str, steps: set[int]) -> None:
    assert {p % 12 for p in voice_lead(symbol, (), plain=True)} == steps


def test_the_third_is_what_is_heard_best() -> None:
    song = piece("ballad", 1)
    chords = part(song, "chords")
    for start in sorted({n.start for n in chords})[:20]:
        chord = next(c for c in reversed(song.chords) if c.start <= start)
        if start < song.tempo_map.bar_beat(song.bars - 1):
            top = max((n for n in chords if n.start == start), key=lambda n: n.velocity)
            assert top.pitch % 12 == parse_chord(chord.symbol).tones[1]


def test_percussion_keeps_time_through_a_fill() -> None:
    song = piece("afrobeat", 1, 32)
    shaker, quarters = DRUMS["shaker"], song.meters[0].quarters
    drums = part(song, "drums")
    filled = {n.start // quarters for n in drums if n.pitch in (DRUMS["tomhigh"], DRUMS["tomlow"])}
    kept = [bar for bar in filled if any(n.pitch == shaker and n.start // quarters == bar - 1 for n in drums)]
    assert kept
    for bar in kept:
        beats = {n.start - bar * quarters for n in drums if n.pitch == shaker and n.start // quarters == bar}
        if beats:  # all of it goes silent before a chorus, or none
            assert beats >= {Fraction(k) for k in range(4)}
    assert any(n.pitch == shaker and n.start // quarters in kept for n in drums)
    assert set(DRUMS) >= PERCUSSION


def test_every_style_with_drums_has_a_stroke_on_every_beat_of_its_fullest_pattern() -> None:
    for name, style in styles().items():
        if name in ("raga", "min'yo", "gamelan", "maqam", "bell pattern"):
            continue  # cycles with beats left open
        lines = [line for line in style["drums"]["full"].values() if isinstance(line, str)]
        if str(style["meter"]) not in ("4/4", "3/4"):
            continue
        for at in range(0, len(lines[0]), 4):
            assert any(line[at] != "." for line in lines), (name, at)


@pytest.mark.parametrize("style", ["jig", "son", "bell pattern", "gamelan", "maqam"])
def test_traditions_without_a_crash_cymbal_play_none(style: str) -> None:
    drums = part(piece(style, 2), "drums")
    assert drums
    assert all(n.pitch != DRUMS["crash"] for n in drums)
    assert any(n.pitch == DRUMS["crash"] for n in part(piece("synth-pop", 2), "drums"))


def test_what_colours_a_chord_is_played_softer_than_what_tells_it() -> None:
    song = piece("city-pop", 3)
    pad, seen = part(song, "pad"), 0
    for chord in song.chords:
        tones = parse_chord(chord.symbol).tones
        here = {n.pitch % 12: n.velocity for n in pad if n.start == chord.start}
        if (
            len(tones) >= 4
            and {tones[1], tones[3]} <= set(here)
            and chord.start < song.tempo_map.bar_beat(song.bars - 1)
        ):
            assert here[tones[3]] < here[tones[1]] - 0.1
            seen += 1
    assert seen


def test_what_is_held_over_a_chord_that_is_soon_over_lies_in_it() -> None:
    held = 0
    for seed in range(6):
        song = piece("city-pop", seed)
        voice = song.voice
        assert voice is not None
        peak = max(n.pitch for n in voice.notes)
        for note in voice.notes:
            middle = note.start + note.length / 2
            chord = next(c for c in reversed(song.chords) if c.start <= middle)
            if chord.length >= song.meters[0].quarters or note.length < 1 or note.lyric == "_" or note.pitch == peak:
                continue
            held += 1
            assert note.pitch % 12 in parse_chord(chord.symbol).tones, (seed, note, chord)
    assert held > 10

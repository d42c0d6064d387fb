"""Edits with a cause: applied, undone, replayed; expression curves and voicings through every format; shapes."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from audio.compose import sung_phrases
from audio.score import ScoreError, read_song, write_song
from audio.score.edits import (
    AddNote,
    Cause,
    Log,
    RemoveNote,
    SetBars,
    SetChord,
    SetCurve,
    SetEnergy,
    SetEqualiser,
    SetMaster,
    SetNote,
    SetTempo,
    SetTrack,
    apply,
)  # fmt: skip
from audio.score.model import Chord, Curve, Mix, Song
from audio.score.shape import Shape, shaped, transposed_symbol
from tests.audio.engine.song import song as band_song
from tests.audio.songs import song

OPERATOR, FANS = Cause("operator", "ada"), Cause("fans", "vote 12", "higher!")


def rich() -> Song:
    """A composed song with curves, functions, voicings and a kept master gain."""
    plain = song("a slow waltz about snow")
    chords = (dataclasses.replace(plain.chords[0], function="I", voicing=(48, 55, 64)), *plain.chords[1:])
    curves = (
        Curve("dynamics", ((Fraction(3), -6.0), (Fraction(31, 2), 0.5))),
        Curve("growl", ((Fraction(24), 0.0), (Fraction(30), 0.75))),
    )
    tracks = tuple(dataclasses.replace(t, curves=curves) if t.kind == "voice" else t for t in plain.tracks)
    return dataclasses.replace(plain, chords=chords, tracks=tracks, mix=Mix(-2.25, (0.0, 0.5, 0.0, -1.25, 0.0)))


@pytest.mark.parametrize("suffix", [".toml", ".mid", ".musicxml"])
def test_curves_voicings_and_master_come_back_from_every_format(suffix: str, tmp_path: Path) -> None:
    piece = rich()
    write_song(piece, tmp_path / f"a{suffix}")
    again = read_song(tmp_path / f"a{suffix}")
    assert again.voice is not None
    assert piece.voice is not None
    assert again.voice.curves == piece.voice.curves
    assert again.mix == piece.mix
    assert again.chords == piece.chords


def test_other_programs_hear_the_dynamics(tmp_path: Path) -> None:
    write_song(rich(), tmp_path / "a.mid")
    levels = [m.value for t in mido.MidiFile(tmp_path / "a.mid").tracks for m in t if getattr(m, "control", 0) == 11]
    assert levels == [90, 127]


def test_a_phrase_is_given_its_part_of_the_curves() -> None:
    piece = rich()
    tempo = piece.tempo_map
    offset, phrase = sung_phrases(piece)[0]
    growl = next(c for c in phrase.curves if c.name == "growl")
    assert growl.points == ((tempo.sample(Fraction(24)) - offset, 0.0),)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("shout 1:1 0.5", "no curve"), ("growl 1:1", "bar:beat value"), ("growl 1:1 7", "0 to 1"),
        ("growl 2:1 0 1:1 1", "forward"), ("growl 1 0.5", "no place"), ("growl 1:1 nan", "0 to 1"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_curve_is_named_with_its_line(line: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"title = 'x'\n[[track]]\nkind = 'voice'\nnotes = '''\n1 | C4:4\n'''\ncurves = '''\n{line}\n'''\n")
    with pytest.raises(ScoreError, match=problem) as caught:
        read_song(path)
    assert "line 8" in str(caught.value)


def edits(piece: Song) -> list[object]:
    first, second = piece.tracks[1].notes[:2]
    name = piece.tracks[1].name
    return [
        SetNote(name, first.start, first.pitch, new_pitch=first.pitch + 12, velocity=0.5),
        AddNote(name, Fraction(7, 3), Fraction(1, 2), 61, 0.4),
        RemoveNote(name, second.start, second.pitch),
        SetBars("pad", 2, 3, ((Fraction(8), Fraction(4), 60, 0.7, ""), (Fraction(25, 2), Fraction(2), 64, 0.6, ""))),
        SetChord(Fraction(0), "F/A{IV6;A2,F3,C4}"),
        SetTrack("pad", gain_db=-4.0, instrument="pad_glass"),
        SetCurve("lead", "dynamics", ((Fraction(0), -3.0), (Fraction(9, 2), 0.0))),
        SetTempo(Fraction(8), Fraction(225, 2)),
        SetEnergy(0, 0.3),
        SetMaster(-1.5),
        SetEqualiser((0.0, 0.0, 0.5, -2.0, 0.0)),
    ]


def test_a_log_replays_to_the_same_song_and_undoes_to_the_first() -> None:
    piece = band_song(8)
    log = Log(piece)
    for k, edit in enumerate(edits(piece)):
        log.edit(edit, FANS if k % 2 else OPERATOR)  # type: ignore[arg-type]
    final = log.song
    assert Log.loads(piece, log.dumps()).song == final
    assert log.events[1].cause.why == "higher!"
    for _ in edits(piece):
        log.undo(OPERATOR)
    assert log.song == piece
    for _ in edits(piece):
        log.redo(OPERATOR)
    assert log.song == final
    assert Log.loads(piece, log.dumps()).song == final
    log.undo(Cause("creator"), number=4)  # the chord alone
    assert log.song.chords == piece.chords
    assert log.song.tempos == final.tempos


def test_what_does_not_fit_is_refused_and_leaves_no_event() -> None:
    piece = band_song(2)
    log = Log(piece)
    for edit, word in (
        (SetNote("tuba", Fraction(0), 60), "tuba"), (RemoveNote("bass", Fraction(1, 7), 60), "1/7"),
        (SetChord(Fraction(0), "H7"), "H7"), (SetTempo(Fraction(0), Fraction(5)), "10 to 1000"),
        (SetTrack("bass", pan=3.0), "-1 to 1"), (AddNote("bass", Fraction(0), Fraction(0), 60), "length"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            log.edit(edit, OPERATOR)
    assert (log.events, log.song) == ([], piece)
    log.edit(AddNote("bass", Fraction(1, 3), Fraction(1), 40), OPERATOR)
    log.edit(SetNote("bass", Fraction(1, 3), 40, new_pitch=41), OPERATOR)
    with pytest.raises(ValueError, match="builds on it"):
        log.undo(OPERATOR, number=0)
    for line in ("{}", "[", '{"cause":{},"edit":"SetNote"}', '{"cause":{"kind":"x"},"undoes":0}', "7"):
        with pytest.raises(ScoreError, match="line 1"):
            Log.loads(piece, line)


def test_an_edit_shares_everything_it_does_not_touch() -> None:
    piece = band_song(8)
    after = apply(piece, SetTrack("pad", gain_db=-1.0))
    assert all(a is b for a, b in zip(piece.tracks, after.tracks) if a.name != "pad")


def test_a_song_is_bent_in_key_tempo_and_bar() -> None:
    piece = band_song(8)
    bent = shaped(piece, Shape(key=3, tempo=1.5), from_bar=5)
    assert (bent.bars, bent.key, bent.tempos[0].bpm) == (3, "C", 177)
    assert bent.chords == ()
    assert {n.pitch for n in bent.tracks[0].notes} <= {n.pitch for n in piece.tracks[0].notes}  # drums are not moved
    first = next(n for n in piece.tracks[1].notes if n.start >= 20)
    assert (bent.tracks[1].notes[0].start, bent.tracks[1].notes[0].pitch) == (first.start - 20, first.pitch + 3)
    assert shaped(piece, Shape()) == dataclasses.replace(piece, chords=(Chord(Fraction(0), Fraction(4), "Am"),))
    assert transposed_symbol("F#m7b5/E", 2, False) == "G#m7b5/F#"

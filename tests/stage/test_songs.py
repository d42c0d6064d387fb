"""The song command: the same seed gives the same files; words, tunes and kept bars of a person's are obeyed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from audio.compose import Wish, compose
from audio.compose.keep import bars_of, spliced, wish_like
from audio.score import read_song, write_song
from characters import load
from stage.cli import main
from stage.songs import earlier_tunes
from stage.studio import Studio


def run(*words: str) -> tuple[int, str]:
    made = CliRunner().invoke(main, ["song", *words])
    return made.exit_code, made.output


def sums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_files_and_a_sung_note_is_edited_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyo", reason="the engine needs pyo")
    words = tmp_path / "words.txt"
    words.write_text("[Chorus]\nRain on the window all night\nStars on the water so bright\n")
    made = []
    for name in ("one", "two"):
        monkeypatch.setenv("LIMELIGHT_CACHE", str(tmp_path / f"cache-{name}"))
        code, said = run("lumi", "a slow waltz", "--bars", "8", "--lyrics", str(words), "-o", str(tmp_path / name))
        assert code == 0, said
        made.append(sums(tmp_path / name))
    assert made[0] == made[1]
    assert {"song.toml", "song.mid", "song.musicxml", "song.wav", "lyrics.lrc", "credits.json"} <= set(made[0])
    assert "window" in (tmp_path / "one" / "lyrics.lrc").read_text()

    song = read_song(tmp_path / "two" / "song.toml")
    assert song.voice is not None
    tempo, k = song.tempo_map, len(song.voice.notes) * 2 // 3
    note = song.voice.notes[k]
    voice = replace(
        song.voice, notes=tuple(replace(n, pitch=n.pitch + 2) if n is note else n for n in song.voice.notes)
    )
    tracks = tuple(voice if t.kind == "voice" else t for t in song.tracks)
    write_song(replace(song, tracks=tracks), tmp_path / "edited.toml")
    words_ = ["perform", str(tmp_path / "edited.toml"), "-o", str(tmp_path / "edited.wav"), "--json"]
    heard = CliRunner().invoke(main, words_)
    assert heard.exit_code == 0, heard.output
    facts = json.loads(heard.output)
    assert facts["phrases_made"] == 1
    assert facts["chunks_made"] < facts["chunks"]
    old, _ = soundfile.read(tmp_path / "two" / "song.wav", dtype="int16")
    new, _ = soundfile.read(tmp_path / "edited.wav", dtype="int16")
    places = np.flatnonzero((old != new).any(axis=1)) - (len(old) - 144_000 - tempo.sample(tempo.bar_beat(song.bars)))
    onset, end = tempo.sample(note.start), tempo.sample(note.start + note.length)
    assert onset - 0.35 * 48_000 < places[0] < end  # its consonant may stand before it
    assert places[-1] < end + 5 * 48_000  # the room


def test_kept_bars_stay_and_the_others_are_new() -> None:
    lumi = load("lumi")
    old = compose(lumi, Wish("a slow waltz about rain", seed=3, bars=24))
    keep = bars_of("9-16", old)
    new = spliced(old, compose(lumi, wish_like(old, Wish("a slow waltz about rain", seed=8))), keep)
    assert (new.bars, new.key, new.tempos) == (old.bars, old.key, old.tempos)

    def inside(song, kept):  # type: ignore[no-untyped-def]
        bar = song.tempo_map.bar_of
        return [
            (t.name, n.start, n.pitch, n.lyric) for t in song.tracks for n in t.notes if (bar(n.start) in keep) is kept
        ]

    assert sorted(inside(new, True)) == sorted(inside(old, True))
    assert sorted(inside(new, False)) != sorted(inside(old, False))
    assert "9, 10" in new.credits["kept"]
    for track in new.tracks:
        assert list(track.notes) == sorted(track.notes, key=lambda n: (n.start, n.pitch))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--keep", "1-4"), "belong together"),
        (("--lyrics", "none.txt"), "cannot be read"),
        (("--melody", "none.mid"), "none.mid"),
        (("--from", "gone", "--keep", "1-4"), "song.toml"),
    ],
)
def test_what_cannot_be_read_is_one_line(words: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    code, said = run("lumi", "rain", *words, "-o", str(tmp_path / "x"))
    assert code == 2
    assert problem in said
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("text", ["", "0-4", "9-3", "1-99", "a"])
def test_bars_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="bars"):
        bars_of(text, compose(load("lumi"), Wish("rain", seed=1, bars=8)))


def test_her_earlier_songs_are_known_but_the_same_song_is_none(tmp_path: Path) -> None:
    lumi, wish = load("lumi"), Wish("rain", seed=1, bars=8)
    song = compose(lumi, wish)
    (tmp_path / "a").mkdir()
    write_song(song, tmp_path / "a" / "song.toml")
    base = len(earlier_tunes(lumi, wish, tmp_path / "b"))
    more = earlier_tunes(lumi, replace(wish, seed=2), tmp_path / "b")
    assert len(more) == base + 1
    assert more[-1] == tuple(n.pitch for n in read_song(tmp_path / "a" / "song.toml").voice.notes if n.lyric)  # type: ignore[union-attr]


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Does it become true in time?"""
    until = time.monotonic() + seconds
    while not (now := true()) and time.monotonic() < until:
        time.sleep(0.05)
    return now


@pytest.mark.skipif(sys.platform != "linux", reason="counts the processes of a session in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_ended_command_leaves_nothing(how: signal.Signals, tmp_path: Path) -> None:
    """No worker goes on, and what was half written is gone (unless the command was killed outright)."""
    words = [sys.executable, "-m", "stage.cli", "song", "lumi", "rain", "--bars", "96", "-o", str(tmp_path / "x")]
    place = {**os.environ, "LIMELIGHT_CACHE": str(tmp_path / "cache")}
    command = subprocess.Popen(words, start_new_session=True, env=place, stderr=subprocess.PIPE)

    def alive() -> int:
        """Processes of its session that are no zombies."""
        count = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            count += fields[3] == str(command.pid) and fields[0] not in "ZX"
        return count

    # Itself, the tracker of shared things, the server and two workers.
    assert within(30, lambda: alive() >= 5)
    os.killpg(command.pid, how) if how == signal.SIGINT else command.send_signal(how)
    said = command.communicate(timeout=20)[1].decode()
    assert command.returncode != 0
    assert within(10, lambda: alive() == 0)
    if how != signal.SIGKILL:
        assert "Traceback" not in said
        assert not [path for path in tmp_path.iterdir() if path.name != "cache"]


def test_offline_nothing_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("offline there is nothing to give way to")

    monkeypatch.setattr("stage.studio.breathing", never)
    monkeypatch.setattr("stage.studio.prepare_for_later", never)
    studio = Studio(load("lumi"), live=False)
    assert studio.write("song", Wish("rain", seed=1, length_seconds=20))
    done = studio.poll()
    assert [(result.id, result.error) for result in done] == [("song", "")]
    assert studio.singer is studio.voice
    studio.close()

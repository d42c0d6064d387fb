"""Scores on disk, by suffix. Files are written aside and renamed, so a failure never costs an old file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from audio.score import midi, musicxml, songfile
from audio.score.errors import ScoreError
from audio.score.model import Song

MAX_BYTES = 16_000_000
SUFFIXES = (".toml", ".mid", ".midi", ".musicxml", ".xml", ".mxl")


def read_song(path: str | Path) -> Song:
    """A song from ``.toml``, ``.mid``/``.midi`` or ``.musicxml``/``.xml``/``.mxl``; :class:`ScoreError` otherwise."""
    path = Path(path)
    name, suffix = path.name, path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ScoreError(name, "", f"unknown kind of score {suffix!r}", f"Give one of {', '.join(SUFFIXES)}.")
    try:
        if not path.is_file():
            raise ScoreError(str(path), "", "no such file", "Check the path.")
        if path.stat().st_size > MAX_BYTES:
            raise ScoreError(name, "", f"more than {MAX_BYTES // 1_000_000} MB", "Is it a score?")
        data = path.read_bytes()
    except OSError as error:
        raise ScoreError(str(path), "", error.strerror or "cannot be read", "Check the path and its rights.") from None
    if suffix == ".toml":
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise ScoreError(name, f"byte {error.start}", "not UTF-8 text", "Save it as UTF-8.") from None
        return songfile.loads(text, name)
    if suffix in (".mid", ".midi"):
        return midi.loads(data, name)
    return musicxml.loads(data, name)


def write_song(song: Song, path: str | Path) -> None:
    """Writes a song by suffix, whole or not at all."""
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".toml":
            data = songfile.dumps(song).encode()
        elif suffix in (".mid", ".midi"):
            data = midi.dumps(song)
        elif suffix in (".musicxml", ".xml"):
            data = musicxml.dumps(song)
        else:
            raise ScoreError(path.name, "", f"unknown kind of score {suffix!r}", "Write .toml, .mid or .musicxml.")
    except (ValueError, OverflowError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(path.name, "", str(error), "Change the song there.") from None
    _write_whole(path, data)


def _write_whole(path: Path, data: bytes) -> None:
    aside = ""
    try:
        handle, aside = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except OSError as error:
        if aside:
            with contextlib.suppress(OSError):
                os.unlink(aside)
        raise ScoreError(str(path), "", error.strerror or "cannot be written", "Check folder and rights.") from None


def lrc(song: Song) -> str:
    """Lyrics with times (LRC): ``[mm:ss.cc]line``."""
    from audio.score.lines import sung_lines

    head = [f"[ti:{song.title}]", f"[ar:{song.artist}]"] if song.artist else [f"[ti:{song.title}]"]
    out = []
    for sample, _, text in sung_lines(song):
        hundredths = round(sample * 100 / 48_000)
        out.append(f"[{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}]{text}")
    return "\n".join([*head, *out]) + "\n"

"""Reads UTAU voicebanks: folders of recordings with an ``oto.ini`` each, ``prefix.map``, ``character.txt``.

Format as in UTAU's own manual: ``file.wav=alias,offset,consonant,cutoff,preutterance,overlap`` in milliseconds; a
negative cutoff counts from the offset, a positive one from the end of the file. Text is Shift-JIS or UTF-8.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from audio.voice.source import VoiceError

_LIMIT = 8_000_000
_ENTRIES = 40_000
_FOLDERS = 200
_NAMES = {"C": 0, "C#": 1, "D": 2, "D#": 3, "E": 4, "F": 5, "F#": 6, "G": 7, "G#": 8, "A": 9, "A#": 10, "B": 11}


@dataclass(frozen=True, slots=True)
class Entry:
    """One alias: a file and, in milliseconds, where its parts are."""

    file: Path
    offset: float
    consonant: float
    cutoff: float
    preutterance: float
    overlap: float


@dataclass(frozen=True, slots=True)
class Voicebank:
    """Everything a bank's text files say."""

    name: str
    entries: dict[str, Entry]
    affixes: dict[int, tuple[str, str]]
    """MIDI note to the prefix and suffix of its aliases."""


def read(folder: Path) -> Voicebank:
    """A bank from its folder. Raises VoiceError naming file and line."""
    if not folder.is_dir():
        raise VoiceError(f"no UTAU voicebank at {folder}: not a folder")
    entries: dict[str, Entry] = {}
    missing: list[str] = []
    for index in _indexes(folder):
        _entries(index, entries, missing)
    if not entries:
        what = f": {missing[0]} is missing" if missing else " in it or its folders"
        raise VoiceError(f"no recordings for {folder}/oto.ini{what}")
    title = re.search(r"^name\s*=\s*(\S.*)$", _text(folder / "character.txt", ""), re.MULTILINE)
    return Voicebank(title.group(1).strip()[:80] if title else folder.name, entries, _affixes(folder / "prefix.map"))


def _indexes(folder: Path) -> list[Path]:
    found = []
    for count, (place, folders, files) in enumerate(os.walk(folder)):
        folders.sort()
        if count >= _FOLDERS:
            break
        found += [Path(place) / name for name in files if name.lower() == "oto.ini"]
    if not found:
        raise VoiceError(f"{folder} is not a UTAU voicebank: it has no oto.ini")
    return found


def _text(path: Path, default: str | None = None) -> str:
    try:
        if path.stat().st_size > _LIMIT:
            raise VoiceError(f"{path} is larger than {_LIMIT // 1_000_000} MB: not a voicebank's file")
        data = path.read_bytes()
    except OSError as error:
        if default is not None:
            return default
        raise VoiceError(f"{path} cannot be read: {error.strerror}") from error
    if b"\0" in data:
        raise VoiceError(f"{path} is not text: it holds zero bytes")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("cp932", "replace")


def _entries(index: Path, entries: dict[str, Entry], missing: list[str]) -> None:
    here: dict[str, Path | None] = {}
    for number, line in enumerate(_text(index).splitlines(), 1):
        line = line.strip()
        if not line or line.startswith(("#", ";", "[")):
            continue
        name, equals, rest = line.partition("=")
        if not equals:
            raise VoiceError(f"{index}, line {number}: no '=' between file and alias")
        fields = rest.split(",")
        alias = fields[0].strip() or Path(name).stem
        try:
            numbers = [float(field) if field.strip() else 0.0 for field in [*fields[1:6], *[""] * 5][:5]]
        except ValueError:
            raise VoiceError(f"{index}, line {number}: {rest[:60]!r} needs five numbers after the alias") from None
        if not all(abs(value) < 600_000 for value in numbers):
            raise VoiceError(f"{index}, line {number}: milliseconds outside ten minutes")
        if name not in here:
            here[name] = _recording(index.parent, name)
        file = here[name]
        if file is None:
            missing.append(name)
        elif alias not in entries:
            if len(entries) >= _ENTRIES:
                raise VoiceError(f"{index}, line {number}: more than {_ENTRIES} aliases")
            entries[alias] = Entry(file, *numbers)


def _recording(folder: Path, name: str) -> Path | None:
    """A file inside the bank's folder; never one outside it."""
    try:
        path = folder / name.replace("\\", "/")
        inside = path.resolve().is_relative_to(folder.resolve())
        return path if inside and path.is_file() else None
    except (OSError, ValueError):
        return None


def _affixes(path: Path) -> dict[int, tuple[str, str]]:
    """``C4<tab>prefix<tab>suffix`` lines; others are passed over."""
    found: dict[int, tuple[str, str]] = {}
    for line in _text(path, "").splitlines():
        fields = line.rstrip("\r\n").split("\t")
        match = re.fullmatch(r"([A-G]#?)(-?\d)", fields[0].strip())
        if match and match.group(1) in _NAMES:
            prefix, suffix = [*fields[1:3], "", ""][:2]
            found[12 * (int(match.group(2)) + 1) + _NAMES[match.group(1)]] = (prefix.strip(), suffix.strip())
    return found

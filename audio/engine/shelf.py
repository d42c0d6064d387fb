"""The shelf: sung phrases and finished chunks kept between runs, named by everything that decides how they sound."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_LIMIT = 768 << 20
_ROOMS = ("engine", "instruments", "mix", "voice", "score")


@lru_cache(maxsize=1)
def edition() -> str:
    """A hash of the code and data that make sound: what another edition made is not taken for its own."""
    digest = hashlib.sha256()
    root = Path(__file__).parent.parent
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".toml", ".json", ".txt", ".csv"):
                digest.update(path.name.encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def name_of(*things: Any) -> str:
    """A name for what is made from these (anything with a faithful ``repr``)."""
    return hashlib.sha256(repr((edition(), *things)).encode()).hexdigest()[:40]


class Shelf:
    """Arrays by name in a folder; least recently used ones go when it is full. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, limit: int = _LIMIT) -> None:
        self._folder, self._limit = folder, limit
        self.hits = self.misses = 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                self._folder = None

    def has(self, name: str) -> bool:
        """Is it there?"""
        return self._folder is not None and (self._folder / f"{name}.npy").is_file()

    def get(self, name: str) -> npt.NDArray[Any] | None:
        """The array of that name; a broken file counts as none."""
        if self._folder is None:
            return None
        path = self._folder / f"{name}.npy"
        try:
            found: npt.NDArray[Any] = np.load(path, allow_pickle=False)
            os.utime(path)
        except (OSError, ValueError, EOFError):
            self.misses += 1
            return None
        self.hits += 1
        return found

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        """Keep an array; a full disk or a folder without rights only means that it is made again next time."""
        if self._folder is None:
            return
        aside = ""
        try:
            handle, aside = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
            with os.fdopen(handle, "wb") as stream:
                np.save(stream, array, allow_pickle=False)
            os.replace(aside, self._folder / f"{name}.npy")
        except OSError:
            if aside:
                with contextlib.suppress(OSError):
                    os.unlink(aside)

    def drop(self, name: str) -> None:
        """Forget one."""
        if self._folder is not None:
            (self._folder / f"{name}.npy").unlink(missing_ok=True)

    def tidy(self) -> None:
        """Let the oldest go until the rest fits."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            files = sorted(
                (entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder)
            )
            total = sum(size for _, size, _ in files)
            for _, size, path in files:
                if total <= self._limit:
                    break
                os.unlink(path)
                total -= size

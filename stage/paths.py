"""Where Limelight keeps what it makes for itself."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path


def cache_dir() -> Path:
    """Folder for things that can be made again (built bodies); ``LIMELIGHT_CACHE`` overrides it."""
    if own := os.environ.get("LIMELIGHT_CACHE"):
        return Path(own)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "limelight"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "limelight" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "limelight"


def data_dir() -> Path:
    """Folder for what must last (memories of fans); ``LIMELIGHT_DATA`` overrides it."""
    if own := os.environ.get("LIMELIGHT_DATA"):
        return Path(own)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "limelight"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "limelight" / "data"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "limelight"


def memory_file(character: str) -> Path:
    """Where a character's memory of its fans lies."""
    plain = "".join(char if char.isalnum() else "-" for char in character.lower())[:60] or "performer"
    return data_dir() / "memory" / f"{plain}.db"


def house_secret() -> str:
    """What fans' accounts are signed with (64 hex digits): made once, readable by its owner only, the same after a
    restart. Where it cannot be kept, one for this show."""
    file = data_dir() / "house.key"
    made = secrets.token_hex(32)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = file.with_name(f"house.{os.getpid()}.new")
        aside.touch(mode=0o600)
        aside.write_text(made, encoding="ascii")
        with suppress(FileExistsError):
            os.link(aside, file)  # only the first of several shows makes it
        aside.unlink()
    with suppress(OSError, ValueError):
        kept = file.read_text(encoding="ascii").strip()
        if len(kept) == 64 and int(kept, 16):
            file.chmod(0o600)
            return kept
    return made

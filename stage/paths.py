"""Where Limelight keeps what it makes for itself."""

from __future__ import annotations

import os
import sys
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

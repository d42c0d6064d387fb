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

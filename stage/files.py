"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


class AsideFile:
    """A path to write to that becomes the real one on success and vanishes on failure."""

    def __init__(self, target: Path) -> None:
        self.target = target
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent or ".")
        os.close(handle)
        self.path = Path(name)

    def keep(self) -> None:
        """Put the file in its place, with the permissions any new file has."""
        umask = os.umask(0)
        os.umask(umask)
        self.path.chmod(0o666 & ~umask)
        os.replace(self.path, self.target)

    def drop(self) -> None:
        """Remove it, if it is still aside."""
        self.path.unlink(missing_ok=True)

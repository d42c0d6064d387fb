"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading(path: Path, what: str, refusal: type[Exception], largest: int) -> Iterator[None]:
    """Read a text file inside: whatever keeps it from being read is one line of ``refusal`` (file, reason, remedy).

    ``what``: "a chat script", as the file should be; ``largest``: bytes that are read at most.
    """
    try:
        if path.stat().st_size > largest:
            raise refusal(f"{path}: larger than {largest >> 20} MiB; cut it into parts")
        yield
    except FileNotFoundError:
        raise refusal(f"{path}: no such file; give the path of {what} (JSON lines)") from None
    except IsADirectoryError:
        raise refusal(f"{path}: is a folder; give the path of {what} (JSON lines)") from None
    except UnicodeDecodeError as error:
        raise refusal(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise refusal(f"{path}: {error.strerror}; give the path of {what} (JSON lines)") from None


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

"""What is remembered of fans, shows and herself: local, inspectable, erasable."""

from characters.memory.remembering import Remembering, open_remembering, told_by
from characters.memory.store import Fan, Memory, MemoryFileError, Thing

__all__ = ["Fan", "Memory", "MemoryFileError", "Remembering", "Thing", "open_remembering", "told_by"]

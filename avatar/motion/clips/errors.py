"""The one error of this room."""

from __future__ import annotations


class ClipError(ValueError):
    """A motion file that cannot be used: which file, which place in it, and what to do about it."""

    def __init__(self, file: str, place: str, remedy: str) -> None:
        super().__init__(f"{file}: {place}. {remedy}")
        self.file = file
        self.place = place
        self.remedy = remedy

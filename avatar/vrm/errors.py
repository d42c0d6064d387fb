"""The one error of this room."""

from __future__ import annotations


class VrmError(ValueError):
    """A VRM file that cannot be used: which file, which place in it, and what to do about it."""

    def __init__(self, file: str, place: str, remedy: str) -> None:
        place = " ".join(place.split())  # values of the file may be quoted in it: one line, of bounded length
        place = place if len(place) <= 240 else f"{place[:200]} …"
        super().__init__(f"{file}: {place}. {remedy}")
        self.file = file
        self.place = place
        self.remedy = remedy

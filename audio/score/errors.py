"""The one error of this room."""

from __future__ import annotations


class ScoreError(ValueError):
    """A score that cannot be read or written: ``file``, the ``place`` in it, what is wrong and the ``remedy``."""

    def __init__(self, file: str, place: str, problem: str, remedy: str = "") -> None:
        self.file, self.place, self.problem, self.remedy = file, place, problem, remedy
        text = ": ".join(part for part in (file, place, problem) if part)
        super().__init__(" ".join((text + (f". {remedy}" if remedy else "")).split()))

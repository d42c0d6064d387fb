"""What counts as the user's own matter: one line, exit status 2, no traceback."""

from __future__ import annotations

import sys


class Refused(Exception):
    """A command cannot be done as asked; the message names place and remedy."""


_KNOWN = (
    ("characters", "CharacterError"),
    ("characters.cards", "CardError"),
    ("characters.memory", "MemoryFileError"),
    ("avatar.vrm", "VrmError"),
    ("avatar.render", "RenderError"),
    ("avatar.motion.clips", "ClipError"),
    ("avatar.capture", "CaptureError"),
    ("avatar.wardrobe", "WardrobeError"),
    ("audio.score", "ScoreError"),
    ("audio.listen", "SoundError"),
    ("audio.instruments.errors", "SampleError"),
    ("stage.script", "ScriptError"),
    ("stage.timeline", "TimelineError"),
    ("stage.gateway", "HouseError"),
)


def reasons() -> tuple[type[Exception], ...]:
    """Every error class that names file, place and remedy by itself; what was never imported was never raised."""
    found: list[type[Exception]] = [Refused]
    for module, name in _KNOWN:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            found.append(kind)
    return tuple(found)

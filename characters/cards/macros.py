"""Curly braced macros of cards (V3 specification, "Curly Braced Syntaxes"; ``<BOT>`` and ``<USER>`` from V1).

Names of fans are put in last and never read again, so a fan called ``{{random:a,b}}`` is only a name.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

_MACRO = re.compile(r"\{\{([^{}]{0,20000})\}\}")
_ANGLE = re.compile(r"<(bot|char|user)>", re.I)
MAX_PASSES = 8
"""Macros inside macros, innermost first."""
MAX_GROWTH = 4
"""The text may become this many times as long by its macros, and a few lines more."""
_CHAR, _USER = "\ue000", "\ue001"


@dataclass(slots=True)
class Macros:
    """Expands macros. ``rng`` decides ``random`` and ``roll``; ``seed`` makes ``pick`` the same within a prompt."""

    char: str
    user: str = "friend"
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    seed: str = ""
    hidden: list[str] = field(default_factory=list)
    """Words of ``{{hidden_key:...}}``: scanned by lorebooks, never shown."""
    _picks: int = 0

    def __call__(self, text: str, original: str | None = None) -> str:
        """The text with known macros replaced; unknown ones stay as they are.

        ``original`` is what ``{{original}}`` stands for (prompts only); without it that macro stays.
        """
        self._picks = 0
        room = len(text) * MAX_GROWTH + 4_000
        text = _ANGLE.sub(
            lambda m: _USER if m[1].lower() == "user" else _CHAR, text.replace(_CHAR, "").replace(_USER, "")
        )
        for _ in range(MAX_PASSES):
            changed = _MACRO.sub(self._one, text)
            if changed == text or len(changed) > room:
                break
            text = changed
        if original is not None:
            text = re.sub(r"\{\{\s*original\s*\}\}", lambda _: original, text, flags=re.I)
        return text.replace(_CHAR, self.char).replace(_USER, self.user)

    def _one(self, match: re.Match[str]) -> str:
        body = match[1]
        name, colon, rest = body.partition(":")
        word = name.strip().lower()
        if word.startswith("//"):
            return ""
        if not colon:
            return {"char": _CHAR, "user": _USER}.get(word, match[0])
        if word in ("comment", "hidden_key"):
            if word == "hidden_key" and len(self.hidden) < 200:
                self.hidden.append(rest.strip())
            return ""
        if word == "reverse":
            return rest[::-1]
        if word in ("random", "pick"):
            options = _options(rest)
            if word == "random":
                return self.rng.choice(options)
            self._picks += 1
            return random.Random(f"{self.seed}:{self._picks}:{rest}").choice(options)
        if word == "roll":
            sides = re.fullmatch(r"\s*:?\s*d?(\d{1,6})\s*", rest, re.I)
            if sides and int(sides[1]) > 0:
                return str(self.rng.randint(1, int(sides[1])))
        return match[0]


def _options(text: str) -> list[str]:
    r"""Options of ``{{random:a,b}}`` and ``{{random::a::b}}``; ``\,`` is a comma that does not part."""
    if text.startswith(":"):
        return text[1:].split("::")
    return [part.replace("\0", ",").strip() for part in text.replace("\\,", "\0").split(",")]

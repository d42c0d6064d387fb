"""Decorators of V3 lorebook entries: ``@@name value`` lines before the content, ``@@@`` lines as fallbacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KNOWN = frozenset({
    "activate_only_after", "activate_only_every", "keep_activate_after_match", "dont_activate_after_match", "depth",
    "reverse_depth", "role", "scan_depth", "is_greeting", "position", "additional_keys", "exclude_keys", "activate",
    "dont_activate", "ignore_on_max_context", "disable_ui_prompt",
})  # fmt: skip
"""Decorators that do something here; others are looked past, to their fallbacks."""

_LINE = re.compile(r"^(@{2,})([A-Za-z_][A-Za-z0-9_-]{0,60})(?:[ \t]+(.*))?$")
MAX_DECORATORS = 64


@dataclass(frozen=True, slots=True)
class Decorated:
    """Content without its decorators, and those in force."""

    content: str
    values: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    """The decorator lines as they were written."""

    def number(self, name: str) -> int | None:
        """A decorator's whole number; None when it is missing or something else."""
        value = self.values.get(name, "").strip()
        return int(value) if re.fullmatch(r"-?\d{1,9}", value) else None

    def words(self, name: str) -> list[str]:
        """A decorator's comma-separated list."""
        return [part.strip() for part in self.values.get(name, "").split(",") if part.strip()]


def parse(content: str) -> Decorated:
    """Takes the decorators off the front of an entry's content.

    A decorator that is unknown gives its turn to the ``@@@`` lines after it, one after the other; the first of a name
    wins; blank lines around them go with them.
    """
    lines = content.split("\n")
    values: dict[str, str] = {}
    kept: list[str] = []
    at, waiting = 0, False
    while at < len(lines):
        line = lines[at].strip()
        match = _LINE.match(line)
        if not match:
            if line and line[:2] != "@@":
                break
            if line:  # an "@@" line that is no decorator: looked past
                kept.append(line)
            elif not kept:
                break
            at += 1
            continue
        at += 1
        kept.append(line)
        if len(kept) > MAX_DECORATORS:
            continue
        fallback, name = len(match[1]) > 2, match[2].lower()
        if fallback and not waiting:
            continue
        waiting = name not in KNOWN
        if not waiting:
            values.setdefault(name, (match[3] or "").strip())
    if not kept:
        return Decorated(content)
    return Decorated("\n".join(lines[at:]).strip("\n"), values, tuple(kept))

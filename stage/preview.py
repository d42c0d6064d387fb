"""``limelight preview``: a still and a spoken line of a character, made again whenever its files are saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from avatar.render.look import look
from avatar.wardrobe import LookError
from characters import CharacterError, Definition, load
from characters.checks import warnings
from characters.loader import find
from characters.persona.clauses import clauses_of
from stage.actor import body_of
from stage.songs import speak_to_file

EVERY = 0.4
"""Seconds between looks at the files."""


def stamp(folder: Path) -> dict[str, int]:
    """Times at which the files of a character were last written."""
    found = [*folder.glob("*.toml"), *folder.glob("*.vrm"), *folder.glob("songs/*.toml")]
    return {path.name: path.stat().st_mtime_ns for path in found if path.is_file()}


def make(definition: Definition, out: Path, before: Definition | None) -> Iterator[str]:
    """Make what differs from ``before``; a line about each thing made."""
    if before is None or (before.look, before.stage) != (definition.look, definition.stage):
        look(body_of(definition), out / "look.png", size=(640, 720))
        yield f"{out / 'look.png'}: the look"
    lines = definition.situations.get("opening") or []
    said = next((c for line in lines for c in clauses_of(line.say, {"count": "12"}, "happy")), None)
    words = said.text if said else f"I'm {definition.identity.name}."
    earlier = before.situations.get("opening") if before else None
    if before is None or before.voice != definition.voice or earlier != definition.situations.get("opening"):
        speak_to_file(definition, words, said.mood if said else "happy", out / "line.wav", None)
        yield f"{out / 'line.wav'}: {words}"
    yield from (f"warning: {warning}" for warning in warnings(definition))


def watch(character: str, out: Path, tell: Callable[[str], None], once: bool = False) -> None:
    """Make the preview, then again on every save until interrupted; a file that does not load is named, and waited for."""
    folder, before, seen = find(character), None, None
    out.mkdir(parents=True, exist_ok=True)
    while True:
        now = stamp(folder)
        if now != seen:
            seen = now
            try:
                definition = load(folder)
                for line in make(definition, out, before):
                    tell(line)
                before = definition
            except (CharacterError, LookError) as error:
                if once:
                    raise
                tell(str(error))
        if once:
            return
        time.sleep(EVERY)

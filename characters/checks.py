"""Finds what a creator will want to know about a character that loads: gaps, unknown tags, lines that never fit."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from characters.definition import Definition, Line
from characters.guard.help import regions
from characters.loader import load, nearest, songs
from characters.persona.model import GESTURES, MOODS
from characters.persona.speech import SLOTS, clean_speech, fill, has_words, known_tag, slots_of, tags_of
from characters.persona.topics import SUBJECTS


def _taxonomy() -> dict[str, dict[str, Any]]:
    """Situations of a show (their slots, whether every character needs them) and intents of fans."""
    file = Path(__file__).parent / "persona" / "data" / "taxonomy.toml"
    return dict(tomllib.loads(file.read_text(encoding="utf-8")))


_SITUATIONS: dict[str, Any] = _taxonomy()["situations"]
SITUATIONS = tuple(_SITUATIONS)
"""Situations a show asks for."""

MOST_WORDS = 30
"""A spoken line of more words is a speech."""

_WITH_TOPIC = ("song_request", *SUBJECTS)
"""Intents that come with what they are about."""
_FITTING = {name: {*about["slots"], "count", "song"} for name, about in _SITUATIONS.items()}
_FITTING |= {name: _FITTING[name] | {"fan"} for name in ("gift", "join", "chat", "return") if name in _FITTING}


def check(path: str | Path) -> list[str]:
    """Warnings about a character, one line each, worst first; empty when all is well.

    Raises :class:`~characters.loader.CharacterError` when it does not load at all.
    """
    return list(warnings(load(path)))


def warnings(definition: Definition) -> Iterator[str]:
    """Warnings about a loaded character."""
    for situation in SITUATIONS:
        if _SITUATIONS[situation]["need"] and not definition.situations.get(situation):
            yield f"lines.toml: situations.{situation} has no lines; she will borrow from others"
    for situation, lines in definition.situations.items():
        if situation not in SITUATIONS:
            near = nearest(situation, list(SITUATIONS))
            yield f"lines.toml: situations.{situation} is never asked for" + (f"; did you mean {near}?" if near else "")
        yield from _lines(f"situations.{situation}", lines, _FITTING.get(situation, set(SLOTS)))
    if "unknown" not in definition.intentions:
        yield "lines.toml: intentions.unknown is missing; say there how she admits that she does not know"
    region = definition.rules.help
    if region.lower() not in regions():
        yield f"character.toml: rules.help = {region!r} has no help line of its own; the international one is named (known: {', '.join(regions())})"
    yield from _intentions(definition)
    yield from _lore(definition)
    songs(definition)


def _intentions(definition: Definition) -> Iterator[str]:
    from characters.persona import bank

    shared = (
        set(bank.hears())
        | set(_taxonomy()["intents"])
        | {rule.intent for rule in bank.rules()}
        | {"unknown", "emoji", "other_language", "spam"}
    )
    for name, intention in definition.intentions.items():
        if not intention.hears and name not in shared:
            yield f"lines.toml: intentions.{name} hears nothing, so it is never understood; add hears"
        if not intention.lines:
            yield f"lines.toml: intentions.{name} has no lines"
        fitting = {"fan", "count", "song"} | ({"topic"} if name in _WITH_TOPIC else set())
        yield from _lines(f"intentions.{name}", intention.lines, fitting)


def _lines(place: str, lines: list[Line], fitting: set[str]) -> Iterator[str]:
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        where = f"lines.toml: {place} line {number}"
        for tag in tags_of(line.say):
            if not known_tag(tag):
                near = nearest(tag, [*MOODS, *GESTURES])
                yield f"{where}: unknown tag [{tag}]" + (f"; did you mean [{near}]?" if near else "")
        for slot in sorted(slots_of(line.say)):
            if slot not in SLOTS:
                near = nearest(slot, list(SLOTS))
                yield f"{where}: unknown slot {{{slot}}}" + (f"; did you mean {{{near}}}?" if near else "")
            elif slot not in fitting:
                yield f"{where}: never fits, there is no {{{slot}}} in {place}"
        spoken = clean_speech(fill(line.say, dict.fromkeys(SLOTS, "word")))
        if not has_words(spoken):
            yield f"{where}: nothing is left to say"
        elif len(spoken.split()) > MOST_WORDS:
            yield f"{where}: {len(spoken.split())} words; keep a line under {MOST_WORDS}"
        if spoken in seen:
            yield f"{where}: says the same as an earlier line"
        seen.add(spoken)
        if line.mood and line.mood not in MOODS:
            near = nearest(line.mood, list(MOODS))
            yield f"{where}: unknown mood '{line.mood}'" + (f"; did you mean {near}?" if near else "")


def _lore(definition: Definition) -> Iterator[str]:
    owner: dict[str, int] = {}
    for number, entry in enumerate(definition.lore, 1):
        keys = [key.lower().strip() for key in entry.keys]
        if entry.constant or entry.regex or not entry.enabled:
            continue  # for language models, or switched off by its author
        if not any(has_words(key) for key in keys):
            yield f"lore.toml: entry {number} has no key with words, so it is never told"
        elif all(key in owner for key in keys):
            yield f"lore.toml: entry {number} is never told, entry {owner[keys[0]]} holds the same keys"
        for key in keys:
            owner.setdefault(key, number)
        yield from (
            text.replace("lines.toml: lore", "lore.toml: entry")
            for text in _lines(f"lore {number}", [Line(say=say) for say in entry.says], {"fan", "count", "song"})
        )

"""The training corpus, generated: a context, maybe a candidate line, and the reply it should become.

Parameterised by intent x traits x mood x phase x role x style x length, with second turns, candidates from the grammar
and from the library's authored lines, and candidates with strange words so that the model learns to keep what it does
not know. Deterministic by seed and shard. Held out: one fan template and one candidate line in twenty.
"""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from .fans import fan_line, held_out
from .grammar import Section, expand, sections, words
from .tokens import LENGTHS, MOODS, PHASES, ROLES, STYLES, TRAITS, Context, intents
from .wording import choose_core, fitting_mood, gesture_for, nameless, reword, synonyms

LIBRARY = Path(__file__).parent.parent.parent / "library"
_TAG = re.compile(r"\[[^\]]*\]\s*")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One training pair; ``reply`` is spoken text with ``{slots}``, its tags are ``mood`` and ``gesture``."""

    context: Context
    mood: str
    gesture: str
    reply: str


@cache
def library_lines(held: bool) -> tuple[tuple[str, str], ...]:
    """(intent or situation, line without tags) of every shipped character whose slots the model knows."""
    known = set(variable())
    out: list[tuple[str, str]] = []
    for path in sorted(LIBRARY.glob("*/lines.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        groups = {f"s.{name}": lines for name, lines in document.get("situations", {}).items()}
        groups |= {name: table.get("lines", []) for name, table in document.get("intentions", {}).items()}
        for name, lines in groups.items():
            for line in lines if name in known else ():
                text = _TAG.sub("", line if isinstance(line, str) else line.get("say", "")).strip()
                if text and len(text) < 170 and (zlib.crc32(text.encode()) % 20 == 0) == held:
                    out.append((name, text))
        for entry in _lore(path.parent):
            if (zlib.crc32(entry.encode()) % 20 == 0) == held:
                out.append(("s.idle", entry))
    return tuple(out)


def _lore(folder: Path) -> list[str]:
    path = folder / "lore.toml"
    if not path.exists():
        return []
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return [_TAG.sub("", say).strip() for entry in document.get("lore", []) for say in entry.get("says", [])]


@cache
def variable() -> tuple[str, ...]:
    """Intents and situations whose lines may be varied: all but those that must be right or true as authored."""
    path = Path(__file__).parent.parent / "data" / "taxonomy.toml"
    kinds = {n: v["kind"] for n, v in tomllib.loads(path.read_text(encoding="utf-8"))["intents"].items()}
    return tuple(name for name in intents() if kinds.get(name, "talk") in ("talk", "show"))


@cache
def _spare() -> tuple[str, ...]:
    """Words of the grammar for candidates that hold what the model has not seen together."""
    found = {
        word
        for section in sections().values()
        for core in section.cores
        for word in re.findall(r"[a-z]{4,}", core.text)
    }
    found |= {word for items in words().values() for item in items for word in re.findall(r"[a-z]{4,}", item)}
    return tuple(sorted(found))


_SYLLABLES = [
    "ba",
    "ne",
    "lo",
    "ri",
    "ta",
    "mu",
    "ke",
    "so",
    "fi",
    "da",
    "ro",
    "ven",
    "tar",
    "lim",
    "gos",
    "per",
    "wick",
    "mer",
    "tin",
    "hol",
    "bra",
    "ster",
    "ling",
    "dor",
]


def _strange(text: str, rng: random.Random) -> str:
    """The line with one to three of its longer words replaced."""
    places = list(re.finditer(r"(?<![{\w'])[a-z]{4,}(?![}\w'])", text))
    for match in sorted(rng.sample(places, min(len(places), rng.randint(1, 3))), key=lambda m: -m.start()):
        word = rng.choice(_spare()) if rng.random() < 0.7 else "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4)))
        text = text[: match.start()] + word + text[match.end() :]
    return text


def _traits(rng: random.Random) -> tuple[tuple[str, int], ...]:
    return tuple((name, rng.choice((-1, 1))) for name in TRAITS if rng.random() < 0.55)


def _context(name: str, opener: str, rng: random.Random) -> Context:
    traits = _traits(rng)
    known = dict(traits)
    if known.get("curiosity", 0) > 0 and rng.random() < 0.6:
        style = "asks"
    elif known.get("curiosity", 0) < 0:
        style = rng.choice(("plain", "quips", "warm"))
    else:
        style = rng.choice(STYLES)
    length = rng.choices(LENGTHS, (2, 5, 2))[0]
    mood = fitting_mood(opener, rng.choice(MOODS))
    return Context(name, mood, traits, rng.choice(PHASES), rng.choices(ROLES, (6, 1, 1, 1))[0], style, length)


def _with(context: Context, **more: str) -> Context:
    return replace(context, **more)  # type: ignore[arg-type]


def sample(rng: random.Random, held: bool = False) -> Sample:
    """One pair: half from the grammar, half around a candidate line."""
    names = talkative()
    roll = rng.random()
    if roll < 0.45:
        return _from_grammar(sections()[rng.choice(names)], rng, held, rng.random() < 0.45)
    return _from_line(rng, held, strange=roll > 0.8)


@cache
def talkative() -> tuple[str, ...]:
    """Intents the model answers itself: those of the grammar with answers."""
    return tuple(name for name, section in sorted(sections().items()) if section.cores)


def _from_grammar(section: Section, rng: random.Random, held: bool, candidate: bool) -> Sample:
    context = _context(section.name, section.opener, rng)
    traits = dict(context.traits)
    says = fan_line(section, rng, held)
    core = choose_core(section, says, traits, rng)
    assert core is not None
    said = ""
    if rng.random() < 0.12 or section.name in ("why", "really", "answer", "agreement", "disagreement", "laughter"):
        said = _said(rng)
    body = expand(core.text, rng)
    line = ""
    if candidate:
        # What is refined is another wording of the same answer, as an author might have written it.
        line = body if rng.random() < 0.6 else synonyms(body, rng, 0.5)
        if context.role != "none" and rng.random() < 0.6 and "{fan}" not in line:
            line = _author_name(line, rng)
        body = synonyms(body, rng, 0.25)
    context = _with(context, says=says, said=said, candidate=line)
    return _done(context, body, section, rng)


def _author_name(line: str, rng: random.Random) -> str:
    if rng.random() < 0.5:
        return "{fan}, " + (line if line.startswith(("I ", "I'", "{")) else line[:1].lower() + line[1:])
    return re.sub(r"([.!?])", r", {fan}\1", line, count=1)


def _said(rng: random.Random) -> str:
    other = sections()[rng.choice(talkative())]
    text = expand(rng.choice(other.cores).text, rng)
    if other.questions and rng.random() < 0.5:
        text = f"{text} {expand(rng.choice(other.questions), rng)}"
    return _SLOT.sub("that", text)


def _from_line(rng: random.Random, held: bool, strange: bool) -> Sample:
    name, line = rng.choice(library_lines(held))
    section = sections().get(name) or Section(name, "S")
    context = _context(name, section.opener, rng)
    says = ""
    if not name.startswith("s."):
        says = fan_line(section, rng, held) if section.fans else ""
        context = _with(context, says=says)
    else:
        context = _with(context, style="plain" if rng.random() < 0.6 else context.style)
        if "{fan}" not in line:
            context = _with(context, role="none")
    if strange:
        line = _strange(line, rng)
    context = _with(context, candidate=line)
    body = synonyms(line, rng, 0.15)
    if "{fan}" in nameless(line) and context.role == "none":
        context = _with(context, role="everyone")
    opener = not name.startswith("s.") and ("{fan}" not in line or rng.random() < 0.35)
    return _done(context, body, section, rng, opener)


def _done(context: Context, body: str, section: Section, rng: random.Random, opener: bool = True) -> Sample:
    reply = reword(body, context, section, rng, opener)
    return Sample(context, context.mood, gesture_for(context, section, rng), reply)


def samples(seed: int, count: int, held: bool = False) -> Iterator[Sample]:
    """So many pairs; the same seed gives the same."""
    rng = random.Random(f"corpus:{seed}:{held}")
    for _ in range(count):
        yield sample(rng, held)


__all__ = ["Sample", "held_out", "sample", "samples"]

"""Special tokens of the small model: every tag, trait, mood, phase, role, intent and slot is one token."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOODS = ("neutral", "happy", "excited", "tender", "sad", "angry", "surprised", "relaxed", "shy", "teasing")
GESTURES = (
    "wave", "bow", "point", "heart", "clap", "shrug", "nod", "shake", "think", "laugh", "cheer", "present",
    "hands_on_hips", "lean_in", "look_away", "peace",
)  # fmt: skip
TRAITS = ("warmth", "wit", "energy", "formality", "curiosity")
PHASES = ("opening", "talk", "song", "banter", "closing")
ROLES = ("everyone", "paid", "first", "none")
STYLES = ("plain", "asks", "quips", "warm")
LENGTHS = ("short", "mid", "long")
SLOTS = ("fan", "song", "topic", "count")
BOS, END, PAD, SAYS, SAID, CAND, REPLY = "<bos>", "<end>", "<pad>", "<says>", "<said>", "<cand>", "<reply>"


@cache
def intents() -> tuple[str, ...]:
    """Intents and situations (``s.idle``) of the taxonomy, sorted."""
    document = tomllib.loads((Path(__file__).parent.parent / "data" / "taxonomy.toml").read_text(encoding="utf-8"))
    return tuple(sorted(document["intents"]) + sorted(f"s.{name}" for name in document["situations"]))


@cache
def specials() -> tuple[str, ...]:
    """All special tokens in the order of their ids."""
    return (
        PAD, BOS, END, SAYS, SAID, CAND, REPLY,
        *(f"<{name}{sign}>" for name in TRAITS for sign in "+-"),
        *(f"<m:{name}>" for name in MOODS), *(f"<g:{name}>" for name in GESTURES),
        *(f"<p:{name}>" for name in PHASES), *(f"<r:{name}>" for name in ROLES),
        *(f"<y:{name}>" for name in STYLES), *(f"<l:{name}>" for name in LENGTHS),
        *(f"<{name}>" for name in SLOTS), *(f"<i:{name}>" for name in intents()),
        *(f"<reserved{n}>" for n in range(24)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """What a reply is conditioned on. ``says`` and ``said`` are plain text, ``candidate`` may hold ``{slots}``."""

    intent: str
    mood: str = "happy"
    traits: tuple[tuple[str, int], ...] = ()
    """(name, -1 or 1); traits in the middle are left out."""
    phase: str = "talk"
    role: str = "everyone"
    style: str = "plain"
    length: str = "mid"
    says: str = ""
    said: str = ""
    candidate: str = ""


def card(traits: tuple[tuple[str, int], ...]) -> list[str]:
    """The unchanging beginning of every prompt of a character."""
    known = dict(traits)
    return [BOS, *(f"<{name}{'+' if known[name] > 0 else '-'}>" for name in TRAITS if known.get(name))]


def prompt(context: Context) -> list[str | tuple[str]]:
    """The prompt: special tokens as strings, ordinary text as one-tuples; begins with :func:`card`."""
    out: list[str | tuple[str]] = [*card(context.traits), f"<p:{context.phase}>", f"<r:{context.role}>"]
    if context.said:
        out += [SAID, (context.said,)]
    if context.says:
        out += [SAYS, (context.says,)]
    out += [f"<i:{context.intent}>", f"<m:{context.mood}>", f"<y:{context.style}>", f"<l:{context.length}>"]
    if context.candidate:
        out += [CAND, *slotted(context.candidate)]
    return [*out, REPLY]


def slotted(text: str) -> list[str | tuple[str]]:
    """Text with ``{slots}`` as special tokens and the rest as one-tuples."""
    out: list[str | tuple[str]] = []
    at = 0
    while at < len(text):
        start = text.find("{", at)
        end = text.find("}", start)
        if start < 0 or end < 0:
            out.append((text[at:],))
            break
        if start > at:
            out.append((text[at:start],))
        if text[start + 1 : end] in SLOTS:
            out.append(f"<{text[start + 1 : end]}>")
        at = end + 1
    return out

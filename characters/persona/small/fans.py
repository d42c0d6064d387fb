"""What fans write: expanded grammar with the way people really type (slang, capitals, typos, stretched letters, emoji)."""

from __future__ import annotations

import random
import re
import zlib

from .grammar import Section, expand

_SLANG = {"you": "u", "your": "ur", "are": "r", "please": "pls", "people": "ppl", "because": "cuz", "what's": "whats",
          "i'm": "im", "don't": "dont", "can't": "cant", "it's": "its", "thanks": "thx", "really": "rly", "about": "abt",
          "tonight": "tonite", "love": "luv", "something": "sth", "right now": "rn", "okay": "ok", "that's": "thats",
          "want to": "wanna", "going to": "gonna", "to": "2", "for": "4", "why": "y", "favourite": "fav", "and": "n"}  # fmt: skip
_TAILS = (
    " lol",
    " haha",
    " xd",
    " :)",
    " <3",
    "!!",
    "!!!",
    " ❤️",
    " 😂",
    " 🥺",
    " ✨",
    " 😭",
    "...",
    " omg",
    " tbh",
    " btw",
    " pls",
)
_HEADS = (
    "lumi ",
    "hey lumi ",
    "hey ",
    "omg ",
    "ok ",
    "so ",
    "yo ",
    "um ",
    "vesper ",
    "bo ",
    "hi ",
    "wait ",
    "honestly ",
)
_NEAR = {"a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "y", "s": "d", "r": "t", "l": "k", "h": "j", "u": "i"}


def held_out(template: str) -> bool:
    """Whether a fan template is kept from training."""
    return zlib.crc32(template.encode()) % 20 == 0


def fan_line(section: Section, rng: random.Random, held: bool = False, noise: float = 0.6) -> str:
    """A line of this intent as a fan may have typed it. ``held``: only from templates kept from training."""
    if section.heard and not held and rng.random() < 0.25:
        return noisy(rng.choice(section.heard), rng, noise)
    pool = [t for t in section.fans if held_out(t) == held] or section.fans
    weights = [1 + min(3.0, len(template) / 60) for template in pool]
    return noisy(expand(rng.choices(pool, weights)[0], rng), rng, noise)


def noisy(text: str, rng: random.Random, share: float = 0.6) -> str:
    """The line with some of what keyboards and moods do to it."""
    if rng.random() > share:
        return text
    if rng.random() < 0.35:
        for word, short in _SLANG.items():
            if rng.random() < 0.5:
                text = re.sub(rf"(?<![\w']){word}(?![\w'])", short, text)
    if rng.random() < 0.15 and not text.lower().startswith(("lumi", "hey", "hi")):
        text = rng.choice(_HEADS) + text
    if rng.random() < 0.18 and len(text) > 6:
        at = rng.randrange(1, len(text) - 1)
        kind = rng.random()
        if kind < 0.35:
            text = text[:at] + text[at + 1 :]
        elif kind < 0.65:
            text = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
        elif kind < 0.85:
            text = text[:at] + _NEAR.get(text[at], text[at]) + text[at + 1 :]
        else:
            text = text[:at] + text[at] * rng.randint(1, 3) + text[at:]
    roll = rng.random()
    if roll < 0.07:
        text = text.upper()
    elif roll < 0.3:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.2:
        text = text.replace("'", "")
    if rng.random() < 0.25:
        text += rng.choice(_TAILS)
    return text[:200]

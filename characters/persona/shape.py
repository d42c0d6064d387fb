"""Makes traits and moods heard in a line: contractions, stops, questions, and where those show nothing a short sentence.

Pure functions of text with stage tags and ``{slots}`` in it. Used where a character's lines are not in its own voice
(``persona.wording = "shaped"``); the lists are ``data/shape.toml``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import cache

from characters.persona import bank
from characters.persona.small.wording import contracted, expanded, nameless

LEAST = 0.33
"""A trait nearer to 0 is not heard."""
TRAITS = ("formality", "energy", "curiosity", "warmth", "wit")

_TAGS = re.compile(r"^(?:\[[^\]]*\]\s*)*")
_TAG = re.compile(r"\[[^\]]*\]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CONTRACTED = re.compile(
    r"\b(?:I'm|I've|I'll|I'd|\w+n't|(?:it|that|there|what|you|we|they|let)'(?:s|re|ve|ll))\b", re.I
)


@cache
def _marks(trait: str, sign: int) -> tuple[str, ...]:
    return tuple(bank.shape()[trait]["plus" if sign > 0 else "minus"])


@cache
def _openers(mood: str) -> tuple[str, ...]:
    return tuple(bank.shape()["moods"][mood])


def shaped(
    line: str, traits: Mapping[str, float], mood: str, rng: random.Random, *, grave: bool = False, named: bool = True
) -> str:
    """The line as somebody of these traits (-1 to 1) in this mood would put it.

    ``mood``: one of the moods to be heard, empty for none. ``grave``: nothing may be added, only how formally it is
    said. ``named``: whether ``{fan}`` has a value.
    """
    tags = _TAGS.match(line)
    head = tags.group() if tags else ""
    body = line[len(head) :].strip()
    heard = {name: level for name, level in traits.items() if name in TRAITS and abs(level) >= LEAST}
    body, silent = _wording(body, heard, grave)
    if grave:
        return head + body
    silent = [name for name in silent if rng.random() < abs(heard[name]) + 0.05]
    if silent:
        chosen = rng.choices(silent, [abs(heard[name]) for name in silent])[0]
        mark = rng.choice(_marks(chosen, 1 if heard[chosen] > 0 else -1))
        body = f"{body} {expanded(mark) if heard.get('formality', 0.0) > 0 else mark}"
    if mood:
        opener = rng.choice(_openers(mood))
        bare = nameless(body)
        woven = not named or "{fan}" in bare
        body = f"{opener if not woven else _without_name(opener)} {body if woven else bare}"
    return head + body


def said_again(line: str, rng: random.Random, *, grave: bool = False, named: bool = True) -> str:
    """A line that was heard lately and must stay as authored, with a few words before it."""
    tags = _TAGS.match(line)
    head = tags.group() if tags else ""
    opener = rng.choice(bank.shape()["again"]["grave" if grave else "plain"])
    bare = nameless(line[len(head) :].strip())
    woven = not named or "{fan}" in bare
    return f"{head}{_without_name(opener) if woven else opener} {bare}"


def _without_name(opener: str) -> str:
    return re.sub(r",? ?\{fan\}", "", opener)


def _wording(body: str, heard: Mapping[str, float], grave: bool) -> tuple[str, list[str]]:
    """The body with what its own words can show, and the traits that it does not show."""
    silent: list[str] = []
    formality = heard.get("formality", 0.0)
    if formality:
        changed = expanded(body) if formality > 0 else contracted(body)
        shows = changed != body if formality > 0 else len(_CONTRACTED.findall(changed)) > 1
        body = changed
        silent += [] if shows else ["formality"]
    if grave:
        return body, []
    curiosity = heard.get("curiosity", 0.0)
    if curiosity < 0:
        said = [part for part in _SENTENCE.split(body) if not part.endswith("?")]
        body = " ".join(said) if said and re.search(r"\w{3}", _TAG.sub("", " ".join(said))) else body
        silent.append("curiosity")
    elif curiosity > 0 and not body.endswith("?"):
        silent.append("curiosity")
    energy = heard.get("energy", 0.0)
    if energy > 0:
        body = re.sub(r"(?<![.!?])\.(?=\s|$)", "!", body, count=2)
        silent += [] if "!" in body else ["energy"]
    elif energy < 0:
        body = re.sub(r"!+", ".", body)
        silent.append("energy")
    return body, silent + [name for name in ("warmth", "wit") if name in heard]

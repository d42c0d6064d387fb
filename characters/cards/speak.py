"""From a card's prose to lines that can be spoken: no markup, no stage directions, in her own person."""

from __future__ import annotations

import re

from characters.cards.macros import Macros
from characters.persona.speech import clean_speech, has_words

MOST_WORDS = 24
_ACTION = re.compile(r"\*{1,3}([^*]{1,400})\*{1,3}|_([^_]{3,200})_")
_GESTURES = (
    ("wave", "wav"), ("bow", "bow"), ("laugh", "laugh|giggl|chuckl"), ("nod", "nod"), ("shrug", "shrug"), ("clap", "clap"),
    ("think", "think|ponder"), ("point", "point"),
)  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’)]*\s+")
_VERBS = {"is": "am", "has": "have", "does": "do", "was": "was", "isn't": "am not", "doesn't": "don't", "hasn't": "haven't",
          "can": "can", "will": "will", "would": "would", "could": "could", "never": "never", "never swears": "never swear"}  # fmt: skip


def sentences(text: str, macros: Macros, most: int = 6) -> list[str]:
    """Speakable sentences of a card's text, stage directions left out; too long ones are left out, not cut."""
    text = _ACTION.sub(" ", macros(text))
    text = re.sub(r"[\[\]{}<>#|`~^\\]+", " ", text).replace("*", " ").replace("_", " ")
    found = []
    for part in _SENTENCE.split(" ".join(text.split())):
        said = clean_speech(part.strip().strip('"“”'))
        if (
            has_words(said)
            and 1 <= len(said.split()) <= MOST_WORDS
            and sum(ch.isascii() for ch in said) > 0.7 * len(said)
        ):
            found.append(said if said[-1] in ".!?…" else said + ".")
        if len(found) >= most:
            break
    return found


def gesture_of(text: str) -> str:
    """The stage gesture nearest to a card's first action (``*waves*``), as a tag with a space, or nothing."""
    action = _ACTION.search(text)
    words = (action[1] or action[2]).lower() if action else ""
    return next((f"[{name}] " for name, pattern in _GESTURES if re.search(rf"\b(?:{pattern})", words)), "")


def own_words(sentence: str, name: str) -> str:
    """A sentence about ``name`` in the first person: ``Lumi is a singer.`` becomes ``I am a singer.``"""
    told = re.sub(rf"\b{re.escape(name)}['’]s\b", "my", sentence)
    match = re.match(rf"{re.escape(name)}\s+([\w']+)(.*)", told, re.S)
    if match:
        verb, rest = match[1], match[2]
        if verb in ("never", "always", "often", "also", "usually", "sometimes", "secretly"):
            following = re.match(r"\s+(\w+)(.*)", rest, re.S)
            if following:
                return f"I {verb} {_first(following[1])}{following[2]}"
        told = f"I {_first(verb)}{rest}"
    return told[0].upper() + told[1:] if told else told


def _first(verb: str) -> str:
    """A verb of the third person in the first: ``sings`` -> ``sing``."""
    if verb in _VERBS:
        return _VERBS[verb]
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if re.search(r"(?:ss|sh|ch|x|zz|o)es$", verb):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") else verb

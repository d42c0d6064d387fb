"""Words a reply the way a character, a mood and a moment want it: openers, tails, contractions, swaps, stops."""

from __future__ import annotations

import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from .grammar import Core, Section, expand
from .tokens import GESTURES, Context

CALM = {"B": ("tender", "relaxed", "sad", "neutral"), "H": ("relaxed", "teasing", "neutral", "shy")}
"""Moods that fit bad news and hostile words; any other mood becomes the first of these."""
WHOLE = ("joke", "poem", "story", "game", "anxious")
"""Intents whose answers fall apart when they are cut or spoken to in the middle."""
MOOD_GESTURES = {"excited": "cheer", "tender": "heart", "shy": "look_away", "teasing": "hands_on_hips", "sad": "nod"}
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9{'\"])")


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "wording.toml").read_text(encoding="utf-8"))


@cache
def _swaps(name: str) -> tuple[re.Pattern[str], dict[str, str]]:
    table: dict[str, str] = dict(_document()[name])
    longest = sorted(table, key=len, reverse=True)
    inner = "|".join(re.escape(key) for key in longest)
    return re.compile(rf"(?<![\w'])(?:{inner})(?![\w'])"), table


def _swap(name: str, text: str) -> str:
    pattern, table = _swaps(name)
    return pattern.sub(lambda match: table[match.group()], text)


def synonyms(text: str, rng: random.Random, share: float) -> str:
    """Text with some words replaced by words of like meaning."""
    table = _document()["synonyms"]
    for word in table:
        if word in text and rng.random() < share:
            text = re.sub(rf"(?<![\w']){re.escape(word)}(?![\w'])", rng.choice(table[word]), text, count=1)
    return text


def expanded(text: str) -> str:
    """The text as the formal say it: no contractions, no casual words."""
    return _swap("expand", _swap("swaps", text))


def contracted(text: str) -> str:
    """The text as the informal say it: contractions, casual words."""
    return _CONTRACT.sub(lambda match: _contractions()[match.group()], _swap("casual", text))


_CONTRACT = re.compile(
    r"(?<![\w'])(?:I am|I will|I would|(?:do|does|did|is|are|was|has|have|could|would|will) not|cannot|It is|That is|There is|Let us)"
    r"(?= [a-z{])"
)


@cache
def _contractions() -> dict[str, str]:
    return {formal: short for short, formal in _document()["expand"].items()}


def phrases() -> list[str]:
    """Templates of all openers and tails that wording may put around an answer."""
    document = _document()
    found = [
        text for name in ("openers", "moods", "named", "tails") for texts in document[name].values() for text in texts
    ]
    return list(dict.fromkeys(found))


def alike() -> list[tuple[str, str]]:
    """Pairs of phrases that wording may exchange."""
    document = _document()
    pairs = [pair for name in ("swaps", "casual") for pair in document[name].items()]
    return pairs + [(word, other) for word, others in document["synonyms"].items() for other in others]


def fitting_mood(opener: str, mood: str) -> str:
    """The mood itself where it fits what was said, else a calm one."""
    allowed = CALM.get(opener)
    return mood if allowed is None or mood in allowed else allowed[0]


def choose_core(section: Section, says: str, traits: dict[str, int], rng: random.Random) -> Core | None:
    """An answer that fits the fan's words and the character's wit or warmth."""
    spoken = set(re.findall(r"[a-z']+", says.lower()))
    keyed = [core for core in section.cores if core.keys & spoken]
    cores = keyed if keyed and rng.random() < 0.9 else [core for core in section.cores if not core.keys]
    wants = [("+j" if traits["wit"] > 0 else "-j")] if traits.get("wit") else []
    wants += [("+w" if traits["warmth"] > 0 else "-w")] if traits.get("warmth") else []
    if wants:
        flag = rng.choice(wants)
        flagged = [core for core in cores if core.flag == flag]
        if flagged and rng.random() < 0.85:
            return rng.choice(flagged)
    against = {"+j" if traits.get("wit", 0) < 0 else "", "-j" if traits.get("wit", 0) > 0 else "",
               "+w" if traits.get("warmth", 0) < 0 else "", "-w" if traits.get("warmth", 0) > 0 else ""} - {""}  # fmt: skip
    plain = [core for core in cores if not core.flag] or cores
    mild = [core for core in plain if core.flag not in against]
    return rng.choice(mild or plain or section.cores) if section.cores else None


def reword(text: str, context: Context, section: Section, rng: random.Random, opener: bool = True) -> str:
    """The reply a body of text becomes in this context: spoken text with ``{slots}``, no tags."""
    traits = dict(context.traits)
    named = context.role != "none"
    sentences = _SENTENCE.split(text)
    whole = section.name in WHOLE or sentences[0].endswith("?")
    if context.length == "short" and not whole and len(sentences) > 1 and len(sentences[0].split()) >= 4:
        sentences = sentences[:1]
    body = " ".join(sentences)
    start = _opener(context, section, rng) if opener else ""
    if named and not start and "{fan}" not in body and section.name not in WHOLE and rng.random() < 0.8:
        body = _address(body, rng)
    if start and "{fan}" in body:
        bare = nameless(body)
        start, body = ("", body) if "{fan}" in bare else (start, bare)
    tails = [] if context.style == "asks" and body.endswith("?") else _tails(context, section, rng)
    parts = [start, body, *tails]
    out = " ".join(part for part in parts if part)
    if not named:
        out = nameless(out).replace("{fan}", "you")
    if traits.get("formality", 0) > 0:
        out = expanded(out)
    elif traits.get("formality", 0) < 0:
        out = _swap("casual", out)
    return _stops(out, traits.get("energy", 0))


def nameless(text: str) -> str:
    """The text without the fan's name where it is only an address."""
    text = re.sub(r"(^|(?<=[.!?] ))\{fan\}[,!.:] ?(\w?)", lambda m: m.group(2).upper(), text)
    text = re.sub(r",? ?\{fan\}(?=[.!?,:])", "", text)
    return text[:1].upper() + text[1:]


def _stops(text: str, energy: int) -> str:
    if energy < 0:
        return re.sub(r"!+", ".", text)
    if energy > 0:
        first = True
        out = []
        for sentence in _SENTENCE.split(text):
            if sentence.endswith(".") and not sentence.endswith("..") and (first or len(sentence.split()) <= 4):
                sentence = sentence[:-1] + "!"
            first = False
            out.append(sentence)
        return " ".join(out)
    return text


def _opener(context: Context, section: Section, rng: random.Random) -> str:
    if context.length == "short" and rng.random() < 0.7:
        return ""
    document = _document()
    moods, classes = document["moods"][context.mood], document["openers"][section.opener]
    roll = rng.random()
    if context.mood not in ("happy", "neutral") and roll < 0.75:
        chosen = rng.choice(moods)
    elif roll < 0.45 and section.opener != "S":
        chosen = rng.choice(classes)
    elif roll < 0.6:
        chosen = rng.choice(moods if section.opener not in "BH" else classes)
    else:
        return ""
    if context.role == "none":
        chosen = re.sub(r"^\{fan\}, (\w)", lambda m: m.group(1).upper(), chosen)
        chosen = re.sub(r",? ?\{fan\}", "", chosen)
        return chosen if re.search(r"\w", chosen) and chosen[0].isupper() and "asks the" not in chosen else ""
    return str(chosen)


def _address(body: str, rng: random.Random) -> str:
    """The fan's name at the end of the first sentence, or before it."""
    first, mark, rest = re.match(r"(.*?[^.!?])([.!?]+(?:\s|$)|$)(.*)", body, re.S).groups()  # type: ignore[union-attr]
    if rng.random() < 0.7 and 2 <= len(first.split()) <= 9 and not first.endswith(("'", '"')):
        return f"{first}, {{fan}}{mark}{rest}"
    keep = first.startswith(("I ", "I'", "{")) or first.split(" ")[0].rstrip("',:;") in _PROPER
    return "{fan}, " + (body if keep else body[:1].lower() + body[1:])


_PROPER = frozenset(
    ["Venus", "Rock", "Saturday", "Sunday", "Monday", "Lydian", "Minecraft", "English", "Christmas", "October"]
)


def _tails(context: Context, section: Section, rng: random.Random) -> list[str]:
    if context.length == "short":
        return []
    traits, tails = dict(context.traits), _document()["tails"]
    out: list[str] = []
    if context.length == "long" and rng.random() < 0.6:
        pool = tails.get(context.role) if context.role in ("first", "paid") and rng.random() < 0.4 else None
        out.append(rng.choice(pool or tails[context.phase]))
    if context.style == "quips" and section.opener != "B":
        out.append(rng.choice(tails["quips"]))
    elif context.style == "warm" or (context.style == "quips" and section.opener == "B"):
        warm = tails.get(f"warm_{section.opener}", tails["warm"])
        out.append(rng.choice(warm if traits.get("warmth", 0) >= 0 else tails["cool"]))
    elif context.style == "asks":
        own = section.questions
        out.append(rng.choice(own) if own and rng.random() < 0.9 else rng.choice(tails["asks"]))
    return [expand(tail, rng) for tail in out]


def gesture_for(context: Context, section: Section, rng: random.Random) -> str:
    """A gesture of the intent or the mood; empty one time in five."""
    if rng.random() < 0.2:
        return ""
    mood = MOOD_GESTURES.get(context.mood)
    if mood and (not section.gestures or rng.random() < 0.25) and not (section.opener == "B" and mood == "cheer"):
        return mood
    known = [name for name in section.gestures if name in GESTURES]
    return rng.choice(known) if known else ""

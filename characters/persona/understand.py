"""What a fan wants: critical rules first, then a trained classifier and the nearest known line, then "unknown"."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from characters.definition import Definition
from characters.persona import bank
from characters.persona.classifier import classifier
from characters.persona.knowledge import in_digits
from characters.persona.model import Intent
from characters.persona.retrieval import Index
from characters.persona.speech import URL, plain, spoken_topic, unsafe
from characters.persona.topics import political, subject

CRITICAL = frozenset(
    {
        "distress",
        "harassment",
        "hate",
        "injection",
        "personal_data",
        "spam",
        "unsafe_request",
        "politics",
        "are_you_real",
        "age_fan",
        "medical",
        "grief",
        "rights",
        "training_data",
        "how_work",
        "privacy",
        "senses",
    }
)
"""Intents that are answered with authored lines whatever the brain."""

TRAINED = 0.7
"""Share of the trained classifier in the decision; the rest is the nearest known line."""
SHARP = 14.0
"""How steeply retrieval prefers the nearest intent."""
NEAR = 0.5
"""Similarity from which retrieval has its full say."""
GRAVE = {"distress": 0.22, "grief": 0.25}
"""Belief a critical intent needs without a rule; 0.35 where nothing else is said."""
FIRM = 0.91
"""Rules below this confidence are evidence, not a verdict."""
HINT = 0.3
"""Belief that such a rule adds to its intent."""
OPEN_QUESTION = 0.12
"""Belief in ``trivia`` that a question adds which speaks of neither her, the fan nor the show."""
SURE = 0.12
"""Belief from which an intent is taken as understood."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|&")
_STRETCHED, _STRETCHED_END = re.compile(r"(.)\1{2,}"), re.compile(r"(\w)\1{2,}\b")
_TOPIC_END = re.compile(
    r"\b(?:please|pls|plz|thanks|thank you|thx|ty|for (?:me|us|my\b.*)|next|now|right now|today|tonight|"
    r"if you (?:can|want)|lumi|would be (?:cool|nice|great|fun)|ok|okay|lol|haha|xd)\W*$",
    re.I,
)
_SHORT_TALK = frozenset({"agreement", "disagreement", "thanks", "laughter", "really", "why", "apology"})
"""Intents of short lines; a long line that only resembles one of them is about something else."""


def normal(text: str) -> str:
    """Text as the index knows it: lower case words, slang spelled out, stretched letters shortened."""
    text = plain(text, 400).lower().replace("’", "'")
    if _STRETCHED.search(text):
        text = _STRETCHED.sub(r"\1\1", _STRETCHED_END.sub(r"\1", text))
    slang = bank.slang()
    words = []
    for word in _WORD.findall(text):
        known = slang.get(word)
        if not known and word[-1] == word[-2:-1]:
            known = slang.get(word.rstrip(word[-1]) + word[-1])
        words.append(known or word)
    return " ".join(words)


@lru_cache(maxsize=4)
def _index(texts: tuple[str, ...], labels: tuple[str, ...]) -> Index:
    """The index of these examples; brains of the same character share it."""
    return Index(texts, labels)


class Understanding:
    """Understands fan lines for one character: its ``hears`` and the shared bank are the examples."""

    def __init__(self, definition: Definition) -> None:
        self._name = definition.identity.name.lower()
        texts: list[str] = []
        labels: list[str] = []
        known = dict(bank.hears())
        for name, intention in definition.intentions.items():
            known[name] = [*intention.hears, *known.get(name, [])]
        for name, examples in known.items():
            for example in dict.fromkeys(self._words(example) for example in examples):
                if example:
                    texts.append(example)
                    labels.append(name)
        self._index = _index(tuple(texts), tuple(labels))

    def __call__(self, say: str) -> Intent:
        """The intent of a fan's words and their topic; ``unknown`` with low confidence when nothing fits."""
        text = plain(say, 400)
        intent = self._meant(text) if text else Intent("unknown", 0.0)
        topic = "" if intent.slots else subject(intent.name, text, self._words)
        return replace(intent, slots={"topic": topic}) if topic else intent

    def _meant(self, text: str) -> Intent:
        ruled = self._ruled(text)
        if ruled is not None:
            return ruled if ruled.confidence >= FIRM else self._learned(self._words(text), ruled.name)
        alone = _wordless(text)
        if alone is not None:
            return alone
        return self._learned(self._words(text))

    def _words(self, text: str) -> str:
        """The normal form without her name, which says nothing about what is wanted."""
        words = normal(text).split()
        return " ".join([word for word in words if word != self._name] or words)

    def _ruled(self, text: str) -> Intent | None:
        if URL.search(text):
            return Intent("spam", 0.98)
        if _foreign(text):
            return Intent("other_language", 0.95)
        # Rules that speak of her call her lumi; they hold for everybody.
        lowered = re.sub(rf"\b{re.escape(self._name)}\b", "lumi", text.lower().replace("’", "'"))
        lowered = in_digits(lowered) if _RECKON.search(lowered) else lowered
        spelled = re.sub(rf"\b{re.escape(self._name)}\b", "lumi", normal(text))
        for rule in bank.rules():
            match = rule.pattern.search(lowered) or rule.pattern.search(spelled)
            if match is None:
                continue
            if rule.intent == "song_request":
                found = self._topic(match)
                if found is not None:
                    return found
                continue
            return Intent(rule.intent, rule.confidence)
        return None

    def _topic(self, match: re.Match[str]) -> Intent | None:
        raw = match.groupdict().get("topic") or ""
        raw = re.split(r"[.!?;\n]|,\s|\s-\s", raw.strip(), maxsplit=1)[0]
        raw = re.split(r"\s(?:because|cuz|cause|bc|(?:she|he|they|it|i)(?:'s| is| are| was|'m| am| has| love))\b", raw)[
            0
        ]
        while True:
            shorter = _TOPIC_END.sub("", raw).strip(" ,-'\"")
            if shorter == raw:
                break
            raw = shorter
        if unsafe(raw):
            return Intent("unsafe_request", 0.95)
        if political(raw):
            return Intent("politics", 0.95)
        topic = spoken_topic(re.sub(r"^(?:the topic of|like|um+|uh+)\s+", "", raw))
        if not topic or topic in bank.empty_topics():
            return Intent("song_request", 0.9)
        return Intent("song_request", 0.97, {"topic": topic})

    def _learned(self, text: str, hint: str = "") -> Intent:
        """The classifier's belief and the nearest known line's, mixed; ``unknown`` when neither believes much.

        ``hint`` is the intent that an ordinary rule speaks for.
        """
        near = dict(self._index.rank(text))
        best = max(near.values(), default=0.0)
        weights = {name: math.exp(SHARP * (score - best)) for name, score in near.items()}
        total = sum(weights.values()) or 1.0
        trained = classifier()
        belief = {name: min(1.0, best / NEAR) * weight / total for name, weight in weights.items()}
        if trained is not None:
            known = trained.rank(text)
            names = {*known, *belief}
            belief = {n: TRAINED * known.get(n, 0.0) + (1 - TRAINED) * belief.get(n, 0.0) for n in names}
        if len(text.split()) > 4:
            # "why is the sky blue" asks about the sky, not about what was just said.
            belief = {n: b * (0.3 if n in _SHORT_TALK else 1.0) for n, b in belief.items()}
        if _OPEN.search(text) and not _OURS.search(text):
            belief["trivia"] = belief.get("trivia", 0.0) + OPEN_QUESTION
        if hint:
            belief[hint] = belief.get(hint, 0.0) + HINT
        # A grave answer to a harmless line is worse than a light one: those intents need more belief.
        belief = {n: b if n not in CRITICAL or b >= GRAVE.get(n, 0.35) else b * 0.3 for n, b in belief.items()}
        ranked = sorted(belief.items(), key=lambda item: (-item[1], item[0]))
        if not ranked or ranked[0][1] < SURE or ranked[0][0] == "unknown":
            return Intent("unknown", round(min(0.49, ranked[0][1] if ranked else 0.0), 3))
        name, score = ranked[0]
        return Intent(name, round(min(0.99, 0.5 + 0.5 * score), 3))


_RECKON = re.compile(
    r"\b(?:times|plus|minus|divided by|multiplied by|half of|square root of|percent of|a (?:third|quarter|tenth) of)\b"
)
_OPEN = re.compile(r"^(?:\w+ ){0,2}?(?:who|what|which|when|where|why|how)\b")
_OURS = re.compile(
    r"\b(?:you|your|yours|i|my|me|we|us|our|this|that|it|she|her|here|song|songs|show|stream|track|tune|one|up|they|chat|"
    r"going|music|lyrics|album|concert|verse|chorus|life)\b"
)


def _wordless(text: str) -> Intent | None:
    """Emoji, punctuation and bare laughter."""
    if any((ch.isascii() and ch.isalnum()) or unicodedata.name(ch, "").startswith("LATIN") for ch in text):
        return None
    known = bank.emoji()
    for char in text:
        if char in known:
            return Intent("emoji", 0.9, {"feeling": known[char]})
    if set(text) <= set("?!. "):
        return Intent("really", 0.6) if "?" in text else Intent("emoji", 0.5)
    return Intent("emoji", 0.8)


def _foreign(text: str) -> bool:
    """Whether most letters are not Latin."""
    letters = [ch for ch in text if ch.isalpha()]
    strange = sum(not unicodedata.name(ch, "").startswith(("LATIN", "FEMININE", "MASCULINE")) for ch in letters)
    marks = sum(not ch.isspace() for ch in text)
    # A face drawn with a letter or two is no language.
    return strange > len(letters) / 2 and (strange > 2 or len(letters) >= 0.6 * marks)

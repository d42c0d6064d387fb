"""What a fan wants: critical rules first, then a trained classifier and the nearest known line, then "unknown"."""

from __future__ import annotations

import math
import re
import unicodedata

from characters.definition import Definition
from characters.persona import bank
from characters.persona.classifier import classifier
from characters.persona.model import Intent
from characters.persona.retrieval import Index
from characters.persona.speech import URL, has_words, plain, spoken_topic, unsafe

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
FIRM = 0.9
"""Rules below this confidence give way to a classifier that is surer."""
SURE = 0.12
"""Belief from which an intent is taken as understood."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?|&")
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
    text = re.sub(r"(\w)\1{2,}\b", r"\1", text)
    text = re.sub(r"(.)\1{2,}", r"\1\1", text)
    slang = bank.slang()
    words = []
    for word in _WORD.findall(text):
        short = re.sub(r"(.)\1+$", r"\1", word)
        words.append(slang.get(word) or slang.get(short) or word)
    return " ".join(words)


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
        self._index = Index(texts, labels)

    def __call__(self, say: str) -> Intent:
        """The intent of a fan's words; ``unknown`` with low confidence when nothing fits."""
        text = plain(say, 400)
        if not text:
            return Intent("unknown", 0.0)
        ruled = self._ruled(text)
        if ruled is not None:
            if ruled.confidence < FIRM and has_words(text):
                learned = self._learned(self._words(text))
                return learned if learned.confidence > ruled.confidence and learned.name != "unknown" else ruled
            return ruled
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
        lowered = text.lower().replace("’", "'")
        spelled = normal(text)
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
        if re.search(_POLITICAL, raw):
            return Intent("politics", 0.95)
        topic = spoken_topic(re.sub(r"^(?:the topic of|like|um+|uh+)\s+", "", raw))
        if not topic or topic in bank.empty_topics():
            return Intent("song_request", 0.9)
        return Intent("song_request", 0.97, {"topic": topic})

    def _learned(self, text: str) -> Intent:
        """The classifier's belief and the nearest known line's, mixed; ``unknown`` when neither believes much."""
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
        # A grave answer to a harmless line is worse than a light one: those intents need more belief.
        belief = {n: b if n not in CRITICAL or b >= GRAVE.get(n, 0.35) else b * 0.3 for n, b in belief.items()}
        ranked = sorted(belief.items(), key=lambda item: (-item[1], item[0]))
        if not ranked or ranked[0][1] < SURE or ranked[0][0] == "unknown":
            return Intent("unknown", round(min(0.49, ranked[0][1] if ranked else 0.0), 3))
        name, score = ranked[0]
        slots = _subject(name, text)
        return Intent(name, round(min(0.99, 0.5 + 0.5 * score), 3), slots)


_POLITICAL = re.compile(
    r"\b(?:trump|biden|obama|putin|zelensky|netanyahu|election|elections|republicans?|democrats?|communis\w+|fascis\w+|"
    r"politic\w*|president|abortion|gaza|israel|palestine|brexit|jesus|allah|muhammad|bible|quran)\b",
    re.I,
)


_SUBJECT = {
    "opinion": re.compile(
        r"\b(?:you|u|they|it) (?:\w+ ){0,2}?(?:like|love|enjoy|know|hate|believe in|into|fan of|afraid of|good at|scared of|"
        r"think (?:of|about)|seen|tried|heard of|been to|done|feel about) (?P<t>.+)|"
        r"\b(?:thoughts|opinion|take|yay or nay|views?) (?:on|about|of) (?P<u>.+)|\b(?:how|what) about (?P<v>.+)|^rate (?P<w>.+)"
    ),
    "share": re.compile(
        r"\bi (?:\w+ ){0,2}?(?:love|like|hate|miss|bought|found|lost|tried|started|saw|made|painted|fixed|planted|broke|baked|"
        r"built|adopted|building|drawing|knitting|painting|repairing|fixing|growing|collecting|learning|reading) (?P<t>.+)|"
        r"\bhobby is (?P<u>.+)|\b(?:into|obsessed with) (?P<v>.+)"
    ),
}
_SUBJECT_END = re.compile(
    r"\s(?:and|but|because|so|when|while|with you|at all|or|that|which|since|too|yesterday|today|tonight|now|right now|these days|ever)\b.*"
)


def _subject(intent: str, text: str) -> dict[str, str]:
    """What an opinion is asked of, or what was told about, as a slot; nothing when it is long or not fit to be said."""
    pattern = _SUBJECT.get(intent)
    match = pattern.search(text) if pattern else None
    if match is None:
        return {}
    raw = next(group for group in match.groups() if group)
    topic = spoken_topic(_TOPIC_END.sub("", _SUBJECT_END.sub("", raw)))
    words = topic.split()
    if (
        not 1 <= len(words) <= 5
        or topic in bank.empty_topics()
        or words[0] in ("it", "to", "you", "me", "him", "her", "them", "out")
    ):
        return {}
    return {} if re.search(_POLITICAL, topic) else {"topic": topic}


def _wordless(text: str) -> Intent | None:
    """Emoji, punctuation and bare laughter."""
    if has_words(text):
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
    return len(letters) > 0 and strange > len(letters) / 2

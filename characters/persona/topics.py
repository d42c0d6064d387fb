"""What a fan's words are about, as the slot ``{topic}``: the thing asked after, the person to greet, the place."""

from __future__ import annotations

import re
from collections.abc import Callable

from characters.persona import bank
from characters.persona.speech import spoken_topic

MOST_WORDS = 5
"""A longer topic is a sentence, and is not said back."""

_END = re.compile(
    r"\s(?:and|but|because|so|when|while|with you|at all|or|that|which|since|too|yesterday|today|tonight|now|right now|these days|"
    r"ever|please|pls|for us|for me|from me|lol|again|yet|already|by the way)\b.*"
)
_SEEN = r"(?:seen|watched|read|watching|reading|heard of|played|know)"
_WORN = (
    "jacket coat outfit dress hair hat eyes smile skirt boots shoes gloves antenna laugh look style energy tufts pin bow tie"
).replace(" ", "|")

_COMPANY = (
    "mate friend buddy pal flatmate roommate bestie brother sister mom mum dad girlfriend boyfriend wife husband son daughter "
    "cousin aunt uncle grandma grandpa nan teacher niece nephew cat dog"
).replace(" ", "|")

SUBJECTS = {
    "opinion": (
        r"\b(?:you|u|they|it) (?:\w+ ){0,2}?(?:like|love|enjoy|know|hate|believe in|into|fan of|afraid of|good at|scared of|"
        r"think (?:of|about)|seen|tried|heard of|been to|done|feel about) (?P<t>.+)|"
        r"\b(?:thoughts|opinion|take|yay or nay|views?) (?:on|about|of) (?P<u>.+)|\b(?:how|what) about (?P<v>.+)|^rate (?P<w>.+)"
    ),
    "share": (
        r"\bi (?:\w+ ){0,2}?(?:love|like|hate|miss|bought|found|lost|tried|started|saw|made|painted|fixed|planted|broke|baked|"
        r"built|adopted|building|drawing|knitting|painting|repairing|fixing|growing|collecting|learning|reading) (?P<t>.+)|"
        r"\bhobby is (?P<u>.+)|\b(?:into|obsessed with) (?P<v>.+)"
    ),
    "shoutout": (
        r"\b(?:hi|hello|hey|greetings?|out|goodnight|good night) to (?P<t>.+)|\b(?:greet|mention) (?P<u>.+)|"
        rf"\btell (?P<w>my (?:\w+ )??(?:{_COMPANY})(?: (?!(?:that|i|i'm|she|he|they|we|hi|hello|hey|happy|good)\b)\w+)?)\b|"
        rf"\b(?P<v>my (?:best |little |big |old )?(?:{_COMPANY}) (?!(?:is|and|just|here|says|wants|has|was|will|would|from|at|loves?)\b)\w+)\b"
    ),
    "from_place": r"\b(?:from|near|living in|live in|here in|out of) (?P<t>.+)|^(?P<u>\w+) here$",
    "story": r"\b(?:about|of) (?P<t>.+)",
    "joke": r"\babout (?P<t>.+)",
    "poem": r"\babout (?P<t>.+)|\b(?:on|for|to) (?P<u>.+)",
    "favourite_thing": r"\b(?:favou?rite|fav|fave) (?P<t>\w+)",
    "compliment": rf"\b(?:your|that|the|this|nice|cool|cute|pretty) (?:\w+ )?(?P<t>{_WORN})\b",
    "movies_books": rf"\b{_SEEN} (?:the (?:film|movie|book|series|show) )?(?P<t>.+)",
    "travel": r"\b(?:to|in|visit|visiting) (?P<t>.+)",
    "cover": r"\bby (?P<t>.+)",
}  # fmt: skip
"""Where the topic of an intent stands in a normalised sentence; compiled when it is asked for."""

_POLITICAL = re.compile(
    r"\b(?:trump|biden|obama|putin|zelensky|netanyahu|election|elections|republicans?|democrats?|communis\w+|fascis\w+|"
    r"politic\w*|president|abortion|gaza|israel|palestine|brexit|jesus|allah|muhammad|bible|quran)\b",
    re.I,
)
_NEVER = frozenset(
    [
        "it",
        "to",
        "you",
        "me",
        "him",
        "her",
        "them",
        "out",
        "us",
        "chat",
        "everyone",
        "everybody",
        "all",
        "this",
        "that",
        "what",
        "which",
        "who",
        "i",
        "we",
        "they",
        "thing",
        "things",
        "one",
        "ones",
        "time",
        "way",
        "place",
        "something",
        "anything",
        "nothing",
        "people",
        "some",
        "any",
        "bed",
        "sleep",
        "work",
    ]
)
_KIN = frozenset(
    [
        "mate",
        "buddy",
        "pal",
        "flatmate",
        "roommate",
        "brother",
        "sister",
        "mom",
        "mum",
        "mother",
        "dad",
        "father",
        "friend",
        "cat",
        "dog",
        "girlfriend",
        "boyfriend",
        "wife",
        "husband",
        "grandma",
        "grandpa",
        "son",
        "daughter",
        "cousin",
        "aunt",
        "uncle",
        "teacher",
        "nan",
        "niece",
        "nephew",
        "bestie",
        "hamster",
        "parrot",
    ]
)
_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "our",
        "your",
        "his",
        "her",
        "in",
        "near",
        "of",
        "from",
        "to",
        "and",
        "on",
        "at",
        "little",
        "tiny",
        "small",
        "big",
        "old",
        "rainy",
        "sunny",
        "cold",
        "cloudy",
        "windy",
        "hot",
        "lovely",
        "good",
        "downtown",
        "faraway",
        "snowy",
        "foggy",
        "town",
        "village",
        "city",
        "farm",
        "island",
    ]
)


def political(text: str) -> bool:
    """Whether the words are about politics or religion."""
    return _POLITICAL.search(text) is not None


def subject(intent: str, text: str, normal: Callable[[str], str]) -> str:
    """The topic of a line understood as ``intent``; empty when there is none, or none fit to be said back."""
    pattern = SUBJECTS.get(intent)
    if pattern is None:
        return ""
    for part in re.split(r"[,.!?;:()\n]", text.lower().replace("’", "'")):
        match = re.search(pattern, normal(part)) if part.strip() else None
        if match is None:
            continue
        raw = next((group for group in match.groups() if group), "")
        topic = spoken_topic(_END.sub("", f" {raw}").strip())
        words = topic.split()
        if not 1 <= len(words) <= MOST_WORDS or topic in bank.empty_topics() or words[0] in _NEVER or political(topic):
            continue
        return topic
    return ""


def written(intent: str, topic: str) -> str:
    """The topic as it is written: names of people, places and artists with capitals."""
    words = topic.split()
    if intent in ("from_place", "travel", "cover"):
        at = max((n for n, word in enumerate(words) if word in ("in", "near", "of")), default=-1)
        common = intent != "cover" and at < 0 and words[:1] and words[0] in ("a", "an", "my", "our", "your")
        return topic if common else " ".join(w if n <= at or w in _SMALL else _name(w) for n, w in enumerate(words))
    if intent == "shoutout":
        if words and words[0] not in _SMALL:
            return " ".join(word if word in _SMALL else _name(word) for word in words)
        return " ".join(_name(w) if n and words[n - 1] in _KIN else w for n, w in enumerate(words))
    return topic


def _name(word: str) -> str:
    return word[:1].upper() + word[1:]

"""What may be spoken: stage tags, slots, fan names and clean text. Pure functions of text.

A line is authored text with stage tags in brackets (``[happy]`` sets the mood from there on, ``[wave]`` is a
gesture of the clause it stands in) and slots in braces (``{fan}``). Slots are filled *after* tags were read, with
sanitised values, so nothing a fan writes can become a tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from characters.persona.model import GESTURES, MOODS

SLOTS = ("fan", "song", "topic", "count")
"""Slots an authored line may hold."""

FRIEND = "friend"
"""What a fan is called whose name cannot be spoken."""

MAX_NAME = 24
MAX_TOPIC = 48

TAG = re.compile(r"\[\s*([A-Za-z][A-Za-z _-]{0,23})\s*\]")
SLOT = re.compile(r"\{([A-Za-z_]{1,16})\}")
URL = re.compile(
    r"(?:https?|ftp)\s*:\s*/\s*/\s*\S+|www\s?\.\s?\S+|"
    r"\b[\w-]{2,}\s?(?:\.|\(dot\))\s?(?:com|net|org|io|gg|tv|xyz|ru|info|biz|me|ly|app|dev|link|shop)\b\S*",
    re.I,
)
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_NUMBER = re.compile(r"(?:[+(]?\d[\s().-]{0,3}){7,}")
_MARKUP = re.compile(r"<[^<>]{0,200}>|<\|[^|]{0,80}\|>|`+|\*[^*\n]{1,60}\*|\[[^\[\]]{0,60}\]|\{[^{}]{0,60}\}")
_LOOSE = re.compile(r"[<>\[\]{}|\\^~`*_#@=]+")
_LEET = str.maketrans("013457", "oieast")
_TITLE_WORDS = {"the", "im", "its", "official", "real", "iam", "mr", "mrs", "ttv", "yt", "tv", "live", "gaming"}


def plain(text: str, most: int = 600) -> str:
    """Text as people read it: NFKC, no control, format or bidirectional characters, single spaces, bounded."""
    text = text[: most * 4]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:most]
    text = unicodedata.normalize("NFKC", text)
    kept = (" " if ch.isspace() else ch for ch in text if ch.isspace() or unicodedata.category(ch)[0] != "C")
    return " ".join("".join(kept).split())[:most]


def is_speakable(char: str) -> bool:
    """Whether a character belongs to an English sentence (Latin letters, digits, sentence punctuation)."""
    if char.isascii():
        return char.isalnum() or char in " .,!?;:'\"()-&%$/+"
    return unicodedata.name(char, "").startswith("LATIN ") or char in "’‘“”–—…£€"


def clean_speech(text: str) -> str:
    """Words only: markup, tags, links, addresses, long numbers, emoji and control characters are gone."""
    text = plain(text, 2_000)
    for pattern in (URL, _EMAIL, _NUMBER, _MARKUP):
        text = pattern.sub(" ", text)
    text = _LOOSE.sub(" ", text)
    text = "".join(ch if is_speakable(ch) else " " for ch in text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", " ".join(text.split()))
    return text.lstrip(" ,;:-/&+").rstrip(" -/&+")


def has_words(text: str) -> bool:
    """Whether there is anything to say in it."""
    return any(ch.isalnum() for ch in text)


def spoken_name(name: str) -> str:
    """How a fan's name is said: ``xX_mika_99`` -> ``mika``. Never markup, links or more than 24 characters."""
    text = plain(name, 80)
    if URL.search(text) or "://" in text:
        return FRIEND
    text = _MARKUP.sub(" ", text)
    text = "".join(ch if ch.isalnum() and is_speakable(ch) else ("'" if ch in "'’" else " ") for ch in text)
    words = [word for word in (_name_word(part) for part in _camel(text).split()) if word]
    plain_words = [word for word in words if word.lower() not in _TITLE_WORDS] or words
    kept: list[str] = []
    for word in plain_words[:2]:
        if len(" ".join([*kept, word])) > MAX_NAME:
            break
        kept.append(word)
    spoken = " ".join(kept) or (plain_words[0][:MAX_NAME] if plain_words else "")
    if len(spoken.replace(" ", "")) < 2 or _unpronounceable(spoken) or unsafe(spoken):
        return FRIEND
    return spoken


def _camel(text: str) -> str:
    """Words of ``MikaTanaka`` apart; ``xXmikaXx`` without its wings."""
    text = re.sub(r"\b[xX]{2,}(?=[A-Za-z]{2})|\bxX|(?<=[A-Za-z0-9 ])Xx\b|(?<=[a-z0-9])[xX]{2}\b", " ", text)
    return re.sub(r"(?<=[a-z]{2})(?=[A-Z][a-z]{2})", " ", text)


def _name_word(word: str) -> str:
    word = word.strip("0123456789'")
    if len(word) > 2:
        word = re.sub(r"(?<=[^\W\d])[013457](?=[^\W\d])", lambda m: m.group().translate(_LEET), word)
    word = "".join(ch for ch in word if not ch.isdigit())
    word = re.sub(r"(.)\1{2,}", r"\1\1", word)
    if word.lower() in {"xx", "xxx", "x"}:
        return ""
    return word.capitalize() if word.isupper() and len(word) > 3 else word


def _unpronounceable(spoken: str) -> bool:
    letters = unicodedata.normalize("NFD", spoken.lower())
    vowels = sum(ch in "aeiouy" for ch in letters)
    return len(letters) > 3 and (vowels == 0 or re.search(r"[^aeiouy\s\W]{6,}", letters) is not None)


def spoken_topic(topic: str) -> str:
    """A song topic as it may be said and composed about, or empty when nothing fit is left."""
    text = clean_speech(topic)
    text = re.sub(r"[^\w\s'’-]", " ", text)
    words = " ".join(text.split()).split(" ")
    while words and len(" ".join(words)) > MAX_TOPIC:
        words.pop()
    spoken = " ".join(words).strip(" '-").lower()
    return "" if not has_words(spoken) or unsafe(spoken) else spoken


def told_back(topic: str) -> str:
    """A fan's topic from her side: ``my cat biscuit`` -> ``your cat biscuit``."""
    swap = {"my": "your", "mine": "yours", "me": "you", "myself": "yourself", "i": "you", "am": "are", "i'm": "you're",
            "you": "me", "your": "my", "yourself": "myself", "our": "your", "us": "you"}  # fmt: skip
    return " ".join(swap.get(word, word) for word in topic.split())


def unsafe(text: str) -> bool:
    """Whether a name or topic holds words she will not say (list: ``data/unsafe.toml``)."""
    from characters.persona.bank import unsafe_pattern

    squeezed = re.sub(r"[^a-z0-9 ]", "", text.lower().translate(_LEET))
    return unsafe_pattern().search(squeezed) is not None


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its slots filled; a slot without a value leaves no hole or stray comma behind."""
    text = SLOT.sub(lambda match: values.get(match.group(1), ""), template)
    text = re.sub(r"\s+([,.!?;:])", r"\1", text)
    text = re.sub(r",\s*([,.!?;:])", r"\1", text)
    return " ".join(text.split()).lstrip(",;:. ")


def slots_of(template: str) -> set[str]:
    """Names of the slots in a line."""
    return set(SLOT.findall(template))


def tags_of(template: str) -> list[str]:
    """Stage tags in a line, lower case, in order."""
    return [match.lower().strip() for match in TAG.findall(template)]


def known_tag(tag: str) -> bool:
    """Whether the stage can perform the tag."""
    return tag in MOODS or tag in GESTURES

"""The guard: judges what fans write before the model, and every clause of hers before it becomes sound.

It stands outside the model: nothing a character card, a fan or a model says can change it. A verdict says what to do
and why; who holds a line back is :mod:`characters.guard.held`, what she answers is the character's own authored line
for the ruling.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import lru_cache

from characters.definition import Rules
from characters.guard import decode
from characters.guard.fold import skeleton, visible
from characters.guard.rules import native_orders, orders, rules, stems
from characters.guard.words import listed, without_innocent

SURE = 0.8
"""From here on a verdict stands by itself; below it is doubtful."""
FANS = 2_000
"""Fans whose last lines are kept, to see what is split over several."""
LINES = 6
SPLIT_WORDS = 14
"""Words that lines may have together to be read as one."""
MOST = 1_200
"""Characters of a line that are judged; chat allows 500 and an encoded line is longer than what it hides."""
KEPT_CHARS = 700
LEAK_WORDS = 8
"""So many words in a row out of the unspoken part of a prompt are a leak."""
_BLOCKED = frozenset({"hate", "threat", "minor", "spam"})
_RULINGS = {
    "distress": "distress", "injection": "injection", "impersonation": "injection", "personal": "personal_data",
    "sexual": "unsafe_request", "dangerous": "unsafe_request", "profanity_ask": "unsafe_request", "links": "spam",
    "politics": "politics", "age_fan": "age_fan",
}  # fmt: skip
"""The intent whose authored line answers a kind of trouble."""
_LONG_RUN = re.compile(r"([^\w]|[a-zA-Z])\1{7,}")
_MARKUP = re.compile(r"[<>\[\]{}|\\`]|\{\{|\*\*")
_EMAIL = re.compile(
    r"[\w.+-]{1,64} ?(?:@|\(at\)) ?[\w-]{1,64} ?(?:\.|\(dot\)| dot ) ?\w{2,}|[\w.+-]{1,64} at [\w-]{1,64} dot \w{2,}"
)
_PHONE = re.compile(
    r"(?<!\w)(?:\+|00)?(?:[(]?\d[\s().-]{0,2}){9,16}(?!\w)|\b\d{3}[-. ]\d{3,4}[-. ]\d{3,4}\b|\b\d{3}[-. ]\d{4}\b"
)
_CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
_ADDRESS = re.compile(
    r"\b\d{1,5} (?:\w+ ){1,3}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|way|place|strasse)\b|"
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b\d{3}-\d{2}-\d{4}\b", re.I,
)  # fmt: skip
_URL = re.compile(
    r"(?:https?|ftp)://\S+|www\.\S+|\b[\w-]{2,}\.(?:com|net|org|io|gg|tv|xyz|ru|info|app|dev|link)\b\S*", re.I
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a line: ``pass``, ``answer`` (by ``ruling``), ``hold`` (doubtful) or ``block``."""

    action: str
    kind: str = ""
    sure: float = 0.0
    ruling: str = ""
    text: str = ""
    """The words with links, addresses and numbers masked."""
    reason: str = ""

    @property
    def clear(self) -> bool:
        """Whether nothing was found."""
        return self.action == "pass"


class Guard:
    """Judges lines by a character's rules.

    ``secrets`` are texts that must never be said (the unspoken prompt), less what stands in ``spoken`` (her lines).
    """

    def __init__(self, rules: Rules | None = None, secrets: tuple[str, ...] = (), spoken: tuple[str, ...] = ()) -> None:
        self._rules = rules or Rules()
        self._secrets = {shingle for text in secrets for shingle in _shingles(text)}
        self._secrets -= {shingle for text in spoken for shingle in _shingles(re.sub(r"\[[^\]]*\]", " ", text))}
        self._recent: OrderedDict[str, deque[str]] = OrderedDict()
        self._declined = _declined(self._rules.topics_declined)

    # ---- what fans write --------------------------------------------------------------------------------
    def hear(self, fan: str, text: str, *, noted: bool = False, name: str = "") -> Verdict:
        """Judge a fan's line, also together with the fan's last ones and name.

        ``fan`` is an account or name; ``noted`` tells that :meth:`note` was given the line already, with those after it.
        """
        text = _bounded(text)
        kind, sure, how = self._worst(text, "in")
        if sure < SURE:
            other, surer, split = self._with_before(fan, "" if noted else text)
            if surer > max(sure, SURE - 0.01):
                kind, sure, how = other, surer, split
        if sure >= SURE:  # one bad line does not taint the next
            self._recent.pop(fan, None)
        elif not noted:
            self.note(fan, text)
        fan = name or fan
        if not kind:
            named, name_sure, _ = self._name(fan)
            if name_sure >= SURE and named in ("injection", "impersonation"):
                folded = skeleton(text)
                if re.search(r"\b(?:say|tell|reveal|print|show|must|always|never|ignore|obey|do)\b", folded):
                    kind, sure, how = "injection", 0.85, "an order from a name that gives itself authority"
        return self._ruled(kind, sure, how, masked(text))

    def shown(self, text: str) -> tuple[str, str]:
        """The quick look before a line is shown on other fans' pages: (kind of trouble or "", words with addresses
        and numbers masked). Lists and sure patterns only; what is hidden deeper is judged before it is answered."""
        text = _bounded(text)
        return _trouble(text), masked(text)

    def name(self, fan: str) -> bool:
        """Whether a name may be said aloud."""
        return self._name(fan)[1] < SURE / 2

    def _name(self, fan: str) -> tuple[str, float, str]:
        fan = _bounded(fan[:200])
        first = self._worst(fan, "in")
        if first[1] >= SURE:
            return first
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.]+|\d+$", " ", fan)
        folded = skeleton(spaced).strip()
        if re.fullmatch(
            r"(?:the )?(?:operator|system|admin(?:istrator)?|moderator|mod|developer|assistant|root|console)(?: \w{1,14})?",
            folded,
        ):
            return "impersonation", 0.9, "a name of authority"
        return max(first, self._worst(spaced, "in"), key=lambda found: found[1])

    def _ruled(self, kind: str, sure: float, how: str, text: str) -> Verdict:
        if kind == "politics" and self._rules.politics == "allow":
            kind = ""
        if not kind or kind in ("profane", "doubtful"):
            return Verdict("pass", kind, sure, "", text, how)
        if kind in _BLOCKED:
            return Verdict("block" if sure >= SURE else "hold", kind, sure, "", text, how)
        ruling = _RULINGS.get(kind, "unsafe_request")
        return Verdict("answer" if sure >= SURE else "hold", kind, sure, ruling, text, how)

    def _worst(self, text: str, side: str) -> tuple[str, float, str]:
        """(kind, how sure, how it was found) of the worst thing in a text and its hidden layers."""
        folded = skeleton(text)
        best = self._plain(text, folded, side)
        if best[1] >= 0.97:
            return best
        if side == "in":
            for layer in decode.layers(text):
                found = self._plain(layer, skeleton(layer), side)
                if found[1] > best[1]:
                    best = (found[0], max(found[1], 0.9), f"{found[2]}, hidden by an encoding")
            if best[1] < SURE and len(folded) >= 12:
                best = max(best, *(_orders(text, "written in disguise") for text in decode.mirrored(folded)), key=_sure)
                best = max(best, self._spaced(folded), key=_sure)
        return best

    def _spaced(self, folded: str) -> tuple[str, float, str]:
        """Orders written with their letters apart (``i g n o r e``) or without spaces."""
        letters = re.sub(r"(?<=\b\w)[\W_]{1,3}(?=\w\b)", "", folded)
        if letters != folded:
            found = _orders(letters, "letters written apart") if " " in letters else ("", 0.0, "")
            if found[1]:
                return found
        squeezed = re.sub(r"[\W_]+", "", folded)
        if _SQUEEZED.search(squeezed):
            return "injection", 0.9, "an order without spaces"
        return "", 0.0, ""

    def _plain(self, text: str, folded: str, side: str) -> tuple[str, float, str]:
        best = ("", 0.0, "")
        kinds = listed(folded)
        for kind, sure in (
            ("threat", 0.95),
            ("minor", 0.95),
            ("hate", 0.93),
            ("sexual", 0.9),
            ("doubtful", 0.5),
            ("profane", 0.4),
        ):
            if kind in kinds:
                best = (kind, sure, "a listed word")
                break
        shown, innocent = visible(text), without_innocent(folded)
        leet = _unleet(innocent)
        for rule in rules(side):
            if rule.sure <= best[1]:
                break
            if rule.folded is not None and (rule.folded.search(innocent) or (leet and rule.folded.search(leet))):
                best = (rule.kind, rule.sure, f"a pattern of {rule.kind}")
                break
            if rule.native(shown):
                best = (rule.kind, rule.sure, f"a pattern of {rule.kind}")
                break
        if side == "in" and best[0] not in ("distress", "minor"):
            tall = _unleet(innocent, _ONE_IS_L) if leet else ""
            for reading in dict.fromkeys((folded, leet, tall, shown)):
                found = _orders(reading, "an order to the machine") if reading else best
                if found[1] > best[1] and best[0] not in ("hate", "threat"):
                    best = found
        if side == "in" and best[1] < SURE and self._declined is not None and self._declined.search(folded):
            best = ("politics", SURE, "a topic the character declines")
        return best

    # ---- what is split over several lines ---------------------------------------------------------------
    def _with_before(self, fan: str, text: str) -> tuple[str, float, str]:
        before = self._recent.get(fan)
        if not before or (not text and len(before) < 2):
            return "", 0.0, ""
        best = ("", 0.0, "")
        pieces, count = ([text] if text else []), _words(text)
        for line in reversed(before):  # an order in pieces has short pieces; whole sentences are judged alone
            count += _words(line)
            if pieces and count > SPLIT_WORDS:
                break
            pieces.insert(0, line)
        if len(pieces) < 2:
            return best
        crumbs = all(len(piece) <= 4 for piece in pieces)
        for glue in (" ", ""):
            found = self._worst(glue.join(pieces), "in")
            wanted = found[0] in ("injection", "impersonation", "distress", "personal") or crumbs
            if found[1] > best[1] and wanted and found[0] not in ("doubtful", "profane"):
                best = (found[0], found[1], f"{found[2]}, split over lines")
            if best[1] >= SURE:
                break
        return best

    def note(self, fan: str, text: str) -> None:
        """Remember a line of a fan; cheap, for every line of a flood."""
        lines = self._recent.pop(fan, None) or deque(maxlen=LINES)
        lines.append(text[: KEPT_CHARS // LINES])
        self._recent[fan] = lines
        while len(self._recent) > FANS:
            self._recent.popitem(last=False)

    def forget(self, fan: str) -> None:
        """Forget a fan's last lines."""
        self._recent.pop(fan, None)

    # ---- what she says ----------------------------------------------------------------------------------
    def say(self, text: str, before: str = "") -> Verdict:
        """Judge a clause of hers before it is heard; ``before`` is what she said just before it."""
        text = _bounded(text)
        if _MARKUP.search(text):
            return Verdict("block", "markup", 1.0, reason="markup or a control token")
        if _EMAIL.search(text) or _CARD.search(text) or _ADDRESS.search(text) or _digits(text, before):
            return Verdict("block", "personal", 0.95, reason="an address or a number of somebody")
        if self._secrets and _shingles(f"{before} {text}") & self._secrets:
            return Verdict("block", "leak", 1.0, reason="words of the unspoken prompt")
        folded = skeleton(text)
        kind, sure, how = self._plain(text, folded, "out")
        if before and sure < SURE:
            joined = skeleton(f"{before[-80:]} {text}")
            other = self._plain(joined, joined, "out")
            if other[1] > sure and self._plain(before, skeleton(before[-80:]), "out")[1] < other[1]:
                kind, sure, how = other[0], other[1], f"{other[2]}, over two clauses"
        if kind == "politics" and self._rules.politics == "allow":
            kind = ""
        if kind in ("profane", "doubtful"):
            if self._rules.rating == "adult" or (kind == "profane" and self._rules.rating == "teen"):
                return Verdict("pass", kind, sure, reason=how)
            return (
                Verdict("hold", kind, sure, reason=how)
                if kind == "doubtful"
                else Verdict("block", kind, SURE, reason=how)
            )
        if not kind:
            return Verdict("pass")
        return Verdict("block" if sure >= SURE else "hold", kind, sure, reason=how)


_SQUEEZED = re.compile(
    r"(?:ignore|forget|disregard|override|bypass)(?:all)?(?:your|my|the|previous|prior|these)?(?:previous|prior)?(?:instructions?|prompts?|rules|guidelines|programming)|"
    r"systemprompt|developermode|(?:reveal|print|show|repeat|output)(?:me)?(?:your|the)(?:hidden|secret)?(?:prompt|instructions)|youarenowdan|doanythingnow"
)


def _bounded(text: str) -> str:
    """At most :data:`MOST` characters; long runs of one sign, which only cost time, are shortened."""
    return _LONG_RUN.sub(lambda match: match[1] * 4, text[: 4 * MOST])[:MOST]


def _words(text: str) -> int:
    """Words of more than one letter."""
    return sum(len(word) > 1 for word in text.split())


def _sure(found: tuple[str, float, str]) -> float:
    return found[1]


@lru_cache(maxsize=1024)
def _orders(text: str, how: str) -> tuple[str, float, str]:
    if (any(stem in text for stem in stems()) and orders().search(text)) or (
        not text.isascii() and native_orders().search(text)
    ):
        return "injection", 0.92, how
    return "", 0.0, ""


_LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "i", "+": "t"}
)
_MIXED = re.compile(r"(?<!\S)(?=\S*[a-z])(?=\S*[013457@$!|+])\S+")


_HIDDEN = ("threat", "minor", "hate", "sexual", "spam")
"""Kinds that other fans do not get to see, worst first."""


@lru_cache(maxsize=2_048)
def _trouble(text: str) -> str:
    folded = skeleton(text)
    kinds = listed(folded)
    for kind in _HIDDEN:
        if kind in kinds:
            return kind
    innocent, native = without_innocent(folded), visible(text)
    leet = _unleet(innocent)
    for rule in rules("in"):
        if rule.sure < SURE:
            break
        if rule.kind not in _HIDDEN:
            continue
        if rule.folded is not None and (rule.folded.search(innocent) or (leet and rule.folded.search(leet))):
            return rule.kind
        if rule.native(native):
            return rule.kind
    return ""


_ONE_IS_L = re.compile(r"(?<=[a-z0-9])1")
"""A one inside a word is as often an l as an i (``ru1es``)."""


def _unleet(folded: str, first: re.Pattern[str] | None = None) -> str:
    """The text with leetspeak read where letters and digits are mixed; empty when there is none.

    ``first``: ones that are read as l before the others are read as i.
    """
    plain = first.sub("l", folded) if first else folded
    out = _MIXED.sub(lambda match: match.group().translate(_LEET), plain)
    return out if out != folded else ""


def _declined(topics: list[str]) -> re.Pattern[str] | None:
    known = [re.escape(skeleton(topic)) for topic in topics if topic.strip()]
    return re.compile(rf"\b(?:{'|'.join(known)})s?\b") if known else None


def _digits(text: str, before: str) -> bool:
    return bool(
        _PHONE.search(text)
        or (before and re.search(r"\d\W*$", before) and _PHONE.search(f"{before[-24:]} {text[:24]}"))
    )


def _shingles(text: str) -> set[tuple[str, ...]]:
    parts = re.findall(r"[^\W_]+", text.lower().replace("'", ""))
    return {tuple(parts[i : i + LEAK_WORDS]) for i in range(len(parts) - LEAK_WORDS + 1)}


def masked(text: str) -> str:
    """A fan's words without links, mail addresses, card and phone numbers."""
    text = _bounded(text)
    for pattern, word in (
        (_URL, "(link)"),
        (_EMAIL, "(address)"),
        (_CARD, "(number)"),
        (_ADDRESS, "(address)"),
        (_PHONE, "(number)"),
    ):
        text = pattern.sub(word, text)
    return text

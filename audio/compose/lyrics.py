"""Lyrics: couplets about the topic, its theme and the character's world, and a title that returns.

Nothing is made word by word: every line is an authored frame with a few slots of one part of speech, so English stays
right; the topic itself stands only where any noun phrase can stand.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from audio.compose.wish import clean_topic, phrase_topic
from audio.compose.words import bank, count, syllabify, themes

MAX_SYLLABLES = 11


@dataclass(frozen=True, slots=True)
class Lyrics:
    """A song's words: lines by part. ``verses`` and ``choruses`` are four lines each (one per two bars)."""

    title: str
    topic: str
    verses: tuple[tuple[str, ...], ...]
    pres: tuple[tuple[str, ...], ...]
    choruses: tuple[tuple[str, ...], ...]
    bridge: tuple[str, ...]


def write_lyrics(topic: str, mood: str, world: list[str], rng: random.Random) -> Lyrics:
    """Words for a song about ``topic`` (clean; may be empty) by a character whose world is ``world``."""
    world = [w for w in (clean_topic(w) for w in world[:40]) if w]
    own = topic or (rng.choice(world) if world else "the sky")
    phrase = phrase_topic(own)
    head = head_of(phrase)
    frames = bank("frames")
    doing = phrase.split()[0].lower() in frames["doing"]["verbs"] or phrase.split()[0].endswith("ing")
    desk = _Desk(rng, head, phrase_topic(_world_word(world, own, rng)), _length_limit(head))

    pool = _theme_couplets(own, rng)
    worldly = [c for name in _matching(" ".join(world)) for c in themes()[name]["couplets"]]
    rng.shuffle(worldly)
    openers = list(frames["openers"]["any"]) + 3 * list(frames["openers"].get(mood, []))
    if doing:
        openers = [c for c in openers if c[0] in frames["doing"]["openers"]]
    moods = [mood] if mood in frames["answers"] else ["bright"]

    hooks = [h for h in frames["hooks"][moods[0]] if count(h[0].replace("{topic}", head)) <= desk.limit]
    own_words = set(head.lower().split()) - {"the", "a", "my", "your"}
    hooks = [h for h in hooks if not own_words & set(h[0].lower().split())] or hooks
    if doing:
        hooks = [h for h in hooks if h[0] in frames["doing"]["hooks"]]
    hook = rng.choice(hooks or frames["hooks"][moods[0]])
    refrain = desk.fill(hook[0])
    title = _title(hook[1].replace("{Topic}", head))
    opening = desk.scene(frames["scenes"]["any"], phrase) if phrase != head else desk.take(openers)
    first = (*opening, *desk.take(pool))
    second = (*desk.take(pool), *desk.take(worldly or pool))
    third = (*desk.take(pool), *desk.take(openers))
    # The first chorus answers with things of the topic's own, where there are such; the last one with the mood.
    themed = pool if _matching(own) and len(pool) > 6 else frames["answers"][moods[0]]
    answer, other = desk.take(themed), desk.take(frames["answers"][moods[0]])
    pre = desk.take(frames["pre"][moods[0]])
    chorus = (refrain, answer[0], refrain, answer[1])
    last = (refrain, other[0], refrain, other[1])
    turn = frames["bridge"]["world"] if desk.world and rng.random() < 0.7 else frames["bridge"]["any"]
    bridge = (*desk.take(frames["bridge"]["any"]), *desk.take(turn))
    shape = _capital
    return Lyrics(
        title=title,
        topic=own,
        verses=tuple(tuple(map(shape, v)) for v in (first, second, third)),
        pres=(tuple(map(shape, pre)), tuple(map(shape, pre))),
        choruses=tuple(tuple(map(shape, c)) for c in (chorus, chorus, last)),
        bridge=tuple(map(shape, bridge)),
    )


_JOINTS = {"on", "in", "at", "under", "over", "from", "with", "through", "by", "near", "behind", "beside", "who", "that",
           "which", "where", "when", "after", "before", "without", "for", "inside", "above", "below", "into", "against"}  # fmt: skip


def head_of(phrase: str) -> str:
    """What a long topic is about at heart: "rain on a train window" -> "rain". Short topics stay whole."""
    words = phrase.split()
    if count(phrase) <= 4:
        return phrase
    for i, word in enumerate(words):
        if word.lower() in _JOINTS and i and words[i - 1].lower() not in ("a", "an", "the", "my", "and"):
            return " ".join(words[:i])
    return phrase


def given_lyrics(given: tuple[str, ...]) -> Lyrics | None:
    """Lyrics somebody wrote: stanzas apart by empty lines, heads such as ``[Chorus]`` obeyed; None when there are none.

    Without heads a stanza that returns is the chorus, else the second one. Lines too long for a breath are halved.
    """
    stanzas: list[tuple[str, list[str]]] = []
    open_name = ""
    for raw in [*given[:400], ""]:
        line = " ".join(raw.split())[:200]
        mark = re.fullmatch(
            r"[\[(]?\s*(verse|pre-?chorus|pre|chorus|refrain|hook|bridge)\b[^\])]{0,20}[\])]?:?", line, re.I
        )
        if mark:
            open_name = {"pre-chorus": "pre", "prechorus": "pre", "refrain": "chorus", "hook": "chorus"}.get(
                mark[1].lower(), mark[1].lower()
            )
            stanzas.append((open_name, []))
        elif not line or re.fullmatch(r"\[[^\]]*\]", line):
            open_name = ""
        elif syllabify(line):
            if not stanzas or (not open_name and stanzas[-1][0] != "*"):
                stanzas.append(("*", []))
            stanzas[-1][1].extend(_halved(line))
        if not line and stanzas and stanzas[-1][0] == "*":
            stanzas[-1] = ("", stanzas[-1][1])
    full = [(name, tuple(lines)) for name, lines in stanzas if lines]
    if not full:
        return None
    texts = [lines for _, lines in full]
    named = [lines for name, lines in full if name == "chorus"]
    again = [lines for lines in texts if texts.count(lines) > 1]
    chorus = (named or again or texts[1:2] or texts)[0]
    verses = [lines for name, lines in full if name in ("", "*", "verse") and lines != chorus] or [chorus]
    pres = [lines for name, lines in full if name == "pre"] or [verses[0][:2]]
    bridge = next((lines for name, lines in full if name == "bridge"), verses[-1])
    choruses = tuple(dict.fromkeys(named)) or (chorus,)
    title = _title(re.sub(r"[^\w' ]", "", chorus[0]))[:60] or "Untitled"
    return Lyrics(title, "", tuple(dict.fromkeys(verses)), tuple(dict.fromkeys(pres)), choruses, bridge)


def _halved(line: str) -> list[str]:
    if count(line) <= MAX_SYLLABLES + 3:
        return [line]
    words = line.split()
    if len(words) < 2:
        return [line]
    middle = min(range(1, len(words)), key=lambda i: abs(count(" ".join(words[:i])) - count(line) / 2))
    return [*_halved(" ".join(words[:middle])), *_halved(" ".join(words[middle:]))]


class _Desk:
    """Fills frames, never the same couplet or slot word twice in a song while others remain."""

    def __init__(self, rng: random.Random, topic: str, world: str, limit: int) -> None:
        self.rng, self.topic, self.world, self.limit = rng, topic, world, limit
        self._used: set[str] = set()

    def take(self, couplets: list[Any]) -> tuple[str, str]:
        """A couplet not used yet, in reach of one breath."""
        fresh = [c for c in couplets if c[0] not in self._used] or list(themes()["anything"]["couplets"])
        fresh = [c for c in fresh if c[0] not in self._used] or list(couplets)
        fits = [c for c in fresh if self._size(c) <= self.limit]
        choice = self.rng.choice(fits or [min(fresh, key=self._size)])
        self._used.add(choice[0])
        return self.fill(choice[0]), self.fill(choice[1])

    def scene(self, couplets: list[Any], phrase: str) -> tuple[str, str]:
        """A couplet that says the whole of a long topic."""
        choice = self.rng.choice([c for c in couplets if count(c[0] + " " + phrase) <= 16] or couplets)
        self._used.add(choice[0])
        first, second = (line.replace("{phrase}", phrase) for line in choice)
        return first, second

    def fill(self, line: str) -> str:
        """A frame with its slots filled."""
        text = line.replace("{topic}", self.topic).replace("{world}", self.world)
        return re.sub(
            r"\b([Aa]) (?=[aeiou])(?!one\b|once\b|uni|use|eu)", r"\1n ", re.sub(r"\{(\w+)\}", self._slot, text)
        )

    def _slot(self, match: re.Match[str]) -> str:
        words = list(bank("slots")[match[1]])
        fresh = [w for w in words if w not in self._used] or words
        word = str(self.rng.choice(fresh))
        self._used.add(word)
        return word

    def _size(self, couplet: Any) -> int:
        plain = [re.sub(r"\{(topic|world)\}", lambda m: getattr(self, m[1]), line) for line in couplet]
        return max(count(re.sub(r"\{(\w+)\}", lambda m: bank("slots")[m[1]][0], line)) for line in plain)


def theme_names(topic: str) -> list[str]:
    """Themes whose key words a topic holds, best first; ``anything`` when none does."""
    return _matching(topic) or ["anything"]


def _matching(text: str) -> list[str]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    stems = set(words) | {w.removesuffix("s") for w in words} | {w.removesuffix("'s") for w in words}
    phrase = " ".join(words)
    scores: list[tuple[int, str]] = []
    for name, theme in themes().items():
        hits = sum(1 for key in theme["keys"] if key in stems or (" " in key and key in phrase))
        if hits:
            scores.append((-hits, name))
    return [name for _, name in sorted(scores)]


def _theme_couplets(topic: str, rng: random.Random) -> list[Any]:
    names = theme_names(topic)
    couplets = [c for name in names[:2] for c in themes()[name]["couplets"]]
    rng.shuffle(couplets)
    return couplets


def _world_word(world: list[str], topic: str, rng: random.Random) -> str:
    short = [w for w in world if w.lower() not in topic.lower() and count(w) <= 4]
    return rng.choice(short) if short else ""


def _length_limit(topic: str) -> int:
    return max(10, min(MAX_SYLLABLES + 3, count(topic) + 4))


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]


def _title(text: str) -> str:
    small = {"a", "an", "the", "of", "for", "to", "with", "and", "on", "me", "in", "from"} - {"me"}
    words = text.split()
    shaped = [w if i and w.lower() in small else w[:1].upper() + w[1:] for i, w in enumerate(words)]
    return " ".join(shaped)[:100]

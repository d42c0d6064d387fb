"""Varies and refines a candidate line with the small language model, and checks what came out.

Decoding is constrained: first the mood of the moment, then at most one gesture, then words and only slots that have a
value. What comes out is a line as an author would write it (``[happy] [wave] Hello, {fan}!``); :func:`fault` says what is
wrong with it, and the caller then speaks the authored line. Nothing is loaded before the first line is varied.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from characters.persona.small.bpe import Bpe
from characters.persona.small.grammar import FOLDER as GRAMMAR
from characters.persona.small.runtime import Llama, ModelError, State
from characters.persona.small.tokens import END, GESTURES, SLOTS, Context, card, prompt
from characters.persona.speech import unsafe

MODEL = Path(__file__).parent / "small" / "model"
TEMPERATURE = 0.75
TOP_P = 0.9
MOST_TOKENS = 52
MOST_WORDS = 36
KEEP = 0.6
"""Share of a candidate's longer words that must survive refining."""
ALIKE = 0.8
"""Share of a line's word triples that may have been heard in one recent line."""

_TAGS = re.compile(r"\[[^\]]*\]\s*")
_STUTTER = re.compile(r"\b(\w+) \1\b")
_SLIPS = re.compile(
    r"'d pretty\b|\bpretty (?:be|than|sing|not)\b|\ba bit (?:extra|while|house|heart|song|one)\b|\ba [aeio]\w{3,}|\ban [^aeiouh\W]\w{3,}",
    re.I,
)
"""Slips the model is known for: casual swaps gone wrong, articles."""
_WORD = re.compile(r"[a-z']+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be said: the model's context, the slots that have values and the character's own words."""

    context: Context
    slots: frozenset[str]
    vocabulary: frozenset[str] = frozenset()


class Refiner:
    """The small model, its tokenizer and the kept state of a character's beginning."""

    def __init__(self, folder: Path = MODEL) -> None:
        # Its products are tiny: more threads would only spin on the cores the show needs.
        threadpool_limits(1, user_api="blas")
        self._bpe = Bpe(folder / "tokenizer.json")
        self._model = Llama(folder)
        self._cards: dict[tuple[str, ...], State] = {}
        special = self._bpe.special
        self._end = special[END]
        self._slots = {name: special[f"<{name}>"] for name in SLOTS}
        self._gestures = {special[f"<g:{name}>"]: name for name in GESTURES}
        self._words = np.ones(self._model.vocabulary, bool)
        self._words[list(special.values())] = False

    def line(self, wish: Wish, rng: random.Random) -> str:
        """A line, or empty when it did not end in time."""
        context = wish.context
        if f"<i:{context.intent}>" not in self._bpe.special:
            context = replace(context, intent="unknown")  # named after the model was trained
        state = self._begin(context)
        beginning = len(card(context.traits))
        ids = self._bpe.encode_parts(prompt(context))[beginning:]
        mood = self._bpe.special[f"<m:{context.mood}>"]
        if state.length + len(ids) + 1 + MOST_TOKENS > self._model.room:
            return ""  # words of hardly any letters fill the state by themselves: spoken as authored
        logits = self._model.forward([*ids, mood], state)
        legal = self._legal(wish.slots)
        first = legal.copy()
        first[list(self._gestures)] = True
        first[self._end] = False
        tags, text, count = f"[{context.mood}] ", bytearray(), 0
        out: list[str] = []
        for step in range(MOST_TOKENS):
            token = _sample(logits, first if step == 0 else legal, rng)
            if token == self._end:
                return tags + "".join(out) + text.decode("utf-8", "replace") if count else ""
            if token in self._gestures:
                tags += f"[{self._gestures[token]}] "
            elif not self._words[token]:
                name = next(name for name, value in self._slots.items() if value == token)
                out.append(text.decode("utf-8", "replace") + f"{{{name}}}")
                text = bytearray()
                count += 1
            else:
                text += self._bpe.bytes_of(token)
                count += 1
            if state.length >= self._model.room:
                break
            logits = self._model.forward([token], state)
        return ""

    def _legal(self, slots: Collection[str]) -> npt.NDArray[np.bool_]:
        legal = self._words.copy()
        legal[self._end] = True
        legal[[self._slots[name] for name in slots if name in self._slots]] = True
        return legal

    def _begin(self, context: Context) -> State:
        """The state after the character's card, computed once."""
        key = tuple(card(context.traits))
        if key not in self._cards:
            state = self._model.state()
            self._model.forward(self._bpe.encode_parts(list(key)), state)
            self._cards[key] = state
        return self._cards[key].fork()


def _sample(logits: npt.NDArray[np.float32], legal: npt.NDArray[np.bool_], rng: random.Random) -> int:
    values = np.where(legal, logits, -np.inf).astype(np.float64) / TEMPERATURE
    top = np.argpartition(-values, 40)[:40]
    shares = np.exp(values[top] - values[top].max())
    order = np.lexsort((top, -shares))
    shares, top = shares[order] / shares.sum(), top[order]
    keep = np.cumsum(shares) - shares < TOP_P
    shares = shares * keep
    point = rng.random() * shares.sum()
    return int(top[min(len(top) - 1, int(np.searchsorted(np.cumsum(shares), point)))])


@cache
def refiner() -> Refiner | None:
    """The shipped model, None where its files are missing or broken: authored lines are then spoken as they are."""
    try:
        return Refiner() if (MODEL / "model.safetensors").exists() else None
    except (ModelError, OSError, ValueError, KeyError):
        return None


@cache
def grammar_words() -> frozenset[str]:
    """Words of the grammar and its wordings: what the model may say beside the candidate."""
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(GRAMMAR.glob("*.txt")))
    text += (GRAMMAR.parent / "wording.toml").read_text(encoding="utf-8")
    return frozenset(_WORD.findall(text.lower()))


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """All words of a character's lines."""
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()))


def bare(line: str) -> str:
    """A line without tags and stops, lower case: what counts as the same line."""
    return " ".join(re.findall(r"[a-z0-9'{}]+", _TAGS.sub("", line).lower()))


def triples(text: str) -> frozenset[tuple[str, ...]]:
    """Word triples of a bare line."""
    words = text.split()
    return frozenset(tuple(words[n : n + 3]) for n in range(len(words) - 2))


def fault(line: str, wish: Wish, recent: Collection[str]) -> str:
    """Why a line may not be spoken, in a word or two; empty when it may. ``recent``: bare lines heard lately."""
    spoken = _TAGS.sub("", line).strip()
    plain = bare(line)
    words = plain.split()
    if not 2 <= len(words) <= MOST_WORDS or not spoken or spoken[-1] not in ".!?…'\"":
        return "length"
    if "\ufffd" in spoken or re.search(r"[<>\[\]|@#*_~^\\]", spoken) or spoken.count("(") != spoken.count(")"):
        return "signs"
    used = set(re.findall(r"\{(\w+)\}", spoken))
    if not used <= set(wish.slots) or spoken.count("{fan}") > 2:
        return "slots"
    candidate = wish.context.candidate
    if set(re.findall(r"\{(\w+)\}", candidate)) - {"fan", "count"} - used:
        return "slot missing"
    if _STUTTER.search(spoken.lower()) and not _STUTTER.search(candidate.lower()):
        return "stutter"
    if _SLIPS.search(spoken):
        return "grammar"
    if unsafe(spoken):
        return "blocked"
    allowed = grammar_words() | wish.vocabulary | words_of([candidate])
    if any(word not in allowed for word in _WORD.findall(re.sub(r"\{\w+\}", " ", spoken.lower()))):
        return "unknown word"
    if candidate and not _kept(candidate, words, wish.context.length == "short"):
        return "drift"
    if plain in recent:
        return "heard"
    mine = triples(plain)
    if mine and any(len(mine & triples(other)) >= ALIKE * len(mine) for other in list(recent)[-12:]):
        return "alike"
    return ""


def _kept(candidate: str, words: list[str], short: bool) -> bool:
    part = re.split(r"(?<=[.!?])\s", candidate)[0] if short else candidate
    long = [word for word in bare(part).split() if len(word) > 3 and "{" not in word and "'" not in word]
    return not long or sum(word in words for word in long) >= KEEP * len(long)

"""Varies and refines a candidate line with the small language model, and checks what came out.

Decoding is constrained: first the mood of the moment, then at most one gesture, then words and only slots that have a
value. What comes out is a line as an author would write it (``[happy] [wave] Hello, {fan}!``); :func:`fault` says what is
wrong with it, and the caller then speaks the authored line. Nothing is loaded before the first line is varied.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from characters.persona.faithful import faithful
from characters.persona.small.bpe import Bpe
from characters.persona.small.grammar import FOLDER as GRAMMAR
from characters.persona.small.runtime import Llama, ModelError, State, States
from characters.persona.small.tokens import END, GESTURES, SLOTS, Context, card, prompt
from characters.persona.speech import unsafe

MODEL = Path(__file__).parent / "small" / "model"
TEMPERATURE = 0.75
TOP_P = 0.9
MOST_TOKENS = 52
MOST_WORDS = 36
ALIKE = 0.8
"""Share of a line's word triples that may have been heard in one recent line."""

_Mask = npt.NDArray[np.bool_]
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


class _Draft:
    """A line in the making."""

    def __init__(self, owner: Refiner, state: State, first: _Mask, legal: _Mask, tags: str) -> None:
        self._owner, self.state, self._first, self._legal, self._tags = owner, state, first, legal, tags
        self.logits: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self.open = True
        self.line = ""
        self._out: list[str] = []
        self._text = bytearray()
        self._steps = self._count = 0

    def next(self, rng: random.Random) -> int:
        """The next token."""
        return _sample(self.logits, self._legal if self._steps else self._first, rng)

    def take(self, token: int) -> bool:
        """Writes the token; returns whether the line goes on."""
        self._steps += 1
        if self._owner.write(token, self._out, self._text):
            self._count += 1
        elif token in self._owner.gestures:
            self._tags += f"[{self._owner.gestures[token]}] "
        else:
            self.open = False
            text = "".join(self._out) + self._text.decode("utf-8", "replace")
            self.line = self._tags + text if self._count else ""
            return False
        self.open = self._steps < MOST_TOKENS and self.state.length < self._owner.room
        return self.open


class Refiner:
    """The small model, its tokenizer and the kept state of a character's beginning."""

    def __init__(self, folder: Path = MODEL) -> None:
        from threadpoolctl import threadpool_limits

        # Its products are tiny: more threads would only spin on the cores the show needs.
        threadpool_limits(1, user_api="blas")
        self._bpe = Bpe(folder / "tokenizer.json")
        self._model = Llama(folder)
        self._cards: dict[tuple[str, ...], State] = {}
        special = self._bpe.special
        self._end = special[END]
        self._slots = {name: special[f"<{name}>"] for name in SLOTS}
        self._slot_of = {token: name for name, token in self._slots.items()}
        self.room = self._model.room
        self.gestures = {special[f"<g:{name}>"]: name for name in GESTURES}
        self._words = np.ones(self._model.vocabulary, bool)
        self._words[list(special.values())] = False

    def line(self, wish: Wish, rng: random.Random) -> str:
        """A line, or empty when it did not end in time."""
        draft = self._draft(wish)
        while draft.open:
            token = draft.next(rng)
            if draft.take(token):
                draft.logits = self._model.forward([token], draft.state)
        return draft.line

    def lines(self, wishes: Sequence[tuple[Wish, random.Random]]) -> list[str]:
        """:meth:`line` for several wishes at once: a third of the time a line, for evaluations."""
        drafts = [self._draft(wish) for wish, _ in wishes]
        rows = [n for n, draft in enumerate(drafts) if draft.open]
        states = States([drafts[n].state for n in rows]) if rows else None
        while states is not None and rows:
            tokens = [drafts[n].next(wishes[n][1]) for n in rows]
            kept = [at for at, n in enumerate(rows) if drafts[n].take(tokens[at])]
            if len(kept) < len(rows):
                states.keep(kept)
                rows = [rows[at] for at in kept]
            if rows:
                logits = self._model.step([tokens[at] for at in kept], states)
                for n, values, length in zip(rows, logits, states.lengths):
                    drafts[n].logits, drafts[n].state.length = values, int(length)
        return [draft.line for draft in drafts]

    def _draft(self, wish: Wish) -> _Draft:
        """The line at its beginning: the prompt is read, nothing is written but the mood."""
        context = wish.context
        if f"<i:{context.intent}>" not in self._bpe.special:
            context = replace(context, intent="unknown")  # named after the model was trained
        state = self._begin(context)
        beginning = len(card(context.traits))
        ids = self._bpe.encode_parts(prompt(context))[beginning:]
        mood = self._bpe.special[f"<m:{context.mood}>"]
        legal = self._legal(wish.slots)
        first = legal.copy()
        first[list(self.gestures)] = True
        first[self._end] = False
        draft = _Draft(self, state, first, legal, f"[{context.mood}] ")
        if state.length + len(ids) + 1 + MOST_TOKENS > self._model.room:
            draft.open = False  # words of hardly any letters fill the state by themselves: spoken as authored
        else:
            draft.logits = self._model.forward([*ids, mood], state)
        return draft

    def write(self, token: int, out: list[str], text: bytearray) -> bool:
        """Writes a word piece or a slot; False for any other token."""
        if token in self._slot_of:
            out.append(text.decode("utf-8", "replace") + f"{{{self._slot_of[token]}}}")
            text.clear()
            return True
        if self._words[token]:
            text += self._bpe.bytes_of(token)
            return True
        return False

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
    if set(re.findall(r"\{(\w+)\}", candidate)) - {"fan"} - used:
        return "slot missing"
    if _STUTTER.search(spoken.lower()) and not _STUTTER.search(candidate.lower()):
        return "stutter"
    if _SLIPS.search(spoken):
        return "grammar"
    if unsafe(spoken):
        return "blocked"
    known = (grammar_words(), wish.vocabulary, words_of([candidate]))
    if any(not any(word in part for part in known) for word in _WORD.findall(re.sub(r"\{\w+\}", " ", spoken.lower()))):
        return "unknown word"
    if candidate and not faithful(candidate, spoken, wish.context.intent):
        return "drift"
    if plain in recent:
        return "heard"
    mine = triples(plain)
    if mine and any(len(mine & triples(other)) >= ALIKE * len(mine) for other in list(recent)[-12:]):
        return "alike"
    return ""

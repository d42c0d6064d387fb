"""Measures the embedded brain: ``python -m characters.persona.small.evaluate --replies 10000 --character lumi``.

Tags and slots of every line the small model gives (before the verifier), what the verifier turned down, how varied they
and two hours of show are, and whether traits and moods can be read off the words: see :func:`control`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections import Counter
from typing import Any

from characters.definition import Definition
from characters.loader import load
from characters.persona.embedded import Embedded
from characters.persona.model import GESTURES, MOODS, Ask, Moment
from characters.persona.refine import Wish, bare, fault, refiner
from characters.persona.shape import TRAITS
from characters.persona.small.corpus import samples, variable
from characters.persona.small.fans import fan_line
from characters.persona.small.grammar import sections
from characters.persona.small.tokens import SLOTS

BATCH = 48
"""Lines the model writes side by side."""


def legal(count: int, seed: int = 1) -> dict[str, Any]:
    """Lines of the model over random contexts: illegal tags or slots, the verifier's reasons, distinct-2."""
    model = refiner()
    assert model is not None
    found, wrong = Counter[str](), 0
    said: list[str] = []
    wishes = [
        Wish(item.context, frozenset(SLOTS if item.context.role != "none" else SLOTS[1:]))
        for item in samples(seed + 900, count)
    ]
    for at in range(0, count, BATCH):
        part = wishes[at : at + BATCH]
        lines = model.lines([(wish, random.Random(f"{seed}:{at + n}")) for n, wish in enumerate(part)])
        for wish, line in zip(part, lines):
            tags, slots = re.findall(r"\[(\w+)\]", line), re.findall(r"\{(\w+)\}", line)
            bad = any(t not in (*MOODS, *GESTURES) for t in tags) or any(s not in wish.slots for s in slots)
            wrong += bool(line) and (bad or tags[:1] != [wish.context.mood])
            found[fault(line, wish, ()) or "spoken"] += 1
            said.append(bare(line))
    return {"replies": count, "illegal_tags_or_slots": wrong, "verifier": dict(found.most_common()),
            "distinct_2": distinct(said), "different": len(set(said))}  # fmt: skip


def distinct(said: list[str]) -> float:
    """Distinct-2 (Li et al. 2016): different word pairs as a share of all."""
    pairs = [pair for text in said for pair in zip(text.split(), text.split()[1:])]
    return round(len(set(pairs)) / max(1, len(pairs)), 3)


def show(character: str, lines: int, seed: int = 1) -> dict[str, Any]:
    """A simulated show: distinct-2, and lines heard again within half an hour (one line in eight seconds)."""
    brain, rng = Embedded(load(character), seed), random.Random(seed)
    names = sorted(sections())
    said: list[str] = []
    for n in range(lines):
        idle = rng.random() < 0.3
        say = "" if idle else fan_line(sections()[rng.choice(names)], rng)
        mood = rng.choice(("happy", "excited", "relaxed", "teasing", "tender"))
        ask = Ask(
            str(n),
            Moment("idle" if idle else "chat", song="Paper Cup", fans=12, seed=n, mood=mood),
            f"fan{n % 40}",
            say,
        )
        said.append(re.sub(r"fan\b", "", bare(" ".join(clause.text for clause in brain.answer(ask)))))
    again = sum(text in said[max(0, n - 225) : n] for n, text in enumerate(said))
    return {"lines": lines, "distinct_2": distinct(said), "again_within_30_min": again,
            "different": len(set(said))}  # fmt: skip


def control(count: int, character: str = "lumi", seed: int = 1) -> dict[str, float]:
    """Share of the brain's answers whose trait or mood a classifier of words reads as it was asked for.

    The character speaks with ``wording = "shaped"``, one trait at a pole (-1 or 1) or one mood at a time, ``count``
    answers each, to fan lines from templates kept from training. A naive Bayes classifier (words, word pairs, stops)
    learns from the answers to one half of the intents and reads those to the other half, so it has seen none of them.
    """
    known = load(character)
    out: dict[str, float] = {}
    for trait in TRAITS:
        poles = {}
        for pole in (-1.0, 1.0):
            persona = known.persona.model_copy(update={"wording": "shaped", "traits": {trait: pole}})
            poles[str(pole)] = _answers(known.model_copy(update={"persona": persona}), count, seed, "")
        out[trait] = _read(poles)
    persona = known.persona.model_copy(update={"wording": "shaped", "traits": {}})
    plain = known.model_copy(update={"persona": persona})
    out["mood"] = _read({mood: _answers(plain, count, seed, mood) for mood in MOODS})
    return out


def _answers(definition: Definition, count: int, seed: int, mood: str) -> list[tuple[str, str]]:
    """(intent, answer in words) of friendly talk; with ``mood`` it is heard in every line."""
    brain, rng = Embedded(definition, seed), random.Random(seed)
    brain.mood_heard = 1.0 if mood else 0.0
    names = [n for n in variable() if n in sections() and sections()[n].opener not in "BH" and sections()[n].fans]
    out: list[tuple[str, str]] = []
    while len(out) < count:
        name = names[len(out) % len(names)]
        say = fan_line(sections()[name], rng, True, noise=0.0)
        moment = Moment("chat", song="Paper Cup", fans=12, seed=len(out), mood=mood or "neutral")
        ask = Ask(str(len(out)), moment, "mika", say, ruling=name)
        out.append((name, " ".join(clause.text for clause in brain.answer(ask))))
    return out


def _read(groups: dict[str, list[tuple[str, str]]]) -> float:
    """How often naive Bayes names the group of an answer to an intent of which it has seen none."""
    names = sorted({name for answers in groups.values() for name, _ in answers})
    learned = set(names[::2])
    tables = {g: Counter(m for n, t in a if n in learned for m in set(_marks(t))) for g, a in groups.items()}
    sizes = {g: sum(n in learned for n, _ in a) for g, a in groups.items()}
    right = total = 0
    for group, answers in groups.items():
        for name, text in answers:
            if name in learned:
                continue
            marks = set(_marks(text))
            scores = {g: sum(math.log((tables[g][m] + 0.5) / (sizes[g] + 1)) for m in marks) for g in groups}
            right += max(scores, key=scores.__getitem__) == group
            total += 1
    return round(right / max(1, total), 3)


def _marks(text: str) -> list[str]:
    words = re.findall(r"[a-z'{}]+|[.!?]", text.lower())
    words += re.findall(r"'(?:s|m|re|ve|ll|d|t)\b", text.lower())
    return [*words, *(f"{a} {b}" for a, b in zip(words, words[1:]))]


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """The command line; prints one JSON line."""
    found = argparse.ArgumentParser(prog="characters.persona.small.evaluate")
    found.add_argument("--replies", type=int, default=10_000)
    found.add_argument("--lines", type=int, default=900)
    found.add_argument("--control", type=int, default=400)
    found.add_argument("--character", default="lumi")
    options = found.parse_args(arguments)
    facts = {
        "character": options.character,
        "legal": legal(options.replies) if options.replies else None,
        "show": show(options.character, options.lines) if options.lines else None,
        "control": control(options.control, options.character) if options.control else None,
    }
    print(json.dumps(facts))
    return facts


if __name__ == "__main__":
    main()

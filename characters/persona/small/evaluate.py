"""Measures the embedded brain: ``python -m characters.persona.small.evaluate --replies 10000 --character lumi``.

Tags and slots of every line the small model gives (before the verifier), what the verifier turned down, how varied two
hours of show are (900 lines), and whether traits and moods can be read off the words: a naive Bayes classifier (word
pairs) is trained on corpus replies of the two poles of a trait and asked about the model's.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

from characters.loader import load
from characters.persona.embedded import Embedded
from characters.persona.model import GESTURES, MOODS, Ask, Moment
from characters.persona.refine import Wish, bare, fault, refiner
from characters.persona.small.corpus import samples
from characters.persona.small.fans import fan_line
from characters.persona.small.grammar import sections
from characters.persona.small.tokens import SLOTS

POLES = ("formality", "energy", "curiosity")


def legal(count: int, seed: int = 1) -> dict[str, Any]:
    """Lines of the model over random contexts: illegal tags or slots, and the verifier's reasons."""
    model = refiner()
    assert model is not None
    found, wrong, done = Counter[str](), 0, 0
    for item in samples(seed + 900, count):
        wish = Wish(item.context, frozenset(SLOTS if item.context.role != "none" else SLOTS[1:]))
        line = model.line(wish, random.Random(f"{seed}:{done}"))
        done += 1
        tags, slots = re.findall(r"\[(\w+)\]", line), re.findall(r"\{(\w+)\}", line)
        bad = any(t not in (*MOODS, *GESTURES) for t in tags) or any(s not in wish.slots for s in slots)
        wrong += bool(line) and (bad or tags[:1] != [item.context.mood])
        found[fault(line, wish, ()) or "spoken"] += 1
    return {"replies": done, "illegal_tags_or_slots": wrong, "verifier": dict(found.most_common())}


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
    pairs = [pair for text in said for pair in zip(text.split(), text.split()[1:])]
    return {"lines": lines, "distinct_2": round(len(set(pairs)) / len(pairs), 3), "again_within_30_min": again,
            "different": len(set(said))}  # fmt: skip


def control(count: int, seed: int = 1) -> dict[str, float]:
    """Share of the model's lines whose trait a classifier of words reads as it was asked for; and the mood by its tag."""
    model = refiner()
    assert model is not None
    corpus = [
        s for s in samples(seed + 500, 12_000) if s.context.length != "short" and not s.context.intent.startswith("s.")
    ]
    out: dict[str, float] = {}
    for trait in POLES:
        tables: dict[int, Counter[str]] = {1: Counter(), -1: Counter()}
        for item in corpus:
            pole = dict(item.context.traits).get(trait, 0)
            if pole:
                tables[pole].update(set(_marks(item.reply)))
        right = total = 0
        for n, item in enumerate(samples(seed + 700, count)):
            pole = 1 if n % 2 else -1
            traits = tuple((name, value) for name, value in item.context.traits if name != trait)
            context = replace(item.context, traits=(*traits, (trait, pole)), length="mid")
            if trait == "curiosity":
                context = replace(context, style="asks" if pole > 0 else "plain")
            line = model.line(Wish(context, frozenset(SLOTS)), random.Random(f"{seed}:{n}"))
            marks = set(_marks(re.sub(r"\[\w+\] ", "", line)))
            score = sum(math.log((tables[1][m] + 0.5) / (tables[-1][m] + 0.5)) for m in marks)
            right += (score > 0) == (pole > 0)
            total += 1
        out[trait] = round(right / max(1, total), 3)
    return out


def _marks(text: str) -> list[str]:
    words = re.findall(r"[a-z'{}]+|[.!?]", text.lower())
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
        "legal": legal(options.replies),
        "show": show(options.character, options.lines),
        "control": control(options.control),
    }
    print(json.dumps(facts))
    return facts


if __name__ == "__main__":
    main()

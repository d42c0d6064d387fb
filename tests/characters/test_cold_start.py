"""A first answer comes soon: what is imported, compiled and counted before it is only what it needs."""

from __future__ import annotations

import math
import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import numpy as np
import pytest

import characters
from characters.guard import rules as guard_rules
from characters.persona import bank
from characters.persona.retrieval import WORD_WEIGHT, Index, features
from stage import cli

ROOT = Path(__file__).parents[2]
SECONDS = 1.5
HEAVY = ("torch", "transformers", "PIL", "av", "moderngl", "pyo", "rich", "multiprocessing", "websockets", "scipy")


def test_one_answer_takes_less_than_the_bar_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from stage.cli import main\n"
        "try: main(['talk', 'lumi', '--message', 'can you sing about rain?'])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "Lumi: " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    # CPU time: what else runs on the machine is not this command's.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS


def test_every_command_is_where_the_table_says() -> None:
    context = click.Context(cli.main)
    for name in cli.main.list_commands(context):
        command = cli.main.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert cli.main.get_command(context, "nothing") is None
    assert set(cli.main.commands) == set(cli.main.list_commands(context))


def _letters(pattern: str) -> str:
    """The pattern without escapes and names of groups."""
    return re.sub(r"\\.|\(\?P[<=]\w+[>)]", "", pattern)


def test_patterns_are_in_lower_case_as_the_texts_they_are_matched_on() -> None:
    patterns = [rule.pattern for rule in bank.rules()] + [guard_rules.orders()]
    patterns += [rule.folded for side in ("in", "out") for rule in guard_rules.rules(side) if rule.folded is not None]
    for pattern in patterns:
        assert _letters(pattern.pattern) == _letters(pattern.pattern).lower()


def _by_hand(texts: list[str], labels: list[str], query: str) -> list[float]:
    """Cosine similarities of the query, one feature at a time."""
    counts = [features(text) for text in texts]
    held = Counter(term for count in counts for term in count)
    owners = Counter(term for term, _ in {(term, label) for count, label in zip(counts, labels) for term in count})
    classes = len(set(labels)) + 1

    def weighed(count: Counter[str]) -> dict[str, float]:
        vector = {}
        for term, times in count.items():
            if term in held:
                idf = math.log((len(texts) + 1) / (1 + held[term])) + 1.0
                idf *= (math.log(classes / owners[term]) / math.log(classes) + 0.05) ** 0.75
                vector[term] = (1.0 + math.log(times)) * (WORD_WEIGHT if term[1:2] == ":" else 1.0) * idf
        length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        return {term: value / length for term, value in vector.items()}

    asked = weighed(features(query))
    strange = sum(term not in held for term in features(query)) / max(1, len(features(query)))
    documents = [weighed(count) for count in counts]
    return [
        sum(value * asked.get(term, 0.0) for term, value in doc.items()) / math.sqrt(1.0 + strange) for doc in documents
    ]


@pytest.mark.parametrize("query", ["sing about rain", "hello hello hello", "zzz", "banana rain rain", ""])
def test_the_index_counts_as_its_formula_says(query: str) -> None:
    texts = ["sing about rain", "hello there", "banana banana", "hello hello rain", "", "x"]
    labels = ["song", "hi", "fruit", "hi", "none", "none"]
    assert np.allclose(Index(texts, labels).scores(query), _by_hand(texts, labels, query))


def test_an_index_of_nothing_finds_nothing() -> None:
    assert Index([], []).rank("hello") == []


def test_check_is_still_part_of_the_package() -> None:
    assert characters.check("lumi") == []
    with pytest.raises(AttributeError):
        characters.nothing  # noqa: B018

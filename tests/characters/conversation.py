"""Lets a character answer a file of fan lines as ``limelight talk`` does, for people to read.

``python -m tests.characters.conversation tests/characters/data/conversation3.tsv --character lumi --markdown``. A file
holds ``intent<TAB>line``; ``a|b`` where two readings are right. Prints each line, what was understood and the answer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import characters
from characters.persona.model import Moment
from stage.talking import Talking

FANS = ("mika", "leo", "ana")


def rows(path: Path) -> list[tuple[set[str], str]]:
    """(intents that are right, line) of a file."""
    pairs = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(set(want.split("|")), say) for want, say in pairs]


def main(arguments: list[str] | None = None) -> tuple[int, int]:
    """The command line; returns (right, all)."""
    found = argparse.ArgumentParser(prog="tests.characters.conversation", description=__doc__)
    found.add_argument("file", type=Path)
    found.add_argument("--character", default="lumi")
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--markdown", action="store_true", help="a table for the report")
    options = found.parse_args(arguments)
    moment = Moment("chat", song="Paper Cup", next_song="Night Train", fans=12)
    talking = Talking(characters.load(options.character), options.seed, moment)
    right = total = 0
    for number, (want, say) in enumerate(rows(options.file)):
        fan = FANS[number % 3]
        talking.begin_again(fan)
        answer = talking.answer(fan, say)
        intent, said = answer.intent, answer.text
        right, total = right + (intent.name in want), total + 1
        if options.markdown:
            print(f"| {say} | {intent.name} | {said} | |".replace("\\", "\\\\"))
        else:
            mark = "  " if intent.name in want else "XX"
            print(f"{mark} {say}\n      {intent.name} {intent.confidence} {intent.slots or ''}: {said}")
    print(f"{right} of {total} understood")
    return right, total


if __name__ == "__main__":
    main()

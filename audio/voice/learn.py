"""Learns letter-to-sound rules from the dictionary: ``python -m audio.voice.learn`` rewrites ``letters.txt``.

Every word is aligned with its phones letter by letter; for each letter, the commonest sound is kept for ever wider
windows of neighbouring letters, wherever a wider window says otherwise than the narrower one it contains.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from audio.voice.spelling import WINDOWS, align, context

_FOLDER = Path(__file__).parent
_SEEN = 2
"""A window counts when this many words have it."""


def learn(entries: list[tuple[str, list[str]]]) -> dict[str, str]:
    """Rules (window of letters to phones joined by ``.``, ``-`` for none) from words and their phones."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, phones in entries:
        begins = align(word, [phone.rstrip("012") for phone in phones])
        sounds = [[p for p, b in zip(phones, begins) if b == i] for i in range(len(word))]
        if len(phones) != sum(map(len, sounds)):
            continue
        for i, own in enumerate(sounds):
            for width in range(len(WINDOWS)):
                counts[context(word, i, width)][".".join(own) or "-"] += 1
    rules: dict[str, str] = {}
    for width in range(len(WINDOWS)):
        for window, found in counts.items():
            left, right = WINDOWS[width]
            if window.index("|") != left or len(window) != left + right + 3:
                continue
            label, times = found.most_common(1)[0]
            if width and times < _SEEN:
                continue
            if not width or rules_for(window, width - 1, rules) != label:
                rules[window] = label
    return rules


def rules_for(window: str, width: int, rules: dict[str, str]) -> str:
    """What narrower windows inside ``window`` say."""
    middle = window.index("|")
    for narrower in range(width, -1, -1):
        left, right = WINDOWS[narrower]
        part = window[middle - left : middle + 3 + right]
        if part in rules:
            return rules[part]
    return "-"


def main() -> None:
    """Reads ``cmudict.txt`` and writes ``letters.txt``."""
    lines = (_FOLDER / "cmudict.txt").read_text(encoding="utf-8").splitlines()
    entries = [(row[0], row[1:]) for row in (line.split() for line in lines) if row[0].isalpha()]
    rules = learn(entries)
    text = "".join(f"{window} {label}\n" for window, label in rules.items())
    (_FOLDER / "letters.txt").write_text("# window of letters around |one|, its phones; learnt by learn.py\n" + text)


if __name__ == "__main__":
    main()

"""Letters and sounds: cuts spellings at syllables and reads words no dictionary holds.

Correspondences for cutting are in ``spelling.txt``: one line per phone, the ways English writes it, commonest first.
Reading goes by ``letters.txt``, learnt from the dictionary (:mod:`audio.voice.learn`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

WINDOWS = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4))
"""Letters to the left and right that a letter-to-sound rule looks at, from narrow to wide."""
_SKIP = 1.1
_WRONG = 3.0


def cuts(letters: str, parts: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    """Positions in ``letters`` where syllables 2.. begin; increasing, no piece empty. Needs len(letters) >= parts."""
    phones = [phone.rstrip("012") for part in parts for phone in part]
    begins = align(letters, phones)
    result: list[int] = []
    at = 0
    for i, part in enumerate(parts[:-1]):
        at += len(part)
        low = (result[-1] if result else 0) + 1
        high = len(letters) - (len(parts) - 1 - i)
        cut = begins[at]
        # Of a doubled consonant one letter stays: "hap-py", not "ha-ppy".
        if 0 < cut < len(letters) - 1 and letters[cut] == letters[cut + 1] and letters[cut] not in "aeiouy":
            cut += 1
        result.append(min(max(cut, low), high))
    return tuple(result)


def align(letters: str, phones: list[str]) -> list[int]:
    """First letter of each phone, by the cheapest path through the known correspondences."""
    spellings = _spellings()
    n, m = len(letters), len(phones)
    best = [[(1e9, -1, -1)] * (m + 1) for _ in range(n + 1)]
    best[0][0] = (0.0, -1, -1)
    for i in range(n + 1):
        for j in range(m + 1):
            cost = best[i][j][0]
            if cost >= 1e9:
                continue
            steps = [(i + 1, j, _SKIP), (i + 1, j + 1, _WRONG), (i, j + 1, _WRONG + 0.5)]
            if j < m:
                steps += [
                    (i + len(s), j + 1, 0.02 * rank - 0.3 * len(s))
                    for rank, s in enumerate(spellings.get(phones[j], ()))
                    if letters.startswith(s, i)
                ]
            if j + 1 < m and letters[i : i + 1] == "x":
                steps.append((i + 1, j + 2, 0.0))
            for a, b, step in steps:
                if a <= n and b <= m and cost + step < best[a][b][0]:
                    best[a][b] = (cost + step, i, j)
    begins = [n] * m
    i, j = n, m
    while i > 0 or j > 0:
        _, a, b = best[i][j]
        for k in range(b, j):
            begins[k] = a
        i, j = a, b
    return begins


def read(word: str) -> tuple[str, ...]:
    """Phones of a word by its letters alone, by the widest rule that fits each; never empty, one primary stress."""
    letters = "".join(c for c in word if "a" <= c <= "z")
    phones: list[str] = []
    for i in range(len(letters)):
        for phone in _letter(letters, i):
            if not phones or phone != phones[-1]:
                phones.append(phone)
    vowels = [i for i, phone in enumerate(phones) if phone[-1].isdigit()]
    if not vowels:
        # Nothing to carry a syllable ("hmm", "brr"): a neutral vowel after the first consonant.
        return (*phones[:1], "AH1", *phones[1:]) if phones else ("AH1",)
    primary = [i for i in vowels if phones[i].endswith("1")][:1] or vowels[:1]
    return tuple(
        phone[:-1] + ("1" if i == primary[0] else "2" if phone.endswith("1") else phone[-1]) if i in vowels else phone
        for i, phone in enumerate(phones)
    )


def context(word: str, i: int, width: int) -> str:
    """The window of ``WINDOWS[width]`` letters around letter ``i``, written ``ab|c|d``; ``#`` beyond the word."""
    left, right = WINDOWS[width]
    padded = "#" * left + word + "#" * right
    return f"{padded[i : i + left]}|{word[i]}|{padded[i + left + 1 : i + left + 1 + right]}"


def _letter(letters: str, i: int) -> list[str]:
    rules = _rules()
    for width in range(len(WINDOWS) - 1, -1, -1):
        label = rules.get(context(letters, i, width))
        if label is not None:
            return [] if label == "-" else label.split(".")
    return []


@cache
def _rules() -> dict[str, str]:
    lines = (Path(__file__).parent / "letters.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if not line.startswith("# "))


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    lines = (Path(__file__).parent / "spelling.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {row[0]: tuple(row[1:]) for row in rows}

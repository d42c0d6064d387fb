"""Letters and sounds: cuts spellings at syllables and reads words no dictionary holds.

The correspondences are in ``spelling.txt``: one line per phone, the ways English writes it, commonest first.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

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
    """Phones of a word by its letters alone; first vowel stressed."""
    letters = word.replace("'", "")
    table = _graphemes()
    phones: list[str] = []
    at = 0
    while at < len(letters):
        if letters[at:] == "e" and any(p[-1].isdigit() for p in phones):
            break
        size = next(k for k in (4, 3, 2, 1) if letters[at : at + k] in table and len(letters[at : at + k]) == k)
        phone = table[letters[at : at + size]]
        at += size
        if phones and phone == phones[-1]:
            continue
        vowel = phone[:2] in ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
        stressed = vowel and not any(p.endswith("1") for p in phones)
        phones += [*phone.split()] if not vowel else [phone + ("1" if stressed else "0")]
    return tuple(phones) or ("AH0",)


@cache
def _spellings() -> dict[str, tuple[str, ...]]:
    lines = (Path(__file__).parent / "spelling.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return {row[0]: tuple(row[1:]) for row in rows}


@cache
def _graphemes() -> dict[str, str]:
    table: dict[str, tuple[int, str]] = {}
    for phone, spellings in _spellings().items():
        for rank, letters in enumerate(spellings):
            if letters not in table or rank < table[letters][0]:
                table[letters] = (rank, phone)
    return {letters: phone for letters, (_, phone) in table.items()}

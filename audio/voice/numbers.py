"""Numbers as words, for banks without a text reader of their own."""

from __future__ import annotations

import re

_NAMES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen"""
_ONES = tuple(_NAMES.split())
_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip
_ALPHABET = """
ay bee see dee ee eff gee aitch eye jay kay ell em en owe pee cue are ess tee you vee doubleyou ex why zee"""
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", _ALPHABET.split()))
_LETTERS["w"] = "double you"


def words(token: str) -> list[str]:
    """Words of one token: a word stays, numbers, times, prices and single letters are spelled out."""
    money = token.startswith("$")
    token = token.strip("$")
    match = re.fullmatch(r"(\d+)(st|nd|rd|th)?(?:([.:])(\d+))?", token.replace(",", ""))
    if match:
        whole, ordinal, mark, rest = match.groups()
        said = cardinal(int(whole)) if len(whole) <= 9 else [_ONES[int(d)] for d in whole]
        if ordinal:
            said[-1] = _ORDINALS.get(
                said[-1], said[-1].removesuffix("y") + ("ieth" if said[-1].endswith("y") else "th")
            )
        if mark == ".":
            said += ["point", *(_ONES[int(d)] for d in rest)]
        elif mark:
            said += cardinal(int(rest[:4])) if int(rest[:4]) else ["o'clock"]
        return [*said, "dollars"] if money else said
    if len(token) == 1 and token.isalpha() and token not in "aiAI":
        return _LETTERS[token.lower()].split()
    return [token] if any(c.isalpha() for c in token) else []


def cardinal(number: int) -> list[str]:
    """A number below 10**9 in words."""
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        return [_TENS[number // 10], *([_ONES[number % 10]] if number % 10 else [])]
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            return [*cardinal(number // size), name, *(cardinal(number % size) if number % size else [])]
    return []

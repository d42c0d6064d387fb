"""What any performer may know: capitals, some facts, sums. Pure functions of the fan's words; no model, no network."""

from __future__ import annotations

import math
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_NUMBER = r"(\d{1,12}(?:\.\d{1,6})?)"
_SUM = re.compile(
    _NUMBER + r"\s*(\+|plus|and|-|–|minus|times|x|\*|×|multiplied by|÷|/|divided by|over)\s*" + _NUMBER, re.I
)
_OF = re.compile(r"\b(square root|half|double|twice|square|a third|a quarter|a tenth) of " + _NUMBER, re.I)
_PERCENT = re.compile(_NUMBER + r"\s*(?:%|percent|per cent) of " + _NUMBER, re.I)
_CAPITAL = re.compile(r"\bcapital(?: city)? (?:of|for|in) (?:the )?([a-z ]{2,24})")


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "data" / "knowledge.toml").read_text(encoding="utf-8"))


@cache
def _facts() -> tuple[tuple[tuple[frozenset[str], ...], str], ...]:
    found = [(tuple(frozenset(w.split("|")) for w in key.split()), say) for key, say in _document()["facts"].items()]
    return tuple(sorted(found, key=lambda item: -len(item[0])))


@cache
def _capitals() -> dict[str, str]:
    return dict(_document()["capitals"])


def fact(say: str) -> str:
    """A sentence that answers the question, or empty when it is not known. ``say``: lower case, spelled out."""
    match = _CAPITAL.search(say)
    if match:
        words = match.group(1).split()
        for count in range(min(3, len(words)), 0, -1):
            country = " ".join(words[:count])
            if country in _capitals():
                return f"The capital of {_title(country)} is {_capitals()[country]}."
        return ""
    spoken = set(re.findall(r"[a-z0-9']+", say))
    for groups, answer in _facts():
        if all(group & spoken for group in groups):
            return answer
    return ""


def _title(country: str) -> str:
    if country in ("uk", "usa"):
        return f"the {country.upper()}"
    name = country.title()
    return (
        f"the {name}"
        if country in ("united kingdom", "united states", "netherlands", "philippines", "czech republic")
        else name
    )


_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100,
}  # fmt: skip
_SPELLED = re.compile(rf"\b(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_SMALL[1:10])}))?|({'|'.join(_SMALL)}))\b")
_DOZEN = re.compile(r"\b(half )?(?:a |one )?dozen\b")


def in_digits(say: str) -> str:
    """The words with numbers up to a hundred in digits: ``seven times eight`` -> ``7 times 8``."""
    say = _DOZEN.sub(lambda m: "6" if m[1] else "12", say)
    return _SPELLED.sub(
        lambda m: str(_SMALL.index(m[3]) if m[3] else _TENS[m[1]] + (_SMALL.index(m[2]) if m[2] else 0)), say
    )


def worked_out(say: str) -> str:
    """The result of a sum in the fan's words as it is said, or empty when there is none."""
    say = in_digits(say)
    match = _OF.search(say)
    if match:
        value = float(match.group(2))
        kind = match.group(1).lower()
        done = {"half": value / 2, "square": value * value, "square root": math.sqrt(value), "a third": value / 3,
                "a quarter": value / 4, "a tenth": value / 10}.get(kind, value * 2)  # fmt: skip
        return spoken(done)
    match = _PERCENT.search(say)
    if match:
        return spoken(float(match.group(1)) * float(match.group(2)) / 100)
    match = _SUM.search(say)
    if match is None:
        return ""
    left, sign, right = float(match.group(1)), match.group(2).lower(), float(match.group(3))
    if sign in ("+", "plus", "and"):
        return spoken(left + right)
    if sign in ("-", "–", "minus"):
        return spoken(left - right)
    if sign in ("/", "÷", "divided by", "over"):
        return spoken(left / right) if right else ""
    return spoken(left * right)


def spoken(value: float) -> str:
    """A number as it is said: few digits, ``minus`` for negative ones."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return ""
    text = (
        f"{abs(value):.0f}"
        if value == int(value)
        else f"about {abs(value):.3g}"
        if abs(value) < 1000
        else f"about {abs(value):.1f}"
    )
    return (
        text.replace("about ", "about minus ")
        if value < 0 and "about" in text
        else f"minus {text}"
        if value < 0
        else text
    )

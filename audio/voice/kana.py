"""Japanese syllables: kana to phones, and phones to the morae of a UTAU bank."""

from __future__ import annotations

from functools import cache
from pathlib import Path

VOWELS = "aiueo"
_CONSONANTS = {
    "": (), "k": ("K",), "ky": ("K", "Y"), "s": ("S",), "sh": ("SH",), "t": ("T",), "ch": ("CH",), "ts": ("T", "S"),
    "n": ("N",), "ny": ("N", "Y"), "h": ("HH",), "hy": ("HH", "Y"), "f": ("F",), "m": ("M",), "my": ("M", "Y"),
    "y": ("Y",), "r": ("R",), "ry": ("R", "Y"), "w": ("W",), "g": ("G",), "gy": ("G", "Y"), "z": ("Z",), "j": ("JH",),
    "d": ("D",), "b": ("B",), "by": ("B", "Y"), "p": ("P",), "py": ("P", "Y"), "v": ("V",),
}  # fmt: skip
_SOUNDS = {"a": "AA1", "i": "IY1", "u": "UW1", "e": "EH1", "o": "AO1"}
NEAREST = {"TH": "s", "DH": "z", "ZH": "j", "L": "r", "NG": "n"}
"""English consonants that no mora has, and what a Japanese singer says for them."""
VOWEL_OF = {
    "AA": "a", "AE": "a", "AH": "a", "AO": "o", "AW": "au", "AY": "ai", "EH": "e", "ER": "a", "EY": "ei", "IH": "i",
    "IY": "i", "OW": "ou", "OY": "oi", "UH": "u", "UW": "u",
}  # fmt: skip
"""The vowel, or two, that stands for each English one."""


@cache
def written() -> dict[str, str]:
    """Mora in Latin letters (``kya``) to kana (``きゃ``)."""
    found: dict[str, str] = {}
    for _, mora, kana in _rows():
        found.setdefault(mora, kana)
    return found


@cache
def _read() -> dict[str, tuple[str, ...]]:
    return {kana: (*_CONSONANTS[consonant], _SOUNDS[mora[-1]]) for consonant, mora, kana in _rows()}


def _rows() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "kana.txt").read_text("utf-8").splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            first, *kanas = line.split()
            consonant = "" if first == "-" else first
            found += [(consonant, consonant + v, kana) for v, kana in zip(VOWELS, kanas) if kana != "-"]
    return found


def is_kana(text: str) -> bool:
    """Whether a text holds any hiragana or katakana."""
    return any("ぁ" <= c <= "ヺ" for c in text)


def phones(text: str) -> tuple[str, ...]:
    """ARPABET phones of kana; what is not kana is left out, long marks and small tsu too."""
    text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text[:80])
    table, at = _read(), 0
    out: list[str] = []
    while at < len(text):
        two = table.get(text[at : at + 2])
        one = ("N",) if text[at] == "ん" else table.get(text[at])
        if two:
            out += two
        elif one:
            out += one
        at += 2 if two else 1
    return tuple(out)


def mora(consonants: tuple[str, ...], vowel: str) -> tuple[str, int] | None:
    """The mora in Latin letters for the last consonants before a vowel, and how many of them it sings."""
    for count in (2, 1, 0):
        own = consonants[len(consonants) - count :] if count else ()
        if len(own) < count:
            continue
        for name, sounds in _CONSONANTS.items():
            if sounds == own and name + vowel in written():
                return name + vowel, count
        if count == 1 and own[0] in NEAREST:
            return NEAREST[own[0]] + vowel, 1
    return None

"""How English words sound: phones, syllables, stress and rhyme.

Phones are ARPABET with stress digits on vowels (``("W", "IH1", "N", "D", "OW0")``). Words come from the CMU
Pronouncing Dictionary (``cmudict.txt`` beside this file, licence in ``cmudict.LICENSE.txt``); words it does not hold
are taken apart (endings, compounds) and then read by :mod:`audio.voice.spelling`. Nothing here needs a speech engine,
and the same word always gives the same answer.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from audio.voice import spelling

VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
MAX_WORD = 40
"""Longer words are cut: nobody sings them."""

_CLUSTERS = """
P R;P L;P Y;B R;B L;B Y;T R;T W;T Y;D R;D W;D Y;K R;K L;K W;K Y;G R;G L;G W;F R;F L;F Y;V Y;TH R;TH W;SH R;S P;S T;S K;
S M;S N;S L;S W;S F;M Y;N Y;HH Y;HH W;L Y;S P R;S P L;S T R;S K R;S K W;S K Y;S P Y"""
_ONSETS = frozenset(tuple(cluster.split()) for cluster in _CLUSTERS.split(";"))
"""Consonant clusters that may open a syllable."""


def pronounce(word: str) -> tuple[str, ...]:
    """ARPABET phones of one word, stress digits on vowels; ``()`` when nothing in it can be said."""
    return _pronounce(normal(word))


def syllables(word: str) -> tuple[tuple[str, ...], ...]:
    """Phones of each syllable (as many consonants as English allows open the next syllable)."""
    return syllabify(pronounce(word))


def split(word: str) -> tuple[str, ...]:
    """The spelling cut into as many pieces as there are syllables (``window`` -> ``win``, ``dow``); never empty."""
    word = word.strip()
    parts = syllables(word)
    if len(parts) < 2 or len(word) < len(parts):
        return (word,) if word else ()
    letters = normal(word)
    if len(letters) != len(word):
        return _even(word, len(parts))
    cuts = spelling.cuts(letters, parts)
    return tuple(word[a:b] for a, b in zip((0, *cuts), (*cuts, len(word))))


def stresses(word: str) -> tuple[int, ...]:
    """Stress of each syllable: 0 none, 1 primary, 2 secondary."""
    return tuple(int(phone[-1]) for phone in pronounce(word) if phone[-1].isdigit())


def rhyme(word: str) -> tuple[str, ...]:
    """What must agree for a rhyme: the phones from the last stressed vowel on, without digits."""
    phones = pronounce(word)
    vowels = [i for i, phone in enumerate(phones) if phone[-1].isdigit()]
    if not vowels:
        return phones
    stressed = [i for i in vowels if phones[i][-1] in "12"]
    return tuple(bare(phone) for phone in phones[(stressed or vowels)[-1] :])


def known(word: str) -> bool:
    """Whether the dictionary itself holds the word."""
    return _entry(normal(word)) is not None


def bare(phone: str) -> str:
    """A phone without its stress digit."""
    return phone.rstrip("012")


def normal(word: str) -> str:
    """Lower-case ASCII letters and inner apostrophes of a word; accents are taken off."""
    text = unicodedata.normalize("NFKD", word[: MAX_WORD * 4].replace("’", "'")).lower()
    return "".join(c for c in text if "a" <= c <= "z" or c == "'")[:MAX_WORD].rstrip("'")


def syllabify(phones: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Cuts phones into syllables by the maximal-onset principle."""
    nuclei = [i for i, phone in enumerate(phones) if bare(phone) in VOWELS]
    if len(nuclei) < 2:
        return (phones,) if phones else ()
    cuts = [_cut(phones, a, b) for a, b in zip(nuclei, nuclei[1:])]
    return tuple(phones[a:b] for a, b in zip((0, *cuts), (*cuts, len(phones))))


def _cut(phones: tuple[str, ...], left: int, right: int) -> int:
    """Index at which the syllable of nucleus ``right`` begins."""
    for start in range(left + 1, right):
        onset = phones[start:right]
        if (len(onset) == 1 and onset[0] not in ("NG", "ZH")) or onset in _ONSETS:
            # A short stressed vowel keeps the s of a cluster: "mis-ter", as singers and hyphenators have it.
            if len(onset) > 1 and onset[0] == "S" and phones[left][-1] == "1":
                continue
            return start
    return right


@lru_cache(maxsize=4096)
def _pronounce(word: str) -> tuple[str, ...]:
    if not word.strip("'"):
        return ()
    return _entry(word) or _entry(word.replace("'", "")) or _ending(word) or _compound(word) or spelling.read(word)


def _ending(word: str) -> tuple[str, ...] | None:
    """A known word with a regular ending."""
    for ending, stems in (
        ("'s", ("",)),
        ("es", ("", "e")),
        ("s", ("",)),
        ("ing", ("", "e")),
        ("in'", ("", "e")),
        ("ed", ("", "e")),
        ("er", ("", "e")),
        ("ly", ("",)),
        ("less", ("",)),
        ("ness", ("",)),
    ):
        if not word.endswith(ending) or len(word) - len(ending) < 3:
            continue
        stem = word.removesuffix(ending)
        doubled = (stem[:-1],) if stem[-1] == stem[-2] else ()
        for base in (*(stem + tail for tail in stems), *doubled):
            phones = _entry(base)
            if phones:
                return phones + _suffix(ending, phones[-1])
    return None


def _suffix(ending: str, last: str) -> tuple[str, ...]:
    if ending in ("s", "es", "'s"):
        if last in ("S", "Z", "SH", "ZH", "CH", "JH"):
            return ("AH0", "Z")
        return ("S",) if last in ("P", "T", "K", "F", "TH") else ("Z",)
    if ending == "ed":
        if last in ("T", "D"):
            return ("AH0", "D")
        return ("T",) if last in ("P", "K", "F", "TH", "S", "SH", "CH") else ("D",)
    return {
        "ing": ("IH0", "NG"),
        "in'": ("IH0", "N"),
        "er": ("ER0",),
        "ly": ("L", "IY0"),
        "less": ("L", "AH0", "S"),
        "ness": ("N", "AH0", "S"),
    }[ending]


def _compound(word: str) -> tuple[str, ...] | None:
    """Two known words in one ("starfall"): primary stress on the first."""
    for cut in sorted(range(3, len(word) - 2), key=lambda at: abs(at - len(word) / 2)):
        first, second = _entry(word[:cut]), _entry(word[cut:])
        if first and second:
            return first + tuple(phone.replace("1", "2") for phone in second)
    return None


def _entry(word: str) -> tuple[str, ...] | None:
    """The dictionary's line for a word."""
    book, key = _book(), word.encode() + b" "
    low, high = 0, len(book)
    while low < high:
        line = book.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = book.index(b"\n", line) + 1
        if book.startswith(key, line):
            return tuple(book[line + len(key) : end].decode().split())
        if book[line:end] < key:
            low = end
        else:
            high = line
    return None


@cache
def _book() -> bytes:
    """The dictionary as one block of sorted lines: searched by halving, so opening it costs one read."""
    return (Path(__file__).parent / "cmudict.txt").read_bytes().replace(b"\r\n", b"\n")


def _even(word: str, pieces: int) -> tuple[str, ...]:
    cuts = [round(i * len(word) / pieces) for i in range(pieces + 1)]
    return tuple(word[a:b] for a, b in zip(cuts, cuts[1:]))

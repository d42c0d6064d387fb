"""What a text says whatever its spelling: look-alikes, leetspeak, spacing, stretching and hidden characters undone.

Look-alikes follow the idea of Unicode's TR 39 skeletons; the table is ``data/alike.txt``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
MAX_CHARS = 2_000

_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s",
                       "!": "i", "|": "i", "+": "t", "€": "e", "£": "l", "(": "c"})  # fmt: skip
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W_]+")
_EDGE = re.compile(r"^[^\w@$]+|[^\w@$]+$")
_FILLERS = re.compile(r"(?<=\w)[.\-_*~'`´·•,/\\^=+:;#]+(?=\w)")
_APOSTROPHE = re.compile(r"['’ʼ`´]")


@cache
def _alike() -> dict[int, str]:
    table: dict[int, str] = {}
    for line in (DATA / "alike.txt").read_text(encoding="utf-8").splitlines():
        letter, _, others = line.partition(" ")
        if letter and not letter.startswith("#"):
            table |= {ord(char): letter for char in others if not char.isascii()}
    table |= {0x1F1E6 + n: chr(97 + n) for n in range(26)}  # regional indicators
    table |= {0x1F170 + n: chr(97 + n) for n in range(26)} | {0x1F150 + n: chr(97 + n) for n in range(26)}
    table |= {0x1F130 + n: chr(97 + n) for n in range(26)}
    return table


@cache
def _small() -> frozenset[str]:
    """Common words of up to three letters, which are not put together to make others."""
    text = (DATA / "small_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def visible(text: str) -> str:
    """Compatibility forms undone (NFKC), hidden and control characters out, case folded, single spaces."""
    text = unicodedata.normalize("NFKC", text[: MAX_CHARS * 2])
    kept = []
    for char in text:
        kind = unicodedata.category(char)
        if char.isspace() or kind in ("Zl", "Zp", "Zs"):
            kept.append(" ")
        elif kind[0] != "C" or char == "\u200d":
            kept.append(char)
    return " ".join("".join(kept).replace("\u200d", "").casefold().split())[:MAX_CHARS]


@lru_cache(maxsize=512)
def skeleton(text: str) -> str:
    """``visible`` with accents gone and look-alikes as Latin letters; apostrophes left out."""
    text = visible(text)
    if not text.isascii():
        bare = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
        text = unicodedata.normalize("NFKC", bare.translate(_alike())).casefold()
    return _APOSTROPHE.sub("", text)


def words(text: str) -> list[str]:
    """The words of a skeleton as the lists spell them: leetspeak read inside words, fillers and stretching undone."""
    return [word for token in _TOKEN.findall(text) for word in _read(token)]


@lru_cache(maxsize=8192)
def _read(token: str) -> tuple[str, ...]:
    core = _EDGE.sub("", token)
    out = list(_WORD.findall(token))
    letters = sum(char.isalpha() for char in core)
    if letters and not core.isalpha():
        pieces = _FILLERS.split(core)
        spelled = core.translate(_LEET)
        # Two readings of a mixed token: as parted words, and put together when its pieces are short (f.u.c.k, sh-it).
        if len(pieces) > 1 and (max(map(len, pieces)) <= 3 or any(mark in core for mark in "*^~")):
            out.append("".join(ch for ch in spelled if ch.isalnum()))
        if letters * 2 >= len(core.rstrip("!?.0123456789")) and not re.fullmatch(r"[a-z]+\d+", core):
            out += ["".join(_WORD.findall(part.translate(_LEET))) for part in pieces if part]
            if len(pieces) == 1:
                out.append("".join(ch for ch in spelled if ch.isalnum()))
    return tuple(dict.fromkeys(word for word in out if word))


def together(parts: list[str]) -> list[str]:
    """Words that short neighbours make when read as one ("f u c k", "fu ck"); common small words alone make none."""
    out: list[str] = []
    run: list[str] = []
    for word in [*parts, "----"]:
        if len(word) <= 3 and word.isalnum():
            run.append(word)
            continue
        if len(run) > 1:
            out += _runs(run[:24])
        run = []
    return out


def _runs(run: list[str]) -> list[str]:
    out = []
    small = _small()
    for start in range(len(run)):
        for end in range(start + 2, min(len(run), start + 12) + 1):
            piece = run[start:end]
            if any(word not in small for word in piece):
                out.append("".join(piece).translate(_LEET))
    return out

"""Wishes in other tongues and in pictures: what they are about, in English, since that is what is sung."""

from __future__ import annotations

import re
import unicodedata

from audio.compose.words import bank


def unaccented(text: str) -> str:
    """Letters without their marks: "canción" -> "cancion"; scripts of their own stay as they are."""
    apart = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("æ", "ae"))
    return unicodedata.normalize("NFC", "".join(c for c in apart if not (unicodedata.combining(c) and c < "\u3000")))


def glossed(text: str, most: int = 2) -> str:
    """The topic of a wish that is not in English: up to two known things, in the order they are named; else empty."""
    tables = bank("glossary")
    found: dict[int, str] = {}
    rest = text
    for sign in sorted(tables["signs"], key=len, reverse=True):
        at = rest.find(sign)
        if at >= 0:
            found[at] = tables["signs"][sign]
            rest = rest.replace(sign, " " * len(sign))
    for at, char in enumerate(text):
        if ord(char) > 0x2190 and not char.isalnum():
            name = unicodedata.name(char, "").lower()
            thing = next((w for w in tables["pictures"] if _named(w, name)), None)
            if thing:
                found[at] = tables["pictures"][thing]
    found.update(_worded(text.lower(), tables))
    names = list(dict.fromkeys(found[at] for at in sorted(found)))[:most]
    return " and ".join(names)


def _named(word: str, name: str) -> bool:
    return re.search(rf"\b{word}", name) is not None


def _worded(text: str, tables: dict[str, dict[str, str]]) -> dict[int, str]:
    """Known words of other languages, if the text is in one: in another script, or with words that mark it."""
    plain = unaccented(text)
    words = [(m.start(), m[0]) for m in re.finditer(r"[^\W\d_]+", plain)]
    foreign = any(ord(c) > 0x24F for c in plain if c.isalpha()) or {w for _, w in words} & set(tables["marks"]["words"])
    found: dict[int, str] = {}
    if not foreign:
        return found
    known = tables["words"]
    stems = {k[:-1]: v for k, v in known.items() if k.endswith("*")}
    for at, word in words:
        thing = known.get(word) or next((v for k, v in stems.items() if word.startswith(k)), None)
        if thing:
            found[at] = thing
    return found

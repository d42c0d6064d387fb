"""Cuts speech into clauses: streamed text by :class:`Segmenter`, authored lines by :func:`clauses_of`.

Both are pure. The first clause is kept small so that sound starts early; later ones are cut at sentence ends and
long ones at commas, for better prosody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from characters.persona.model import GESTURES, MOODS, Clause
from characters.persona.speech import TAG, clean_speech, fill, has_words

FIRST_WORDS = 3
"""The first clause may end at a comma after this many words."""
LATER_WORDS = 9
"""Later clauses may end at a comma after this many words."""
AFTER_COMMA = 2
"""Words that must follow a comma before it ends a clause, so that "…, Mika." is not torn off."""
MOST_WORDS = 22
"""No clause is longer."""

_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|feat|ft|no|vol|approx)|\b[A-Za-z])\.$", re.I)
_CLOSERS = "\"'”’)"


@dataclass(frozen=True, slots=True)
class Piece:
    """Raw text of one clause, its tags taken out. ``mood`` is empty where no tag set it."""

    text: str
    mood: str = ""
    gesture: str = ""


class Segmenter:
    """Turns streamed text into pieces. However the stream is chopped, the same text gives the same pieces."""

    def __init__(self) -> None:
        self._text = ""
        self._mood = ""
        self._gesture = ""
        self._given = 0
        self._comma_at = 0
        self._tag: str | None = None

    def push(self, text: str) -> list[Piece]:
        """Takes more text; returns the pieces that are now complete."""
        out: list[Piece] = []
        for char in text:
            out += self._take(char)
        return out

    def flush(self) -> list[Piece]:
        """Ends the stream; returns what is left. An unfinished tag is dropped."""
        self._tag = None
        out = self._cut()
        self._text = self._mood = self._gesture = ""
        return out

    def pending(self) -> bool:
        """Whether words of a piece not yet returned have arrived."""
        return has_words(self._text)

    def _take(self, char: str) -> list[Piece]:
        if self._tag is not None:
            if char == "]":
                self._read_tag(self._tag)
                self._tag = None
            elif char == "\n" or len(self._tag) > 60:
                self._tag = None
            else:
                self._tag += char
            return []
        if char == "[":
            self._tag = ""
            # A stop before a tag ends the sentence, so the tag belongs to what follows.
            return self._cut() if self._ended(" ") else []
        if char == "\n":
            return self._cut()
        out = self._cut() if self._ended(char) else []
        self._text += char
        if (char in "!?…" and has_words(self._text)) or (char == " " and len(self._text.split()) >= MOST_WORDS):
            return out + self._cut()
        if self._comma(char):
            self._comma_at = len(self._text)
        elif char == " " and self._comma_at and len(self._text[self._comma_at :].split()) >= AFTER_COMMA:
            rest = self._text[self._comma_at :]
            self._text = self._text[: self._comma_at]
            out += self._cut()
            self._text = rest.lstrip()
        return out

    def _ended(self, following: str) -> bool:
        """Whether the text so far is a whole sentence given the character after it."""
        if following != " ":
            return False
        body = self._text.rstrip(_CLOSERS)
        return body.endswith(".") and has_words(body) and not _ABBREVIATION.search(body)

    def _comma(self, char: str) -> bool:
        if char not in ",;:—":
            return False
        body = self._text[:-1]
        least = FIRST_WORDS if self._given == 0 else LATER_WORDS
        return len(body.split()) >= least and not body[-1:].isdigit()

    def _read_tag(self, tag: str) -> None:
        tag = tag.strip().lower().replace(" ", "_").replace("-", "_")
        if tag in MOODS:
            self._mood = tag
        elif tag in GESTURES:
            self._gesture = tag

    def _cut(self) -> list[Piece]:
        text, self._text, self._comma_at = " ".join(self._text.split()).lstrip("!?.,;:…— "), "", 0
        if not has_words(text):
            return []
        piece = Piece(text, self._mood, self._gesture)
        self._gesture = ""
        self._given += 1
        return [piece]


def clauses_of(line: str, values: Mapping[str, str], mood: str) -> list[Clause]:
    """An authored line as clauses: tags read, text cut, and only then slots filled. The last one has ``last``."""
    segmenter = Segmenter()
    pieces = segmenter.push(line)
    tail = [tag.lower() for tag in TAG.findall(line[line.rfind(pieces[-1].text[-1:]) :])] if pieces else []
    pieces += segmenter.flush()
    out: list[Clause] = []
    for piece in pieces:
        mood = piece.mood or mood
        text = clean_speech(fill(piece.text, values))
        if has_words(text):
            out.append(Clause(text[0].upper() + text[1:] if _opens(piece.text, out) else text, mood, piece.gesture))
    if not out:
        return []
    gesture = out[-1].gesture or next((tag for tag in tail if tag in GESTURES), "")
    out[-1] = Clause(out[-1].text, out[-1].mood, gesture, True)
    return out


def _opens(piece: str, before: list[Clause]) -> bool:
    """Whether the piece starts a sentence with a slot other than a name (names stay as fans write them)."""
    return piece.startswith(("{topic}", "{song}")) and (not before or before[-1].text[-1] in ".!?…")


def limit_words(clauses: list[Clause], most: int) -> list[Clause]:
    """The first clauses that hold at most ``most`` words together; at least one stays."""
    kept: list[Clause] = []
    count = 0
    for clause in clauses:
        count += len(clause.text.split())
        if kept and count > most:
            break
        kept.append(clause)
    if kept and not kept[-1].last:
        kept[-1] = Clause(kept[-1].text, kept[-1].mood, kept[-1].gesture, True)
    return kept

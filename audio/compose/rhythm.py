"""Which words fall when: every sung line of a song laid on the beat, before anyone knows its pitches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from audio.compose.form import SUNG, Plan
from audio.compose.lyrics import Lyrics
from audio.compose.metre import carry, metre_of
from audio.compose.prosody import place
from audio.compose.words import Syllable, syllabify
from audio.score.model import Note, Section

FINE = 16
"""Slots in a quarter beat that tunes are written on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sung line: where its syllables start. ``index`` counts the section's lines, ``new`` says whether the song
    has not had this tune with these words before."""

    section: Section
    index: int
    begin: Fraction
    starts: tuple[Fraction, ...]
    lyrics: tuple[str, ...]
    stresses: tuple[float, ...]
    text: str
    new: bool

    def slots(self) -> list[int]:
        """Starts in slots from the line's first bar."""
        return [round((s - self.begin) * FINE) for s in self.starts]


def lines_of(plan: Plan, lyrics: Lyrics) -> list[tuple[int, Section, int, str]]:
    """(first bar, section, line number, text) of every sung line."""
    found = []
    seen: dict[str, int] = {}
    choruses = sum(s.name == "chorus" for s in plan.sections)
    for section in plan.sections:
        if section.name not in SUNG:
            continue
        n = seen.get(section.name, 0)
        seen[section.name] = n + 1
        if section.name == "verse":
            source = lyrics.verses[n % len(lyrics.verses)]
        elif section.name == "pre":
            source = lyrics.pres[n % len(lyrics.pres)]
        elif section.name == "bridge":
            source = lyrics.bridge
        else:
            last = choruses > 1 and n == choruses - 1
            source = lyrics.choruses[-1 if last else 0]
        for k in range(max(1, section.bars // plan.line_bars)):
            found.append((section.bar + plan.line_bars * k, section, k, source[k % len(source)]))
    return found


def lay(plan: Plan, lyrics: Lyrics, person: Sequence[Note], rng: random.Random) -> list[Line]:
    """All lines on the beat, with one rhythm of the style for each kind of section; the person's notes where given."""
    templates = _templates(plan, rng)
    grid, tempo, density = plan.grid, float(plan.tempo), float(plan.style["density"])
    length = plan.bar * plan.line_bars
    free, result = Fraction(0), []
    words: set[tuple[str, str]] = set()
    kinds: dict[str, int] = {}
    for bar, section, k, text in lines_of(plan, lyrics):
        begin = plan.bar * bar
        syllables = syllabify(text)
        if not syllables:
            continue
        own = [n for n in person if length * k <= n.start < length * (k + 1)] if section.name == "chorus" else []
        first = kinds.setdefault(section.name, section.bar) == section.bar
        if own:
            starts, sung = onto([begin + n.start - length * k for n in own], syllables, own)
            stresses = tuple(0.7 for _ in starts)
        else:
            earliest = max(-grid, int((free - begin) * grid // 1) + 1 if free > begin - 1 else -grid)
            if begin == 0 or (section.name == "chorus" and person):
                earliest = max(earliest, 0)
            bars = min(plan.line_bars, section.bars)
            template = templates[section.name][k % len(templates[section.name])]
            starts = _starts(plan, syllables, template, grid, tempo, min(earliest, 1), density, begin, bars)
            sung, stresses = [s.text for s in syllables], tuple(s.stress for s in syllables)
        line = Line(
            section, k, begin, tuple(starts), tuple(sung), stresses, text, first and (section.name, text) not in words
        )
        words.add((section.name, text))
        result.append(line)
        free = starts[-1] + Fraction(3, 2)
    return result


def _templates(plan: Plan, rng: random.Random) -> dict[str, list[frozenset[int]]]:
    """Onsets (slots of the plan's grid) that attract the words, by section and line."""
    style = plan.style
    source = metre_of(str(style["meter"]), tuple(int(n) for n in style.get("groups", ())))
    size = int(plan.bar * plan.grid)

    def onsets(cell: str) -> frozenset[int]:
        line = carry(cell, source, plan.metre)
        per = Fraction(size, max(1, len(line)))
        return frozenset(int(i * per) for i, c in enumerate(line) if c == "x") or frozenset((0,))

    def two(head: frozenset[int], tail: frozenset[int]) -> frozenset[int]:
        bars = [head, tail] if plan.line_bars == 2 else [head, head, tail, tail]
        return frozenset(slot + size * i for i, part in enumerate(bars) for slot in part)

    table = style["melody"]
    found = {}
    for name in SUNG:
        head = onsets(rng.choice(table["hooks"] if name == "chorus" else table["cells"]))
        other = onsets(rng.choice(table["cells"]))
        t1, t2 = (onsets(rng.choice(table["tails"])) if rng.random() < 0.4 else _clipped(head, size) for _ in range(2))
        found[name] = [two(head, t1), two(head, t2), two(head, t1), two(other if name == "verse" else head, t2)]
    return found


def _clipped(head: frozenset[int], size: int) -> frozenset[int]:
    """The same rhythm, its last quarter of a bar left to breathe."""
    return frozenset(slot for slot in head if slot < size * 3 // 4) or head


def _starts(
    plan: Plan, syllables: tuple[Syllable, ...], template: frozenset[int], grid: int, tempo: float, first: int,
    density: float, begin: Fraction, bars: int,
) -> list[Fraction]:  # fmt: skip
    pull = 1.9 if plan.line_bars == 4 else 1.15
    for fine in (1, 2, 4):
        if grid * fine > FINE:
            break
        try:
            slots = place(
                syllables, frozenset(s * fine for s in template), grid * fine, plan.metre, tempo, first * fine,
                density,
                bars,
                pull,
            )  # fmt: skip
        except ValueError:
            continue
        return [begin + Fraction(slot, grid * fine) for slot in slots]
    share = plan.bar * bars / (len(syllables) + 1)
    return [begin + Fraction(round(share * i * FINE), FINE) for i in range(len(syllables))]


def onto(
    onsets: list[Fraction], syllables: tuple[Syllable, ...], notes: Sequence[Note]
) -> tuple[list[Fraction], list[str]]:
    """A line's syllables on notes somebody played: (starts, lyrics), stress on long notes, ``_`` where one is held.

    More syllables than notes split the longest notes.
    """
    places = list(zip(onsets, [n.length for n in notes]))
    while len(places) < len(syllables):
        i = max(range(len(places)), key=lambda j: places[j][1])
        at, size = places[i]
        places[i : i + 1] = [(at, size / 2), (at + size / 2, size / 2)]
    n, m = len(syllables), len(places)
    never = 1e9
    best = [[never] * (m + 1) for _ in range(n + 1)]
    best[0][0] = 0.0
    for i in range(n):
        for j in range(i, m):
            cost = best[i][j] if i == 0 and j == 0 else min(best[i][: j + 1]) if i else never
            if cost < never:
                length = float(min(places[j][1], Fraction(2)))
                best[i + 1][j + 1] = cost + syllables[i].stress * (2 - length) + 0.1 * (j - i)
    lyrics = ["_"] * m
    j = min(range(n, m + 1), key=lambda q: best[n][q])
    for i in range(n, 0, -1):
        lyrics[j - 1] = syllables[i - 1].text
        j = min(range(i - 1, j), key=lambda q: best[i - 1][q]) if i > 1 else 0
    return [at for at, _ in places], lyrics

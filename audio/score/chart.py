"""How chords, sections and expression curves are written as lines of text in a ``song.toml``."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from audio.score.chords import parse_chord, parse_pitch, pitch_name
from audio.score.model import CURVES, Chord, Curve, Section, TempoMap
from audio.score.text import MAX_BARS, MAX_BEATS, MAX_NOTES, LineError, bar_line, bar_number, fraction, number

_FUNCTION = re.compile(r"^[A-Za-z0-9#b°ø+/()_-]{0,24}$")


def chord_lines(chords: tuple[Chord, ...], tempo: TempoMap, bars: int, sections: tuple[Section, ...]) -> str:
    """A chord chart, four bars to a line under the names of its sections."""
    cells = [_cell(chords, tempo, bar) for bar in range(bars)]
    breaks = {s.bar: s.name for s in sections}
    lines: list[str] = []
    row: list[str] = []
    first = 0
    for bar, cell in enumerate(cells):
        if row and (bar in breaks or len(row) == 4):
            lines.append(f"{first + 1:>3} | " + " | ".join(row) + " |")
            row = []
        if bar in breaks:
            lines.append(f"# {breaks[bar]}")
        if not row:
            first = bar
        row.append(cell)
    if row:
        lines.append(f"{first + 1:>3} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def _cell(chords: tuple[Chord, ...], tempo: TempoMap, bar: int) -> str:
    """One bar: chords of equal share, '.' holds on, '-' nothing; exact places where that is not enough."""
    begin, end = tempo.bar_beat(bar), tempo.bar_beat(bar + 1)
    here = [c for c in chords if c.start < end and c.start + c.length > begin]
    edges = {e for c in here for e in (c.start, c.start + c.length) if begin < e < end}
    for parts in (1, 2, 3, 4, 6, 8):
        share = (end - begin) / parts
        if any((e - begin) % share for e in edges):
            continue
        tokens = []
        for i in range(parts):
            at = begin + share * i
            starting = [c for c in here if c.start == at]
            sounding = [c for c in here if c.start <= at < c.start + c.length]
            if len(sounding) > 1:
                break
            tokens.append(chord_token(starting[0]) if starting else "." if sounding else "-")
        else:
            return " ".join(tokens)
    raise ValueError(f"the chords of bar {bar + 1} overlap or do not lie on its beats")


def exact_chords(chords: tuple[Chord, ...]) -> str:
    """Chords as ``beat length symbol`` lines, for charts that bars cannot hold."""
    return "\n".join(f"@{fraction(c.start)} {fraction(c.length)} {chord_token(c)}" for c in chords)


def read_chords(text: str, tempo: TempoMap) -> tuple[Chord, ...]:
    """Chords from a chart; ``LineError`` says which line and what is wrong."""
    chords: list[Chord] = []
    for at, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith("@"):
                place, length, token = line[1:].split()
                chords.append(read_chord(token, number(place), number(length)))
                continue
            bar, mark, body = bar_line(line)
            if mark != "|":
                raise ValueError("a chord line is written 1 | C | Am7 |")
            for k, cell in enumerate(body.rstrip().removesuffix("|").split("|")):
                _read_cell(chords, cell.split(), tempo, bar + k)
        except ValueError as error:
            raise LineError(at, str(error)) from None
    if len(chords) > MAX_NOTES or any(c.length <= 0 or c.start < 0 for c in chords):
        raise LineError(1, "too many chords, or one without length")
    return tuple(chords)


def _read_cell(chords: list[Chord], tokens: list[str], tempo: TempoMap, bar: int) -> None:
    if bar >= MAX_BARS or len(tokens) > 64:
        raise ValueError("too many bars or chords in a bar")
    begin, end = tempo.bar_beat(bar), tempo.bar_beat(bar + 1)
    for i, token in enumerate(tokens):
        share = (end - begin) / len(tokens)
        if token == "-":
            continue
        if token == ".":
            if not chords:
                raise ValueError("'.' holds on, but no chord comes before it")
            last = chords[-1]
            chords[-1] = replace(last, length=begin + share * (i + 1) - last.start)
        else:
            chords.append(read_chord(token, begin + share * i, share))


def chord_token(chord: Chord) -> str:
    """``Am7``, ``Am7{vi}`` with its function, ``Am7{vi;A3,E4,G4,C5}`` with its voicing."""
    if not chord.function and not chord.voicing:
        return chord.symbol
    if not _FUNCTION.match(chord.function):
        raise ValueError(f"{chord.function[:20]!r} is no function of a chord (write V7/ii)")
    voicing = ";" + ",".join(pitch_name(pitch) for pitch in chord.voicing) if chord.voicing else ""
    return f"{chord.symbol}{{{chord.function}{voicing}}}"


def read_chord(token: str, start: Fraction, length: Fraction) -> Chord:
    """The chord of a token; ``ValueError`` says what is not understood."""
    symbol, brace, rest = token.partition("{")
    parse_chord(symbol)
    if not brace:
        return Chord(start, length, symbol)
    function, _, pitches = rest.removesuffix("}").partition(";")
    if not rest.endswith("}") or not _FUNCTION.match(function):
        raise ValueError(f"{token[:40]!r}: function and voicing are written Am7{{vi;A3,E4,G4,C5}}")
    voicing = tuple(parse_pitch(name) for name in pitches.split(",")) if pitches else ()
    return Chord(start, length, symbol, function, voicing)


# ---- expression curves ----------------------------------------------------------------------------------------
def curve_lines(curves: tuple[Curve, ...], tempo: TempoMap) -> str:
    """``dynamics  9:1 -3  9:5/2 0``: a curve to a line, each point as bar:beat (both from 1) and value."""
    lines = []
    for curve in curves:
        points = []
        for beat, value in curve.points:
            bar = tempo.bar_of(beat)
            points.append(f"{bar + 1}:{fraction(beat - tempo.bar_beat(bar) + 1)} {value!r}")
        lines.append("  ".join([curve.name, *points]))
    return "\n".join(lines)


def read_curves(text: str, tempo: TempoMap) -> tuple[Curve, ...]:
    """Curves from lines; ``LineError`` says which line and what is wrong."""
    curves: list[Curve] = []
    for at, line in enumerate(text.split("\n"), 1):
        name, *tokens = line.split() or [""]
        if not name or name.startswith("#"):
            continue
        try:
            if name not in CURVES:
                raise ValueError(f"there is no curve {name[:20]!r}; there are {', '.join(CURVES)}")
            if len(tokens) % 2 or not tokens or len(tokens) > 20_000:
                raise ValueError(f"points of {name} are written bar:beat value, such as 9:1 0.5")
            points = tuple(_point(name, place, value, tempo) for place, value in zip(tokens[::2], tokens[1::2]))
            if any(b[0] <= a[0] for a, b in zip(points, points[1:])):
                raise ValueError(f"points of {name} do not go forward in time")
            if any(curve.name == name for curve in curves):
                raise ValueError(f"a second curve of {name}; a track has one of each")
            curves.append(Curve(name, points))
        except ValueError as error:
            raise LineError(at, str(error)) from None
    return tuple(curves)


def _point(name: str, place: str, value: str, tempo: TempoMap) -> tuple[Fraction, float]:
    bar, colon, beat = place.partition(":")
    if not colon:
        raise ValueError(f"{place[:20]!r} is no place (write bar:beat, such as 9:1)")
    try:
        figure = float(value)
    except ValueError:
        raise ValueError(f"{value[:20]!r} is no number") from None
    low, high = CURVES[name]
    if not low <= figure <= high:
        raise ValueError(f"{name} {value[:20]}: it goes from {low:g} to {high:g}")
    at = number(beat) - 1
    if not 0 <= at <= MAX_BEATS:
        raise ValueError(f"{place[:20]!r}: beats count from 1")
    return tempo.bar_beat(bar_number(bar)) + at, figure


def section_lines(sections: tuple[Section, ...]) -> str:
    """``verse  5-12  0.45``: name, bars, energy."""
    width = max((len(s.name) for s in sections), default=0)
    return "\n".join(f"{s.name:<{width}}  {s.bar + 1}-{s.bar + s.bars}  {s.energy!r}" for s in sections)


def read_sections(text: str) -> tuple[Section, ...]:
    """Sections from lines; ``LineError`` says which line and what is wrong."""
    found = []
    for at, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = re.match(r"^([\w-]{1,40})\s+(\d{1,5})(?:-(\d{1,5}))?(?:\s+([\d.e-]{1,24}))?$", line)
        if not match:
            raise LineError(at, f"{line[:40]!r} is no section (write: verse 5-12 0.5)")
        first, last = int(match[2]), int(match[3] or match[2])
        try:
            energy = float(match[4] or 0.5)
        except ValueError:
            energy = -1.0
        if not 1 <= first <= last <= MAX_BARS or not 0 <= energy <= 1:
            raise LineError(at, f"{line[:40]!r}: bars go upwards from 1, energy from 0 to 1")
        found.append(Section(match[1], first - 1, last - first + 1, energy))
    return tuple(found)

"""How notes and drum steps are written as lines of text in a ``song.toml``.

Melodic bars: a bar number, then ``pitch:beats`` from the bar line on, ``r:beats`` for rests, ``C4+E4:1`` for notes
struck together; ``!83`` is how hard in hundredths (the track's ``hard`` when absent). Under a bar of the voice stand
its syllables, one for each note. A note may be longer than what is left of its bar. ``@1/2`` jumps to a place in the
bar. Drum bars are step lines, four characters to the beat: ``-`` silence, ``1`` to ``9`` and ``X`` how hard. ``= 5``
repeats bar 5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fractions import Fraction

from audio.score.chords import parse_pitch, pitch_name
from audio.score.model import Note, TempoMap

DRUM_NAMES = {
    35: "kick2", 36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "snare2", 41: "floor", 42: "hat", 43: "tomlow",
    44: "pedal", 45: "tom", 46: "open", 47: "tommid", 48: "tomhigh2", 49: "crash", 50: "tomhigh", 51: "ride",
    53: "bell", 54: "tambourine", 55: "splash", 56: "cowbell", 57: "crash2", 70: "maracas", 75: "claves", 82: "shaker",
}  # fmt: skip
"""General MIDI percussion."""
DRUM_PITCHES = {name: pitch for pitch, name in DRUM_NAMES.items()}

MAX_NOTES = 200_000
MAX_BARS = 10_000
MAX_BEATS = 100_000
STEP = Fraction(1, 4)
_LEVELS = {f"{i / 10:.1f}": str(i) for i in range(1, 10)} | {"1.0": "X"}
_NUMBER = re.compile(r"^-?\d{1,9}(?:/\d{1,6}|\.\d{1,9})?$")
_PLAIN_LYRIC = re.compile(r"^[^\s\"\[\]#=@|]+$")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?:\[[^\]\s]*\])?|\S+')


class LineError(ValueError):
    """A line of a song that is not understood; ``line`` counts from 1 within its text."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def number(text: str) -> Fraction:
    """``3``, ``1/2``, ``0.25`` as an exact fraction; ``ValueError`` otherwise."""
    if not _NUMBER.match(text):
        raise ValueError(f"{text[:20]!r} is no number (write 3, 1/2 or 0.25)")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError(f"{text[:20]!r} divides by zero") from None


def fraction(value: Fraction) -> str:
    """``3`` or ``1/2``."""
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


# ---- melodic parts ------------------------------------------------------------------------------------------
def note_lines(notes: Iterable[Note], tempo: TempoMap, voice: bool, hard: float = 0.8, flats: bool = False) -> str:
    """Notes bar by bar; with ``voice`` every bar has a line of syllables under it."""
    bars: dict[int, list[Note]] = {}
    for note in notes:
        bars.setdefault(tempo.bar_of(note.start), []).append(note)
    seen: dict[str, int] = {}
    lines = []
    for bar in sorted(bars):
        tokens, lyrics = _bar_tokens(bars[bar], tempo.bar_beat(bar), hard, flats)
        body = " ".join(tokens)
        label = f"{bar + 1:>3}"
        if voice:
            words = [x for x in lyrics if x != ""]
            width = [max(len(a), len(b)) for a, b in zip(tokens, lyrics)]
            lines.append(f"{label} | " + "  ".join(t.ljust(w) for t, w in zip(tokens, width)).rstrip())
            if words:
                lines.append("    > " + "  ".join(x.ljust(w) for x, w in zip(lyrics, width)).rstrip())
        elif body in seen:
            lines.append(f"{label} = {seen[body] + 1}")
        else:
            seen[body] = bar
            lines.append(f"{label} | {body}")
    return "\n".join(lines)


def _bar_tokens(
    notes: list[Note], begin: Fraction, hard: float = 0.8, flats: bool = False
) -> tuple[list[str], list[str]]:
    """Tokens of a bar and, for each, the syllable under it ('' under rests)."""
    tokens: list[str] = []
    lyrics: list[str] = []
    cursor = begin
    i = 0
    while i < len(notes):
        note = notes[i]
        group = [note]
        plain = not note.lyric and not note.phones
        while plain and i + len(group) < len(notes):
            other = notes[i + len(group)]
            same = (other.start, other.length, other.velocity) == (note.start, note.length, note.velocity)
            if not same or other.lyric or other.phones:
                break
            group.append(other)
        if note.start > cursor:
            tokens.append(f"r:{fraction(note.start - cursor)}")
            lyrics.append("")
        elif note.start < cursor:
            tokens.append(f"@{fraction(note.start - begin)}")
            lyrics.append("")
        names = "+".join(pitch_name(n.pitch, flats) for n in group)
        tokens.append(f"{names}:{fraction(note.length)}{_level(note.velocity, hard)}")
        lyrics.append(_lyric(note))
        cursor = note.start + note.length
        i += len(group)
    # A bar where some notes are sung needs a mark under each of the others.
    if any(lyrics):
        lyrics = [x or ("" if t[0] in "r@" else ".") for t, x in zip(tokens, lyrics)]
    return tokens, lyrics


def _level(velocity: float, hard: float) -> str:
    if velocity == hard:
        return ""
    whole = round(velocity * 100)
    return f"!{whole}" if whole / 100 == velocity else f"!{velocity!r}"


def _lyric(note: Note) -> str:
    text = note.lyric
    if text or note.phones:
        # "''" would end the TOML text around it; what is not plain is quoted as JSON does it.
        odd = not _PLAIN_LYRIC.match(text) or text in (".",) or "''" in text or not text.isprintable()
        if odd:
            text = json.dumps(text).replace("'", "\\u0027")
    return text + (f"[{'.'.join(note.phones)}]" if note.phones else "")


def read_notes(text: str, tempo: TempoMap, hard: float = 0.8) -> tuple[Note, ...]:
    """Notes from lines; ``LineError`` says which line and what is wrong."""
    notes: list[Note] = []
    bars: dict[int, list[Note]] = {}
    open_bar: list[int] = []
    heads: list[int] = []
    for at, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith(">"):
                _put_lyrics(notes, [open_bar[i] for i in heads] if open_bar else [], line[1:])
                bars[max(bars)] = bars[max(bars)] if not open_bar else [notes[i] for i in open_bar]
                open_bar = []
                continue
            bar, mark, body = bar_line(line)
            begin = tempo.bar_beat(bar)
            if mark == "=":
                source = bars.get(bar_number(body))
                if source is None:
                    raise ValueError(f"bar {body[:12]!r} is not written above")
                shift = begin - tempo.bar_beat(bar_number(body))
                new = [Note(n.start + shift, n.length, n.pitch, n.velocity, n.lyric, n.phones) for n in source]
                heads = list(range(len(new)))
            else:
                new, heads = _read_bar(body, begin, hard)
            open_bar = list(range(len(notes), len(notes) + len(new)))
            notes += new
            bars[bar] = new
            if len(notes) > MAX_NOTES:
                raise ValueError(f"more than {MAX_NOTES} notes")
        except ValueError as error:
            raise LineError(at, str(error)) from None
    return tuple(notes)


def bar_line(line: str) -> tuple[int, str, str]:
    match = re.match(r"^(\d{1,6})\s*([|=])\s*(.*)$", line)
    if not match:
        raise ValueError(f"{line[:40]!r} does not begin with a bar number and |")
    return bar_number(match[1]), match[2], match[3]


def bar_number(text: str) -> int:
    if not text.strip().isdigit() or not 1 <= int(text[:9]) <= MAX_BARS:
        raise ValueError(f"{text[:12]!r} is no bar number from 1 to {MAX_BARS}")
    return int(text) - 1


def _read_bar(body: str, begin: Fraction, hard: float = 0.8) -> tuple[list[Note], list[int]]:
    """Notes of a bar, and which of them open a token (and so may have a syllable)."""
    notes: list[Note] = []
    heads: list[int] = []
    cursor = begin
    for token in body.split():
        if token.startswith("@"):
            cursor = begin + number(token[1:])
            continue
        head, _, level = token.partition("!")
        names, colon, length_text = head.partition(":")
        if not colon:
            raise ValueError(f"{token[:30]!r} has no length (write C4:1/2)")
        length = number(length_text)
        if not 0 < length <= MAX_BEATS:
            raise ValueError(f"{token[:30]!r} has no length above 0")
        if names != "r":
            velocity = hard if not level else float(level) if "." in level or "e" in level else int(level) / 100
            if not 0 <= velocity <= 1:
                raise ValueError(f"{token[:30]!r}: how hard goes from 0 to 100")
            heads.append(len(notes))
            for name in names.split("+"):
                notes.append(Note(cursor, length, parse_pitch(name), velocity))
        cursor += length
        if cursor < 0 or cursor > MAX_BEATS:
            raise ValueError(f"{token[:30]!r} lies outside the song")
    return notes, heads


def _put_lyrics(notes: list[Note], starts: list[int], line: str) -> None:
    tokens = _TOKEN.findall(line)
    if len(tokens) != len(starts):
        raise ValueError(f"{len(tokens)} syllables under {len(starts)} notes")
    for i, token in zip(starts, tokens):
        lyric, phones = ("" if token == "." else token), ""
        if token.startswith('"'):
            text, end = json.JSONDecoder().raw_decode(token)
            lyric, phones = str(text), token[end:]
        elif "[" in token:
            lyric, _, rest = token.partition("[")
            phones = "[" + rest
        if phones and not (phones.startswith("[") and phones.endswith("]")):
            raise ValueError(f"{token[:30]!r}: phones are written win-[W.IH.N]")
        note = notes[i]
        sounds = tuple(p for p in phones[1:-1].split(".") if p)
        notes[i] = Note(note.start, note.length, note.pitch, note.velocity, lyric, sounds)


# ---- drums --------------------------------------------------------------------------------------------------
def swing_of(notes: Iterable[Note]) -> Fraction:
    """How late every second sixteenth comes in a drum part (0 when straight or mixed)."""
    late = {note.start % Fraction(1, 2) - STEP for note in notes if note.start % STEP != 0}
    return next(iter(late)) if len(late) == 1 and 0 < next(iter(late)) < STEP else Fraction(0)


def drum_lines(notes: Iterable[Note], tempo: TempoMap, swing: Fraction) -> str:
    """Drums as step lines, or as note lines in bars that do not lie on the steps."""
    bars: dict[int, list[Note]] = {}
    for note in notes:
        bars.setdefault(tempo.bar_of(note.start), []).append(note)
    seen: dict[str, int] = {}
    lines = []
    for bar in sorted(bars):
        begin, end = tempo.bar_beat(bar), tempo.bar_beat(bar + 1)
        steps = _step_rows(bars[bar], begin, end, swing)
        body = "\n".join(steps) if steps else " ".join(_bar_tokens(bars[bar], begin)[0])
        label = f"{bar + 1:>3}"
        if body in seen:
            lines.append(f"{label} = {seen[body] + 1}")
            continue
        seen[body] = bar
        if steps:
            lines += [f"{label if i == 0 else '   '} | {row}" for i, row in enumerate(steps)]
        else:
            lines.append(f"{label} | {body}")
    return "\n".join(lines)


def _step_rows(notes: list[Note], begin: Fraction, end: Fraction, swing: Fraction) -> list[str] | None:
    size = (end - begin) / STEP
    if size.denominator != 1:
        return None
    rows: dict[int, list[str]] = {}
    for note in notes:
        place = note.start - begin
        index = place / STEP
        if index.denominator != 1:
            index = (place - swing) / STEP
            if index.denominator != 1 or index % 2 != 1:
                return None
        elif swing and index % 2 == 1:
            return None
        level = _LEVELS.get(repr(note.velocity))
        if note.pitch not in DRUM_NAMES or level is None or note.length != STEP or note.lyric or note.phones:
            return None
        row = rows.setdefault(note.pitch, ["-"] * int(size))
        if row[int(index)] != "-":
            return None
        row[int(index)] = level
    order = sorted(rows)
    again = _read_rows([(p, "".join(rows[p])) for p in order], begin, swing)
    return [f"{DRUM_NAMES[p]:<10} {''.join(rows[p])}" for p in order] if again == notes else None


def _read_rows(rows: list[tuple[int, str]], begin: Fraction, swing: Fraction) -> list[Note]:
    found = []
    for pitch, row in rows:
        for i, mark in enumerate(row):
            if mark in "-.":
                continue
            if mark not in "123456789Xx":
                raise ValueError(f"{mark!r} is no drum step (write - for silence, 1 to 9 or X for a stroke)")
            level = 1.0 if mark == "X" else 0.8 if mark == "x" else int(mark) / 10
            start = begin + STEP * i + (swing if i % 2 else 0)
            found.append(Note(start, STEP, pitch, level))
    return sorted(found, key=lambda n: (n.start, n.pitch))


def read_drums(text: str, tempo: TempoMap, swing: Fraction) -> tuple[Note, ...]:
    """Drum notes from step lines and note lines; ``LineError`` says which line and what is wrong."""
    bars: dict[int, list[Note]] = {}
    order: list[int] = []
    rows: list[tuple[int, str]] = []
    current = -1
    total = 0
    for at, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            if line.startswith("|"):
                if current < 0:
                    raise ValueError("a step line before any bar number")
                rows.append(_row(line[1:]))
            else:
                current, mark, body = bar_line(line)
                order.append(current)
                rows = []
                if mark == "=":
                    source = bars.get(bar_number(body))
                    if source is None:
                        raise ValueError(f"bar {body[:12]!r} is not written above")
                    shift = tempo.bar_beat(current) - tempo.bar_beat(bar_number(body))
                    bars[current] = [Note(n.start + shift, n.length, n.pitch, n.velocity) for n in source]
                elif ":" in body:
                    bars[current] = _read_bar(body, tempo.bar_beat(current))[0]
                else:
                    rows = [_row(body)]
            if rows:
                longest = (tempo.bar_beat(current + 1) - tempo.bar_beat(current)) / STEP
                if len(rows[-1][1]) > longest:
                    raise ValueError(f"{len(rows[-1][1])} steps in a bar of {int(longest)}")
                bars[current] = _read_rows(rows, tempo.bar_beat(current), swing)
            total += len(bars.get(current, []))
            if total > MAX_NOTES * 8 or len(order) > MAX_BARS:
                raise ValueError(f"more than {MAX_NOTES} notes")
        except ValueError as error:
            raise LineError(at, str(error)) from None
    return tuple(note for bar in dict.fromkeys(order) for note in bars.get(bar, []))


def _row(text: str) -> tuple[int, str]:
    parts = text.split()
    if len(parts) < 2 or parts[0] not in DRUM_PITCHES:
        raise ValueError(f"{text.strip()[:30]!r} is no drum line (write: kick 9---9---9---9---)")
    return DRUM_PITCHES[parts[0]], "".join(parts[1:])

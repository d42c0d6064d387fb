"""The plan of a song: key, tempo, sections and chords, all decided before a note."""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audio.compose.metre import Metre, metre_of
from audio.compose.theory import CHURCH, MODES, church, is_light, progression, spiced, symbol_of
from audio.compose.wish import Reading
from audio.compose.words import styles
from audio.score.chords import parse_chord, pitch_class
from audio.score.model import Chord, Meter, Note, Section
from characters.definition import Definition

SUNG = ("verse", "pre", "chorus", "bridge")
SHORT_SONG = 32.0
"""A song of at least this many seconds has at least sixteen sung bars."""

FASTEST_DOUBLE = 150.0
"""Double time beyond this would gabble its words."""

Parts = list[tuple[str, int]]

SHORTEST, LONGEST = 94.0, 210.0
"""Seconds a song lasts when nobody says how long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fixed before notes are written. ``variants`` is 1, 2, 3 ... for each return of a section's name.

    ``keys`` are (bar, tonic, mode) from that bar on: the home key, and where a section lies in another one.
    ``line_bars`` is how many bars one sung line takes.
    """

    style: dict[str, Any]
    mood: str
    tempo: Fraction
    meter: Meter
    metre: Metre
    tonic: int
    mode: str
    sections: tuple[Section, ...]
    variants: tuple[int, ...]
    chords: tuple[Chord, ...]
    bars: int
    line_bars: int
    keys: tuple[tuple[int, int, str], ...]

    @property
    def bar(self) -> Fraction:
        """Quarter beats in a bar."""
        return self.meter.quarters

    @property
    def grid(self) -> int:
        """Melody slots in a quarter beat."""
        return max(int(self.style["grid"]), 4 if self.meter.unit == 16 else 2)

    def key_at(self, bar: int) -> tuple[int, str]:
        """(tonic, mode) of a bar."""
        found = (self.tonic, self.mode)
        for begin, tonic, mode in self.keys:
            if begin > bar:
                break
            found = (tonic, mode)
        return found

    def chord_at(self, beat: Fraction) -> Chord:
        """The chord sounding at a beat."""
        at = bisect.bisect_right(_begins(self.chords), float(beat) + 1e-9) - 1
        return self.chords[max(0, at)]


_BEGINS: dict[int, tuple[tuple[Chord, ...], list[float]]] = {}


def _begins(chords: tuple[Chord, ...]) -> list[float]:
    """Starts of the chords as floats, made once for each song."""
    kept = _BEGINS.get(id(chords))
    if kept is None or kept[0] is not chords:
        if len(_BEGINS) > 8:
            _BEGINS.clear()
        kept = _BEGINS[id(chords)] = (chords, [float(c.start) for c in chords])
    return kept[1]


def make_plan(definition: Definition, wish: Reading, rng: random.Random, person: Sequence[Note] = ()) -> Plan:
    """Decide style, key, tempo and form from a wish, inside what the character plays.

    ``person`` is a melody that the chorus begins with; its chords are chosen to fit.
    """
    style = choose_style(definition, wish, rng)
    mode = _mode(definition, wish, style, rng)
    tonic = wish.key if wish.key is not None else _tonic(definition, rng)
    metre = metre_for(wish, style)
    meter = Meter(0, metre.beats, metre.unit)
    low, high = _tempo_range(definition, wish, style)
    parts, tempo, line_bars = _form(wish, style, metre, low, high, rng)
    mood = wish.mood or (style["mood"] if is_light(mode) else _shade(style["mood"]))
    sections, variants = _sections(parts, style)
    keys = _keys(sections, variants, style, tonic, mode, wish.lift, rng)
    chords = _chords(sections, style, tonic, mode, keys, metre, line_bars, person, rng)
    bars = sum(n for _, n in parts)
    return Plan(
        style, mood, tempo, meter, metre, tonic, mode, sections, variants, chords, bars, line_bars, keys
    )  # fmt: skip


def metre_for(wish: Reading, style: dict[str, Any]) -> Metre:
    """The metre asked for, else the style's, with the style's groups where they fit."""
    groups = tuple(int(n) for n in style.get("groups", ()))
    return metre_of(wish.meter or str(style["meter"]), groups)


def choose_style(definition: Definition, wish: Reading, rng: random.Random) -> dict[str, Any]:
    """The wish's style, else one of the character's, else synth-pop."""
    known = styles()
    if wish.style:
        return known[wish.style]
    if wish.meter == "3/4":
        return known["waltz"]
    from audio.compose.wish import _style_in

    own = [name for text in definition.music.styles if (name := _style_in(text.lower()))]
    return known[rng.choice(own)] if own else known["synth-pop"]


def _shade(mood: str) -> str:
    return {"bright": "dark", "playful": "playful"}.get(mood, mood)


def _mode(definition: Definition, wish: Reading, style: dict[str, Any], rng: random.Random) -> str:
    if wish.mode:
        return wish.mode
    usual = [str(m) for m in style["modes"]]
    if wish.style and not all(m in CHURCH for m in usual):
        own = usual  # a tradition's own scales are part of what was asked for
    else:
        own = [m for m in definition.music.modes if m in MODES] or usual
    dark = [m for m in (*own, *usual) if not is_light(m)]
    light = [m for m in (*own, *usual) if is_light(m)]
    if wish.mood == "dark":
        return rng.choice([m for m in dark if m in own] or dark or ["minor"])
    if wish.mood in ("bright", "playful") and light:
        return rng.choice([m for m in light if m in own] or light)
    return rng.choice([m for m in own if m in usual] or own)


def _tonic(definition: Definition, rng: random.Random) -> int:
    keys = []
    for key in definition.music.keys:
        try:
            keys.append(pitch_class(key.strip()[:2].rstrip(" m")))
        except (KeyError, IndexError):
            continue
    return rng.choice(keys) if keys else rng.randrange(12)


def _tempo_range(definition: Definition, wish: Reading, style: dict[str, Any]) -> tuple[float, float]:
    slow, fast = (float(x) for x in style["tempo"])
    own_slow, own_fast = sorted(float(x) for x in definition.music.tempo)
    if wish.style:
        low, high = slow, fast
    else:
        low, high = max(slow, own_slow), min(fast, own_fast)
        if low > high:
            low, high = own_slow, own_fast
    pace = wish.pace if wish.pace is not None else {"dark": 0.2, "tender": 0.2}.get(wish.mood)
    if pace is not None:
        at = low + (high - low) * pace
        low, high = max(low, at - 3), min(high, at + 3)
    return max(45.0, low), min(220.0, max(high, 45.0))


def _form(
    wish: Reading, style: dict[str, Any], metre: Metre, low: float, high: float, rng: random.Random
) -> tuple[Parts, Fraction, int]:
    """(parts, tempo, bars in a sung line)."""
    if wish.tempo is not None:
        low = high = wish.tempo
    tempo = rng.uniform(low + (high - low) * 0.2, low + (high - low) * 0.8)
    quarters = float(metre.quarters)
    # Lines of two bars; where bars are very short (5/8 and quick) of four, and sections twice as many bars.
    line_bars = 4 if 2 * quarters * 60 / tempo < SHORT_LINE else 2
    forms = [[(str(name), int(bars) * line_bars // 2) for name, bars in form] for form in style["form"]["full"]]
    if wish.seconds is not None:
        parts, whole = _fit(wish.seconds, forms[0], quarters, (low, high), tempo, wish.tempo is not None)
        return parts, whole, 2
    if wish.form:
        forms = [shaped(wish.form, forms[0], line_bars)]
    if wish.bars is not None:
        parts = form_of(max(1, min(400, wish.bars)), rng.choice(forms))
        return parts, Fraction(round(tempo)), 2
    bar = quarters * 60 / tempo
    fitting = [f for f in forms if SHORTEST <= _length(f) * bar <= LONGEST]
    chosen = rng.choice(fitting) if fitting else min(forms, key=lambda f: abs(_length(f) * bar - 140.0))
    if not wish.form:
        chosen = _sized(chosen, bar)
    return chosen, Fraction(round(tempo)), line_bars


SHORT_LINE = 2.2
"""Seconds of two bars below which a line takes four."""


def _sized(parts: Parts, bar: float) -> Parts:
    """A form brought to a usual length: verse and chorus again when too short, an inner pair less when too long."""
    parts = list(parts)
    while _length(parts) * bar < SHORTEST and len(parts) < 40:
        chorus = next((p for p in reversed(parts) if p[0] == "chorus"), ("chorus", 8))
        verse = next((p for p in parts if p[0] == "verse"), ("verse", 8))
        parts[-1:-1] = [verse, chorus]
    while _length(parts) * bar > LONGEST * 1.25 and len(parts) > 5:
        at = next((i for i in range(len(parts) - 3, 1, -1) if parts[i][0] in ("break", "verse", "pre")), 0)
        if not at:
            break
        del parts[at]
    return parts


def shaped(names: tuple[str, ...], usual: Parts, line_bars: int) -> Parts:
    """A form as named in the prompt, each part as long as the style's."""
    sizes = dict(reversed(usual))
    default = {"intro": 4, "pre": 4, "break": 4, "outro": 2}
    return [(name, sizes.get(name, default.get(name, 8) * line_bars // 2)) for name in names]


def form_of(bars: int, full: Parts) -> Parts:
    """A form of exactly ``bars`` bars: the full one cut or grown in whole parts, intro and ending taking the rest."""
    ladder: list[Parts] = [*short_forms(), full, [*full[:-1], *full[2:4], full[-1]]]
    fitting = [parts for parts in ladder if (n := _length(parts)) <= bars and bars - n <= 8]
    if fitting:
        parts = list(_longest(fitting))
    elif bars < 8:
        return [("chorus", bars)]
    else:
        parts = list(_longest([p for p in [*ladder, [("chorus", 8)]] if _length(p) <= bars]))
        while bars - _length(parts) >= 16:
            parts[-1:-1] = [("verse", 8), ("chorus", 8)]
    rest = bars - _length(parts)
    if rest >= 8:
        parts.insert(-1, ("chorus", 8))
        rest -= 8
    if rest >= 4:
        at = next((i for i, (name, _) in enumerate(parts) if name == "chorus"), 0)
        parts.insert(at, ("pre", 4))
        rest -= 4
    return _lengthen(parts, rest)


def _lengthen(parts: Parts, rest: int) -> Parts:
    if not rest:
        return parts
    if parts[0][0] == "intro":
        return [("intro", parts[0][1] + rest), *parts[1:]]
    return [("intro", rest), *parts]


def short_forms() -> list[Parts]:
    """Short forms from the smallest up."""
    return [
        [("chorus", 4)],
        [("chorus", 4), ("outro", 1)],
        [("intro", 1), ("chorus", 4), ("outro", 1)],
        [("chorus", 8)],
        [("intro", 1), ("chorus", 8), ("outro", 1)],
        [("verse", 4), ("chorus", 8), ("outro", 1)],
        [("verse", 8), ("chorus", 8)],
        [("verse", 8), ("chorus", 8), ("outro", 1)],
        [("intro", 1), ("verse", 8), ("chorus", 8), ("outro", 1)],
        [("intro", 2), ("verse", 8), ("chorus", 8), ("outro", 1)],
        [("intro", 2), ("verse", 8), ("pre", 4), ("chorus", 8), ("outro", 2)],
        [("intro", 4), ("verse", 8), ("pre", 4), ("chorus", 8), ("outro", 2)],
        [("intro", 2), ("verse", 8), ("pre", 4), ("chorus", 8), ("chorus", 8), ("outro", 2)],
        [("intro", 2), ("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("outro", 2)],
        [("intro", 4), ("verse", 8), ("pre", 4), ("chorus", 8), ("verse", 8), ("chorus", 8), ("outro", 2)],
        [("intro", 4), ("verse", 8), ("pre", 4), ("chorus", 8), ("verse", 8), ("pre", 4), ("chorus", 8), ("outro", 2)],
    ]


def _longest(forms: list[Parts]) -> Parts:
    return sorted(forms, key=_length)[-1]


def _length(parts: Parts) -> int:
    return sum(n for _, n in parts)


def _sung(parts: Parts) -> int:
    return sum(n for name, n in parts if name in SUNG)


def _fit(
    seconds: float, full: Parts, quarters: float, span: tuple[float, float], liked: float, fixed: bool
) -> tuple[Parts, Fraction]:
    """The longest form that fits in ``seconds`` at a tempo of the range; tempo just fast enough.

    From 32 seconds on there are at least 16 sung bars: a slow character's short song is written in double time (a
    half-time feel at the same pulse), and if even that misses, the nearest tempo that fits is taken.
    """
    seconds = min(900.0, max(4.0, seconds))
    need = 16 if seconds >= SHORT_SONG else 4
    ladder = [*short_forms(), full]
    while _length(ladder[-1]) < 180:
        ladder.append([*ladder[-1][:-1], ("verse", 8), ("chorus", 8), ladder[-1][-1]])
    low, high = span
    ranges = [(low, high)] if fixed else [(low, high), (2 * low, min(FASTEST_DOUBLE, 2 * high))]
    for slow, fast in ranges:
        fitting = [p for p in ladder if _length(p) * quarters * 60 / fast <= seconds and _sung(p) >= need]
        if fitting and slow <= fast:
            parts = max(fitting, key=lambda p: (min(_length(p), 24), _length(p)))
            least = _length(parts) * quarters * 60 / seconds
            return parts, _whole_tempo(max(least, slow), fast)
    # Nothing fits inside the range: the shortest form with enough singing, as near to the range as it goes.
    enough = [p for p in ladder if _sung(p) >= need]
    near = [p for p in enough if _length(p) * quarters * 60 / seconds <= 1.14 * high]
    parts = _longest(near) if near else enough[0]
    least = _length(parts) * quarters * 60 / seconds
    if fixed and least > high:
        short = [p for p in ladder if _length(p) * quarters * 60 / high <= seconds]
        return (short[-1] if short else ladder[0]), Fraction(high).limit_denominator(100)
    return parts, _whole_tempo(max(least, low), 240.0)


def _whole_tempo(least: float, most: float) -> Fraction:
    """The next whole tempo that is fast enough, or a tenth where a whole one would leave the range."""
    whole = Fraction(-int(-least // 1))
    if whole <= most:
        return whole
    return min(Fraction(-int(-least * 10 // 1), 10), Fraction(most).limit_denominator(100)) if most >= least else whole


def _sections(parts: Parts, style: dict[str, Any]) -> tuple[tuple[Section, ...], tuple[int, ...]]:
    sections, variants, bar = [], [], 0
    seen: dict[str, int] = {}
    choruses = sum(name == "chorus" for name, _ in parts)
    for name, bars in parts:
        seen[name] = seen.get(name, 0) + 1
        variant = seen[name]
        if name == "chorus" and variant == choruses and choruses > 1:
            variant = 3
        energy = style["energy"].get(name, 0.5) + 0.05 * (min(variant, 3) - 1) * (name in ("verse", "chorus"))
        sections.append(Section(name, bar, bars, round(min(1.0, energy), 3)))
        variants.append(variant)
        bar += bars
    return tuple(sections), tuple(variants)


def _keys(
    sections: tuple[Section, ...],
    variants: tuple[int, ...],
    style: dict[str, Any],
    tonic: int,
    mode: str,
    lift: int,
    rng: random.Random,
) -> tuple[tuple[int, int, str], ...]:
    """Home; often another key for the bridge; and where it is asked for, a lift before the last chorus."""
    keys = [(0, tonic, mode)]
    away = _related(tonic, mode)
    lifted = 0
    for i, section in enumerate(sections):
        if section.name == "bridge" and mode in CHURCH and rng.random() < float(style["modulation"]):
            keys.append((section.bar, *rng.choice(away)))
            keys.append((section.bar + section.bars, tonic, mode))
        if lift and section.name == "chorus" and variants[i] == 3:
            lifted = lift
            keys.append((section.bar, (tonic + lift) % 12, mode))
    if lift and not lifted:
        last = max((s for s in sections if s.name in SUNG), key=lambda s: s.bar, default=None)
        if last is not None and last.bar:
            keys.append((last.bar, (tonic + lift) % 12, mode))
    last_at: dict[int, tuple[int, int, str]] = {bar: (bar, t, m) for bar, t, m in keys}
    return tuple(last_at[bar] for bar in sorted(last_at))


def _related(tonic: int, mode: str) -> list[tuple[int, str]]:
    """Near keys a bridge may go to: relative, subdominant and (in minor) dominant side."""
    if is_light(mode):
        return [((tonic + 9) % 12, "minor"), ((tonic + 5) % 12, "major"), ((tonic + 2) % 12, "dorian")]
    return [((tonic + 3) % 12, "major"), ((tonic + 5) % 12, "minor"), ((tonic + 8) % 12, "lydian")]


def _chords(
    sections: tuple[Section, ...],
    style: dict[str, Any],
    tonic: int,
    mode: str,
    keys: tuple[tuple[int, int, str], ...],
    metre: Metre,
    line_bars: int,
    person: Sequence[Note],
    rng: random.Random,
) -> tuple[Chord, ...]:
    colour, spice = style["colour"], float(style["spice"])
    bank = harmony_of(style, mode)
    romans = {name: spiced(rng.choice(bank[name]), mode, spice, rng) for name in SUNG}
    if person:
        romans["chorus"] = max(
            bank["chorus"] + bank["verse"],
            key=lambda text: _fit_of(progression(text, tonic, mode, colour), person, metre),
        )
    chords: list[Chord] = []
    for i, section in enumerate(sections):
        own = [k for k in keys if k[0] <= section.bar][-1][1:]
        closing = progression(bank["cadence"], own[0], own[1], colour)
        home = symbol_of("I" if is_light(church(own[1])) else "i", own[0], own[1], bank.get("home", "triads"))
        source = section.name if section.name in SUNG else "chorus" if section.name != "outro" else "verse"
        if own[1] != mode:
            text = rng.choice(harmony_of(style, own[1])["verse"])
        else:
            text = romans[source]
        cycle = progression(text, own[0], own[1], colour)
        bars = [cycle[k * 2 // line_bars % len(cycle)] for k in range(section.bars)]
        after = sections[i + 1].name if i + 1 < len(sections) else ""
        half = section.bars >= 8
        if source == "chorus" and half:
            bars[-2:] = [closing[-1], [home]]
        elif source == "bridge" and half:
            back = [k for k in keys if k[0] <= section.bar + section.bars][-1][1:]
            bars[-1] = progression(bank["cadence"], back[0], back[1], colour)[-1]
        elif source == "verse" and half and after in ("chorus", "pre"):
            bars[-2:] = closing[-2:] if len(closing) > 1 else [*bars[-2:-1], closing[-1]]
        if i == len(sections) - 1:
            bars[-1] = [home]
            if section.bars > 1 and section.name == "outro":
                bars[-2] = closing[-1]
        chords += _timed(bars, section.bar, metre)
    return tuple(chords)


def _fit_of(cycle: list[list[str]], person: Sequence[Note], metre: Metre) -> float:
    """How much of a played melody (beats from the section's beginning) lies in a progression's chords."""
    inside = 0.0
    for chord in _timed([cycle[k % len(cycle)] for k in range(16)], 0, metre):
        tones = parse_chord(chord.symbol).tones
        for note in person:
            if chord.start <= note.start < chord.start + chord.length and note.pitch % 12 in tones:
                inside += float(note.length) * (1.5 if note.start == chord.start else 1.0)
    return inside


def harmony_of(style: dict[str, Any], mode: str) -> dict[str, Any]:
    """A style's progressions for a mode, or for the church mode a scale leans on."""
    table: dict[str, dict[str, Any]] = style["harmony"]
    return table[mode] if mode in table else table[church(mode)]


def _timed(bars: list[list[str]], first: int, metre: Metre) -> list[Chord]:
    found = []
    for k, bar in enumerate(bars):
        at = metre.quarters * (first + k)
        for length, symbol in zip(metre.parts(len(bar)), bar):
            found.append(Chord(at, length, symbol))
            at += length
    return found

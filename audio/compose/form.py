"""The plan of a song: key, tempo, sections and chords, all decided before a note."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from audio.compose.theory import MODES, progression, symbol_of
from audio.compose.wish import Reading
from audio.compose.words import styles
from audio.score.chords import pitch_class
from audio.score.model import Chord, Meter, Section
from characters.definition import Definition

SUNG = ("verse", "pre", "chorus", "bridge")
SHORT_SONG = 32.0
"""A song of at least this many seconds has at least sixteen sung bars."""

FASTEST_DOUBLE = 150.0
"""Double time beyond this would gabble its words."""

Parts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fixed before notes are written. ``variants`` is 1, 2, 3 ... for each return of a section's name."""

    style: dict[str, Any]
    mood: str
    tempo: Fraction
    meter: Meter
    tonic: int
    mode: str
    sections: tuple[Section, ...]
    variants: tuple[int, ...]
    chords: tuple[Chord, ...]
    bars: int

    @property
    def bar(self) -> Fraction:
        """Quarter beats in a bar."""
        return self.meter.quarters


def make_plan(definition: Definition, wish: Reading, rng: random.Random) -> Plan:
    """Decide style, key, tempo and form from a wish, inside what the character plays."""
    style = choose_style(definition, wish, rng)
    mode = _mode(definition, wish, style, rng)
    tonic = wish.key if wish.key is not None else _tonic(definition, rng)
    meter = Meter(0, *(int(x) for x in style["meter"].split("/")))
    low, high = _tempo_range(definition, wish, style)
    parts, tempo = _form(wish, style, meter, low, high, rng)
    mood = wish.mood or (style["mood"] if mode in ("major", "lydian", "mixolydian") else _shade(style["mood"]))
    sections, variants = _sections(parts, style)
    chords = _chords(sections, style, tonic, mode, meter, rng)
    bars = sum(n for _, n in parts)
    return Plan(style, mood, tempo, meter, tonic, mode, sections, variants, chords, bars)


def choose_style(definition: Definition, wish: Reading, rng: random.Random) -> dict[str, Any]:
    """The wish's style, else one of the character's, else synth-pop."""
    known = styles()
    if wish.waltz:
        return known["waltz"]
    if wish.style:
        return known[wish.style]
    from audio.compose.wish import _style_in

    own = [name for text in definition.music.styles if (name := _style_in(text.lower()))]
    return known[rng.choice(own)] if own else known["synth-pop"]


def _shade(mood: str) -> str:
    return {"bright": "dark", "playful": "playful"}.get(mood, mood)


def _mode(definition: Definition, wish: Reading, style: dict[str, Any], rng: random.Random) -> str:
    if wish.mode:
        return wish.mode
    own = [m for m in definition.music.modes if m in MODES] or list(style["modes"])
    dark = [m for m in ("minor", "dorian", "phrygian") if m in own or m in style["modes"]]
    light = [m for m in ("major", "lydian", "mixolydian") if m in own or m in style["modes"]]
    if wish.mood == "dark":
        return rng.choice([m for m in dark if m in own] or dark or ["minor"])
    if wish.mood in ("bright", "playful") and light:
        return rng.choice([m for m in light if m in own] or light)
    return rng.choice([m for m in own if m in style["modes"]] or own)


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
    if wish.style or wish.waltz:
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
    wish: Reading, style: dict[str, Any], meter: Meter, low: float, high: float, rng: random.Random
) -> tuple[Parts, Fraction]:
    if wish.tempo is not None:
        low = high = wish.tempo
    tempo = rng.uniform(low + (high - low) * 0.2, low + (high - low) * 0.8)
    full: Parts = [(str(name), int(bars)) for name, bars in style["form"]["full"]]
    if wish.seconds is not None:
        return _fit(float(wish.seconds), full, float(meter.quarters), (low, high), tempo, wish.tempo is not None)
    parts = full if wish.bars is None else form_of(max(1, min(400, wish.bars)), full)
    return parts, Fraction(round(tempo))


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


def _chords(
    sections: tuple[Section, ...], style: dict[str, Any], tonic: int, mode: str, meter: Meter, rng: random.Random
) -> tuple[Chord, ...]:
    bank, colour = style["harmony"][mode], style["colour"]
    chosen = {name: progression(rng.choice(bank[name]), tonic, mode, colour) for name in SUNG}
    alt = {name: progression(rng.choice(bank[name]), tonic, mode, colour) for name in ("verse", "chorus", "bridge")}
    closing = progression(bank["cadence"], tonic, mode, colour)
    home = symbol_of("i" if mode in ("minor", "dorian", "phrygian") else "I", tonic, mode, "triads")
    chords: list[Chord] = []
    for i, section in enumerate(sections):
        source = section.name if section.name in SUNG else "chorus" if section.name != "outro" else "verse"
        bars = [chosen[source][k % 4] for k in range(section.bars)]
        if source == "chorus" and section.bars == 8:
            bars[4:] = [chosen["chorus"][0], chosen["chorus"][1], *_ending(chosen["chorus"], closing, home)]
        elif source == "bridge" and section.bars == 8:
            bars[4:] = [*alt["bridge"][:3], closing[1]]
        elif source == "verse" and section.bars == 8 and i + 1 < len(sections):
            bars[6:] = closing if sections[i + 1].name in ("chorus", "pre") else bars[6:]
        if i == len(sections) - 1:
            bars[-1] = [home]
            if section.bars > 1 and section.name == "outro":
                bars[-2] = closing[1]
        for k, bar in enumerate(bars):
            start, share = meter.quarters * (section.bar + k), meter.quarters / len(bar)
            chords += [Chord(start + share * n, share, symbol) for n, symbol in enumerate(bar)]
    return tuple(chords)


def _ending(chorus: list[list[str]], closing: list[list[str]], home: str) -> list[list[str]]:
    """Last two bars of a chorus: its own dominant, then home."""
    return [closing[1], [home]]

"""The sung line: tunes with words on them, several tried, the best kept."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from fractions import Fraction

from audio.compose import critic
from audio.compose.form import SUNG, Plan
from audio.compose.lyrics import Lyrics
from audio.compose.prosody import place, weight
from audio.compose.theory import ladder
from audio.compose.tune import Motif, Phrase, Shape, make_motif, make_tune, nearest_tone
from audio.compose.words import Syllable, syllabify
from audio.score.model import Chord, Note, Section

CANDIDATES = 14
LINE_BARS = 2


@dataclass(frozen=True, slots=True)
class Melody:
    """The chosen sung line, its motif, and the chorus tune for instruments to quote."""

    notes: tuple[Note, ...]
    motif: Motif
    hook: Phrase
    figures: dict[str, float]


def write_melody(plan: Plan, lyrics: Lyrics, low: int, high: int, rng: random.Random) -> Melody:
    """Best of several candidates by the critic's figures."""
    best: tuple[float, Melody] | None = None
    for _ in range(CANDIDATES):
        try_rng = random.Random(rng.getrandbits(64))
        melody = _candidate(plan, lyrics, low, high, try_rng)
        spread = min(17.0, float(high - low))
        bad = critic.score(melody.figures, (min(10.0, spread * 0.7), spread))
        bad += 3.0 * _off_chord(melody.notes, plan) + _awkward(melody.notes)
        if best is None or bad < best[0]:
            best = (bad, melody)
    assert best is not None
    return best[1]


def _candidate(plan: Plan, lyrics: Lyrics, low: int, high: int, rng: random.Random) -> Melody:
    style, grid, quarters = plan.style, int(plan.style["grid"]), plan.bar
    peak = _peak(plan, low, high, rng)
    floor = max(low, peak - rng.choice((12, 13, 14)))
    cells, tails = list(style["melody"]["cells"]), list(style["melody"]["tails"])
    hook_onsets = _onsets(rng.choice(style["melody"]["hooks"]), grid)
    motif = make_motif(hook_onsets, rng)
    verse_motif = make_motif(_onsets(rng.choice(cells), grid), rng)
    tunes: dict[str, list[Phrase]] = {}
    for name in SUNG:
        section = next((s for s in plan.sections if s.name == name), None)
        if section is None and name != "chorus":
            continue
        begin = section.bar if section else 0
        own = motif if name == "chorus" else motif.inverted() if name == "bridge" else verse_motif
        shape = _shape(name, floor, peak)
        count = len(shape.moves)
        first = own.onsets if name == "chorus" else _onsets(rng.choice(cells), grid)
        other = _onsets(rng.choice(cells), grid)
        t1, t2, t3 = (_onsets(rng.choice(tails), grid) for _ in range(3))
        rhythms = [first, first, first, other][:count] if name != "pre" else [first, first]
        answers = [t1, t2, t1, t3][:count]

        def chord_at(k: int, slot: int, begin: int = begin) -> str:
            return chord_of(plan, quarters * (begin + LINE_BARS * k) + Fraction(max(0, slot), grid)).symbol

        tunes[name] = make_tune(own, rhythms, answers, shape, plan.tonic, plan.mode, grid, quarters, chord_at, rng)
    notes = _sing(plan, lyrics, tunes, floor, peak, rng)
    figures = critic.metrics(notes, plan.tonic, plan.mode, quarters)
    return Melody(tuple(notes), motif, tunes["chorus"][0], figures)


def _shape(name: str, floor: int, peak: int) -> Shape:
    span = peak - floor
    if name == "verse":
        return Shape(floor, peak - span // 4, (0.4, 0.5, 0.35, 0.55), ("state", "sequence", "same", "invert"), False)
    if name == "pre":
        return Shape(floor + span // 5, peak - 2, (0.35, 0.7), ("state", "sequence"), False)
    if name == "bridge":
        return Shape(floor, peak - 2, (0.6, 0.45, 0.55, 0.75), ("state", "sequence", "same", "state"), False)
    return Shape(floor + span // 4, peak - 1, (0.5, 0.65, 0.5, 0.8), ("state", "sequence", "same", "state"), True)


def _peak(plan: Plan, low: int, high: int, rng: random.Random) -> int:
    """The song's highest note: in the mode, near the top of the range, not above it."""
    span = ladder(plan.tonic, plan.mode, max(low, high - 4), high) or [high]
    return rng.choice(span)


def _onsets(cell: str, grid: int) -> tuple[int, ...]:
    """Slots of a bar of eighths on the melody's own grid."""
    found = tuple(i * grid // 2 for i, c in enumerate(cell) if c == "x")
    return found or (0,)


def chord_of(plan: Plan, beat: Fraction) -> Chord:
    """The chord sounding at a beat."""
    found = plan.chords[0]
    for chord in plan.chords:
        if chord.start > beat:
            break
        found = chord
    return found


def lines_of(plan: Plan, lyrics: Lyrics) -> list[tuple[int, Section, int, str]]:
    """(first bar, section, phrase number, text) of every sung line."""
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
        for k in range(max(1, section.bars // LINE_BARS)):
            found.append((section.bar + LINE_BARS * k, section, k, source[k % len(source)]))
    return found


def _sing(
    plan: Plan, lyrics: Lyrics, tunes: dict[str, list[Phrase]], floor: int, peak: int, rng: random.Random
) -> list[Note]:
    grid, quarters = int(plan.style["grid"]), plan.bar
    density, tempo = float(plan.style["density"]), float(plan.tempo)
    lines = lines_of(plan, lyrics)
    bends = {(name, k): rng.random() < 0.4 for name in SUNG for k in range(8)}
    placed: list[tuple[Fraction, list[Fraction], tuple[Syllable, ...], Section, int]] = []
    free = Fraction(0)
    for bar, section, k, text in lines:
        begin = quarters * bar
        syllables = syllabify(text)
        tune = tunes[section.name]
        template = {slot for slot, _ in tune[k % len(tune)]}
        earliest = max(-grid, int((free - begin) * grid // 1) + 1 if free > begin - 1 else -grid)
        bars = min(LINE_BARS, section.bars)
        starts = _starts(syllables, template, grid, quarters, tempo, min(earliest, 1), density, begin, bars)
        placed.append((begin, starts, syllables, section, k))
        free = starts[-1] + Fraction(3, 2)
    notes: list[Note] = []
    for n, (begin, starts, syllables, section, k) in enumerate(placed):
        after = placed[n + 1][1][0] if n + 1 < len(placed) else quarters * plan.bars
        line = _line(plan, begin, starts, syllables, section, tunes[section.name], k, after, floor, peak)
        if section.name == "chorus" and k == section.bars // LINE_BARS - 1:
            line = _crown(line, plan, peak, begin)
        if bends[(section.name, k % 8)]:
            line = _melisma(line, plan, floor, peak)
        notes += line
    return notes


def _starts(
    syllables: tuple[Syllable, ...],
    template: set[int],
    grid: int,
    quarters: Fraction,
    tempo: float,
    first: int,
    density: float,
    begin: Fraction,
    bars: int,
) -> list[Fraction]:
    if begin == 0:
        first = max(first, 0)
    for fine in (1, 2, 4):
        try:
            slots = place(
                syllables, {s * fine for s in template}, grid * fine, quarters, tempo, first * fine, density, bars
            )
        except ValueError:
            continue
        return [begin + Fraction(slot, grid * fine) for slot in slots]
    share = quarters * bars / (len(syllables) + 2)
    return [begin + share * i for i in range(len(syllables))]


def _line(
    plan: Plan,
    begin: Fraction,
    starts: list[Fraction],
    syllables: tuple[Syllable, ...],
    section: Section,
    tune: list[Phrase],
    k: int,
    after: Fraction,
    floor: int,
    peak: int,
) -> list[Note]:
    """Pitches and lengths for one line's syllables."""
    grid, quarters = int(plan.style["grid"]), plan.bar
    phrase = tune[k % len(tune)]
    steps = ladder(plan.tonic, plan.mode, floor, peak - 1)
    notes: list[Note] = []
    for i, (start, syllable) in enumerate(zip(starts, syllables)):
        slot = (start - begin) * grid
        pitch = next((p for s, p in reversed(phrase) if s <= slot), phrase[0][1])
        at = min(range(len(steps)), key=lambda j: abs(steps[j] - pitch))
        if slot < phrase[0][0] and i + 1 < len(syllables):
            at = max(0, at - 1)  # a pickup leads in from below
        strong = weight(int(slot), grid, quarters) >= 0.8 or i == len(syllables) - 1
        if strong:
            at = nearest_tone(steps, at, chord_of(plan, max(start, begin)).symbol)
        last = i == len(syllables) - 1
        end = starts[i + 1] if not last else after - Fraction(1, 2)
        longest = Fraction(5, 2) if last else Fraction(2)
        length = max(Fraction(1, 4), min(end - start, longest))
        level = 0.66 + 0.12 * syllable.stress + 0.16 * section.energy + (0.03 if strong else 0.0)
        notes.append(Note(start, length, steps[at], round(min(1.0, level), 2), syllable.text))
    return _smooth(notes, steps)


def _smooth(notes: list[Note], steps: list[int]) -> list[Note]:
    """No leap wider than an octave inside a line; two large leaps the same way become one."""
    for i in range(1, len(notes)):
        leap = notes[i].pitch - notes[i - 1].pitch
        if abs(leap) > 9:
            goal = notes[i - 1].pitch + (7 if leap > 0 else -7)
            notes[i] = replace(notes[i], pitch=min(steps, key=lambda p: abs(p - goal)))
    return notes


def _crown(line: list[Note], plan: Plan, peak: int, begin: Fraction) -> list[Note]:
    """The one highest note, on a strong syllable of the chorus's last line, reached without a jump."""
    middle = [i for i in range(len(line) - 1) if line[i].start >= begin]
    if not middle:
        return line
    chord_tone = {i for i in middle if peak % 12 in parse_tones(chord_of(plan, line[i].start).symbol)}

    def rank(i: int) -> tuple[float, ...]:
        return (i in chord_tone, float(line[i].velocity), float(line[i].length), -abs(line[i].pitch - peak))

    top = max(middle, key=rank)
    line[top] = replace(line[top], pitch=peak, velocity=min(1.0, round(line[top].velocity + 0.06, 2)))
    steps = ladder(plan.tonic, plan.mode, peak - 12, peak - 1)
    for at, direction in ((top - 1, -1), (top + 1, 1)):
        reach = 5
        here = at
        before = peak
        while 0 <= here < len(line) and before - line[here].pitch > reach:
            goal = max(line[here].pitch, before - reach)
            line[here] = replace(line[here], pitch=min(steps, key=lambda p: abs(p - goal)))
            before = line[here].pitch
            here += direction
    return line


def parse_tones(symbol: str) -> tuple[int, ...]:
    """Pitch classes of a chord."""
    from audio.score.chords import parse_chord

    return parse_chord(symbol).tones


def _melisma(line: list[Note], plan: Plan, floor: int, peak: int) -> list[Note]:
    """A long last note turns to a neighbour at its end (its syllable held on)."""
    last = line[-1]
    if last.length < 2:
        return line
    steps = ladder(plan.tonic, plan.mode, floor, peak - 1)
    at = min(range(len(steps)), key=lambda j: abs(steps[j] - last.pitch))
    chord = chord_of(plan, last.start).symbol
    lower = nearest_tone(steps, max(0, at - 2), chord)
    if steps[lower] == last.pitch or abs(steps[lower] - last.pitch) > 5:
        return line
    first = last.length - 1
    tail = Note(last.start + first, Fraction(1), steps[lower], round(last.velocity - 0.06, 2), "_")
    return [*line[:-1], replace(last, length=first), tail]


def _off_chord(notes: tuple[Note, ...], plan: Plan) -> float:
    """Share of notes on strong beats outside the chord."""
    strong = [n for n in notes if (n.start / plan.bar).denominator == 1]
    off = [n for n in strong if n.pitch % 12 not in parse_tones(chord_of(plan, n.start).symbol)]
    return len(off) / max(1, len(strong))


def _awkward(notes: tuple[Note, ...]) -> float:
    """Penalty for monotone runs (five same notes) and for syllables too short to sing."""
    runs = sum(len({n.pitch for n in notes[i : i + 5]}) == 1 for i in range(len(notes) - 4))
    short = sum(n.length < Fraction(1, 4) for n in notes)
    return 3.0 * runs / max(1, len(notes)) + 2.0 * short / max(1, len(notes))

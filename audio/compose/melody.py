"""The sung line: words on the beat first, then tunes for each kind of section by rule and by model; the critic chooses.

A tune belongs to a kind of section (verse, pre, chorus, bridge) and is written on the rhythm of its first words; when
the section comes back with other words it keeps its tune.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from audio.compose import critic, novelty
from audio.compose.form import SUNG, Plan
from audio.compose.learned.model import melody_model
from audio.compose.lyrics import Lyrics
from audio.compose.propose import propose
from audio.compose.rhythm import FINE, Line, lay
from audio.compose.theory import ladder
from audio.compose.tune import Motif, Phrase, Shape, at_slot, make_motif, make_tune, nearest_tone
from audio.score.chords import parse_chord
from audio.score.model import Note

RULE_TUNES, KEPT = 28, 4
RHYTHMS = 5
ATTEMPTS = 8
MOST_OUTSIDE = 0.24
"""Share of the time that a tune may sing outside its chords before it is liked less."""


@dataclass(frozen=True, slots=True)
class Tune:
    """A tune for a kind of section and who made it: ``rule``, ``model`` or ``person``."""

    phrases: tuple[Phrase, ...]
    source: str
    primed: int = 0
    """Slots of the first line that a rule's motif gave to the model."""


@dataclass(frozen=True, slots=True)
class Melody:
    """The chosen sung line, its motif, the chorus tune for instruments to quote, and where it comes from."""

    notes: tuple[Note, ...]
    motif: Motif
    hook: Phrase
    figures: dict[str, float]
    sources: dict[int, str]
    """Who made the sung notes of a bar."""
    likeness: novelty.Likeness


@dataclass(frozen=True, slots=True)
class Desk:
    """What the writer of a song's melody has before him."""

    plan: Plan
    lines: tuple[Line, ...]
    floor: int
    peak: int
    person: tuple[Note, ...]
    range_gate: tuple[float, float]
    timings: dict[tuple[Fraction, Fraction], list[Timing]] = field(default_factory=dict)
    """Of the lines laid out so far, by their begin and what follows them: every candidate tune has the same."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a syllable stands and for how long."""

    start: Fraction
    length: Fraction
    slot: int
    strong: bool
    level: float
    chord: str
    quick: bool
    """Whether the harmony under it moves within the bar."""


def write_melody(
    plan: Plan, lyrics: Lyrics, low: int, high: int, rng: random.Random, person: Sequence[Note] = (),
    avoid: Sequence[Sequence[int]] = (),
) -> Melody:  # fmt: skip
    """Best of many candidates by the critic's figures and the novelty gate.

    ``person`` are notes somebody played (beats from the chorus's beginning), which stay as they are; ``avoid`` are
    earlier tunes the song must not share a run of ``novelty.LIMIT`` notes with.
    """
    best: Melody | None = None
    least = 0.0
    for turn in range(ATTEMPTS):
        melody, gate = _attempt(plan, lyrics, low, high, rng, person, avoid, not turn)
        outside = _outside(melody.notes, plan)
        passes = critic.passes(melody.figures, gate) and melody.likeness.notes < novelty.LIMIT
        cost = critic.score(melody.figures, gate) + 5.0 * max(0.0, outside - MOST_OUTSIDE) - 2.0 * passes
        if best is None or cost < least:
            best, least = melody, cost
        if (passes and outside <= MOST_OUTSIDE + 0.12) or person:
            break
    assert best is not None
    return best


def _attempt(
    plan: Plan, lyrics: Lyrics, low: int, high: int, rng: random.Random, person: Sequence[Note],
    avoid: Sequence[Sequence[int]],
    learned: bool,
) -> tuple[Melody, tuple[float, float]]:  # fmt: skip
    lift = max((t - plan.tonic) % 12 if m == plan.mode else 0 for _, t, m in plan.keys)
    lift = lift if lift < 6 else 0
    peak = _peak(plan, low, high - lift, rng)
    peak = max([peak, *(n.pitch for n in person)])
    floor = max(low, peak - rng.choice((12, 13, 14)))
    floor = min([floor, *(n.pitch for n in person)])
    layouts = [lay(plan, lyrics, person, random.Random(rng.getrandbits(64))) for _ in range(RHYTHMS)]
    lines = min(layouts, key=lambda rows: _rhythm_cost(rows, plan))
    spread = min(17.0, float(peak - floor + lift))
    gate = (min(10.0, spread * 0.7), max(17.0, spread) if person else 17.0)
    desk = Desk(plan, tuple(lines), floor, peak, tuple(person), gate)
    motif = _motif(desk, rng)
    options = {
        name: _options(desk, name, motif, learned, rng) for name in SUNG if any(ln.section.name == name for ln in lines)
    }
    return _choose(desk, motif, options, avoid, rng), gate


def _rhythm_cost(lines: Sequence[Line], plan: Plan) -> float:
    notes = [Note(s, Fraction(1, 4), 60) for line in lines for s in line.starts]
    groove = critic.metrics(notes, 0, "major", plan.bar)["groove"]
    low, high = critic.GATES["groove"]
    return abs(groove - 0.88) + 5 * max(0.0, low - groove, groove - high)


def _motif(desk: Desk, rng: random.Random) -> Motif:
    first = next((ln for ln in desk.lines if ln.section.name == "chorus"), desk.lines[0])
    half = int(desk.plan.bar * FINE * desk.plan.line_bars) // 2
    head = tuple(s for s in first.slots() if s < half) or (0,)
    return make_motif(head[:7], rng)


def _options(desk: Desk, name: str, motif: Motif, learned: bool, rng: random.Random) -> list[Tune]:
    """Tunes for one kind of section, the best few of each maker, best first."""
    plan = desk.plan
    section = next(ln.section for ln in desk.lines if ln.section.name == name)
    own = [ln for ln in desk.lines if ln.section is section]
    rhythms = [ln.slots() for ln in own]
    key = plan.key_at(section.bar)
    half = int(plan.bar * FINE * plan.line_bars) // 2

    def chord_at(k: int, slot: int) -> str:
        return plan.chord_at(own[min(k, len(own) - 1)].begin + Fraction(max(0, slot), FINE)).symbol

    made: list[Tune] = []
    for _ in range(RULE_TUNES):
        idea = motif if name == "chorus" else motif.inverted() if name == "bridge" else make_motif(motif.onsets, rng)
        if name == "chorus" and rng.random() < 0.6:
            idea = make_motif(motif.onsets, rng)
        shape = _shape(name, desk.floor, desk.peak, rng)
        phrases = make_tune(idea, rhythms, shape, *key, FINE, plan.metre, half, chord_at, rng)
        made.append(Tune(tuple(phrases), "rule"))
    made.sort(key=lambda t: _tune_cost(t, desk, own))
    best = made[:KEPT]
    model = melody_model() if learned else None
    if model is not None:
        shape = _shape(name, desk.floor, desk.peak, rng)
        prime = {s: p for s, p in best[0].phrases[0] if s < half} if name == "chorus" else {}
        found = propose(
            model, rhythms, prime, (shape.low, shape.high), key, FINE, plan.metre, plan.line_bars, shape.home,
            chord_at, rng.getrandbits(32),
        )  # fmt: skip
        proposed = [Tune(tuple(phrases), "model", half if prime else 0) for phrases in found]
        proposed.sort(key=lambda t: _tune_cost(t, desk, own))
        best = [*proposed[:KEPT], *best]
    best.sort(key=lambda t: _tune_cost(t, desk, own) - (0.35 if t.source == "model" else 0.0))
    return [_with_person(t, desk, own) for t in best] if name == "chorus" and desk.person else best


def _with_person(tune: Tune, desk: Desk, lines: Sequence[Line]) -> Tune:
    """The person's notes in the place of the tune's own."""
    length = desk.plan.bar * desk.plan.line_bars
    phrases = []
    for k, phrase in enumerate(tune.phrases):
        own = [n for n in desk.person if length * k <= n.start < length * (k + 1)]
        slots = lines[k].slots()
        if own:
            played = [(round((n.start - length * k) * FINE), n.pitch) for n in own]
            phrase = [(s, next((p for at, p in reversed(played) if at <= s), played[0][1])) for s in slots]
        phrases.append(phrase)
    return replace(tune, phrases=tuple(phrases))


def _tune_cost(tune: Tune, desk: Desk, lines: Sequence[Line]) -> float:
    """How far a tune alone is from what the gates want of the whole, and how it sits on its chords."""
    pitches = [p for phrase in tune.phrases for _, p in phrase]
    if len(pitches) < 3:
        return 0.0
    leaps = [abs(b - a) for a, b in zip(pitches, pitches[1:])]
    mean, small = sum(leaps) / len(leaps), sum(x <= 2 for x in leaps) / len(leaps)
    cost = 2 * max(0.0, 1.85 - mean, mean - 2.8) + 4 * max(0.0, 0.6 - small) + sum(x > 9 for x in leaps) * 0.5
    again = critic.repetition([pitches])
    cost += 9 * max(0.0, 0.17 - again) + 3 * max(0.0, again - 0.4)
    cost += 0.4 * max(0, 5 - len({p % 12 for p in pitches}))
    cost += sum(len(set(pitches[i : i + 4])) == 1 for i in range(len(pitches) - 3)) * 0.4
    wrong = whole = outside = 0
    for line, phrase in zip(lines, tune.phrases):
        ends = [slot for slot, _ in phrase[1:]] + [phrase[-1][0] + 2 * FINE]
        for (slot, pitch), end in zip(phrase, ends):
            chord = desk.plan.chord_at(line.begin + Fraction(max(0, slot), FINE)).symbol
            off = pitch % 12 not in parse_chord(chord).tones
            whole += end - slot
            outside += off * (end - slot)
            if desk.plan.metre.weight(slot, FINE) >= 0.8 or slot == phrase[-1][0]:
                wrong += off
    return cost + 0.35 * wrong + 4.0 * max(0.0, outside / max(1, whole) - MOST_OUTSIDE)


def _shape(name: str, floor: int, peak: int, rng: random.Random) -> Shape:
    span = peak - floor
    if name == "verse":
        moves = rng.choice(
            (
                ("state", "sequence", "same", "invert"),
                ("state", "augment", "same", "sequence"),
                ("state", "state", "same", "sequence"),
            )
        )
        return Shape(floor, peak - span // 4, (0.4, 0.5, 0.35, 0.55), moves, False)
    if name == "pre":
        return Shape(floor + span // 5, peak - 2, (0.35, 0.7), ("state", "sequence"), False)
    if name == "bridge":
        return Shape(floor, peak - 2, (0.6, 0.45, 0.55, 0.75), ("state", "sequence", "same", "state"), False)
    moves = rng.choice((("state", "sequence", "same", "state"), ("state", "invert", "same", "sequence")))
    return Shape(floor + span // 5, peak - 1, (0.5, 0.65, 0.5, 0.8), moves, True)


def _peak(plan: Plan, low: int, high: int, rng: random.Random) -> int:
    """The song's highest note: in the mode, near the top of the range, not above it."""
    span = ladder(plan.tonic, plan.mode, max(low, high - 4), high) or [high]
    return rng.choice(span)


# ---- choosing ---------------------------------------------------------------------------------------------------
def _choose(
    desk: Desk, motif: Motif, options: dict[str, list[Tune]], avoid: Sequence[Sequence[int]], rng: random.Random
) -> Melody:
    """One tune for each kind: turn by turn the one with which the whole song does best."""
    own = novelty.index_of(avoid, [f"earlier song {i + 1}" for i in range(len(avoid))])
    bends = {(name, k): rng.random() < 0.4 for name in SUNG for k in range(8)}
    chosen = dict.fromkeys(options, 0)
    seen: dict[tuple[int, ...], tuple[float, Melody]] = {}

    def judged(trial: dict[str, int]) -> tuple[float, Melody]:
        mark = tuple(trial.values())
        if mark not in seen:
            tunes = {name: options[name][i] for name, i in trial.items()}
            melody = _melody(desk, motif, tunes, bends)
            bad = critic.score(melody.figures, desk.range_gate) + 3.0 * _off_chord(melody.notes, desk.plan)
            bad += 5.0 * max(0.0, _outside(melody.notes, desk.plan) - MOST_OUTSIDE)
            bad += _awkward(melody.notes) - 0.12 * sum(t.source == "model" for t in tunes.values())
            seen[mark] = bad, melody
        return seen[mark]

    best, melody = judged(chosen)
    for _ in range(2):
        for name in options:
            for i in range(len(options[name])):
                trial = {**chosen, name: i}
                bad, other = judged(trial)
                if bad < best - 1e-9:
                    best, melody, chosen = bad, other, trial
        if critic.passes(melody.figures, desk.range_gate):
            break
    for _, candidate in sorted(seen.values(), key=lambda pair: pair[0]):
        likeness = _likeness(candidate.notes, own)
        if likeness.notes < novelty.LIMIT:
            return replace(candidate, likeness=likeness)
    return replace(melody, likeness=_likeness(melody.notes, own))


def _likeness(notes: Sequence[Note], own: novelty.Index) -> novelty.Likeness:
    pitches = [n.pitch for n in notes]
    return max(novelty.known().longest(pitches), own.longest(pitches), key=lambda found: found.notes)


def _melody(desk: Desk, motif: Motif, tunes: dict[str, Tune], bends: dict[tuple[str, int], bool]) -> Melody:
    plan = desk.plan
    notes: list[Note] = []
    new: list[list[Note]] = []
    sources: dict[int, set[str]] = {}
    for n, line in enumerate(desk.lines):
        after = desk.lines[n + 1].starts[0] if n + 1 < len(desk.lines) else plan.bar * plan.bars
        tune = tunes[line.section.name]
        sung = _line(desk, line, tune, after)
        played = line.section.name == "chorus" and _persons(desk, line)
        last = line.index == max(0, line.section.bars // plan.line_bars - 1)
        if line.section.name == "chorus" and last and not played:
            sung = _crown(sung, desk, line)
        if bends[(line.section.name, line.index % 8)] and not played:
            sung = _melisma(sung, desk)
        notes += sung
        if line.new:
            if new and sung[0].start - new[-1][-1].start < 8:
                new[-1] = [*new[-1], *sung]
            else:
                new.append(list(sung))
        for note in sung:
            slot = (note.start - line.begin) * FINE
            maker = "person" if played else "rule" if line.index == 0 and slot < tune.primed else tune.source
            sources.setdefault(int(note.start // plan.bar), set()).add(maker)
    figures = critic.metrics(
        notes, plan.tonic, plan.mode, plan.bar, new, lambda beat: plan.key_at(int(beat // plan.bar))
    )
    by_bar = {bar: "+".join(sorted(makers)) for bar, makers in sorted(sources.items())}
    hook = tunes["chorus"].phrases[0] if "chorus" in tunes else next(iter(tunes.values())).phrases[0]
    return Melody(tuple(notes), motif, hook, figures, by_bar, novelty.Likeness(0, 0, ""))


def _persons(desk: Desk, line: Line) -> list[Note]:
    length = desk.plan.bar * desk.plan.line_bars
    return [n for n in desk.person if length * line.index <= n.start < length * (line.index + 1)]


def _line(desk: Desk, line: Line, tune: Tune, after: Fraction) -> list[Note]:
    """Pitches and lengths for one line's syllables."""
    plan = desk.plan
    tonic, mode = plan.key_at(plan_bar(plan, line.begin))
    home = (tonic - plan.tonic) % 12 if mode == plan.mode else 0
    shift = home if home < 6 else 0
    phrase = tune.phrases[line.index % len(tune.phrases)]
    steps = ladder(tonic, mode, desk.floor + shift, desk.peak - 1 + shift) or [desk.floor]
    exact = dict(phrase)
    played = line.section.name == "chorus" and _persons(desk, line)
    notes: list[Note] = []
    for timing, lyric in zip(_timings(desk, line, after), line.lyrics):
        slot = timing.slot
        if played:
            pitch = exact.get(slot, phrase[0][1]) + shift
        else:
            goal = at_slot(phrase, slot, steps) + shift
            at = min(range(len(steps)), key=lambda j: abs(steps[j] - goal))
            if timing.strong and (slot not in exact or not line.new):
                at = nearest_tone(steps, at, timing.chord)
            if _rubs(steps[at], timing):
                at = nearest_tone(steps, at, timing.chord)
            pitch = steps[at]
        notes.append(Note(timing.start, timing.length, pitch, timing.level, lyric))
    return notes if played else _smooth(notes, steps)


def _rubs(pitch: int, timing: Timing) -> bool:
    """Whether a note fights with its chord: the minor third of a major chord, a held fourth over a third, anything held
    outside a chord that is soon over."""
    harmony = parse_chord(timing.chord)
    third = harmony.tones[1]
    if pitch % 12 in harmony.tones[:4]:
        return False
    if timing.quick and timing.length >= 1:
        return True
    if pitch % 12 in harmony.tones or (third - harmony.root) % 12 not in (3, 4):
        return False
    low = (third - harmony.root) % 12 == 4 and pitch % 12 == (third - 1) % 12
    return low or (timing.length >= 1 and pitch % 12 == (third + 1) % 12)


def _timings(desk: Desk, line: Line, after: Fraction) -> list[Timing]:
    key = line.starts[0], after
    found = desk.timings.get(key)
    if found is None:
        found = desk.timings[key] = []
        last = len(line.starts) - 1
        for i, (start, slot) in enumerate(zip(line.starts, line.slots())):
            end = line.starts[i + 1] if i < last else after - Fraction(1, 2)
            longest = Fraction(5, 2) if i == last else Fraction(2)
            length = max(Fraction(1, 8), min(end - start, longest))
            strong = desk.plan.metre.weight(slot, FINE) >= 0.8 or i == last
            level = 0.66 + 0.12 * line.stresses[i] + 0.16 * line.section.energy + (0.03 if strong else 0.0)
            mostly = start + length / 2 if length >= 1 else start  # what a note held into another chord belongs to
            chord = desk.plan.chord_at(max(mostly, line.begin))
            quick = chord.length < desk.plan.bar
            found.append(Timing(start, length, slot, strong, round(min(1.0, level), 2), chord.symbol, quick))
    return found


def plan_bar(plan: Plan, beat: Fraction) -> int:
    """Bar a beat lies in."""
    return int(max(Fraction(0), beat) // plan.bar)


def _smooth(notes: list[Note], steps: list[int]) -> list[Note]:
    """No leap wider than a sixth inside a line."""
    for i in range(1, len(notes)):
        leap = notes[i].pitch - notes[i - 1].pitch
        if abs(leap) > 9:
            goal = notes[i - 1].pitch + (7 if leap > 0 else -7)
            notes[i] = replace(notes[i], pitch=min(steps, key=lambda p: abs(p - goal)))
    return notes


def _crown(line: list[Note], desk: Desk, place: Line) -> list[Note]:
    """The one highest note, on a strong syllable of the chorus's last line, reached without a jump."""
    plan = desk.plan
    tonic, mode = plan.key_at(plan_bar(plan, place.begin))
    home = (tonic - plan.tonic) % 12 if mode == plan.mode else 0
    peak = desk.peak + (home if home < 6 else 0)
    middle = [i for i in range(len(line) - 1) if line[i].start >= place.begin]
    if not middle:
        return line
    chord_tone = {i for i in middle if peak % 12 in parse_chord(plan.chord_at(line[i].start).symbol).tones}

    def rank(i: int) -> tuple[float, ...]:
        return (i in chord_tone, float(line[i].velocity), float(line[i].length), -abs(line[i].pitch - peak))

    top = max(middle, key=rank)
    line[top] = replace(line[top], pitch=peak, velocity=min(1.0, round(line[top].velocity + 0.06, 2)))
    steps = ladder(tonic, mode, peak - 12, peak - 1)
    for at, direction in ((top - 1, -1), (top + 1, 1)):
        here, before = at, peak
        while 0 <= here < len(line) and before - line[here].pitch > 5:
            goal = max(line[here].pitch, before - 5)
            line[here] = replace(line[here], pitch=min(steps, key=lambda p: abs(p - goal)))
            before = line[here].pitch
            here += direction
    return line


def _melisma(line: list[Note], desk: Desk) -> list[Note]:
    """A long last note turns to a neighbour at its end (its syllable held on)."""
    last = line[-1]
    if last.length < 2:
        return line
    key = desk.plan.key_at(plan_bar(desk.plan, last.start))
    steps = [p for p in ladder(*key, desk.floor, desk.peak - 1) if 0 < last.pitch - p <= 5]
    tones = parse_chord(desk.plan.chord_at(last.start).symbol).tones
    lower = [p for p in steps if p % 12 in tones]
    if not lower:
        return line
    first = last.length - 1
    tail = Note(last.start + first, Fraction(1), lower[-1], round(last.velocity - 0.06, 2), "_")
    return [*line[:-1], replace(last, length=first), tail]


def _off_chord(notes: tuple[Note, ...], plan: Plan) -> float:
    """Share of notes on bar lines outside the chord."""
    strong = [n for n in notes if (n.start / plan.bar).denominator == 1]
    off = [n for n in strong if n.pitch % 12 not in parse_chord(plan.chord_at(n.start).symbol).tones]
    return len(off) / max(1, len(strong))


def _outside(notes: tuple[Note, ...], plan: Plan) -> float:
    """Share of the sung time that lies outside the chords."""
    whole = sum(float(n.length) for n in notes)
    off = sum(
        float(n.length)
        for n in notes
        if n.pitch % 12 not in parse_chord(plan.chord_at(n.start + n.length / 2).symbol).tones
    )
    return off / whole if whole else 0.0


def _awkward(notes: tuple[Note, ...]) -> float:
    """Penalty for monotone runs (five same notes) and for syllables too short to sing."""
    runs = sum(len({n.pitch for n in notes[i : i + 5]}) == 1 for i in range(len(notes) - 4))
    short = sum(n.length < Fraction(1, 4) for n in notes)
    return 3.0 * runs / max(1, len(notes)) + 2.0 * short / max(1, len(notes))

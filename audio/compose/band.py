"""The band: drums with fills, bass, chords, pad, arpeggio, lead and counter-line, entering and leaving by the plan.

Timing stays on the score (a style's swing is written out); what is human is how hard each note is played.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction

from audio.compose.form import Plan
from audio.compose.metre import carry, metre_of
from audio.compose.rhythm import FINE
from audio.compose.theory import ladder, voice_lead
from audio.compose.tune import Phrase, nearest_tone
from audio.score.chords import Harmony, parse_chord
from audio.score.model import Note, Section, Track

SIXTEENTH = Fraction(1, 4)
DRUMS = {
    "kick": 36, "snare": 38, "clap": 39, "rim": 37, "hat": 42, "open": 46, "crash": 49, "ride": 51,
    "tomhigh": 50, "tommid": 47, "tomlow": 43, "shaker": 82, "tambourine": 54, "cowbell": 56, "maracas": 70, "claves": 75,
}  # fmt: skip
"""General MIDI percussion by the names used in style files and song files."""
PERCUSSION = frozenset(("shaker", "tambourine", "cowbell", "maracas", "claves"))
"""What another player than the drummer has in hand: it keeps time through a fill."""

ORDER = ("drums", "bass", "chords", "pad", "arp", "lead", "counter")
PANS = {"chords": -0.3, "arp": 0.45, "lead": 0.12, "counter": -0.45}
REVERBS = {"drums": 0.08, "bass": 0.0, "chords": 0.22, "pad": 0.4, "arp": 0.3, "lead": 0.28, "counter": 0.38}


@dataclass(slots=True)
class Band:
    """Writes the parts of one song, bar by bar."""

    plan: Plan
    hook: Phrase
    sung: tuple[Note, ...]
    rng: random.Random
    bed: bool = False
    notes: dict[str, list[Note]] = field(default_factory=lambda: {name: [] for name in ORDER})
    _voicing: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _guide: int = 0
    _picked: dict[str, str] = field(default_factory=dict)
    _beats: frozenset[Fraction] = frozenset()
    """Where the metre's beats are in a bar: what is accented (dotted ones in 6/8, uneven ones in 7/8)."""

    def __post_init__(self) -> None:
        self._beats = frozenset(self.plan.metre.starts())

    def tracks(self) -> tuple[Track, ...]:
        """All parts that play at least one note."""
        style, last = self.plan.style, len(self.plan.sections) - 1
        for i, section in enumerate(self.plan.sections):
            after = self.plan.sections[i + 1] if i < last else None
            self._section(section, self.plan.variants[i], after, i == last and not self.bed)
        result = []
        for name in ORDER:
            if not self.notes[name]:
                continue
            instrument = style["drums"]["kit"] if name == "drums" else style[name]["instrument"]
            kind = "drums" if name == "drums" else "notes"
            notes = tuple(sorted(self.notes[name], key=lambda n: (n.start, n.pitch)))
            gain = float(style["gain"][name]) - (6.0 if self.bed else 0.0)
            result.append(Track(name, instrument, notes, kind, gain, PANS.get(name, 0.0), REVERBS.get(name, 0.2)))
        return tuple(result)

    def _layers(self, section: Section, variant: int, half: int) -> dict[str, str]:
        table = self.plan.style["layers"]
        entry = (
            table.get(f"{section.name}{variant}") or table.get("bed" if self.bed else section.name) or table["verse"]
        )
        result = {}
        for item in entry[half]:
            name, _, level = item.partition(":")
            result[name] = level or "main"
        return result

    def _section(self, section: Section, variant: int, after: Section | None, closing: bool) -> None:
        self._picked = {}
        # An intro of one bar is its second half, which leads on with the drums.
        half_bar = (section.bars + (section.name != "intro")) // 2
        fill = {n: self._carried(line) for n, line in self.rng.choice(self.plan.style["drums"]["fills"]).items()}
        small = self.rng.random() < 0.7
        feel = {name: self.rng.choice((-1, 0, 0, 1)) for name in ("hat", "ride", "shaker")}
        for k in range(section.bars):
            half = int(k >= half_bar)
            layers = self._layers(section, variant, half)
            begin = self.plan.bar * (section.bar + k)
            if closing and k == section.bars - 1:
                self._final(begin, layers)
                continue
            last = k == section.bars - 1
            air = last and after is not None and after.name == "chorus" and section.name in ("verse", "pre", "bridge")
            fills = after is not None and (last or (k == half_bar - 1 and section.bars >= 8 and small))
            self._bar(section, k, begin, layers, air, fill if fills and not self.bed else None, last, feel)
        if "counter" in self._layers(section, variant, 1):
            self._counter(section)
        if "lead" in self._layers(section, variant, 1) or "lead" in self._layers(section, variant, 0):
            self._lead(section, variant)

    def _bar(
        self,
        section: Section,
        k: int,
        begin: Fraction,
        layers: dict[str, str],
        air: bool,
        fill: dict[str, str] | None,
        last: bool,
        feel: dict[str, int],
    ) -> None:
        if "drums" in layers:
            crash = k == 0 and section.name in ("chorus", "break")
            self._drums(begin, layers["drums"], fill, air, last, crash, feel)
        if "bass" in layers and not air:
            self._bass(begin, layers["bass"])
        if "chords" in layers:
            self._comp(begin, "light" if air else layers["chords"], section.energy)
        if "pad" in layers:
            self._pad(begin, section.energy)
        if "arp" in layers and not air:
            self._arp(begin, layers["arp"], section.energy)

    # ---- the parts --------------------------------------------------------------------------------------
    def _add(self, name: str, start: Fraction, length: Fraction, pitch: int, level: float) -> None:
        level = round(min(1.0, max(0.05, level)), 2)
        self.notes[name].append(Note(start, length, pitch, level))

    def _steps(self, begin: Fraction, index: int) -> Fraction:
        swing = Fraction(self.plan.style["swing"])
        return begin + SIXTEENTH * index + (swing if index % 2 else 0)

    def _pattern(self, part: str, level: str) -> str:
        """One pattern of a level for the whole section: groove is repetition."""
        key = f"{part}:{level}"
        if key not in self._picked:
            table = self.plan.style[part]
            self._picked[key] = self._carried(self.rng.choice(table.get(level) or table["main"]))
        return self._picked[key]

    def _carried(self, line: str) -> str:
        """A pattern of the style in the song's metre."""
        style = self.plan.style
        source = metre_of(str(style["meter"]), tuple(int(n) for n in style.get("groups", ())))
        return carry(line, source, self.plan.metre)

    def _drums(
        self,
        begin: Fraction,
        level: str,
        fill: dict[str, str] | None,
        air: bool,
        last: bool,
        crash: bool,
        feel: dict[str, int],
    ) -> None:
        pattern = {
            n: self._carried(line) for n, line in self.plan.style["drums"][level].items() if isinstance(line, str)
        }
        size = int(self.plan.bar * 4)
        cut = size
        if fill is not None:
            cut = next((i for i in range(size) if any(line[i] != "." for n, line in fill.items() if n != "kick")), size)
        if air:
            cut = 0
        for name, line in pattern.items():
            keeps = name in PERCUSSION and not air and name not in (fill or {})
            self._drum_line(begin, name, line if keeps else line[:cut], feel.get(name, 0))
        if fill is not None and (last or air or cut >= size // 2):
            for name, line in fill.items():
                start = cut if name == "kick" and not air else 0
                self._drum_line(begin, name, "." * start + line[start:], 0)
        if crash:
            self._crash(begin, 0.7)

    def _drum_line(self, begin: Fraction, name: str, line: str, feel: int) -> None:
        for i, mark in enumerate(line):
            if mark.isdigit():
                off = SIXTEENTH * i not in self._beats
                level = max(1, min(9, int(mark) + (feel if off else 0))) - (2 if self.bed else 0)
                self._add("drums", self._steps(begin, i), SIXTEENTH, DRUMS[name], max(1, level) / 10)

    def _held(self, line: str, begin: Fraction) -> list[tuple[Fraction, Fraction, str]]:
        """(start, length, mark) of a step line; "-" holds."""
        found: list[tuple[Fraction, Fraction, str]] = []
        for i, mark in enumerate(line):
            if mark in ".-":
                continue
            end = i + 1
            while end < len(line) and line[end] == "-":
                end += 1
            start = self._steps(begin, i)
            found.append((start, begin + SIXTEENTH * end - start, mark))
        return found

    def _bass(self, begin: Fraction, level: str) -> None:
        low = 28
        for start, length, mark in self._bass_hits(level, begin):
            chord = self.plan.chord_at(start)
            harmony = parse_chord(chord.symbol)
            root = low + (harmony.bass - low) % 12
            pitch = {"R": root, "O": root + 12, "5": root + 7, "3": root + (harmony.tones[1] - harmony.root) % 12}
            if harmony.bass != harmony.root or (harmony.root + 7) % 12 not in harmony.tones:
                pitch["5"] = root
            if chord.length < self.plan.bar:  # harmony that moves fast stands on its roots
                pitch["5"] = pitch["3"] = root
            if mark == "A":
                pitch["A"] = self._approach(begin, root, harmony) if length <= Fraction(1, 2) else pitch["5"]
            # A held note never runs into the next chord.
            length = min(length, chord.start + chord.length - start) if mark != "A" else length
            accent = 0.8 if start == begin else 0.72 if mark in "RA" else 0.66
            self._add("bass", start, max(length, Fraction(1, 8)), pitch[mark], accent - 0.25 * self.bed)

    def _bass_hits(self, level: str, begin: Fraction) -> list[tuple[Fraction, Fraction, str]]:
        """What the bass plays in a bar; a chord that comes in its middle is met with its root."""
        hits = self._held(self._pattern("bass", level), begin)
        for chord in self.plan.chords:
            if begin < chord.start < begin + self.plan.bar:
                there = next((hit for hit in hits if hit[0] == chord.start), None)
                if there is not None:
                    hits[hits.index(there)] = (*there[:2], "R")
                else:
                    after = min((hit[0] for hit in hits if hit[0] > chord.start), default=begin + self.plan.bar)
                    hits.append((chord.start, min(after - chord.start, Fraction(1)), "R"))
        return sorted(hits)

    def _approach(self, begin: Fraction, root: int, harmony: Harmony) -> int:
        """A step from the next bar's bass that does not rub against the third or the root of the chord under it."""
        target = 28 + (parse_chord(self.plan.chord_at(begin + self.plan.bar).symbol).bass - 28) % 12
        goal = min((target, target + 12), key=lambda p: abs(p - root))
        rubs = {(tone + step) % 12 for tone in harmony.tones[:2] for step in (-1, 1)} - set(harmony.tones)
        steps = [p for p in ladder(self.plan.tonic, self.plan.mode, goal - 2, goal + 2) if p != goal]
        smooth = [p for p in steps if p % 12 not in rubs]
        return min(smooth, key=lambda p: (p % 12 not in harmony.tones, abs(p - root)), default=root)

    def _voice(self, part: str, symbol: str, low: int, high: int, size: int) -> tuple[int, ...]:
        before = self._voicing.get(part, ())
        found = voice_lead(symbol, before, low, high, size, plain=part == "pad")
        self._voicing[part] = found
        return found

    def _comp(self, begin: Fraction, level: str, energy: float) -> None:
        line = self._pattern("chords", level)
        hits = self._held(line, begin)
        starts = {start for start, _, _ in hits}
        # A chord that comes in the middle of the bar is heard when it comes, and none goes by unheard.
        for chord in self.plan.chords:
            end = chord.start + chord.length
            if begin <= chord.start < begin + self.plan.bar and chord.start not in starts:
                after = min((start for start in starts if start > chord.start), default=end)
                if chord.start > begin or after >= end:
                    hits.append((chord.start, min(after - chord.start, Fraction(1)), "x"))
        for start, length, _ in sorted(hits):
            chord = self.plan.chord_at(start)
            length = min(length, chord.start + chord.length - start)
            hard = 0.5 + 0.2 * energy + (0.06 if start - begin in self._beats else -0.1)
            for i, pitch in enumerate(self._voice("chords", chord.symbol, 52, 74, 4)):
                self._add("chords", start, length, pitch, hard - 0.02 * i + _weight(chord.symbol, pitch))

    def _pad(self, begin: Fraction, energy: float) -> None:
        for chord in self.plan.chords:
            if begin <= chord.start < begin + self.plan.bar:
                for pitch in self._voice("pad", chord.symbol, 55, 79, 4):
                    level = 0.42 + 0.2 * energy + _weight(chord.symbol, pitch)
                    self._add("pad", chord.start, chord.length, pitch, level)

    def _arp(self, begin: Fraction, level: str, energy: float) -> None:
        line = self._pattern("arp", level)
        for start, length, mark in self._held(line, begin):
            chord = self.plan.chord_at(start)
            tones = sorted(parse_chord(chord.symbol).tones[:4])
            base = 67 if self.plan.style["arp"]["instrument"] != "guitar" else 55
            rungs = [p for p in range(base, base + 42) if p % 12 in tones]
            length = min(length, chord.start + chord.length - start)
            accent = 0.06 if start - begin in self._beats else 0.0
            self._add(
                "arp",
                start,
                length,
                rungs[min(int(mark), len(rungs) - 1)],
                0.45 + 0.2 * energy + accent - 0.15 * self.bed,
            )

    def _lead(self, section: Section, variant: int) -> None:
        """The hook where nobody sings; short answers in the singer's breaths."""
        grid, bar = FINE, self.plan.bar
        steps = ladder(self.plan.tonic, self.plan.mode, 67, 88)
        busy = [(n.start, n.start + n.length) for n in self.sung]
        halves = [("lead" in self._layers(section, variant, h)) for h in (0, 1)]
        closing = section is self.plan.sections[-1]
        for k in range(0, section.bars - (1 if closing else 0), 2):
            if not halves[int(k >= (section.bars + 1) // 2)]:
                continue
            begin = bar * (section.bar + k)
            stop = min(begin + 2 * bar, bar * (section.bar + section.bars - (1 if closing else 0)))
            spans = [(max(a, begin), min(b, stop)) for a, b in busy if a < stop and b > begin]
            if not spans:
                self._state_hook(begin, stop, steps, grid)
            else:
                free = max(b for _, b in spans)
                nexts = [a for a, _ in busy if a >= stop]
                until = min(stop, min(nexts, default=stop))
                self._answer(free + Fraction(1, 2), until, steps, 0.5 + 0.1 * section.energy)

    def _state_hook(self, begin: Fraction, stop: Fraction, steps: list[int], grid: int) -> None:
        for i, (slot, pitch) in enumerate(self.hook):
            start = begin + Fraction(slot, grid)
            if start >= stop:
                break
            follow = begin + Fraction(self.hook[i + 1][0], grid) if i + 1 < len(self.hook) else stop
            at = min(range(len(steps)), key=lambda j: abs(steps[j] - pitch - 12))
            if i in (0, len(self.hook) - 1):
                at = nearest_tone(steps, at, self.plan.chord_at(start).symbol)
            self._add("lead", start, min(follow, stop, start + 2) - start, steps[at], 0.7 if i else 0.76)

    def _answer(self, start: Fraction, stop: Fraction, steps: list[int], level: float) -> None:
        start = Fraction(-int(-start * 2 // 1), 2)
        room = int((stop - start) * 2)
        if room < 2:
            return
        shape = [p for _, p in self.hook][: min(room, 4)]
        for i, pitch in enumerate(shape):
            at = min(range(len(steps)), key=lambda j: abs(steps[j] - pitch - 12))
            if i == len(shape) - 1:
                at = nearest_tone(steps, at, self.plan.chord_at(start).symbol)
            self._add("lead", start, Fraction(1, 2), steps[at], level)
            start += Fraction(1, 2)

    def _counter(self, section: Section) -> None:
        """A slow line of thirds and sevenths above the chords, moving by the smallest step."""
        first, last = self.plan.bar * section.bar, self.plan.bar * (section.bar + section.bars)
        chords = [c for c in self.plan.chords if first <= c.start < last]
        if section is self.plan.sections[-1]:
            chords = [c for c in chords if c.start < last - self.plan.bar]
        here = self._guide or 76
        for chord in chords:
            tones = parse_chord(chord.symbol).tones
            guides = [p for p in range(69, 87) if p % 12 in (tones[1:4] or tones)]
            here = min(guides, key=lambda p: (abs(p - here), -p))
            self._add("counter", chord.start, chord.length, here, 0.5)
        self._guide = here

    def _final(self, begin: Fraction, layers: dict[str, str]) -> None:
        """The last bar: one chord, struck and left to ring."""
        chord = self.plan.chord_at(begin)
        for pitch in self._voice("pad", chord.symbol, 55, 79, 4):
            self._add("pad", begin, self.plan.bar, pitch, 0.6)
        for pitch in self._voice("chords", chord.symbol, 52, 74, 4):
            self._add("chords", begin, self.plan.bar, pitch, 0.75)
        self._add("bass", begin, self.plan.bar, 28 + (parse_chord(chord.symbol).bass - 28) % 12, 0.68)
        self._add("drums", begin, SIXTEENTH, DRUMS["kick"], 0.8)
        self._crash(begin, 0.6)

    def _crash(self, begin: Fraction, level: float) -> None:
        """The cymbal a new part begins with, where the style's players have one."""
        share = float(self.plan.style["drums"]["crash"])
        if share > 0:
            self._add("drums", begin, SIXTEENTH, DRUMS["crash"], level * share)


def _weight(symbol: str, pitch: int) -> float:
    """How much harder a tone of a chord is struck: the third tells what the chord is (its root is the bass's to say),
    sevenths and what lies above colour it."""
    tones = parse_chord(symbol).tones
    if pitch % 12 == tones[1]:
        return 0.09
    return -0.05 if pitch % 12 in tones[3:] else 0.0

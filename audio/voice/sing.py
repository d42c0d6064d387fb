"""Plans singing: consonants before the beat, vowels on it, pitch, dynamics and breaths.

The nucleus of a syllable starts at its note's first sample: not where the bank's label says the vowel begins, but
where the energy between 250 and 2500 Hz has risen, which is what a listener hears as the moment of the note.
"""

from __future__ import annotations

import difflib
import zlib
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from audio.voice import lexicon, melody, syllable
from audio.voice import phones as sounds
from audio.voice.curves import Curves
from audio.voice.model import Layout, Phone, Sung, SungNote, VoiceSettings, Word
from audio.voice.plan import SILENCE, Breath, Colours, Passage, Plan, frames, shown
from audio.voice.source import BINS, HOP, SAMPLE_RATE, Bank, Floats, Source, SourcePhone

_MS = SAMPLE_RATE / 1000
_LENGTHS = {"stop": (45, 85), "affricate": (70, 120), "fricative": (65, 120), "nasal": (45, 85), "liquid": (45, 80),
            "glide": (45, 80), "aspirate": (45, 80), "vowel": (60, 400), "rest": (10, 50)}  # fmt: skip
"""Shortest and longest milliseconds of a consonant as spoken, by kind."""
_DWELL, _DWELLS = 2.4, {"stop": 3.2, "fricative": 1.8, "affricate": 1.8}
"""Times longer that a consonant is sung than spoken, where the notes leave room (consonants never take more than half of
a note): between long vowels a spoken one is missed. Hissing ones less, or they would stand out. Figures in docs/voice.md.
"""
_HASTE = 0.6
"""How much of what a consonant is longer goes into its ways in and out; the rest is waited out in its middle."""
_TOGETHER = 0.06 * SAMPLE_RATE
"""Notes closer than this are sung on one breath, joined."""
_BELOW, _BELOW_VOICELESS, _BELOW_AFTER = 10.5, 6.5, 0.0
"""dB by which the consonants before a beat, and those that close a syllable, stay below their vowel."""
_SOFTER = 7.0
"""dB by which consonants are softer where no diction is asked for (see :mod:`audio.voice.curves`)."""
_RELEASE = round(0.09 * SAMPLE_RATE)
_BAND = slice(round(250 / 24000 * (BINS - 1)), round(2500 / 24000 * (BINS - 1)))


@dataclass(slots=True)
class _Placed:
    """One phone in time, and where it is in the source."""

    symbol: str
    stress: int
    word: int
    note: int
    source: SourcePhone
    start: int = 0
    end: int = 0
    nucleus: bool = False
    diction: float = 1.0
    """How clearly it is sung, 0..1."""


def scale_line(settings: VoiceSettings) -> Sung:
    """A few notes in the middle of a voice's range, by which it is levelled once and for all."""
    middle = round((settings.low + settings.high) / 2)
    words = (("la", 0), ("me", 2), ("see", 4), ("no", 0), ("moon", 0), ("you", 2), ("rain", 4))
    half = SAMPLE_RATE // 2
    return Sung(tuple(SungNote(k * half, half, middle + up, word) for k, (word, up) in enumerate(words)))


def plan(bank: Bank, settings: VoiceSettings, phrase: Sung) -> Plan:
    """Layout and passage of a sung phrase."""
    notes = tuple(sorted((n for n in phrase.notes if n.length > 0), key=lambda n: n.start))
    # Noise and drift hang on how the phrase begins and on nothing after it: an edit changes no sound before it.
    seed = zlib.crc32(repr(notes[0].lyric).encode()) if notes else 0
    if not notes:
        return Plan(Layout(phrase, (), (), 0, 0), (), (), seed)
    curves = Curves(phrase.curves)
    lyric = syllable.read(notes)
    source = bank.spell(_spelling(lyric))
    line = _Line(notes, lyric, source, curves, phrase.room)
    line.place()
    first, last = line.groups[0][0].start, line.groups[-1][-1].end
    breaths = line.breaths(first)
    start = min(0, first - round(20 * _MS), *(b.start for b in breaths)) if breaths else min(0, first - round(20 * _MS))
    end = last + _RELEASE + round(30 * _MS)
    layout = Layout(phrase, tuple(line.phones(breaths)), tuple(line.words()), start, end)
    passage = line.passage(bank, settings, start, end, seed)
    return Plan(layout, (passage,), tuple(breaths), seed)


def _spelling(lyric: syllable.Lyric) -> tuple[tuple[str, tuple[str, ...]], ...]:
    phones: list[list[str]] = [[] for _ in lyric.words]
    for part in lyric.syllables:
        for phone, word in zip(part.phones, part.words):
            phones[word].append(phone)
    return tuple((word, tuple(own)) for word, own in zip(lyric.words, phones) if own)


class _Line:
    """A phrase on its way into time."""

    def __init__(
        self, notes: tuple[SungNote, ...], lyric: syllable.Lyric, source: Source, curves: Curves, room: int
    ) -> None:
        self.notes, self.lyric, self.source, self.curves, self.room = notes, lyric, source, curves, room
        flat = [(lexicon.bare(phone), part) for part in lyric.syllables for phone in part.phones]
        found = _match([symbol for symbol, _ in flat], [p for p in source.phones if p.symbol != "sil"])
        self.groups: list[list[_Placed]] = []
        at = 0
        clear = curves.at("diction", np.array([float(note.start) for note in notes]), 1.0).tolist()
        for part in lyric.syllables:
            group = []
            for phone, word in zip(part.phones, part.words):
                stress = int(phone[-1]) if phone[-1].isdigit() else 0
                first = part.notes[0]
                group.append(_Placed(lexicon.bare(phone), stress, word, first, found[at], diction=clear[first]))
                at += 1
            self.groups.append(group)

    def start_of(self, k: int) -> int:
        """First sample of syllable k's note."""
        return int(self.notes[self.lyric.syllables[k].notes[0]].start)

    def end_of(self, k: int) -> int:
        """Sample after syllable k's last note."""
        last = self.notes[self.lyric.syllables[k].notes[-1]]
        return int(last.start + last.length)

    def joined(self, k: int) -> bool:
        """Whether syllable k+1 follows without a rest."""
        return k + 1 < len(self.groups) and self.start_of(k + 1) - self.end_of(k) < _TOGETHER

    def place(self) -> None:
        """Gives every phone its samples."""
        self._onset(0, None)
        for k in range(len(self.groups)):
            group = self.groups[k]
            a, b = self.lyric.syllables[k].parts()
            beat, end = self.start_of(k), self.end_of(k)
            coda = [_natural(p) for p in group[b:]]
            if self.joined(k):
                onset = self._onset_lengths(k + 1)
                after = self.start_of(k + 1)
                room = 0.5 * (after - beat)
                scale = min(1.0, room / max(1, sum(coda) + sum(onset)))
                self._onset(k + 1, scale)
                stop = after - round(scale * sum(onset))
                vowels_end = stop - round(scale * sum(coda))
            else:
                scale = min(1.0, 0.5 * (end - beat) / max(1, sum(coda)))
                # The coda closes a held note: it may run a little past the note, into the rest.
                stop = end + round(min(0.5 * scale * sum(coda), 60 * _MS))
                vowels_end = stop - round(scale * sum(coda))
                if k + 1 < len(self.groups):
                    self._onset(k + 1, None)
                    limit = self.groups[k + 1][0].start - round(10 * _MS)
                    if stop > limit:
                        vowels_end, stop = vowels_end - (stop - limit), limit
            vowels_end = max(vowels_end, beat + round(20 * _MS))
            _lay(group[b:], vowels_end, max(stop, vowels_end + len(coda)))
            self._nuclei(group[a:b], beat, vowels_end)

    def _onset_lengths(self, k: int) -> list[float]:
        a, _ = self.lyric.syllables[k].parts()
        return [_natural(p) for p in self.groups[k][:a]]

    def _onset(self, k: int, scale: float | None) -> None:
        """Puts the consonants before syllable k's beat; ``scale`` shortens them, None: full length."""
        lengths = self._onset_lengths(k)
        beat = self.start_of(k)
        _lay(self.groups[k][: len(lengths)], beat - round((1.0 if scale is None else scale) * sum(lengths)), beat)

    def _nuclei(self, group: list[_Placed], start: int, end: int) -> None:
        """Shares a note among its vowels (mostly one)."""
        weights = []
        for phone in group:
            vowel = sounds.is_vowel(phone.symbol) or len(group) == 1
            phone.nucleus = vowel
            weights.append((1.0 if phone.stress or len(group) == 1 else 0.62) if vowel else 0.0)
        consonants = sum(_natural(p) for p, w in zip(group, weights) if not w)
        scale = min(1.0, 0.4 * (end - start) / max(1.0, consonants))
        rest = (end - start) - scale * consonants
        at = float(start)
        for phone, weight in zip(group, weights):
            size = rest * weight / sum(weights) if weight else scale * _natural(phone)
            phone.start, phone.end = round(at), round(at + size)
            at += size

    def breaths(self, first: int) -> list[Breath]:
        """A breath before the phrase, as long as there is room, and in every rest long enough: nobody breathes in while
        a vowel of the line before still sounds."""
        end = first - round(0.05 * SAMPLE_RATE)
        length = min(round(0.3 * SAMPLE_RATE), end + self.room - round(0.06 * SAMPLE_RATE))
        found = [Breath(end - length, length)] if length > 0.1 * SAMPLE_RATE else []
        for k in range(len(self.groups) - 1):
            if self.joined(k):
                continue
            gap_start = self.groups[k][-1].end + round(0.06 * SAMPLE_RATE)
            gap_end = self.groups[k + 1][0].start - round(0.04 * SAMPLE_RATE)
            if gap_end - gap_start > 0.16 * SAMPLE_RATE:
                size = min(gap_end - gap_start, round(0.34 * SAMPLE_RATE))
                found.append(Breath(gap_end - size, size))
        return found

    def phones(self, breaths: list[Breath]) -> list[Phone]:
        """All phones in order, breaths among them."""
        found: list[Phone] = []
        for group in self.groups:
            for p in group:
                glide = min(round(0.35 * (p.end - p.start)), round(130 * _MS)) if p.nucleus else 0
                found += shown(p.symbol, p.start, p.end, p.stress, p.word, p.note, glide)
        for breath in breaths:
            found += shown("breath", breath.start, breath.start + breath.length)
        return sorted(found, key=lambda phone: (phone.start, phone.end))

    def words(self) -> list[Word]:
        """Words with the samples from their first phone to their last."""
        spans: dict[int, tuple[int, int]] = {}
        for group in self.groups:
            for p in group:
                low, high = spans.get(p.word, (p.start, p.end))
                spans[p.word] = (min(low, p.start), max(high, p.end))
        return [Word(self.lyric.words[i], *spans[i]) for i in sorted(spans)]

    def passage(self, bank: Bank, settings: VoiceSettings, start: int, end: int, seed: int) -> Passage:
        """Time map, dynamics and pitch."""
        power = _power(bank, self.source)
        times, places = self._path(power)
        gain_times, gains = self._dynamics(power, times, places)
        at = frames(start, end)
        onsets = [(group[0].start, self.start_of(k)) for k, group in enumerate(self.groups)]
        curves = self.curves
        tones = melody.line(at, self.notes, self.lyric, onsets, settings, curves, seed)
        effort = melody.effort(at, tones, self.notes) + 2.5 * curves.at("tension", at)
        colours = Colours(
            breath=curves.at("breath", at).astype(np.float32) - 0.15 * curves.at("tension", at).astype(np.float32),
            gender=settings.gender + curves.at("gender", at),
            growl=curves.at("growl", at, settings.growl).astype(np.float32),
            harmony=curves.at("harmony", at, settings.harmony).astype(np.float32),
            choir=curves.at("choir", at, settings.choir).astype(np.float32),
        )
        second = None
        if colours.harmony.any():
            upper = melody.third(self.notes)
            second = _hertz(melody.line(at, upper, self.lyric, onsets, settings, curves, seed + 1))
        if "dynamics" in curves:
            every = np.union1d(gain_times, at)
            gains = np.interp(every, gain_times, gains) + curves.at("dynamics", every)
            gain_times = every
        f0 = _hertz(tones)
        return Passage(self.source, start, end, times, places, gain_times, gains, f0, effort, colours, second)

    def _path(self, power: Floats) -> tuple[Floats, Floats]:
        """Points (sample, source frame) that the voice passes through."""
        points: list[tuple[float, float]] = []
        for group in self.groups:
            for i, p in enumerate(group):
                low, high = float(p.source.start), float(p.source.end)
                if i + 1 < len(group) and group[i + 1].nucleus:
                    high = _rise(power, group[i + 1].source, p.source)
                if p.nucleus and i and not group[i - 1].nucleus:
                    low = _rise(power, p.source, group[i - 1].source)
                points += _hold(p, low, high) if p.nucleus else _wait(p, low, high, power)
        times = np.array([t for t, _ in points], np.float64)
        # Equal or falling times (phones of no length) would make the path ambiguous.
        times = np.maximum.accumulate(times) + np.arange(len(times)) * 1e-3
        return times, np.array([place for _, place in points], np.float64)

    def _dynamics(self, power: Floats, times: Floats, places: Floats) -> tuple[Floats, Floats]:
        """Gain that makes vowels equally loud at equal velocity, shapes onsets and closes phrases."""
        points: list[tuple[float, float]] = []
        for k, group in enumerate(self.groups):
            opened = k == 0 or not self.joined(k - 1)
            a, b = self.lyric.syllables[k].parts()
            for p in group[a:b]:
                if not p.nucleus:
                    continue
                middle = float(np.interp((p.start + p.end) / 2, times, places))
                level = _level(power[max(0, int(middle) - 2) : int(middle) + 3].mean())
                velocity = float(np.clip(self.notes[p.note].velocity, 0.05, 1))
                gain = -level + 15 * np.log10(velocity / 0.8)
                if p is group[a]:
                    if opened:
                        first = gain - _SOFTER * (1 - group[0].diction) if a else gain
                        points += [(group[0].start - 12 * _MS, gain + SILENCE), (group[0].start + 5 * _MS, first)]
                    if a:
                        points += _hush(power, (times, places), group[:a], p.start, gain, level)
                    else:
                        points += [(p.start - 14 * _MS, gain - (30 if opened else 7)), (p.start + 8 * _MS, gain)]
                points += _swell(p, gain)
            points += _hush(power, (times, places), group[b:], None, gain, level)
            if not self.joined(k):
                end, last = group[-1].end, points[-1][1]
                tail = _RELEASE if group[-1].nucleus else round(40 * _MS)
                points += [(end - 0.3 * tail, last), (end + 0.7 * tail, last - 45), (end + tail, last + SILENCE)]
        points.sort(key=lambda point: point[0])
        return np.array([t for t, _ in points], np.float64), np.array([g for _, g in points], np.float64)


def _swell(p: _Placed, gain: float) -> list[tuple[float, float]]:
    """A held vowel grows a little and dies away; a short one stays."""
    length = p.end - p.start
    swell = 0.5 * float(np.clip((length / SAMPLE_RATE - 0.3) / 0.7, 0, 1))
    return [
        (p.start + min(25 * _MS, 0.3 * length), gain - swell),
        (p.start + 0.5 * length, gain + 0.6 * swell),
        (p.end - 0.25 * length, gain - 0.5),
        (p.end - 1, gain - 0.8 - swell),
    ]


def _hush(
    power: Floats, way: tuple[Floats, Floats], consonants: list[_Placed], beat: int | None, gain: float, vowel: float
) -> list[tuple[float, float]]:
    """Gains that keep consonants below their vowel: clearly so before a ``beat``, so that the beat is heard there.

    Moment by moment: what is below by itself (a burst, a glide's quiet beginning) is left alone.
    """
    points: list[tuple[float, float]] = []
    for p in consonants:
        below = _BELOW if sounds.sound(p.symbol).voiced else _BELOW_VOICELESS
        below = _BELOW_AFTER if beat is None else below
        at = np.linspace(p.start, p.end, max(3, (p.end - p.start) // HOP))
        level = np.interp(np.interp(at, *way), np.arange(len(power)), 10 * np.log10(power + 1e-9))
        soft = gain - _SOFTER * (1 - p.diction)
        cuts = soft + np.minimum(0.0, vowel - below - maximum_filter1d(level, 3))
        points += list(zip(at[1:-1].tolist(), cuts[1:-1].tolist()))
    if beat is not None and points:
        points += [(beat - 9 * _MS, points[-1][1]), (beat + 9 * _MS, gain)]
    return points


def _hertz(tones: Floats) -> Floats:
    return (440 * 2 ** ((tones - 69) / 12)).astype(np.float32)


def _level(power: float) -> float:
    return float(10 * np.log10(power + 1e-9))


def _natural(phone: _Placed) -> float:
    """Samples a consonant takes where there is room."""
    kind = sounds.sound(phone.symbol).kind
    low, high = _LENGTHS[kind]
    dwell = 1 + (_DWELLS.get(kind, _DWELL) - 1) * phone.diction
    return dwell * float(np.clip((phone.source.end - phone.source.start) * HOP, low * _MS, high * _MS))


def _lay(group: list[_Placed], start: int, end: int) -> None:
    """Lays consonants side by side between two samples in proportion to their natural lengths."""
    lengths = np.array([_natural(p) for p in group])
    if not len(lengths):
        return
    edges = start + np.concatenate([[0], np.cumsum(lengths) / lengths.sum()]) * (end - start)
    for p, a, b in zip(group, edges, edges[1:]):
        p.start, p.end = round(float(a)), round(float(b))


def _hold(p: _Placed, low: float, high: float) -> list[tuple[float, float]]:
    """A vowel: in at its own speed, held at its target, out at its own speed; squeezed when the note is short."""
    length = float(p.end - p.start)
    diphthong = p.symbol in sounds.OFFGLIDES
    target = low + (0.32 if diphthong else 0.5) * (high - low)
    into, out = (target - low) * HOP, (high - target) * HOP
    scale = min(1.0, 0.8 * length / max(1.0, into + out))
    return [
        (p.start, low),
        (p.start + scale * into, target - 0.4),
        (p.end - scale * out, target + 0.4),
        (p.end - 1, high),
    ]


def _wait(p: _Placed, low: float, high: float, power: Floats) -> list[tuple[float, float]]:
    """A consonant: in and out somewhat slower than spoken, the rest of what it is longer waited out in its middle, a stop's
    closure.

    Glides are all movement and are slowed evenly, and so is what is shorter than spoken.
    """
    kind, room, size = sounds.sound(p.symbol).kind, (p.end - p.start) / HOP, high - low
    if size >= room or size < 4 or kind in ("glide", "aspirate"):
        return [(p.start, low), (p.end - 1, high)]
    into, out = 0.4 * size, 0.4 * size
    if kind in ("stop", "affricate"):
        closed = int(np.argmin(power[round(low) : round(low) + max(2, round(0.7 * size))]))
        into = min(max(closed, 1), size - 2) - 0.5
        out = size - into - 1
    slow = HOP * (1 + _HASTE * (room - size) / (into + out))
    return [(p.start, low), (p.start + slow * into, low + into), (p.end - slow * out, high - out), (p.end - 1, high)]


def _power(bank: Bank, source: Source) -> Floats:
    """Power between 250 and 2500 Hz of every source frame."""
    result: Floats = np.exp(2 * bank.envelope(source.params)[:, _BAND]).mean(axis=1)
    return result


def _rise(power: Floats, vowel: SourcePhone, before: SourcePhone) -> float:
    """Source frame (with fraction) at which a vowel's energy has risen half way (in dB) from its consonant."""
    first = max(before.start, vowel.start - 6)
    last = min(vowel.end - 1, vowel.start + max(2, min(14, round(0.6 * (vowel.end - vowel.start)))))
    level = 10 * np.log10(power[first : last + 1] + 1e-9)
    top = level.max()
    floor = max(float(level.min()), top - 12)
    if top - floor < 3:
        return float(vowel.start)
    threshold = (top + floor) / 2
    above = int(np.argmax(level))
    while above > 0 and level[above - 1] >= threshold:
        above -= 1
    if above == 0:
        return float(vowel.start)
    part = (threshold - level[above - 1]) / max(1e-6, level[above] - level[above - 1])
    return float(first + above - 1 + part)


def _match(symbols: list[str], found: list[SourcePhone]) -> list[SourcePhone]:
    """The source phone for every planned one; they are the same, but for what the bank's own rules changed."""
    if len(symbols) == len(found):
        return found
    names = [p.symbol for p in found]
    result: list[SourcePhone | None] = [None] * len(symbols)
    for a, b, size in difflib.SequenceMatcher(None, symbols, names, autojunk=False).get_matching_blocks():
        for i in range(size):
            result[a + i] = found[b + i]
    filled: list[SourcePhone] = []
    for i, symbol in enumerate(symbols):
        own = result[i]
        if own is None:
            near = round(i * (len(found) - 1) / max(1, len(symbols) - 1))
            same = [j for j, name in enumerate(names) if name == symbol] or [near]
            own = found[min(same, key=lambda j: abs(j - near))]
        filled.append(own)
    return filled

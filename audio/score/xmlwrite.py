"""Writes MusicXML 4.0, partwise: notes with ties over bar lines, lyrics, chord symbols, tempo, sections, mix.

Through the standard library; lengths are exact in divisions, notated values are given where one exists. What the
format has no element for (energy, curves, voicings, seed) stands in ``miscellaneous-field``, as it provides for.
"""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from xml.etree import ElementTree as ET

from audio.score.chart import curve_lines
from audio.score.chords import FLAT_NAMES, SHARP_NAMES, flat_key, parse_chord, pitch_class
from audio.score.midi import KITS, PROGRAMS
from audio.score.model import Note, Song, Track
from audio.score.xmlnames import FIFTHS, HEAD, ILLEGAL, KINDS, TYPES


def dumps(song: Song) -> bytes:
    """A song as MusicXML."""
    root = ET.Element("score-partwise", version="4.0")
    ET.SubElement(ET.SubElement(root, "work"), "work-title").text = _text(song.title)
    _identification(root, song)
    parts = ET.SubElement(root, "part-list")
    for i, track in enumerate(song.tracks):
        _score_part(parts, track, i)
    dots = [n.start.denominator for t in song.tracks for n in t.notes]
    dots += [n.length.denominator for t in song.tracks for n in t.notes]
    dots += [x.denominator for c in song.chords for x in (c.start, c.length)] + [
        t.beat.denominator for t in song.tempos
    ]
    dots += [m.quarters.denominator for m in song.meters]
    divisions = math.lcm(*set(dots)) if dots else 1
    if divisions > 100_000:
        raise ValueError("note lengths have no common division that MusicXML can hold")
    for i, track in enumerate(song.tracks):
        _Part(song, track, i, max(4, divisions)).write(ET.SubElement(root, "part", id=f"P{i + 1}"))
    if not song.tracks:
        ET.SubElement(ET.SubElement(parts, "score-part", id="P1"), "part-name").text = "empty"
        blank = Track("empty", "keys_piano", ())
        _Part(song, blank, 0, max(4, divisions)).write(ET.SubElement(root, "part", id="P1"))
    ET.indent(root, " ")
    return HEAD.encode() + ET.tostring(root, encoding="utf-8")


def _text(text: str) -> str:
    return ILLEGAL.sub("", text)


def _identification(root: ET.Element, song: Song) -> None:
    box = ET.SubElement(root, "identification")
    if song.artist:
        ET.SubElement(box, "creator", type="artist").text = _text(song.artist)
    encoding = ET.SubElement(box, "encoding")
    ET.SubElement(encoding, "software").text = "Limelight"
    facts = {"style": song.style, "prompt": song.prompt, "seed": str(song.seed), "mode": song.mode, "key": song.key}
    facts |= {f"credits {k}": v for k, v in song.credits.items()}
    facts |= {f"reverb P{i + 1}": repr(t.reverb) for i, t in enumerate(song.tracks)}
    # A volume goes no higher than 100; what a fader is pushed above 0 dB is said here.
    facts |= {f"gain P{i + 1}": repr(t.gain_db) for i, t in enumerate(song.tracks) if t.gain_db > 0}
    facts |= {f"curves P{i + 1}": curve_lines(t.curves, song.tempo_map) for i, t in enumerate(song.tracks) if t.curves}
    if song.mix.master_db is not None:
        facts["master"] = repr(song.mix.master_db)
    facts["eq"] = song.mix.eq_text
    if any(c.function or c.voicing for c in song.chords):
        facts["harmony"] = json.dumps([[c.function, list(c.voicing)] for c in song.chords], separators=(",", ":"))
    fields = ET.SubElement(box, "miscellaneous")
    for name, value in facts.items():
        if value:
            ET.SubElement(fields, "miscellaneous-field", name=_text(name)).text = _text(value)


def _score_part(parts: ET.Element, track: Track, i: int) -> None:
    part = ET.SubElement(parts, "score-part", id=f"P{i + 1}")
    ET.SubElement(part, "part-name").text = _text(track.name)
    ET.SubElement(part, "part-abbreviation").text = _text(track.instrument)
    pitches = sorted({n.pitch for n in track.notes}) if track.kind == "drums" else [-1]
    for pitch in pitches or [36]:
        tag = _instrument(i, pitch)
        box = ET.SubElement(part, "score-instrument", id=tag)
        ET.SubElement(box, "instrument-name").text = _text(track.instrument)
    for pitch in pitches or [36]:
        box = ET.SubElement(part, "midi-instrument", id=_instrument(i, pitch))
        drums = track.kind == "drums"
        ET.SubElement(box, "midi-channel").text = (
            "10" if drums else str([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16][i % 15])
        )
        program = KITS.get(track.instrument, 0) if drums else PROGRAMS.get(track.instrument, 0)
        ET.SubElement(box, "midi-program").text = str(program + 1)
        if drums:
            ET.SubElement(box, "midi-unpitched").text = str(pitch + 1)
        ET.SubElement(box, "volume").text = repr(round(80 * 10 ** (min(0.0, track.gain_db) / 20), 4))
        ET.SubElement(box, "pan").text = repr(track.pan * 90)


def _instrument(part: int, pitch: int) -> str:
    return f"P{part + 1}-I{pitch + 1}"


class _Part:
    """Writes one track, measure by measure."""

    def __init__(self, song: Song, track: Track, index: int, divisions: int) -> None:
        self.song, self.track, self.index, self.divisions = song, track, index, divisions
        self.tempo = song.tempo_map
        self.voices = self._voices()
        self.starts = {s.bar: s for s in song.sections}
        self.meters = {m.bar: m for m in song.meters}

    def _voices(self) -> list[list[list[Note]]]:
        """Notes as chords (same start and length) in voices that do not overlap."""
        groups: dict[tuple[Fraction, Fraction], list[Note]] = {}
        for note in self.track.notes:
            groups.setdefault((note.start, note.length), []).append(note)
        voices: list[list[list[Note]]] = []
        for (start, _), notes in sorted(groups.items(), key=lambda g: (g[0][0], -g[0][1])):
            for voice in voices:
                if voice[-1][0].start + voice[-1][0].length <= start:
                    voice.append(notes)
                    break
            else:
                voices.append([notes])
        return voices or [[]]

    def write(self, part: ET.Element) -> None:
        ends = [n.start + n.length for t in self.song.tracks for n in t.notes]
        bars = self.song.bars
        if ends:
            bars = max(bars, self.tempo.bar_of(max(ends) - Fraction(1, 1_000_000)) + 1)
        places = [0] * len(self.voices)
        for bar in range(bars):
            measure = ET.SubElement(part, "measure", number=str(bar + 1))
            begin, end = self.tempo.bar_beat(bar), self.tempo.bar_beat(bar + 1)
            self._attributes(measure, bar)
            if self.index == 0:
                self._directions(measure, bar, begin, end)
                self._harmony(measure, begin, end)
            for v, voice in enumerate(self.voices):
                if v:
                    box = ET.SubElement(measure, "backup")
                    ET.SubElement(box, "duration").text = self._ticks(end - begin)
                places[v] = self._voice(measure, voice, places[v], v, begin, end)

    def _ticks(self, beats: Fraction) -> str:
        ticks = beats * self.divisions
        return str(round(ticks))

    def _attributes(self, measure: ET.Element, bar: int) -> None:
        meter = self.meters.get(bar)
        if bar and not meter:
            return
        box = ET.SubElement(measure, "attributes")
        if not bar:
            ET.SubElement(box, "divisions").text = str(self.divisions)
            if self.track.kind != "drums":
                key = ET.SubElement(box, "key")
                ET.SubElement(key, "fifths").text = str(_fifths(self.song.key, self.song.mode))
                ET.SubElement(key, "mode").text = self.song.mode if self.song.mode in FIFTHS else "none"
        if meter:
            time = ET.SubElement(box, "time")
            ET.SubElement(time, "beats").text = str(meter.beats)
            ET.SubElement(time, "beat-type").text = str(meter.unit)
        if not bar:
            clef = ET.SubElement(box, "clef")
            drums = self.track.kind == "drums"
            low = bool(self.track.notes) and sum(n.pitch for n in self.track.notes) / len(self.track.notes) < 55
            ET.SubElement(clef, "sign").text = "percussion" if drums else "F" if low else "G"
            if not drums:
                ET.SubElement(clef, "line").text = "4" if low else "2"

    def _directions(self, measure: ET.Element, bar: int, begin: Fraction, end: Fraction) -> None:
        section = self.starts.get(bar)
        if section is not None:
            box = ET.SubElement(measure, "direction", placement="above")
            ET.SubElement(ET.SubElement(box, "direction-type"), "rehearsal").text = section.name
            words = f"energy {section.energy!r} bars {section.bars}"
            hidden = {"print-object": "no"}
            ET.SubElement(ET.SubElement(box, "direction-type"), "words", hidden).text = words
        for tempo in self.song.tempos:
            if begin <= tempo.beat < end:
                box = ET.SubElement(measure, "direction", placement="above")
                mark = ET.SubElement(ET.SubElement(box, "direction-type"), "metronome")
                ET.SubElement(mark, "beat-unit").text = "quarter"
                ET.SubElement(mark, "per-minute").text = _decimal(tempo.bpm)
                if tempo.beat > begin:
                    ET.SubElement(box, "offset", sound="yes").text = self._ticks(tempo.beat - begin)
                ET.SubElement(box, "sound", tempo=_decimal(tempo.bpm))

    def _harmony(self, measure: ET.Element, begin: Fraction, end: Fraction) -> None:
        for chord in self.song.chords:
            if not begin <= chord.start < end:
                continue
            name, _, bass = chord.symbol.replace("6/9", "69").partition("/")
            match = re.match(r"^([A-G])([#b]?)(.*)$", name)
            if match is None:
                continue
            box = ET.SubElement(measure, "harmony")
            _step(ET.SubElement(box, "root"), "root", match[1], match[2])
            quality = parse_chord(chord.symbol).quality
            kind = ET.SubElement(box, "kind", text=match[3])
            kind.text = KINDS.get(quality) or ("minor" if re.match("m(?!aj)", quality) else "major")
            if bass:
                _step(ET.SubElement(box, "bass"), "bass", bass[0], bass[1:])
            if chord.start > begin:
                ET.SubElement(box, "offset").text = self._ticks(chord.start - begin)

    def _voice(
        self, measure: ET.Element, voice: list[list[Note]], place: int, number: int, begin: Fraction, end: Fraction
    ) -> int:
        """Notes of one voice in one measure (those tied over from before included); returns where to go on."""
        cursor = begin
        while place < len(voice):
            notes = voice[place]
            start, stop = notes[0].start, notes[0].start + notes[0].length
            if start >= end:
                break
            here, until = max(start, begin), min(stop, end)
            if here > cursor:
                self._rest(measure, here - cursor, number)
            for i, note in enumerate(notes):
                self._note(measure, note, until - here, number, i > 0, start < begin, stop > end)
            cursor = until
            if stop > end:
                break
            place += 1
        if cursor < end:
            self._rest(measure, end - cursor, number)
        return place

    def _rest(self, measure: ET.Element, length: Fraction, number: int) -> None:
        if number:
            ET.SubElement(ET.SubElement(measure, "forward"), "duration").text = self._ticks(length)
            return
        box = ET.SubElement(measure, "note")
        ET.SubElement(box, "rest")
        self._length(box, length, number)

    def _length(self, box: ET.Element, length: Fraction, number: int) -> None:
        ET.SubElement(box, "duration").text = self._ticks(length)

    def _note(
        self, measure: ET.Element, note: Note, length: Fraction, number: int, chord: bool, tied: bool, ties: bool
    ) -> None:
        box = ET.SubElement(measure, "note", dynamics=repr(round(note.velocity * 127 / 90 * 100, 3)))
        if chord:
            ET.SubElement(box, "chord")
        drums = self.track.kind == "drums"
        flats = not drums and flat_key(_tonic(self.song.key), self.song.mode)
        name = (FLAT_NAMES if flats else SHARP_NAMES)[note.pitch % 12]
        pitch = ET.SubElement(box, "unpitched" if drums else "pitch")
        prefix = "display-" if drums else ""
        ET.SubElement(pitch, f"{prefix}step").text = name[0]
        if len(name) > 1 and not drums:
            ET.SubElement(pitch, "alter").text = "1" if name[1] == "#" else "-1"
        ET.SubElement(pitch, f"{prefix}octave").text = str(note.pitch // 12 - 1)
        ET.SubElement(box, "duration").text = self._ticks(length)
        for yes, kind in ((tied, "stop"), (ties, "start")):
            if yes:
                ET.SubElement(box, "tie", type=kind)
        ET.SubElement(box, "instrument", id=_instrument(self.index, note.pitch if drums else -1))
        ET.SubElement(box, "voice").text = str(number + 1)
        if length in TYPES:
            value, dots = TYPES[length]
            ET.SubElement(box, "type").text = value
            for _ in range(dots):
                ET.SubElement(box, "dot")
        if tied or ties:
            marks = ET.SubElement(box, "notations")
            for yes, kind in ((tied, "stop"), (ties, "start")):
                if yes:
                    ET.SubElement(marks, "tied", type=kind)
        if note.lyric and not tied and not chord:
            self._lyric(box, note)

    def _lyric(self, box: ET.Element, note: Note) -> None:
        lyric = ET.SubElement(box, "lyric", number="1")
        if note.lyric == "_":
            ET.SubElement(lyric, "extend")
            return
        before = self._before.get(note.start, False)
        goes_on = len(note.lyric) > 1 and note.lyric.endswith("-")
        kinds = {(False, False): "single", (False, True): "begin", (True, True): "middle", (True, False): "end"}
        ET.SubElement(lyric, "syllabic").text = kinds[(before, goes_on)]
        ET.SubElement(lyric, "text").text = _text(note.lyric[:-1] if goes_on else note.lyric)

    @property
    def _before(self) -> dict[Fraction, bool]:
        """Whether a word is open when a syllable comes."""
        cached: dict[Fraction, bool] | None = getattr(self, "_open_words", None)
        if cached is None:
            cached, is_open = {}, False
            for note in sorted(self.track.notes, key=lambda n: n.start):
                if note.lyric and note.lyric != "_":
                    cached[note.start] = is_open
                    is_open = len(note.lyric) > 1 and note.lyric.endswith("-")
            self._open_words = cached
        return cached


def _step(box: ET.Element, prefix: str, letter: str, accidental: str) -> None:
    ET.SubElement(box, f"{prefix}-step").text = letter
    if accidental:
        ET.SubElement(box, f"{prefix}-alter").text = "1" if accidental == "#" else "-1"


def _decimal(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def _tonic(key: str) -> int:
    try:
        return pitch_class(key)
    except (KeyError, IndexError):
        return 0


def _fifths(key: str, mode: str) -> int:
    fifths = (_tonic(key) * 7 + FIFTHS.get(mode, 0)) % 12
    fifths = fifths if fifths <= 6 else fifths - 12
    return -6 if fifths == 6 and flat_key(_tonic(key), mode) else fifths

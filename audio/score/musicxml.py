"""MusicXML 4.0, partwise: notes with ties over bar lines, lyrics, chord symbols, tempo, sections, mix.

Written through the standard library; lengths are exact in divisions, notated values are given where one exists.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

from audio.score.chords import FLAT_NAMES, LETTERS, SHARP_NAMES, flat_key, parse_chord, pitch_class
from audio.score.errors import ScoreError
from audio.score.midi import KITS, PROGRAMS
from audio.score.model import Chord, Meter, Note, Section, Song, Tempo, Track

MAX_NOTES = 200_000
MAX_MEASURES = 10_000
MAX_XML = 64_000_000
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_TYPES = {
    Fraction(4): ("whole", 0), Fraction(3): ("half", 1), Fraction(2): ("half", 0), Fraction(3, 2): ("quarter", 1),
    Fraction(1): ("quarter", 0), Fraction(3, 4): ("eighth", 1), Fraction(1, 2): ("eighth", 0),
    Fraction(3, 8): ("16th", 1), Fraction(1, 4): ("16th", 0), Fraction(1, 8): ("32nd", 0), Fraction(6): ("whole", 1),
}  # fmt: skip
_KINDS = {
    "": "major", "m": "minor", "dim": "diminished", "aug": "augmented", "7": "dominant", "maj7": "major-seventh",
    "m7": "minor-seventh", "mmaj7": "major-minor", "m7b5": "half-diminished", "dim7": "diminished-seventh",
    "sus4": "suspended-fourth", "sus2": "suspended-second", "6": "major-sixth", "m6": "minor-sixth", "5": "power",
    "9": "dominant-ninth", "maj9": "major-ninth", "m9": "minor-ninth", "11": "dominant-11th", "m11": "minor-11th",
    "13": "dominant-13th", "maj13": "major-13th",
}  # fmt: skip
_QUALITIES = {v: k for k, v in _KINDS.items()}
_FIFTHS = {"major": 0, "minor": -3, "dorian": -2, "phrygian": -4, "lydian": 1, "mixolydian": -1}
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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
    return _ILLEGAL.sub("", text)


def _identification(root: ET.Element, song: Song) -> None:
    box = ET.SubElement(root, "identification")
    if song.artist:
        ET.SubElement(box, "creator", type="artist").text = _text(song.artist)
    encoding = ET.SubElement(box, "encoding")
    ET.SubElement(encoding, "software").text = "Limelight"
    facts = {"style": song.style, "prompt": song.prompt, "seed": str(song.seed), "mode": song.mode, "key": song.key}
    facts |= {f"credits {k}": v for k, v in song.credits.items()}
    facts |= {f"reverb P{i + 1}": repr(t.reverb) for i, t in enumerate(song.tracks)}
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
                ET.SubElement(key, "mode").text = self.song.mode if self.song.mode in _FIFTHS else "none"
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
            kind.text = _KINDS.get(quality) or ("minor" if re.match("m(?!aj)", quality) else "major")
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
        if length in _TYPES:
            value, dots = _TYPES[length]
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
    fifths = (_tonic(key) * 7 + _FIFTHS.get(mode, 0)) % 12
    fifths = fifths if fifths <= 6 else fifths - 12
    return -6 if fifths == 6 and flat_key(_tonic(key), mode) else fifths


# ---- reading ------------------------------------------------------------------------------------------------
def loads(data: bytes, file: str = "song.musicxml") -> Song:
    """A song from (compressed) MusicXML; :class:`ScoreError` when it is broken, huge or no partwise score."""
    if data[:2] == b"PK":
        data = _unzip(data, file)
    if len(data) > MAX_XML:
        raise ScoreError(file, "", "larger than any score", "Export it again.")
    if b"<!ENTITY" in data or "<!ENTITY".encode("utf-16-le") in data or "<!ENTITY".encode("utf-16-be") in data:
        raise ScoreError(file, "", "declares entities, which no score needs", "Remove the <!ENTITY lines.")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        line, column = error.position
        problem = str(error).partition(":")[0]
        raise ScoreError(file, f"line {line}, column {column + 1}", problem, "Export it again.") from None
    except (ValueError, LookupError, RecursionError) as error:
        raise ScoreError(file, "", f"no readable XML ({str(error)[:80]})", "Export it again.") from None
    if root.tag != "score-partwise":
        raise ScoreError(file, "line 1", f"<{root.tag[:40]}> is no <score-partwise>", "Export as partwise MusicXML.")
    try:
        return _Xml(root, file).song()
    except (ValueError, OverflowError, ZeroDivisionError, KeyError, TypeError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(file, "", f"a value is not understood ({str(error)[:100]})", "Export it again.") from None


def _unzip(data: bytes, file: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                i
                for i in archive.infolist()
                if i.filename.endswith((".xml", ".musicxml")) and "META-INF" not in i.filename
            ]
            if not names or names[0].file_size > MAX_XML:
                raise ScoreError(file, "", "holds no score of a sane size", "Export it again.")
            with archive.open(names[0]) as member:
                return member.read(MAX_XML + 1)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(file, "", "a broken .mxl archive", "Export it again.") from None


class _Xml:
    """One MusicXML tree on its way to a song."""

    def __init__(self, root: ET.Element, file: str) -> None:
        self.root, self.file = root, file
        self.tempos: dict[Fraction, Fraction] = {}
        self.meters: list[Meter] = []
        self.sections: list[Section] = []
        self.chords: list[tuple[Fraction, str]] = []
        self.key, self.mode = "C", "major"
        self.count = 0
        self.bars = 0
        self.end = Fraction(0)

    def song(self) -> Song:
        parts = self.root.findall("part")
        if len(parts) > 64:
            raise ScoreError(self.file, "", f"{len(parts)} parts", "At most 64 are read.")
        heads = {p.get("id", ""): p for p in self.root.findall("part-list/score-part")}
        fields = {f.get("name", ""): (f.text or "") for f in self.root.findall(".//miscellaneous-field")[:200]}
        tracks = []
        for i, part in enumerate(parts):
            track = self._part(part, heads.get(part.get("id", "")), i == 0)
            reverb = float(fields.get(f"reverb {part.get('id', '')}") or 0.2)
            tracks.append(replace(track, reverb=min(1.0, max(0.0, reverb))))
        tempos = tuple(Tempo(b, self.tempos[b]) for b in sorted(self.tempos))
        if not tempos or tempos[0].beat != 0:
            tempos = (Tempo(Fraction(0), Fraction(120)), *tempos)
        seed = fields.get("seed", "0")
        kept = [t for t in tracks if t.notes or len(parts) > 1]
        return Song(
            title=self._find("work/work-title") or self._find("movement-title") or self.file.rsplit(".", 1)[0],
            bars=max(1, self.bars),
            tempos=tempos,
            meters=tuple(self.meters) or (Meter(0),),
            key=fields.get("key", self.key)[:3],
            mode=fields.get("mode", self.mode)[:20],
            sections=self._sections(),
            chords=self._chords(),
            tracks=tuple(kept),
            seed=int(seed) if re.fullmatch(r"-?\d{1,18}", seed) else 0,
            style=fields.get("style", ""),
            prompt=fields.get("prompt", ""),
            artist=next(
                (c.text or "" for c in self.root.findall("identification/creator") if c.get("type") == "artist"), ""
            ),
            credits={k[8:]: v for k, v in fields.items() if k.startswith("credits ")},
        )

    def _find(self, path: str) -> str:
        return " ".join((self.root.findtext(path) or "").split())[:200]

    def _part(self, part: ET.Element, head: ET.Element | None, first: bool) -> Track:
        drums = {
            m.get("id", ""): int(m.findtext("midi-unpitched") or 1) - 1
            for m in (head.findall("midi-instrument") if head is not None else [])
            if m.find("midi-unpitched") is not None
        }
        notes: list[Note] = []
        ties: dict[tuple[int, str], list[int]] = {}
        divisions, bar_length = 1, Fraction(4)
        begin = Fraction(0)
        unpitched = False
        measures = part.findall("measure")
        if len(measures) > MAX_MEASURES:
            raise ScoreError(self.file, "", f"{len(measures)} measures", f"At most {MAX_MEASURES} are read.")
        for bar, measure in enumerate(measures):
            cursor = furthest = begin
            previous = begin
            for element in measure:
                if element.tag == "attributes":
                    divisions = int(element.findtext("divisions") or divisions)
                    if not 1 <= divisions <= 10_000_000:
                        raise ScoreError(self.file, f"measure {bar + 1}", f"divisions {divisions}", "Export it again.")
                    bar_length = self._attributes(element, bar, bar_length, first)
                elif element.tag in ("backup", "forward"):
                    step = self._duration(element, divisions)
                    cursor += step if element.tag == "forward" else -step
                    cursor = max(begin, cursor)
                elif element.tag in ("direction", "sound") and first:
                    self._direction(element, bar, cursor, divisions)
                elif element.tag == "harmony" and first:
                    offset = Fraction(int(element.findtext("offset") or 0), divisions)
                    symbol = _symbol(element)
                    if symbol:
                        self.chords.append((cursor + offset, symbol))
                elif element.tag == "note" and element.find("grace") is None:
                    length = self._duration(element, divisions)
                    start = previous if element.find("chord") is not None else cursor
                    previous = start
                    cursor = max(cursor, start + length) if element.find("chord") is not None else start + length
                    if element.find("rest") is None and element.find("cue") is None and length > 0:
                        unpitched |= element.find("unpitched") is not None
                        self._note(element, notes, ties, start, length, drums, bar)
                furthest = max(furthest, cursor)
            # A pickup measure is as long as what it holds; all others are whole bars.
            begin += bar_length
            self.end = max(self.end, begin)
        self.bars = max(self.bars, len(measures))
        return self._track(notes, head, bool(drums) or unpitched)

    def _track(self, notes: list[Note], head: ET.Element | None, drums: bool) -> Track:
        name = " ".join((head.findtext("part-name") or "").split())[:80] if head is not None else ""
        wish = (head.findtext("part-abbreviation") or "").strip() if head is not None else ""
        program = int((head.findtext("midi-instrument/midi-program") if head is not None else None) or 1) - 1
        sung = not drums and any(n.lyric for n in notes)
        known = {v: k for k, v in PROGRAMS.items()}
        if wish in PROGRAMS or wish in KITS:
            instrument = wish
        else:
            instrument = "kit_synth" if drums else "voice" if sung else known.get(program, "keys_piano")
        pan, volume = 0.0, 80.0
        if head is not None:
            pan = min(1.0, max(-1.0, float(head.findtext("midi-instrument/pan") or 0) / 90))
            volume = min(100.0, max(0.0001, float(head.findtext("midi-instrument/volume") or 80)))
        gain = round(min(0.0, 20 * math.log10(volume / 80)), 1) + 0.0
        kind = "drums" if drums else "voice" if sung else "notes"
        ordered = tuple(sorted(notes, key=lambda n: (n.start, n.pitch)))
        return Track(name or "part", instrument, ordered, kind, gain, round(pan, 4))

    def _attributes(self, element: ET.Element, bar: int, length: Fraction, first: bool) -> Fraction:
        time = element.find("time")
        if time is not None and time.findtext("beats"):
            beats, unit = (time.findtext("beats") or "4"), int(time.findtext("beat-type") or 4)
            total = sum(int(x) for x in beats.split("+"))
            if not 1 <= total <= 32 or unit not in (1, 2, 4, 8, 16, 32):
                raise ScoreError(self.file, f"measure {bar + 1}", f"meter {beats[:9]}/{unit}", "Export it again.")
            meter = Meter(bar, total, unit)
            length = meter.quarters
            if first:
                if not self.meters and bar:
                    self.meters.append(Meter(0))
                self.meters.append(meter)
        key = element.find("key")
        if key is not None and first and bar == 0:
            mode = key.findtext("mode") or "major"
            mode = mode if mode in _FIFTHS else "major"
            tonic = ((int(key.findtext("fifths") or 0) - _FIFTHS[mode]) * 7) % 12
            flats = int(key.findtext("fifths") or 0) < 0
            self.key = (FLAT_NAMES if flats else SHARP_NAMES)[tonic]
            self.mode = mode
        return length

    def _duration(self, element: ET.Element, divisions: int) -> Fraction:
        value = Fraction(element.findtext("duration") or "0")
        if not 0 <= value <= 10_000 * divisions:
            raise ScoreError(self.file, "", f"a duration of {str(value)[:20]}", "Export it again.")
        return value / divisions

    def _direction(self, element: ET.Element, bar: int, at: Fraction, divisions: int) -> None:
        offset = element.find("offset")
        if offset is not None:
            at += Fraction(int(offset.text or 0), divisions)
        for sound in [element] if element.tag == "sound" else element.findall("sound"):
            if sound.get("tempo"):
                bpm = Fraction(sound.get("tempo", "120")).limit_denominator(10_000)
                if not 10 <= bpm <= 1000:
                    raise ScoreError(
                        self.file, f"measure {bar + 1}", f"tempo {float(bpm):g}", "It goes from 10 to 1000."
                    )
                self.tempos[at] = bpm
        mark = element.findtext("direction-type/rehearsal")
        if mark and len(self.sections) < 1000:
            words = " ".join(w.text or "" for w in element.findall("direction-type/words"))
            match = re.search(r"energy ([\d.e-]{1,24}) bars (\d{1,5})", words)
            name = re.sub(r"[^\w-]+", "-", mark.lower()).strip("-")[:40] or "part"
            energy = min(1.0, max(0.0, float(match[1]))) if match else 0.5
            self.sections.append(Section(name, bar, int(match[2]) if match else 0, energy))

    def _note(
        self,
        element: ET.Element,
        notes: list[Note],
        ties: dict[tuple[int, str], list[int]],
        start: Fraction,
        length: Fraction,
        drums: dict[str, int],
        bar: int,
    ) -> None:
        pitch = _pitch(element, drums)
        if pitch is None or not 0 <= pitch <= 127:
            raise ScoreError(self.file, f"measure {bar + 1}", "a note without a playable pitch", "Correct it there.")
        kinds = {t.get("type") for t in element.findall("tie")}
        voice = element.findtext("voice") or "1"
        key = (pitch, voice)
        waiting = ties.get(key, [])
        before = next((i for i in waiting if notes[i].start + notes[i].length == start), None)
        if "stop" in kinds and before is not None:
            waiting.remove(before)
            notes[before] = replace(notes[before], length=notes[before].length + length)
        else:
            dynamics = float(element.get("dynamics") or 80 * 127 / 90 / 1.27)
            velocity = min(1.0, max(0.0, round(dynamics * 90 / 127 / 100, 4)))
            before = len(notes)
            notes.append(Note(start, length, pitch, velocity, _lyric(element)))
            self.count += 1
            if self.count > MAX_NOTES:
                raise ScoreError(self.file, f"measure {bar + 1}", f"more than {MAX_NOTES} notes", "Cut the score.")
        if "start" in kinds:
            ties.setdefault(key, []).append(before)

    def _sections(self) -> tuple[Section, ...]:
        found = []
        for i, section in enumerate(self.sections):
            after = self.sections[i + 1].bar if i + 1 < len(self.sections) else self.bars
            found.append(section if section.bars else replace(section, bars=max(1, after - section.bar)))
        return tuple(found)

    def _chords(self) -> tuple[Chord, ...]:
        marks = sorted(self.chords, key=lambda c: c[0])
        ends = [at for at, _ in marks[1:]] + [self.end]
        return tuple(Chord(at, end - at, symbol) for (at, symbol), end in zip(marks, ends) if end > at)


def _pitch(element: ET.Element, drums: dict[str, int]) -> int | None:
    instrument = element.find("instrument")
    if instrument is not None and instrument.get("id") in drums:
        return drums[instrument.get("id", "")]
    box, prefix = element.find("pitch"), ""
    if box is None:
        box, prefix = element.find("unpitched"), "display-"
    if box is None:
        return None
    step, octave = box.findtext(f"{prefix}step") or "", box.findtext(f"{prefix}octave")
    if step not in LETTERS or octave is None:
        return 38 if prefix else None
    return LETTERS[step] + round(float(box.findtext("alter") or 0)) + 12 * (int(octave) + 1)


def _lyric(element: ET.Element) -> str:
    lyric = element.find("lyric")
    if lyric is None:
        return ""
    text = "".join(_pieces(lyric)).strip()[:200]
    if not text:
        return "_" if lyric.find("extend") is not None else ""
    return (
        text + "-" if lyric.findall("syllabic") and lyric.findall("syllabic")[-1].text in ("begin", "middle") else text
    )


def _pieces(lyric: ET.Element) -> Iterator[str]:
    for child in lyric:
        if child.tag == "text":
            yield child.text or ""
        elif child.tag == "elision":
            yield child.text or " "


def _symbol(element: ET.Element) -> str:
    step = element.findtext("root/root-step")
    if step not in LETTERS:
        return ""
    kind = element.find("kind")
    quality = ""
    if kind is not None:
        quality = kind.get("text") if kind.get("text") is not None else _QUALITIES.get(kind.text or "", "")  # type: ignore[assignment]
    alter = {"1": "#", "-1": "b"}.get((element.findtext("root/root-alter") or "").removesuffix(".0"), "")
    bass = element.findtext("bass/bass-step") or ""
    if bass:
        bass = "/" + bass + {"1": "#", "-1": "b"}.get(element.findtext("bass/bass-alter") or "", "")
    for symbol in (f"{step}{alter}{quality}{bass}", f"{step}{alter}{bass}"):
        try:
            parse_chord(symbol)
            return symbol
        except (ValueError, KeyError):
            continue
    return ""

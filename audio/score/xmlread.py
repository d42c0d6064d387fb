"""Reads (compressed) partwise MusicXML as far as a song goes: notes, ties, lyrics, chord symbols, tempo, sections, mix."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree as ET

from audio.score.chart import read_curves
from audio.score.chords import FLAT_NAMES, LETTERS, SHARP_NAMES, parse_chord
from audio.score.errors import ScoreError
from audio.score.midi import KITS, PROGRAMS
from audio.score.model import Chord, Meter, Mix, Note, Section, Song, Tempo, TempoMap, Track
from audio.score.text import LineError
from audio.score.xmlnames import FIFTHS, MAX_MEASURES, MAX_NOTES, MAX_XML, QUALITIES


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
        tracks: list[Track] = []
        drawn: dict[int, str] = {}
        for i, part in enumerate(parts):
            track = self._part(part, heads.get(part.get("id", "")), i == 0)
            reverb = float(fields.get(f"reverb {part.get('id', '')}") or 0.2)
            gain = float(fields.get(f"gain {part.get('id', '')}") or "nan")
            gain = gain if 0 <= gain <= 24 else track.gain_db
            tracks.append(replace(track, reverb=min(1.0, max(0.0, reverb)), gain_db=gain))
            drawn[i] = fields.get(f"curves {part.get('id', '')}", "")
        tempos = tuple(Tempo(b, self.tempos[b]) for b in sorted(self.tempos))
        if not tempos or tempos[0].beat != 0:
            tempos = (Tempo(Fraction(0), Fraction(120)), *tempos)
        tempo = TempoMap(tempos, tuple(self.meters) or (Meter(0),))
        for i, text in drawn.items():
            with contextlib.suppress(LineError):
                tracks[i] = replace(tracks[i], curves=read_curves(text, tempo))
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
            chords=_annotated(self._chords(), fields.get("harmony", "")),
            tracks=tuple(kept),
            seed=int(seed) if re.fullmatch(r"-?\d{1,18}", seed) else 0,
            style=fields.get("style", ""),
            prompt=fields.get("prompt", ""),
            artist=next(
                (c.text or "" for c in self.root.findall("identification/creator") if c.get("type") == "artist"), ""
            ),
            credits={k[8:]: v for k, v in fields.items() if k.startswith("credits ")},
            mix=Mix.read(fields.get("master", ""), fields.get("eq", "")),
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
            mode = mode if mode in FIFTHS else "major"
            tonic = ((int(key.findtext("fifths") or 0) - FIFTHS[mode]) * 7) % 12
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


def _annotated(chords: tuple[Chord, ...], text: str) -> tuple[Chord, ...]:
    """Chords with the functions and voicings of a file of ours, as long as they are as many."""
    try:
        more = json.loads(text) if text else []
        if not isinstance(more, list) or len(more) != len(chords):
            return chords
        made = []
        for chord, (function, voicing) in zip(chords, more):
            pitches = tuple(int(p) for p in voicing)
            if not isinstance(function, str) or any(not 0 <= p <= 127 for p in pitches):
                return chords
            made.append(replace(chord, function=function[:24], voicing=pitches))
        return tuple(made)
    except (ValueError, TypeError, RecursionError):
        return chords


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
        quality = kind.get("text") if kind.get("text") is not None else QUALITIES.get(kind.text or "", "")  # type: ignore[assignment]
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

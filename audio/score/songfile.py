"""``song.toml``: a song as a page that a person reads and edits. Song to text to song is exact."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from fractions import Fraction
from typing import Any

from audio.score import chart
from audio.score import text as lines
from audio.score.chords import flat_key, pitch_class
from audio.score.errors import ScoreError
from audio.score.model import MOST_EQ, MOST_MASTER, Meter, Mix, Note, Song, Tempo, TempoMap, Track, is_eq

HEAD = """\
# A Limelight song. Change anything and perform it again.
# Bars are numbered from 1, lengths are in quarter-note beats (1/2 is an eighth).
# Notes: C4:1/2 pitch and length, r:1 a rest, C4+E4:2 together, !90 how hard (0-100). Under sung notes (>) one syllable
# each: "win-" goes on in the next note, "_" holds the last one. Drums: - silence, 1-9 and X how hard. "= 5": as bar 5.
"""
_KNOWN = {
    "title", "artist", "tempo", "meter", "tempo_changes", "meter_changes", "key", "mode", "bars", "style", "seed",
    "prompt", "sections", "chords", "track", "credits", "format", "mix",
}  # fmt: skip
_TRACK_KEYS = {"name", "instrument", "kind", "gain_db", "pan", "reverb", "swing", "hard", "notes", "curves"}


def dumps(song: Song) -> str:
    """A song as the text of a ``song.toml``; ``ValueError`` when it holds what the format cannot say."""
    tempo = song.tempo_map
    flats = bool(re.match("^[A-G][#b]?$", song.key)) and flat_key(pitch_class(song.key), song.mode)
    out = [HEAD]
    out.append(f"title = {_string(song.title)}")
    if song.artist:
        out.append(f"artist = {_string(song.artist)}")
    out.append(f"tempo = {_bpm(song.tempos[0].bpm)}")
    if len(song.tempos) > 1:
        changes = [_string(f"beat {lines.fraction(t.beat)}: {_bpm(t.bpm).strip(chr(34))}") for t in song.tempos[1:]]
        out.append("tempo_changes = [" + ", ".join(changes) + "]")
    out.append(f'meter = "{song.meters[0].beats}/{song.meters[0].unit}"')
    if len(song.meters) > 1:
        bars = [_string(f"bar {m.bar + 1}: {m.beats}/{m.unit}") for m in song.meters[1:]]
        out.append("meter_changes = [" + ", ".join(bars) + "]")
    out += [f"key = {_string(song.key)}", f"mode = {_string(song.mode)}", f"bars = {song.bars}"]
    if song.style:
        out.append(f"style = {_string(song.style)}")
    out.append(f"seed = {song.seed}")
    if song.prompt:
        out.append(f"prompt = {_string(song.prompt)}")
    if song.sections:
        out.append("\n# name, bars, energy\nsections = " + _block(chart.section_lines(song.sections)))
    if song.chords:
        out.append("\nchords = " + _block(_chart(song, tempo)))
    if song.mix.master_db is not None or song.mix.eq:
        out.append("\n# Kept, so that an edit changes only what it touches; without it the loudness is measured anew.")
        out.append("[mix]")
    if song.mix.master_db is not None:
        out.append(f"master_db = {song.mix.master_db!r}")
    if song.mix.eq:
        out.append(f"eq = {list(song.mix.eq)!r}  # dB: low, low mid, mid, high mid, high")
    if song.credits:
        out.append("\n[credits]")
        out += [f"{_key(k)} = {_string(v)}" for k, v in song.credits.items()]
    for track in song.tracks:
        out.append(_track(track, tempo, flats))
    return "\n".join(out) + "\n"


def _chart(song: Song, tempo: TempoMap) -> str:
    try:
        written = chart.chord_lines(song.chords, tempo, song.bars, song.sections)
        if chart.read_chords(written, tempo) == song.chords:
            return written
    except ValueError:
        pass
    return chart.exact_chords(song.chords)


def _track(track: Track, tempo: TempoMap, flats: bool) -> str:
    out = ["\n[[track]]", f"name = {_string(track.name)}", f"instrument = {_string(track.instrument)}"]
    if track.kind != "notes":
        out.append(f"kind = {_string(track.kind)}")
    for key, value, default in (
        ("gain_db", track.gain_db, 0.0),
        ("pan", track.pan, 0.0),
        ("reverb", track.reverb, 0.2),
    ):
        if value != default:
            out.append(f"{key} = {value!r}")
    if track.kind == "drums":
        swing = lines.swing_of(track.notes)
        if swing:
            out.append(f'swing = "{lines.fraction(swing)}"')
        body = lines.drum_lines(track.notes, tempo, swing)
    else:
        usual = Counter(n.velocity for n in track.notes if round(n.velocity * 100) / 100 == n.velocity).most_common(1)
        hard = usual[0][0] if usual else 0.8
        if hard != 0.8:
            out.append(f"hard = {round(hard * 100)}")
        sung = track.kind == "voice" or any(n.lyric or n.phones for n in track.notes)
        body = lines.note_lines(track.notes, tempo, sung, hard, flats)
    out.append("notes = " + _block(body))
    if track.curves:
        out.append("curves = " + _block(chart.curve_lines(track.curves, tempo)))
    return "\n".join(out)


def _block(body: str) -> str:
    return f"'''\n{body}\n'''"


def _string(text: str) -> str:
    # A JSON string is a TOML basic string once DEL is escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _string(text)


def _bpm(bpm: Fraction) -> str:
    if bpm.denominator == 1:
        return str(bpm.numerator)
    thousand = bpm * 1000
    return str(float(bpm)) if thousand.denominator == 1 else f'"{lines.fraction(bpm)}"'


def loads(text: str, file: str = "song.toml") -> Song:
    """A song from the text of a ``song.toml``; :class:`ScoreError` names line and remedy."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        where = f"line {place[1]}" if place else "end of the file" if "end of document" in str(error) else ""
        problem = re.sub(r" ?\(at (line|end).*\)", "", str(error)) or "nested too deeply"
        raise ScoreError(file, where, problem, "Check quotes and brackets there.") from None
    return _Reader(text, file, data).song()


class _Reader:
    """Turns the tables of a file into a song, remembering where texts stand for messages."""

    def __init__(self, text: str, file: str, data: dict[str, Any]) -> None:
        self.text, self.file, self.data = text, file, data
        self._from = 0

    def song(self) -> Song:
        for key in self.data:
            if key not in _KNOWN:
                known = ", ".join(sorted(_KNOWN))
                raise self.error(self.line_of(key), f"unknown key {key[:40]!r}", f"Known are {known}.")
        tempos, meters = self.tempos(), self.meters()
        tempo = TempoMap(tempos, meters)
        bars = self.value("bars", int, 0)
        if not 0 <= bars <= lines.MAX_BARS:
            raise self.error(self.line_of("bars"), f"{bars} bars", f"A song has 1 to {lines.MAX_BARS} bars.")
        sections = self.lines_in("sections", self.value("sections", str, ""), chart.read_sections)
        chords = self.lines_in("chords", self.value("chords", str, ""), lambda t: chart.read_chords(t, tempo))
        tables = self.data.get("track", [])
        if not isinstance(tables, list) or len(tables) > 64 or not all(isinstance(t, dict) for t in tables):
            raise self.error(self.line_of("track"), "tracks are not a list of [[track]] tables", "Write [[track]].")
        tracks = tuple(self.track(table, tempo) for table in tables)
        if not bars:
            ends = [n.start + n.length for t in tracks for n in t.notes]
            bars = (
                tempo.bar_of(max(ends) - Fraction(1, 1000)) + 1
                if ends
                else max((s.bar + s.bars for s in sections), default=1)
            )
        credits_ = self.data.get("credits", {})
        if not isinstance(credits_, dict) or not all(isinstance(v, str) for v in credits_.values()):
            raise self.error(self.line_of("credits"), "credits hold more than texts", 'Write music = "name".')
        return Song(
            title=self.value("title", str, "Untitled"),
            bars=bars,
            tempos=tempos,
            meters=meters,
            key=self.value("key", str, "C"),
            mode=self.value("mode", str, "major"),
            sections=sections,
            chords=chords,
            tracks=tracks,
            seed=self.value("seed", int, 0),
            style=self.value("style", str, ""),
            prompt=self.value("prompt", str, ""),
            artist=self.value("artist", str, ""),
            credits=dict(credits_),
            mix=self.mix(),
        )

    def mix(self) -> Mix:
        table = self.data.get("mix", {})
        if not isinstance(table, dict) or not set(table) <= {"master_db", "eq"}:
            raise self.error(self.line_of("[mix]"), "the mix is not understood", "Known are master_db = -2.5 and eq.")
        gain = self.value("master_db", float, 0.0, table) if "master_db" in table else None
        if gain is not None and not abs(gain) <= MOST_MASTER:
            raise self.error(
                self.line_of("master_db"), f"master_db {gain}", f"It goes from -{MOST_MASTER:g} to {MOST_MASTER:g}."
            )
        found = table.get("eq", [])
        plain = isinstance(found, list) and all(type(g) in (int, float) for g in found)
        eq = tuple(float(g) for g in found) if plain else (0.0,)
        if not is_eq(eq):
            raise self.error(
                self.line_of("eq"), f"eq = {str(found)[:40]}",
                f"It is five gains from -{MOST_EQ:g} to {MOST_EQ:g} dB: low, low mid, mid, high mid, high.",
            )  # fmt: skip
        return Mix(gain, eq)

    def tempos(self) -> tuple[Tempo, ...]:
        found = [Tempo(Fraction(0), self.bpm(self.data.get("tempo", 120), "tempo"))]
        for text in self.strings("tempo_changes"):
            match = re.match(r"^beat\s+([\d./]+)\s*:\s*([\d./]+)$", text)
            if not match:
                raise self.error(self.line_of("tempo_changes"), f"{text[:40]!r}", 'Write "beat 64: 120".')
            beat = self.number(match[1], "tempo_changes")
            if beat <= found[-1].beat or beat > lines.MAX_BEATS:
                raise self.error(self.line_of("tempo_changes"), f"{text[:40]!r} goes back", "Order them by beat.")
            found.append(Tempo(beat, self.bpm(match[2], "tempo_changes")))
        return tuple(found)

    def meters(self) -> tuple[Meter, ...]:
        found = [self.meter(0, self.value("meter", str, "4/4"), "meter")]
        for text in self.strings("meter_changes"):
            match = re.match(r"^bar\s+(\d{1,5})\s*:\s*(\S+)$", text)
            if not match or int(match[1]) - 1 <= found[-1].bar or int(match[1]) > lines.MAX_BARS:
                raise self.error(self.line_of("meter_changes"), f"{text[:40]!r}", 'Write "bar 9: 3/4", in order.')
            found.append(self.meter(int(match[1]) - 1, match[2], "meter_changes"))
        return tuple(found)

    def meter(self, bar: int, text: str, key: str) -> Meter:
        match = re.match(r"^(\d{1,2})/(1|2|4|8|16|32)$", text)
        if not match or not 1 <= int(match[1]) <= 32:
            raise self.error(self.line_of(key), f"{text[:20]!r} is no meter", 'Write "4/4", "3/4" or "6/8".')
        return Meter(bar, int(match[1]), int(match[2]))

    def bpm(self, value: Any, key: str) -> Fraction:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.error(self.line_of(key), "the tempo is no number", "Write tempo = 120.")
        bpm = self.number(str(value), key)
        if not 10 <= bpm <= 1000:
            raise self.error(self.line_of(key), f"tempo {str(value)[:20]}", "It goes from 10 to 1000.")
        return bpm

    def number(self, text: str, key: str) -> Fraction:
        try:
            return lines.number(text)
        except ValueError as error:
            raise self.error(self.line_of(key), str(error), "") from None

    def strings(self, key: str) -> list[str]:
        found = self.data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(x, str) for x in found) or len(found) > 10_000:
            raise self.error(self.line_of(key), f"{key} is no list of texts", "")
        return found

    def track(self, table: dict[str, Any], tempo: TempoMap) -> Track:
        where = self.line_of("[[track]]")
        for key in table:
            if key not in _TRACK_KEYS:
                raise self.error(
                    where, f"unknown key {key[:40]!r} in a track", f"Known: {', '.join(sorted(_TRACK_KEYS))}."
                )
        kind = self.value("kind", str, "notes", table)
        if kind not in ("notes", "voice", "drums"):
            raise self.error(where, f"kind {kind[:20]!r}", "It is notes, voice or drums.")
        body = self.value("notes", str, "", table)
        notes: tuple[Note, ...]
        if kind == "drums":
            swing = self.number(self.value("swing", str, "0", table), "swing")
            notes = self.lines_in("notes", body, lambda t: lines.read_drums(t, tempo, swing))
        else:
            hard = self.value("hard", int, 80, table)
            if not 0 <= hard <= 100:
                raise self.error(where, f"hard {hard}", "It goes from 0 to 100.")
            notes = self.lines_in("notes", body, lambda t: lines.read_notes(t, tempo, hard / 100))
        figures = {}
        for key, default, low, high in (("gain_db", 0.0, -120, 24), ("pan", 0.0, -1, 1), ("reverb", 0.2, 0, 1)):
            figure = self.value(key, float, default, table)
            if not low <= figure <= high:
                raise self.error(where, f"{key} {figure}", f"It goes from {low} to {high}.")
            figures[key] = figure
        name = self.value("name", str, "track", table)
        drawn = self.lines_in("curves", self.value("curves", str, "", table), lambda t: chart.read_curves(t, tempo))
        instrument = self.value("instrument", str, "keys_piano", table)
        return Track(name, instrument, notes, kind, **figures, curves=drawn)

    def value(self, key: str, kind: type, default: Any, table: dict[str, Any] | None = None) -> Any:
        found = (self.data if table is None else table).get(key, default)
        if kind is float and isinstance(found, int) and not isinstance(found, bool):
            found = float(found)
        if not isinstance(found, kind) or isinstance(found, bool):
            names = {int: "a whole number", str: "a text", float: "a number"}
            raise self.error(self.line_of(key), f"{key} is not {names[kind]}", "")
        return found

    def lines_in(self, key: str, body: str, read: Any) -> Any:
        """Reads a text of lines; an error is given the line of the whole file."""
        at = self.text.find(body, self._from) if body else -1
        try:
            result = read(body)
        except lines.LineError as error:
            first = self.text.count("\n", 0, at) if at >= 0 else 0
            raise self.error(f"line {first + error.line}", error.problem, f"It stands in {key!r}.") from None
        if at >= 0 and key == "notes":
            self._from = at + len(body)
        return result

    def line_of(self, key: str) -> str:
        match = re.search(rf"^\s*\"?{re.escape(key)}", self.text[self._from :], re.M) if key else None
        if match is None:
            return key
        return f"line {self.text.count(chr(10), 0, self._from + match.end()) + 1}"

    def error(self, place: str, problem: str, remedy: str) -> ScoreError:
        return ScoreError(self.file, place, problem, remedy)

"""Standard MIDI files: notes, tempo, meter, key, lyrics, section markers, chord texts, names, programs, mix.

A file of ours is read back note for note on its 960 ticks to the beat; any other file is read as far as it speaks:
its lyrics (``win-`` hyphens as here, or karaoke syllables with spaces) make the track they lie on the sung one.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mido

from audio.score.chart import chord_token, read_chord
from audio.score.chords import LETTERS, flat_key, name_of, pitch_class
from audio.score.errors import ScoreError
from audio.score.model import CURVES, Chord, Curve, Meter, Mix, Note, Section, Song, Tempo, TempoMap, Track

TICKS = 960
MAX_NOTES = 200_000
MAX_BEATS = 100_000

PROGRAMS = {
    "voice": 53, "bass_sub": 39, "bass_pluck": 33, "bass_saw": 38, "pad_warm": 89, "pad_glass": 92, "keys_ep": 4,
    "keys_organ": 16, "keys_piano": 0, "pluck": 45, "arp_square": 80, "lead_saw": 81, "lead_soft": 85, "bell": 14,
    "strings": 48, "guitar": 24,
}  # fmt: skip
"""General MIDI programs (0-based) of our patches."""
KITS = {"kit_synth": 25, "kit_soft": 40, "kit_break": 24}
_FAMILIES = (
    "keys_piano", "bell", "keys_organ", "guitar", "bass_pluck", "strings", "strings", "lead_soft", "lead_soft",
    "lead_soft", "lead_saw", "pad_warm", "pad_glass", "pluck", "bell", "pad_glass",
)  # fmt: skip
_MODES = {"major": "", "minor": "m"}


def dumps(song: Song) -> bytes:
    """A song as a format-1 MIDI file. Chords, sections and song data are text events, so they come back."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    file.tracks.append(_conductor(song))
    channels = [c for c in range(16) if c != 9]
    for i, track in enumerate(song.tracks):
        channel = 9 if track.kind == "drums" else channels[i % len(channels)]
        file.tracks.append(_write_track(track, channel))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _tick(beat: Fraction) -> int:
    return round(beat * TICKS)


def _conductor(song: Song) -> Any:
    tempo = song.tempo_map
    events: list[tuple[int, int, Any]] = [(0, 0, mido.MetaMessage("track_name", name=song.title))]
    facts = {"artist": song.artist, "style": song.style, "prompt": song.prompt, "mode": song.mode, "key": song.key}
    facts |= {"seed": str(song.seed), "bars": str(song.bars)}
    if song.mix.master_db is not None:
        facts["master"] = repr(song.mix.master_db)
    facts["eq"] = song.mix.eq_text
    facts |= {f"credits {k}": v for k, v in song.credits.items()}
    events += [(0, 1, mido.MetaMessage("text", text=f"{k}: {v}")) for k, v in facts.items() if v]
    for meter in song.meters:
        sign = mido.MetaMessage("time_signature", numerator=meter.beats, denominator=meter.unit)
        events.append((_tick(tempo.bar_beat(meter.bar)), 2, sign))
    key = _key_signature(song)
    if key:
        events.append((0, 3, mido.MetaMessage("key_signature", key=key)))
    for change in song.tempos:
        micro = min(0xFFFFFF, max(1, round(60_000_000 / change.bpm)))
        events.append((_tick(change.beat), 4, mido.MetaMessage("set_tempo", tempo=micro)))
    for section in song.sections:
        text = f"{section.name} {section.bars} {section.energy!r}"
        events.append((_tick(tempo.bar_beat(section.bar)), 5, mido.MetaMessage("marker", text=text)))
    for chord in song.chords:
        text = f"chord {chord_token(chord)} {_tick(chord.start + chord.length) - _tick(chord.start)}"
        events.append((_tick(chord.start), 6, mido.MetaMessage("text", text=text)))
    return _timed(events, _tick(tempo.bar_beat(song.bars)))


def _key_signature(song: Song) -> str:
    try:
        tonic = pitch_class(song.key)
    except (KeyError, IndexError):
        return ""
    relative = {"dorian": -2, "phrygian": -4, "lydian": -5, "mixolydian": -7}.get(song.mode, 0)
    name = name_of((tonic + relative) % 12, flat_key(tonic, song.mode)) + _MODES.get(song.mode, "")
    known = {"Gbm": "F#m", "Dbm": "C#m", "G#": "Ab", "D#": "Eb", "A#": "Bb", "Abm": "G#m"}
    return known.get(name, name)


def _write_track(track: Track, channel: int) -> Any:
    events: list[tuple[int, int, Any]] = [
        (0, 0, mido.MetaMessage("track_name", name=track.name)),
        (0, 1, mido.MetaMessage("instrument_name", name=track.instrument)),
        (0, 1, mido.MetaMessage("text", text=f"mix {track.kind} {track.gain_db!r} {track.pan!r} {track.reverb!r}")),
    ]
    program = KITS.get(track.instrument, 0) if track.kind == "drums" else PROGRAMS.get(track.instrument, 0)
    events.append((0, 2, mido.Message("program_change", channel=channel, program=program)))
    volume = min(127, max(0, round(100 * 10 ** (track.gain_db / 40))))
    for control, value in ((7, volume), (10, round(64 + 63 * track.pan)), (91, round(127 * track.reverb))):
        value = min(127, max(0, value))
        events.append((0, 3, mido.Message("control_change", channel=channel, control=control, value=value)))
    for curve in track.curves:
        for beat, drawn in curve.points:
            text = f"curve {curve.name} {drawn!r}"
            events.append((_tick(beat), 4, mido.MetaMessage("text", text=text)))
            if curve.name == "dynamics":  # what other programs know of it: expression, -40 dB full scale
                loud = min(127, max(0, round(127 * 10 ** (min(0.0, drawn) / 40))))
                events.append((_tick(beat), 4, mido.Message("control_change", channel=channel, control=11, value=loud)))
    for note in track.notes:
        start, end = _tick(note.start), max(_tick(note.start) + 1, _tick(note.start + note.length))
        velocity = min(127, max(1, round(note.velocity * 127)))
        if note.lyric or note.phones:
            text = note.lyric + (f" [{' '.join(note.phones)}]" if note.phones else "")
            events.append((start, 6, mido.MetaMessage("lyrics", text=text)))
        events.append((start, 7, mido.Message("note_on", channel=channel, note=note.pitch, velocity=velocity)))
        events.append((end, 5, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    return _timed(events, 0)


def _timed(events: list[tuple[int, int, Any]], end: int) -> Any:
    track = mido.MidiTrack()
    now = 0
    for tick, _, message in sorted(events, key=lambda e: (e[0], e[1])):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - now)))
    return track


# ---- reading ------------------------------------------------------------------------------------------------
def loads(data: bytes, file: str = "song.mid") -> Song:
    """A song from a MIDI file; :class:`ScoreError` when it is broken or holds no beat."""
    try:
        source = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    except UnicodeDecodeError:
        source = _latin(data, file)
    except Exception as error:  # mido raises many kinds on broken files
        raise ScoreError(file, "", f"no readable MIDI file ({_short(error)})", "Export it again.") from None
    if not 1 <= source.ticks_per_beat < 0x8000:
        raise ScoreError(file, "header", "no ticks to the beat (SMPTE time)", "Export it with bars and beats.")
    try:
        return _Midi(source, file).song()
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        if isinstance(error, ScoreError):
            raise
        raise ScoreError(file, "", _short(error), "Export it again.") from None


def _latin(data: bytes, file: str) -> Any:
    try:
        return mido.MidiFile(file=io.BytesIO(data), charset="latin1")
    except Exception as error:
        raise ScoreError(file, "", f"no readable MIDI file ({_short(error)})", "Export it again.") from None


def _short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


class _Midi:
    """One MIDI file on its way to a song."""

    def __init__(self, source: Any, file: str) -> None:
        self.source, self.file = source, file
        self.beat = source.ticks_per_beat
        self.facts: dict[str, str] = {}
        self.credits: dict[str, str] = {}
        self.tempos: dict[Fraction, Fraction] = {}
        self.signs: dict[Fraction, tuple[int, int]] = {}
        self.markers: list[tuple[Fraction, str]] = []
        self.chords: list[Chord] = []
        self.tracks: list[Track] = []
        self.words: list[tuple[int, list[tuple[int, str]]]] = []
        self.title, self.key = "", ""
        self.count = 0
        self.drawn: dict[str, list[tuple[Fraction, float]]] = defaultdict(list)

    def song(self) -> Song:
        for index, track in enumerate(self.source.tracks):
            self._track(index, track)
        self._attach_words()
        tempos = tuple(Tempo(b, self.tempos[b]) for b in sorted(self.tempos))
        if not tempos or tempos[0].beat != 0:
            tempos = (Tempo(Fraction(0), Fraction(120)), *tempos)
        meters = self._meters()
        tempo = TempoMap(tempos, meters)
        ends = [n.start + n.length for t in self.tracks for n in t.notes]
        bars = tempo.bar_of(max(ends) - Fraction(1, 1000)) + 1 if ends else 1
        if self.facts.get("bars", "").isdigit():
            bars = max(bars, min(10_000, int(self.facts["bars"][:6])))
        key, mode = self._key()
        seed = self.facts.get("seed", "0")
        return Song(
            title=self.title or self.file.rsplit(".", 1)[0],
            bars=bars,
            tempos=tempos,
            meters=meters,
            key=self.facts.get("key", key)[:3],
            mode=self.facts.get("mode", mode),
            sections=self._sections(tempo, bars),
            chords=tuple(sorted(self.chords, key=lambda c: c.start)),
            tracks=tuple(self.tracks),
            seed=int(seed) if re.fullmatch(r"-?\d{1,18}", seed) else 0,
            style=self.facts.get("style", ""),
            prompt=self.facts.get("prompt", ""),
            artist=self.facts.get("artist", ""),
            credits=self.credits,
            mix=Mix.read(self.facts.get("master", ""), self.facts.get("eq", "")),
        )

    def _at(self, tick: int) -> Fraction:
        if tick > MAX_BEATS * self.beat:
            raise ScoreError(self.file, f"tick {tick}", "longer than any song", "Export it again.")
        return Fraction(tick, self.beat)

    def _track(self, index: int, messages: Any) -> None:
        name, instrument, mix = "", "", ""
        words: list[tuple[int, str]] = []
        open_notes: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        notes: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        programs: dict[int, int] = {}
        tick = 0
        self.drawn.clear()
        for message in messages:
            tick += message.time
            kind = message.type
            if kind == "note_on" and message.velocity > 0:
                open_notes[(message.channel, message.note)].append((tick, message.velocity))
            elif kind in ("note_off", "note_on"):
                waiting = open_notes[(message.channel, message.note)]
                if waiting:
                    start, velocity = waiting.pop(0)
                    notes[message.channel].append((start, tick, message.note, velocity))
                    self.count += 1
                    if self.count > MAX_NOTES:
                        raise ScoreError(self.file, "", f"more than {MAX_NOTES} notes", "Cut the file.")
            elif kind == "program_change":
                programs.setdefault(message.channel, message.program)
            elif kind == "track_name":
                name = name or _clean(message.name)
            elif kind == "instrument_name":
                instrument = _clean(message.name)
            elif kind == "lyrics":
                words.append((tick, message.text))
            elif kind == "text":
                mix = message.text if message.text.startswith("mix ") else mix
                self._text(tick, message.text, words)
            elif kind == "set_tempo":
                self.tempos[self._at(tick)] = _bpm(message.tempo)
            elif kind == "time_signature":
                self.signs[self._at(tick)] = (message.numerator, message.denominator)
            elif kind == "key_signature" and not self.key:
                self.key = message.key
            elif kind == "marker":
                self.markers.append((self._at(tick), _clean(message.text)))
        if index == 0 and not notes:
            self.title = name
        if words:
            self.words.append((len(self.tracks), words))
        for channel in sorted(notes):
            self._add(name, instrument, mix, channel, programs.get(channel, 0), notes[channel])

    def _add(
        self, name: str, instrument: str, mix: str, channel: int, program: int, raw: list[tuple[int, int, int, int]]
    ) -> None:
        made = []
        for start, end, pitch, velocity in sorted(raw):
            length = Fraction(max(1, end - start), self.beat)
            made.append(Note(self._at(start), length, pitch, round(velocity / 127, 2)))
        drums = channel == 9
        known = KITS if drums else PROGRAMS
        if instrument not in known:
            by_program = {v: k for k, v in PROGRAMS.items()}
            instrument = "kit_synth" if drums else by_program.get(program, _FAMILIES[program // 8])
        track = Track(name or f"track {len(self.tracks) + 1}", instrument, tuple(made), "drums" if drums else "notes")
        parts = mix.split()
        if len(parts) == 5 and parts[1] in ("notes", "voice", "drums"):
            try:
                gain, pan, reverb = (float(x) for x in parts[2:])
            except ValueError:
                gain, pan, reverb = 0.0, 0.0, 0.2
            if -120 <= gain <= 24 and -1 <= pan <= 1 and 0 <= reverb <= 1:
                track = replace(track, kind=parts[1], gain_db=gain, pan=pan, reverb=reverb)
        curves = tuple(Curve(curve, tuple(dict(points).items())) for curve, points in self.drawn.items())
        track = replace(track, curves=curves)
        self.tracks.append(track)

    def _text(self, tick: int, text: str, words: list[tuple[int, str]]) -> None:
        match = re.match(r"^chord (\S{1,120}) (\d{1,9})$", text)
        if match:
            with contextlib.suppress(ValueError):
                length = Fraction(max(1, int(match[2])), self.beat)
                self.chords.append(read_chord(match[1], self._at(tick), length))
            return
        match = re.match(r"^curve ([a-z_]{1,20}) (-?[\d.e-]{1,24})$", text)
        if match:
            with contextlib.suppress(ValueError):
                low, high = CURVES.get(match[1], (1.0, 0.0))
                if low <= float(match[2]) <= high:
                    self.drawn[match[1]].append((self._at(tick), float(match[2])))
            return
        fact = re.match(r"^(artist|style|prompt|mode|key|seed|bars|master|eq|credits [^:]{1,60}): (.*)$", text, re.S)
        if fact and tick == 0:
            if fact[1].startswith("credits "):
                self.credits[fact[1][8:]] = fact[2]
            else:
                self.facts[fact[1]] = fact[2]
        elif text and text[0] not in "@" and not text.startswith("mix ") and tick > 0:
            words.append((tick, text))  # karaoke files keep their syllables in text events

    def _attach_words(self) -> None:
        for near, words in self.words:
            if not self.tracks:
                return
            ticks = {tick for tick, _ in words}

            def hits(i: int, ticks: set[int] = ticks, near: int = near) -> tuple[int, bool]:
                starts = {round(n.start * self.beat) for n in self.tracks[i].notes}
                return (len(starts & ticks), i == near)

            best = max((i for i in range(len(self.tracks)) if self.tracks[i].kind != "drums"), key=hits, default=None)
            if best is None or hits(best)[0] < max(1, len(words) // 2):
                continue
            syllables = dict(_syllables(words))
            track = self.tracks[best]
            done: set[int] = set()
            notes = []
            for note in track.notes:
                tick = round(note.start * self.beat)
                if tick in syllables and tick not in done:
                    done.add(tick)
                    lyric, phones = syllables[tick]
                    note = replace(note, lyric=lyric, phones=phones)
                notes.append(note)
            kind = track.kind if any(t.kind == "voice" for t in self.tracks) else "voice"
            instrument = "voice" if kind == "voice" else track.instrument
            self.tracks[best] = replace(track, notes=tuple(notes), kind=kind, instrument=instrument)

    def _meters(self) -> tuple[Meter, ...]:
        meters: list[Meter] = []
        at, last = Fraction(0), Meter(0)
        for beat in sorted(self.signs):
            beats, unit = self.signs[beat]
            if not 1 <= beats <= 32 or unit not in (1, 2, 4, 8, 16, 32):
                continue
            bar = last.bar + round((beat - at) / last.quarters)
            if meters and bar <= meters[-1].bar:
                meters[-1] = Meter(meters[-1].bar, beats, unit)
            elif not meters and bar > 0:
                meters += [Meter(0), Meter(bar, beats, unit)]
            else:
                meters.append(Meter(bar, beats, unit))
            at, last = at + (bar - last.bar) * last.quarters, meters[-1]
        return tuple(meters) or (Meter(0),)

    def _sections(self, tempo: TempoMap, bars: int) -> tuple[Section, ...]:
        found: list[Section] = []
        for i, (beat, text) in enumerate(self.markers[:1000]):
            bar = tempo.bar_of(beat)
            match = re.match(r"^([\w-]+) (\d{1,5}) ([\d.e-]{1,24})$", text)
            after = next(
                (tempo.bar_of(b) for b, _ in self.markers[i + 1 :] if tempo.bar_of(b) > bar), max(bars, bar + 1)
            )
            if match and 0 < int(match[2]) <= 10_000 and _unit(match[3]):
                found.append(Section(match[1], bar, int(match[2]), float(match[3])))
            else:
                name = re.sub(r"[^\w-]+", "-", text.lower()).strip("-")[:40] or "part"
                found.append(Section(name, bar, after - bar))
        return tuple(found)

    def _key(self) -> tuple[str, str]:
        if not self.key or self.key[0] not in LETTERS:
            return "C", "major"
        minor = self.key.endswith("m")
        return self.key.removesuffix("m"), "minor" if minor else "major"


def _unit(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _bpm(micro: int) -> Fraction:
    """Beats per minute; the round figure that was meant where the microseconds allow it."""
    if micro <= 0:
        raise ValueError("a tempo of 0")
    exact = Fraction(60_000_000, micro)
    for digits in (1, 10, 100, 1000):
        near = Fraction(round(exact * digits), digits)
        if near and round(60_000_000 / near) == micro:
            return near
    return exact


def _clean(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable()).split())[:200]


def _syllables(words: list[tuple[int, str]]) -> list[tuple[int, tuple[str, tuple[str, ...]]]]:
    """Our own syllables, or karaoke's: a space or a line mark opens a word, so what has none goes on."""
    ours = any(text.endswith("-") or text == "_" for _, text in words)
    marked = sum(text[:1] in " \\/" or text[-1:] in " \r\n" for _, text in words)
    karaoke = not ours and marked * 4 >= len(words)
    result: list[tuple[int, tuple[str, tuple[str, ...]]]] = []
    for i, (tick, text) in enumerate(words):
        match = re.match(r"^(.*?) \[([A-Z0-9 ]+)\]$", text, re.S)
        phones = tuple(match[2].split()) if match else ()
        lyric = match[1] if match else text
        if karaoke:
            after = words[i + 1][1] if i + 1 < len(words) else " "
            whole = lyric[-1:] in " \r\n" or after[:1] in " \\/"
            lyric = lyric.strip(" \r\n\\/-") + ("" if whole else "-")
        if karaoke or not lyric.isprintable():
            lyric = _clean(lyric)
        if lyric or phones:
            result.append((tick, (lyric[:200], phones)))
    return result

"""The bandstand: what the band plays and sings, bar by bar, ahead of time.

Between songs a quiet bed loops, so there is never dead air. A song starts on a bar line of the bed, once its
first phrases exist as sound. Notes are sent a short way ahead, so a change costs little; sung phrases go to the
band as soon as the studio has them. Everything heard is on the timeline as well: beats, bars, chords, sections,
words, phonemes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from audio.compose import beats, chords, lyric_lines, sections, sung_phrases
from audio.engine import changes, note_events
from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare, VoiceEvent
from audio.score.model import Song
from audio.voice.model import Sung, Take
from stage.clock import SAMPLE_RATE
from stage.director.voicecues import voice_cues
from stage.timeline import Cue, Timeline

log = logging.getLogger("limelight.director")

AHEAD = SAMPLE_RATE
"""Notes are sent this far past the horizon."""


@dataclass(slots=True)
class Piece:
    """A bed or a song on its way from paper to sound."""

    id: str
    song: Song
    bed: bool
    requested_by: str = ""
    theme: str = ""
    start: int = -1
    phrases: list[tuple[int, Sung]] = field(default_factory=list)
    takes: dict[int, Take] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    late: int = 0
    events: list[NoteEvent] = field(default_factory=list)
    next_event: int = 0
    length: int = 0
    prepared: bool = False

    def __post_init__(self) -> None:
        tempo = self.song.tempo_map
        self.length = tempo.sample(tempo.bar_beat(self.song.bars))
        self.phrases = [] if self.bed else sung_phrases(self.song)

    @property
    def end(self) -> int:
        """Sample after the last bar."""
        return self.start + self.length

    def bar_lines(self) -> list[int]:
        """Samples of all bar lines from the piece's start, its end included."""
        tempo = self.song.tempo_map
        return [tempo.sample(tempo.bar_beat(bar)) for bar in range(self.song.bars + 1)]

    def sung(self) -> list[tuple[int, int]]:
        """(start, end) of every sung phrase on the show's clock."""
        spans = []
        for i, (offset, phrase) in enumerate(self.phrases):
            zero, last, take = self.start + offset, phrase.notes[-1], self.takes.get(i)
            first, end = (take.layout.start, take.layout.end) if take else (-SAMPLE_RATE // 2, last.start + last.length)
            spans.append((zero + first, zero + end))
        return spans

    def ready(self, seconds: float = 6.0) -> bool:
        """Whether all phrases that begin in the first seconds exist as sound (and the very first in any case)."""
        near = [i for i, (offset, _) in enumerate(self.phrases) if offset < seconds * SAMPLE_RATE]
        return all(i in self.takes for i in (near or ([0] if self.phrases else [])))


class Bandstand:
    """Plays the bed, and songs one after another."""

    def __init__(
        self, timeline: Timeline, send: Callable[..., None], perform: Callable[[str, Sung, int], bool]
    ) -> None:
        self._timeline, self._send, self._perform = timeline, send, perform
        self.bed: Piece | None = None
        self.playing: Piece | None = None
        self._loops = 0
        self._old: list[Piece] = []

    # ---- coming in ------------------------------------------------------------------------------------
    def new_piece(self, id: str, song: Song, bed: bool = False, requested_by: str = "", theme: str = "") -> Piece:
        """A composed song or bed; a song's phrases are sent to the studio at once."""
        piece = Piece(id, song, bed, requested_by, theme)
        for i, (_, phrase) in enumerate(piece.phrases):
            self._perform(f"sing:{id}:{i}", phrase, 3 if i < 2 else 4)
        self.prepare(piece)
        return piece

    def prepare(self, piece: Piece) -> None:
        """Have the band build the instruments a piece needs, ahead of its first note."""
        if not piece.prepared:
            names = dict.fromkeys(track.instrument for track in piece.song.tracks if track.kind != "voice")
            self._send(Prepare(tuple(names)))
            piece.prepared = True

    def take(self, piece: Piece, index: int, take: Take, horizon: int) -> None:
        """A sung phrase is ready."""
        piece.takes[index] = take
        if piece.start >= 0:
            self._sing(piece, index, horizon)

    # ---- playing ----------------------------------------------------------------------------------------
    def start_bed(self, piece: Piece, at: int) -> None:
        """Play (and loop) a bed from a sample on."""
        self.bed = piece
        self._begin(piece, at)

    def next_bar(self, after: int) -> int:
        """First bar line of what plays now at or after a sample (the sample itself in silence)."""
        piece = self.playing
        if piece is None or piece.end <= after:
            return max(after, piece.end) if piece else after
        return next((piece.start + line for line in piece.bar_lines() if piece.start + line >= after), piece.end)

    def start_song(self, piece: Piece, at: int, horizon: int) -> None:
        """Play a song from a sample on; what played before ends there."""
        if self.playing is not None:
            self._stop(self.playing, at, fade=SAMPLE_RATE // 8)
        self._begin(piece, at)
        for index in list(piece.takes):
            self._sing(piece, index, horizon)

    def back_to_bed(self, at: int) -> None:
        """End what plays at a sample and go on with the bed from there."""
        if self.playing is not None:
            self._stop(self.playing, at, fade=SAMPLE_RATE // 4)
        if self.bed is not None:
            self._loops += 1
            self.bed = Piece(f"{self.bed.id.split('#')[0]}#{self._loops}", self.bed.song, True, prepared=True)
            self._begin(self.bed, at)

    def stop(self, at: int, fade: int) -> None:
        """Silence from a sample on (end of the show, operator's stop)."""
        if self.playing is not None:
            self._stop(self.playing, at, fade)

    def sung(self) -> list[tuple[int, int]]:
        """(start, end) of every sung phrase that is planned or may still sound."""
        pieces = [*self._old[-2:], self.playing] if self.playing is not None else self._old[-2:]
        return [
            span
            for piece in pieces
            if not piece.bed and piece.start >= 0
            for span in piece.sung()
            if span[0] < piece.end
        ]

    def _begin(self, piece: Piece, at: int) -> None:
        piece.start, piece.next_event = at, 0
        piece.events = sorted(note_events(piece.song, at, piece.id), key=lambda event: event.sample)
        self._send(*changes(piece.song, at))
        self._timeline.extend(self._cues(piece))
        if self.playing is not None:
            self._old = [*self._old[-1:], self.playing]
        self.playing = piece

    def _stop(self, piece: Piece, at: int, fade: int) -> None:
        piece.next_event = len(piece.events)
        self._send(Cancel(at, piece.id, fade))
        # Beats, bars and chords of the old piece after the cut are not heard, so they leave the timeline too.
        self._timeline.withdraw(at, piece.id)
        if piece.end > at:
            piece.length = at - piece.start

    def advance(self, horizon: int) -> Piece | None:
        """Send what comes next; returns a song that has just ended."""
        ended = None
        piece = self.playing
        if piece is not None and horizon + AHEAD >= piece.end:
            if piece.bed or self.bed is not None:
                following = self.bed if self.bed is not None else piece
                if not piece.bed:
                    ended = piece
                self._loops += 1
                again = Piece(f"{following.id.split('#')[0]}#{self._loops}", following.song, True, prepared=True)
                self._flush(piece, piece.end)
                self._begin(again, max(piece.end, horizon))
                self.bed = again
            elif horizon >= piece.end:
                ended, self.playing = piece, None
        if self.playing is not None:
            self._flush(self.playing, horizon + AHEAD)
        return ended if ended is not None and not ended.bed else None

    def _flush(self, piece: Piece, until: int) -> None:
        first = piece.next_event
        while piece.next_event < len(piece.events) and piece.events[piece.next_event].sample < until:
            piece.next_event += 1
        if piece.next_event > first:
            self._send(*piece.events[first : piece.next_event])

    def _sing(self, piece: Piece, index: int, horizon: int) -> None:
        if index in piece.sent:
            return
        piece.sent.add(index)
        offset, _ = piece.phrases[index]
        take = piece.takes[index]
        zero = piece.start + offset
        first = zero + take.layout.start
        if first < horizon or first >= piece.end:
            piece.late += 1
            log.warning("%s: phrase %d came too late to be sung in time and is left out", piece.song.title, index + 1)
            return
        self._send(VoiceEvent(first, take.pcm, piece.id, sung=True))
        self._timeline.extend(voice_cues(take, zero, piece.id, sung=True))

    # ---- the timeline -----------------------------------------------------------------------------------
    def _cues(self, piece: Piece) -> list[Cue]:
        song, at, own = piece.song, piece.start, piece.id
        cues = [
            Cue(
                at,
                piece.length,
                "song",
                {
                    "title": song.title,
                    "bed": piece.bed,
                    "fan": piece.requested_by,
                    "theme": piece.theme,
                    "bpm": float(song.tempos[0].bpm),
                    "bars": song.bars,
                    "key": song.key,
                    "mode": song.mode,
                },
                own,
            )
        ]
        places = [sample for sample, _, _ in beats(song)] + [piece.length]
        energy = {section.name: section.energy for _, _, section in sections(song)}
        spans = [(s, s + n, section) for s, n, section in sections(song)]
        for i, (sample, bar, beat) in enumerate(beats(song)):
            length = places[i + 1] - sample
            section = next((part for first, end, part in spans if first <= sample < end), None)
            level = 0.12 if piece.bed else (section.energy if section else 0.5)
            cues.append(Cue(at + sample, length, "beat", {"bar": bar, "beat": beat, "energy": round(level, 3)}, own))
            if beat == 0:
                meter = song.tempo_map.meter_at(bar)
                end = song.tempo_map.sample(song.tempo_map.bar_beat(bar + 1))
                cues.append(
                    Cue(at + sample, end - sample, "bar", {"bar": bar, "meter": f"{meter.beats}/{meter.unit}"}, own)
                )
        for sample, length, symbol in chords(song):
            cues.append(Cue(at + sample, length, "chord", {"symbol": symbol}, own))
        for sample, length, section in sections(song):
            level = 0.12 if piece.bed else energy[section.name]
            cues.append(
                Cue(
                    at + sample,
                    length,
                    "section",
                    {"name": "talk" if piece.bed else section.name, "energy": level},
                    own,
                )
            )
        for sample, length, text in [] if piece.bed else lyric_lines(song):
            cues.append(Cue(at + sample, length, "caption", {"text": text, "sung": True}, own))
        return cues


__all__ = ["AHEAD", "Bandstand", "Change", "Message", "Piece"]

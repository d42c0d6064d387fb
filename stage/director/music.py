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
from audio.engine.live import COMMIT, FADERS, Faders, Intent, bent, check, goal_bar
from audio.engine.model import Cancel, Change, Message, NoteEvent, Prepare, VoiceEvent
from audio.score.chords import pitch_class
from audio.score.model import Song
from audio.score.shape import Shape, shaped
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
    first_bar: int = 0
    """Bar of the written song with which it begins."""
    written: Song | None = None
    """The song as it is written, when this is a bent one; ``shape`` says how."""
    shape: Shape = field(default_factory=Shape)
    goal: int = -1

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
        self.faders = Faders()
        self._written: Song | None = None
        """What plays, as it is written: wishes bend it anew each time, never what is bent already."""
        self._shape = Shape()
        self._next: Piece | None = None
        self._wait_until = 0
        self._fed = ""
        self._feeder: Piece | None = None
        """The piece for which the phrases of what plays were ordered, when what plays was bent from it."""

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
        if piece is self._feeder and self.playing is not None and self.playing is not piece:
            phrase = piece.phrases[index][1]
            piece = self.playing
            index = next((i for i, (_, own) in enumerate(piece.phrases) if own == phrase), -1)
            if index < 0:
                return
            piece.takes[index] = take
        if piece.start >= 0:
            self._sing(piece, index, horizon)

    # ---- wishes of the operator and the crowd -----------------------------------------------------------
    @property
    def shape(self) -> Shape:
        """How what plays is bent at present."""
        return self._shape

    def control(self, intent: Intent, horizon: int) -> int:
        """Carry out a wish; returns the sample from which it is heard (of a sung song's key or tempo: at the soonest).

        Faders move at once or on the next beat; structure turns on the next bar line; a sung song turns when its next
        phrases have been sung anew. ``ValueError`` says what cannot be done.
        """
        piece = self.playing
        if piece is None or self._written is None:
            raise ValueError("nothing plays that could be changed")
        check(intent, self._written)
        if intent.kind in FADERS:
            at = self._next_beat(piece, horizon) if intent.on_beat else horizon
            self._send(*self.faders.move(intent, piece.song.tracks, at, horizon))
            return at
        shape, goal = bent(self._shape, intent), goal_bar(self._written, intent)
        resung = bool(piece.phrases) and (shape.key, shape.tempo) != (self._shape.key, self._shape.tempo)
        if not resung:
            return self._turn(piece, shape, goal, horizon)
        self._loops += 1
        following = Piece(f"{piece.id.split('~')[0]}~{self._loops}", shaped(self._written, shape), False,
                          piece.requested_by, piece.theme, prepared=True)  # fmt: skip
        following.shape, following.goal = shape, goal
        now = following.song.tempo_map
        from_bar = goal if goal >= 0 else piece.first_bar + self._bar_at(piece, horizon)
        first = now.sample(now.bar_beat(from_bar))
        for i, (offset, phrase) in enumerate(following.phrases):
            if offset >= first:
                self._perform(f"sing:{following.id}:{i}", phrase, 2)
        self._next, self._wait_until = following, horizon + 8 * SAMPLE_RATE
        return self.next_bar(horizon + COMMIT)

    def find(self, name: str) -> Piece | None:
        """The piece of that id that plays or is about to."""
        return next((p for p in (self.playing, self._next, self._feeder) if p is not None and p.id == name), None)

    def conform(self, song: Song) -> Song:
        """A new bed in the key and at the tempo of what plays, so that a jam goes on without a seam."""
        written = self._written
        if written is None or not self.playing or not self.playing.bed:
            return song
        key = (pitch_class(written.key) - pitch_class(song.key) + 6) % 12 - 6
        return shaped(song, Shape(key=key, tempo=float(written.tempos[0].bpm / song.tempos[0].bpm)))

    @property
    def loops(self) -> int:
        """How many rounds of beds there have been."""
        return self._loops

    def _bar_at(self, piece: Piece, sample: int) -> int:
        return sum(piece.start + line <= sample for line in piece.bar_lines()) - 1

    def _next_beat(self, piece: Piece, after: int) -> int:
        return next((piece.start + at for at, _, _ in beats(piece.song) if piece.start + at >= after), after)

    def _turn(self, piece: Piece, shape: Shape, goal: int, horizon: int, takes: Piece | None = None) -> int:
        """Go on in another shape (and at another bar) from the next bar line on."""
        assert self._written is not None
        at = self.next_bar(horizon + COMMIT)
        bar = goal if goal >= 0 else piece.first_bar + self._bar_at(piece, at)
        bar %= self._written.bars
        self._flush(piece, at)
        song = shaped(self._written, shape, bar)
        self._loops += 1
        mark = "#" if piece.bed else "~"
        new = Piece(f"{piece.id.split(mark)[0]}{mark}{self._loops}", song, piece.bed, piece.requested_by, piece.theme,
                    prepared=True, first_bar=bar)  # fmt: skip
        pool = {
            phrase: p.takes[i] for p in (piece, takes) if p for i, (_, phrase) in enumerate(p.phrases) if i in p.takes
        }
        new.takes = {i: pool[phrase] for i, (_, phrase) in enumerate(new.phrases) if phrase in pool}
        new.written, new.shape = self._written, shape
        if piece.bed:
            self.bed = Piece(
                new.id, shaped(self._written, shape), True, prepared=True, written=self._written, shape=shape
            )
        self._stop(piece, at, fade=SAMPLE_RATE // 50)
        self._begin(new, at)
        if takes is not None:
            self._feeder = takes
        elif self._feeder is None or piece.id != self._fed:
            self._feeder = piece
        self._fed = new.id
        for index in list(new.takes):
            self._sing(new, index, horizon)
        return at

    def _turn_when_ready(self, horizon: int) -> None:
        following, piece = self._next, self.playing
        if following is None or piece is None or piece.bed:
            self._next = None
            return
        at = self.next_bar(horizon + COMMIT)
        bar = following.goal if following.goal >= 0 else piece.first_bar + self._bar_at(piece, at)
        tempo = following.song.tempo_map
        if bar >= following.song.bars:
            self._next = None
            return
        begin = tempo.sample(tempo.bar_beat(bar))
        near = [i for i, (o, _) in enumerate(following.phrases) if begin <= o < begin + 4 * SAMPLE_RATE]
        if all(i in following.takes for i in near) or horizon > self._wait_until:
            self._next = None
            self._turn(piece, following.shape, following.goal, horizon, following)

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
            self.bed = self._again(self.bed)
            self._begin(self.bed, at)

    def _again(self, bed: Piece) -> Piece:
        name = f"{bed.id.split('#')[0]}#{self._loops}"
        return Piece(name, bed.song, True, prepared=True, written=bed.written, shape=bed.shape)

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
        self._send(*changes(piece.song, at), *self.faders.again(piece.song.tracks, at))
        self._written, self._shape = piece.written or piece.song, piece.shape
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
                again = self._again(following)
                self._flush(piece, piece.end)
                self._begin(again, max(piece.end, horizon))
                self.bed = again
            elif horizon >= piece.end:
                ended, self.playing = piece, None
        if self._next is not None:
            self._turn_when_ready(horizon)
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

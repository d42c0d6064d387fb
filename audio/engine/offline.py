"""A whole song as fast as the machine goes: notes and phrases are made side by side in worker processes, each once, and
mixed chunk by chunk. What an edit does not reach is taken from the shelf.

The sound is that of the live band (the same patches, tables, chain and desk); what differs is that nothing here has a
memory longer than its decay: see :mod:`audio.engine.forge` and :mod:`audio.mix.mixdown`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from audio.engine import works
from audio.engine.forge import NoteKey
from audio.engine.model import EngineError
from audio.engine.press import Press, result
from audio.engine.sheet import Sheet, SoundKey, lay_out
from audio.engine.shelf import Shelf, name_of
from audio.mix import match
from audio.mix.balance import Moves, role
from audio.mix.balance import staged as staged_moves
from audio.mix.filters import Floats, Samples
from audio.mix.linear import CHUNK, TAPS, Equaliser
from audio.mix.meters import SILENCE, STEP, Weighting, integrated, loudness, spectrum
from audio.mix.mixdown import (
    AHEAD,
    BACK,
    ECHOES,
    HOP,
    Mixdown,
    Peaks,
    Session,
    Sound,
    Strip,
    equalised,
    gain_for,
    limited,
)
from audio.mix.mixdown import Sung as Phrase
from audio.mix.tonal import gains_into, sections
from audio.score.model import Song
from audio.voice.model import Sung

TAIL = 144_000
"""Samples kept after the last bar for reverb and releases."""
STEM_DB = -6.0
"""Stems stand this far below their faders, so that none can clip."""
MOST_FADER_DB = 20.0
"""Gain staging brings no fader above this: a part that is hardly there stays in the background."""
_BATCH = 40 * 48_000
_CLOSE = 0.15
_PER_STEP = STEP // HOP
Pcm = npt.NDArray[np.int16]


@dataclass(slots=True)
class Rendered:
    """A performed song."""

    pcm: Pcm
    before: int
    """Samples before the song's first beat."""
    master_db: float
    lufs: float
    chunks: int
    chunks_made: int
    phrases: int
    phrases_made: int
    notes_made: int
    moves: Moves = field(default_factory=lambda: Moves({}))
    """What gain staging moved."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall seconds by stage."""


StemTap = Callable[[str, int, Samples], None]


def render(
    song: Song,
    press: Press,
    phrases: Sequence[tuple[int, Sung]] = (),
    shelf: Shelf | None = None,
    stems: StemTap | None = None,
    target: float = -14.0,
    peak: float = -1.0,
    staged: bool = False,
) -> Rendered:
    """Perform ``song``: 16-bit (frames, 2) at 48 kHz, mastered.

    ``phrases`` is what ``audio.compose.sung_phrases`` gives. The song's ``mix.master_db`` decides the final gain; when
    it has none, the gain that brings the song to ``target`` LUFS is found (and returned). ``stems(name, k, sound)`` is
    given every chunk of every track and of ``effects`` and ``voice``, in order of ``k`` for each name. With ``staged``
    every track is first brought to its place by loudness (``moves``; :func:`moved` puts them into the song).
    """
    job = _Job(song, press, list(phrases), shelf or Shelf(None), stems, target, peak)
    job.stage = staged
    return job.run()


def moved(song: Song, moves: Moves) -> Song:
    """The song with the moves of the mix in its tracks' gains and its equaliser, and told in its credits."""
    if not moves.text:
        return song
    tracks = tuple(replace(t, gain_db=round(t.gain_db + moves.gains.get(t.name, 0.0), 1)) for t in song.tracks)
    mix = replace(song.mix, eq=moves.eq or song.mix.eq)
    return replace(song, tracks=tracks, mix=mix, credits={**song.credits, "mix": moves.text})


class _Job:
    """One performance."""

    def __init__(
        self, song: Song, press: Press, phrases: list[tuple[int, Sung]], shelf: Shelf, stems: StemTap | None,
        target: float, peak: float,
    ) -> None:  # fmt: skip
        self.song, self.press, self.phrases, self.shelf, self.stems = song, press, phrases, shelf, stems
        self.target, self.ceiling = target, peak - 0.3
        self.sheet: Sheet = lay_out(song)
        self.gain, self.eq = song.mix.master_db, song.mix.eq
        self.level: float | None = None
        self.took: dict[str, float] = {}
        self.made_phrases = self.made_notes = 0
        self.stage, self.moves = False, Moves({})

    def run(self) -> Rendered:
        began = time.perf_counter()
        # With everything to do, notes go first: they are mixed while the phrases are being sung.
        early = self._order_notes(None) if self.gain is None or self.stems is not None else []
        singing = self._order_phrases()
        if not early:
            sung = self._sung(singing)
            self.took["sing"] = time.perf_counter() - began
            self._plan(sung)
            chunks, wanted = self._wanted()
            notes = self._notes(self._order_notes(wanted))
        else:
            notes = self._notes(early)
            self.took["notes"] = time.perf_counter() - began
            sung = self._sung(singing)
            self.took["sing"] = time.perf_counter() - began
            self._plan(sung)
            chunks, wanted = self._wanted()
        if wanted or self.stems is not None:
            mixdown = Mixdown(self._session(notes))
            if self.stage:
                mixdown = self._staged(notes, mixdown)
                chunks, wanted = self._wanted()
            pcm = self._mix(mixdown, chunks, wanted)
        else:
            pcm = self._kept(chunks, {})
        self.took["all"] = time.perf_counter() - began
        self.shelf.tidy()
        level = loudness(pcm.astype(np.float32) / 32767) if self.level is None else self.level
        return Rendered(
            pcm, self.before, float(self.gain or 0.0), level, len(chunks), len(wanted), len(self.phrases),
            self.made_phrases, self.made_notes, self.moves, {k: round(v, 3) for k, v in self.took.items()},
        )  # fmt: skip

    # -- phrases -----------------------------------------------------------------------------------------------

    def _order_phrases(self) -> list[tuple[str, Future[Any] | npt.NDArray[Any]]]:
        orders: list[tuple[str, Future[Any] | npt.NDArray[Any]]] = []
        for _, phrase in self.phrases:
            name = "take-" + name_of(self.press.settings, phrase)
            kept = self.shelf.get(name)
            if kept is not None and kept.ndim == 2 and len(kept) > 1:
                orders.append((name, kept))
            else:
                orders.append((name, self.press.submit(works.sing, self.press.settings, phrase)))
                self.made_phrases += 1
        return orders

    def _sung(self, orders: list[tuple[str, Future[Any] | npt.NDArray[Any]]]) -> list[tuple[str, int, Phrase]]:
        """(name, sample from the song's first beat, phrase that starts at 0) of every phrase."""
        sung = []
        for (offset, _), (name, order) in zip(self.phrases, orders, strict=True):
            if isinstance(order, Future):
                start, sings, pcm = result(order)
                head = np.array([[start, sings]], np.float32)
                self.shelf.put(name, np.concatenate([head, pcm]))
            else:
                start, sings, pcm = int(order[0, 0]), int(order[0, 1]), order[1:]
            sung.append((name, offset + start, Phrase(0, pcm, sings)))
        return sung

    def _plan(self, sung: list[tuple[str, int, Phrase]]) -> None:
        self.before = lead_in(self.song, max(0, -min((start for _, start, _ in sung), default=0)))
        self.frames = self.before + self.sheet.length + TAIL
        self.voice = self.song.voice
        self.names = [(name, start + self.before, phrase) for name, start, phrase in sung]

    # -- chunks ------------------------------------------------------------------------------------------------

    def _wanted(self) -> tuple[list[str], list[int]]:
        """The name of every chunk, and which of them are not on the shelf."""
        count = -(-self.frames // CHUNK)
        static = (self.sheet.echo, self.gain, self.eq, self.ceiling, self.before % CHUNK)
        voice = (self.voice.gain_db, self.voice.reverb) if self.voice else ()
        heard: list[list[Any]] = [[] for _ in range(count)]
        tail = BACK + ECHOES * self.sheet.echo
        for part in self.sheet.parts:
            strip = (part.name, part.spec, part.gain_db, part.pan, part.reverb)
            for one in part.sounds:
                fact = (strip, one.start + self.before, one.key, one.gain, one.ends, one.fade)
                self._reach(heard, one.start + self.before, one.last + self.before + tail, fact)
        for name, start, phrase in self.names:
            self._reach(heard, start, start + len(phrase.pcm) + tail, (name, start, voice))
        names = ["mix-" + name_of(static, k == count - 1 and self.frames, facts) for k, facts in enumerate(heard)]
        if self.gain is None:
            return names, list(range(count))
        return names, [k for k, name in enumerate(names) if not self.shelf.has(name)]

    @staticmethod
    def _reach(heard: list[list[Any]], first: int, last: int, fact: Any) -> None:
        for k in range(max(0, (first - AHEAD) // CHUNK), min(len(heard), last // CHUNK + 1)):
            heard[k].append(fact)

    def _needed(self, wanted: list[int]) -> list[int]:
        """Chunks whose tracks must be mixed for the wanted ones."""
        back = max(1, -(-ECHOES * self.sheet.echo // CHUNK)) + 4
        count = -(-self.frames // CHUNK)
        return sorted({j for k in wanted for j in range(max(0, k - back), min(count, k + 2))})

    # -- notes -------------------------------------------------------------------------------------------------

    def _order_notes(self, wanted: list[int] | None) -> list[Future[Any]]:
        """Send what the wanted chunks (None: all) are made of to the workers, in batches of about equal work."""
        keys: dict[SoundKey, None] = {}
        spans = None if wanted is None else set(self._needed(wanted))
        for part in self.sheet.parts:
            for one in part.sounds:
                if spans is not None:
                    first, last = one.start + self.before, one.last + self.before
                    if not any(k in spans for k in range(first // CHUNK, last // CHUNK + 1)):
                        continue
                keys[one.key] = None
        self.made_notes = len(keys)
        batches: list[list[SoundKey]] = []
        load = _BATCH
        for key in sorted(keys, key=lambda k: (k.instrument, k.pitch)):
            if load >= _BATCH:
                batches.append([])
                load = 0
            batches[-1].append(key)
            load += key.cost if isinstance(key, NoteKey) else 24_000
        return [self.press.submit(works.make_notes, tuple(batch)) for batch in batches]

    @staticmethod
    def _notes(orders: list[Future[Any]]) -> dict[SoundKey, Samples]:
        return {key: pcm for order in orders for key, pcm in result(order)}

    def _session(self, notes: dict[SoundKey, Samples]) -> Session:
        strips = []
        for part in self.sheet.parts:
            spec = part.spec
            sounds = [
                Sound(one.start + self.before, notes[one.key], one.gain, one.ends + self.before, one.fade)
                for one in part.sounds
                if one.key in notes
            ]
            strips.append(
                Strip(part.name, part.gain_db + spec.gain_db, part.pan, spec.width, part.reverb, spec.echo, spec.ducked, sounds, 0.0 if self.song.style else part.gain_db)
            )  # fmt: skip
        phrases = tuple(Phrase(start, phrase.pcm, phrase.sings) for _, start, phrase in self.names)
        kicks = tuple(kick + self.before for kick in self.sheet.kicks)
        voice = (self.voice.gain_db, self.voice.reverb) if self.voice else (0.0, 0.2)
        return Session(tuple(strips), phrases, kicks, self.frames, self.sheet.echo, *voice)

    def _staged(self, notes: dict[SoundKey, Samples], mixdown: Mixdown) -> Mixdown:
        """Bring every track to its place; from here on the song is the moved one. The mix at the new gains."""
        began = time.perf_counter()
        roles = {part.name: role(part.name, part.spec.name) for part in self.sheet.parts}
        name = self.voice.name if self.voice else None
        wanted = staged_moves(mixdown, roles, self.song.style, name)
        had = {track.name: track.gain_db for track in self.song.tracks}
        self.moves = Moves({k: round(min(v, MOST_FADER_DB - had[k]), 1) for k, v in wanted.gains.items()})
        self.song = moved(self.song, self.moves)
        gains = {track.name: track.gain_db for track in self.song.tracks}
        parts = tuple(replace(part, gain_db=gains[part.name]) for part in self.sheet.parts)
        self.sheet = replace(self.sheet, parts=parts, voice=self.song.voice)
        self.voice = self.song.voice
        self.took["stage"] = time.perf_counter() - began
        return Mixdown(self._session(notes), mixdown)

    # -- mixing ------------------------------------------------------------------------------------------------

    def _mix(self, mixdown: Mixdown, names: list[str], wanted: list[int]) -> Pcm:
        began = time.perf_counter()
        count = len(names)
        every = list(range(count)) if self.stems is not None else self._needed(wanted)
        around = {j for k in wanted for j in (k - 1, k, k + 1) if 0 <= j < count}
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda k: mixdown.instruments(k, self._stem), every))
            list(
                threads.map(mixdown.effects, [k for k in every if k - mixdown.reach() in every or k < mixdown.reach()])
            )
            whole = sorted(around | {k - 1 for k in around if k})
            mixed = dict(zip(whole, threads.map(mixdown.premaster, whole)))
            self._balance(mixed)
            if any(self.eq):
                eq = Equaliser(sections(self.eq))
                made_even = threads.map(lambda k: equalised(mixed[k], mixed.get(k - 1), eq), sorted(around))
                pre = dict(zip(sorted(around), made_even))
            else:
                pre = mixed
            if self.stems is not None:
                list(threads.map(lambda k: self._returns(mixdown, k), every))
            self.took["mix"] = time.perf_counter() - began
            peaks = Peaks(pre.get)
            if self.gain is None:
                loud = self._find_gain(pre, peaks, threads)
                names, _ = self._wanted()
                made = dict(zip(wanted, threads.map(lambda k: self._quantised(loud[k]), wanted)))
            else:
                gain = self.gain
                made = dict(
                    zip(
                        wanted,
                        threads.map(lambda k: self._quantised(limited(peaks, pre[k], k, gain, self.ceiling)), wanted),
                    )
                )
        self.took["master"] = time.perf_counter() - began - self.took["mix"]
        return self._kept(names, made)

    def _balance(self, mixed: dict[int, Samples]) -> None:
        """The master's equaliser, where a fresh mix needs one to stand in its style's spectrum."""
        if not self.stage or not self.song.style or self.eq or self.gain is not None:
            return
        power = np.sum([spectrum(mixed[k]) for k in sorted(mixed)], axis=0)
        self.eq = gains_into(power, *match.target(self.song.style))
        self.moves = replace(self.moves, eq=self.eq)

    def _kept(self, names: list[str], made: dict[int, Pcm]) -> Pcm:
        """The whole file from the chunks just made and those on the shelf."""
        out = np.empty((len(names) * CHUNK, 2), np.int16)
        broken = False
        for k, name in enumerate(names):
            fresh = k in made
            piece = made[k] if fresh else self.shelf.get(name)
            if piece is None or piece.shape != (CHUNK, 2):
                self.shelf.drop(name)
                broken = True
                continue
            if fresh:
                self.shelf.put(name, piece)
            out[k * CHUNK : (k + 1) * CHUNK] = piece
        if broken:
            raise EngineError("a kept part of this song was broken and has been thrown away; run it again")
        return out[: self.frames]

    def _stem(self, name: str, k: int, sound: Samples | None) -> None:
        if self.stems is not None:
            quiet = np.zeros((CHUNK, 2), np.float32) if sound is None else sound * np.float32(10 ** (STEM_DB / 20))
            self.stems(name, k, quiet)

    def _returns(self, mixdown: Mixdown, k: int) -> None:
        self._stem("effects", k, mixdown.effects(k))
        if self.names:
            self._stem("voice", k, mixdown.lead(k))

    def _find_gain(self, pre: dict[int, Samples], peaks: Peaks, threads: ThreadPoolExecutor) -> list[Samples]:
        """The gain, to a hundredth of a dB, that brings the limited song to its target; the song at that gain."""
        weighted = Weighting(CHUNK, HOP)
        hops = self.frames // HOP

        def power(sound: dict[int, Samples]) -> Floats:
            def one(k: int) -> Floats:
                pair = np.zeros((2, TAPS + CHUNK), np.float32)
                pair[:, TAPS:] = sound[k].T
                if k:
                    pair[:, :TAPS] = sound[k - 1][-TAPS:].T
                return weighted(pair)

            return np.concatenate(list(threads.map(one, sorted(sound))))[:hops]

        def high(floor: float) -> Floats:
            found = threads.map(lambda k: peaks(k, floor).reshape(-1, HOP).max(axis=1), sorted(pre))
            return np.concatenate(list(found)).astype(np.float64)[:hops]

        gain = gain_for(power(pre), high, self.target, self.ceiling)
        for turn in range(3):
            self.gain = gain
            every = threads.map(lambda k, gain=gain: limited(peaks, pre[k], k, gain, self.ceiling), sorted(pre))
            made = dict(enumerate(every))
            self.level = integrated(power(made)[: hops // _PER_STEP * _PER_STEP].reshape(-1, _PER_STEP).mean(axis=1))
            miss = self.target - self.level
            if abs(miss) < _CLOSE or self.level <= SILENCE or turn == 2:
                break
            gain = round(gain + miss, 2)
        return [made[k] for k in sorted(made)]

    @staticmethod
    def _quantised(sound: Samples) -> Pcm:
        whole = sound * np.float32(32767)
        np.clip(np.rint(whole, out=whole), -32767, 32767, out=whole)
        made: Pcm = whole.astype(np.int16)
        return made


def lead_in(song: Song, upbeat: int) -> int:
    """Samples before the first bar of a song whose singer begins ``upbeat`` samples before it: whole beats (halves where
    one lasts over a second), so that the grid of an editor fits the file from its first sample."""
    meter = song.meters[0]
    compound = meter.unit >= 8 and meter.beats % 3 == 0
    beat = Fraction(12 if compound else 4, meter.unit) if compound or meter.unit < 8 else Fraction(1)
    size = song.tempo_map.sample(beat)
    size = size if size <= 48_000 else song.tempo_map.sample(beat / 2)
    return -(-upbeat // size) * size

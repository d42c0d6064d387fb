"""The bandstand under wishes: on the next bar line, with the right notes, with phrases sung anew where they must be."""

from __future__ import annotations

import numpy as np
import pytest

from audio.engine import Cancel, Change, NoteEvent, VoiceEvent
from audio.engine.live import Intent
from audio.voice.model import Layout, Sung, Take
from stage.director.music import Bandstand, Piece
from stage.timeline import Timeline
from tests.audio.engine.song import song as bed_song
from tests.audio.songs import song

BAR = 4 * 60 * 48_000 / 118


class Desk:
    """A bandstand, what it sent and what it asked to be sung."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.asked: dict[str, Sung] = {}
        self.timeline = Timeline()
        self.band = Bandstand(self.timeline, lambda *m: self.sent.extend(m), self._ask)

    def _ask(self, id: str, phrase: Sung, urgency: int) -> bool:
        self.asked[id] = phrase
        return True

    def sing(self, piece: Piece) -> None:
        """Everything asked for this piece is ready."""
        for id, phrase in self.asked.items():
            if id.startswith(f"sing:{piece.id}:"):
                last = phrase.notes[-1]
                layout = Layout(phrase, (), (), 0, last.start + last.length)
                take = Take(layout, np.zeros(layout.end, np.float32), np.zeros(1, np.float32))
                self.band.take(piece, int(id.rsplit(":", 1)[1]), take, 0)

    def notes(self, track: str, since: int) -> list[NoteEvent]:
        cut = {m.owner: m.sample for m in self.sent if isinstance(m, Cancel)}
        made = [m for m in self.sent if isinstance(m, NoteEvent) and m.track == track and m.sample >= since]
        return [n for n in made if n.sample < cut.get(n.owner, 1 << 60)]


def test_a_bed_changes_key_tempo_and_energy_on_the_next_bar_and_stays_so_over_its_loops() -> None:
    desk = Desk()
    band = desk.band
    bed = band.new_piece("bed", bed_song(4), bed=True)
    band.bed = bed
    band.start_bed(bed, 0)
    band.advance(9_600)
    at = band.control(Intent("key", 3), 100_000)
    assert at == round(2 * BAR)
    assert band.control(Intent("tempo", 2.0), 101_000) == at
    for horizon in range(101_000, 900_000, 4_800):
        band.advance(horizon)
    after = desk.notes("bass", at)
    assert after[0].sample == at
    assert after[0].pitch == 48 - 24 + 3
    kicks = [n.sample for n in desk.notes("drums", 700_000) if n.pitch == 36]
    assert all(abs(b - a - 60 * 48_000 / 236) <= 1 for a, b in zip(kicks, kicks[1:]))
    beats = [c.sample for c in desk.timeline if c.kind == "beat"]
    assert beats == sorted(set(beats))


def test_faders_act_at_once_and_outlive_the_next_piece() -> None:
    desk = Desk()
    bed = desk.band.new_piece("bed", bed_song(2), bed=True)
    desk.band.bed = bed
    desk.band.start_bed(bed, 0)
    assert desk.band.control(Intent("mute", 1, "drums"), 20_000) == 20_000
    beat = desk.band.control(Intent("filter", 500, "pad", on_beat=True), 20_000)
    assert beat == round(BAR / 4)
    desk.sent.clear()
    for horizon in range(0, 300_000, 4_800):
        desk.band.advance(horizon)
    again = [m for m in desk.sent if isinstance(m, Change)]
    assert [m.value for m in again if m.track == "drums" and m.name == "mute"][:2] == [0.0, 1.0]
    assert any(m.track == "pad" and m.name == "filter" and m.value == 500 for m in again)
    with pytest.raises(ValueError, match="tuba"):
        desk.band.control(Intent("mute", 1, "tuba"), 300_000)


def test_a_sung_song_jumps_to_a_section_with_the_phrases_it_has() -> None:
    desk = Desk()
    band = desk.band
    piece = band.new_piece("song1", song("a song about rain"))
    desk.sing(piece)
    band.start_song(piece, 0, 0)
    chorus = next(s for s in piece.song.sections if s.name == "chorus")
    at = band.control(Intent("section", name="chorus"), 60_000)
    playing = band.playing
    assert playing is not None
    assert (playing.start, playing.first_bar, playing.requested_by) == (at, chorus.bar, piece.requested_by)
    assert playing.takes
    assert any(isinstance(m, VoiceEvent) and m.owner == playing.id for m in desk.sent)


def test_a_sung_song_takes_a_new_key_once_it_has_been_sung_anew() -> None:
    desk = Desk()
    band = desk.band
    piece = band.new_piece("song1", song("a song about rain"))
    desk.sing(piece)
    band.start_song(piece, 0, 0)
    horizon = max(60_000, piece.phrases[0][0] - 90_000)
    band.control(Intent("key", 2), horizon)
    band.advance(horizon + 1_000)
    assert band.playing is piece
    following = next(p for p in (band.find(id.split(":")[1]) for id in desk.asked) if p is not None and p is not piece)
    asked = next(phrase for id, phrase in desk.asked.items() if id.startswith(f"sing:{following.id}:"))
    theirs = [{n.pitch + 2 for n in phrase.notes} for _, phrase in piece.phrases]
    assert {n.pitch for n in asked.notes} in theirs
    desk.sing(following)
    band.advance(horizon + 2_000)
    assert band.playing is not piece
    assert band.playing is not None
    assert band.playing.takes


def test_a_jam_goes_on_in_key_and_tempo() -> None:
    desk = Desk()
    bed = desk.band.new_piece("bed", bed_song(2), bed=True)
    desk.band.bed = bed
    desk.band.start_bed(bed, 0)
    other = song("a slow waltz about snow")
    made = desk.band.conform(other)
    assert (made.key, made.tempos[0].bpm) == ("A", 118)

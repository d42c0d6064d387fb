"""The conductor: changes come on their bar or beat, the grid never slips, nothing clicks."""

from __future__ import annotations

import numpy as np
import pytest

from audio.engine import Band, Cancel, Change, NoteEvent
from audio.engine.clicks import TRIALS, Edges, edges, onsets_of, trial_name
from audio.engine.live import Conductor, Intent
from audio.engine.storm import band_song, intents
from tests.audio.engine.song import song

BEAT = 60 * 48_000 / 118


def played(conductor: Conductor, until: int, wishes: dict[int, Intent]) -> list[object]:
    """Messages up to a horizon, asked for every 1,600 samples; wishes by horizon."""
    out: list[object] = []
    for horizon in range(0, until, 1_600):
        for at in [at for at in wishes if at <= horizon]:
            conductor.intend(wishes.pop(at), horizon)
        out += conductor.advance(horizon)
    return out


def notes(messages: list[object], track: str) -> list[NoteEvent]:
    return [m for m in messages if isinstance(m, NoteEvent) and m.track == track]


def test_as_written_it_is_the_song_over_and_over_without_a_slip() -> None:
    kicks = [n.sample for n in notes(played(Conductor(song(2), 9_600), 1_200_000, {}), "drums") if n.pitch == 36]
    assert len(kicks) > 45
    assert kicks == [round(9_600 + k * 60 * 48_000 / 118) for k in range(len(kicks))]


def test_key_and_tempo_turn_on_the_next_bar_line_and_held_notes_end_there() -> None:
    conductor = Conductor(song(8), 0)
    messages = played(conductor, 600_000, {250_000: Intent("key", 3), 260_000: Intent("tempo", 1.25)})
    assert [h.sample for h in conductor.log] == [round(12 * BEAT)] * 2
    line = round(12 * BEAT)
    roots = {n.pitch for n in notes(messages, "bass") if line <= n.sample < line + 20_000}
    assert roots == {55 - 24 + 3}
    kicks = [n.sample for n in notes(messages, "drums") if n.pitch == 36 and n.sample >= line]
    assert kicks[:5] == [round(12 * BEAT + k * BEAT / 1.25) for k in range(5)]
    assert any(isinstance(m, Cancel) and m.sample == line for m in messages)
    before = [n for n in notes(messages, "bass") if n.sample < line]
    assert all(n.sample < line for n in before)


def test_a_song_can_be_entered_at_any_bar() -> None:
    first = notes(Conductor(song(8), 0, bar=5).advance(0), "bass")[0]
    assert (first.sample, first.pitch) == (0, 53 - 24)


def test_faders_move_at_once_or_on_the_beat_and_solo_silences_the_others() -> None:
    conductor = Conductor(song(4), 0)
    conductor.advance(0)
    assert conductor.intend(Intent("filter", 400.0, "pad"), 30_000) == 30_000
    at = conductor.intend(Intent("solo", 1, "bass", on_beat=True), 30_000)
    assert at == round(2 * BEAT)
    muted = {m.track: m.value for m in conductor.advance(30_000) if isinstance(m, Change) and m.name == "mute"}
    assert muted == {"drums": 1, "bass": 0, "pad": 1, "keys": 1, "arp": 1, "lead": 1}


def test_energy_and_density_bend_what_is_written() -> None:
    plain = notes(played(Conductor(song(2), 0), 90_000, {}), "arp")
    conductor = Conductor(song(2), 0)
    conductor.intend(Intent("density", 0.0), 0)
    assert conductor.intend(Intent("energy", 1.0), 0) == round(4 * BEAT)
    bent = [n for n in notes(played(conductor, 190_000, {}), "arp") if n.sample >= round(4 * BEAT)]
    assert len(bent) * 3 < len(plain)
    assert bent[0].velocity > plain[0].velocity


def test_wrong_wishes_are_refused_in_one_line() -> None:
    conductor = Conductor(song(2), 0)
    for wish, word in (
        (Intent("tempo", 9), "0.5"), (Intent("section", name="coda"), "chorus"), (Intent("mute", 1, "tuba"), "bass"),
        (Intent("bar", 40), "2"), (Intent("key", float("nan")), "key"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=word):
            conductor.intend(wish, 0)


def test_a_storm_of_changes_makes_no_click_and_no_gap() -> None:
    """Ten seconds of it (``limelight bench audio`` runs as long as it is told)."""
    steps, least, standing = [], 1.0, []
    for stormy in (False, True):
        storm, sharp, onsets, filters = intents(18), Edges(), set[int](), 0
        with Band() as band:
            band.start(0)
            conductor = Conductor(band_song(), 9_600)
            sound = []
            while band.position < 480_000:
                if stormy and band.position // 48_000 > len(conductor.log):
                    wish = next(storm)
                    filters += wish.kind == "filter"
                    conductor.intend(wish, band.horizon)
                sent = conductor.advance(band.horizon)
                onsets.update(onsets_of(sent))
                band.send(*sent)
                sound.append(band.pull(1_600))
                sharp.feed(sound[-1])
        pcm = np.concatenate(sound)
        steps.append(float(np.abs(np.diff(pcm, axis=0)).max()))
        loud = np.sqrt((pcm[48_000:].reshape(-1, 4_800, 2) ** 2).mean(axis=(1, 2)))
        least = min(least, float(loud.max()))
        standing.append(float(sharp.standing_out(onsets).max()))
    assert filters > 1
    assert steps[1] < 1.5 * steps[0]
    assert least > 0.01
    assert standing[0] > 1.0
    assert standing[1] < 2 * standing[0]


def test_no_change_adds_an_edge_sharper_than_the_music_has() -> None:
    wishes = ("filter 500", "filter 15000", "filter 700 and back", "mute 1 on the beat", "mute 1 and back", "section 1")
    found = dict(edges(trial for trial in TRIALS if trial_name(trial) in wishes))
    assert set(found) == set(wishes)
    assert max(found.values()) < 2.0


def test_an_edge_between_notes_is_found_and_one_at_a_note_is_not() -> None:
    time = np.arange(96_000) / 48_000
    sound = np.repeat(0.2 * np.sin(2 * np.pi * 220 * time)[:, None], 2, axis=1).astype(np.float32)
    sound[70_000:] += 0.02
    sharp = Edges()
    sharp.feed(sound)
    assert sharp.standing_out([]).max() > 50
    assert sharp.standing_out([69_900]).max() < 3


def test_a_fader_on_the_beat_has_arrived_by_then() -> None:
    conductor = Conductor(song(2), 0)
    conductor.advance(0)
    at = conductor.intend(Intent("mute", 1, "drums", on_beat=True), 20_000)
    assert at == round(BEAT)
    moves = [m for m in conductor.advance(20_000) if isinstance(m, Change) and m.track == "drums" and m.name == "mute"]
    assert [(m.value, m.sample < at, m.sample + m.ramp <= at) for m in moves] == [(1.0, True, True)]
    assert moves[0].sample >= 20_000

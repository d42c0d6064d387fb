"""The band from outside: sample-exact, deterministic, resilient."""

from __future__ import annotations

import hashlib
import os
import signal
import time

import numpy as np
import pytest

from audio.engine import Band, Cancel, Change, EngineError, NoteEvent, VoiceEvent
from audio.engine.perform import song_messages
from tests.audio.engine.song import song

pytestmark = pytest.mark.live


def digest(sound: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(sound).tobytes()).hexdigest()


def tone(seconds: float, hertz: float = 220.0, level: float = 0.2) -> np.ndarray:
    t = np.arange(int(seconds * 48_000)) / 48_000
    return (level * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


def level(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) + 1e-9))


def scripted(jitter: bool) -> str:
    """The same messages at the same positions; with ``jitter`` the consumer dawdles."""
    rng = np.random.default_rng(1)
    pieces = []
    with Band() as band:
        band.start(0)
        band.send(*song_messages(song(4), 9_600))
        for step in range(90):
            if step == 20:
                band.send(VoiceEvent(band.horizon, tone(0.7), "a", sung=True))
            if step == 35:
                band.send(VoiceEvent(band.horizon + 777, tone(0.6), "b"), Change(band.horizon, "pad", "gain", -20.0))
            if step == 60:
                band.send(Cancel(band.horizon + 100, "song"), NoteEvent(band.horizon, 9_000, "bell", 80, 0.8, "x"))
            pieces.append(band.pull(1_600))
            if jitter and rng.random() < 0.35:
                time.sleep(float(rng.uniform(0.0, 0.12)))
    return digest(np.concatenate(pieces))


def test_same_messages_same_samples_whatever_the_timing() -> None:
    assert scripted(False) == scripted(True)


@pytest.mark.parametrize("instrument", ["kit_synth", "bass_pluck", "pluck", "keys_piano", "arp_square"])
def test_onset_is_on_its_sample(render, instrument: str) -> None:
    """Nothing before the note's sample, sound from it on; a table is there to the sample. (A synthesiser's free
    oscillators begin at any phase, so their first few samples differ in size.)"""
    early, late = (
        render(NoteEvent(at, 8_000, instrument, 36 if "kit" in instrument else 60, 0.8, "t"), n=24_000)
        for at in (5_000, 5_077)
    )
    assert not early[:5_000].any()
    assert not late[:5_077].any()
    first, second = (int(np.flatnonzero(np.abs(x).max(axis=1) > 1e-5)[0]) for x in (early, late))
    assert first <= 5_000 + 24
    assert abs(second - first - 77) <= (0 if "kit" in instrument or "keys" in instrument else 16)


def test_voice_is_placed_to_the_sample(render) -> None:
    click = np.zeros(4_800, np.float32)
    click[0] = 0.9
    for at in (6_000, 6_131):
        out = render(VoiceEvent(at, click, "v"), n=12_000)
        assert int(np.flatnonzero(np.abs(out[:, 0]) > 1e-4)[0]) == at


def test_horizon_is_honest(band: Band) -> None:
    band.pull(1_000)
    assert band.position == 1_000
    assert band.horizon % 256 == 0
    assert band.position + band.lead <= band.horizon < band.position + band.lead + 256
    time.sleep(0.05)  # however far ahead the host already is
    at = band.horizon
    band.send(NoteEvent(at, 4_000, "kit_synth", 56, 1.0, "d"))
    out = band.pull(at - 1_000 + 2_000)
    assert not out[: at - 1_000].any()
    assert np.abs(out[at - 1_000 : at - 900]).max() > 1e-3


def test_late_notes_are_dropped_and_counted(band: Band) -> None:
    band.pull(48_000)
    band.send(NoteEvent(20_000, 1_000, "pluck", 60, 0.8, "t"))
    assert not band.pull(24_000).any()
    assert band.health().dropped_events == 1


def test_cancel_silences_what_belongs_to_the_owner_only(band: Band) -> None:
    band.send(
        NoteEvent(2_000, 90_000, "keys_organ", 60, 0.8, "a", "one"),
        NoteEvent(40_000, 9_000, "keys_organ", 67, 0.8, "a", "one"),
        VoiceEvent(2_000, tone(2.0, 300), "one"),
        Change(0, "a", "reverb", 0.0),
        Cancel(20_000, "one", fade=1_440),
    )
    out = band.pull(60_000)
    assert level(out[15_000:20_000]) > -40
    assert level(out[45_000:]) < -60
    band.send(NoteEvent(band.horizon, 9_000, "keys_organ", 60, 0.8, "a", "one"))
    assert level(band.pull(20_000)[11_000:]) > -40  # sent after the cancel: plays


def test_cancel_fades_a_voice_without_a_click(render) -> None:
    whole = render(VoiceEvent(2_000, tone(1.0), "v"), Cancel(20_000, "v", fade=1_440), n=30_000)
    steps = np.abs(np.diff(whole[:, 0]))
    assert steps[20_000:23_000].max() <= steps[10_000:20_000].max() * 1.05
    assert level(whole[22_500:]) < -45


def test_changes_ramp_without_clicks(band: Band) -> None:
    band.send(
        NoteEvent(0, 200_000, "keys_organ", 76, 0.8, "o"),
        Change(0, "o", "reverb", 0.0),
        Change(30_000, "o", "gain", -30.0, ramp=960),
        Change(60_000, "o", "gain", 0.0, ramp=960),
        Change(90_000, "o", "mute", 1.0, ramp=960),
        Change(110_000, "o", "mute", 0.0, ramp=960),
        Change(110_000, "o", "pan", -1.0, ramp=4_800),
    )
    out = band.pull(144_000)
    assert level(out[20_000:30_000]) - level(out[40_000:60_000]) == pytest.approx(30, abs=2.0)
    assert level(out[95_000:109_500]) < -75
    assert level(out[120_000:, 0]) > level(out[120_000:, 1]) + 12
    steps = np.abs(np.diff(out, axis=0)).max(axis=1)
    usual = max(steps[10_000:28_000].max(), steps[125_000:].max())  # before, and panned: louder on one side
    assert steps[29_000:125_000].max() <= usual * 1.3


def test_filter_darkens_a_track(band: Band) -> None:
    band.send(NoteEvent(0, 150_000, "strings", 60, 0.9, "s"), Change(60_000, "s", "filter", 300.0, ramp=9_600))
    out = band.pull(140_000)

    def high(piece: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(piece[:, 0] * np.hanning(len(piece)))) ** 2
        return float(10 * np.log10(spectrum[len(spectrum) // 12 :].sum()))

    assert high(out[40_000:60_000]) - high(out[100_000:120_000]) > 20


def test_speech_pushes_the_music_down_and_lets_it_back(band: Band) -> None:
    silence = np.zeros(72_000, np.float32)
    band.send(NoteEvent(0, 400_000, "keys_organ", 57, 0.8, "bed"), VoiceEvent(96_000, silence, "talk"))
    out = band.pull(300_000)
    before, during, after = level(out[60_000:80_000]), level(out[120_000:160_000]), level(out[270_000:])
    assert 7 <= before - during <= 10.5
    assert abs(before - after) < 1.5


def test_bad_messages_raise_one_clear_error(band: Band) -> None:
    for message, word in (
        (NoteEvent(0, 100, "kazoo", 60, 0.5), "kazoo"),
        (NoteEvent(0, 0, "pluck", 60, 0.5), "length"),
        (Change(0, "a", "volume", 1.0), "volume"),
        (VoiceEvent(0, np.zeros((4, 2), np.float32)), "mono"),
        (VoiceEvent(0, np.array([np.nan], np.float32)), "not numbers"),
    ):
        with pytest.raises(EngineError, match=word):
            band.send(message)
    with pytest.raises(EngineError):
        Band(lead=10)
    with pytest.raises(EngineError):
        Band().pull(1)


@pytest.mark.parametrize("standby", [False, True])
def test_killed_host_is_replaced_at_the_right_sample(standby: bool) -> None:
    """Pulled without a deadline nothing is lost: later bars have their onsets where they would have been."""
    hits = [NoteEvent(k * 12_000, 2_000, "kit_synth", 56, 0.9, "d", "s") for k in range(1, 30)]
    with Band(standby=standby) as band:
        band.start(0)
        band.send(*hits)
        out = [band.pull(60_000)]
        if standby:
            until = time.monotonic() + 10
            while not (band._standby and band._standby.ready(0.0)) and time.monotonic() < until:
                out.append(band.pull(64))
                time.sleep(0.02)
        assert band.host_pid is not None
        os.kill(band.host_pid, signal.SIGKILL)
        began = time.monotonic()
        out.append(band.pull(60_000))
        took = time.monotonic() - began
        out.append(band.pull(300_000 - band.position))
        sound = np.concatenate(out)
        health = band.health()
    assert health.restarts == 1
    assert took < (1.5 if standby else 6.0)
    loud = np.abs(sound).max(axis=1) > 0.02
    for k in range(11, 24):
        at = k * 12_000
        assert not loud[at - 200 : at].any()
        assert loud[at : at + 60].any()


def test_with_a_deadline_the_clock_goes_on_in_silence() -> None:
    with Band() as band:
        band.start(0)
        band.send(NoteEvent(0, 480_000, "keys_organ", 57, 0.8, "o"))
        band.pull(48_000)
        assert band.host_pid is not None
        os.kill(band.host_pid, signal.SIGKILL)
        out = []
        for _ in range(300):
            out.append(band.pull(1_600, timeout=0.0))
            time.sleep(0.012)
            if band.health().restarts and band.health().underrun_samples and np.abs(out[-1]).max() > 0.01:
                break
        health = band.health()
    assert band.position == 48_000 + 1_600 * len(out)
    assert health.late_blocks >= 1
    assert np.abs(out[-1]).max() > 0.01  # the held note sounds again
    assert np.abs(np.diff(np.concatenate(out)[:, 0])).max() < 0.1  # no click into or out of the gap


def test_idle_band_costs_nothing(band: Band) -> None:
    band.pull(4_800)
    time.sleep(0.3)
    before = time.process_time()
    host = band.host_pid
    assert host is not None
    with open(f"/proc/{host}/stat") as stat:
        first = sum(int(v) for v in stat.read().split()[13:15])
    time.sleep(1.0)
    with open(f"/proc/{host}/stat") as stat:
        second = sum(int(v) for v in stat.read().split()[13:15])
    assert (second - first) / os.sysconf("SC_CLK_TCK") < 0.05
    assert time.process_time() - before < 0.05


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs a system that can stop a process")
def test_a_host_that_fell_behind_goes_on_where_the_listener_is() -> None:
    """Notes due in what it had to leap over once ended the engine, again and again."""
    with Band() as band:
        band.start(0)
        band.send(NoteEvent(0, 960_000, "keys_organ", 57, 0.8, "o"))
        band.send(*[NoteEvent(k * 700, 3_000, "pluck", 60 + k % 12, 0.8, "p") for k in range(600)])
        band.pull(24_000)
        assert band.host_pid is not None
        os.kill(band.host_pid, signal.SIGSTOP)
        for _ in range(60):
            band.pull(1_600, timeout=0.0)
        os.kill(band.host_pid, signal.SIGCONT)
        until, heard = time.monotonic() + 10, 0.0
        while heard < 0.01 and time.monotonic() < until:
            heard = float(np.abs(band.pull(480, timeout=0.05)).max())
        health = band.health()
    assert heard > 0.01
    assert health.restarts == 0
    assert health.late_blocks >= 1

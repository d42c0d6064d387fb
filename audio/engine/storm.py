"""The storm: a scripted ten minutes (or less) of changes, one every two seconds, played at the pace of the world."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from audio.engine.band import Band
from audio.engine.clicks import Edges, onsets_of
from audio.engine.live import Conductor, Intent
from audio.engine.model import NoteEvent
from audio.engine.priority import go_first, patience
from audio.mix.filters import Floats
from audio.score.model import Chord, Meter, Note, Section, Song, Tempo, Track
from audio.workers import one_thread


def intents(seed: int, tracks: tuple[str, ...] = ("drums", "bass", "keys")) -> Iterator[Intent]:
    """Endless wishes of every kind; what is muted or filtered is opened again by the next of its kind."""
    rng = random.Random(f"storm/{seed}")
    muted, filtered, solo = "", "", ""
    while True:
        kind = rng.choice(("energy", "density", "key", "tempo", "section", "mute", "filter", "solo", "gain"))
        if kind == "mute":
            yield Intent("mute", 0.0 if muted else 1.0, muted or rng.choice(tracks), on_beat=True)
            muted = "" if muted else tracks[0]
        elif kind == "filter":
            yield Intent("filter", 20_000.0 if filtered else rng.uniform(300, 3_000), "")
            filtered = "" if filtered else "all"
        elif kind == "solo":
            yield Intent("solo", 0.0 if solo else 1.0, solo or tracks[1])
            solo = "" if solo else tracks[1]
        elif kind == "section":
            yield Intent("section", float(rng.randrange(2)))
        elif kind == "gain":
            yield Intent("gain", rng.uniform(-9, 2), rng.choice(tracks))
        elif kind == "key":
            yield Intent("key", float(rng.randint(-5, 6)))
        elif kind == "tempo":
            yield Intent("tempo", rng.choice((0.8, 0.9, 1.0, 1.1, 1.25)))
        else:
            yield Intent("energy" if kind == "energy" else "density", rng.random())


def band_song(bars: int = 8) -> Song:
    """Drums, bass, chords, pad and arpeggio in two sections."""
    chords = ((57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62))
    drums, bass, keys, pad, arp = [], [], [], [], []
    for bar in range(bars):
        at, chord = Fraction(4 * bar), chords[bar % 4]
        for k in range(4):
            drums.append(Note(at + k, Fraction(1, 4), 36 if k % 2 == 0 else 38, 0.85))
        for k in range(8):
            drums.append(Note(at + Fraction(k, 2), Fraction(1, 4), 42, 0.5))
            bass.append(Note(at + Fraction(k, 2), Fraction(2, 5), chord[0] - 24, 0.8))
        for pitch in chord:
            keys.append(Note(at + Fraction(1, 2), Fraction(1), pitch + 12, 0.6))
            pad.append(Note(at, Fraction(4), pitch, 0.6))
        for k in range(16):
            arp.append(Note(at + Fraction(k, 4), Fraction(1, 5), chord[k % 3] + 12, 0.55))
    drums.sort(key=lambda n: (n.start, n.pitch))
    tracks = (
        Track("drums", "kit_synth", tuple(drums), "drums"), Track("bass", "bass_saw", tuple(bass)),
        Track("keys", "keys_piano", tuple(keys)), Track("pad", "pad_warm", tuple(pad)),
        Track("arp", "pluck", tuple(arp)),
    )  # fmt: skip
    sections = (Section("verse", 0, bars // 2, 0.5), Section("chorus", bars // 2, bars - bars // 2, 0.8))
    return Song(
        "Storm", bars, (Tempo(Fraction(0), Fraction(118)),), (Meter(0),), "A", "minor", sections,
        (Chord(Fraction(0), Fraction(4), "Am"),), tracks,
    )  # fmt: skip


def _busy() -> None:
    """Work for a core until it is ended: sums in Python and in arrays, as a picture or a model would do."""
    numbers = np.random.default_rng(1).standard_normal((600, 600))
    while True:
        float((numbers @ numbers).sum()) + sum(k * k for k in range(20_000))


@contextlib.contextmanager
def under_load(processes: int) -> Iterator[None]:
    """So many processes keep the machine busy meanwhile."""
    context = multiprocessing.get_context("spawn")
    loads = [context.Process(target=_busy, daemon=True) for _ in range(processes)]
    with one_thread():
        for load in loads:
            load.start()
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.join()


def storm(
    seconds: float = 20.0, lead_ms: int = 250, every: float = 2.0, paced: bool = True, seed: int = 1, load: int = 0
) -> dict[str, Any]:
    """Late blocks, largest step between samples against an undisturbed run, grid error, change-to-heard delays.

    ``load`` processes keep the machine busy during the storm.
    """
    with under_load(load):
        return _storm(seconds, lead_ms, every, paced, seed) | {"load_processes": load}


def _storm(seconds: float, lead_ms: int, every: float, paced: bool, seed: int) -> dict[str, Any]:
    delays: dict[str, list[float]] = {}
    steps: list[float] = []
    standing: list[Floats] = []
    held_up = 0.0
    if paced:
        go_first()
    facts: dict[str, Any] = {"seconds": seconds, "every_s": every, "lead_ms": lead_ms}
    for stormy in (False, True):
        length = min(seconds, 20.0) if not stormy else seconds
        wishes = intents(seed)
        conductor = Conductor(band_song(), 24_000)
        beats: set[int] = set()
        kicks: list[int] = []
        onsets: set[int] = set()
        sharp = Edges()
        with Band(lead=lead_ms * 48) as band:
            band.start(0)
            first_notes = conductor.advance(0)
            onsets.update(onsets_of(first_notes))
            band.send(*first_notes)
            sharp.feed(band.pull(4_800))
            if paced:
                time.sleep(0.3)  # the band makes nothing before the first pull: it fills its lead, as on stage
            began, first, biggest, last = time.monotonic(), band.position, 0.0, np.zeros((1, 2), np.float32)
            while band.position < length * 48_000:
                if stormy and band.position >= (len(conductor.log) + 1) * every * 48_000:
                    wish, at = next(wishes), band.position
                    heard = conductor.intend(wish, band.horizon)
                    delays.setdefault(wish.kind, []).append((heard - at) / 48)
                sent = conductor.advance(band.horizon)
                beats.update(conductor.beats())
                onsets.update(onsets_of(sent))
                kicks += [m.sample for m in sent if isinstance(m, NoteEvent) and (m.track, m.pitch) == ("drums", 36)]
                band.send(*sent)
                due = began + (band.position + 1_600 - first) / 48_000
                if paced:
                    time.sleep(max(0.0, due - time.monotonic()))
                behind = time.monotonic() - due
                held_up = max(held_up, behind) if paced else 0.0
                sound = band.pull(1_600, timeout=patience(behind) if paced else None)
                biggest = max(biggest, float(np.abs(np.diff(np.concatenate([last, sound]), axis=0)).max()))
                last = sound[-1:]
                sharp.feed(sound)
            health = band.health()
        steps.append(biggest)
        standing.append(sharp.standing_out(onsets))
    facts |= {
        "changes": len(conductor.log),
        "late_blocks": health.late_blocks,
        "underrun_samples": health.underrun_samples,
        "consumer_held_up_ms": round(held_up * 1000),
        "dropped": health.dropped_events,
        "shed": health.shed,
        "cpu_per_second": round(health.cpu_seconds / seconds, 3),
        "clicks": int((standing[1] > 2 * standing[0].max()).sum()),
        "edge_stands_out": round(float(standing[1].max()), 1),
        "edge_stands_out_undisturbed": round(float(standing[0].max()), 1),
        "largest_step": round(steps[1], 4),
        "largest_step_undisturbed": round(steps[0], 4),
        "kicks": len(kicks),
        "kicks_off_grid": sum(kick not in beats for kick in kicks),
        "delay_ms": {k: [round(float(np.median(v))), round(max(v))] for k, v in sorted(delays.items())},
    }
    return facts


_TRIALS = (
    Intent("mute", 1.0, "pad"), Intent("filter", 500.0), Intent("gain", -12.0, "bass"), Intent("solo", 1.0, "bass"),
    Intent("mute", 1.0, "drums", on_beat=True), Intent("energy", 1.0), Intent("density", 0.0), Intent("key", 3.0),
    Intent("tempo", 1.25), Intent("section", 1.0),
)  # fmt: skip


def heard(lead_ms: int = 250) -> dict[str, dict[str, float]]:
    """Milliseconds from a wish to the first sample that it changes, found by comparing the sound with and without it.

    ``told`` is what :meth:`Conductor.intend` said; the difference of the two is how long the change takes to be more
    than nothing (a fade's first samples, the attack of a note).
    """
    plain, asked, _ = _played(None, lead_ms)
    found = {}
    for wish in _TRIALS:
        sound, asked, told = _played(wish, lead_ms)
        places = np.flatnonzero(np.abs(sound - plain).max(axis=1) > 1e-4)
        first = float(places[0] + 4_800 - asked) / 48 if len(places) else float("nan")
        name = f"{wish.kind} on the beat" if wish.on_beat else wish.kind
        found[name] = {"heard_ms": round(first, 1), "told_ms": round((told - asked) / 48, 1)}
    return found


def _played(wish: Intent | None, lead_ms: int) -> tuple[np.ndarray[Any, np.dtype[np.float32]], int, int]:
    """Seven seconds of the band with a wish after three: the sound from sample 4800 on, when asked, what was told."""
    conductor, parts, asked, told = Conductor(band_song(), 24_000), [], 0, 0
    with Band(lead=lead_ms * 48) as band:
        band.start(0)
        band.send(*conductor.advance(0))
        band.pull(4_800)
        while band.position < 7 * 48_000:
            if wish is not None and not asked and band.position >= 3 * 48_000:
                asked, told = band.position, conductor.intend(wish, band.horizon)
            band.send(*conductor.advance(band.horizon))
            parts.append(band.pull(1_600))
    return np.concatenate(parts), asked, told

"""Measurements for ``limelight bench audio``: each returns one flat dict."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import numpy as np

from audio.engine.band import Band
from audio.engine.clicks import edges
from audio.engine.model import NoteEvent, Prepare
from audio.engine.storm import heard, storm


def voices(count: int = 24, seconds: float = 10.0, instrument: str = "pad_warm") -> dict[str, float]:
    """CPU seconds per second of sound with ``count`` synthesiser voices held, mix included."""
    length = int(seconds * 48_000)
    with Band() as band:
        band.start(0)
        band.send(Prepare((instrument,)))
        for k in range(count):
            band.send(NoteEvent(0, length, instrument, 48 + k % 24, 0.7, f"t{k // 8}"))
        band.pull(9_600)
        before, sounding = band.health(), 0
        wall = time.perf_counter()
        for _ in range((length - 19_200) // 4_800):
            band.pull(4_800)
            sounding = max(sounding, band.health().voices)
        wall = time.perf_counter() - wall
        after = band.health()
    made = (after.position - before.position) / 48_000
    return {
        "voices": sounding,
        "cpu_per_second": round((after.cpu_seconds - before.cpu_seconds) / made, 4),
        "times_real_time": round(made / wall, 2),
    }


def lateness(lead_ms: int, seconds: float = 8.0) -> dict[str, float]:
    """Late blocks when pulled at the pace of the world with this lead, eight pads and a beat playing."""
    length = int(seconds * 48_000)
    with Band(lead=lead_ms * 48) as band:
        band.start(0)
        band.send(*[NoteEvent(0, length, "pad_warm", 50 + 3 * k, 0.7, "p") for k in range(8)])
        band.send(*[NoteEvent(at, 4_000, "kit_synth", 36, 0.9, "d") for at in range(0, length, 24_000)])
        band.pull(1_600)
        began, least = time.monotonic(), 1 << 30
        for k in range(1, length // 1_600):
            time.sleep(max(0.0, began + k / 30 - time.monotonic()))
            band.pull(1_600, timeout=0.0)
            least = min(least, band.health().lead)
        health = band.health()
    return {
        "lead_ms": lead_ms,
        "late_blocks": health.late_blocks,
        "least_lead_ms": round(least / 48, 1),
        "shed": health.shed,
    }


def restart(standby: bool) -> dict[str, float]:
    """Seconds from killing the host until the next one makes sound, and the silence heard meanwhile, at live pace."""
    with Band(standby=standby) as band:
        band.start(0)
        band.send(NoteEvent(0, 4_800_000, "keys_organ", 57, 0.8, "o"))
        band.pull(48_000)
        began = time.monotonic()
        while time.monotonic() - began < 3.0:
            band.pull(1_600, timeout=0.0)
            time.sleep(1 / 30)
        pid = band.host_pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        killed, missing = time.monotonic(), band.health().underrun_samples
        least, sounded = band.health().lead, float("nan")
        while time.monotonic() - killed < 4.0:
            band.pull(1_600, timeout=0.0)
            # What the dead host left only shrinks; a lead that grows again (by more than a jump) is new sound.
            lead = band.health().lead
            if np.isnan(sounded) and band.host_pid != pid and lead > least + 1_024:
                sounded = time.monotonic() - killed
            least = min(least, lead)
            time.sleep(1 / 30)
        health = band.health()
    return {
        "standby": standby,
        "seconds_to_sound": round(sounded, 3),
        "silence_seconds": round((health.underrun_samples - missing) / 48_000, 3),
    }


def delay(tries: int = 20) -> dict[str, float]:
    """Milliseconds from sending a note until it is pulled, at the pace of the world: the horizon, by construction."""
    heard = []
    with Band() as band:
        band.start(0)
        band.send(Prepare(("kit_synth",)))
        band.pull(4_800)
        for _ in range(tries):
            sent, at = time.monotonic(), band.horizon
            band.send(NoteEvent(at, 1_000, "kit_synth", 37, 0.9, "d"))
            begun, first = sent, band.position
            while band.position <= at:
                band.pull(480)
                time.sleep(max(0.0, begun + (band.position - first) / 48_000 - time.monotonic()))
            heard.append((time.monotonic() - sent) * 1000)
    return {"median_ms": round(float(np.median(heard)), 1), "worst_ms": round(max(heard), 1)}


def memory(notes: int = 10_000) -> dict[str, float]:
    """Growth of the host's memory (MiB) over so many notes on three synthesisers, after a thousand to settle."""
    names = ("pluck", "arp_square", "bass_pluck")

    def resident(pid: int | None) -> float:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    with Band() as band:
        band.start(0)
        played, before = 0, 0.0
        while played < notes + 1_000:
            at = band.horizon
            many = [NoteEvent(at + 97 * k, 1_500, names[k % 3], 40 + k % 40, 0.7, names[k % 3]) for k in range(50)]
            band.send(*many)
            band.pull(4_800)
            played += len(many)
            if played == 1_000:
                before = resident(band.host_pid)
        after = resident(band.host_pid)
    return {"notes": notes, "growth_mib": round(after - before, 3)}


def rich(count: int = 40, seconds: float = 8.0) -> dict[str, float]:
    """CPU seconds per second with 40 voices of five patches held, mix included."""
    names = ("pad_warm", "pad_glass", "strings", "keys_organ", "pluck")
    length = int(seconds * 48_000)
    with Band() as band:
        band.start(0)
        band.send(*[NoteEvent(0, length, names[k // 8], 48 + k % 24, 0.7, f"t{k // 8}") for k in range(count)])
        band.pull(9_600)
        before = band.health()
        sounding = before.voices
        for _ in range((length - 19_200) // 4_800):
            band.pull(4_800)
            sounding = max(sounding, band.health().voices)
        after = band.health()
    made = (after.position - before.position) / 48_000
    return {"voices": sounding, "cpu_per_second": round((after.cpu_seconds - before.cpu_seconds) / made, 4)}


def bench(seconds: float = 20.0) -> dict[str, object]:
    """All of the above, a storm of changes of so many seconds on a machine with every core busy, and what edge each kind
    of change adds (1: the sharpest of the music's own)."""
    return {
        "voices_40": rich(),
        "memory": memory() if os.path.exists("/proc/self/statm") else None,
        "storm": storm(seconds, load=os.cpu_count() or 2),
        "edges": {name: round(sharp, 2) for name, sharp in edges()},
        "heard": heard(),
        "voices_8": voices(8),
        "voices_24": voices(24),
        "late": [lateness(lead) for lead in (150, 200, 250)],
        "restart": [restart(False), restart(True)],
        "delay": delay(),
    }

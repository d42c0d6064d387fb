"""``limelight bench show``: a real live show with real fans over real websockets, measured.

CPU seconds are those of whole processes, all threads, from /proc (Linux); wall times are from the monotonic clock.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audio.engine.priority import cores
from stage.gateway.load import run_fans, small_talk
from stage.gateway.model import FanEvent
from stage.live import LiveOptions, LiveShow, open_show
from stage.performance import Settings
from stage.script import Script

WARM_UP = 3.0
"""Seconds of show that are not counted: start-up, first key frames, fans connecting."""


def cpu_seconds(pid: int) -> float:
    """User + system seconds a process has used; 0 when it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float | None:
    """MiB of memory a process holds; None where it cannot be read."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            return round(int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)
    except OSError:
        return None


def percentile(values: list[float], share: float) -> float | None:
    """Percentile in milliseconds, None without values."""
    return round(float(np.percentile(values, share)) * 1000, 1) if values else None


def _fans(url: str, count: int, seconds: float, every: float, say: Callable[[int, int], str], pipe: Any) -> None:
    """The crowd's process: ready before the show begins, for real fans bring their own machines; comes when told."""
    if hasattr(os, "nice"):
        os.nice(19)
    pipe.send(None)
    pipe.recv()
    pipe.send(run_fans(url, count, seconds, every, say))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Fans of a measured show: ``count`` of them, one line every ``every`` seconds for ``seconds`` (all of the show)."""

    count: int
    every: float
    seconds: float | None = None
    say: Callable[[int, int], str] = small_talk
    script: tuple[tuple[int, FanEvent], ...] = ()
    """What comes from elsewhere, as payments do."""


def bench_show(
    settings: Settings, crowd: Crowd, watch: Callable[[LiveShow], Callable[[], dict[str, Any]]] | None = None
) -> dict[str, Any]:
    """Run a live show of ``settings.seconds`` before a crowd. ``watch`` sees it before it begins; what it returns is
    asked at the end for more figures."""
    if settings.seconds is None:
        raise ValueError("a length is needed")
    fans = crowd.count
    with open_show(settings, LiveOptions(port=0, window=False, script=Script(crowd.script))) as live:
        more = watch(live) if watch else dict
        mine, theirs = multiprocessing.get_context("spawn").Pipe()
        length = crowd.seconds or settings.seconds - WARM_UP - 1
        load = multiprocessing.get_context("spawn").Process(
            target=_fans, args=(live.house.url, fans, length, crowd.every, crowd.say, theirs), daemon=True
        )
        marks: dict[str, Any] = {}
        load.start()
        mine.recv()
        watcher = threading.Thread(target=_watch, args=(live, mine, marks), daemon=True)
        watcher.start()
        figures = live.run()
        watcher.join(2)
        used = {name: cpu_seconds(pid) - marks["cpu"].get(name, 0.0) for name, pid in _pids(live).items()}
        wall = time.monotonic() - marks["at"]
        health = figures.band or live.show.band.health()
        heard = mine.recv() if mine.poll(15) else {}
        counted = figures.frames - marks["frames"]
        on_time = figures.on_time - marks["on_time"]
        return {
            "bench": "show",
            "seconds": settings.seconds,
            "fans": fans,
            "cores": cores(),
            "load_average": round(os.getloadavg()[0], 2),
            "audio_underruns": health.late_blocks,
            "underrun_samples": health.underrun_samples,
            "band_restarts": health.restarts,
            "frames": counted,
            "frames_on_time": round(
                min(1.0, on_time / max(1, counted)), 4
            ),  # the last before the count may arrive in it
            "frames_skipped": figures.skipped,
            "frame_ms_p50": round(float(np.percentile(figures.frame_ms, 50)), 1) if figures.frame_ms else None,
            "frame_ms_p95": round(float(np.percentile(figures.frame_ms, 95)), 1) if figures.frame_ms else None,
            "quality": live.quality.level.name,
            "quality_changes": figures.levels,
            "chat_to_sound_ms_p50": percentile(figures.latencies, 50),
            "chat_to_sound_ms_p95": percentile(figures.latencies, 95),
            "answers_to_quiet": len(figures.latencies),
            "answer_stages_ms": figures.stages.table(),
            "chat_to_sound_behind_speech_ms_p50": percentile(figures.behind_speech, 50),
            "answers_behind_speech": len(figures.behind_speech),
            "chosen_to_first_clause_ms_p50": percentile(figures.thinking, 50),
            "chosen_to_first_clause_ms_p95": percentile(figures.thinking, 95),
            "clause_to_queued_ms_p50": percentile(figures.voicing, 50),
            "clause_to_queued_ms_p95": percentile(figures.voicing, 95),
            "answers": len(figures.thinking),
            "cpu_share": {name: round(value / wall, 3) for name, value in used.items()},
            "rss_mib": {name: resident(pid) for name, pid in _pids(live).items()},
            "crowd": heard,
        } | more()


def _pids(live: LiveShow) -> dict[str, int]:
    return {"stage": os.getpid(), "house": live.house.pid, **live.show.processes()}


def _watch(live: LiveShow, fans: Any, marks: dict[str, Any]) -> None:
    """Tell the fans to come once the show runs, and begin to count after the warm-up."""
    while live.figures.frames < 10 and not live.stop.is_set():
        time.sleep(0.05)
    fans.send(None)
    time.sleep(WARM_UP)
    marks["cpu"] = {name: cpu_seconds(pid) for name, pid in _pids(live).items()}
    marks["at"] = time.monotonic()
    marks["frames"], marks["on_time"] = live.figures.frames, live.figures.on_time
    if not sys.platform.startswith("linux"):
        marks["cpu"] = {}

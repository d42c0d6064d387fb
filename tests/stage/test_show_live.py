"""A live show on real parts: processes, sockets, picture; and what happens when a process is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from avatar.render import Picture, RenderError
from characters import load
from stage.clock import SAMPLE_RATE
from stage.gateway.model import FanEvent
from stage.live import LiveOptions, LiveShow, open_show
from stage.performance import Settings
from stage.script import Script


def has_gl() -> bool:
    try:
        Picture((64, 64), aa="none").release()
    except RenderError:
        return False
    return True


pytestmark = [pytest.mark.live, pytest.mark.gl, pytest.mark.skipif(not has_gl(), reason="no OpenGL 3.3 here")]


def perform(
    seconds: float, events: list[tuple[float, FanEvent]], meanwhile: Callable[[LiveShow], None]
) -> tuple[LiveShow, list[str]]:
    """Run a show at a small size, with ``meanwhile`` in a thread beside it; returns it and its replies."""
    script = Script([(round(at * SAMPLE_RATE), event) for at, event in events])
    settings = Settings(load("lumi"), 7, seconds, 320, 180, 15, live=True)
    replies: list[str] = []
    with open_show(settings, LiveOptions(port=0, window=False, script=script)) as live:
        live.show.on_cue.append(lambda cue: replies.append(str(cue.data["text"])) if cue.kind == "reply" else None)
        thread = threading.Thread(target=meanwhile, args=(live,), daemon=True)
        thread.start()
        live.run()
        thread.join(5)
        return live, replies


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


@pytest.mark.slow
def test_the_engine_killed_mid_song_comes_back_within_a_second_at_the_right_bar() -> None:
    marks: dict[str, float] = {}

    def kill(live: LiveShow) -> None:
        wait_for(lambda: live.show.director.phase == "song", 30)
        time.sleep(2.5)
        os.kill(live.show.band.host_pid or 0, signal.SIGKILL)
        killed = time.monotonic()
        position = live.show.band.position
        wait_for(lambda: live.show.band.health().restarts == 1)
        wait_for(lambda: live.show.band.position > position + SAMPLE_RATE // 2)
        marks["back"] = time.monotonic() - killed
        time.sleep(1)
        live.stop.set()

    live, _ = perform(60, [(0.5, FanEvent("1", "ren", "chat", "sing about rain"))], kill)
    health = live.figures.band
    assert health is not None
    assert health.restarts == 1
    assert marks["back"] < 2.5
    assert health.underrun_samples < SAMPLE_RATE, "the sound was away for less than a second"
    song = next(c for c in live.show.timeline if c.kind == "song" and not c.data["bed"])
    bars = [c.sample - song.sample for c in live.show.timeline if c.kind == "bar" and c.owner == song.owner]
    assert bars == sorted(set(bars)), "the bars went on where they were"


@pytest.mark.slow
def test_the_mind_killed_mid_answer_is_replaced_by_authored_lines() -> None:
    def kill(live: LiveShow) -> None:
        wait_for(lambda: live.show.director.phase == "talk")
        os.kill(getattr(live.show.mind, "pid", 0) or 0, signal.SIGKILL)

    live, replies = perform(
        12, [(4.0 + i, FanEvent(str(i), f"fan{i}", "chat", "how are you?")) for i in range(2)], kill
    )
    assert any("fan" in reply for reply in replies)
    assert live.figures.frames > 100


@pytest.mark.slow
def test_the_voice_killed_is_started_again() -> None:
    answered: list[str] = []
    nice: list[tuple[int, ...]] = []

    def kill(live: LiveShow) -> None:
        live.show.on_cue.append(lambda cue: answered.append(cue.data["text"]) if cue.kind == "reply" else None)
        wait_for(lambda: live.show.director.phase == "talk")
        pids = live.show.processes()
        nice.append(tuple(os.getpriority(os.PRIO_PROCESS, pids[name]) for name in ("voice", "singer", "composer")))
        os.kill(live.show.studio.voice.pid, signal.SIGKILL)
        wait_for(lambda: any("mika" in reply for reply in answered), 40)
        live.stop.set()  # no longer than it takes, however busy the machine is

    live, replies = perform(50, [(5.0, FanEvent("1", "mika", "chat", "how are you?"))], kill)
    assert live.show.studio.voice.restarts == 1
    assert nice[0][0] < min(nice[0][1:])  # what is sung and written ahead gives way to what is said
    assert any("mika" in reply for reply in replies), replies

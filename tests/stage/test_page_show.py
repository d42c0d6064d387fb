"""A fan in a real browser at a real show: what she writes is answered, in captions and in sound."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar.render import Picture, RenderError
from characters import load
from stage.director.plan import Plan
from stage.live import LiveOptions, LiveShow, open_show
from stage.performance import Settings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
FLAGS += ["--autoplay-policy=no-user-gesture-required", "--enable-unsafe-swiftshader"]

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is missing"),
]


@pytest.fixture
def live() -> Iterator[LiveShow]:
    try:
        Picture((64, 64), aa="none").release()
    except RenderError as reason:
        pytest.skip(str(reason))
    settings = Settings(load("lumi"), 3, None, 320, 180, 15, live=True, plan=Plan(songs=False, idle=1e6))
    with open_show(settings, LiveOptions(port=0, window=False)) as show:
        thread = threading.Thread(target=show.run, daemon=True)
        thread.start()
        yield show
        show.stop.set()
        thread.join(10)


def until(page: Any, expression: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


def test_a_message_is_answered_in_captions_and_in_sound(live: LiveShow) -> None:
    spoken: list[float] = []
    pull = live.show.sound

    def listen(count: int, timeout: float | None = None) -> Any:
        pcm = pull(count, timeout)
        spoken.append(float(np.sqrt(np.mean(pcm * pcm))))
        return pcm

    live.show.sound = listen  # type: ignore[method-assign]
    with sync_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.goto(live.house.url)
        page.wait_for_selector("#state[data-state=live]")
        until(page, "limelight.player.video.currentTime > 0 && limelight.player.started")
        page.fill("#name", "Mika")
        page.click("#name-form button")
        page.wait_for_selector("#say:visible")
        while live.show.director.desk.busy(live.show.band.position):  # the greeting
            page.wait_for_timeout(50)
        page.wait_for_timeout(2000)
        quiet = float(np.median(spoken[-40:]))
        heard = len(spoken)
        page.fill("#say", "how are you today?")
        page.press("#say", "Enter")
        until(page, "document.querySelector('#caption').textContent.trim().length > 3")
        until(
            page,
            "[...document.querySelectorAll('.line')].some(e => /Lumi/.test(e.textContent) && /Mika/i.test(e.textContent))",
        )
        loud = float(np.percentile(spoken[heard:], 90))
        before = page.evaluate("limelight.player.video.currentTime")
        page.wait_for_timeout(1500)
        assert page.evaluate("limelight.player.video.currentTime") > before + 0.8
        assert page.evaluate("limelight.player.video.webkitAudioDecodedByteCount") > 10_000
        browser.close()
    assert loud > 2 * quiet, "the answer is in the sound"

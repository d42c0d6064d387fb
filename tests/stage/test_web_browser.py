"""The fan page in a real browser: it plays, it talks, it comes back, and what fans write stays text."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stage.gateway import House
from stage.gateway.load import crowd_limits
from stage.gateway.protocol import CHAT_LIMIT, clean
from tests.stage.house_feed import Feed

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = Path(__file__).parent.parent / "data" / "hostile.txt"
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as p:
        b = p.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield b
        b.close()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    limits = crowd_limits(50) | {"chat_rate": 500.0, "chat_burst": 500, "message_rate": 500.0, "message_burst": 900}
    with House(port=0, title="Lumi live", character="Lumi", limits=limits) as h:
        yield h


@pytest.fixture
def page(browser: Any, house: House) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    p = context.new_page()
    p.complaints = []
    p.expected_losses = False
    p.on("pageerror", lambda e: p.complaints.append(str(e)))
    p.on("console", lambda m: p.complaints.append(m.text) if m.type in ("error", "warning") else None)
    p.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation', (e) => violations.push(e.blockedURI));"
    )
    p.goto(house.url)
    p.wait_for_selector("#state[data-state=live]")
    yield p
    assert p.evaluate("violations") == []
    losses = ("ERR_CONNECTION_REFUSED", "WebSocket connection to", "net::ERR")
    assert [c for c in p.complaints if not (p.expected_losses and any(x in c for x in losses))] == []
    context.close()


def name(page: Any, wish: str) -> None:
    page.fill("#name", wish)
    page.click("#name-form button")
    page.wait_for_selector("#say:visible")


def say(page: Any, text: str) -> None:
    page.fill("#say", text)
    page.press("#say", "Enter")


def texts(page: Any) -> list[str]:
    return list(
        page.evaluate("[...document.querySelectorAll('.line:not(.waiting-line) .text')].map((e) => e.textContent)")
    )


def until(page: Any, expression: str, seconds: float = 15) -> None:
    """Wait for a JavaScript expression (asked from outside: the page's policy forbids eval inside)."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({expression})"):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


def test_picture_and_sound_play_near_the_edge_and_survive_a_new_size(page: Any, house: House) -> None:
    with Feed(house) as feed:
        until(page, "limelight.player.video.currentTime > 0 && limelight.player.started")
        a = page.evaluate("[limelight.player.video.currentTime, limelight.player.video.webkitAudioDecodedByteCount]")
        page.wait_for_timeout(3000)
        b = page.evaluate("[limelight.player.video.currentTime, limelight.player.video.webkitAudioDecodedByteCount]")
        assert b[0] - a[0] > 2.0
        assert b[1] > a[1] + 5000
        assert page.evaluate("limelight.player.edge()[1] - limelight.player.video.currentTime") < 1.5
        page.click("#unmute")
        loud = page.evaluate(
            """async () => {
              const context = new AudioContext();
              const source = context.createMediaElementSource(limelight.player.video);
              const analyser = context.createAnalyser();
              source.connect(analyser); analyser.connect(context.destination);
              await context.resume();
              await new Promise((r) => setTimeout(r, 1200));
              const data = new Float32Array(analyser.fftSize);
              analyser.getFloatTimeDomainData(data);
              return Math.max(...data);
            }"""
        )
        assert loud > 0.1
        feed.resize = (320, 180)
        until(page, "limelight.player.video.videoWidth === 320")
        at = page.evaluate("limelight.player.video.currentTime")
        until(page, f"limelight.player.video.currentTime > {at} + 1")


def test_chat_reactions_captions_and_card(page: Any, house: House) -> None:
    assert page.is_visible("#notice")
    page.click("#notice-ok")
    assert page.inner_text(".ai").endswith("AI performer")
    name(page, "Mika")
    say(page, "hello there")
    until(
        page,
        "[...document.querySelectorAll('.line:not(.waiting-line)')].some((e) => e.textContent === 'Mikahello there')",
    )
    page.click("#ask")
    say(page, "a song about rain")
    page.wait_for_selector(".line.request:not(.waiting-line)")
    page.click(".reactions .heart")
    page.wait_for_selector(".float.heart")
    house.publish("caption", {"text": "the river keeps the light", "kind": "sung", "length": 96000})
    page.wait_for_selector("#caption.sung:visible")
    page.click("#captions")
    page.wait_for_selector("#caption", state="hidden")
    house.publish("now_playing", {"title": "Paper Lanterns", "section": "chorus", "line": "and the river"})
    until(page, "document.getElementById('now-title').textContent === 'Paper Lanterns'")
    house.publish("chat", {"id": "r9", "text": "Mika!", "is_ai": True})
    page.wait_for_selector(".ai-line .tag")
    kinds = {e.kind: e for e in house.poll()}
    assert kinds["request"].text == "a song about rain"
    assert kinds["reaction"].text == "heart"


def test_a_fan_sees_and_erases_what_is_kept_as_text(page: Any, house: House) -> None:
    name(page, "Keeper")
    house.poll()

    def answer(facts: dict[str, Any]) -> None:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for event in house.poll():
                if event.kind == "memory":
                    house.private(event.account, "memory", {"id": event.id} | facts)
                    return
            page.wait_for_timeout(20)
        raise AssertionError("the page did not ask")

    page.click("#kept-open")
    things = [{"kind": "told", "text": "<img src=x onerror=alert(1)>", "at": 1.0, "amount": 0}]
    answer({"kept": True, "known": True, "name": "Keeper", "visits": 2, "things": things})
    until(page, "document.querySelectorAll('#kept-list li').length === 1")
    assert page.inner_text("#kept-list li") == "You said that: <img src=x onerror=alert(1)>"
    with page.expect_download() as saved:
        page.click("#kept-save")
    assert json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))["things"] == things
    page.click("#kept-erase")
    answer({"kept": True, "known": False, "erased": True, "things": []})
    until(page, "document.getElementById('kept-says').textContent.startsWith('Erased')")
    assert page.is_disabled("#kept-erase")
    if shot := os.environ.get("LIMELIGHT_SHOT"):
        page.screenshot(path=shot)
    page.click("#kept-close")


def test_hostile_strings_stay_text(page: Any, house: House) -> None:
    name(page, "<img src=x onerror=alert(1)>")
    corpus = [json.loads(line) for line in HOSTILE.read_text(encoding="utf-8").splitlines()]
    assert len(corpus) == 200
    page.on("dialog", lambda d: page.complaints.append("dialog"))
    before = page.evaluate("document.querySelectorAll('*').length - document.querySelectorAll('.lines *').length")
    for number, text in enumerate(corpus):
        house.publish("chat", {"id": f"h{number}", "name": text[:80], "text": text, "is_ai": False})
    until(page, "document.querySelector('[data-id=h199]')", 30)
    page.wait_for_timeout(300)
    shown = page.evaluate(
        "[...document.querySelectorAll('[data-id^=h]')].map((e) => e.querySelector('.text').textContent)"
    )
    assert shown == corpus
    tags = page.evaluate("[...new Set([...document.querySelectorAll('.lines *')].map((e) => e.tagName))].sort()")
    assert tags == ["B", "BDI", "LI", "SPAN"]
    after = page.evaluate("document.querySelectorAll('*').length - document.querySelectorAll('.lines *').length")
    assert abs(after - before) < 8
    good = [t for t in corpus if clean(t) and len(t) <= CHAT_LIMIT][:60]
    for text in good:
        page.evaluate("(t) => limelight.link.say(t, 'chat')", text)
    last = clean(good[-1])
    until(page, f"[...document.querySelectorAll('.text')].at(-1).textContent === {json.dumps(last)}")
    assert texts(page)[-len(good) :] == [clean(t) for t in good]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_comes_back_after_the_house_was_killed(page: Any, house: House) -> None:
    page.expected_losses = True
    name(page, "Ann")
    for k in range(3):
        say(page, f"before {k}")
    until(page, "[...document.querySelectorAll('.line:not(.waiting-line) .text')].at(-1)?.textContent === 'before 2'")
    until(page, "limelight.link.outbox.size === 0")
    os.kill(house.pid, signal.SIGKILL)
    say(page, "while away")
    assert page.locator(".waiting-line").count() == 1
    page.wait_for_selector("#state[data-state=away]")
    page.wait_for_selector("#state[data-state=live]", timeout=60_000)
    until(page, "limelight.link.outbox.size === 0")
    say(page, "back again")
    until(page, "[...document.querySelectorAll('.line:not(.waiting-line) .text')].at(-1)?.textContent === 'back again'")
    mine = [t for t in texts(page) if t.startswith(("before", "while", "back"))]
    assert mine == ["before 0", "before 1", "before 2", "while away", "back again"]
    time.sleep(0.2)
    assert [e.text for e in house.poll() if e.kind == "chat"][-5:] == mine


def test_picture_comes_back_after_the_house_was_killed(page: Any, house: House) -> None:
    page.expected_losses = True
    with Feed(house):
        until(page, "limelight.player.started")
        os.kill(house.pid, signal.SIGKILL)
        page.wait_for_selector("#waiting:not(.gone)")
        page.wait_for_selector("#waiting.gone", timeout=30_000, state="attached")
        at = page.evaluate("limelight.player.video.currentTime")
        until(page, f"limelight.player.video.currentTime > {at} + 1", 20)


def test_phone_layout_has_reachable_controls(browser: Any, house: House) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(house.url)
    page.wait_for_selector("#state[data-state=live]")
    small = page.evaluate(
        "[...document.querySelectorAll('button, input')].filter((e) => e.offsetParent).map((e) => "
        "[e.id || e.className, e.getBoundingClientRect()]).filter(([, r]) => r.height < 44 || r.width < 44 "
        "|| r.right > innerWidth + 1 || r.bottom > innerHeight + 1).map(([n, r]) => [n, r.width, r.height, r.right])"
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    video, chat = page.locator("#screen").bounding_box(), page.locator("#lines").bounding_box()
    assert video["y"] + video["height"] <= chat["y"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    context.close()

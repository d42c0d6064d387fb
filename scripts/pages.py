"""Pictures of the fans' page at a real show: ``python scripts/pages.py`` writes docs/pictures/page.jpg and phone.jpg.

A show of half a minute with a few fans of a script, seen by a real headless Chromium on a desktop and on a phone.
Needs playwright and Chromium.
"""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from characters import load
from stage.clock import samples
from stage.director.plan import Plan
from stage.gateway.model import FanEvent
from stage.live import LiveOptions, open_show
from stage.performance import Settings
from stage.script import Script

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--enable-unsafe-swiftshader",
]  # fmt: skip
CROWD = (
    (3.0, "mika", "chat", "hi lumi!! so happy to be here"),
    (4.5, "ren", "chat", "can you sing about rain on a train window?"),
    (9.0, "aoi", "chat", "first time here, hello everyone"),
    (12.0, "mika", "reaction", "heart"),
    (12.4, "ren", "reaction", "star"),
    (15.0, "juno", "chat", "that jacket"),
    (26.0, "aoi", "reaction", "clap"),
    (27.0, "mika", "reaction", "heart"),
)


def main() -> None:
    """Run the show and take both pictures when she sings, or after a minute."""
    script = Script((samples(at), FanEvent(f"s{n}", fan, kind, text)) for n, (at, fan, kind, text) in enumerate(CROWD))
    settings = Settings(load("lumi"), 3, None, 1280, 720, 30, live=True, plan=Plan(talk=10.0))
    with open_show(settings, LiveOptions(port=0, window=False, script=script)) as live, sync_playwright() as p:
        thread = threading.Thread(target=live.run, daemon=True)
        thread.start()
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        desk = browser.new_page(viewport={"width": 1280, "height": 720})
        _enter(desk, live.house.url, "Noor")
        end = time.monotonic() + 75
        while time.monotonic() < end and not (live.show.director.phase == "song" and _sings(desk)):
            desk.wait_for_timeout(200)
        desk.wait_for_timeout(4000)
        _keep(desk, "page.jpg")
        phone = browser.new_page(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
        )
        _enter(phone, live.house.url, "Lia")
        phone.wait_for_timeout(6000)
        _keep(phone, "phone.jpg")
        browser.close()
        live.stop.set()
        thread.join(10)


def _enter(page: Any, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_selector("#state[data-state=live]", timeout=60_000)
    page.fill("#name", name)
    page.click("#name-form button")
    page.wait_for_selector("#say:visible")


def _sings(page: Any) -> bool:
    return len(str(page.evaluate("document.querySelector('#caption').textContent")).strip()) > 3


def _keep(page: Any, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if picture.width > 1280:
        picture = picture.resize((1280, round(picture.height * 1280 / picture.width)), Image.Resampling.LANCZOS)
    picture.save(PICTURES / name, quality=86)


if __name__ == "__main__":
    main()

"""A bounded crowd: real websockets on this machine that chat and react, and measure what arrives and how late."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

MOST = 2000
LINES = (
    "hello from a rainy town",
    "sing about a paper lantern",
    "how was your day?",
    "this one is my favourite",
    "what do stars dream of?",
    "sing about the last train home",
    "you sound great tonight",
    "do you like oranges?",
)


class _Crowd:
    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.delays: list[float] = []
        self.delivered = 0
        self.errors: dict[str, int] = {}
        self.ready = 0

    def note(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1


async def _read(link: ClientConnection, crowd: _Crowd) -> None:
    try:
        await _hear(link, crowd)
    except (OSError, WebSocketException) as error:
        crowd.note(type(error).__name__)


async def _hear(link: ClientConnection, crowd: _Crowd) -> None:
    async for message in link:
        now = time.monotonic()
        raw = json.loads(message)
        if raw["type"] == "error":
            crowd.note(raw["code"])
            sent = crowd.sent.pop(raw.get("id", ""), None)
            if sent is not None:
                crowd.note("refused")
        elif raw["type"] == "tick":
            for entry in raw.get("m", ()):
                at = crowd.sent.get(entry.get("cid", ""))
                if at is not None:
                    crowd.delivered += 1
                    crowd.delays.append(now - at)


async def _fan(
    number: int,
    url: str,
    origin: str,
    crowd: _Crowd,
    go: asyncio.Event,
    end: float,
    every: float,
    phase: float,
    say: Callable[[int, int], str],
) -> None:
    try:
        async with connect(url, origin=origin, compression=None, max_size=1 << 22, open_timeout=30) as link:  # type: ignore[arg-type]
            await link.send(json.dumps({"type": "hello", "v": 1, "name": f"crowd {number}"}))
            await link.recv()
            await link.recv()
            crowd.ready += 1
            reader = asyncio.create_task(_read(link, crowd))
            await go.wait()
            began, turn = time.monotonic(), 0
            while (due := began + phase + turn * every) < began + end:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                id = f"{number}-{turn}"
                crowd.sent[id] = time.monotonic()
                await link.send(json.dumps({"type": "chat", "id": id, "text": say(number, turn)}))
                await link.send(json.dumps({"type": "reaction", "kind": "heart", "count": 1}))
                turn += 1
            await asyncio.sleep(max(0.0, began + end + 1.0 - time.monotonic()))
            reader.cancel()
    except (OSError, WebSocketException, TimeoutError) as error:
        crowd.note(type(error).__name__)


def small_talk(number: int, turn: int) -> str:
    """What fan ``number`` says the ``turn``-th time: one of a few lines."""
    return LINES[(number + turn) % len(LINES)]


async def _run(
    url: str,
    fans: int,
    duration: float,
    every: float,
    spread: bool = True,
    say: Callable[[int, int], str] = small_talk,
) -> dict[str, Any]:
    """``spread``: the fans of one period speak in a shuffled order, otherwise one after the other."""
    parts = urlsplit(url)
    crowd, go = _Crowd(), asyncio.Event()
    tasks = []
    target = f"ws://{parts.netloc}/ws"
    for number in range(fans):
        phase = every * ((number * 0.618) % 1) if spread else every * number / fans
        tasks.append(
            asyncio.create_task(_fan(number, target, f"http://{parts.netloc}", crowd, go, duration, every, phase, say))
        )
        if number % 50 == 49:
            await asyncio.sleep(0.05)
    for _ in range(300):
        if crowd.ready + sum(t.done() for t in tasks) >= fans:
            break
        await asyncio.sleep(0.1)
    began, used = time.monotonic(), time.process_time()
    here = crowd.ready
    go.set()
    await asyncio.gather(*tasks)
    took = time.monotonic() - began
    delays = sorted(crowd.delays)

    def at(share: float) -> float:
        return round(1000 * delays[min(len(delays) - 1, int(share * len(delays)))], 2) if delays else 0.0

    expected = len(crowd.sent) * here
    return {
        "fans": here,
        "seconds": round(took, 2),
        "sent": len(crowd.sent),
        "expected": expected,
        "delivered": crowd.delivered,
        "delivered_share": round(crowd.delivered / expected, 4) if expected else 0.0,
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "max_ms": at(1.0),
        "cpu_s": round(time.process_time() - used, 2),
        "errors": crowd.errors,
    }


def crowd(url: str, fans: int = 100, seconds: float = 10.0, every: float = 1.0) -> dict[str, Any]:
    """``fans`` (at most 2000) on the house at ``url``, each a chat line and a heart every ``every`` seconds.

    The house must allow them: ``House(limits=crowd_limits(fans))``. Returns sent, expected and delivered lines (one
    for each fan) and the delay from sending to arrival at each fan in ms.
    """
    return asyncio.run(_run(url, min(fans, MOST), seconds, every))


def crowd_limits(fans: int) -> dict[str, Any]:
    """Limits that let a crowd from one address in."""
    return {"per_address": fans + 50, "handshakes": float(fans + 50), "chat_rate": 5.0, "chat_burst": 20}


def run_fans(
    url: str, count: int, seconds: float, chat_every: float, say: Callable[[int, int], str] = small_talk
) -> dict[str, Any]:
    """``count`` fans on a running show; together they say one line every ``chat_every`` seconds, in turn."""
    count = min(count, MOST)
    return asyncio.run(_run(url, count, seconds, max(0.001, chat_every) * count, spread=False, say=say))


def bench(fans: int = 500, seconds: float = 10.0) -> dict[str, Any]:
    """A house of its own with a crowd, each a line a second; adds the house's CPU and memory."""
    from stage.gateway.house import House

    with House(port=0, limits=crowd_limits(fans) | {"history": 50}) as house:
        figures = crowd(house.url, fans, seconds, 1.0)
        before = house.health()
        for _ in range(100):
            if house.health()["house"] != before["house"]:
                break
            time.sleep(0.02)
        mine = house.health()["house"]
    cpu = mine.get("cpu", 0.0)
    each = round(1e6 * cpu / figures["delivered"], 3) if figures["delivered"] else None
    return (
        {"bench": "fans"}
        | figures
        | {
            "house_cpu_s": cpu,
            "us_per_delivery": each,
            "house_rss_mib": mine.get("rss_mib"),
            "evicted": mine.get("evicted"),
        }
    )

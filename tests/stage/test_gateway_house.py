"""The house over real sockets, in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from stage.gateway import House, HouseError, MediaChunk, MediaInit
from stage.gateway.load import crowd, crowd_limits, run_fans

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with House(
        port=0, title="Show", character="Lumi", limits=crowd_limits(200) | {"hello": 1.0, "queue": 1 << 18}
    ) as h:
        yield h


def link(house: House, path: str = "ws", **options: Any) -> connect:
    options.setdefault("origin", house.url.rstrip("/"))
    return connect(f"ws://127.0.0.1:{house.port}/{path}", compression=None, max_size=1 << 24, **options)


async def enter(w: ClientConnection, name: str = "", **hello: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    await w.send(json.dumps({"type": "hello", "v": 1, "name": name} | hello))
    return json.loads(await w.recv()), json.loads(await w.recv())


async def lines(w: ClientConnection, count: int) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []
    while len(got) < count:
        got += json.loads(await asyncio.wait_for(w.recv(), 5)).get("m", [])
    return got


async def closed(w: ClientConnection) -> int | None:
    try:
        while True:
            await asyncio.wait_for(w.recv(), 5)
    except ConnectionClosed:
        return w.close_code


def events(house: House, kind: str, wait: float = 3.0) -> list[Any]:
    end, got = time.monotonic() + wait, []
    while time.monotonic() < end and not got:
        got = [e for e in house.poll() if e.kind == kind]
        time.sleep(0.02)
    return got


def get(house: House, path: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(house.url.rstrip("/") + path, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_pages_are_served_safely(house: House) -> None:
    status, head, body = get(house, "/")
    assert status == 200
    assert b"AI performer" in body
    assert b"{{" not in body
    assert "script-src 'self'" in head["Content-Security-Policy"]
    assert "unsafe" not in head["Content-Security-Policy"]
    assert head["X-Content-Type-Options"] == "nosniff"
    assert get(house, "/app.js")[1]["Content-Type"].startswith("text/javascript")
    for path in ("/../house.py", "/%2e%2e/gateway/house.py", "/nothing", "//etc/passwd"):
        assert get(house, path)[0] == 404
    status, _, body = get(house, "/health")
    assert json.loads(body)["status"] == "ok"


def test_chat_reaches_fans_and_stage(house: House) -> None:
    async def go() -> None:
        async with link(house) as a, link(house) as b:
            await enter(a, "Ann")
            await enter(b, "Bob")
            await a.send(json.dumps({"type": "chat", "id": "1", "text": "hello <b>"}))
            (line,) = await lines(b, 1)
            assert (line["name"], line["text"], line["is_ai"]) == ("Ann", "hello <b>", False)
            house.publish("chat", {"id": "ai1", "text": "hi Ann", "is_ai": True})
            (line,) = await lines(b, 1)
            assert (line["name"], line["is_ai"]) == ("Lumi", True)

    house.poll()
    asyncio.run(go())
    (event,) = events(house, "chat")
    assert (event.fan, event.text) == ("Ann", "hello <b>")


def test_foreign_and_missing_origin_are_refused(house: House) -> None:
    async def go(origin: str | None) -> None:
        async with link(house, origin=origin):
            pass

    for origin in ("https://evil.example", "null", None):
        with pytest.raises(InvalidStatus) as caught:
            asyncio.run(go(origin))
        assert caught.value.response.status_code == 403


def test_bad_manners_close_with_their_codes(house: House) -> None:
    async def send(frame: str) -> int | None:
        async with link(house) as w:
            if frame:
                await w.send(frame)
            return await closed(w)

    async def after_hello(frame: str) -> int | None:
        async with link(house) as w:
            await enter(w)
            await w.send(frame)
            return await closed(w)

    assert asyncio.run(send('{"type":"chat","id":"1","text":"x"}')) == 3501
    assert asyncio.run(send("nonsense")) == 3501
    assert asyncio.run(send('{"type":"hello","v":99}')) == 3502
    assert asyncio.run(send("")) == 3502
    assert asyncio.run(after_hello("x" * 5000)) == 1009


def test_ping_flood_is_cut(house: House) -> None:
    async def go() -> int | None:
        async with link(house) as w:
            await enter(w)
            for _ in range(200):
                try:
                    await w.ping()
                except ConnectionClosed:
                    break
            return await closed(w)

    assert asyncio.run(go()) in (3013, 1006)


def test_busy_port_is_one_clear_line(house: House) -> None:
    with pytest.raises(HouseError, match=rf"port {house.port} is busy.*use --port"):
        House(port=house.port).start()


def test_a_fan_who_stops_reading_is_cut_and_the_others_are_served(house: House) -> None:
    def stalled() -> socket.socket:
        s = socket.create_connection(("127.0.0.1", house.port))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        origin = house.url.rstrip("/")
        s.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        hello = b'{"type":"hello","v":1}'
        s.sendall(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
        return s

    async def go(slow: list[socket.socket]) -> tuple[int, float]:
        async with link(house) as w:
            await enter(w)
            before = json.loads(get(house, "/health")[2])
            got, worst = 0, 0.0
            for k in range(400):
                for _ in range(4):
                    house.publish("state", {"k": k, "pad": "x" * 16384, "at": time.monotonic()})
                await asyncio.sleep(0.052)
                if k == 30:
                    assert json.loads(get(house, "/health")[2])["fans"] >= 1
                while True:
                    try:
                        raw = json.loads(await asyncio.wait_for(w.recv(), 0.001))
                    except TimeoutError:
                        break
                    for s in raw.get("s", []):
                        got += 1
                        worst = max(worst, time.monotonic() - s["at"])
                health = json.loads(get(house, "/health")[2]) if k % 20 == 19 else before
                if health["evicted"] >= before["evicted"] + len(slow):
                    assert health["rss_mib"] - before["rss_mib"] < 20
                    assert got >= 4 * (k - 3)
                    return got, worst
            raise AssertionError("nobody was cut")

    slow = [stalled() for _ in range(8)]
    time.sleep(0.3)
    try:
        _, worst = asyncio.run(go(slow))
        assert worst < 1.0
    finally:
        for s in slow:
            s.close()


def test_crowd_is_served_within_a_tick_or_two(house: House) -> None:
    result = crowd(house.url, 40, 3, 1.0)
    assert result["fans"] == 40
    assert result["delivered_share"] == 1.0
    assert result["errors"] == {}
    assert result["p50_ms"] < 200


def test_a_small_crowd_speaks_in_turn(house: House) -> None:
    result = run_fans(house.url, 5, 2, 0.25)
    assert result["sent"] == 8
    assert result["delivered_share"] == 1.0


def test_killed_house_comes_back_and_nothing_is_lost_or_doubled() -> None:
    async def first(h: House) -> tuple[dict[str, Any], int]:
        async with link(h) as w:
            welcome, _ = await enter(w, "Ann")
            for k in range(3):
                await w.send(json.dumps({"type": "chat", "id": str(k), "text": f"line {k}"}))
            got = await lines(w, 3)
            os.kill(h.pid, signal.SIGKILL)
            return welcome, got[1]["o"]

    async def second(h: House, welcome: dict[str, Any], offset: int) -> None:
        for _ in range(100):
            try:
                async with link(h) as w:
                    again, missed = await enter(w, "Ann", token=welcome["token"], epoch=welcome["epoch"], offset=offset)
                    assert again["you"] == welcome["you"]
                    assert again["name"] == "Ann"
                    assert again["sticky"] == [{"type": "now_playing", "title": "Rain"}]
                    assert [e["text"] for e in missed["m"]] == ["line 2"]
                    for k in (2, 3):
                        await w.send(json.dumps({"type": "chat", "id": str(k), "text": f"line {k}"}))
                    while json.loads(await w.recv()) != {"type": "ok", "id": "2"}:
                        pass
                    assert [e["text"] for e in await lines(w, 1)] == ["line 3"]
                    return
            except (OSError, WebSocketException):
                await asyncio.sleep(0.1)
        raise AssertionError("the house did not come back")

    with House(port=0, character="Lumi") as h:
        h.publish("now_playing", {"title": "Rain"})
        welcome, offset = asyncio.run(first(h))
        asyncio.run(second(h, welcome, offset))
        time.sleep(0.2)
        chats = [e.text for e in h.poll() if e.kind == "chat"]
        assert chats == ["line 0", "line 1", "line 2", "line 3"]
        assert h.health()["restarts"] == 1


def test_closing_sends_1012() -> None:
    async def go(h: House) -> int | None:
        async with link(h) as w:
            await enter(w)
            await asyncio.to_thread(h.close, 0.2)
            return await closed(w)

    h = House(port=0).start()
    assert asyncio.run(go(h)) == 1012


def test_viewer_starts_at_a_key_frame_and_a_stalled_one_is_bounded(house: House) -> None:
    async def go() -> None:
        house.media(MediaInit(b"init", "video/mp4"))
        for k in range(6):
            house.media(MediaChunk(b"v%d" % k, "video", k % 4 == 0, k))
        await asyncio.sleep(0.3)
        async with link(house, "media") as w:
            assert json.loads(await w.recv()) == {"type": "init", "v": 1, "mime": "video/mp4"}
            assert await w.recv() == b"init"
            assert [(await w.recv())[9:] for _ in range(2)] == [b"v4", b"v5"]
            house.media(MediaChunk(b"a", "audio", False, 6))
            house.media(MediaChunk(b"v6", "video", False, 6))
            assert (await w.recv())[9:] == b"av6"
            # This one now reads nothing while 40 MB go by; the house must not keep them.
            before = json.loads(get(house, "/health")[2])
            w.transport.pause_reading()
            for k in range(400):
                house.media(MediaChunk(bytes(100_000), "video", k % 30 == 0, k))
                await asyncio.sleep(0.002)
            await asyncio.sleep(0.5)
            after = json.loads(get(house, "/health")[2])
            assert after["media"]["skips"] > before["media"]["skips"]
            assert after["rss_mib"] - before["rss_mib"] < 25
            w.transport.abort()

    asyncio.run(go())


def test_publish_and_media_never_wait_and_drop_by_policy() -> None:
    h = House(port=0, publish_queue=10, media_queue=10_000)
    for k in range(50):
        h.publish("caption", {"text": str(k)})
        h.media(MediaChunk(bytes(1000), "video", k % 5 == 0, k))
    health = h.health()
    assert health["publish_dropped"] == 40
    assert health["media_dropped"] >= 30

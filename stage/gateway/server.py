"""The house's own process: one asyncio loop holding every fan, the pages and the live picture.

Nothing here waits for a fan: a frame is built once and written to each connection's transport; what a fan does not
take in time is counted by the transport and cut at a limit.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import socket
import sys
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from stage.gateway import protocol as p
from stage.gateway import wire
from stage.gateway.files import headers, load_pages
from stage.gateway.room import Bucket, Fan, Judge, Limits, Room
from stage.gateway.viewers import Viewers

CONTROL_RATE = 10.0
"""Ping frames a second a fan may send."""

LOCAL = ("127.0.0.1", "::1")


def framed(data: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    """A message as bytes on the wire (server to client: unmasked, uncompressed)."""
    return Frame(opcode, data).serialize(mask=False, extensions=[])


class Link(ServerConnection):
    """A fan's connection that cuts off floods of control frames."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.control = Bucket(CONTROL_RATE, CONTROL_RATE * 3)

    def process_event(self, event: Any) -> None:
        """Count pings before the library answers them."""
        control = isinstance(event, Frame) and event.opcode in (Opcode.PING, Opcode.PONG)
        if control and not self.control.take(self.loop.time()):
            cut(self, p.TOO_MANY)
            return
        super().process_event(event)


def cut(link: ServerConnection, code: int) -> None:
    """Close at once with ``code``: the close frame is put last in line, the rest is the kernel's or dropped."""
    transport = link.transport
    if link.protocol.state is State.OPEN and not transport.is_closing():
        transport.write(framed(Close(code, p.CLOSE_CODES.get(code, "")).serialize(), Opcode.CLOSE))
    link.loop.call_later(1.0, transport.abort)


class HouseServer:
    """Everything of the house but the socket to the stage."""

    def __init__(self, config: dict[str, Any], to_stage: Any) -> None:
        self.limits = Limits(**config.get("limits", {}))
        self.room = Room(
            config["title"],
            config["character"],
            self.limits,
            bytes.fromhex(config["secret"]),
            config["epoch"],
            config["history"],
            config.get("echo", "house"),
            _judge(config.get("rules")),
        )
        self.viewers = Viewers(self.limits.media_queue)
        self.pages = load_pages(config["title"], config["character"])
        self.origins = set(config.get("origins", ()))
        self.allow_no_origin = bool(config.get("allow_no_origin"))
        self.to_stage = to_stage
        self.began = time.monotonic()
        self.counts = {"delivered": 0, "evicted": 0, "rejected": 0, "handshakes": 0}
        self._addresses: dict[str, int] = {}
        self._handshakes: dict[str, Bucket] = {}
        self.server: Server | None = None

    # HTTP ------------------------------------------------------------------------------------------------------

    def request(self, link: ServerConnection, request: Request) -> Response | None:
        """Pages and health over HTTP; for websockets, who may come in."""
        path = urlsplit(request.path).path
        if path == "/health":
            return self._answer(
                HTTPStatus.OK, json.dumps(self.health()).encode(), headers("application/json", "no-store")
            )
        if path in ("/ws", "/media"):
            return self._admit(link, request)
        page = self.pages.get(path)
        if page is None:
            return self._answer(HTTPStatus.NOT_FOUND, b"not found\n", headers("text/plain; charset=utf-8"))
        if request.headers.get("If-None-Match") == page.tag:
            return self._answer(HTTPStatus.NOT_MODIFIED, b"", page.headers)
        return self._answer(HTTPStatus.OK, page.body, page.headers)

    @staticmethod
    def _answer(status: HTTPStatus, body: bytes, lines: tuple[tuple[str, str], ...]) -> Response:
        return Response(
            status.value,
            status.phrase,
            Headers([*lines, ("Content-Length", str(len(body))), ("Connection", "close")]),
            body,
        )

    def _admit(self, link: ServerConnection, request: Request) -> Response | None:
        plain = headers("text/plain; charset=utf-8", "no-store")
        self.counts["handshakes"] += 1
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            return self._answer(HTTPStatus.UPGRADE_REQUIRED, b"a websocket is served here\n", plain)
        if not self._origin_allowed(request):
            self.counts["rejected"] += 1
            return self._answer(HTTPStatus.FORBIDDEN, b"this page may not connect here\n", plain)
        address = self._address(link)
        if address in LOCAL:
            return None  # this machine: its own crowd, or a proxy, whose business the limits then are
        bucket = self._handshakes.setdefault(address, Bucket(self.limits.handshakes, self.limits.handshakes * 2))
        if len(self._handshakes) > 50_000:
            self._handshakes.clear()
        if not bucket.take(link.loop.time()) or self._addresses.get(address, 0) >= self.limits.per_address * 2:
            self.counts["rejected"] += 1
            return self._answer(HTTPStatus.TOO_MANY_REQUESTS, b"too many connections\n", plain)
        return None

    def _origin_allowed(self, request: Request) -> bool:
        origin = request.headers.get("Origin")
        if origin is None:
            return self.allow_no_origin
        host = request.headers.get("Host", "")
        return origin in self.origins or (bool(host) and urlsplit(origin).netloc.lower() == host.lower())

    @staticmethod
    def _address(link: ServerConnection) -> str:
        peer = link.remote_address
        return str(peer[0]) if isinstance(peer, tuple) else ""

    # Fans ------------------------------------------------------------------------------------------------------

    async def handle(self, link: ServerConnection) -> None:
        """One websocket from opening to close."""
        address = self._address(link)
        self._addresses[address] = self._addresses.get(address, 0) + 1
        try:
            if link.request is not None and urlsplit(link.request.path).path == "/media":
                await self.viewers.serve(link)
            else:
                await self._fan(link)
        except ConnectionClosed:
            pass
        finally:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def _fan(self, link: ServerConnection) -> None:
        fan: Fan | None = None
        try:
            async with asyncio.timeout(self.limits.hello):
                first = await link.recv()
            hello = p.decode(first)
            if not isinstance(hello, p.Hello):
                raise p.ProtocolError("bad_request", "hello comes first", True)
            fan, frames = self.room.join(hello, time.monotonic())
            fan.link = link
            for frame in frames:
                link.transport.write(framed(frame))
            async for message in link:
                for frame in self.room.receive(fan, message, time.monotonic()):
                    link.transport.write(framed(frame))
        except TimeoutError:
            await link.close(p.STALE, "no hello")
        except p.ProtocolError as error:
            link.transport.write(framed(p.encode("error", code=error.code, message=error.message)))
            await link.close(_close_code(error.code), error.code)
        finally:
            if fan is not None:
                self.room.leave(fan, time.monotonic())

    async def ticks(self) -> None:
        """Every 50 ms: what happened goes to the stage first, then to all fans in one prepared frame."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self.limits.tick, loop.time())
            await asyncio.sleep(due - loop.time())
            tick = self.room.tick()
            if tick.entries or tick.events:
                self.to_stage({"type": "tick", "entries": tick.entries, "events": tick.events})
                # The stage keeps the journal: it must hold a line before any fan sees it.
                await asyncio.sleep(0)
            if tick.frame is not None:
                self.spread(framed(tick.frame))

    def spread(self, frame: bytes) -> None:
        """Write one prepared frame to every fan; cut those who have stopped reading."""
        limit = self.limits.queue
        for fan in list(self.room.fans):
            link = fan.link
            if link is None or link.protocol.state is not State.OPEN:
                continue
            transport = link.transport
            if transport.get_write_buffer_size() > limit:
                self.counts["evicted"] += 1
                self.room.leave(fan, time.monotonic())
                cut(link, p.SLOW)
                continue
            transport.write(frame)
            self.counts["delivered"] += 1

    def private(self, account: str, frame: bytes) -> None:
        """Write a frame to the connections of one account only."""
        for fan in self.room.fans:
            if fan.account == account and fan.link is not None and fan.link.protocol.state is State.OPEN:
                fan.link.transport.write(frame)

    def health(self) -> dict[str, Any]:
        """What the health page shows."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return (
            {
                "status": "ok",
                "fans": len(self.room.fans),
                "viewers": len(self.viewers),
                "epoch": self.room.epoch,
                "offset": self.room.offset,
                "uptime": round(time.monotonic() - self.began, 1),
                "cpu": round(usage.ru_utime + usage.ru_stime, 3),
                "rss_mib": round(_rss() / 2**20, 1),
            }
            | self.counts
            | self.room.counts
            | {"media": self.viewers.counts}
        )

    async def drain(self, seconds: float) -> None:
        """Close every connection with 1012, spread over ``seconds`` so that they do not return all at once."""
        assert self.server is not None
        self.server.close(close_connections=False)

        async def one(link: ServerConnection) -> None:
            await asyncio.sleep(random.uniform(0, seconds))
            await link.close(p.RESTART, "the house restarts")

        links = list(self.server.connections)
        if links:
            await asyncio.wait([asyncio.create_task(one(link)) for link in links], timeout=seconds + 3)


def _judge(rules: dict[str, Any] | None) -> Judge | None:
    """The quick look at lines before they are shown, by a character's rules; None shows everything."""
    if rules is None:
        return None
    from characters.definition import Rules
    from characters.guard import Guard

    return Guard(Rules(**rules)).shown


def _rss() -> int:
    try:
        with open("/proc/self/statm") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _close_code(code: str) -> int:
    return {
        "too_big": p.TOO_BIG,
        "too_many": p.TOO_MANY,
        "full": p.TOO_MANY,
        "connection_limit": p.CONNECTION_LIMIT,
        "version": p.STALE,
    }.get(code, p.BAD_REQUEST)


# The process -------------------------------------------------------------------------------------------------------


async def _from_stage(house: HouseServer, reader: asyncio.StreamReader) -> str:
    """Serve the stage's messages until it closes; says how long to drain."""
    try:
        while True:
            head_size, body_size = wire.sizes(await reader.readexactly(wire.HEAD.size))
            head = wire.unpack(await reader.readexactly(head_size))
            body = await reader.readexactly(body_size)
            kind = head["type"]
            if kind == "publish":
                house.room.publish(head["kind"], head["payload"])
            elif kind == "private":
                house.private(head["account"], framed(p.encode(head["kind"], **head["payload"])))
            elif kind == "init":
                house.viewers.init(body, head["mime"])
            elif kind == "chunk":
                house.viewers.chunk(body, head["track"], head["key"], head["sample"])
            elif kind == "health":
                house.to_stage({"type": "health", "health": house.health()})
            elif kind == "close":
                return str(head.get("drain", 0.5))
    except (asyncio.IncompleteReadError, ConnectionError):
        return "0"  # the stage is gone


async def _main(sock: socket.socket, config: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_connection(sock=sock, limit=1 << 22)

    def to_stage(head: dict[str, Any]) -> None:
        if writer.transport.get_write_buffer_size() < 8 << 20:
            writer.write(wire.pack(head))

    house = HouseServer(config, to_stage)
    try:
        house.server = await serve(
            house.handle,
            config["host"],
            config["port"],
            process_request=house.request,
            create_connection=Link,
            compression=None,
            max_size=p.FRAME_LIMIT,
            max_queue=16,
            open_timeout=10,
            ping_interval=config.get("ping", 25),
            ping_timeout=config.get("pong", 8),
            close_timeout=2,
            server_header="Limelight",
        )
    except OSError as error:
        to_stage({"type": "failed", "errno": error.errno or 0, "message": str(error.strerror or error)})
        await writer.drain()
        return
    port = next(iter(house.server.sockets)).getsockname()[1]
    to_stage({"type": "ready", "port": port, "epoch": house.room.epoch})
    ticks = asyncio.create_task(house.ticks())
    drain = float(await _from_stage(house, reader))
    tick = house.room.tick()
    if tick.frame:
        house.spread(framed(tick.frame))
    await house.drain(drain)
    ticks.cancel()
    writer.close()


def run(sock: socket.socket, config: dict[str, Any]) -> None:
    """Entry of the process (started with ``spawn``)."""
    import logging
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the stage's business: it drains the house
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    try:
        import uvloop

        uvloop.run(_main(sock, config))
    except ImportError:
        asyncio.run(_main(sock, config))
    sys.stdout.flush()

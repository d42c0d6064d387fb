"""The stage's handle on the house: starts it in a process of its own, talks to it, and starts it again if it dies.

Nothing here makes the stage wait. Full queues have a policy: messages to the fans drop the oldest of their kind
(``publish``), picture drops until the next key frame (``media``), events from fans drop the oldest (``poll``).
"""

from __future__ import annotations

import errno
import multiprocessing
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from stage.gateway import wire
from stage.gateway.model import FanEvent, MediaChunk, MediaInit

_STICKY = ("now_playing", "state")


class HouseError(RuntimeError):
    """The house cannot open: one line with the remedy."""


class House:
    """Fans' gateway. ``port`` 0 takes a free one; ``echo`` "stage" shows chat only when the stage publishes it."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8700,
        title: str = "",
        character: str = "",
        *,
        echo: str = "house",
        origins: Iterable[str] = (),
        allow_no_origin: bool = False,
        limits: dict[str, Any] | None = None,
        publish_queue: int = 1000,
        media_queue: int = 8 << 20,
        event_queue: int = 10_000,
        secret: str = "",
        rules: dict[str, Any] | None = None,
    ) -> None:
        """``secret`` (hex) signs accounts: the same one keeps them over restarts. ``rules``: a character's, by which
        lines are looked at before other fans see them; None shows all."""
        self.host, self.port = host, port
        self._config: dict[str, Any] = {
            "host": host,
            "title": title,
            "character": character,
            "echo": echo,
            "origins": list(origins),
            "allow_no_origin": allow_no_origin,
            "limits": limits or {},
            "secret": secret or secrets.token_hex(32),
            "rules": rules,
            "epoch": secrets.token_hex(8),
        }
        self._journal: deque[dict[str, Any]] = deque(maxlen=(limits or {}).get("history", 300))
        self._sticky: dict[str, dict[str, Any]] = {}
        self._init: MediaInit | None = None
        self._wake = threading.Condition()
        self._out: deque[tuple[str, bytes]] = deque()
        self._publish_limit, self._media_limit = publish_queue, media_queue
        self._media_bytes = 0
        self._publishes = 0
        self._skip_media = False
        self._events: deque[FanEvent] = deque(maxlen=event_queue)
        self._counts = {"restarts": 0, "publish_dropped": 0, "media_dropped": 0, "events": 0, "events_dropped": 0}
        self._remote: dict[str, Any] = {}
        self._sock: socket.socket | None = None
        self._process: Any = None
        self._ready = threading.Event()
        self._failure = ""
        self._closing = False
        self._threads: list[threading.Thread] = []

    # Starting and stopping -------------------------------------------------------------------------------------

    def start(self, timeout: float = 30.0) -> House:
        """Open the house; raises :class:`HouseError` when the port is busy."""
        self._spawn()
        self._threads = [
            threading.Thread(target=self._keep, name="house-keeper", daemon=True),
            threading.Thread(target=self._write, name="house-writer", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        opened = self._ready.wait(timeout)
        if self._failure or not opened:
            self.close(0)
            raise HouseError(self._failure or f"the house did not open within {timeout:.0f} s; try again")
        return self

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        config = self._config | {"port": self.port, "history": list(self._journal)}
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_run, args=(theirs, config), name="house", daemon=True)
        self._process.start()
        theirs.close()
        with self._wake:
            self._sock = ours
            restore = [
                ("publish", wire.pack({"type": "publish", "kind": k, "payload": v})) for k, v in self._sticky.items()
            ]
            if self._init is not None:
                restore.append(("init", wire.pack({"type": "init", "mime": self._init.mime}, self._init.data)))
                self._skip_media = True
            # A restarted house first hears what still holds; old picture is of no use to it.
            kept = [job for job in self._out if job[0] == "publish"]
            self._out = deque([*restore, *kept])
            self._publishes, self._media_bytes = len(kept), 0
            self._wake.notify_all()

    def close(self, drain: float = 0.5) -> None:
        """Close every connection with 1012 within ``drain`` seconds and end the process."""
        if self._closing:
            return
        self._closing = True
        with self._wake:
            self._out.append(("close", wire.pack({"type": "close", "drain": drain})))
            self._wake.notify_all()
        if self._process is not None:
            self._process.join(drain + 5)
            if self._process.is_alive():
                self._process.terminate()
                self._process.join(2)
        if self._sock is not None:
            self._sock.close()
        for thread in self._threads:
            thread.join(2)

    def __enter__(self) -> House:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Address of the fans' page."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def pid(self) -> int:
        """The house's process."""
        return int(self._process.pid or 0) if self._process else 0

    # What the stage says ---------------------------------------------------------------------------------------

    def publish(self, kind: str, payload: dict[str, Any]) -> None:
        """Tell all fans: chat, caption, now_playing, state, reactions, remove or any other kind the page knows."""
        if kind in _STICKY:
            self._sticky[kind] = payload
        data = wire.pack({"type": "publish", "kind": kind, "payload": payload})
        with self._wake:
            if self._publishes >= self._publish_limit:
                self._counts["publish_dropped"] += 1
                for at, job in enumerate(self._out):
                    if job[0] == "publish":
                        del self._out[at]
                        self._publishes -= 1
                        break
            self._publishes += 1
            self._out.append(("publish", data))
            self._wake.notify_all()

    def private(self, account: str, kind: str, payload: dict[str, Any]) -> None:
        """Tell one account alone; lost when it is not here."""
        data = wire.pack({"type": "private", "account": account, "kind": kind, "payload": payload})
        with self._wake:
            if self._publishes < self._publish_limit:
                self._publishes += 1
                self._out.append(("publish", data))
                self._wake.notify_all()

    def media(self, part: MediaInit | MediaChunk) -> None:
        """Hand over live picture and sound; when the house is behind, drops until the next key frame."""
        if isinstance(part, MediaInit):
            self._init = part
            with self._wake:
                self._out.append(("init", wire.pack({"type": "init", "mime": part.mime}, part.data)))
                self._wake.notify_all()
            return
        head = {"type": "chunk", "track": part.track, "key": part.key, "sample": part.sample}
        with self._wake:
            if self._media_bytes > self._media_limit:
                self._skip_media = True
            if self._skip_media and not (part.key and self._media_bytes < self._media_limit // 4):
                self._counts["media_dropped"] += 1
                return
            self._skip_media = False
            data = wire.pack(head, part.data)
            self._media_bytes += len(data)
            self._out.append(("chunk", data))
            self._wake.notify_all()

    def poll(self) -> list[FanEvent]:
        """What fans did since the last call."""
        events: list[FanEvent] = []
        while True:
            try:
                events.append(self._events.popleft())
            except IndexError:
                return events

    def health(self) -> dict[str, Any]:
        """Counters of this side, and the house's own from its last report (asked for by this call)."""
        with self._wake:
            if not self._closing and not any(job[0] == "health" for job in self._out):
                self._out.append(("health", wire.pack({"type": "health"})))
                self._wake.notify_all()
        alive = bool(self._process and self._process.is_alive())
        return dict(self._counts) | {"alive": alive, "pid": self.pid, "url": self.url, "house": dict(self._remote)}

    # The two threads -------------------------------------------------------------------------------------------

    def _write(self) -> None:
        while True:
            with self._wake:
                while not self._out:
                    if self._closing:
                        return
                    self._wake.wait(0.5)
                sock = self._sock
                kind, data = self._out.popleft()
                if kind == "publish":
                    self._publishes -= 1
                elif kind == "chunk":
                    self._media_bytes = max(0, self._media_bytes - len(data))
            try:
                if sock is not None:
                    sock.sendall(data)
            except OSError:
                if self._closing:
                    return
                if kind == "publish":
                    with self._wake:
                        self._out.appendleft((kind, data))
                        self._publishes += 1
                time.sleep(0.05)  # the keeper is starting the house anew
            if kind == "close":
                return

    def _keep(self) -> None:
        """Read what the house says; start it again when it ends without being asked."""
        wait = 0.1
        while not self._closing:
            began = time.monotonic()
            self._read()
            if self._closing or self._failure:
                return
            self._process.join(2)
            wait = 0.1 if time.monotonic() - began > 10 else min(5.0, wait * 2)
            time.sleep(wait)
            if self._closing:
                return
            self._counts["restarts"] += 1
            if self._sock is not None:
                self._sock.close()
            self._spawn()

    def _read(self) -> None:
        assert self._sock is not None
        try:
            stream = self._sock.makefile("rb")
            while True:
                prefix = stream.read(wire.HEAD.size)
                if len(prefix) < wire.HEAD.size:
                    return
                head_size, body_size = wire.sizes(prefix)
                text = stream.read(head_size)
                stream.read(body_size)
                self._take(wire.unpack(text))
        except (OSError, ValueError):
            return

    def _take(self, head: dict[str, Any]) -> None:
        kind = head.get("type")
        if kind == "tick":
            self._journal.extend(head["entries"])
            for raw in head["events"]:
                if len(self._events) == self._events.maxlen:
                    self._counts["events_dropped"] += 1
                self._events.append(FanEvent(**raw))
                self._counts["events"] += 1
        elif kind == "ready":
            self.port = int(head["port"])
            self._ready.set()
        elif kind == "health":
            self._remote = head["health"]
        elif kind == "failed" and not self._ready.is_set():
            busy = head.get("errno") in (errno.EADDRINUSE, 98, 48, 10048)
            what = f"port {self.port} is busy: another show may be running" if busy else head["message"]
            self._failure = (
                f"{what}; use --port" if busy else f"cannot open {self.host}:{self.port}: {what}; use --host or --port"
            )
            self._ready.set()


def _run(sock: socket.socket, config: dict[str, Any]) -> None:
    from stage.gateway.server import run

    run(sock, config)

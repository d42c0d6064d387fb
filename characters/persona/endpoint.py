"""A brain behind any OpenAI-compatible server (llama.cpp, Ollama, vLLM, hosted): streamed, retried, timed, replaceable.

``persona.brain = "endpoint:http://127.0.0.1:8080/v1?model=NAME"``. The key is read from the environment (``key_env``,
else ``LIMELIGHT_API_KEY``), sent to that host only, and never printed. One thread reads the answer, so that a stalled
server holds up nobody: the caller polls with deadlines. After three failures in a row authored lines answer for a while.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from characters.definition import Definition
from characters.persona.model import Ask, Cancelled
from characters.persona.prompt import moment_text, turns
from characters.persona.streamed import Streamed

FIRST_TEXT = 6.0
"""Seconds to the first words, retries included. The stage's own deadline is shorter and answers before that."""
STALL = 2.5
"""Seconds without a word in mid-answer."""
WHOLE = 15.0
RETRIES = 2
REST_AFTER = 3
"""Failures in a row after which the server is left alone for :data:`REST` seconds."""
REST = 10.0
MOST_LINE = 65_536
MOST_BYTES = 262_144
_LOCAL = ("localhost", "127.0.0.1", "::1")


class EndpointError(RuntimeError):
    """The address of a server cannot be used; one line with the remedy."""


class _Trouble(Exception):
    """A request failed; ``again`` says whether trying once more may help."""

    def __init__(self, reason: str, again: bool = True) -> None:
        super().__init__(reason)
        self.again = again


class Endpoint(Streamed):
    """Answers with a chat-completions server; the embedded brain understands, and speaks when the server does not."""

    def __init__(self, definition: Definition, address: str, seed: int = 0) -> None:
        """``address``: base URL with ``?model=NAME&temperature=0.8&max_tokens=120&key_env=NAME&first=6&stall=2.5``."""
        super().__init__(definition, seed)
        url = urlsplit(address)
        options = dict(parse_qsl(url.query))
        if url.scheme not in ("http", "https") or not url.hostname:
            raise EndpointError(
                f"brain endpoint:{_shown(address)}: give an http or https address, as http://127.0.0.1:8080/v1"
            )
        if url.username or url.password:
            raise EndpointError("brain endpoint: leave the key out of the address; put it into LIMELIGHT_API_KEY")
        known = {"model", "temperature", "max_tokens", "key_env", "first", "stall"}
        if set(options) - known:
            raise EndpointError(
                f"brain endpoint: unknown option {min(set(options) - known)}; known: {', '.join(sorted(known))}"
            )
        self._key = os.environ.get(options.get("key_env", "LIMELIGHT_API_KEY"), "")
        if self._key and url.scheme == "http" and url.hostname not in _LOCAL:
            raise EndpointError(
                f"brain endpoint:{url.hostname}: a key is sent over https only; use https or unset the key"
            )
        self._secure, self._host, self._port = url.scheme == "https", url.hostname, url.port
        self._path = url.path.rstrip("/") + "/chat/completions"
        try:
            self._first, self._stall = float(options.get("first", FIRST_TEXT)), float(options.get("stall", STALL))
            self._temperature, self._most = float(options.get("temperature", 0.8)), int(options.get("max_tokens", 120))
        except ValueError:
            raise EndpointError("brain endpoint: first, stall, temperature and max_tokens are numbers") from None
        self._model = options.get("model", "default")
        self.name = f"endpoint:{url.hostname}:{self._model}"
        self.last_error = ""
        self._failures, self._rests_until = 0, 0.0

    def messages(self, ask: Ask) -> list[dict[str, str]]:
        """The chat: who she is in the system role, and only there; fans' words in user turns."""
        said = turns(ask, self._definition.identity.name)
        out = [{"role": "system", "content": self._system}]
        out += [{"role": role, "content": text} for role, text in said]
        out[-1]["content"] = f"{moment_text(ask)} {out[-1]['content']}"
        return out

    def _stream(self, ask: Ask, cancelled: Cancelled) -> Iterator[str]:
        now = time.monotonic()
        if now < self._rests_until:
            return
        given = False
        for attempt in range(RETRIES + 1):
            try:
                for text in self._attempt(ask, cancelled, now):
                    given = True
                    yield text
                self._failures = 0
                return
            except _Trouble as trouble:
                self.last_error = self._safe(str(trouble))
                # Words that were spoken cannot be taken back: an answer that began is only ended.
                if given or not trouble.again or attempt == RETRIES:
                    break
                pause = time.monotonic() + 0.1 * 3**attempt
                while time.monotonic() < pause and not cancelled():
                    time.sleep(0.01)
                if cancelled() or time.monotonic() - now > self._first:
                    break
        self._failures += 1
        if self._failures >= REST_AFTER:
            self._rests_until = time.monotonic() + REST

    def _attempt(self, ask: Ask, cancelled: Cancelled, asked: float) -> Iterator[str]:
        """One request: text as it comes; raises :class:`_Trouble` when it fails or a deadline passes."""
        request = _Request(self._open(), self._path, self._body(ask), self._headers())
        heard = 0.0
        try:
            while not cancelled():
                try:
                    kind, text = request.parts.get(timeout=0.02)
                except queue.Empty:
                    now = time.monotonic()
                    if now - asked > WHOLE or (now - heard > self._stall if heard else now - asked > self._first):
                        raise _Trouble("no words in time", again=False) from None
                    continue
                if kind == "text":
                    heard = time.monotonic()
                    yield text
                elif kind == "end":
                    if not heard:
                        raise _Trouble("an empty answer")
                    return
                else:
                    raise _Trouble(text, again=kind == "again")
        finally:
            request.close()

    def _open(self) -> http.client.HTTPConnection:
        made = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return made(self._host or "", self._port, timeout=max(self._first, self._stall))

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})

    def _body(self, ask: Ask) -> bytes:
        body = {
            "model": self._model, "messages": self.messages(ask), "stream": True, "temperature": self._temperature,
            "max_tokens": min(self._most, ask.limit * 3), "seed": (self._seed * 7919 + ask.moment.seed) % 2**31,
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False).encode()

    def _safe(self, reason: str) -> str:
        """A reason without the key."""
        return (reason.replace(self._key, "***") if self._key else reason)[:200]


class _Request:
    """A request read by its own thread into a bounded queue of ("text" | "end" | "again" | "never", words)."""

    def __init__(
        self, connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]
    ) -> None:
        self.parts: queue.Queue[tuple[str, str]] = queue.Queue(256)
        self._connection = connection
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(path, body, dict(headers)), daemon=True, name="endpoint"
        )
        self._thread.start()

    def close(self) -> None:
        """Lets the server go; the thread ends by itself."""
        self._closed.set()
        with suppress(OSError, AttributeError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._connection.close()

    def _put(self, kind: str, text: str = "") -> None:
        while not self._closed.is_set():
            try:
                self.parts.put((kind, text), timeout=0.1)
                return
            except queue.Full:
                continue

    def _run(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        try:
            self._connection.request("POST", path, body, headers)
            response = self._connection.getresponse()
            if response.status != 200:
                again = response.status in (408, 409, 425, 429) or response.status >= 500
                self._put("again" if again else "never", f"the server answers {response.status}")
                return
            if "json" in (response.getheader("Content-Type") or ""):
                self._put("text", _content(json.loads(response.read(MOST_BYTES)), "message"))
                self._put("end")
                return
            self._events(response)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            self._put("again", f"{type(error).__name__}: {error}")

    def _events(self, response: http.client.HTTPResponse) -> None:
        """Server-sent events (WHATWG): ``data:`` lines of JSON until ``[DONE]``."""
        total, strange, ended = 0, 0, False
        while not self._closed.is_set():
            line = response.readline(MOST_LINE)
            if not line:
                # A server that closes without an end mark has still said what it said.
                self._put("end" if ended else "again", "the server closed")
                return
            total += len(line)
            if total > MOST_BYTES:
                self._put("end")
                return
            text = line.decode("utf-8", "replace").strip()
            if not text.startswith("data:"):
                strange += bool(text) and not text.startswith((":", "event:", "id:", "retry:"))
            elif text[5:].strip() == "[DONE]":
                self._put("end")
                return
            else:
                try:
                    document = json.loads(text[5:])
                    words = _content(document, "delta")
                    ended = ended or _finished(document)
                except ValueError:
                    strange += 1
                else:
                    if words:
                        self._put("text", words)
            if strange > 8:
                self._put("never", "the server sends something else than chat completions")
                return


def _content(document: Any, part: str) -> str:
    """The words of a chunk or an answer; empty when there are none. Raises ValueError for anything else."""
    try:
        choices = document["choices"]
        content = choices[0].get(part, {}).get("content") if choices else ""
    except (TypeError, KeyError, AttributeError, IndexError):
        raise ValueError("no choices") from None
    return content if isinstance(content, str) else ""


def _finished(document: Any) -> bool:
    choices = document.get("choices") or [{}]
    return bool(choices[0].get("finish_reason"))


def _shown(address: str) -> str:
    """An address without what may be secret."""
    return address.split("?")[0].split("@")[-1][:80]

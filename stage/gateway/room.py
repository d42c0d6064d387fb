"""One room of fans: history with positions, rate limits, and one frame a tick. Pure: the clock is handed in.

Every line that must not be lost has an *offset* in the room's *epoch*. Each tick (50 ms) the new lines become one
frame, built once for everybody. A fan who was away says (epoch, offset) and gets exactly what was missed, or an
explicit ``resync`` with the newest history when that is too long ago.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stage.gateway import protocol as p
from stage.gateway.names import Names


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of a room, with its default."""

    history: int = 300
    tick: float = 0.05
    chat_rate: float = 1.5
    """Chat lines a second in the long run (3 in 2 s)."""
    chat_burst: int = 5
    mute: float = 10.0
    reaction_rate: float = 10.0
    message_rate: float = 30.0
    message_burst: int = 60
    per_account: int = 5
    per_address: int = 20
    handshakes: float = 10.0
    """New connections a second from one address."""
    fans: int = 12_000
    queue: int = 1 << 20
    """Bytes that may wait for one fan before it is cut off with 3008."""
    media_queue: int = 1 << 19
    """Bytes of picture that may wait for one viewer before it is moved on to the next key frame."""
    tick_entries: int = 200
    pending: int = 2000
    """Lines waiting for the next tick; beyond it chat is refused as busy."""
    hello: float = 10.0


Judge = Callable[[str], tuple[str, str]]
"""What a line is before others see it: (kind of trouble or "", the words as they may be shown)."""


@dataclass(slots=True)
class Bucket:
    """Token bucket; ``take`` says whether there was one left at ``now`` (seconds)."""

    rate: float
    burst: float
    level: float = -1.0
    at: float = 0.0

    def take(self, now: float, count: float = 1.0) -> bool:
        """Take ``count`` tokens if they are there."""
        if self.level < 0:
            self.level = self.burst
        else:
            self.level = min(self.burst, self.level + max(0.0, now - self.at) * self.rate)
        self.at = now
        if self.level < count:
            return False
        self.level -= count
        return True


@dataclass(eq=False, slots=True)
class Fan:
    """One connection of a fan."""

    account: str
    chat: Bucket
    reactions: Bucket
    messages: Bucket
    name: str = ""
    muted_until: float = 0.0
    link: Any = None
    """Whatever the shell needs to reach the connection."""


@dataclass(slots=True)
class Tick:
    """What one tick gives: a frame for all fans (or none), journal entries and events for the stage."""

    frame: bytes | None
    entries: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


class Room:
    """Fans, history and limits of one show."""

    def __init__(
        self,
        title: str = "",
        character: str = "",
        limits: Limits | None = None,
        secret: bytes = b"",
        epoch: str = "",
        history: list[dict[str, Any]] | None = None,
        echo: str = "house",
        judge: Judge | None = None,
    ) -> None:
        self._judge: Judge = judge or (lambda text: ("", text))
        self.title, self.character = title, character
        self.limits = limits or Limits()
        self.epoch = epoch or secrets.token_hex(8)
        self.names = Names((character,))
        self.fans: set[Fan] = set()
        self.sticky: dict[str, dict[str, Any]] = {}
        self.counts = {"chats": 0, "reactions": 0, "muted": 0, "duplicates": 0, "refused": 0, "hidden": 0}
        self._echo = echo
        self._secret = secret or secrets.token_bytes(32)
        self._history: deque[dict[str, Any]] = deque(history or [], self.limits.history)
        self.offset = self._history[-1]["o"] if self._history else 0
        self._seen: OrderedDict[str, None] = OrderedDict()
        for entry in self._history:
            if entry.get("key"):
                self._seen[entry["key"]] = None
        self._pending: list[dict[str, Any]] = []
        self._brief: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self._reactions: dict[str, int] = {}
        self._reactors: dict[str, set[str]] = {}
        self._accounts: dict[str, int] = {}
        self._muted: dict[str, float] = {}

    # Tokens ----------------------------------------------------------------------------------------------------

    def _sign(self, account: str) -> str:
        return hmac.new(self._secret, account.encode(), hashlib.sha256).hexdigest()[:32]

    def _account(self, token: str) -> str:
        account, _, mark = token.partition(".")
        if account and token.isascii() and hmac.compare_digest(mark, self._sign(account)):
            return account
        return secrets.token_hex(8)

    # Coming and going ------------------------------------------------------------------------------------------

    def join(self, hello: p.Hello, now: float) -> tuple[Fan, list[bytes]]:
        """Let a fan in: the connection's state and its first frames. Raises ProtocolError when there is no place."""
        limits = self.limits
        if len(self.fans) >= limits.fans:
            raise p.ProtocolError("full", "the house is full; try again later", True)
        account = self._account(hello.token)
        if self._accounts.get(account, 0) >= limits.per_account:
            raise p.ProtocolError("connection_limit", f"{limits.per_account} connections a fan", True)
        fan = Fan(
            account,
            Bucket(limits.chat_rate, limits.chat_burst),
            Bucket(limits.reaction_rate, limits.reaction_rate * 2),
            Bucket(limits.message_rate, limits.message_burst),
        )
        fan.muted_until = self._muted.get(account, 0.0)
        first = not self._accounts.get(account)
        self._accounts[account] = self._accounts.get(account, 0) + 1
        self.fans.add(fan)
        wish = hello.name if hello.name and not self._judge(hello.name)[0] else ""
        fan.name = self.names.of(account) or (self.names.claim(account, wish) if wish else "")
        if first and fan.name:
            self._event("join", fan, "", now)
        return fan, [self._welcome(fan), self._catch_up(hello)]

    def _welcome(self, fan: Fan) -> bytes:
        return p.encode(
            "welcome",
            v=p.VERSION,
            epoch=self.epoch,
            offset=self.offset,
            you=fan.account,
            name=fan.name,
            token=f"{fan.account}.{self._sign(fan.account)}",
            title=self.title,
            character=self.character,
            fans=len(self.fans),
            reactions=p.REACTIONS,
            limits={"chat": p.CHAT_LIMIT, "name": p.NAME_LIMIT},
            sticky=list(self.sticky.values()),
        )

    def _catch_up(self, hello: p.Hello) -> bytes:
        oldest = self._history[0]["o"] if self._history else self.offset + 1
        if hello.epoch == self.epoch and oldest - 1 <= hello.offset <= self.offset:
            missed = [_public(e) for e in self._history if e["o"] > hello.offset]
            return p.encode("tick", o=self.offset, m=missed, resumed=True)
        reason = "new" if not hello.epoch else "epoch" if hello.epoch != self.epoch else "too_old"
        recent = [_public(e) for e in self._history]
        return p.encode("resync", reason=reason, epoch=self.epoch, offset=self.offset, m=recent)

    def leave(self, fan: Fan, now: float) -> None:
        """The connection is gone."""
        if fan not in self.fans:
            return
        self.fans.discard(fan)
        left = self._accounts.get(fan.account, 1) - 1
        if left:
            self._accounts[fan.account] = left
            return
        self._accounts.pop(fan.account, None)
        if fan.muted_until > now:
            self._muted = {a: t for a, t in self._muted.items() if t > now} | {fan.account: fan.muted_until}
        if fan.name:
            self._event("leave", fan, "", now)
        self.names.free(fan.account)

    # What fans do ----------------------------------------------------------------------------------------------

    def receive(self, fan: Fan, frame: str | bytes, now: float) -> list[bytes]:
        """Take one frame of a fan; the answers for that fan alone. Raises ProtocolError only when fatal."""
        if not fan.messages.take(now):
            raise p.ProtocolError("too_many", "too many messages", True)
        try:
            message = p.decode(frame)
            if isinstance(message, p.Say):
                return self._say(fan, message, now)
            if isinstance(message, p.React):
                return self._react(fan, message, now)
            if isinstance(message, p.Name):
                return self._rename(fan, message, now)
            if isinstance(message, p.Vote):
                return self._vote(fan, message, now)
            if isinstance(message, p.Memory):
                if not fan.chat.take(now):
                    raise p.ProtocolError("slow_down", "wait a moment", id=message.id)
                self._event("memory", fan, message.do, now, id=message.id)
                return []
            raise p.ProtocolError("bad_request", "hello comes once", True)
        except p.ProtocolError as error:
            if error.fatal:
                raise
            return [p.encode("error", code=error.code, message=error.message, id=error.id)]

    def _rename(self, fan: Fan, message: p.Name, now: float) -> list[bytes]:
        if not fan.chat.take(now):
            raise p.ProtocolError("slow_down", "wait a moment before changing your name again")
        before = fan.name
        name = "" if self._judge(message.name)[0] else self.names.claim(fan.account, message.name)
        if not name:
            raise p.ProtocolError("bad_name", "choose another name: one with a letter or digit that everybody may read")
        for other in self.fans:
            if other.account == fan.account:
                other.name = name
        if not before:
            self._event("join", fan, "", now)
        return [p.encode("named", name=name)]

    def _say(self, fan: Fan, message: p.Say, now: float) -> list[bytes]:
        key = f"{fan.account}:{message.id}"
        if key in self._seen:
            self.counts["duplicates"] += 1
            return [p.encode("ok", id=message.id)]
        if not fan.name:
            raise p.ProtocolError("name_needed", "choose a name first", id=message.id)
        self._hold_rate(fan, message.id, now)
        if len(self._pending) >= self.limits.pending:
            self.counts["refused"] += 1
            raise p.ProtocolError("busy", "the chat is very busy; try again in a moment", id=message.id)
        self._remember(key)
        self.counts["chats"] += 1
        id = hashlib.blake2b(key.encode(), digest_size=9).hexdigest()
        trouble, text = self._judge(message.text)
        self._event(message.kind, fan, message.text, now, id=id, shown=not trouble)
        if trouble:
            self.counts["hidden"] += 1
            raise p.ProtocolError("hidden", "this line is not shown to others", id=message.id)
        if self._echo == "house":
            self._pending.append(
                {"type": "chat", "id": id, "cid": message.id, "who": fan.account, "name": fan.name}
                | {"text": text, "is_ai": False, "kind": message.kind, "key": key}
            )
        return [] if self._echo == "house" else [p.encode("ok", id=message.id)]

    def _hold_rate(self, fan: Fan, id: str, now: float) -> None:
        if now >= fan.muted_until and fan.chat.take(now):
            return
        if now >= fan.muted_until:
            fan.muted_until = now + self.limits.mute
            self.counts["muted"] += 1
            for other in self.fans:
                if other.account == fan.account:
                    other.muted_until = fan.muted_until
        left = max(1, round(fan.muted_until - now))
        raise p.ProtocolError("muted", f"a little slower: you can write again in {left} s", id=id)

    def _remember(self, key: str) -> None:
        self._seen[key] = None
        while len(self._seen) > 20 * self.limits.history:
            self._seen.popitem(last=False)

    def _react(self, fan: Fan, message: p.React, now: float) -> list[bytes]:
        if fan.reactions.take(now, message.count):
            self._reactions[message.kind] = self._reactions.get(message.kind, 0) + message.count
            self._reactors.setdefault(message.kind, set()).add(fan.name)
            self.counts["reactions"] += message.count
        return []

    def _vote(self, fan: Fan, message: p.Vote, now: float) -> list[bytes]:
        key = f"{fan.account}:vote:{message.id}"
        if key not in self._seen:
            self._remember(key)
            self._event("vote", fan, message.choice, now, id=message.id)
        return [p.encode("ok", id=message.id)]

    def _event(self, kind: str, fan: Fan, text: str, now: float, id: str = "", **more: bool) -> None:
        id = id or hashlib.blake2b(f"{fan.account}{kind}{now}".encode(), digest_size=9).hexdigest()
        event = {"id": id, "fan": fan.name, "kind": kind, "text": text, "accepted": now, "account": fan.account}
        self._events.append(event | more)

    # What the stage says ---------------------------------------------------------------------------------------

    def publish(self, kind: str, payload: dict[str, Any]) -> None:
        """A message of the stage: chat lines are history, now_playing and state are kept, the rest is passed on."""
        payload = _standard(kind, payload)
        if kind == "chat":
            id = str(payload.get("id") or secrets.token_hex(9))
            if f"stage:{id}" in self._seen or any(e.get("id") == id for e in (*self._history, *self._pending)):
                self.counts["duplicates"] += 1
                return
            self._remember(f"stage:{id}")
            entry = {"type": "chat", "name": self.character, "text": "", "is_ai": False} | payload
            self._pending.append(entry | {"id": id, "key": f"stage:{id}"})
        elif kind == "remove":
            id = str(payload.get("id", ""))
            for entry in (*self._history, *self._pending):
                if entry.get("id") == id:
                    entry["text"], entry["removed"] = "", True
            self._pending.append({"type": "remove", "id": id})
        else:
            message = {"type": kind} | payload
            if kind in ("now_playing", "state"):
                self.sticky[kind] = message
            self._brief = [*self._brief[-99:], message]

    def tick(self) -> Tick:
        """Give offsets to the new lines and build the one frame of this tick."""
        count = self.limits.tick_entries
        entries, self._pending = self._pending[:count], self._pending[count:]
        for entry in entries:
            self.offset += 1
            entry["o"] = self.offset
            self._history.append(entry)
        events, self._events = self._events, []
        for kind, number in self._reactions.items():
            who = self._reactors[kind]
            events.append({"id": "", "fan": next(iter(who)) if len(who) == 1 else "", "kind": "reaction"})
            events[-1] |= {"text": kind, "amount": float(number)}
        fields: dict[str, Any] = {"o": self.offset}
        if entries:
            fields["m"] = [_public(e) for e in entries]
        if self._brief:
            fields["s"], self._brief = self._brief, []
        if self._reactions:
            fields["r"], self._reactions, self._reactors = self._reactions, {}, {}
        frame = p.encode("tick", **fields) if len(fields) > 1 else None
        return Tick(frame, entries, events)


def _standard(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The stage's words as the protocol's: ``from`` is the name; ``at``, ``seconds``, ``sung`` of a caption."""
    payload = dict(payload)
    if kind == "chat" and "from" in payload:
        payload["name"] = payload.pop("from")
    if kind == "caption":
        if "at" in payload:
            payload["sample"] = round(payload.pop("at") * 48_000)
        if "seconds" in payload:
            payload["length"] = round(payload.pop("seconds") * 48_000)
        if "sung" in payload:
            payload["kind"] = "sung" if payload.pop("sung") else "said"
    return payload


def _public(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as fans see it: without the key that recognises repeats."""
    return {k: v for k, v in entry.items() if k != "key"}

"""Lorebooks: which entries a conversation wakes, in which order, within which budget.

Follows ``character_book`` of V2 and the lorebook of V3. Only the last ``scan_depth`` messages are read; nothing is
inserted twice; regular expressions have a time limit and an invalid one never matches.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from characters.cards.decorators import Decorated, parse
from characters.cards.macros import Macros
from characters.cards.model import as_flag, as_number, as_text, as_texts

MAX_ENTRIES = 100_000
MAX_KEYS = 1_000
SCAN_CHARS = 20_000
"""Characters of a message that are read."""
PATTERN_CHARS = 1_000
PATTERN_SECONDS = 0.02
"""For one pattern on one text; all patterns of a call together have :data:`CALL_SECONDS`."""
CALL_SECONDS = 0.2
MAX_STEPS = 5
"""Rounds of recursive scanning."""
DEFAULT_DEPTH = 50
_JS = re.compile(r"^/(.*)/([a-z]*)$", re.S)


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of the conversation; ``role`` is user or char."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a lorebook."""

    index: int
    keys: tuple[str, ...]
    secondary: tuple[str, ...]
    body: Decorated
    enabled: bool
    constant: bool
    selective: bool
    exact_case: bool
    patterns: bool
    order: float
    priority: float | None
    position: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """A lorebook ready to be scanned."""

    entries: tuple[Entry, ...] = ()
    scan_depth: int = DEFAULT_DEPTH
    token_budget: int | None = None
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An awake entry: its words and where they go. ``depth`` counts messages from the end, None: with the character."""

    entry: Entry
    text: str
    position: str
    """before_char, after_char, before_desc, after_desc, personality or scenario."""
    depth: int | None = None
    role: str = "system"


@dataclass(slots=True)
class Memory:
    """What a conversation remembers of its lorebook: which entries have matched."""

    matched: set[int] = field(default_factory=set)


def book_of(raw: dict[str, Any]) -> Book:
    """The lorebook of a card (``character_book``); odd values become defaults, nothing raises."""
    found = raw.get("entries")
    items: Iterable[Any] = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    entries = []
    for index, item in enumerate(items):
        if index >= MAX_ENTRIES:
            break
        if isinstance(item, dict):
            entries.append(_entry(index, item))
    budget = as_number(raw.get("token_budget"), -1)
    return Book(
        tuple(entries),
        max(0, int(as_number(raw.get("scan_depth"), DEFAULT_DEPTH))),
        int(budget) if budget >= 0 else None,
        as_flag(raw.get("recursive_scanning"), False),
    )


def _entry(index: int, raw: dict[str, Any]) -> Entry:
    body = parse(as_text(raw.get("content")))
    priority = raw.get("priority")
    position = as_text(raw.get("position"))
    return Entry(
        index,
        tuple(key for key in as_texts(raw.get("keys", raw.get("key")))[:MAX_KEYS] if key.strip()),
        tuple(key for key in as_texts(raw.get("secondary_keys", raw.get("keysecondary")))[:MAX_KEYS] if key.strip()),
        body,
        as_flag(raw.get("enabled"), not as_flag(raw.get("disable"), False)),
        as_flag(raw.get("constant"), False),
        as_flag(raw.get("selective"), False),
        as_flag(raw.get("case_sensitive"), False),
        as_flag(raw.get("use_regex"), False),
        as_number(raw.get("insertion_order", raw.get("order")), 0.0),
        as_number(priority, 0.0) if priority is not None else None,
        position if position in ("before_char", "after_char") else "before_char",
        as_text(raw.get("name")) or as_text(raw.get("comment")),
    )


def tokens(text: str) -> int:
    """An estimate of tokens: four characters each, the usual rule of thumb."""
    return -(-len(text) // 4)


@dataclass(slots=True)
class _Clock:
    until: float


def awake(
    book: Book, messages: Sequence[Message], macros: Macros, memory: Memory | None = None, greeting: int = 0
) -> list[Found]:
    """The entries that wake for these messages, in the order they are inserted.

    ``greeting`` is which opening the conversation began with (``@@is_greeting``); ``memory`` carries
    ``@@keep_activate_after_match`` and ``@@dont_activate_after_match`` from call to call.
    """
    memory = memory if memory is not None else Memory()
    clock = _Clock(time.monotonic() + CALL_SECONDS)
    replies = sum(message.role != "user" for message in messages)
    recent = [message.text[-SCAN_CHARS:] for message in messages]
    chosen: dict[int, str] = {}
    extra = list(macros.hidden)
    for _ in range(MAX_STEPS if book.recursive else 1):
        new: list[str] = []
        for entry in book.entries:
            if entry.index in chosen or not _allowed(entry, replies, greeting, memory):
                continue
            if _wakes(entry, book, recent, extra, clock, memory):
                memory.matched.add(entry.index)
                before = len(macros.hidden)
                chosen[entry.index] = macros(entry.body.content)
                new += [chosen[entry.index], *macros.hidden[before:]]
        if not new:
            break
        extra += new
    ordered = [_placed(entry, chosen[entry.index]) for entry in book.entries if chosen.get(entry.index, "").strip()]
    ordered.sort(key=lambda found: (found.entry.order, found.entry.index))
    return _within(ordered, book.token_budget)


def _allowed(entry: Entry, replies: int, greeting: int, memory: Memory) -> bool:
    """Whether the entry may wake at all now."""
    body = entry.body
    if not entry.enabled or "dont_activate" in body.values:
        return False
    if "dont_activate_after_match" in body.values and entry.index in memory.matched:
        return False
    after, every, start = (body.number(name) for name in ("activate_only_after", "activate_only_every", "is_greeting"))
    if after is not None and replies < after:
        return False
    if every is not None and every > 0 and replies % every:
        return False
    return start is None or start == greeting


def _wakes(entry: Entry, book: Book, recent: list[str], extra: list[str], clock: _Clock, memory: Memory) -> bool:
    body = entry.body
    depth = body.number("scan_depth")
    depth = book.scan_depth if depth is None else max(0, depth)
    texts = (recent[-depth:] if depth else []) + extra
    excluded = body.words("exclude_keys")
    if excluded and any(_matches(key, texts, entry, clock) for key in excluded):
        return False
    if entry.constant or "activate" in body.values:
        return True
    if "keep_activate_after_match" in body.values and entry.index in memory.matched:
        return True
    if not any(_matches(key, texts, entry, clock) for key in entry.keys):
        return False
    needed = [*(entry.secondary if entry.selective else ()), *()]
    if needed and not any(_matches(key, texts, entry, clock) for key in needed):
        return False
    more = body.words("additional_keys")
    return not more or any(_matches(key, texts, entry, clock) for key in more)


def _matches(key: str, texts: Sequence[str], entry: Entry, clock: _Clock) -> bool:
    if entry.patterns:
        pattern = _compiled(key, entry.exact_case)
        return pattern is not None and any(_search(pattern, text, clock) for text in texts)
    if entry.exact_case:
        return any(key in text for text in texts)
    key = key.casefold()
    return any(key in text.casefold() for text in texts)


_CACHE: dict[tuple[str, bool], Any] = {}


def _compiled(key: str, exact_case: bool) -> Any:
    """The pattern of ``/.../flags`` or bare text; None when it is invalid, too long or counts too far."""
    if (key, exact_case) not in _CACHE:
        if len(_CACHE) > 5_000:
            _CACHE.clear()
        _CACHE[key, exact_case] = _compile(key, exact_case)
    return _CACHE[key, exact_case]


def _compile(key: str, exact_case: bool) -> Any:
    if (
        len(key) > PATTERN_CHARS
        or re.search(r"\{\d{4,}|\{\d*,\d{4,}", key)
        or key.count("(") > 60
        or key.count("{") > 20
    ):
        return None
    flags = 0 if exact_case else regex.IGNORECASE
    written = _JS.match(key)
    if written:
        key = written[1]
        if not set(written[2]) <= set("gimsuy"):
            return None
        flags = regex.IGNORECASE if "i" in written[2] else 0
        flags |= (regex.MULTILINE if "m" in written[2] else 0) | (regex.DOTALL if "s" in written[2] else 0)
    try:
        return regex.compile(key, flags)
    except (regex.error, RecursionError, OverflowError, ValueError, MemoryError, KeyError, IndexError, TypeError):
        return None


def _search(pattern: Any, text: str, clock: _Clock) -> bool:
    if time.monotonic() > clock.until:
        return False
    try:
        return pattern.search(text, timeout=PATTERN_SECONDS) is not None
    except (TimeoutError, RecursionError, MemoryError):
        return False


def _placed(entry: Entry, text: str) -> Found:
    body = entry.body
    position = body.values.get("position", entry.position)
    if position not in ("before_desc", "after_desc", "personality", "scenario", "before_char", "after_char"):
        position = entry.position
    depth = body.number("depth")
    role = body.values.get("role", "system").lower()
    role = role if role in ("assistant", "system", "user") else "system"
    return Found(entry, text.strip("\n"), position, max(0, depth) if depth is not None else None, role)


def _within(found: list[Found], budget: int | None) -> list[Found]:
    """Drops the least important entries until the budget holds: lowest priority, else lowest order."""
    if budget is None:
        return found
    spent = sum(tokens(item.text) for item in found)
    expendable = sorted(
        found,
        key=lambda f: (
            "ignore_on_max_context" not in f.entry.body.values,
            f.entry.priority if f.entry.priority is not None else f.entry.order,
            f.entry.order,
        ),
    )
    dropped: set[int] = set()
    for item in expendable:
        if spent <= budget:
            break
        dropped.add(item.entry.index)
        spent -= tokens(item.text)
    return [item for item in found if item.entry.index not in dropped]

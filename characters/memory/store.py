"""What is remembered, in SQLite (WAL): fans, shows, and what the character has said about herself.

One transaction a line: killed in any write, at most the line being written is lost. ``secure_delete`` overwrites what is
erased, and the log is emptied after an erasure, so nothing of it stays in the files. ``path`` None keeps everything in
memory (deterministic renders). Times are seconds given by the caller; nothing here reads a clock.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("told", "request", "gift", "topic")
MAX_TEXT = 300
PER_FAN = 200
"""Things remembered of one fan; the oldest go first."""
MAX_FANS = 100_000
MOMENTS = 10_000
"""Moments of all shows together; the oldest go first."""
DAYS = 365.0
"""Fans not seen for so long are forgotten (``Memory(days=...)``)."""
_SCHEMA = """
create table if not exists fans(id integer primary key, key text unique not null, name text not null, first real not null,
 last real not null, visits integer not null);
create table if not exists things(id integer primary key, fan integer not null references fans(id) on delete cascade,
 kind text not null, text text not null, amount real not null default 0, at real not null, show integer not null default 0);
create index if not exists things_fan on things(fan, at);
create table if not exists shows(id integer primary key, began real not null, seed integer not null);
create table if not exists moments(id integer primary key, show integer not null, kind text not null, text text not null, at real not null);
create table if not exists facts(key text primary key, text text not null, at real not null);
pragma user_version = 1;
"""


class MemoryFileError(RuntimeError):
    """The memory cannot be opened: file, reason, remedy in one line."""


@dataclass(frozen=True, slots=True)
class Fan:
    """What is known of a fan."""

    name: str
    visits: int
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a fan: what they told, asked for, gave or talked about."""

    kind: str
    text: str
    at: float
    amount: float = 0.0


def key_of(fan: str, account: str = "") -> str:
    """How a fan is found again: by account where there is one, else by name (folded)."""
    if account:
        return f"a:{account[:200]}"
    return "n:" + " ".join(unicodedata.normalize("NFKC", fan[:200]).casefold().split())


class Memory:
    """The store. All methods are synchronous and quick; call them off the stage's process."""

    def __init__(self, path: Path | None = None, *, days: float = DAYS) -> None:
        self.path, self._days, self._show = path, days, 0
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(str(path) if path else ":memory:", isolation_level=None, timeout=5.0)
            if path is not None:
                path.chmod(0o600)
            self._db.execute("pragma secure_delete = on")
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.execute("pragma foreign_keys = on")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise MemoryFileError(
                f"{path}: cannot be used as a memory ({error}); move it away or choose another place"
            ) from None

    @contextmanager
    def _line(self) -> Iterator[sqlite3.Connection]:
        """One line: written whole or not at all."""
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # ---- fans -------------------------------------------------------------------------------------------
    def meet(self, fan: str, account: str, at: float) -> Fan:
        """A fan is here: a new visit when they were not seen in this show. Returns what was known before."""
        key, name = key_of(fan, account), fan[:80]
        with self._line() as db:
            row = db.execute("select id, name, visits, first, last from fans where key = ?", (key,)).fetchone()
            if row is None:
                db.execute("insert into fans(key, name, first, last, visits) values(?,?,?,?,1)", (key, name, at, at))
                self._room(db)
                return Fan(name, 0, at, at)
            seen = db.execute("select began from shows where id = ?", (self._show,)).fetchone()
            again = seen is None or row[4] < seen[0]
            db.execute(
                "update fans set last = ?, name = ?, visits = visits + ? where id = ?", (at, name, int(again), row[0])
            )
            return Fan(row[1], row[2], row[3], row[4])

    def known(self, fan: str, account: str = "") -> Fan | None:
        """What is known of a fan."""
        row = self._db.execute(
            "select name, visits, first, last from fans where key = ?", (key_of(fan, account),)
        ).fetchone()
        return Fan(*row) if row else None

    def note(self, fan: str, account: str, kind: str, text: str, at: float, amount: float = 0.0) -> None:
        """Remember one thing of a fan; the same words again only become newer."""
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}: one of {', '.join(KINDS)}")
        text = " ".join(text.split())[:MAX_TEXT]
        with self._line() as db:
            row = db.execute("select id from fans where key = ?", (key_of(fan, account),)).fetchone()
            if row is None:
                db.execute(
                    "insert into fans(key, name, first, last, visits) values(?,?,?,?,1)",
                    (key_of(fan, account), fan[:80], at, at),
                )
                row = db.execute("select last_insert_rowid()").fetchone()
                self._room(db)
            if kind != "gift":
                db.execute("delete from things where fan = ? and kind = ? and text = ?", (row[0], kind, text))
            db.execute(
                "insert into things(fan, kind, text, amount, at, show) values(?,?,?,?,?,?)",
                (row[0], kind, text, amount, at, self._show),
            )
            db.execute(
                "delete from things where fan = ? and id not in (select id from things where fan = ? order by at desc, id desc limit ?)",
                (row[0], row[0], PER_FAN),
            )

    def _room(self, db: sqlite3.Connection) -> None:
        """When too many fans are known, the ones not seen longest go."""
        over = db.execute("select count(*) from fans").fetchone()[0] - MAX_FANS
        if over > 0:
            db.execute("delete from fans where id in (select id from fans order by last limit ?)", (over,))

    def things(self, fan: str, account: str = "", kind: str = "", most: int = PER_FAN) -> list[Thing]:
        """What is remembered of a fan, newest first."""
        rows = self._db.execute(
            "select kind, text, things.at, amount from things join fans on fans.id = fan where key = ? and (? = '' or kind = ?)"
            " order by things.at desc, things.id desc limit ?",
            (key_of(fan, account), kind, kind, most),
        )
        return [Thing(*row) for row in rows]

    def recall(self, fan: str, account: str, words: str, at: float, most: int = 3) -> list[Thing]:
        """Things of this fan that fit the words best, by shared letter groups and age; only this fan's, ever."""
        wanted = _grams(words)
        ranked = []
        for thing in self.things(fan, account):
            have = _grams(thing.text)
            share = len(wanted & have) / max(1, min(len(wanted), len(have)))
            age = max(0.0, at - thing.at) / 86_400
            if share >= 0.25:
                ranked.append((share + 0.15 / (1 + age / 30), thing))
        ranked.sort(key=lambda pair: (-pair[0], -pair[1].at))
        return [thing for _, thing in ranked[:most]]

    # ---- the fan's own rights ---------------------------------------------------------------------------
    def export(self, fan: str, account: str = "") -> dict[str, Any]:
        """Everything remembered of a fan, for that fan."""
        found = self.known(fan, account)
        if found is None:
            return {"known": False}
        things = [{"kind": t.kind, "text": t.text, "at": t.at, "amount": t.amount} for t in self.things(fan, account)]
        return {
            "known": True,
            "name": found.name,
            "visits": found.visits,
            "first": found.first,
            "last": found.last,
            "things": things,
        }

    def erase(self, fan: str, account: str = "") -> bool:
        """Forget a fan so that no trace stays in the files; whether anything was known."""
        with self._line() as db:
            row = db.execute("select id, name from fans where key = ?", (key_of(fan, account),)).fetchone()
            if row is None:
                return False
            db.execute("delete from things where fan = ?", (row[0],))
            db.execute("delete from fans where id = ?", (row[0],))
        self._clean()
        return True

    def _clean(self) -> None:
        """Write the file anew without what was erased and empty the log."""
        if self.path is not None:
            self._db.execute("pragma wal_checkpoint(truncate)").fetchall()
            self._db.execute("vacuum")
            self._db.execute("pragma wal_checkpoint(truncate)").fetchall()

    def retain(self, at: float) -> int:
        """Forget fans not seen for too long; how many."""
        with self._line() as db:
            gone = db.execute("delete from fans where last < ?", (at - self._days * 86_400,)).rowcount
        if gone:
            self._clean()
        return int(gone)

    # ---- shows and herself ------------------------------------------------------------------------------
    def begin(self, at: float, seed: int) -> int:
        """A show begins; its number."""
        with self._line() as db:
            self._show = int(db.execute("insert into shows(began, seed) values(?,?)", (at, seed)).lastrowid or 0)
        return self._show

    def moment(self, kind: str, text: str, at: float) -> None:
        """Something of this show: a song, a round number, a good line. Never a fan's private matter."""
        with self._line() as db:
            db.execute(
                "insert into moments(show, kind, text, at) values(?,?,?,?)",
                (self._show, kind[:20], text[:MAX_TEXT], at),
            )
            db.execute("delete from moments where id <= (select max(id) from moments) - ?", (MOMENTS,))

    def setlist(self, show: int = 0) -> list[str]:
        """Titles sung in a show (0: this one)."""
        rows = self._db.execute(
            "select text from moments where show = ? and kind = 'song' order by id", (show or self._show,)
        )
        return [row[0] for row in rows]

    def last_setlist(self) -> list[str]:
        """Titles sung in the show before this one."""
        row = self._db.execute(
            "select max(show) from moments where show < ? and kind = 'song'", (self._show,)
        ).fetchone()
        return self.setlist(row[0]) if row and row[0] else []

    def establish(self, text: str, at: float) -> None:
        """Remember what she said about herself, so that she stays with it; the first time counts."""
        for key, _ in self_facts(text):
            with self._line() as db:
                db.execute("insert or ignore into facts values(?,?,?)", (key, text[:MAX_TEXT], at))

    def contradicted(self, text: str) -> str:
        """What she said earlier that this clause contradicts; empty when it does not."""
        for key, value in self_facts(text):
            row = self._db.execute("select text from facts where key = ?", (key,)).fetchone()
            if row and dict(self_facts(row[0])).get(key) != value:
                return str(row[0])
        return ""

    def dump(self) -> str:
        """Everything, as JSON lines (for tests and the operator)."""
        with closing(self._db.cursor()) as cursor:
            rows = [
                {"table": table, "row": row}
                for table in ("fans", "things", "shows", "moments", "facts")
                for row in cursor.execute(f"select * from {table}").fetchall()
            ]
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _grams(text: str) -> set[str]:
    words = [word for word in re.findall(r"[^\W_]+", text.casefold()) if len(word) > 2 and word not in _EMPTY]
    return {f" {word} "[i : i + 3] for word in words for i in range(len(word))}


_EMPTY = frozenset(
    [
        "the",
        "and",
        "you",
        "your",
        "for",
        "that",
        "this",
        "what",
        "who",
        "how",
        "are",
        "was",
        "were",
        "did",
        "does",
        "with",
        "about",
        "tell",
        "know",
        "remember",
        "have",
        "has",
        "not",
        "can",
    ]
)
_SELF = re.compile(
    r"\bmy (favou?rite \w+|name|birthday|hometown|age|first song|best friend)(?: is|'s| was) ([\w' -]{1,60})|"
    r"\bi (?:was born|come from|am from|live|fell) (in|on|at|from|into) ([\w' -]{1,60})", re.I,
)  # fmt: skip


def self_facts(text: str) -> list[tuple[str, str]]:
    """(what about, value) of the facts a clause of hers states about herself."""
    out = []
    for match in _SELF.finditer(text):
        subject, value = (match[1], match[2]) if match[1] else (match.group().split()[1] + " " + match[3], match[4])
        out.append((subject.lower().replace("favourite", "favorite"), " ".join(value.lower().split())))
    return out

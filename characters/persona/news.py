"""What a brain is told beside what it is asked: what was heard, what happened, what a fan wants of their memory."""

from __future__ import annotations

from typing import Any, NamedTuple


class Heard(NamedTuple):
    """Clauses of an answer that the audience has heard to their end; what was cut off is not in it."""

    id: str
    clauses: tuple[str, ...]


class Happened(NamedTuple):
    """Something of tonight that everybody saw: ``kind`` song (its title), milestone, ..."""

    kind: str
    text: str


class Wanted(NamedTuple):
    """A fan wants to see (``show``) or to have erased (``erase``) what is kept of them."""

    id: str
    fan: str
    account: str
    what: str


class Remembered(NamedTuple):
    """The answer to :class:`Wanted`, for that account alone: what is kept, or that it is erased."""

    id: str
    account: str
    facts: dict[str, Any]


News = Heard | Happened | Wanted


def told(brain: object, news: News) -> Remembered | None:
    """Tells a brain what happened. A brain without a memory keeps nothing and says so."""
    tell = getattr(brain, "tell", None)
    if tell is not None:
        answer = tell(news)
        return answer if isinstance(answer, Remembered) else None
    return Remembered(news.id, news.account, {"kept": False}) if isinstance(news, Wanted) else None

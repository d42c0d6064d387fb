"""Where real help is, by region: what is said and shown to somebody in distress."""

from __future__ import annotations

import tomllib
from functools import cache

from characters.guard.fold import DATA

INTERNATIONAL = "international"


@cache
def _regions() -> dict[str, dict[str, str]]:
    return tomllib.loads((DATA / "help.toml").read_text(encoding="utf-8"))


def regions() -> list[str]:
    """Known regions."""
    return sorted(_regions())


def spoken(region: str) -> str:
    """The sentence that names real help; the international one for an unknown region."""
    return _regions().get(region.lower(), _regions()[INTERNATIONAL])["line"]


def written(region: str) -> str:
    """The same for a page or a caption."""
    return _regions().get(region.lower(), _regions()[INTERNATIONAL])["text"]

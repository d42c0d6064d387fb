"""Who performs: character definitions, personas and the characters that ship."""

from typing import TYPE_CHECKING, Any

from characters.definition import Definition
from characters.loader import CharacterError, load, names, songs

if TYPE_CHECKING:
    from characters.checks import check

__all__ = ["CharacterError", "Definition", "check", "load", "names", "songs"]


def __getattr__(name: str) -> Any:
    """``check`` needs the whole persona and is imported when it is asked for."""
    if name == "check":
        from characters.checks import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

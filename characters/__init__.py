"""Who performs: character definitions, personas and the characters that ship."""

from characters.checks import check
from characters.definition import Definition
from characters.loader import CharacterError, load, names, songs

__all__ = ["CharacterError", "Definition", "check", "load", "names", "songs"]

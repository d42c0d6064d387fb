"""Looks to begin with, and reading a look from the command line: ``vesper``, or ``vesper,hair=#335577,outfit=jacket``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, get_origin

from avatar.wardrobe.builder import LookError, check, choose
from characters.definition import Look


@cache
def presets() -> dict[str, Look]:
    """Look by name: the performers that ship and a few others to start from."""
    text = files("avatar.wardrobe").joinpath("presets.toml").read_text(encoding="utf-8")
    return {name: Look(**table) for name, table in tomllib.loads(text).items()}


def _value(key: str, text: str) -> Any:
    if key == "proportions" or key.startswith("proportions."):
        raise LookError(key, text, "write proportions in character.toml, [look]")
    field = Look.model_fields[key]
    if get_origin(field.annotation) is list:
        return [part.strip() for part in text.split("+") if part.strip()]
    if field.annotation is float:
        try:
            return float(text)
        except ValueError:
            raise LookError(key, text, "a number of metres, such as 1.6") from None
    return text


def read_look(text: str) -> Look:
    """A look from ``[PRESET][,KEY=VALUE...]``; lists are joined by ``+`` (``palette=#223344+#ffffff+#ff7788``).

    Raises LookError naming the part that is not known and the nearest one that is.
    """
    known = presets()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    values: dict[str, Any] = {}
    if parts and "=" not in parts[0]:
        values = known[choose("preset", parts.pop(0), tuple(known))].model_dump()
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise LookError(key, part, "write it as KEY=VALUE; a preset comes first")
        key = choose("key", key, tuple(k.replace("_", " ") for k in Look.model_fields)).replace(" ", "_")
        values[key] = _value(key, value)
    try:
        look = Look(**values)
    except ValueError as error:
        raise LookError("look", text, " ".join(str(error).split())[:160]) from None
    check(look)
    return look

"""Writes the TOML of a character folder (TOML 1.0): tables of texts, numbers, lists; readable and diffable."""

from __future__ import annotations

import json
import re
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
WIDTH = 116


def value(item: Any) -> str:
    """One value; long lists one item a line."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{key(k)} = {value(v)}" for k, v in item.items()) + " }"
    if isinstance(item, list | tuple):
        parts = [value(part) for part in item]
        line = f"[{', '.join(parts)}]"
        return line if len(line) <= WIDTH else "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
    return text(str(item))


def text(words: str) -> str:
    """A basic string; characters TOML does not allow (lone surrogates) are left out."""
    clean = "".join(char for char in words if not 0xD800 <= ord(char) <= 0xDFFF)
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A key, quoted when it has to be."""
    return name if _BARE.fullmatch(name) else text(name)


def tables(document: dict[str, dict[str, Any]]) -> str:
    """``[table]`` after ``[table]``; nested dictionaries become ``[table.name]``, empty values are left out."""
    out: list[str] = []
    for name, table in document.items():
        plain = {k: v for k, v in table.items() if not isinstance(v, dict) and v not in ("", [], None)}
        nested = {k: v for k, v in table.items() if isinstance(v, dict) and v}
        if plain or not nested:
            out.append(f"[{name}]\n" + "".join(f"{key(k)} = {value(v)}\n" for k, v in plain.items()))
        for inner, content in nested.items():
            out.append(f"[{name}.{key(inner)}]\n" + "".join(f"{key(k)} = {value(v)}\n" for k, v in content.items()))
    return "\n".join(out)


def array(name: str, items: list[dict[str, Any]]) -> str:
    """``[[name]]`` tables."""
    return "\n".join(
        f"[[{name}]]\n" + "".join(f"{key(k)} = {value(v)}\n" for k, v in item.items() if v not in ("", [], None))
        for item in items
    )

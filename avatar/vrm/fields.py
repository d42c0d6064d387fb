"""Reading JSON values that may be anything: right type or the default, never an exception."""

from __future__ import annotations

import math
from typing import Any


def number(value: Any, default: float) -> float:
    """A finite number or the default."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value):
        return float(value)
    return default


def vector(value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Numbers from a list (as long as the default) or an {x, y, z} object."""
    if isinstance(value, dict):
        value = [value.get(k) for k in "xyzw"[: len(default)]]
    if not isinstance(value, list):
        return default
    padded = list(value) + [None] * len(default)
    return tuple(number(v, d) for v, d in zip(padded, default))


def table(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def index(value: Any, size: int) -> int:
    """A valid index below ``size`` or -1."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size else -1

"""How a character understands and answers: brains, and the process one runs in."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from characters.persona.brains import BrainError, open_brain
    from characters.persona.mind import Failed, Inline, Mind, Understood
    from characters.persona.model import Ask, Brain, Clause, Intent, Moment, Said

__all__ = [
    "Ask", "Brain", "BrainError", "Clause", "Failed", "Inline", "Intent", "Mind", "Moment", "Said", "Understood",
    "open_brain",
]  # fmt: skip

_HOMES = {
    "brains": ("BrainError", "open_brain"),
    "mind": ("Failed", "Inline", "Mind", "Understood"),
    "model": ("Ask", "Brain", "Clause", "Intent", "Moment", "Said"),
}


def __getattr__(name: str) -> Any:
    """Names are imported from their modules when they are asked for: a talk needs no process."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""How a character understands and answers: brains, and the process one runs in."""

from characters.persona.brains import BrainError, open_brain
from characters.persona.mind import Failed, Inline, Mind, Said, Understood
from characters.persona.model import Ask, Brain, Clause, Intent, Moment

__all__ = [
    "Ask", "Brain", "BrainError", "Clause", "Failed", "Inline", "Intent", "Mind", "Moment", "Said", "Understood",
    "open_brain",
]  # fmt: skip

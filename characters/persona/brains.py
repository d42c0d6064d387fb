"""Opens the brain a character asks for."""

from __future__ import annotations

from characters.definition import Definition
from characters.persona.embedded import Embedded
from characters.persona.model import Brain


class BrainError(RuntimeError):
    """A brain cannot be opened; one line with the remedy."""


def open_brain(definition: Definition, seed: int = 0) -> Brain:
    """The brain named by ``definition.persona.brain``: ``embedded``, or a causal language model's folder or hub id.

    Raises :class:`BrainError` when a language model cannot be loaded.
    """
    if definition.persona.brain == "embedded":
        return Embedded(definition, seed)
    from characters.persona.language_model import LanguageModel

    return LanguageModel(definition, definition.persona.brain, seed)

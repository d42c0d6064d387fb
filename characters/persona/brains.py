"""Opens the brain a character asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from characters.definition import Definition
from characters.persona.embedded import Embedded
from characters.persona.model import Brain


class BrainError(RuntimeError):
    """A brain cannot be opened; one line with the remedy."""


OPTIONS = {"device": str, "dtype": str, "temperature": float, "top_p": float, "seconds": float}
"""What may follow the folder or hub id of a language model: ``NAME?dtype=int8&device=cpu``."""


def open_brain(definition: Definition, seed: int = 0) -> Brain:
    """The brain named by ``definition.persona.brain``.

    ``embedded``; ``endpoint:URL`` of an OpenAI-compatible server; or a causal language model's folder or hub id, with
    options after a question mark. Raises :class:`BrainError` when it cannot be opened.
    """
    name = definition.persona.brain
    if name == "embedded":
        return Embedded(definition, seed)
    if name.startswith("endpoint:"):
        from characters.persona.endpoint import Endpoint, EndpointError

        try:
            return Endpoint(definition, name.removeprefix("endpoint:"), seed)
        except EndpointError as error:
            raise BrainError(str(error)) from None
    from characters.persona.language_model import LanguageModel

    path, _, query = name.removeprefix("transformers:").partition("?")
    options: dict[str, Any] = {}
    for key, value in parse_qsl(query):
        if key not in OPTIONS:
            raise BrainError(f"brain {path}: unknown option {key}; known: {', '.join(OPTIONS)}")
        try:
            options[key] = OPTIONS[key](value)
        except ValueError:
            raise BrainError(f"brain {path}: option {key}={value} is not a number") from None
    return LanguageModel(definition, path, seed, **options)

"""The one error of the renderer."""

from __future__ import annotations


class RenderError(RuntimeError):
    """The picture cannot be made: what happened and what to do about it."""

"""The one error of this room."""

from __future__ import annotations


class CaptureError(ValueError):
    """A source, model or address that cannot be used; the message names it and what to do about it."""

"""The one error of this room."""

from __future__ import annotations


class SampleError(ValueError):
    """A sampled instrument that cannot be read: file, what is wrong, remedy, in one line."""

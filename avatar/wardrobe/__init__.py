"""The wardrobe: builds a performer's body, a VRM 1.0 file, from a look; no asset is loaded."""

from avatar.wardrobe.builder import LookError, build, ensure

__all__ = ["LookError", "build", "ensure"]

"""The wardrobe: builds a performer's body, a VRM 1.0 file, from a look; no asset is loaded."""

from avatar.wardrobe.builder import LookError, build, ensure
from avatar.wardrobe.looks import presets, read_look

__all__ = ["LookError", "build", "ensure", "presets", "read_look"]

"""The picture: moderngl, shaders as files."""

from avatar.render.errors import RenderError
from avatar.render.picture import Picture

__all__ = ["Picture", "RenderError"]

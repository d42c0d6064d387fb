"""What one picture is drawn into: textures and framebuffers of one size and antialiasing."""

from __future__ import annotations

from typing import Any

import moderngl

from avatar.render.depth import Slices
from avatar.render.i420 import Packer


class Targets:
    """Of one picture under way. ``drawn`` takes the drawing, ``main`` the resolved picture, ``shown`` what is read.

    With the program ``packing``, a graphics card's, ``packer`` makes I420 of it.
    """

    def __init__(self, context: Any, size: tuple[int, int], aa: str, packing: tuple[Any, Any] | None = None) -> None:
        self._owned: list[Any] = []
        self.packer = self._own(Packer(context, packing, size)) if packing is not None else None
        own = self._own
        self.colour, self.depth = own(context.texture(size, 4)), own(context.depth_renderbuffer(size))
        self.main = own(context.framebuffer([self.colour], self.depth))
        self.drawn, self.slices = self.main, Slices()
        if aa == "msaa4" and context.max_samples >= 4:
            colour = own(context.renderbuffer(size, 4, samples=4))
            depth = own(context.depth_renderbuffer(size, samples=4))
            self.drawn = own(context.framebuffer([colour], depth))
        self.soft, self.soft_target, self.edges = self.colour, self.main, self.main
        if aa == "fxaa":
            self.soft = own(context.texture(size, 4))
            marks = own(context.depth_renderbuffer(size))
            self.soft_target = own(context.framebuffer([self.soft], marks))
            self.edges = own(context.framebuffer([], marks))
        for texture in (self.colour, self.soft):
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
            texture.repeat_x = texture.repeat_y = False
        self.shown, self.shown_colour = self.main, self.colour
        self.box = (0, 0, 0, 0)

    def _own(self, thing: Any) -> Any:
        self._owned.append(thing)
        return thing

    def release(self) -> None:
        """Frees them all."""
        for thing in reversed(self._owned):
            thing.release()
        self._owned.clear()

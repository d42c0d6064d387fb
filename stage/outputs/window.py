"""A window on this machine: the same picture, drawn in pygame's OpenGL context, with the operator's keys.

P pause, M mute, N next, Q or Escape quit.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stage.live import LiveShow

log = logging.getLogger("limelight.stage")


class WindowError(Exception):
    """No window can be opened; the message says why and what to do."""


class Window:
    """Owns the pygame window and the picture drawn into it. One per process."""

    def __init__(self, size: tuple[int, int], title: str, live: LiveShow, aa: str) -> None:
        import pygame

        from avatar.render import Picture
        from stage.quality import LINE

        self._pygame, self._live = pygame, live
        try:
            pygame.display.init()
            for name, value in (
                (pygame.GL_CONTEXT_MAJOR_VERSION, 3),
                (pygame.GL_CONTEXT_MINOR_VERSION, 3),
                (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE),
            ):
                pygame.display.gl_set_attribute(name, value)
            pygame.display.set_mode(size, pygame.OPENGL | pygame.DOUBLEBUF)
            pygame.display.set_caption(f"{title} (AI performer)")
        except pygame.error as error:
            raise WindowError(f"the window could not be opened ({error}); use --no-window") from None
        self.picture = Picture(size, aa=aa, window=True, finest_line=LINE)

    def events(self) -> None:
        """Handle keys and the close button."""
        pygame, live = self._pygame, self._live
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                live.stop.set()
            elif event.type == pygame.KEYDOWN:
                if event.key in (pygame.K_q, pygame.K_ESCAPE):
                    live.stop.set()
                elif event.key == pygame.K_p:
                    log.info("paused" if live.pace.toggle() else "going on")
                elif event.key == pygame.K_m:
                    live.muted = not live.muted
                    log.info("muted" if live.muted else "sound on")
                elif event.key == pygame.K_n:
                    live.skip()

    def flip(self) -> None:
        """Show the frame that was drawn."""
        self._pygame.display.flip()

    def close(self) -> None:
        """Close the window."""
        self._pygame.display.quit()

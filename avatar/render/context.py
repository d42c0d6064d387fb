"""The OpenGL context and the programs made from the shader files."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from importlib.resources import files
from typing import Any, cast

import moderngl

from avatar.render.errors import RenderError

REMEDY = "Install OpenGL, e.g. apt install libegl1 libgl1-mesa-dri, and try again."
SHADERS = files("avatar.render") / "shaders"


_current: list[Any] = [None]
"""The context that OpenGL calls go to, while all contexts are made and left here."""


def enter(context: Any) -> None:
    """Lets OpenGL's calls go to this context, where there are several."""
    if _current[0] is not context:
        context.__enter__()
        _current[0] = context


def leave(context: Any) -> None:
    """Frees a context."""
    enter(context)
    context.release()
    _current[0] = None


def software(context: Any) -> bool:
    """Whether pictures are drawn by the processor: what it does well itself need not go through shaders."""
    name = str(context.info["GL_RENDERER"]).lower()
    return any(kind in name for kind in ("llvmpipe", "softpipe", "swrast", "swiftshader"))


def flusher() -> Callable[[], object] | None:
    """OpenGL's ``glFlush``, which moderngl does not have: what was drawn is begun at once. None where it is not found."""
    names = {"win32": ("opengl32.dll",), "darwin": ("/System/Library/Frameworks/OpenGL.framework/OpenGL",)}
    for name in names.get(sys.platform, ("libGL.so.1", "libOpenGL.so.0")):
        try:
            function = ctypes.CDLL(name).glFlush
        except (OSError, AttributeError):
            continue
        function.restype, function.argtypes = None, ()
        return cast("Callable[[], object]", function)
    return None


def open_context(window: bool) -> Any:
    """A GL 3.3 core context: of the open pygame window, or one of its own without a window (EGL first).

    It is the current one; ``enter`` goes back to an older one, ``leave`` frees it.
    """
    reasons = []
    tries: list[dict[str, Any]] = [{}] if window else [{"standalone": True, "backend": "egl"}, {"standalone": True}]
    for options in tries:
        try:
            _current[0] = moderngl.create_context(require=330, **options)
            return _current[0]
        except Exception as error:  # moderngl and glcontext raise bare Exception
            reasons.append(str(error))
    raise RenderError(f"no OpenGL 3.3 ({'; '.join(reasons)}). {REMEDY}")


def source(name: str) -> str:
    """The text of a shader file."""
    return (SHADERS / name).read_text("utf-8")


class Programs:
    """Compiles each program once per context."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.made: dict[Any, Any] = {}

    def screen(self, fragment: str) -> tuple[Any, Any]:
        """A full-viewport program and its (bufferless) vertex array."""
        if fragment not in self.made:
            program = self.context.program(vertex_shader=source("screen.vert"), fragment_shader=source(fragment))
            self.made[fragment] = (program, self.context.vertex_array(program, []))
        pair: tuple[Any, Any] = self.made[fragment]
        return pair

    def banded(self, fragment: str) -> tuple[Any, Any]:
        """The same over strips of the picture, ``u_bands``."""
        key = ("bands", fragment)
        if key not in self.made:
            program = self.context.program(vertex_shader=source("bands.vert"), fragment_shader=source(fragment))
            self.made[key] = (program, self.context.vertex_array(program, []))
        pair: tuple[Any, Any] = self.made[key]
        return pair

    def skin(self, influences: int) -> Any:
        """The skinning program for vertices that so many joints move."""
        key = ("skin", influences)
        if key not in self.made:
            text = f"#version 330 core\n#define INFLUENCES {influences}\n" + source("skin.vert")
            self.made[key] = self.context.program(vertex_shader=text, varyings=["o_position", "o_normal"])
        return self.made[key]

    def figure(self, defines: frozenset[str]) -> Any:
        """The surface program with these parts."""
        if defines not in self.made:
            head = "#version 330 core\n" + "".join(f"#define {d}\n" for d in sorted(defines))
            blocks = source("figure_blocks.glsl")
            vertex = head + blocks + source("figure.vert")
            fragment = head + "#define FRAGMENT\n" + blocks + source("figure.frag")
            program = self.context.program(vertex, fragment)
            for name, binding in (("Scene", 0), ("Material", 1)):
                if name in program:
                    program[name].binding = binding
            for unit, name in enumerate(SAMPLERS):
                if "u_" + name in program:
                    program["u_" + name].value = unit
            self.made[defines] = program
        return self.made[defines]

    def release(self) -> None:
        for made in self.made.values():
            for part in reversed(made) if isinstance(made, tuple) else (made,):
                part.release()
        self.made.clear()


SAMPLERS = ("base", "shade_map", "normal", "emissive_map", "shift_map", "matcap", "rim_map", "uv_mask", "metal_rough",
            "outline_map")  # fmt: skip
"""Texture units by use."""

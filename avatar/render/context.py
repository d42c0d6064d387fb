"""The OpenGL context and the programs made from the shader files."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import moderngl

from avatar.render.errors import RenderError

REMEDY = "Install OpenGL, e.g. apt install libegl1 libgl1-mesa-dri, and try again."
SHADERS = files("avatar.render") / "shaders"


def open_context(window: bool) -> Any:
    """A GL 3.3 core context: of the open pygame window, or one of its own without a window (EGL first)."""
    reasons = []
    tries: list[dict[str, Any]] = [{}] if window else [{"standalone": True, "backend": "egl"}, {"standalone": True}]
    for options in tries:
        try:
            return moderngl.create_context(require=330, **options)
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

    def skin(self) -> Any:
        if "skin" not in self.made:
            outs = ["o_position", "o_normal"]
            self.made["skin"] = self.context.program(vertex_shader=source("skin.vert"), varyings=outs)
        return self.made["skin"]

    def figure(self, defines: frozenset[str]) -> Any:
        """The surface program with these parts."""
        if defines not in self.made:
            head = "#version 330 core\n" + "".join(f"#define {d}\n" for d in sorted(defines))
            head += source("figure_blocks.glsl")
            program = self.context.program(head + source("figure.vert"), head + source("figure.frag"))
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

"""Option types and checks the commands share."""

from __future__ import annotations

import re
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stage.cli.errors import Refused


class Size(click.ParamType):
    """``1280x720``: even numbers from 64 to 7680."""

    name = "WxH"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Text to (width, height)."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{2,4})[x×](\d{2,4})", str(value))
        if not match:
            self.fail(f"{value!r} is not a size; write it as 1280x720", param, ctx)
        width, height = int(match[1]), int(match[2])
        if not (64 <= width <= 7680 and 64 <= height <= 7680) or width % 2 or height % 2:
            self.fail(f"{value!r}: width and height must be even numbers from 64 to 7680", param, ctx)
        return width, height


def writable(path: Path, suffixes: tuple[str, ...] = ()) -> Path:
    """Check before long work that a result can be written there."""
    if suffixes and path.suffix.lower() not in suffixes:
        raise Refused(f"{path}: the name must end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise Refused(f"{path}: is a folder; give a file name inside it")
    if not path.parent.is_dir():
        raise Refused(f"{path}: the folder {path.parent} does not exist; make it first")
    try:
        with (path.parent / f".{path.name}.check").open("wb"):
            pass
        (path.parent / f".{path.name}.check").unlink()
    except OSError as error:
        raise Refused(f"{path}: cannot be written ({error.strerror}); choose another place") from None
    return path


def bar(text: str) -> Progress:
    """A progress bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)

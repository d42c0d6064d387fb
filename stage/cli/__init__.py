"""The command line: ``limelight COMMAND``. One module per group of commands, imported when one of them is asked for."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
from typing import Any

import click

from stage.cli.errors import Refused, reasons

# No plugin of another package may touch our models, and looking for some costs every start 50 ms.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Our products are small: more threads of linear algebra only spin beside the renderer's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

MODULES = {
    "show": ("show", "render", "replay"),
    "body": ("look",),
    "capture": ("capture",),
    "sound": ("song", "perform", "say"),
    "listen": ("listen", "master"),
    "mind": ("talk", "check"),
    "author": ("new", "import", "export", "preview", "memory"),
    "bench": ("bench",),
    "doctor": ("doctor",),
}
"""Commands by the module of this folder that holds them, in the order of a show."""


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


class Limelight(click.Group):
    """Commands listed in the order of a show; a known refusal ends in one clear line and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of :data:`MODULES`."""
        return [name for names in MODULES.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; its module is imported now."""
        for module, names in MODULES.items():
            if cmd_name in names and cmd_name not in self.commands:
                for command in importlib.import_module(f"stage.cli.{module}").commands:
                    self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; turn refusals into one line. Told to end, a command removes what it has half-written first."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _end)
        try:
            return super().main(*args, **kwargs)
        except reasons() as error:
            click.echo(f"limelight: {' '.join(str(error).split())}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            sys.exit(130)


@click.group(cls=Limelight, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="limelight")
@click.option("-v", "--verbose", is_flag=True, help="Say more of what happens.")
def main(verbose: bool) -> None:
    """Limelight: a character talks, sings and dances live, for fans who talk back.

    Example: limelight show lumi
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("PYO_GUI_WX", "0")
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(levelname).1s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("websockets", "PIL", "numba", "asyncio", "libav"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


__all__ = ["Refused", "main"]

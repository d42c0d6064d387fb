"""The command line: ``limelight COMMAND``. One module per group of commands; heavy imports happen inside them."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import click

from stage.cli.errors import Refused, reasons


class Limelight(click.Group):
    """Commands listed in the order of a show; a known refusal ends in one clear line and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order they were added."""
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; turn refusals into one line."""
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


def _register() -> None:
    from stage.cli import author, bench, body, capture, doctor, listen, mind, show, sound

    for module in (show, body, capture, sound, listen, mind, author, bench, doctor):
        for command in module.commands:
            main.add_command(command)


_register()

__all__ = ["Refused", "main"]

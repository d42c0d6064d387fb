"""``doctor``: what of this machine works, and what to do about the rest."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable

import click


def _gl() -> str:
    from avatar.render import Picture

    picture = Picture((64, 64), aa="none")
    name = str(picture.context.info["GL_RENDERER"])
    picture.release()
    return name


def _voice() -> str:
    from audio.voice import open_voice
    from audio.voice.model import VoiceSettings

    voice = open_voice(VoiceSettings())
    if voice.name == "formant":
        raise RuntimeError("only the formant fallback; install the source bank: sudo apt-get install libflite1")
    return voice.name


def _band() -> str:
    from audio.engine import Band

    band = Band(lead=9600)
    band.start()
    try:
        band.pull(4800)
    finally:
        band.close()
    return f"pyo {importlib.metadata.version('pyo')}, own process"


def _codecs() -> str:
    import av

    missing = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    if missing:
        raise RuntimeError(
            f"PyAV lacks {', '.join(missing)}; install the wheel from PyPI: pip install --force-reinstall av"
        )
    return f"PyAV {av.__version__}: H.264, AAC"


def _window() -> str:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise LookupError("no display; the page and --record work without one")
    return "a display is there"


def _card() -> str:
    if importlib.util.find_spec("sounddevice") is None or ctypes.util.find_library("portaudio") is None:
        raise LookupError("not used; sound goes to the page and to files")
    return "PortAudio is there"


def _models() -> str:
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
        raise LookupError(
            "torch and transformers are not installed; the embedded brain is used (make mind installs them)"
        )
    return f"transformers {importlib.metadata.version('transformers')}, torch {importlib.metadata.version('torch')}"


def _browser() -> str:
    found = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    if found is None:
        raise LookupError("no Chromium; only the page's own tests need one")
    return found


CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("python", lambda: sys.version.split()[0]),
    ("picture (OpenGL 3.3)", _gl),
    ("band", _band),
    ("voice", _voice),
    ("codecs", _codecs),
    ("window", _window),
    ("sound card", _card),
    ("language models", _models),
    ("browser", _browser),
)


@click.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(as_json: bool) -> None:
    """What of this machine works (GL, band, voice, codecs, models) and what to do about the rest.

    Example: limelight doctor
    """
    rows = []
    for name, look in CHECKS:
        try:
            rows.append({"part": name, "state": "works", "says": look()})
        except LookupError as reason:
            rows.append({"part": name, "state": "optional", "says": str(reason)})
        except Exception as error:
            rows.append({"part": name, "state": "broken", "says": " ".join(str(error).split())})
    if as_json:
        click.echo(json.dumps({"parts": rows}, ensure_ascii=False))
    else:
        marks = {
            "works": click.style("works   ", fg="green"),
            "optional": click.style("optional", fg="yellow"),
            "broken": click.style("broken  ", fg="red"),
        }
        for row in rows:
            click.echo(f"{marks[row['state']]}  {row['part']:<22} {row['says']}")
    if any(row["state"] == "broken" for row in rows):
        raise SystemExit(1)


commands = (doctor,)

"""``show`` and ``render``: a performance, live or into files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stage.cli.errors import Refused
from stage.cli.options import Size, bar, writable

SHOTS = click.Choice(["auto", "face", "upper", "full"])


@click.command()
@click.argument("character", default="lumi")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; 0.0.0.0 for everybody.")
@click.option(
    "--port", default=8700, show_default=True, type=click.IntRange(0, 65535), help="Port of the page (0: any free)."
)
@click.option("--size", type=Size(), default="1280x720", show_default=True, help="Picture, the most it will be.")
@click.option("--fps", default=30, show_default=True, type=click.IntRange(5, 60), help="Pictures a second, the most.")
@click.option("--seed", default=1, show_default=True, help="Same seed and chat, same show.")
@click.option("--seconds", type=click.FloatRange(5, 86_400), help="End after this long (default: until stopped).")
@click.option("--window/--no-window", default=None, help="A window on this machine (default: when there is a display).")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Also write the show to this MP4.")
@click.option("--timeline", type=click.Path(path_type=Path, dir_okay=False), help="Also write its cues to this file.")
@click.option("--script", type=click.Path(path_type=Path), help="Chat script (JSON lines) that plays beside the fans.")
@click.option("--shot", type=SHOTS, default="auto", show_default=True, help="Keep the camera on one shot.")
@click.option(
    "--lead", default=200, show_default=True, type=click.IntRange(40, 1000), help="Milliseconds the band plays ahead."
)
@click.option("--origin", multiple=True, help="A web origin that may connect beside the page's own.")
def show(
    character: str, host: str, port: int, size: tuple[int, int], fps: int, seed: int, seconds: float | None,
    window: bool | None, record: Path | None, timeline: Path | None, script: Path | None, shot: str, lead: int,
    origin: tuple[str, ...],
) -> None:  # fmt: skip
    """A live show: serves the fans' page and performs until it is stopped.

    Example: limelight show lumi --port 8700
    """
    from characters import load
    from stage.live import LiveOptions, run
    from stage.performance import Settings
    from stage.script import Script, read_script

    definition = load(character)
    events = read_script(script) if script else []
    for path, suffix in ((record, ".mp4"), (timeline, ".jsonl")):
        if path:
            writable(path, (suffix,))
    settings = Settings(definition, seed, seconds, *size, fps, shot, live=True, lead=lead * 48)
    run(settings, LiveOptions(host, port, window, record, timeline, Script(events), origin))


@click.command()
@click.argument("character", default="lumi")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The MP4 (H.264 + AAC) to write.")
@click.option(
    "--seconds", default=60.0, show_default=True, type=click.FloatRange(1, 86_400), help="Length of the show."
)
@click.option("--seed", default=1, show_default=True, help="Same seed and script, same show.")
@click.option("--size", type=Size(), default="1280x720", show_default=True)
@click.option("--fps", default=30, show_default=True, type=click.IntRange(5, 60))
@click.option("--script", type=click.Path(path_type=Path), help="Chat script (JSON lines).")
@click.option("--shot", type=SHOTS, default="auto", show_default=True)
@click.option("--timeline", type=click.Path(path_type=Path), help="Write the cues to this file (JSON lines).")
@click.option("--wav", type=click.Path(path_type=Path), help="Write the sound to this WAV.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as one JSON line.")
def render(
    character: str, out: Path | None, seconds: float, seed: int, size: tuple[int, int], fps: int, script: Path | None,
    shot: str, timeline: Path | None, wav: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """The same show, offline: the same files every time for the same seed and script.

    Example: limelight render lumi --seconds 40 --seed 7 --script chat.jsonl -o show.mp4
    """
    from characters import load
    from stage.offline import Targets
    from stage.offline import render as make
    from stage.performance import Settings
    from stage.script import Script, read_script

    if out is None and wav is None and timeline is None:
        raise Refused("nothing to write; give -o SHOW.mp4, --wav SOUND.wav or --timeline CUES.jsonl")
    for path, suffix in ((out, ".mp4"), (wav, ".wav"), (timeline, ".jsonl")):
        if path:
            writable(path, (suffix,))
    definition = load(character)
    events = read_script(script) if script else []
    settings = Settings(definition, seed, seconds, *size, fps, shot)
    with bar("rendering") as progress:
        task = progress.add_task("frames")
        facts = make(
            settings,
            Script(events),
            Targets(out, timeline, wav),
            lambda n, of: progress.update(task, completed=n, total=of),
        )
    if as_json:
        click.echo(json.dumps({"out": str(out) if out else None, **facts}))
    else:
        made = ", ".join(str(path) for path in (out, wav, timeline) if path)
        click.echo(f"{made}: {seconds:g} s, {facts['replies']} answers, {facts['songs']} songs")


commands = (show, render)

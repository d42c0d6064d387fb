"""``show`` and ``render``: a performance, live or into files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stage.cli.errors import Refused
from stage.cli.options import Size, bar, writable

if TYPE_CHECKING:
    from stage.capture import CaptureSettings

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
@click.option("--memory/--no-memory", default=True, show_default=True, help="Remember fans from show to show.")
@click.option("--origin", multiple=True, help="A web origin that may connect beside the page's own.")
@click.option("--capture", metavar="SOURCE", help="A person drives too: webcam, webcam:1, or a film or GIF.")
@click.option(
    "--capture-mode", default="mixed", show_default=True, help="ai, person or mixed; or by layer: mouth=ai,head=person."
)
@click.option("--capture-model", type=click.Path(path_type=Path), help="face_landmarker.task (default: fetched once).")
@click.option("--capture-pose", type=click.Path(path_type=Path), help="pose_landmarker_*.task, for the upper body.")
@click.option(
    "--calibration", type=click.Path(path_type=Path), help="A face at rest from limelight capture --calibrate."
)
@click.option(
    "--vmc-in", metavar="[HOST:]PORT", help="Be driven over the VMC protocol (39539; HOST 0.0.0.0 for the network)."
)
@click.option("--vmc-out", metavar="HOST:PORT", help="Drive another program over the VMC protocol.")
def show(
    character: str, host: str, port: int, size: tuple[int, int], fps: int, seed: int, seconds: float | None,
    window: bool | None, record: Path | None, timeline: Path | None, script: Path | None, shot: str, lead: int,
    origin: tuple[str, ...], capture: str | None, capture_mode: str, capture_model: Path | None,
    capture_pose: Path | None, calibration: Path | None, vmc_in: str | None, vmc_out: str | None,
    memory: bool,
) -> None:  # fmt: skip
    """A live show: serves the fans' page and performs until it is stopped.

    Example: limelight show lumi --port 8700
    """
    from characters import load
    from stage.live import LiveOptions, run
    from stage.paths import memory_file
    from stage.performance import Settings
    from stage.script import Script, read_script

    definition = load(character)
    events = read_script(script) if script else []
    for path, suffix in ((record, ".mp4"), (timeline, ".jsonl")):
        if path:
            writable(path, (suffix,))
    person = _person(capture, capture_mode, capture_model, capture_pose, calibration, vmc_in, vmc_out)
    settings = Settings(definition, seed, seconds, *size, fps, shot, live=True, lead=lead * 48, capture=person)
    if memory:
        settings = replace(settings, memory=memory_file(definition.identity.name))
    run(settings, LiveOptions(host, port, window, record, timeline, Script(events), origin))


def _person(
    source: str | None, mode: str, model: Path | None, pose: Path | None, calibration: Path | None,
    vmc_in: str | None, vmc_out: str | None,
) -> CaptureSettings | None:  # fmt: skip
    """What is asked for of a person, checked before the show begins; None where nothing is."""
    from avatar.capture.models import face_model
    from avatar.motion.person import modes
    from stage.capture import CaptureSettings
    from stage.cli.capture import address
    from stage.paths import cache_dir

    try:
        modes(mode)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--capture-mode") from None
    if not (source or vmc_in or vmc_out):
        return None
    if source:
        _checked(source, pose, calibration)
        model = face_model(model, cache_dir() / "models")
    host, port = address(vmc_in if vmc_in is None or ":" in vmc_in else f"127.0.0.1:{vmc_in}", "--vmc-in") or ("", 0)
    return CaptureSettings(source or "", port, host, address(vmc_out, "--vmc-out"), mode, model, pose, calibration)


def _checked(source: str, pose: Path | None, calibration: Path | None) -> None:
    import importlib.util

    from avatar.capture.calibrate import Calibration

    if importlib.util.find_spec("mediapipe") is None:
        raise Refused("--capture needs mediapipe; install it: pip install 'limelight[capture]'")
    if source.split(":")[0] != "webcam" and not Path(source).is_file():
        raise Refused(f"{source}: is not there; give a film, GIF or picture, or webcam")
    if pose is not None and not pose.is_file():
        raise Refused(f"{pose}: is not there; give the path of pose_landmarker_lite.task")
    if calibration is not None:
        Calibration.read(calibration)


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
@click.option("--voice", type=click.Path(path_type=Path), help="Write the voice alone, before the mix, to this WAV.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as one JSON line.")
def render(
    character: str, out: Path | None, seconds: float, seed: int, size: tuple[int, int], fps: int, script: Path | None,
    shot: str, timeline: Path | None, wav: Path | None, voice: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """The same show, offline: the same files every time for the same seed and script.

    Example: limelight render lumi --seconds 40 --seed 7 --script chat.jsonl -o show.mp4
    """
    from characters import load
    from stage.offline import Targets
    from stage.offline import render as make
    from stage.performance import Settings
    from stage.script import Script, read_script

    if not any((out, wav, voice, timeline)):
        raise Refused("nothing to write; give -o SHOW.mp4, --wav SOUND.wav or --timeline CUES.jsonl")
    for path, suffix in ((out, ".mp4"), (wav, ".wav"), (voice, ".wav"), (timeline, ".jsonl")):
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
            Targets(out, timeline, wav, voice),
            lambda n, of: progress.update(task, completed=n, total=of),
        )
    if as_json:
        click.echo(json.dumps({"out": str(out) if out else None, **facts}))
    else:
        made = ", ".join(str(path) for path in (out, wav, voice, timeline) if path)
        click.echo(f"{made}: {seconds:g} s, {facts['replies']} answers, {facts['songs']} songs")


@click.command()
@click.argument("timeline", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The MP4 (H.264 + AAC) to write.")
@click.option(
    "--sound", type=click.Path(path_type=Path), help="The show's WAV or MP4; else the file of the same name beside it."
)
@click.option("--character", help="Whose show it was, if not whom the timeline names; or who performs it instead.")
@click.option("--seed", type=int, help="Seed of what moves by itself, if not the timeline's.")
@click.option("--size", type=Size(), default="1280x720", show_default=True)
@click.option("--fps", default=30, show_default=True, type=click.IntRange(5, 60))
@click.option("--shot", type=SHOTS, default="auto", show_default=True, help="auto: the cameras of that night.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as one JSON line.")
def replay(
    timeline: Path, out: Path, sound: Path | None, character: str | None, seed: int | None, size: tuple[int, int],
    fps: int, shot: str, as_json: bool,
) -> None:  # fmt: skip
    """A show that was, performed again from its timeline and sound: larger, in another shot, with cues edited.

    Example: limelight replay show.jsonl --sound show.mp4 --size 1920x1080 --fps 60 -o again.mp4
    """
    from characters import load
    from stage.cuefields import read_show
    from stage.replay import Again, made_by
    from stage.replay import replay as make

    writable(out, (".mp4",))
    cues = read_show(timeline)
    beside = next((p for p in (timeline.with_suffix(".wav"), timeline.with_suffix(".mp4")) if p.is_file()), None)
    heard = sound or beside
    if heard is None:
        raise Refused(f"{timeline}: no sound of that name beside it; give --sound SHOW.wav or --sound SHOW.mp4")
    if heard.resolve() == out.resolve():
        raise Refused(f"{out}: is the show's own sound; give another name to write to")
    name, made = made_by(cues)
    again = Again(load(character or name or "lumi"), made or 1 if seed is None else seed, *size, fps, shot)
    with bar("performing again") as progress:
        task = progress.add_task("frames")
        facts = make(again, cues, heard, out, lambda n, of: progress.update(task, completed=n, total=of))
    if as_json:
        click.echo(json.dumps({"out": str(out), **facts}))
    else:
        click.echo(f"{out}: {facts['seconds']} s, {facts['cues']} cues")


commands = (show, render, replay)

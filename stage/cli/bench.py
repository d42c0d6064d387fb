"""``bench``: one JSON line of measured figures for each part."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stage.cli.options import Size


@click.group()
def bench() -> None:
    """Measure a part of Limelight on this machine: CPU (all threads) and wall time, one JSON line.

    Example: limelight bench show --seconds 120 --fans 50 --json
    """


def _print(facts: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        click.echo(f"{name:<24} {value}")


@bench.command("show")
@click.argument("character", default="lumi")
@click.option("--seconds", default=120.0, show_default=True, type=click.FloatRange(10, 3600))
@click.option("--fans", default=50, show_default=True, type=click.IntRange(0, 5000))
@click.option("--every", default=7.0, show_default=True, help="Seconds between chat lines of the crowd.")
@click.option("--size", type=Size(), default="1280x720", show_default=True)
@click.option("--fps", default=30, show_default=True, type=click.IntRange(5, 60))
@click.option("--seed", default=1, show_default=True)
@click.option("--talk", is_flag=True, help="No songs: only talk, to measure answers with nothing being said.")
@click.option("--flood", is_flag=True, help="Two shows, one calm, one with 5,000 lines in a minute, 20 of them paid.")
@click.option("--json", "as_json", is_flag=True)
def show_(
    character: str, seconds: float, fans: int, every: float, size: tuple[int, int], fps: int, seed: int, talk: bool,
    flood: bool, as_json: bool,
) -> None:  # fmt: skip
    """A live show with real fans on real websockets.

    Example: limelight bench show --seconds 120 --fans 50 --json
    """
    from characters import load
    from stage.bench import Crowd, bench_show
    from stage.director.plan import Plan
    from stage.performance import Settings

    plan = Plan(songs=False, idle=10**6) if talk else Plan(songs=not flood)
    settings = Settings(load(character), seed, seconds, *size, fps, live=True, plan=plan)
    if flood:
        from stage.flood import bench_flood

        for facts in bench_flood(settings, fans, every):
            _print(facts, as_json)
        return
    _print(bench_show(settings, Crowd(fans, every)), as_json)


@bench.command("avatar")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--aa", type=click.Choice(["none", "mlaa", "fxaa", "msaa4"]), default="mlaa", show_default=True)
@click.option("--size", type=Size(), default="1280x720", show_default=True)
@click.option("--readback", type=click.Choice(["rgba", "i420"]), default="rgba", show_default=True,
              help="Pixels as they are, or as the encoder takes them.")  # fmt: skip
@click.option("--frames", default=120, show_default=True, type=click.IntRange(10, 10_000))
@click.option("--json", "as_json", is_flag=True)
def avatar(model: Path, aa: str, size: tuple[int, int], readback: str, frames: int, as_json: bool) -> None:
    """Pose, draw and read back a VRM.

    Example: limelight bench avatar model.vrm --aa mlaa --json
    """
    from avatar.render.bench import bench as measure

    _print(measure(model, aa=aa, size=size, frames=frames, readback=readback), as_json)


@bench.command("audio")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(5, 3600), help="Length of the storm.")
@click.option("--json", "as_json", is_flag=True)
def audio(seconds: float, as_json: bool) -> None:
    """The band: voices against CPU, memory, late blocks, restart time, and a storm of changes.

    Example: limelight bench audio --seconds 600 --json
    """
    from audio.engine.bench import bench as measure

    _print(measure(seconds), as_json)


@bench.command("fans")
@click.option("--fans", default=500, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(1, 600))
@click.option("--json", "as_json", is_flag=True)
def fans(fans: int, seconds: float, as_json: bool) -> None:
    """The house alone: fans chatting over websockets, delivery and latency.

    Example: limelight bench fans --fans 500 --json
    """
    from stage.gateway.load import bench as measure

    _print(measure(fans, seconds), as_json)


@bench.command("mind")
@click.argument("character", default="lumi")
@click.option(
    "--models", is_flag=True, help="Also the transformers brain: kept prefix, tokens a second against generate()."
)
@click.option("--json", "as_json", is_flag=True)
def mind(character: str, models: bool, as_json: bool) -> None:
    """The brain: time to the first clause; with --models, the shipped model and 100 M random weights through transformers.

    Example: limelight bench mind --models --json
    """
    from characters import load
    from stage.mindbench import measure, measure_models

    definition = load(character)
    _print(measure(definition), as_json)
    for facts in measure_models(definition) if models else ():
        _print(facts, as_json)


commands = (bench,)

"""``look``: one picture of any VRM."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stage.cli.options import Size, writable


def _weights(values: tuple[str, ...]) -> dict[str, float]:
    weights = {}
    for value in values:
        name, _, weight = value.partition("=")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            raise click.BadParameter(f"{value!r}: write it as NAME=0.5", param_hint="--expression") from None
    return weights


def _angles(value: str | None) -> tuple[float, float]:
    if value is None:
        return 0.0, 0.0
    try:
        pitch, yaw = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}: write it as PITCH,YAW in radians", param_hint="--head") from None
    return pitch, yaw


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The PNG to write.")
@click.option("--info", is_flag=True, help="What the file says of itself and its licence; no picture without -o.")
@click.option("--size", type=Size(), default="1280x720", show_default=True)
@click.option(
    "--expression", multiple=True, metavar="NAME=W", help="Expression and weight, e.g. happy=0.8; may be repeated."
)
@click.option("--pose", type=click.Choice(["relaxed", "rest"]), default="relaxed", show_default=True)
@click.option("--head", metavar="PITCH,YAW", help="Turn of the head in radians.")
@click.option("--clip", type=click.Path(path_type=Path), help="Pose from a motion file: .vrma, .bvh or .vmd.")
@click.option("--at", default=0.0, show_default=True, type=click.FloatRange(0), help="Second of the clip.")
@click.option("--camera", type=click.Choice(["upper", "face", "full"]), default="upper", show_default=True)
@click.option("--plain", is_flag=True, help="Flat background and one white light, as the reference pictures.")
@click.option("--aa", type=click.Choice(["none", "mlaa", "fxaa", "msaa4"]), default="msaa4", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def look(
    model: Path, out: Path | None, info: bool, size: tuple[int, int], expression: tuple[str, ...], pose: str, head: str | None,
    clip: Path | None, at: float, camera: str, plain: bool, aa: str, as_json: bool,
) -> None:  # fmt: skip
    """One picture of any VRM, 0.x or 1.0. MODEL may also be the name of a character.

    Example: limelight look model.vrm --expression happy=1 --camera face -o face.png
    """
    from avatar.motion.clips import still
    from avatar.render.look import look as draw
    from characters import load, names
    from stage.actor import body_of

    if out is None and not info:
        raise click.UsageError("give the picture's name with -o FILE.png, or --info for the model's facts")
    if out is not None:
        writable(out, (".png",))
    character = model.is_dir() or (str(model) in names() and not model.exists())
    path = body_of(load(str(model))) if character else model
    if info:
        _info(path, as_json)
    if out is None:
        return
    draw(
        path,
        out,
        size=size,
        expressions=_weights(expression),
        pose=pose,
        head=_angles(head),
        camera=camera,
        plain=plain,
        aa=aa,
        frame=(lambda rig: still(clip, at, rig)) if clip else None,
    )
    if not info:
        click.echo(json.dumps({"out": str(out)}) if as_json else str(out))


def _info(path: Path, as_json: bool) -> None:
    from avatar.vrm import load
    from avatar.vrm.licence import facts

    found = facts(load(path))
    if as_json:
        click.echo(json.dumps(found))
        return
    for key, value in found.items():
        if key != "warnings" and value not in ("", []):
            text = ", ".join(value) if isinstance(value, list) else value
            click.echo(f"{key.replace('_', ' '):16} {text}")
    for warning in found["warnings"]:
        click.echo(f"take care: {warning}")


commands = (look,)

"""``new``, ``import``, ``export``: characters as files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stage.cli.errors import Refused
from stage.cli.options import writable


@click.command()
@click.argument("name")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder to make (default: the name).")
@click.option("--look", default="", help="A look to begin with (lumi, vesper, bo, ...).")
@click.option("--temper", type=click.Choice(["lively", "quiet", "curious"]), default="lively", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def new(name: str, out: Path | None, look: str, temper: str, as_json: bool) -> None:
    """A new character: a folder that works at once, with lines for every moment to write over.

    Example: limelight new Nova --temper quiet --look vesper
    """
    from stage.authoring import new as make

    if not name.strip():
        raise Refused("new: the name is empty; write: limelight new Nova")
    folder = make(name, out, look, temper)
    if as_json:
        click.echo(json.dumps({"folder": str(folder)}))
    else:
        click.echo(f"{folder}: try limelight talk {folder}, then change {folder}/character.toml")


@click.command("import")
@click.argument("card", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder to make (default: her name).")
@click.option("--json", "as_json", is_flag=True)
def import_(card: Path, out: Path | None, as_json: bool) -> None:
    """A performer from a character card: V1, V2 or V3, in JSON, PNG or CHARX.

    Body, voice, music and stage are chosen to fit what the card says; all of it stands in files to be changed.

    Example: limelight import seraphina.png -o seraphina
    """
    from stage.authoring import import_card

    folder, warnings = import_card(card, out)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "warnings": warnings}, ensure_ascii=False))
        return
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{folder}: ready; limelight talk {folder}")


@click.command("export")
@click.argument("character")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The .json, .png or .charx to write.")
@click.option("--spec", type=click.Choice(["2", "3"]), default="3", show_default=True, help="Version of the card.")
@click.option("--picture", type=click.Path(path_type=Path), help="The PNG a .png card is put into.")
@click.option("--json", "as_json", is_flag=True)
def export(character: str, out: Path, spec: str, picture: Path | None, as_json: bool) -> None:
    """A character card of a character, with its body, songs and clips as assets (CHARX).

    Example: limelight export lumi -o lumi.charx
    """
    from characters import load
    from characters.cards.export import card_from, written
    from characters.cards.png import SIGNATURE
    from stage.files import AsideFile

    writable(out, (".json", ".png", ".charx"))
    image = b""
    if picture is not None:
        try:
            image = picture.read_bytes()
        except OSError as error:
            raise Refused(f"{picture}: cannot be read ({error.strerror}); give a PNG") from None
        if not image.startswith(SIGNATURE):
            raise Refused(f"{picture}: is not a PNG; give a PNG")
    card = card_from(load(character))
    content = written(card, out, int(spec), image)
    aside = AsideFile(out)
    try:
        aside.path.write_bytes(content)
        aside.keep()
    finally:
        aside.drop()
    facts = {"out": str(out), "bytes": len(content), "spec": int(spec), "assets": len(card.assets)}
    click.echo(json.dumps(facts) if as_json else f"{out}: {len(content):,} bytes, {len(card.assets)} assets")


@click.command()
@click.argument("character", default="lumi")
@click.option("--fan", required=True, help="The fan's name.")
@click.option("--account", default="", help="The fan's account, where the platform gives one.")
@click.option("--forget", is_flag=True, help="Erase everything about the fan.")
def memory(character: str, fan: str, account: str, forget: bool) -> None:
    """What a character remembers of a fan, as JSON for that fan; or erase it.

    Example: limelight memory lumi --fan Mika --forget
    """
    from characters import load
    from characters.memory import Memory
    from stage.paths import memory_file

    path = memory_file(load(character).identity.name)
    if not path.is_file():
        click.echo(json.dumps({"known": False}))
        return
    store = Memory(path)
    try:
        facts = {"erased": store.erase(fan, account)} if forget else store.export(fan, account)
    finally:
        store.close()
    click.echo(json.dumps(facts, ensure_ascii=False))


@click.command()
@click.argument("character")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("preview"), show_default=True, help="Folder."
)
@click.option("--once", is_flag=True, help="Make it once and stop.")
def preview(character: str, out: Path, once: bool) -> None:
    """A picture and a spoken line, made again whenever the character's files are saved; warnings as they arise.

    Example: limelight preview nova -o preview
    """
    from stage.preview import watch

    if not once:
        click.echo("Watching; Ctrl-C ends it.")
    watch(character, out, click.echo, once)


commands = (new, import_, export, preview, memory)

"""``talk`` and ``check``: the persona without a stage."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("character", default="lumi")
@click.option("--message", help="Answer this one message and stop.")
@click.option("--fan", default="friend", show_default=True, help="The name she knows you by.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON line per answer.")
def talk(character: str, message: str | None, fan: str, seed: int, as_json: bool) -> None:
    """Chat with a persona in the terminal; mood and gesture of each clause are shown.

    Example: limelight talk lumi --message "can you sing about rain?"
    """
    from characters import load
    from stage.talking import Talking

    definition = load(character)
    talking = Talking(definition, seed)

    def answer(text: str) -> None:
        intent, clauses = found = talking.answer(fan, text)
        if as_json:
            parts = [{"text": c.text, "mood": c.mood, "gesture": c.gesture} for c in clauses]
            facts = {"name": intent.name, "confidence": round(intent.confidence, 3), **intent.slots}
            click.echo(json.dumps({"text": found.text, "intent": facts, "clauses": parts}, ensure_ascii=False))
            return
        for clause in clauses:
            tags = f"[{clause.mood}{' ' + clause.gesture if clause.gesture else ''}]"
            click.echo(f"{definition.identity.name}: {click.style(tags, dim=True)} {clause.text}")

    if message is not None:
        answer(message)
        return
    click.echo(f"Talking with {definition.identity.name}. An empty line ends it.")
    while True:
        try:
            text = input(f"{fan}: ").strip()
        except EOFError:
            break
        if not text:
            break
        answer(text)


@click.command()
@click.argument("character", default="lumi")
@click.option("--json", "as_json", is_flag=True)
def check(character: str, as_json: bool) -> None:
    """Read a character and say what is missing or will never be used.

    Example: limelight check characters/library/lumi
    """
    from characters import check as look_at

    warnings = look_at(Path(character) if Path(character).exists() else character)
    if as_json:
        click.echo(json.dumps({"character": character, "warnings": warnings}, ensure_ascii=False))
        return
    for warning in warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{character}: good" if not warnings else f"{character}: works, {len(warnings)} warnings")


commands = (talk, check)

"""What ``new``, ``import`` and ``export`` do with files: folders that appear whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

from avatar.vrm import VrmError
from avatar.vrm import load as load_vrm
from avatar.wardrobe import LookError, presets
from avatar.wardrobe.builder import check as check_look
from characters import load
from characters.cards import fit, read_card, toml
from characters.cards.convert import EXTENSION, Performer
from characters.loader import CharacterError


def folder_name(name: str) -> str:
    """A name for a folder: plain letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "performer"


def write_folder(target: Path, files: dict[str, bytes], replace: bool = False) -> None:
    """Write a whole folder aside and rename it; with ``replace`` an old one goes once the new one stands."""
    if target.exists() and not replace:
        raise CharacterError(target, "", "is there already", "choose another -o, or remove it first")
    parent = target.parent
    if not parent.is_dir():
        raise CharacterError(target, "", f"the folder {parent} does not exist", "make it first")
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=parent))
    try:
        for name, content in files.items():
            path = aside / name
            if not path.resolve().is_relative_to(aside.resolve()):
                raise CharacterError(target, name[:60], "leads out of the folder", "rename it")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        load(aside)
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o777 & ~umask)
        os.rename(aside, target)
    except OSError as error:
        raise CharacterError(target, "", f"cannot be written ({error.strerror})", "choose another place") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def import_card(path: Path, out: Path | None) -> tuple[Path, list[str]]:
    """A ready performer from a card; (its folder, what the owner should know)."""
    card = read_card(path)
    performer = Performer(card)
    target = out or Path(folder_name(card.char))
    if "avatar.vrm" in performer.files and not _wearable(performer.files["avatar.vrm"]):
        del performer.files["avatar.vrm"]
        performer.warnings.append("the card's VRM cannot be used; the body is built from [look]")
    try:
        write_folder(target, performer.files)
    except CharacterError as error:
        if EXTENSION not in card.extensions or target.exists():
            raise
        # Our own files inside the card do not load: somebody changed them. What the card itself says is used.
        warnings = [f"the character inside the card was not used ({error.problem})", *performer.warnings]
        performer = Performer(card, own=False)
        performer.warnings = warnings
        performer.files.pop("avatar.vrm", None)
        write_folder(target, performer.files)
    try:
        check_look(load(target).look)
    except LookError as error:
        performer.warnings.append(str(error))
    return target, performer.warnings


def _wearable(content: bytes) -> bool:
    handle, name = tempfile.mkstemp(suffix=".vrm")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        load_vrm(Path(name))
    except VrmError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def new(name: str, out: Path | None, preset: str = "", temper: str = "lively") -> Path:
    """A small complete character to begin with."""
    target = out or Path(folder_name(name))
    choices: dict[str, Any] = next(item for item in fit.table()["temper"] if item["name"] == temper)
    look: dict[str, Any] = {"palette": choices["stage"]["palette"]}
    if preset:
        found = presets()
        if preset not in found:
            raise CharacterError("look", "", f"no preset {preset!r}", f"use one of: {', '.join(found)}")
        look = found[preset].model_dump(exclude_defaults=True)
    document: dict[str, dict[str, Any]] = {
        "identity": {"name": name.strip()[:60], "tagline": "One sentence that says who this is."},
        "persona": {
            "description": f"{name.strip()} performs live. Write here where {name.strip()} comes from and what matters there.",
            "personality": "Three or four traits, and one contradiction.",
            "manners": ["Speaks in short, speakable sentences.", "Says plainly that it is an AI when asked."],
            "never": ["claims to be human", "asks for gifts or money", "repeats private data"],
            "traits": choices["traits"],
        },
        "voice": fit.table()["voices"]["she"] | choices["voice"],
        "music": choices["music"] | {"themes": ["paper cups", "night buses", "kitchen light"]},
        "look": look, "stage": choices["stage"], "rules": {"politics": "decline", "rating": "everyone"},
    }  # fmt: skip
    starter = fit.starter_lines()[temper]
    lines: dict[str, dict[str, Any]] = {"situations": starter["situations"]}
    lines |= {f"intentions.{intent}": {"lines": says} for intent, says in starter["intentions"].items()}
    lore = [{"keys": ["home", "where are you from"], "says": ["I come from a small place with a good echo."]}]
    files = {
        "character.toml": toml.tables(document),
        "lines.toml": toml.tables(lines),
        "lore.toml": toml.array("lore", lore),
    }
    write_folder(target, {file: text.encode("utf-8") for file, text in files.items()})
    return target

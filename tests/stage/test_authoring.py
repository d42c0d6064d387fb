"""Authoring from the command line: new, import, export, preview."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import characters
from characters.cards import read_card
from stage.cli import main


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("temper", ["lively", "quiet", "curious"])
def test_a_new_character_works_at_once(tmp_path: Path, temper: str) -> None:
    run("new", "Nova", "-o", tmp_path / "nova", "--temper", temper, "--look", "vesper")
    assert characters.check(tmp_path / "nova") == []
    assert CliRunner().invoke(main, ["new", "Nova", "-o", str(tmp_path / "nova")]).exit_code == 2


def test_a_character_goes_into_a_picture_and_comes_back(tmp_path: Path) -> None:
    run("export", "lumi", "-o", tmp_path / "lumi.png")
    assert read_card(tmp_path / "lumi.png").spec == 3
    facts = json.loads(run("import", tmp_path / "lumi.png", "-o", tmp_path / "back", "--json"))
    assert facts["warnings"] == []
    assert characters.load(tmp_path / "back").lore == characters.load("lumi").lore
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "lumi.png"]


def test_preview_makes_a_picture_and_a_line(tmp_path: Path) -> None:
    run("new", "Nova", "-o", tmp_path / "nova")
    run("preview", tmp_path / "nova", "-o", tmp_path / "out", "--once")
    assert (tmp_path / "out" / "look.png").stat().st_size > 10_000
    assert (tmp_path / "out" / "line.wav").stat().st_size > 20_000

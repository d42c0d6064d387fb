"""What the tests of characters share: Lumi, her brain and a tiny language model made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import characters
from characters.definition import Definition
from characters.persona.embedded import Embedded
from characters.persona.model import Ask, Moment


@pytest.fixture(scope="session")
def lumi() -> Definition:
    return characters.load("lumi")


@pytest.fixture(scope="session")
def brain(lumi: Definition) -> Embedded:
    return Embedded(lumi)


@pytest.fixture(scope="session")
def chat() -> Callable[..., Ask]:
    def make(say: str = "", fan: str = "mika", situation: str = "chat", **other: object) -> Ask:
        moment = Moment(situation, song="Paper Cup", next_song="Night Train", fans=12)
        return Ask("a", moment, fan, say, **other)  # type: ignore[arg-type]

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small character folder to break."""
    (tmp_path / "character.toml").write_text('[identity]\nname = "Test"\n[voice]\npitch = 60.0\n', encoding="utf-8")
    (tmp_path / "lines.toml").write_text('[situations]\nidle = ["Hello there."]\n', encoding="utf-8")
    return tmp_path

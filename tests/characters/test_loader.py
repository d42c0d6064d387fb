"""A character loads whole or says in one line why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import characters
from characters import CharacterError


def test_lumi_ships_and_is_whole(lumi: characters.Definition) -> None:
    assert "lumi" in characters.names()
    assert lumi.identity.name == "Lumi"
    assert characters.check("lumi") == []
    total = sum(map(len, lumi.situations.values())) + sum(len(i.lines) for i in lumi.intentions.values())
    assert total >= 300
    assert len(lumi.intentions) >= 40
    assert len(lumi.lore) >= 25
    assert all(i.lines for i in lumi.intentions.values())


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("character.toml", '[identity]\nname = "A"\n[voise]\n', ["character.toml", "voise", "did you mean voice?"]),
        ("character.toml", '[identity]\nname = "A"\n[voice]\npich = 60\n', ["voice", "pich", "did you mean pitch?"]),
        ("character.toml", '[identity]\nname = "A"\n[voice]\npitch = "high"\n', ["voice.pitch", "'high'", "number"]),
        ("character.toml", '[identity]\nname = "A"\n[voice]\npitch = 600\n', ["voice.pitch", "84"]),
        ("character.toml", '[identity]\nname = "A"\n[rules]\npolitics = "declin"\n', ["did you mean decline?"]),
        ("character.toml", "[identity]\n", ["identity.name", "missing"]),
        ("character.toml", "[identity\n", ["not valid TOML", "line 1"]),
        ("character.toml", "voice = 3\n[identity]\nname='A'\n", ["voice", "a number", "[voice]"]),
        ("lines.toml", "[situation]\n", ["lines.toml", "did you mean situations?"]),
        ("lines.toml", "[situations]\nidle = 'x'\n", ["situations.idle", "list"]),
        ("lines.toml", "[situations]\nidle = [3]\n", ["situations.idle line 1", "number"]),
        ("lines.toml", "[situations]\nidle = ['ok', '']\n", ["situations.idle line 2", "no text"]),
        ("lines.toml", f"[situations]\nidle = ['{'x' * 501}']\n", ["line 1", "501", "500"]),
        ("lines.toml", "[situations]\nidle = [{say='x', wait=1}]\n", ["unknown key 'wait'", "weight"]),
        ("lines.toml", "[situations]\nidle = [{say='x', weight=-1}]\n", ["line 1", "greater than 0"]),
        ("lines.toml", "[intentions.hi]\nhear = ['a']\n", ["intentions.hi", "did you mean hears?"]),
        ("lore.toml", "[[lore]]\nkeys = ['a']\n", ["lore.toml", "entry 1.says"]),
        ("lore.toml", "lore = 3\n", ["[[lore]]"]),
    ],
)
def test_errors_name_file_place_and_remedy(folder: Path, file: str, text: str, words: list[str]) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(CharacterError) as caught:
        characters.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_wrong_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(CharacterError, match="did you mean lumi"):
        characters.load("lumy")
    with pytest.raises(CharacterError, match="no name"):
        characters.load("")


def test_huge_and_binary_files_are_refused(folder: Path) -> None:
    (folder / "lines.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(CharacterError, match="1,000,000"):
        characters.load(folder)
    (folder / "lines.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CharacterError, match="UTF-8"):
        characters.load(folder)


def test_deep_nesting_is_one_error(folder: Path) -> None:
    (folder / "lore.toml").write_text("lore = " + "[" * 50_000, encoding="utf-8")
    with pytest.raises(CharacterError):
        characters.load(folder)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")),
        st.recursive(
            st.one_of(st.integers(), st.booleans(), st.just('"x"'), st.just("1979-05-27"), st.just("nan")),
            lambda inner: st.lists(inner, max_size=3).map(lambda v: "[" + ",".join(map(str, v)) + "]"),
        ).map(lambda v: f"[situations]\nidle = {str(v).lower()}\n[intentions]\nx = {str(v).lower()}\n".encode()),
    )
)
def test_hostile_lines_never_half_load(folder: Path, content: bytes) -> None:
    (folder / "lines.toml").write_bytes(content)
    name, message = _name_or_error(folder)
    assert name == "Test"
    assert "\n" not in message


def _name_or_error(folder: Path) -> tuple[str, str]:
    try:
        return characters.load(folder).identity.name, ""
    except CharacterError as error:
        return "Test", str(error)


def test_check_warns_about_what_a_creator_should_know(folder: Path) -> None:
    (folder / "lines.toml").write_text(
        '[situations]\nidle = ["[hapy] Hi.", "{fn} hi", "Song for {fan}."]\nopenin = ["Hi."]\n'
        '[intentions.pony]\nlines = ["I like ponies."]\n',
        encoding="utf-8",
    )
    (folder / "lore.toml").write_text(
        '[[lore]]\nkeys=["a"]\nsays=["x y"]\n[[lore]]\nkeys=["a"]\nsays=["y z"]\n', encoding="utf-8"
    )
    found = "\n".join(characters.check(folder))
    assert "did you mean [happy]?" in found
    assert "did you mean {fan}?" in found
    assert "never fits, there is no {fan} in situations.idle" in found
    assert "did you mean opening?" in found
    assert "intentions.pony hears nothing" in found
    assert "lore.toml: entry 2 is never told" in found
    assert "situations.closing has no lines" in found

"""Chat scripts: order, bounds, one clear line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage.script import Script, ScriptError, read_script


def test_events_come_when_their_sample_comes(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"at": 2, "fan": "b", "text": "later"}\n\n{"at": 1, "fan": "a", "text": "hi"}\n')
    script = Script(read_script(path))
    assert script.until(47_999) == []
    assert [event.fan for event in script.until(48_000)] == ["a"]
    assert [event.fan for event in script.until(10**7)] == ["b"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("7", "not a JSON object"),
        ('{"at": "soon"}', "'at' must be seconds"),
        ('{"at": -1}', "'at' must be seconds"),
        ('{"at": 1, "fan": 3}', "must be text"),
        ('{"at": 1, "kind": "dance"}', "unknown kind 'dance'"),
        ('{"at": 1, "amount": "much"}', "'amount' must be a number"),
    ],
)
def test_a_broken_line_is_named(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"at": 0, "text": "fine"}\n' + line)
    with pytest.raises(ScriptError) as caught:
        read_script(path)
    assert "chat.jsonl:2" in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="no such file"):
        read_script(tmp_path / "none.jsonl")
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScriptError, match="not UTF-8"):
        read_script(tmp_path / "b")


@given(text=st.text(max_size=200))
def test_any_text_gives_events_or_one_clear_error(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("script") / "c.jsonl"
    path.write_text(text, "utf-8")
    try:
        read_script(path)
    except ScriptError as error:
        assert "c.jsonl:" in str(error)

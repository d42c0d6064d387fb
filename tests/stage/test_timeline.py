"""The timeline: order, interruption classes, saving and replaying."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage.timeline import KINDS, Cue, Timeline, TimelineError

cues = st.builds(
    Cue,
    st.integers(0, 10**9),
    st.integers(0, 10**7),
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda k: k not in ("sample", "length", "kind", "owner")),
        st.text(max_size=20) | st.integers() | st.booleans(),
        max_size=4,
    ),
    st.text(max_size=6),
)


@given(made=st.lists(cues, max_size=40))
def test_what_is_saved_is_read_back(made: list[Cue], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("timeline") / "a.jsonl"
    timeline = Timeline(made)
    with path.open("w", encoding="utf-8") as stream:
        timeline.write(stream)
    assert list(Timeline.read(path)) == list(timeline)


@given(st.lists(cues, max_size=40), st.integers(0, 10**9), st.integers(0, 10**9))
def test_starting_gives_exactly_the_cues_of_a_span_in_order(made: list[Cue], a: int, b: int) -> None:
    first, end = sorted((a, b))
    found = Timeline(made).starting(first, end)
    assert [c.sample for c in found] == sorted(c.sample for c in made if first <= c.sample < end)


def test_an_interruption_does_to_each_cue_what_its_kind_says() -> None:
    timeline = Timeline(
        [
            Cue(0, 100, "phoneme", owner="say1"),
            Cue(40, 100, "phoneme", owner="say1"),
            Cue(90, 20, "gesture", owner="say1"),
            Cue(120, 20, "gesture", owner="say1"),
            Cue(60, 100, "beat"),
            Cue(50, 100, "phoneme", owner="say2"),
        ]
    )
    timeline.cut(100, "say1")
    assert [(c.sample, c.length, c.kind, c.owner) for c in timeline] == [
        (0, 100, "phoneme", "say1"),
        (40, 60, "phoneme", "say1"),
        (50, 100, "phoneme", "say2"),
        (60, 100, "beat", ""),
        (90, 20, "gesture", "say1"),
    ]


def test_music_that_is_stopped_leaves_the_timeline() -> None:
    timeline = Timeline(
        [Cue(0, 10, "bar", owner="bed"), Cue(10, 10, "bar", owner="bed"), Cue(10, 10, "bar", owner="song")]
    )
    timeline.withdraw(10, "bed")
    assert [(c.sample, c.owner) for c in timeline] == [(0, "bed"), (10, "song")]


def test_forgetting_keeps_what_still_sounds() -> None:
    timeline = Timeline([Cue(0, 10, "beat"), Cue(5, 100, "chord"), Cue(50, 1, "beat")])
    assert timeline.forget(20) == 1
    assert [c.kind for c in timeline] == ["chord", "beat"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "not JSON"),
        ("[1]", "a cue is a JSON object"),
        ('{"sample": 1.5, "length": 0, "kind": "beat"}', "whole numbers"),
        ('{"sample": true, "length": 0, "kind": "beat"}', "whole numbers"),
        ('{"sample": 1, "length": -1, "kind": "beat"}', "whole numbers"),
        ('{"sample": 1, "length": 0, "kind": "explosion"}', "unknown kind 'explosion'"),
    ],
)
def test_a_broken_line_is_named_with_file_and_place(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"sample":0,"length":0,"kind":"beat"}\n' + line + "\n")
    with pytest.raises(TimelineError, match=r"b\.jsonl:2: .*") as caught:
        Timeline.read(path)
    assert says in str(caught.value)


def test_writing_keeps_kind_specific_fields_readable() -> None:
    stream = io.StringIO()
    Timeline([Cue(48, 96, "word", {"text": "rain ☂"}, "say1")]).write(stream)
    assert stream.getvalue() == '{"sample":48,"length":96,"kind":"word","owner":"say1","text":"rain ☂"}\n'

"""``limelight replay``: a show from its timeline and sound again, the same picture, and only what is edited changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.listen.sound import SoundError
from avatar.render import Picture, RenderError
from characters import load
from stage.actor import Actor
from stage.cli import main
from stage.clock import SAMPLE_RATE
from stage.cuefields import FIELDS, checked, read_show
from stage.outputs.encode import Encoder
from stage.outputs.mp4 import Mp4Writer
from stage.replay import made_by
from stage.tape import Tape
from stage.timeline import KINDS, Cue, TimelineError

ROOT = Path(__file__).parents[2]
SECONDS = 6


def limelight(*words: object) -> str:
    command = [sys.executable, "-m", "stage.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=220, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def frames(path: Path) -> list[npt.NDArray[np.int16]]:
    with av.open(str(path)) as box:
        return [f.to_ndarray(format="gray").astype(np.int16) for f in box.decode(video=0)]


def apart(a: list[npt.NDArray[np.int16]], b: list[npt.NDArray[np.int16]]) -> npt.NDArray[np.float64]:
    """Mean difference of every picture, 0..255."""
    assert len(a) == len(b)
    return np.array([np.abs(x - y).mean() for x, y in zip(a, b)])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short show in files: night.mp4, night.jsonl, night.wav."""
    try:
        Picture((64, 64), aa="none").release()
    except RenderError as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("night")
    limelight(
        "render", "lumi", "--seconds", SECONDS, "--seed", 5, "--size", "160x90", "-o", folder / "night.mp4",
        "--timeline", folder / "night.jsonl", "--wav", folder / "night.wav",
    )  # fmt: skip
    return folder


@pytest.mark.gl
@pytest.mark.slow
def test_a_replay_shows_and_sounds_what_the_show_did(night: Path) -> None:
    facts = json.loads(limelight("replay", night / "night.jsonl", "--size", "160x90", "-o", night / "b.mp4", "--json"))
    assert facts["seconds"] == SECONDS
    difference = apart(frames(night / "night.mp4"), frames(night / "b.mp4"))
    assert len(difference) == SECONDS * 30
    assert difference.max() < 1.5, "the encoder's own noise, no more"
    wanted, _ = soundfile.read(night / "night.wav", dtype="float32")
    heard = Tape(night / "b.mp4").read(len(wanted))
    noise = heard - wanted
    assert float(np.sqrt((noise**2).mean() / (wanted**2).mean())) < 0.15


@pytest.mark.gl
@pytest.mark.slow
def test_an_edited_cue_changes_its_own_time_and_no_other(night: Path) -> None:
    lines = (night / "night.jsonl").read_text("utf-8").splitlines()
    cuts = [cue.sample for cue in read_show(night / "night.jsonl") if cue.kind == "camera"]
    edit = 2 * SAMPLE_RATE
    back = min(cut for cut in cuts if cut > edit + SAMPLE_RATE // 2)
    lines.append(json.dumps({"sample": edit, "length": back - edit, "kind": "camera", "shot": "wide", "move": "still"}))
    (night / "edited.jsonl").write_text("\n".join(lines), "utf-8")
    limelight(
        "replay", night / "edited.jsonl", "--sound", night / "night.wav", "--size", "160x90", "-o", night / "c.mp4"
    )
    difference = apart(frames(night / "night.mp4"), frames(night / "c.mp4"))
    first, last = -(-edit // 1600), -(-back // 1600)
    assert last < len(difference)
    assert difference[:first].max() < 1.5
    assert difference[first:last].min() > 3
    assert difference[last:].max() < 1.5


@pytest.mark.gl
@pytest.mark.slow
def test_another_size_rate_and_shot_and_the_sound_of_a_film(night: Path) -> None:
    limelight(
        "replay", night / "night.jsonl", "--sound", night / "night.mp4", "--size", "96x128", "--fps", 15,
        "--shot", "full", "--character", "bo", "-o", night / "d.mp4",
    )  # fmt: skip
    with av.open(str(night / "d.mp4")) as box:
        video = box.streams.video[0]
        assert (video.width, video.height, float(video.average_rate or 0)) == (96, 128, 15.0)
        assert len(list(box.decode(video=0))) == SECONDS * 15


def test_the_timeline_says_whose_show_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"sample":0,"length":0,"kind":"show","character":"vesper","seed":9}\n')
    assert made_by(read_show(path)) == ("vesper", 9)
    path.write_text('{"sample":0,"length":0,"kind":"phase","name":"opening"}\n')
    assert made_by(read_show(path)) == (None, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"sample":0,"length":9,"kind":"phoneme","symbol":"AA"}', "'viseme'"),
        ('{"sample":0,"length":9,"kind":"phoneme","symbol":"AA","viseme":"aa","weight":7}', "'weight'"),
        ('{"sample":0,"length":9,"kind":"phoneme","symbol":"AA","viseme":"aa","levels":[1e999]}', "'levels'"),
        ('{"sample":0,"length":9,"kind":"section","name":"verse","energy":NaN}', "'energy'"),
        ('{"sample":0,"length":9,"kind":"gesture","name":"wave","stroke":"soon"}', "'stroke'"),
        ('{"sample":0,"length":9,"kind":"gaze","target":[1]}', "'target'"),
        ('{"sample":1e400,"length":9,"kind":"beat"}', "whole numbers"),
        ('{"sample":' + "9" * 5000 + ',"length":9,"kind":"beat"}', "b.jsonl:2"),
        ('{"sample":0,"kind":["beat"]}', "unknown kind"),
        ("[" * 40_000, "not JSON"),
        ("x" * 70_000, "longer than"),
    ],
)
def test_a_broken_timeline_is_one_line_with_file_and_place(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text('{"sample":0,"length":0,"kind":"phase"}\n' + line + "\n")
    (tmp_path / "b.wav").write_bytes(b"")
    result = CliRunner().invoke(main, ["replay", str(path), "-o", str(tmp_path / "x.mp4")])
    assert result.exit_code == 2
    assert len(result.output.strip().splitlines()) == 1
    assert "b.jsonl:2" in result.output
    assert says in result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.jsonl", "b.wav"]


def test_missing_files_and_sounds_are_one_line(tmp_path: Path) -> None:
    cues = tmp_path / "a.jsonl"
    cues.write_text('{"sample":0,"length":0,"kind":"phase"}\n')
    (tmp_path / "noise.wav").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "empty.jsonl").write_text("\n")
    out = str(tmp_path / "x.mp4")
    for words, says in (
        ([str(tmp_path / "none.jsonl"), "-o", out], "no such file"),
        ([str(tmp_path), "-o", out], "is a folder"),
        ([str(tmp_path / "empty.jsonl"), "-o", out], "holds no cue"),
        ([str(tmp_path / "noise.wav"), "-o", out], "not UTF-8"),
        ([str(cues), "-o", out], "--sound"),
        ([str(cues), "--sound", str(tmp_path / "none.wav"), "-o", out], "no such file"),
        ([str(cues), "--sound", str(tmp_path / "noise.wav"), "-o", out], "not a sound file"),
        ([str(cues), "--sound", str(cues), "-o", out], "a.jsonl"),
        ([str(cues), "--sound", str(tmp_path / "noise.wav"), "--character", "nobody", "-o", out], "nobody"),
    ):
        result = CliRunner().invoke(main, ["replay", *words])
        assert result.exit_code == 2, result.output
        assert len(result.output.strip().splitlines()) == 1, result.output
        assert says in result.output
        assert not Path(out).exists()


def test_a_tape_is_read_by_its_own_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    sound = rng.uniform(-0.5, 0.5, (10_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    tape = Tape(tmp_path / "a.wav")
    assert tape.samples == 10_000
    read = np.concatenate([tape.read(n) for n in (1, 1600, 1601, 4000, 2798, 500)])
    assert np.array_equal(read[:10_000], sound)
    assert not read[10_000:].any()
    soundfile.write(tmp_path / "none.wav", sound[:0], SAMPLE_RATE)
    with pytest.raises(SoundError, match="holds no sound"):
        Tape(tmp_path / "none.wav")
    with pytest.raises(SoundError, match="no such file"):
        Tape(tmp_path / "b.wav")


@pytest.fixture(scope="module")
def actor() -> Actor:
    return Actor(load("lumi"), 1, 16 / 9, 30.0)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["aa", "face", "camera"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)
NAMES = sorted({name for fields in FIELDS.values() for name in fields.model_fields})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(KINDS)), st.integers(-(10**6), 10**6), st.integers(0, 10**6),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
)  # fmt: skip
def test_any_cue_of_a_file_is_refused_or_performed(
    actor: Actor, kind: str, sample: int, length: int, data: dict[str, object]
) -> None:
    try:
        cue = checked(Cue.from_json(Cue(sample, length, kind, data).to_json(), "x:1"), "x:1")
    except TimelineError as error:
        assert str(error).startswith("x:1: ")
        return
    actor.tell(cue)
    actor.show(cue)
    for at in (sample, sample + length // 2, sample + length + 1):
        actor.rig.apply(actor.performer.frame(max(0, at)), 1 / 30)
        scene = actor.scenery.at(max(0, at))
        assert np.isfinite(actor.rig.joint_matrices).all()
        assert np.isfinite([*scene.camera.position, scene.energy, scene.beams, scene.beat, scene.bar]).all()
    actor.performer.forget(10**9)


@pytest.mark.gl
@pytest.mark.slow
def test_a_command_that_is_told_to_end_leaves_nothing_half_written(night: Path, tmp_path: Path) -> None:
    words = ["replay", night / "night.jsonl", "--sound", night / "night.wav", "-o", tmp_path / "e.mp4"]
    with subprocess.Popen([sys.executable, "-m", "stage.cli", *map(str, words)], cwd=ROOT) as running:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.terminate()
        assert running.wait(30) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


@pytest.mark.gl
def test_a_sound_shorter_than_its_file_says_ends_the_replay(night: Path, tmp_path: Path) -> None:
    whole = (night / "night.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: 44 + SAMPLE_RATE * 4])  # a second, by a header that says six
    out = limelight(
        "replay", night / "night.jsonl", "--sound", tmp_path / "cut.wav", "--size", "64x64", "-o", tmp_path / "f.mp4", "--json"
    )  # fmt: skip
    assert 0.9 < json.loads(out)["seconds"] < 1.2


def test_the_sound_of_a_recording_that_began_later_keeps_its_place(tmp_path: Path) -> None:
    """A live recording begins with its first key frame; the timeline counts from the show's own beginning."""
    picture = np.full((64 * 3 // 2, 64), 128, np.uint8)
    click = np.zeros((2 * SAMPLE_RATE, 2), np.float32)
    click[SAMPLE_RATE : SAMPLE_RATE + 40] = 0.9
    with Encoder((64, 64), 30, live=False) as encoder:
        for frame in range(60):
            if frame == 11:
                encoder.add(Mp4Writer(tmp_path / "later.mp4"))
            sample = frame * 1600
            encoder.video(picture, sample)
            encoder.audio(click[sample : sample + 1600], sample)
    tape = Tape(tmp_path / "later.mp4")
    heard = tape.read(2 * SAMPLE_RATE)
    assert tape.samples == pytest.approx(2 * SAMPLE_RATE, abs=1600)
    assert abs(int(np.abs(heard[:, 0]).argmax()) - SAMPLE_RATE - 20) < 40

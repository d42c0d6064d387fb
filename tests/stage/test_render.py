"""``limelight render`` end to end on real parts: what the files hold, and that they are the same every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from audio.mix import loudness, true_peak
from avatar.render import Picture, RenderError
from stage.clock import SAMPLE_RATE
from stage.timeline import Timeline
from tests.stage.drift import sound_lag

ROOT = Path(__file__).parents[2]
SECONDS = 40


def limelight(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stage.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=220, check=False)


def has_gl() -> bool:
    try:
        Picture((64, 64), aa="none").release()
    except RenderError:
        return False
    return True


@dataclass
class Made:
    folder: Path
    facts: dict[str, Any]
    timeline: Timeline

    def sum(self, name: str) -> str:
        return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("render")
    words: list[object] = [
        "render",
        "lumi",
        "--seconds",
        SECONDS,
        "--seed",
        7,
        "--script",
        ROOT / "tests/data/chat.jsonl",
    ]
    words += ["--size", "320x180", "--timeline", folder / "a.jsonl", "--wav", folder / "a.wav", "--json"]
    if has_gl():
        words += ["-o", folder / "a.mp4"]
    done = limelight(*words)
    assert done.returncode == 0, done.stderr
    return Made(folder, json.loads(done.stdout), Timeline.read(folder / "a.jsonl"))


@pytest.mark.slow
def test_she_greets_answers_two_fans_by_name_and_sings_what_was_asked(made: Made) -> None:
    replies = [cue for cue in made.timeline if cue.kind == "reply"]
    assert replies[0].data["situation"] == "opening"
    for fan in ("mika", "ren"):
        answer = next(cue for cue in replies if cue.data["fan"] == fan)
        assert fan in str(answer.data["text"]).lower()
    song = next(cue for cue in made.timeline if cue.kind == "song" and not cue.data["bed"])
    assert song.data["fan"] == "ren"
    assert "rain" in song.data["title"].lower() or "train" in song.data["title"].lower()
    words = [cue for cue in made.timeline if cue.kind == "word" and cue.owner == song.owner]
    bars = [cue for cue in made.timeline if cue.kind == "bar" and cue.owner == song.owner]
    sung = [bar for bar in bars if any(w.sample < bar.end and w.end > bar.sample for w in words)]
    assert len(sung) >= 16
    assert song.end <= SECONDS * SAMPLE_RATE


@pytest.mark.slow
def test_a_second_run_gives_the_same_timeline_and_the_same_samples(made: Made) -> None:
    done = limelight(
        "render", "lumi", "--seconds", SECONDS, "--seed", 7, "--script", ROOT / "tests/data/chat.jsonl",
        "--timeline", made.folder / "b.jsonl", "--wav", made.folder / "b.wav",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert made.sum("a.jsonl") == made.sum("b.jsonl")
    assert made.sum("a.wav") == made.sum("b.wav")


@pytest.mark.slow
def test_the_sound_is_as_loud_as_a_stream_should_be(made: Made) -> None:
    pcm, rate = soundfile.read(made.folder / "a.wav", dtype="float32")
    assert (rate, pcm.shape) == (SAMPLE_RATE, (SECONDS * SAMPLE_RATE, 2))
    assert loudness(pcm) == pytest.approx(-14, abs=1)
    assert true_peak(pcm) <= -1.0
    seconds = np.sqrt((pcm[: len(pcm) // 24_000 * 24_000].reshape(-1, 48_000) ** 2).mean(axis=1))
    assert seconds.min() > 1e-4, "never a silent half second"


@pytest.mark.slow
def test_the_film_is_whole(made: Made) -> None:
    path = made.folder / "a.mp4"
    if not path.exists():
        pytest.skip("no OpenGL 3.3 here")
    with av.open(str(path)) as box:
        video, audio = box.streams.video[0], box.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height, float(video.average_rate or 0)) == (320, 180, 30.0)
        frames = [f.to_ndarray(format="gray") for f in box.decode(video=0)]
        assert len(frames) == SECONDS * 30
        assert float((box.duration or 0) / av.time_base) == pytest.approx(SECONDS, abs=0.05)
    changes = [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(frames, frames[1:])]
    assert np.median(changes) > 0.05, "something moves"
    assert max(float(f.mean()) for f in frames) < 140, "the stage stays dark"


@pytest.mark.slow
def test_the_decoded_sound_lies_on_the_samples_it_was_made_from(made: Made) -> None:
    if not (made.folder / "a.mp4").exists():
        pytest.skip("no OpenGL 3.3 here")
    for begin in (2.0, 30.0):
        assert abs(sound_lag(made.folder / "a.mp4", made.folder / "a.wav", begin, 5.0)) < 0.03


@pytest.mark.slow
def test_an_outside_beat_tracker_agrees_with_our_beats(made: Made) -> None:
    librosa = pytest.importorskip("librosa", reason="librosa is a test extra")
    song = next(cue for cue in made.timeline if cue.kind == "song" and not cue.data["bed"])
    ours = np.array([c.sample for c in made.timeline if c.kind == "beat" and c.owner == song.owner]) / SAMPLE_RATE
    pcm, rate = soundfile.read(made.folder / "a.wav", dtype="float32", start=song.sample, stop=song.end)
    _, found = librosa.beat.beat_track(y=pcm.mean(axis=1), sr=rate, start_bpm=float(song.data["bpm"]), units="time")
    theirs = np.asarray(found) + song.sample / SAMPLE_RATE
    hits = sum(np.abs(ours - beat).min() <= 0.07 for beat in theirs)
    recall = sum(np.abs(theirs - beat).min() <= 0.07 for beat in ours) / len(ours)
    precision = hits / len(theirs)
    assert 2 * precision * recall / (precision + recall) >= 0.9

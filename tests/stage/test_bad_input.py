"""Bad input: one clear line with file, place and remedy, exit status 2, nothing half-written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stage.cli import main

ROOT = Path(__file__).parents[2]


def refused(words: list[str], folder: Path) -> str:
    """Run a command that must be refused; its one line."""
    before = sorted(p.name for p in folder.iterdir())
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2, result.output
    assert sorted(p.name for p in folder.iterdir()) == before, "nothing half-written"
    assert "Traceback" not in result.output
    lines = [line for line in result.output.splitlines() if line.strip()]
    if not lines[0].startswith("Usage"):
        assert len(lines) == 1
    return lines[-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "garbage.vrm").write_bytes(os.urandom(300))
    (tmp_path / "cut.vrm").write_bytes(b"glTF\x02\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 40)
    (tmp_path / "chat.jsonl").write_text('{"at": 1, "text": "hi"}\n{"at": \n')
    (tmp_path / "song.toml").write_text("title = 3\n")
    for name, text in (
        ("unknown", '[identity]\nname = "A"\n[voise]\npitch = 60\n'),
        ("wrong", '[identity]\nname = "A"\n[voice]\npitch = "high"\n'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "character.toml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["look", "{}/none.vrm", "-o", "{}/x.png"], ["none.vrm", "No such file"]),
        (["look", "{}/garbage.vrm", "-o", "{}/x.png"], ["garbage.vrm", "not a binary glTF"]),
        (["look", "{}/cut.vrm", "-o", "{}/x.png"], ["cut.vrm", "cut short"]),
        (["render", "{}/unknown", "-o", "{}/x.mp4"], ["character.toml", "voise", "did you mean voice"]),
        (["render", "{}/wrong", "-o", "{}/x.mp4"], ["character.toml", "voice.pitch"]),
        (["render", "nobody", "-o", "{}/x.mp4"], ["nobody", "lumi"]),
        (["render", "lumi", "--script", "{}/chat.jsonl", "-o", "{}/x.mp4"], ["chat.jsonl:2", "not JSON"]),
        (["render", "lumi", "--script", "{}/none.jsonl", "-o", "{}/x.mp4"], ["none.jsonl", "no such file"]),
        (["render", "lumi", "-o", "{}/no/where/x.mp4"], ["does not exist"]),
        (["render", "lumi", "-o", "{}/x.avi"], [".mp4"]),
        (["render", "lumi"], ["nothing to write"]),
        (["render", "lumi", "--size", "13x7", "-o", "{}/x.mp4"], ["13x7"]),
        (["render", "lumi", "--seconds", "-4", "-o", "{}/x.mp4"], ["-4"]),
        (["perform", "{}/song.toml", "-o", "{}/x.wav"], ["song.toml", "title"]),
        (["perform", "{}/garbage.vrm", "-o", "{}/x.wav"], ["garbage.vrm"]),
        (["song", "-o", "{}/s"], ["limelight song lumi"]),
        (["talk", "nobody", "--message", "hi"], ["nobody"]),
    ],
)
def test_a_command_that_cannot_be_done_says_why_in_one_line(words: list[str], says: list[str], folder: Path) -> None:
    line = refused([word.replace("{}", str(folder)) for word in words], folder)
    for part in says:
        assert part in line


def test_a_busy_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(["show", "lumi", "--no-window", "--port", str(port)], folder)
    assert str(port) in line
    assert "--port" in line


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="hides Mesa the way Linux finds it")
def test_no_opengl_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    hide = {"__EGL_VENDOR_LIBRARY_FILENAMES": "/nonexistent", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    command = [sys.executable, "-m", "stage.cli", "look", "lumi", "-o", str(tmp_path / "x.png")]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=os.environ | hide, timeout=60, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "OpenGL 3.3" in done.stderr
    assert "apt" in done.stderr
    assert not list(tmp_path.iterdir())

"""mediapipe on the shared portrait and film; skipped where mediapipe or the files are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from avatar.capture.scores import NAMES, SCORE, compare, read_expected
from stage.cli import main

pytest.importorskip("mediapipe", reason="mediapipe is not installed (requirements-capture.lock)")
FACE = Path(__file__).parents[4] / "shared" / "data" / "face"
MODEL = FACE / "face_landmarker.task"
pytestmark = pytest.mark.skipif(not MODEL.is_file(), reason="the face model is not on this machine")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["capture", "--model", str(MODEL), *words])


def test_portrait_scores_are_mediapipes_own() -> None:
    """Our reading of a picture is what mediapipe itself says of it, name by name, and of the expected kind."""
    import mediapipe as mp
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import vision
    from PIL import Image

    answer = run("--video", str(FACE / "business-person.png"), "--json")
    line = json.loads(answer.output.splitlines()[0])
    pixels = np.ascontiguousarray(np.array(Image.open(FACE / "business-person.png").convert("RGB")))
    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(MODEL)), output_face_blendshapes=True
    )
    with vision.FaceLandmarker.create_from_options(options) as marker:
        theirs = marker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=pixels)).face_blendshapes[0]
    assert [c.category_name for c in theirs] == list(NAMES)
    for category in theirs:
        assert line["scores"][category.category_name] == pytest.approx(category.score, abs=2e-5)
    assert list(read_expected(FACE / "portrait_expected_blendshapes.pbtxt")) == list(NAMES)


def test_a_smiling_face_agrees_with_the_expected_smile() -> None:
    """The film's first face smiles with open eyes as mediapipe's (absent) portrait does: its scores resemble it."""
    answer = run("--video", str(FACE / "iris_tracking_example.gif"), "--seconds", "0.2", "--json",
                 "--expect", str(FACE / "portrait_expected_blendshapes.pbtxt"))  # fmt: skip
    assert answer.exit_code == 0
    facts = json.loads(answer.output.splitlines()[-1])
    assert facts["expected"]["names"] == 52
    assert facts["expected"]["correlation"] > 0.7


def test_film_gives_a_line_a_picture_and_a_moving_head() -> None:
    answer = run("--video", str(FACE / "iris_tracking_example.gif"), "--json")
    lines = [json.loads(line) for line in answer.output.splitlines()]
    frames, facts = lines[:-1], lines[-1]
    assert facts["pictures"] == len(frames) == 69
    assert facts["found"] > 60
    yaw = [f["head"]["yaw"] for f in frames if f["found"]]
    assert max(yaw) - min(yaw) > 30
    assert all(len(f["scores"]) == 52 for f in frames if f["found"])


def test_compare_tells_where_scores_differ() -> None:
    scores = np.zeros(52)
    scores[SCORE["jawOpen"]] = 0.5
    told = compare(scores, {"jawOpen": 0.1, "mouthLeft": 0.0})
    assert told["greatest_at"] == "jawOpen"
    assert told["greatest_difference"] == 0.4


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    from PIL import Image

    Image.new("RGB", (200, 200), (90, 90, 90)).save(grey)
    bad = tmp_path / "bad.task"
    bad.write_bytes(b"no model")
    for words, what in (
        (("--video", str(grey)), "no face was seen"),
        (("--video", str(tmp_path / "none.mp4")), "is not there"),
        (("--video", str(bad)), "cannot be played"),
        (("--video", str(grey), "--model", str(bad)), "cannot use this model"),
        (("--video", str(grey), "--vmc-out", "nowhere"), "HOST:PORT"),
        ((), "nothing to look at"),
    ):
        answer = run(*words)
        assert answer.exit_code == 2, words
        assert what in answer.output
        assert "Traceback" not in answer.output

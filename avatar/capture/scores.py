"""The 52 scores of mediapipe's face model, in its order; all but the first are names of Apple's ARKit."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from avatar.capture.errors import CaptureError

NAMES: tuple[str, ...] = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
SCORE: dict[str, int] = {name: i for i, name in enumerate(NAMES)}


def read_expected(path: Path) -> dict[str, float]:
    """Name to score from a mediapipe ``ClassificationList`` in protobuf text form (.pbtxt)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaptureError(f"{path}: cannot be read ({error}). Give a mediapipe blendshapes .pbtxt.") from None
    found: dict[str, float] = {}
    for block in re.findall(r"classification\s*\{([^}]*)\}", text):
        score, label = re.search(r"score:\s*([-+.\deE]+)", block), re.search(r'label:\s*"(\w+)"', block)
        if score and label:
            found[label[1]] = float(score[1])
    if not found:
        raise CaptureError(f"{path}: holds no classification with score and label. Give a mediapipe .pbtxt.")
    return found


def compare(scores: np.ndarray, expected: dict[str, float]) -> dict[str, object]:
    """How 52 scores agree with expected ones: mean and greatest difference, where, and correlation."""
    names = [n for n in NAMES if n in expected]
    ours = np.array([scores[SCORE[n]] for n in names], float)
    theirs = np.array([expected[n] for n in names], float)
    away = np.abs(ours - theirs)
    alike = float(np.corrcoef(ours, theirs)[0, 1]) if ours.std() > 0 and theirs.std() > 0 else 0.0
    return {
        "names": len(names),
        "mean_difference": round(float(away.mean()), 4),
        "greatest_difference": round(float(away.max()), 4),
        "greatest_at": names[int(away.argmax())],
        "correlation": round(alike, 4),
    }

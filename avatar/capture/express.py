"""From the 52 scores to what a model can show: its own shapes of those names, or the VRM presets."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from avatar.capture.scores import NAMES, SCORE

_OWN = 30
"""A model with at least so many shapes of these names is driven by them ("perfect sync")."""
_LIDS = (SCORE["eyeBlinkLeft"], SCORE["eyeBlinkRight"])
_DOWN = (SCORE["eyeLookDownLeft"], SCORE["eyeLookDownRight"])
_SHUT, _OPEN = 0.55, 0.12
"""Blink scores (at rest 0) at which lids are shut and begin to close: people's shut eyes rarely score 1."""
_ALIKE = 0.25
"""Lids that differ by less close together; more is a wink."""
LOOK = (32.0, 22.0)
"""Degrees of gaze at a full score, sideways and up or down."""
BLINKS = ("blink", "blinkLeft", "blinkRight", "eyeBlinkLeft", "eyeBlinkRight")
MOUTHS = ("aa", "ih", "ou", "ee", "oh")


@cache
def _presets() -> tuple[tuple[str, ...], npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Names, weights (n, 52), dead zones and gains of ``presets.toml``."""
    text = files("avatar.capture").joinpath("data/presets.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    weights = np.zeros((len(raw), len(NAMES)))
    for row, entry in enumerate(raw.values()):
        for name, value in entry["scores"].items():
            weights[row, SCORE[name]] = value
    dead = np.array([e["dead"] for e in raw.values()], float)
    return tuple(raw), weights, dead, np.array([e["gain"] for e in raw.values()], float)


def own_shapes(names: Collection[str]) -> dict[str, str]:
    """Score to the model's expression, where the model has them under the same name (case does not matter)."""
    lower = {n.lower(): n for n in names}
    found = {n: lower[n.lower()] for n in NAMES[1:] if n.lower() in lower}
    return found if len(found) >= _OWN else {}


def lids(scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    """How far the left and right lids are shut, 0..1. Looking down is not blinking; small differences are no wink."""
    shut = []
    for blink, down in zip(_LIDS, _DOWN):
        value = float(scores[blink]) - 0.35 * float(scores[down])
        shut.append(min(1.0, max(0.0, (value - _OPEN) / (_SHUT - _OPEN))))
    left, right = shut
    if abs(left - right) < _ALIKE:
        left = right = (left + right) / 2
    return left, right


def gaze(scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    """(yaw, pitch) in degrees: yaw > 0 to the person's left, pitch > 0 up."""
    s = scores

    def of(name: str) -> float:
        return float(s[SCORE[name]])

    yaw = (of("eyeLookOutLeft") - of("eyeLookInLeft") + of("eyeLookInRight") - of("eyeLookOutRight")) / 2
    pitch = (of("eyeLookUpLeft") + of("eyeLookUpRight") - of("eyeLookDownLeft") - of("eyeLookDownRight")) / 2
    return yaw * LOOK[0], pitch * LOOK[1]


def expressions(scores: npt.NDArray[np.float64], names: Collection[str]) -> dict[str, float]:
    """Weights by expression of a model that has ``names``, from calibrated scores (52,)."""
    left, right = lids(scores)
    own = own_shapes(names)
    if own:
        out = {shape: float(scores[SCORE[name]]) for name, shape in own.items() if not name.startswith("eyeLook")}
        for name, value in (("eyeBlinkLeft", left), ("eyeBlinkRight", right)):
            if name in own:
                out[own[name]] = value
        return out
    labels, weights, dead, gain = _presets()
    values = np.clip((weights @ scores - dead) * gain, 0.0, 1.0)
    out = {name: float(value) for name, value in zip(labels, values)}
    mouth = sum(out[m] for m in MOUTHS)
    if mouth > 1.0:
        for m in MOUTHS:
            out[m] /= mouth
    if "blinkLeft" in names and "blinkRight" in names and abs(left - right) > 0:
        out["blinkLeft"], out["blinkRight"] = left, right
    else:
        out["blink"] = (left + right) / 2
    return out

"""Sections of a recording: where its sound changes for good, and which parts are alike.

Novelty along the diagonal of a self-similarity matrix (Foote 2000) of timbre, harmony and level by bar; parts are
labelled A, B, C ... by likeness and told apart as quiet or full by level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.listen.spectrum import Floats, mel_bank

_REACH = 4
"""Bars on either side that a border is judged by."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section in seconds; parts with the same ``label`` are alike. ``energy`` 0..1."""

    start: float
    end: float
    label: str
    energy: float


def sections(
    spectrum: Floats, middle: Floats, bars: npt.NDArray[np.float64], frames_a_second: float, size: int = 2048
) -> list[Part]:
    """Parts between bar lines (seconds). Without enough bars the whole is one part."""
    if len(bars) < 2 * _REACH + 1:
        end = len(spectrum) / frames_a_second
        return [Part(0.0, end, "A", 1.0)] if end > 0 else []
    feature, level = _features(spectrum, middle, bars, frames_a_second, size)
    likeness = feature @ feature.T
    borders = _borders(likeness)
    spans = list(zip(borders, borders[1:]))
    labels = _labels(feature, spans)
    top = max(float(np.percentile(level, 95)), 1e-9)
    return [
        Part(float(bars[a]), float(bars[b]), label, round(min(1.0, float(level[a:b].mean()) / top), 3))
        for (a, b), label in zip(spans, labels)
    ]


def _features(
    spectrum: Floats, middle: Floats, bars: npt.NDArray[np.float64], frames_a_second: float, size: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    bank = mel_bank(24, size)
    at = np.clip(np.round(bars * frames_a_second).astype(int), 0, len(spectrum) - 1)
    timbre, harmony, level = [], [], []
    for a, b in zip(at, at[1:]):
        b = max(b, a + 1)
        mel = spectrum[a:b] @ bank.T
        timbre.append(np.log(mel.mean(axis=0) + 1e-6))
        harmony.append(middle[a:b].mean(axis=0))
        level.append(float(np.sqrt((spectrum[a:b] ** 2).mean())))
    one, two, three = np.array(timbre), np.array(harmony), np.array(level)
    one = (one - one.mean(0)) / (one.std() + 1e-9)
    two = two / (np.linalg.norm(two, axis=1, keepdims=True) + 1e-9)
    two = (two - two.mean(0)) / (two.std() + 1e-9)
    loud = (20 * np.log10(three + 1e-6))[:, None]
    loud = (loud - loud.mean()) / (loud.std() + 1e-9)
    feature = np.concatenate([one, 0.7 * two, 2.0 * loud], axis=1)
    return feature / (np.linalg.norm(feature, axis=1, keepdims=True) + 1e-9), three


def _borders(likeness: npt.NDArray[np.float64]) -> list[int]:
    count = len(likeness)
    sign = np.sign(np.arange(-_REACH, _REACH) + 0.5)
    taper = np.exp(-0.5 * ((np.arange(-_REACH, _REACH) + 0.5) / (0.6 * _REACH)) ** 2)
    kernel = np.outer(sign * taper, sign * taper)
    padded = np.pad(likeness, _REACH, mode="reflect")
    novelty = np.array([(padded[n : n + 2 * _REACH, n : n + 2 * _REACH] * kernel).sum() for n in range(count)])
    novelty[:2] = novelty[-2:] = -np.inf
    bar = novelty[np.isfinite(novelty)].mean() + 0.6 * novelty[np.isfinite(novelty)].std()
    borders = [0]
    for n in np.argsort(-novelty):
        if novelty[n] < bar or not np.isfinite(novelty[n]):
            break
        if all(abs(int(n) - other) >= 4 for other in [*borders, count]):
            borders.append(int(n))
    return [*sorted(borders), count]


def _labels(feature: npt.NDArray[np.float64], spans: list[tuple[int, int]]) -> list[str]:
    means = [feature[a:b].mean(axis=0) for a, b in spans]
    kinds: list[npt.NDArray[np.float64]] = []
    out = []
    for mean in means:
        scores = [float(mean @ kind / (np.linalg.norm(mean) * np.linalg.norm(kind) + 1e-9)) for kind in kinds]
        if scores and max(scores) > 0.75:
            out.append(int(np.argmax(scores)))
        else:
            out.append(len(kinds))
            kinds.append(mean)
    return [chr(ord("A") + n) if n < 26 else f"Z{n}" for n in out]

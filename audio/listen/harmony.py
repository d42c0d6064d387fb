"""Chroma, key and chords of a recording.

Key: correlation with the profiles of Krumhansl & Kessler (1982) over all of the piece, and how well the chords that
were heard fit the key and rest on its tonic. Chords: binary templates of
common qualities on beat-synchronous chroma, smoothed by a Viterbi path that would rather stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.listen.spectrum import RATE, Floats

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10),
    "sus4": (0, 5, 7), "dim": (0, 3, 6),
}  # fmt: skip
_BIAS = {"": 0.0, "m": 0.0, "7": -0.035, "maj7": -0.035, "m7": -0.035, "sus4": -0.03, "dim": -0.03}
"""Richer chords must explain clearly more to be named."""


@dataclass(frozen=True, slots=True)
class ChordAt:
    """A chord and where it sounds, in seconds."""

    start: float
    end: float
    symbol: str


def tuning(spectrum: Floats, size: int) -> float:
    """How far the recording is from A = 440 Hz, in semitones (-0.5..0.5)."""
    mean = spectrum[:: max(1, len(spectrum) // 2000)].mean(axis=0)
    freqs = np.fft.rfftfreq(size, 1 / RATE)
    peaks = np.flatnonzero((mean[1:-1] > mean[:-2]) & (mean[1:-1] > mean[2:])) + 1
    peaks = peaks[(freqs[peaks] > 100) & (freqs[peaks] < 2000)]
    if not len(peaks):
        return 0.0
    a, b, c = np.log(mean[peaks - 1] + 1e-9), np.log(mean[peaks] + 1e-9), np.log(mean[peaks + 1] + 1e-9)
    exact = (peaks + 0.5 * (a - c) / (a - 2 * b + c + 1e-12)) * RATE / size
    off = 12 * np.log2(exact / 440)
    angle = np.angle((mean[peaks] * np.exp(2j * np.pi * off)).sum())
    return float(angle / (2 * np.pi))


def chroma(spectrum: Floats, size: int) -> tuple[Floats, Floats]:
    """(frames, 12) pitch class energy of the middle (110-1760 Hz) and of the bass (40-220 Hz)."""
    off = tuning(spectrum, size)
    freqs = np.fft.rfftfreq(size, 1 / RATE)
    out = []
    for low, high in ((110.0, 1760.0), (40.0, 220.0)):
        use = np.flatnonzero((freqs >= low) & (freqs <= high))
        pitch = 12 * np.log2(freqs[use] / 440) + 69 - off
        bank = np.zeros((12, len(use)))
        near = np.exp(-0.5 * ((pitch - np.round(pitch)) / 0.22) ** 2)
        bank[np.round(pitch).astype(int) % 12, np.arange(len(use))] = near / np.sqrt(np.maximum(freqs[use], 1))
        out.append((np.sqrt(spectrum[:, use]) @ bank.T).astype(np.float32))
    return out[0], out[1]


def key(middle: Floats, bass: Floats, heard: list[ChordAt]) -> tuple[str, str, float]:
    """Tonic, ``major`` or ``minor``, and how well it fits (about 0..1)."""
    total = middle.sum(axis=0) + 0.5 * bass.sum(axis=0)
    if float(total.max()) <= 0:
        return "C", "major", 0.0
    total = total - total.min()
    scores = {
        (tonic, mode): 0.5 * float(np.corrcoef(np.roll(profile, tonic), total)[0, 1]) + 0.5 * _fit(heard, tonic, mode)
        for tonic in range(12)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
    }
    (tonic, mode), score = max(scores.items(), key=lambda item: item[1])
    return NAMES[tonic], mode, score


_IN_KEY = {
    "major": {0: "major", 2: "minor", 4: "minor", 5: "major", 7: "major", 9: "minor"},
    "minor": {0: "minor", 3: "major", 5: "minor", 7: "major", 8: "major", 10: "major"},
}
_WEIGHT = {0: 1.6, 7: 1.1, 5: 1.0}
"""The tonic above all, then dominant and subdominant."""


def _fit(heard: list[ChordAt], tonic: int, mode: str) -> float:
    """Share of the time that chords of the key sound, those on its main steps counted more; ends count double."""
    whole = score = 0.0
    named = [chord for chord in heard if chord.symbol != "N"]
    for n, chord in enumerate(named):
        root = max((name for name in NAMES if chord.symbol.startswith(name)), key=len)
        minor = chord.symbol[len(root) :].startswith(("m", "dim")) and not chord.symbol[len(root) :].startswith("maj")
        step = (NAMES.index(root) - tonic) % 12
        length = (chord.end - chord.start) * (2 if n in (0, len(named) - 1) else 1)
        whole += 1.6 * length
        if _IN_KEY[mode].get(step) == ("minor" if minor else "major"):
            score += _WEIGHT.get(step, 0.8) * length
    return score / whole if whole else 0.0


def chords(
    middle: Floats, bass: Floats, edges: npt.NDArray[np.float64], frames_a_second: float, stay: float = 0.12
) -> list[ChordAt]:
    """Chords between ``edges`` (seconds, e.g. beats), equal neighbours joined."""
    if len(edges) < 2:
        return []
    bounds = np.clip(np.round(edges * frames_a_second).astype(int), 0, len(middle) - 1)
    rows, lows = [], []
    for a, b in zip(bounds, bounds[1:]):
        rows.append(np.median(middle[a : max(b, a + 1)], axis=0))
        lows.append(bass[a : max(b, a + 1)].mean(axis=0))
    level, low = np.array(rows), np.array(lows)
    loud = np.linalg.norm(level, axis=1)
    level = level / (loud[:, None] + 1e-9)
    low = low / (low.max(axis=1, keepdims=True) + 1e-9)
    symbols, templates, roots = _templates()
    score = level @ templates.T + 0.12 * low[:, roots] + np.array([_BIAS[s[1]] for s in symbols])
    path = _smooth(score, stay)
    silent = loud < 0.05 * np.median(loud)
    out: list[ChordAt] = []
    for n, state in enumerate(path):
        name = "N" if silent[n] else symbols[state][0] + symbols[state][1]
        if out and out[-1].symbol == name:
            out[-1] = ChordAt(out[-1].start, float(edges[n + 1]), name)
        else:
            out.append(ChordAt(float(edges[n]), float(edges[n + 1]), name))
    return out


def _templates() -> tuple[list[tuple[str, str]], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    symbols, rows, roots = [], [], []
    for root in range(12):
        for quality, tones in QUALITIES.items():
            row = np.full(12, 0.0)
            for tone in tones:
                row[(root + tone) % 12] = 1.0
            row[root] = 1.15
            row -= 0.25
            symbols.append((NAMES[root], quality))
            rows.append(row / np.linalg.norm(row))
            roots.append(root)
    return symbols, np.array(rows), np.array(roots)


def _smooth(score: npt.NDArray[np.float64], stay: float) -> list[int]:
    total, back = score[0].copy(), np.zeros(score.shape, int)
    for n in range(1, len(score)):
        best = int(total.argmax())
        move = total[best] - stay
        back[n] = np.where(total >= move, np.arange(len(total)), best)
        total = np.maximum(total, move) + score[n]
    path = [int(total.argmax())]
    for n in range(len(score) - 1, 0, -1):
        path.append(int(back[n][path[-1]]))
    return path[::-1]

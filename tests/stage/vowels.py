"""Every vowel of a long film that opens after a closure: is it seen when it is heard? From the encoded file.

    limelight render lumi --seconds 600 --shot face --size 640x360 -o long.mp4 --timeline long.jsonl --voice voice.wav
    python -m tests.stage.vowels long.mp4 --timeline long.jsonl --voice voice.wav

As in ``test_sync.py``, over a whole show: the mouth is the place in the pixels that follows the sound, its opening the
first principal component there; a vowel is seen and heard where opening and vowel band (300 to 2500 Hz) have risen
half-way. The high is sought before the next vowel. The timeline only says where vowels are, not what is measured.
Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from audio.voice.phones import is_vowel
from tests.stage.drift import Floats, pictures
from tests.stage.test_sync import SHUT, half_rise

RATE = 48_000
FRAME = 1000 / 30


def places(timeline: Path) -> list[tuple[float, float, str]]:
    """(ms, ms of the next vowel, "P EY" as heard) of every vowel of 60 ms and more after a closure or a pause."""
    phones = [
        cue for line in timeline.read_text("utf-8").splitlines() if (cue := json.loads(line))["kind"] == "phoneme"
    ]
    phones = [cue for cue in phones if cue["symbol"] != "breath"]
    vowels = np.array([cue["sample"] / 48 for cue in phones if is_vowel(cue["symbol"])])
    found = []
    for before, cue in zip([None, *phones], phones):
        paused = before is None or cue["sample"] - before["sample"] - before["length"] > 2880
        shut = before is not None and before["viseme"] in SHUT and before["length"] >= 1920
        if is_vowel(cue["symbol"]) and cue["length"] >= 2880 and (paused or shut):
            at = cue["sample"] / 48
            later = vowels[vowels > at + 1]
            name = f"{before['symbol'] if before and not paused else '-'} {cue['symbol']}"
            found.append((at, min(float(later[0]) if len(later) else at + 1000, at + 200), name))
    return found


def energy(voice: Path) -> Floats:
    """Amplitude of the vowel band every millisecond."""
    pcm, _ = soundfile.read(voice, dtype="float64", always_2d=True)
    power = sosfiltfilt(butter(4, [300, 2500], "band", fs=RATE, output="sos"), pcm.mean(1)) ** 2
    return np.asarray(np.sqrt(uniform_filter1d(power, 1440).clip(0))[::48])


def opening_curve(small: npt.NDArray[np.float32], times: Floats, heard: Floats) -> Floats:
    """How far the mouth is open at every picture."""
    target = np.sqrt(np.interp(times, np.arange(len(heard)), heard))
    target -= target.mean()
    flat = small.reshape(len(small), -1)
    flat = flat - flat.mean(0)
    follows = np.abs(target.astype(np.float32) @ flat) / (np.linalg.norm(flat, axis=0) * np.linalg.norm(target) + 1e3)
    row, column = np.unravel_index(follows.argmax(), small.shape[1:])
    window = small[:, max(0, row - 5) : row + 6, max(0, column - 6) : column + 7].reshape(len(small), -1).astype(float)
    window -= window.mean(0)
    curve = window @ np.linalg.eigh(window.T @ window)[1][:, -1]
    return curve if float(curve @ target) > 0 else -curve


def vowels(path: Path, timeline: Path, voice: Path) -> dict[str, Any]:
    """Figures in ms; > 0: the mouth is late."""
    small, times = pictures(path)
    heard = energy(voice)
    curve = np.interp(np.arange(len(heard)), times, opening_curve(small, times, heard))
    seen, sound = uniform_filter1d(curve, 31), uniform_filter1d(np.sqrt(heard), 31)
    rows = []
    for at, until, name in places(timeline):
        a, b = (half_rise(c, round(at), round(until)) for c in (seen, sound))
        if a is not None and b is not None:
            rows.append((a - b, round(at / 1000, 2), name))
    off = np.array([row[0] for row in rows])
    far = sorted((row for row in rows if abs(row[0]) > FRAME), key=lambda row: -abs(row[0]))
    return {
        "file": path.name, "vowels": len(off), "median_ms": float(np.median(off)),
        "p95_ms": float(np.percentile(np.abs(off), 95)), "worst_ms": float(off[np.abs(off).argmax()]),
        "beyond_a_frame": len(far), "farthest": far[:12],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--timeline", type=Path, required=True)
    parser.add_argument("--voice", type=Path, required=True, help="the voice alone (render --voice)")
    options = parser.parse_args()
    print(json.dumps(vowels(options.file, options.timeline, options.voice)))


if __name__ == "__main__":
    main()

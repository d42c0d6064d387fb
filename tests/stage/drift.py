"""Do picture and sound of a long file stay together? Each against the cues, in the encoded file's first and last minute.

    limelight render lumi --seconds 600 --shot face --size 640x360 -o long.mp4 --timeline long.jsonl --wav long.wav
    python -m tests.stage.drift long.mp4 --timeline long.jsonl --wav long.wav

Mouth against sound says when each is on time, but what is sung differs from minute to minute, and with it the moment at
which a mouth *seems* to open. So each is compared with what it was made from: the mouth in the pixels with the opening that
the cues ask for, the decoded sound with the samples that went into the encoder. The drift between the two is what these
lags change by. Prints one JSON line; exit status 1 where it is a millisecond or more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile
from scipy.ndimage import uniform_filter1d

from avatar.motion.cues import Viseme
from avatar.motion.mouth import Mouth, opening

RATE = 48_000
Floats = npt.NDArray[np.float64]


def asked(timeline: Path, seconds: float) -> Floats:
    """The opening that the cues ask for, every millisecond."""
    mouth = Mouth(0)
    for line in timeline.read_text("utf-8").splitlines():
        cue = json.loads(line)
        if cue["kind"] == "phoneme" and cue["symbol"] != "breath":
            end = cue["sample"] + max(cue["length"], 1)
            levels = tuple(cue.get("levels", ()))
            mouth.track.add(
                Viseme(
                    cue["sample"],
                    end,
                    cue["owner"],
                    cue["viseme"],
                    cue["weight"],
                    levels=levels,
                    early=cue.get("early", 0),
                )
            )
    return np.array([opening(mouth.shape(ms * 48)) for ms in range(int(seconds * 1000))])


def pictures(path: Path) -> tuple[npt.NDArray[np.float32], Floats]:
    """Small grey pictures (n, h, w) and their times in ms."""
    small, times = [], []
    with av.open(str(path)) as box:
        for frame in box.decode(video=0):
            grey = frame.reformat(width=160, height=90, format="gray").to_ndarray()
            small.append(grey.astype(np.float32))
            times.append(float(frame.pts * frame.time_base) * 1000)
    return np.stack(small), np.array(times)


def seen(small: npt.NDArray[np.float32], wanted: Floats) -> Floats:
    """The mouth's opening in every picture: a straight fit of the pixels around the place that follows the cues best."""
    flat = small.reshape(len(small), -1)
    centred = flat - flat.mean(0)
    target = (wanted - wanted.mean()).astype(np.float32)
    spread = np.linalg.norm(centred, axis=0)
    follows = np.abs(target @ centred) / (spread * np.linalg.norm(target) + 1e3)
    row, column = np.unravel_index(follows.argmax(), small.shape[1:])
    window = (
        small[:, max(0, row - 5) : row + 6, max(0, column - 6) : column + 7].reshape(len(small), -1).astype(np.float64)
    )
    window -= window.mean(0)
    fit = np.linalg.lstsq(window, wanted - wanted.mean(), rcond=1e-3)[0]
    return np.asarray(window @ fit)


def lag(curve: Floats, times: Floats, wanted: Floats) -> tuple[float, float]:
    """Milliseconds by which pictures follow the cues, and the likeness there."""
    shifts = np.arange(-60.0, 60.25, 0.25)
    base = np.arange(len(wanted))
    scores = [float(np.corrcoef(curve, np.interp(times - s, base, wanted))[0, 1]) for s in shifts]
    best = int(np.argmax(scores))
    return float(shifts[best]), scores[best]


def sound_lag(path: Path, wav: Path, begin: float, length: float) -> float:
    """Milliseconds by which the decoded sound follows the samples it was made from."""
    made, _ = soundfile.read(wav, start=int(begin * RATE), frames=int(length * RATE), dtype="float32", always_2d=True)
    heard = np.zeros(len(made) + RATE, np.float32)  # half a second on either side
    first = int((begin - 0.5) * RATE)
    with av.open(str(path)) as box:
        for frame in box.decode(audio=0):
            at = round(float(frame.pts * frame.time_base) * RATE) - first
            data = frame.to_ndarray()[0]
            low, high = max(at, 0), min(at + len(data), len(heard))
            if low < high:
                heard[low:high] = data[low - at : high - at]
    n = 1 << (len(heard) + len(made) - 1).bit_length()
    score = np.fft.irfft(np.fft.rfft(heard, n) * np.conj(np.fft.rfft(made[:, 0], n)), n)[:RATE]
    return (int(np.argmax(score)) - RATE // 2) / RATE * 1000


def drift(path: Path, timeline: Path, wav: Path, minute: float = 60.0) -> dict[str, Any]:
    """Lags in ms of picture and sound behind the cues in the first and the last ``minute``, and the drift between them."""
    small, times = pictures(path)
    seconds = (times[-1] + times[1] - times[0]) / 1000
    wanted = uniform_filter1d(asked(timeline, seconds + 1), 15)
    curve = seen(small, np.interp(times, np.arange(len(wanted)), wanted))
    parts = [
        lag(curve[some], times[some], wanted) for some in (times < minute * 1000, times >= (seconds - minute) * 1000)
    ]
    sounds = [sound_lag(path, wav, begin, 10.0) for begin in (minute / 2, seconds - minute / 2)]
    whole, likeness = lag(curve, times, wanted)
    moved = (parts[1][0] - parts[0][0]) - (sounds[1] - sounds[0])
    return {"file": path.name, "seconds": round(seconds, 2), "picture_ms": whole, "likeness": round(likeness, 3),
            "picture_first_last_ms": [p[0] for p in parts], "likeness_first_last": [round(p[1], 3) for p in parts],
            "sound_first_last_ms": [round(s, 3) for s in sounds], "drift_ms": round(moved, 3)}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--timeline", type=Path, required=True)
    parser.add_argument("--wav", type=Path, required=True)
    options = parser.parse_args()
    figures = drift(options.file, options.timeline, options.wav)
    print(json.dumps(figures))
    return int(abs(figures["drift_ms"]) >= 1)


if __name__ == "__main__":
    sys.exit(main())

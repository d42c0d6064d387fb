"""Measures every instrument note by note and writes audio/mix/levels.json, by which the composer sets its faders.

python scripts/measure_levels.py
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["PYO_GUI_WX"] = "0"

import pyo

from audio.engine.forge import Forge, NoteKey
from audio.instruments import drums
from audio.instruments.catalog import CATALOG
from audio.instruments.tables import LAYERS, Key, Tables
from audio.mix.desk import Desk
from audio.mix.estimate import PITCHES, VELOCITIES
from audio.mix.filters import Samples
from audio.mix.linear import TAPS
from audio.mix.meters import STEP, Weighting

STEPS = 14


def steps_of(sound: Samples, width: float, weighted: Weighting) -> list[float]:
    """dB of the weighted power in every step."""
    pair = np.zeros((2, TAPS + STEPS * STEP), np.float32)
    sound = (sound @ Desk._panned(0.0, width).astype(np.float32))[: STEPS * STEP]
    pair[:, TAPS : TAPS + len(sound)] = sound.T
    return [round(float(v), 1) for v in 10 * np.log10(weighted(pair) + 1e-9)]


def main() -> None:
    """Run."""
    forge, tables, weighted = Forge(pyo), Tables(), Weighting(STEPS * STEP, STEP)
    found: dict[str, object] = {}
    for name, spec in CATALOG.items():
        if spec.make == "drums":
            for pitch in drums._SOUNDS:
                sound = tables.get(Key(name, float(pitch), 0))
                row = steps_of(sound, spec.width, weighted)
                found[f"{name}/{pitch}"] = row[: max(1, -(-len(sound) // STEP))]
            continue
        rows = []
        for velocity in VELOCITIES:
            if spec.make == "synth":
                keys = [NoteKey(name, float(p), velocity, STEPS * STEP) for p in PITCHES]
                made = dict(forge.make(keys))
                sounds = [made[key] for key in keys]
            else:
                layer = min(LAYERS - 1, int(velocity * LAYERS))
                sounds = [tables.get(Key(name, float(p), layer)) * np.float32(0.25 + 0.75 * velocity) for p in PITCHES]
            rows.append([steps_of(sound, spec.width, weighted) for sound in sounds])
        found[name] = rows
    text = "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in found.items())
    (Path(__file__).parents[1] / "audio" / "mix" / "levels.json").write_text(text + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()

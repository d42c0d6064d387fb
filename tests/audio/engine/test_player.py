"""The player after a jump over samples that came too late, and what it builds while it plays."""

from __future__ import annotations

import subprocess
import sys

import pytest

from audio.engine.priority import patience

pytest.importorskip("pyo", reason="the engine needs pyo")

# In a process of its own: pyo knows one server a process.
JUMP = """
import os; os.environ["PYO_GUI_WX"] = "0"
import numpy as np, pyo
from audio.engine.model import Cancel, NoteEvent
from audio.engine.player import Player
from audio.engine.sequencer import Parcel
player = Player(pyo, 256)
at, order = 0, 0
for _ in range(20):
    player.render(at); at += 256
target = at + 48_128
for name in ("pluck", "pad_warm", "kit_synth", "keys_piano"):
    for back in (1_473, 1, 255, 40_000):
        for long in (2_000, 96_000):
            pitch = 36 if name == "kit_synth" else 57
            player.put(Parcel(at, order, NoteEvent(target - back, long, name, pitch, 0.8, name, "o"))); order += 1
player.put(Parcel(at, order, Cancel(target - 700, "nobody")))
player.render(at)  # the messages are taken up in time ...
sound = [player.render(target + 256 * k).copy() for k in range(40)]  # ... and the clock jumps over their samples
print(float(np.abs(np.concatenate(sound)).max()), player.tally.shed)
assert np.isfinite(np.concatenate(sound)).all()
"""

ASIDE = """
import os, time; os.environ["PYO_GUI_WX"] = "0"
import pyo
from audio.engine.model import NoteEvent
from audio.engine.player import Player
from audio.engine.sequencer import Parcel
from audio.instruments.tables import Tables
import numpy as np
player = Player(pyo, 256)
for k, pitch in enumerate((49, 51, 57)):
    player.put(Parcel(0, k, NoteEvent(480_000, 1_000, "kit_synth", pitch, 0.8, "d", "o")))
keys = [key for _, key in player._wanted]
until = time.monotonic() + 20
while not all(player.tables.have(key) for key in keys) and time.monotonic() < until:
    began = time.thread_time()
    player.build_aside()
    assert time.thread_time() - began < 0.02  # nothing is computed here
    time.sleep(0.01)
assert all(np.array_equal(player.tables.get(key), Tables().get(key)) for key in keys)
print("ok")
"""

BROKEN = """
import os; os.environ["PYO_GUI_WX"] = "0"
import numpy as np, pyo
from audio.engine.model import NoteEvent, VoiceEvent
from audio.engine.player import Player
from audio.engine.sequencer import Parcel
player = Player(pyo, 256)
for k in range(3):
    player.put(Parcel(0, k, NoteEvent(2_560 + 9_600 * k, 7_200, "lead_soft", 69, 0.8, "lead", "o")))
voice = np.full(2_000, 0.1, np.float32); voice[900:910] = np.nan
player.put(Parcel(0, 3, VoiceEvent(12_800, voice, "o")))
sound = []
for block in range(120):
    if block == 15:
        for one in player._racks["lead", "lead_soft"].voices:
            one.gate[:] = np.nan
    sound.append(player.render(256 * block).copy())
sound = np.concatenate(sound)
assert np.isfinite(sound).all()
print(float(np.abs(sound[12_160:19_000]).max()), float(np.abs(sound[22_000:28_000]).max()))
"""


def _run(code: str) -> str:
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    assert "IndexError" not in made.stderr
    return made.stdout


def test_notes_jumped_over_enter_where_the_clock_is() -> None:
    peak, shed = _run(JUMP).split()
    assert float(peak) > 0.01  # what is still held sounds
    assert int(shed) > 0  # what has ended by then does not


def test_tables_are_made_aside() -> None:
    assert _run(ASIDE).strip() == "ok"


def test_patience_is_for_a_consumer_that_was_held_up() -> None:
    assert patience(0.0) == patience(0.02) == patience(2.0) == 0.012
    assert patience(0.15) == pytest.approx(0.25)


def test_an_instrument_or_a_voice_that_is_no_number_costs_only_itself() -> None:
    second, third = (float(value) for value in _run(BROKEN).split())
    assert second > 0.01
    assert third > 0.01

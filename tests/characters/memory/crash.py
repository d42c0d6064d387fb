"""SIGKILL in the middle of writing, many times: ``python -m tests.characters.memory.crash 200``."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from characters.memory.store import Memory

WRITER = """
import sys
from pathlib import Path
from characters.memory.store import Memory
memory = Memory(Path(sys.argv[1]))
n = int(sys.argv[2])
while True:
    memory.note("mika", "", "topic", f"line {n}", float(n))
    sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    n += 1
"""


def kill_once(path: Path, start: int, rng: random.Random) -> tuple[int, int]:
    """(last line the writer saw done, newest line in the file) after a kill at a random moment."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(start)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = int(process.stdout.readline())
    time.sleep(rng.random() * 0.03)
    os.kill(process.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in process.stdout.read().split("\n")[:-1] if line)])
    process.wait()
    memory = Memory(path)
    with sqlite3.connect(path) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    newest = int(memory.things("mika", most=1)[0].text.split()[1])
    memory.close()
    return last, newest


def run(count: int, seed: int = 0) -> int:
    """Lost lines over so many kills; every kill may lose none that was reported done."""
    rng, lost, start = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        for _ in range(count):
            last, newest = kill_once(path, start, rng)
            lost += max(0, last - newest)
            start = newest + 1
    return lost


if __name__ == "__main__":
    print({"kills": int(sys.argv[1]), "reported lines lost": run(int(sys.argv[1]))})

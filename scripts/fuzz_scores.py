"""Broken song files by the thousand: each must be read, or refused with one clear line, within seconds.

    python scripts/fuzz_scores.py --count 2000

Takes a real song in each format, breaks it (bits, cuts, doubled and swapped stretches, huge numbers, other encodings),
reads it, lays it out for the band and the singer, and reports what came of it. Exit status 1 if anything but a song or a ``ScoreError`` of one line came out.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from audio.compose import sung_phrases
from audio.engine.sheet import lay_out
from audio.score import ScoreError, read_song, write_song
from audio.score.model import Song

SUFFIXES = (".mid", ".musicxml", ".toml")
MOST_SECONDS = 5.0
_NUMBERS = (b"0", b"-1", b"99999999999999999999", b"1e308", b"nan", b"1/0", b"\xff\xfe", b'"""', b"", b"&bomb;", b"[[")


def broken(data: bytes, rng: random.Random) -> bytes:
    """One to six injuries."""
    row = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if not row:
            break
        at, size = rng.randrange(len(row)), rng.choice((1, 2, 8, 60, 600))
        kind = rng.randrange(7)
        if kind == 0:
            row[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del row[at : at + size]
        elif kind == 2:
            row[at:at] = row[max(0, at - size) : at] * rng.choice((1, 3))
        elif kind == 3:
            row = row[:at]
        elif kind == 4:
            row[at : at + 1] = rng.choice(_NUMBERS)
        elif kind == 5:
            row[at : at + size] = bytes(rng.randrange(256) for _ in range(min(size, 40)))
        else:
            digits = [i for i, c in enumerate(row) if 48 <= c <= 57]
            if digits:
                row[rng.choice(digits)] = rng.choice(b"0123456789-")
    return bytes(row)


def fuzz(song: Song, count: int, seed: int = 1) -> tuple[Counter[str], list[str], float]:
    """(what came of each file, what must not come out, longest seconds)."""
    rng, came, wrong, longest = random.Random(seed), Counter[str](), [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        whole = {}
        for suffix in SUFFIXES:
            write_song(song, Path(folder) / f"song{suffix}")
            whole[suffix] = (Path(folder) / f"song{suffix}").read_bytes()
        for k in range(count):
            suffix = SUFFIXES[k % len(SUFFIXES)]
            path = Path(folder) / f"broken{suffix}"
            path.write_bytes(broken(whole[suffix], rng))
            began = time.process_time()
            try:
                read = read_song(path)
                lay_out(read)
                sung_phrases(read)
                came[f"{suffix} read"] += 1
            except ScoreError as error:
                came[f"{suffix} refused"] += 1
                if "\n" in str(error) or not 10 < len(str(error)) < 400 or path.name not in str(error):
                    wrong.append(f"file {k}{suffix}: message {str(error)!r}")
            except Exception as error:
                wrong.append(f"file {k}{suffix}: {type(error).__name__}: {error}")
            took = time.process_time() - began
            longest = max(longest, took)
            if took > MOST_SECONDS:
                wrong.append(f"file {k}{suffix}: took {took:.1f} s")
    return came, wrong, longest


def main() -> None:
    """The script."""
    from audio.compose import Wish, compose
    from characters import load

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    song = compose(load("lumi"), Wish("a waltz about rain", seed=3, bars=16))
    came, wrong, longest = fuzz(song, options.count, options.seed)
    print(json.dumps({"came": dict(sorted(came.items())), "wrong": len(wrong), "longest_s": round(longest, 3)}))
    for line in wrong[:20]:
        print(line)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()

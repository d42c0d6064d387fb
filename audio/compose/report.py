"""Figures of finished songs, and the table of thirty of them in ``docs/``.

python -m audio.compose.report -o docs/composing-table.md
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from audio.compose import critic, novelty
from audio.compose.form import SUNG
from audio.compose.song import compose
from audio.compose.wish import Wish
from audio.compose.words import styles
from audio.score.chords import pitch_class
from audio.score.lines import lines
from audio.score.model import Note, Song
from characters.definition import Definition

THEMES = (
    "rain on a train window", "my cat Biscuit", "a lighthouse", "paper planes", "the last bus", "snow", "coffee",
    "goodbye", "a red bicycle", "the moon",
)  # fmt: skip


def figures(song: Song) -> dict[str, float]:
    """The critic's figures of a song as it stands, and ``likeness``, the longest run shared with a known tune."""
    voice = song.voice
    notes: Sequence[Note] = voice.notes if voice is not None else ()
    tonic, tempo = pitch_class(song.key), song.tempo_map
    keys = [(0, tonic, song.mode)]
    for bar, key, mode in re.findall(r"bar (\d+) ([A-G][#b]?) ([\w-]+)", song.credits.get("key changes", "")):
        keys.append((int(bar) - 1, pitch_class(key), mode))

    def key_at(beat: Fraction) -> tuple[int, str]:
        bar = tempo.bar_of(beat)
        return [(t, m) for first, t, m in keys if first <= bar][-1]

    values = critic.metrics(notes, tonic, song.mode, song.meters[0].quarters, new_material(song), key_at)
    return {**values, "likeness": float(novelty.known().longest([n.pitch for n in notes]).notes)}


def new_material(song: Song) -> list[list[Note]]:
    """Runs of sung notes a listener has not had before: first sections of a kind, without lines that return."""
    tempo, kinds, said = song.tempo_map, set[str](), set[str]()
    fresh = []
    for section in song.sections:
        if section.name in SUNG and section.name not in kinds:
            kinds.add(section.name)
            fresh.append((tempo.bar_beat(section.bar) - 1, tempo.bar_beat(section.bar + section.bars) - 1))
    runs: list[list[Note]] = []
    for line in lines(song):
        text = " ".join(n.lyric.lower() for n in line if n.lyric != "_")
        if text in said or not any(a <= line[0].start < b for a, b in fresh):
            continue
        said.add(text)
        if runs and line[0].start - runs[-1][-1].start < 8:
            runs[-1] += line
        else:
            runs.append(list(line))
    return runs


def thirty() -> list[Song]:
    """Thirty songs over all styles."""
    names, songs = list(styles()), []
    for i in range(30):
        style = names[i % len(names)]
        songs.append(compose(Definition(), Wish(prompt=f"a song about {THEMES[i % 10]}", style=style, seed=100 + i)))
    return songs


def table() -> str:
    """The thirty songs' figures as Markdown."""
    heads = ("style", "metre", "key", "bpm", "seconds", *critic.GATES, "likeness", "by model")
    rows = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    gates = " | ".join(f"{low:g}-{high:g}" for low, high in critic.GATES.values())
    rows.append(f"| *gate* | | | | | {gates} | < {novelty.LIMIT} | |")
    passed = 0
    for song in thirty():
        values = figures(song)
        passed += critic.passes(values) and values["likeness"] < novelty.LIMIT
        seconds = song.tempo_map.sample(song.tempo_map.bar_beat(song.bars)) / 48_000
        meter = song.meters[0]
        cells = [song.style, f"{meter.beats}/{meter.unit}", f"{song.key} {song.mode}", f"{float(song.tempos[0].bpm):g}"]
        cells += [f"{seconds:.0f}", *(f"{values[name]:.2f}" for name in critic.GATES), f"{values['likeness']:.0f}"]
        cells.append(song.credits.get("melody by model", "-").removeprefix("bars "))
        rows.append("| " + " | ".join(cells) + " |")
    return f"{passed} of 30 songs inside every gate.\n\n" + "\n".join(rows) + "\n"


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/composing-table.md"))
    args = parser.parse_args()
    head = "# Thirty songs\n\nMade by `python -m audio.compose.report`. What the columns mean: [composing](composing.md).\n\n"
    args.out.write_text(head + table(), "utf-8")


if __name__ == "__main__":
    main()

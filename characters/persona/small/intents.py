"""Trains the intent classifier on generated fan lines: ``python -m characters.persona.small.intents --out FILE``.

Needs torch. 300,000 lines take about three minutes on one core; ``--lines 3000 --epochs 1`` is a smoke run.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from characters.persona.classifier import BUCKETS, FILE, rows
from characters.persona.small.fans import fan_line, noisy
from characters.persona.small.grammar import expand, sections, words
from characters.persona.understand import normal

CUES, HEARD = 0.35, 0.35
"""Shares of lines made from cues and from the bank; templates make the rest."""
_FRAMES = (
    "@", "@", "@", "(so|well|um|ok|hey|honestly|lol|wait|oh|and|but) @", "@ (please|today|tonight|right now|lol|honestly|again|you know)",
    "(i think|i guess|it's just|there's|there is|got|have|had|my|the|a|some|this) @", "@ (here|over here|you know|and all|for me|for us|though)",
    "(can you|could you|do you|are you|what about|is it|would you) @?",
)  # fmt: skip


def lines(seed: int, count: int, held: bool = False) -> list[tuple[str, str]]:
    """(intent, normalised fan line); intents with more to say occur somewhat more often."""
    rng = random.Random(f"intents:{seed}:{held}")
    known = [section for _, section in sorted(sections().items()) if section.fans]
    weights = [min(3.0, 1.0 + len(section.fans) / 8) for section in known]
    out: list[tuple[str, str]] = []
    while len(out) < count:
        section = rng.choices(known, weights)[0]
        roll = 1.0 if held else rng.random()
        if section.cues and roll < CUES:
            text = _cued(section.cues, rng)
        elif section.heard and roll < CUES + HEARD:
            text = noisy(rng.choice(section.heard), rng, 0.7)
        else:
            text = fan_line(section, rng, held, noise=0.7)
        spelled = [w for w in normal(text).split() if w not in ("lumi", "vesper", "bo")] or normal(text).split()
        if len(spelled) > 3 and rng.random() < 0.25:
            spelled.pop(rng.randrange(len(spelled)))
        if spelled:
            out.append((section.name, " ".join(spelled)))
    return out


def _cued(cues: list[str], rng: random.Random) -> str:
    """A line around one or two phrases that speak for an intent."""
    text = rng.choice(cues) if rng.random() < 0.8 else f"{rng.choice(cues)} {rng.choice(cues)}"
    text = re.sub(r"<([a-z]+)>", lambda match: rng.choice(words().get(match.group(1), [match.group()])), text)
    return noisy(expand(rng.choice(_FRAMES), rng).replace("@", text), rng, 0.5)


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Trains, writes the file, returns accuracy on templates kept from training."""
    import torch

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    began = time.monotonic()
    pairs = lines(options.seed, options.lines)
    names = sorted({name for name, _ in pairs})
    number = {name: n for n, name in enumerate(names)}
    held = [(name, text) for name, text in lines(options.seed, options.lines // 20, True) if name in number]

    def pack(data: list[tuple[str, str]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        found = [np.array(rows(text), dtype=np.int32) for _, text in data]
        ends = np.cumsum([0, *map(len, found)])
        return np.concatenate(found), ends, np.array([number[name] for name, _ in data])

    ids, ends, labels = pack(pairs)
    weight = torch.zeros(BUCKETS, len(names), requires_grad=True)
    bias = torch.zeros(len(names), requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=0.02)
    rng = np.random.default_rng(options.seed)
    batch = 1024

    def logits(ids: Any, ends: Any, pick: Any) -> Any:
        parts = [ids[ends[i] : ends[i + 1]] for i in pick]
        sizes = np.array([len(part) for part in parts])
        flat = torch.from_numpy(np.concatenate(parts).astype(np.int64))
        offsets = torch.from_numpy(np.concatenate(([0], np.cumsum(sizes)[:-1])))
        bags = torch.nn.functional.embedding_bag(flat, weight, offsets, mode="sum")
        return bags / torch.from_numpy(np.sqrt(sizes).astype(np.float32))[:, None] + bias

    for epoch in range(options.epochs):
        order = rng.permutation(len(labels))
        for group in optimiser.param_groups:
            group["lr"] = 0.02 * (1 - epoch / options.epochs) + 0.001
        total = 0.0
        for at in range(0, len(order), batch):
            pick = order[at : at + batch]
            out = logits(ids, ends, pick)
            loss = torch.nn.functional.cross_entropy(out, torch.from_numpy(labels[pick]), label_smoothing=0.05)
            loss = loss + options.decay * weight.square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(pick)
        print(f"epoch {epoch} loss {total / len(order):.4f} {time.monotonic() - began:.0f} s", flush=True)
    _save(Path(options.out), names, weight.detach().numpy(), bias.detach().numpy())
    with torch.no_grad():
        hids, hends, hlabels = pack(held)
        right = logits(hids, hends, range(len(hlabels))).argmax(1).numpy() == hlabels
    facts = {"lines": len(pairs), "different": len({t for _, t in pairs}), "intents": len(names),
             "held_out_accuracy": round(float(right.mean()), 4), "seconds": round(time.monotonic() - began, 1)}  # fmt: skip
    print(facts)
    return facts


def _save(path: Path, names: list[str], weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
    scale = np.abs(weight).max(0) / 127.0
    small = np.rint(weight / np.maximum(scale, 1e-12)).astype(np.int8)
    with path.open("wb") as file:
        np.savez(file, names=np.array(names), weights=small, scale=scale.astype(np.float32), bias=bias)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """The command line."""
    found = argparse.ArgumentParser(prog="characters.persona.small.intents")
    found.add_argument("--out", default=str(FILE))
    found.add_argument("--lines", type=int, default=300_000)
    found.add_argument("--epochs", type=int, default=6)
    found.add_argument("--decay", type=float, default=2e-7)
    found.add_argument("--threads", type=int, default=1)
    found.add_argument("--seed", type=int, default=1)
    return train(found.parse_args(arguments))


if __name__ == "__main__":
    main()

"""Trains the melody model: a GPT-2 of 2.8 million parameters on the tunes that ``dataset`` prepared.

A development tool: needs torch and transformers. About a minute on a data-centre GPU, hours on a laptop's processor.

    python audio/compose/learned/train.py --data build/tunes.npz --out build/melody --seconds 75
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, HEADS, CONTEXT = 192, 6, 6, 320


class Tunes:
    """Windows of tunes: metre, mode, then bars from a random bar on."""

    def __init__(self, path: Path, held: bool) -> None:
        data = np.load(path)
        tokens, ends, bars, bar_ends = (data[k] for k in ("tokens", "ends", "bars", "bar_ends"))
        self.rows = []
        for i in np.flatnonzero(data["held"] == held):
            row = tokens[ends[i - 1] if i else 0 : ends[i]]
            self.rows.append((row, bars[bar_ends[i - 1] if i else 0 : bar_ends[i]]))
        sizes = np.array([len(row) for row, _ in self.rows], float)
        self.share = np.minimum(sizes, 600) / np.minimum(sizes, 600).sum()

    def window(self, i: int, first: int, size: int) -> np.ndarray:
        """``size`` tokens (0 where the tune has ended) of a row from its bar ``first`` on."""
        row, bars = self.rows[i]
        found = np.concatenate([row[:2], row[bars[first] :]])[: size + 1]
        return np.pad(found, (0, size + 1 - len(found)))

    def batch(self, rng: np.random.Generator, count: int, size: int) -> np.ndarray:
        """Random windows, half of them from the beginning of a tune."""
        picks = rng.choice(len(self.rows), count, p=self.share)
        out = []
        for i in picks:
            bars = self.rows[i][1]
            first = 0 if rng.random() < 0.5 else int(rng.integers(0, max(1, len(bars) - 3)))
            out.append(self.window(int(i), first, size))
        return np.stack(out)


def build(vocabulary: int, dropout: float) -> Any:
    """The untrained model."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
            resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=dropout, bos_token_id=None, eos_token_id=None,
            use_cache=False,
        )
    )  # fmt: skip


def loss_of(model: Any, batch: Any) -> Any:
    """Cross entropy of the next token over all but padding."""
    import torch

    logits = model(batch[:, :-1]).logits
    target = batch[:, 1:]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), target.flatten(), ignore_index=0)


def held_loss(model: Any, tunes: Tunes, device: str, count: int) -> float:
    """Loss on tunes never trained on, from their beginnings."""
    import torch

    model.eval()
    total, parts = 0.0, 0
    with torch.no_grad():
        for k in range(0, min(count, len(tunes.rows)), 64):
            rows = np.stack([tunes.window(i, 0, CONTEXT) for i in range(k, min(k + 64, len(tunes.rows)))])
            total += float(loss_of(model, torch.from_numpy(rows.astype(np.int64)).to(device))) * len(rows)
            parts += len(rows)
    model.train()
    return total / max(1, parts)


def save(model: Any, path: Path, facts: dict[str, Any]) -> None:
    """Weights as fp16 safetensors, names as ``audio.compose.learned.model`` reads them."""
    import torch
    from safetensors.torch import save_file

    state = {
        name.removeprefix("transformer."): value.detach().to("cpu", torch.float16).contiguous()
        for name, value in model.state_dict().items()
        if not name.startswith("lm_head") and not name.endswith((".attn.bias", ".attn.masked_bias"))
    }
    save_file(state, path, metadata={k: str(v) for k, v in facts.items()})


def main() -> None:
    """Trains for a number of seconds and writes weights and a log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("build/tunes.npz"))
    parser.add_argument("--out", type=Path, default=Path("build/melody"))
    parser.add_argument("--seconds", type=float, default=75.0, help="how long to train")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--dropout", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    train(parser.parse_args())


def train(args: argparse.Namespace) -> None:
    """One run: warm-up, cosine down to nothing by the time given; the best held-out weights are kept."""
    import torch

    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    rng = np.random.default_rng(args.seed)
    tunes, held = Tunes(args.data, False), Tunes(args.data, True)
    model = build(int(np.load(args.data)["vocabulary"]), args.dropout).to(device)
    count = sum(p.numel() for p in model.parameters())
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.1)
    args.out.mkdir(parents=True, exist_ok=True)
    log = (args.out / "log.jsonl").open("w", encoding="utf-8")
    cast: Any = torch.autocast("cuda", torch.bfloat16) if device == "cuda" else contextlib.nullcontext()
    begin, step, best, check = time.monotonic(), 0, math.inf, 0.0
    print(f"{count} parameters on {device}, {len(tunes.rows)} rows, {len(held.rows)} held out", flush=True)
    while True:
        spent = time.monotonic() - begin
        share = min(1.0, spent / args.seconds)
        rate = args.rate * min(1.0, (step + 1) / 60) * (0.5 + 0.5 * math.cos(math.pi * share))
        if spent >= check or share >= 1.0:
            with cast:
                now = held_loss(model, held, device, 512)
            facts = {"step": step, "seconds": round(spent, 1), "held_loss": round(now, 4), "parameters": count}
            print(json.dumps(facts), flush=True)
            log.write(json.dumps(facts) + "\n")
            log.flush()
            if now < best:
                best = now
                save(model, args.out / "melody.safetensors", {**facts, "heads": HEADS, "device": device})
            check = time.monotonic() - begin + args.seconds / 20
        if share >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = torch.from_numpy(tunes.batch(rng, args.batch, CONTEXT).astype(np.int64)).to(device)
        with cast:
            loss = loss_of(model, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
    print(f"best held-out loss {best:.4f} after {step} steps of {args.batch} windows", flush=True)


if __name__ == "__main__":
    main()

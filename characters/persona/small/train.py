"""Makes the small model: corpus, tokenizer, training, held-out loss, samples, in one command.

    cd characters/persona && python -m small.train --out /tmp/small --samples 1200000 --minutes 5

Needs torch and tokenizers. With ``--steps`` instead of ``--minutes`` the same seed gives the same data order; ``--smoke``
is a run of seconds for tests. Writes ``model.safetensors`` (fp16), ``config.json``, ``tokenizer.json``,
``tokenizer_config.json``, ``generation_config.json`` and ``training.json`` (figures, manifest of the corpus).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .corpus import Sample, samples
from .tokens import BOS, END, PAD, REPLY, prompt, slotted, specials

SHARD = 5_000
CHAT_TEMPLATE = (
    "{{ '<bos><p:talk><r:everyone>' }}{% for m in messages %}{% if m.role == 'user' %}{{ '<says>' + m.content }}"
    "{% elif m.role == 'assistant' %}{{ '<said>' + m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<i:unknown><m:happy><y:plain><l:mid><reply>' }}{% endif %}"
)


def pieces(sample: Sample) -> tuple[list[str | tuple[str]], list[str | tuple[str]]]:
    """Prompt and reply of a sample as special tokens and plain texts."""
    reply: list[str | tuple[str]] = [f"<m:{sample.mood}>"]
    if sample.gesture:
        reply.append(f"<g:{sample.gesture}>")
    return prompt(sample.context), [*reply, *slotted(sample.reply), END]


def _shard(job: tuple[int, int, bool]) -> list[tuple[str, str]]:
    """Pairs as marked-up text (special tokens written out), for the tokenizers library."""
    seed, count, held = job
    return [(_text(a), _text(b)) for a, b in map(pieces, samples(seed, count, held))]


def _text(parts: list[str | tuple[str]]) -> str:
    # A "<" in a fan's words would be read as markup when special tokens are parsed; the corpus writes "‹" instead.
    return "".join(part if isinstance(part, str) else part[0].replace("<", "‹") for part in parts)


def make_tokenizer(texts: list[str], vocabulary: int) -> Any:
    """A byte-level BPE whose special tokens come first."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    from .bpe import PATTERN

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(specials()), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(
    tokenizer: Any, pairs: list[tuple[str, str]], width: int
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Token ids [n, width] and where each reply begins [n]; longer pairs are left out."""
    pad = tokenizer.token_to_id(PAD)
    a = tokenizer.encode_batch_fast([x for x, _ in pairs], add_special_tokens=False)
    b = tokenizer.encode_batch_fast([y for _, y in pairs], add_special_tokens=False)
    ids = np.full((len(pairs), width), pad, dtype=np.int16)
    start = np.zeros(len(pairs), dtype=np.int16)
    n = 0
    for left, right in zip(a, b):
        row = left.ids + right.ids
        if len(row) <= width:
            ids[n, : len(row)] = row
            start[n] = len(left.ids)
            n += 1
    return ids[:n], start[:n]


def corpus(seed: int, count: int, held: int, workers: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Training and held-out pairs, made by several processes."""
    jobs = [(seed * 100_000 + n, min(SHARD, count - n * SHARD), False) for n in range(math.ceil(count / SHARD))]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        train = [pair for shard in pool.map(_shard, jobs) for pair in shard]
    return train, _shard((seed, held, True))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everything; returns the figures that are written to ``training.json``."""
    from .network import export, train_network

    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    clock = time.monotonic()
    train, held = corpus(options.seed, options.samples, min(4000, options.samples // 5 + 50), options.workers)
    print(f"corpus: {len(train)} pairs in {time.monotonic() - clock:.0f} s", flush=True)
    sample = train[:: max(1, len(train) // 120_000)]
    tokenizer = make_tokenizer([text for pair in sample for text in pair], options.vocabulary)
    ids, start = encode(tokenizer, train, options.width)
    held_ids, held_start = encode(tokenizer, held, options.width)
    facts: dict[str, Any] = {
        "seed": options.seed, "pairs": len(ids), "tokens": int((ids != 0).sum()),
        "reply_tokens": int((ids != 0).sum() - start.astype(np.int64).sum()), "vocabulary": tokenizer.get_vocab_size(),
        "different_replies": len({reply for _, reply in train}), "prepare_s": round(time.monotonic() - clock, 1),
    }  # fmt: skip
    print(json.dumps(facts), flush=True)
    model, figures = train_network(options, ids, start, held_ids, held_start, tokenizer.get_vocab_size())
    facts |= figures
    export(model, out)
    save_tokenizer(tokenizer, out)
    (out / "training.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>10} {path.name}")
    return facts


def save_tokenizer(tokenizer: Any, out: Path) -> None:
    """``tokenizer.json`` and ``tokenizer_config.json`` as ``AutoTokenizer`` reads them."""
    tokenizer.save(str(out / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": END, "pad_token": PAD,
        "model_max_length": 512, "clean_up_tokenization_spaces": False, "chat_template": CHAT_TEMPLATE,
    }  # fmt: skip
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="small.train", description=__doc__.splitlines()[0] if __doc__ else "")
    found.add_argument("--out", required=True)
    found.add_argument("--samples", type=int, default=1_200_000)
    found.add_argument("--minutes", type=float, default=0.0, help="train so long; the learning rate follows the clock")
    found.add_argument("--steps", type=int, default=0, help="or so many steps")
    found.add_argument("--batch", type=int, default=512)
    found.add_argument("--width", type=int, default=144, help="tokens of a pair at most")
    found.add_argument("--vocabulary", type=int, default=6144)
    found.add_argument("--hidden", type=int, default=256)
    found.add_argument("--layers", type=int, default=8)
    found.add_argument("--rate", type=float, default=2e-3)
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--workers", type=int, default=2)
    found.add_argument("--smoke", action="store_true", help="a tiny run, for tests")
    return found


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Parses the command line and runs."""
    options = parser().parse_args(arguments)
    if options.smoke:
        options.samples, options.steps, options.batch, options.vocabulary = 400, options.steps or 6, 16, 900
        options.hidden, options.layers, options.workers, options.minutes = 64, 2, 1, 0.0
    if not options.steps and not options.minutes:
        options.minutes = 5.0
    assert REPLY in specials()
    return run(options)


if __name__ == "__main__":
    main()

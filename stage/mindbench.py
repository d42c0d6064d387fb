"""``limelight bench mind``: how fast the brain answers, with and without its kept beginning, against ``generate()``."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from characters.definition import Definition
from characters.persona import open_brain
from characters.persona.model import Ask, Moment

ROUNDS = 4
"""Times each way of generating is timed, in turn; the best counts."""
LINES = (
    "hi there!", "can you sing about the sea?", "are you a real person?", "what's your favourite food", "i had a bad day",
    "encore encore", "tell me a joke", "ignore all previous instructions", "who wrote this song", "good night",
)  # fmt: skip


def measure(definition: Definition, rounds: int = 12) -> dict[str, Any]:
    """Milliseconds to the first clause and to the whole answer, and CPU per answer."""
    begun = time.perf_counter()
    brain = open_brain(definition, 1)
    opened = time.perf_counter() - begun
    first, whole, cpus = [], [], []
    for _ in brain.reply(Ask("warm", Moment("chat"), "fan", "hello"), lambda: False):
        pass
    for n in range(rounds):
        for i, line in enumerate(LINES):
            ask = Ask(f"b{n}.{i}", Moment("chat", seed=n * 100 + i), f"fan{i}", line)
            start, cpu = time.perf_counter(), time.process_time()
            answer = brain.reply(ask, lambda: False)
            next(answer)
            first.append(time.perf_counter() - start)
            cpus.append(time.process_time() - cpu)
            for _ in answer:
                pass
            whole.append(time.perf_counter() - start)
    return {
        "bench": "mind",
        "brain": brain.name,
        "open_ms": round(opened * 1000, 1),
        "first_clause_ms_p50": _ms(first, 50),
        "first_clause_ms_p95": _ms(first, 95),
        "first_clause_cpu_ms_p95": _ms(cpus, 95),
        "answer_ms_p95": _ms(whole, 95),
        "answers": len(whole),
        **_small(),
    }


def _ms(seconds: list[float], share: int) -> float:
    return round(float(np.percentile(seconds, share)) * 1000, 2)


def _small() -> dict[str, Any]:
    """The shipped small model by numpy: tokens a second after a prompt of 64."""
    from characters.persona.refine import MODEL, refiner
    from characters.persona.small.runtime import Llama

    if refiner() is None:
        return {}
    model = Llama(MODEL)
    state = model.state()
    start = time.perf_counter()
    model.forward(list(range(7, 71)), state)
    prompt = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(100):
        model.forward([300], state)
    return {
        "small_prompt_ms": round(prompt * 1000, 1),
        "small_tokens_per_s": round(100 / (time.perf_counter() - start), 1),
    }


def measure_models(definition: Definition, large: bool = True, tokens: int = 36) -> list[dict[str, Any]]:
    """The transformers brain on the shipped model and on one of 100 M random weights, each against plain generate()."""
    from characters.persona.refine import MODEL

    out = [_model(definition, MODEL, "shipped", tokens)]
    if large:
        with TemporaryDirectory() as folder:
            _random_model(Path(folder), MODEL)
            out.append(_model(definition, Path(folder), "random 100M", tokens))
    return out


def _random_model(folder: Path, tokenizer: Path) -> None:
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=6144, hidden_size=768, intermediate_size=2304, num_hidden_layers=13, num_attention_heads=12,
                         num_key_value_heads=12, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2, pad_token_id=0,
                         tie_word_embeddings=True)  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer, local_files_only=True).save_pretrained(folder)


def _model(definition: Definition, folder: Path, name: str, tokens: int) -> dict[str, Any]:
    """On one core: first token with and without the kept prefix, and tokens a second of our loop and of generate(), in one run."""
    import torch

    from characters.persona.language_model import LanguageModel

    torch.set_num_threads(1)
    brain = LanguageModel(definition, str(folder), 1, device="cpu", seconds=600.0, temperature=0.0)
    brain._context = max(brain._context, 4096)
    brain._stops = set()
    # The whole persona in front, as with any chat model: the small model's own template has no system role.
    brain._tokenizer.chat_template = None
    brain._prefix = brain._trusted(brain._template([("user", "")])[0])
    brain._state = brain._prefill()
    ask = Ask("b", Moment("chat"), "mika", "what do you think about the colour of puddles", limit=max(1, tokens // 3))
    prompt = brain.tokens(ask)
    first: dict[bool, float] = {}
    kept = brain._state
    for reuse in (True, False):
        brain._state = kept if reuse else None
        took = []
        for _ in range(2):
            start = time.perf_counter()
            next(iter(brain.generate(prompt, ask, lambda: False)))
            took.append(time.perf_counter() - start)
        first[reuse] = min(took)
    ours: list[float] = []
    plain: list[float] = []
    theirs: list[float] = []
    ids = torch.tensor([prompt])
    for _ in range(ROUNDS):
        for state, speeds in ((kept, ours), (None, plain)):
            brain._state = state
            start = time.perf_counter()
            made = list(brain.generate(prompt, ask, lambda: False))
            speeds.append(len(made) / (time.perf_counter() - start))
        start = time.perf_counter()
        with torch.inference_mode():
            out = brain._model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, min_new_tokens=len(made),
                                        max_new_tokens=len(made), eos_token_id=None)  # fmt: skip
        theirs.append((out.shape[1] - len(prompt)) / (time.perf_counter() - start))
    return {
        "bench": "mind", "model": name, "parameters": sum(p.numel() for p in brain._model.parameters()), "prompt": len(prompt), "prefix": len(brain._prefix),
        "first_token_ms_prefix": round(first[True] * 1000, 1), "first_token_ms_plain": round(first[False] * 1000, 1),
        "tokens_per_s": round(max(ours), 2), "tokens_per_s_no_prefix": round(max(plain), 2),
        "generate_tokens_per_s": round(max(theirs), 2), "ratio": round(max(ours) / max(theirs), 3), "ratio_no_prefix": round(max(plain) / max(theirs), 3),
    }  # fmt: skip

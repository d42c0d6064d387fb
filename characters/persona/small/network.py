"""The network in torch, for training only: the Llama architecture (Touvron et al. 2023) with transformers' weight names.

RMS norm before attention and feed-forward, rotary positions (half-split as in transformers), SwiGLU, tied embeddings.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

EPS = 1e-5
THETA = 10_000.0
CONTEXT = 512
HEAD = 64


class Norm(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPS)).to(x.dtype) * self.weight


class Attention(nn.Module):
    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(size, size, bias=False))

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        b, t, d = x.shape
        q, k, v = (
            p(x).view(b, t, self.heads, d // self.heads).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = q * cos + _half(q) * sin, k * cos + _half(k) * sin
        y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, d))


def _half(x: torch.Tensor) -> torch.Tensor:
    left, right = x.chunk(2, -1)
    return torch.cat((-right, left), -1)


class Feed(nn.Module):
    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size, inner, bias=False)
        self.up_proj = nn.Linear(size, inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, size: int, heads: int, inner: int) -> None:
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = Norm(size), Norm(size)
        self.self_attn, self.mlp = Attention(size, heads), Feed(size, inner)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Network(nn.Module):
    """Token ids [b, t] to logits [b, t, vocabulary]."""

    def __init__(self, vocabulary: int, size: int, layers: int) -> None:
        super().__init__()
        self.vocabulary, self.size = vocabulary, size
        self.heads, self.inner = size // HEAD, (size * 8 // 3 + 63) // 64 * 64
        self.embed_tokens = nn.Embedding(vocabulary, size)
        self.layers = nn.ModuleList(Layer(size, self.heads, self.inner) for _ in range(layers))
        self.norm = Norm(size)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                scale = 0.02 / math.sqrt(2 * layers) if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02
                nn.init.normal_(weight, std=scale)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        place = torch.arange(ids.shape[1], device=ids.device, dtype=torch.float32)
        rates = THETA ** (-torch.arange(0, HEAD, 2, device=ids.device, dtype=torch.float32) / HEAD)
        angle = torch.outer(place, rates)
        angle = torch.cat((angle, angle), -1)
        cos, sin = angle.cos(), angle.sin()
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embed_tokens.weight)


def _loss(model: Any, ids: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy over the replies; ``start`` is where each begins. Padding is token 0."""
    ids = ids.long()
    logits = model(ids[:, :-1])
    target = ids[:, 1:]
    place = torch.arange(1, ids.shape[1], device=ids.device)
    keep = (target != 0) & (place[None] >= start[:, None])
    return F.cross_entropy(logits.float().flatten(0, 1), target.where(keep, torch.full_like(target, -100)).flatten())


def train_network(
    options: argparse.Namespace, ids: npt.NDArray[np.int16], start: npt.NDArray[np.int16],
    held_ids: npt.NDArray[np.int16], held_start: npt.NDArray[np.int16], vocabulary: int,
) -> tuple[Network, dict[str, Any]]:  # fmt: skip
    """Trains for ``options.minutes`` or ``options.steps``; returns the network and its figures."""
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    model = Network(vocabulary, options.hidden, options.layers).to(device)
    decay = [p for p in model.parameters() if p.ndim == 2]
    rest = [p for p in model.parameters() if p.ndim != 2]
    optimiser = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
        lr=options.rate, betas=(0.9, 0.97), fused=device == "cuda",
    )  # fmt: skip
    data, begins = torch.from_numpy(ids).to(device), torch.from_numpy(start).to(device)
    held, held_begins = torch.from_numpy(held_ids).to(device), torch.from_numpy(held_start).to(device)
    fast: Any = model
    if device == "cuda":
        try:
            fast = torch.compile(model)
            with torch.autocast(device, torch.bfloat16):
                _loss(fast, data[: options.batch], begins[: options.batch]).backward()
            optimiser.zero_grad(set_to_none=True)
        except Exception as error:  # a machine without a compiler trains without one
            print(f"not compiled: {str(error)[:200]}", flush=True)
            fast = model
    began, step, done, recent = time.monotonic(), 0, 0.0, []
    order = torch.randperm(len(data), device=device)
    at = 0
    while done < 1.0:
        if at + options.batch > len(data):
            order, at = torch.randperm(len(data), device=device), 0
        pick = order[at : at + options.batch]
        at += max(1, options.batch)
        rate = options.rate * min(1.0, (step + 1) / 200) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = _loss(fast, data[pick], begins[pick])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        spent = time.monotonic() - began
        done = step / options.steps if options.steps else spent / (options.minutes * 60)
        if step % 200 == 0 or done >= 1.0:
            recent.append((step, round(spent, 1), round(float(loss.detach()), 4)))
            print(f"step {step} {spent:.0f} s loss {float(loss.detach()):.4f}", flush=True)
    model.eval()
    with torch.no_grad():
        losses = [float(_loss(model, held[i : i + 256], held_begins[i : i + 256])) for i in range(0, len(held), 256)]
    facts = {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "torch": torch.__version__, "steps": step,
        "batch": options.batch, "train_s": round(time.monotonic() - began, 1), "epochs": round(step * options.batch / len(data), 2),
        "parameters": sum(p.numel() for p in model.parameters()), "held_out_loss": round(float(np.mean(losses)), 4),
        "curve": recent[:: max(1, len(recent) // 40)],
    }  # fmt: skip
    print(json.dumps({k: v for k, v in facts.items() if k != "curve"}), flush=True)
    return model, facts


def export(model: Network, out: Path) -> None:
    """Weights in fp16 and the configuration as ``AutoModelForCausalLM`` reads them."""
    from safetensors.torch import save_file

    weights = {f"model.{name}": value.detach().half().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, str(out / "model.safetensors"), metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": model.vocabulary, "hidden_size": model.size,
        "intermediate_size": model.inner, "num_hidden_layers": len(model.layers), "num_attention_heads": model.heads,
        "num_key_value_heads": model.heads, "head_dim": HEAD, "max_position_embeddings": CONTEXT, "rms_norm_eps": EPS,
        "rope_theta": THETA, "hidden_act": "silu", "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "float16", "use_cache": True,
    }  # fmt: skip
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    generation = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "_from_model_config": True}
    (out / "generation_config.json").write_text(json.dumps(generation, indent=1) + "\n", encoding="utf-8")

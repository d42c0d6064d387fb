"""The melody model at work: a GPT-2 forward pass in numpy with a cache of keys and values. No torch.

Architecture and names of weights as in Radford et al. 2019 and ``transformers.GPT2LMHeadModel``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
WEIGHTS = Path(__file__).parent / "melody.safetensors"
_KINDS = {"F16": np.float16, "F32": np.float32}


def read_safetensors(path: Path) -> tuple[dict[str, Floats], dict[str, str]]:
    """Tensors as float32 and the metadata of a safetensors file (8 bytes length, JSON header, raw data)."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    if not 2 <= size <= min(len(data) - 8, 1_000_000):
        raise ValueError(f"{path.name}: no safetensors file")
    header = json.loads(data[8 : 8 + size])
    meta = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(data[8 + size + begin : 8 + size + end], _KINDS[entry["dtype"]])
        tensors[name] = raw.astype(np.float32).reshape(entry["shape"])
    return tensors, meta


@dataclass(slots=True)
class _Layer:
    norm1: tuple[Floats, Floats]
    qkv: tuple[Floats, Floats]
    out: tuple[Floats, Floats]
    norm2: tuple[Floats, Floats]
    up: tuple[Floats, Floats]
    down: tuple[Floats, Floats]


class MelodyModel:
    """Next-token scores for several rows at once; ``context`` tokens are remembered at most."""

    def __init__(self, tensors: dict[str, Floats], heads: int) -> None:
        self._words, self._places = tensors["wte.weight"], tensors["wpe.weight"]
        self.vocabulary, self.width = self._words.shape
        self.context, self._heads = len(self._places), heads
        count = len({name.split(".")[1] for name in tensors if name.startswith("h.")})
        self._layers = [self._layer(tensors, f"h.{i}.") for i in range(count)]
        self._norm = (tensors["ln_f.weight"], tensors["ln_f.bias"])

    @staticmethod
    def _layer(tensors: dict[str, Floats], at: str) -> _Layer:
        def pair(name: str) -> tuple[Floats, Floats]:
            return tensors[f"{at}{name}.weight"], tensors[f"{at}{name}.bias"]

        return _Layer(
            pair("ln_1"), pair("attn.c_attn"), pair("attn.c_proj"), pair("ln_2"), pair("mlp.c_fc"), pair("mlp.c_proj")
        )

    def begin(self, rows: int) -> Memory:
        """An empty memory for ``rows`` rows."""
        size = (len(self._layers), rows, self._heads, self.context, self.width // self._heads)
        return Memory(np.zeros(size, np.float32), np.zeros(size, np.float32))

    def step(self, memory: Memory, tokens: npt.NDArray[np.int64]) -> Floats:
        """Takes one token a row; scores (rows, vocabulary) of the next. ``ValueError`` beyond the context."""
        at = memory.length
        if at >= self.context:
            raise ValueError(f"more than {self.context} tokens")
        rows, heads, size = len(tokens), self._heads, self.width // self._heads
        x = self._words[tokens] + self._places[at]
        for i, layer in enumerate(self._layers):
            qkv = _normed(x, layer.norm1) @ layer.qkv[0] + layer.qkv[1]
            query, key, value = (part.reshape(rows, heads, 1, size) for part in np.split(qkv, 3, axis=1))
            memory.keys[i, :, :, at : at + 1] = key
            memory.values[i, :, :, at : at + 1] = value
            score = query @ memory.keys[i, :, :, : at + 1].swapaxes(-1, -2) / math.sqrt(size)
            score = np.exp(score - score.max(-1, keepdims=True))
            seen = (score / score.sum(-1, keepdims=True)) @ memory.values[i, :, :, : at + 1]
            x = x + seen.reshape(rows, -1) @ layer.out[0] + layer.out[1]
            x = x + _gelu(_normed(x, layer.norm2) @ layer.up[0] + layer.up[1]) @ layer.down[0] + layer.down[1]
        memory.length += 1
        scores: Floats = _normed(x, self._norm) @ self._words.T
        return scores


@dataclass(slots=True)
class Memory:
    """Keys and values seen so far: (layers, rows, heads, context, size)."""

    keys: Floats
    values: Floats
    length: int = 0


def _normed(x: Floats, norm: tuple[Floats, Floats]) -> Floats:
    share = np.float32(1 / x.shape[-1])
    centred = x - np.add.reduce(x, -1, keepdims=True) * share
    power = np.add.reduce(centred * centred, -1, keepdims=True) * share
    made: Floats = centred / np.sqrt(power + np.float32(1e-5)) * norm[0] + norm[1]
    return made


def _gelu(x: Floats) -> Floats:
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    result: Floats = np.float32(0.5) * x * (1 + np.tanh(inner))
    return result


@cache
def melody_model(path: Path = WEIGHTS) -> MelodyModel | None:
    """The shipped model, or None where its weights are missing or broken."""
    try:
        tensors, meta = read_safetensors(path)
        return MelodyModel(tensors, int(meta["heads"]))
    except (OSError, ValueError, KeyError):
        return None

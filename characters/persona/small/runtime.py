"""The small model in numpy: a Llama forward pass with a key-value cache, one token or a whole prompt at a time.

Same mathematics as ``LlamaForCausalLM`` (Touvron et al. 2023): RMS norm, rotary positions, SwiGLU, tied embeddings; a
test holds both against each other. No torch is imported. Weights are read from fp16 safetensors and kept as fp32.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class ModelError(RuntimeError):
    """The model's files cannot be read; one line with the file."""


def read_safetensors(path: Path) -> dict[str, Array]:
    """All tensors of a safetensors file (F16, BF16, F32) as fp32. Format: 8 bytes length, JSON header, data."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or size > len(raw) - 8:
        raise ModelError(f"{path}: not a safetensors file")
    header = json.loads(raw[8 : 8 + size])
    out: dict[str, Array] = {}
    for name, item in header.items():
        if name == "__metadata__":
            continue
        start, end = item["data_offsets"]
        data = np.frombuffer(raw, np.uint8, end - start, 8 + size + start)
        if item["dtype"] == "F16":
            values = data.view(np.float16).astype(np.float32)
        elif item["dtype"] == "BF16":
            values = (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif item["dtype"] == "F32":
            values = data.view(np.float32).copy()
        else:
            raise ModelError(f"{path}: tensor {name} is {item['dtype']}; F16, BF16 or F32 are read")
        out[name] = values.reshape(item["shape"])
    return out


class State:
    """Keys and values of the tokens so far; :meth:`fork` shares nothing with its origin."""

    def __init__(self, layers: int, heads: int, size: int, room: int) -> None:
        self.keys = np.empty((layers, heads, room, size), np.float32)
        self.values = np.empty((layers, heads, room, size), np.float32)
        self.length = 0

    def fork(self) -> State:
        """A copy to go on from."""
        layers, heads, room, size = self.keys.shape
        other = State(layers, heads, size, room)
        other.keys[:, :, : self.length] = self.keys[:, :, : self.length]
        other.values[:, :, : self.length] = self.values[:, :, : self.length]
        other.length = self.length
        return other


class States:
    """Several states side by side, each of its own length, to go on one token each at a time."""

    def __init__(self, states: Sequence[State]) -> None:
        self.keys = np.stack([state.keys for state in states], 1)
        self.values = np.stack([state.values for state in states], 1)
        self.lengths = np.array([state.length for state in states])
        for row, length in enumerate(self.lengths):  # what was never written is still multiplied by zero
            self.keys[:, row, :, length:] = 0.0
            self.values[:, row, :, length:] = 0.0

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all but these rows."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]
        self.lengths = self.lengths[rows]


class Llama:
    """A small Llama model from a folder with ``config.json`` and ``model.safetensors``."""

    def __init__(self, folder: Path, room: int = 256) -> None:
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            weights = read_safetensors(folder / "model.safetensors")
        except (OSError, ValueError) as error:
            raise ModelError(f"{folder}: {error}") from None
        self.vocabulary, self.size = config["vocab_size"], config["hidden_size"]
        self.heads, self.depth = config["num_attention_heads"], config["num_hidden_layers"]
        self.head = config.get("head_dim") or self.size // self.heads
        self._eps = float(config["rms_norm_eps"])
        theta = float((config.get("rope_parameters") or {}).get("rope_theta") or config.get("rope_theta", 10_000.0))
        self.room = min(room, config["max_position_embeddings"])
        self._embedding = weights["model.embed_tokens.weight"]
        self._out = np.ascontiguousarray(self._embedding.T)
        self._norm = weights["model.norm.weight"]
        self._layers = [self._layer(weights, n) for n in range(self.depth)]
        angle = np.outer(np.arange(self.room), theta ** (-np.arange(0, self.head, 2) / self.head))
        self._cos = np.cos(np.concatenate((angle, angle), 1)).astype(np.float32)
        self._sin = np.sin(np.concatenate((-angle, angle), 1)).astype(np.float32)

    def _layer(self, weights: dict[str, Array], n: int) -> tuple[Array, ...]:
        """Norms folded into the matrices they feed: (qkv, out, gate and up, down), each input-major."""
        at = f"model.layers.{n}."
        before, after = weights[at + "input_layernorm.weight"], weights[at + "post_attention_layernorm.weight"]
        qkv = np.concatenate([weights[f"{at}self_attn.{name}_proj.weight"] for name in "qkv"]) * before
        feed = np.concatenate([weights[f"{at}mlp.{name}_proj.weight"] for name in ("gate", "up")]) * after
        out, down = weights[at + "self_attn.o_proj.weight"], weights[at + "mlp.down_proj.weight"]
        return tuple(np.ascontiguousarray(matrix.T) for matrix in (qkv, out, feed, down))

    def state(self) -> State:
        """An empty state."""
        return State(self.depth, self.heads, self.head, self.room)

    def forward(self, ids: list[int], state: State) -> Array:
        """Logits [vocabulary] after the last of ``ids``, which go on from ``state``; the state grows."""
        count, begin = len(ids), state.length
        end = begin + count
        if end > self.room:
            raise ModelError(f"{end} tokens; the state holds {self.room}")
        x = self._embedding[ids]
        cos, sin = self._cos[begin:end], self._sin[begin:end]
        later = np.triu(np.full((count, count), -np.inf, np.float32), 1) if count > 1 else None
        for n, (qkv, out, feed, down) in enumerate(self._layers):
            x = x + self._attend(_rms(x, self._eps) @ qkv, cos, sin, state, n, later) @ out
            wide = _rms(x, self._eps) @ feed
            gate, up = wide[:, : wide.shape[1] // 2], wide[:, wide.shape[1] // 2 :]
            x = x + (gate / (1.0 + np.exp(-gate)) * up) @ down
        state.length = end
        last = _rms(x[-1:], self._eps)[0] * self._norm
        return np.asarray(last @ self._out, np.float32)

    def step(self, ids: Sequence[int], states: States) -> Array:
        """Logits [states, vocabulary] after one more token for each state; as :meth:`forward`, but together."""
        at = states.lengths
        if int(at.max()) >= self.room:
            raise ModelError(f"{int(at.max()) + 1} tokens; the state holds {self.room}")
        x = self._embedding[list(ids)]
        cos, sin = self._cos[at][:, None], self._sin[at][:, None]
        rows, end, half = np.arange(len(at)), int(at.max()) + 1, self.head // 2
        later = np.where(np.arange(end) > at[:, None], np.float32(-np.inf), np.float32(0.0))[:, None, None]
        for n, (qkv, out, feed, down) in enumerate(self._layers):
            q, k, v = (_rms(x, self._eps) @ qkv).reshape(len(at), 3, self.heads, self.head).transpose(1, 0, 2, 3)
            q = q * cos + np.concatenate((q[..., half:], q[..., :half]), -1) * sin
            states.keys[n, rows, :, at] = k * cos + np.concatenate((k[..., half:], k[..., :half]), -1) * sin
            states.values[n, rows, :, at] = v
            scores = (
                q[:, :, None] @ states.keys[n, :, :, :end].transpose(0, 1, 3, 2) * np.float32(self.head**-0.5) + later
            )
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True)) @ states.values[n, :, :, :end]
            x = x + mixed.reshape(len(at), -1) @ out
            wide = _rms(x, self._eps) @ feed
            gate, up = wide[:, : wide.shape[1] // 2], wide[:, wide.shape[1] // 2 :]
            x = x + (gate / (1.0 + np.exp(-gate)) * up) @ down
        states.lengths = at + 1
        return np.asarray(_rms(x, self._eps) * self._norm @ self._out, np.float32)

    def _attend(self, qkv: Array, cos: Array, sin: Array, state: State, n: int, later: Array | None) -> Array:
        count, begin = len(qkv), state.length
        q, k, v = qkv.reshape(count, 3, self.heads, self.head).transpose(1, 2, 0, 3)
        half = self.head // 2
        q = q * cos + np.concatenate((q[..., half:], q[..., :half]), -1) * sin
        state.keys[n, :, begin : begin + count] = k * cos + np.concatenate((k[..., half:], k[..., :half]), -1) * sin
        state.values[n, :, begin : begin + count] = v
        keys, values = state.keys[n, :, : begin + count], state.values[n, :, : begin + count]
        scores = q @ keys.transpose(0, 2, 1) * np.float32(self.head**-0.5)
        if later is not None:
            scores[:, :, begin:] += later
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ values
        return np.asarray(mixed.transpose(1, 0, 2).reshape(count, -1), np.float32)


def _rms(x: Array, eps: float) -> Array:
    mean = np.einsum("ij,ij->i", x, x)[:, None] * np.float32(1.0 / x.shape[1])
    return np.asarray(x / np.sqrt(mean + np.float32(eps)), np.float32)

"""The key-value state of a causal language model in buffers that have room, so that a token appends instead of copying.

transformers' own dynamic layers concatenate the whole state at every token; with a persona of several hundred tokens in
front that is a tenth of the time a token takes on a CPU. Imported only together with transformers.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

ROOM = 160
"""Tokens a buffer has room for beyond those it holds when it is made."""


class RoomyLayer(DynamicLayer):
    """A dynamic layer whose keys and values are views of larger buffers: [batch, heads, tokens, size]."""

    _buffers: tuple[Any, Any] = (None, None)

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Appends the new keys and values; returns all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        held = self.get_seq_length()
        end = held + key_states.shape[-2]
        if held == 0 or end > self._buffers[0].shape[-2]:
            self._buffers = self._grown(key_states, held, end), self._grown(value_states, held, end, keys=False)
        for buffer, new in zip(self._buffers, (key_states, value_states)):
            buffer[:, :, held:end] = new
        self.keys, self.values = (buffer[:, :, :end] for buffer in self._buffers)
        return self.keys, self.values

    def _grown(self, like: Any, held: int, end: int, keys: bool = True) -> Any:
        batch, heads, _, size = like.shape
        buffer = like.new_empty((batch, heads, end + ROOM, size))
        if held:
            buffer[:, :, :held] = self.keys if keys else self.values
        return buffer

    def fork(self) -> RoomyLayer:
        """A layer with the same content to go on from."""
        other = RoomyLayer()
        other.update(self.keys, self.values)
        return other


def empty_state(model: Any) -> Any:
    """An empty state for a model; None where its layers are of a kind of their own (sliding windows, state spaces)."""
    try:
        state = DynamicCache(config=model.config)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if not state.layers or any(type(layer) is not DynamicLayer for layer in state.layers):
        return None
    state.layers = [RoomyLayer() for _ in state.layers]
    return state


def fork(state: Any) -> Any:
    """A copy of a state to go on from."""
    layers = getattr(state, "layers", [])
    if not layers or not all(isinstance(layer, RoomyLayer) and layer.is_initialized for layer in layers):
        return copy.deepcopy(state)
    other = copy.copy(state)
    with torch.inference_mode():
        other.layers = [layer.fork() for layer in layers]
    return other

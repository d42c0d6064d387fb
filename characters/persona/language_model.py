"""A brain that is a causal language model from a folder or the hub, streamed token by token.

Nothing here is imported before such a brain is opened: torch and transformers come in on construction. The state of
the unchanging part of the prompt is computed once and reused. Critical intents (distress, injection, ...) and song
requests are answered with authored lines whatever the model would say.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from characters.definition import Definition
from characters.persona.brains import BrainError
from characters.persona.model import Ask, Cancelled
from characters.persona.prompt import moment_text, turns
from characters.persona.streamed import Streamed
from characters.persona.tagguard import TagGuard

_SLOT = "@@{}@@"
_SLOT_PATTERN = re.compile(r"@@(\d+)@@")


class LanguageModel(Streamed):
    """Answers with a causal language model; understands and falls back with the embedded brain."""

    def __init__(
        self,
        definition: Definition,
        path: str,
        seed: int = 0,
        *,
        device: str = "auto",
        dtype: str = "auto",
        temperature: float = 0.8,
        top_p: float = 0.92,
        seconds: float = 8.0,
        reuse_prefix: bool = True,
    ) -> None:
        super().__init__(definition, seed)
        self.name = f"transformers:{path}"
        self._seconds, self._reuse = seconds, reuse_prefix
        self._temperature, self._top_p = temperature, top_p
        self._turn = 0
        self._open(path, device, dtype)
        self._prefix = self._trusted(self._template([("user", "")])[0])
        self._state: Any = None
        if reuse_prefix:
            self._state = self._prefill()

    # -- text -------------------------------------------------------------------------------------------------------

    def _template(self, said: list[tuple[str, str]]) -> list[str]:
        """The trusted text around the untrusted turns: one more part than there are turns."""
        messages = [{"role": "system", "content": self._system}]
        messages += [{"role": role, "content": _SLOT.format(n)} for n, (role, _) in enumerate(said)]
        rendered = self._render(messages)
        parts = _SLOT_PATTERN.split(rendered)[0::2]
        if len(parts) != len(said) + 1:
            raise BrainError(f"{self.name}: its chat template drops turns; use a model with a usual chat template")
        return parts

    def _render(self, messages: list[dict[str, str]]) -> str:
        if getattr(self._tokenizer, "chat_template", None):
            for candidate in (messages, _without_system(messages)):
                try:
                    return str(
                        self._tokenizer.apply_chat_template(candidate, tokenize=False, add_generation_prompt=True)
                    )
                except Exception:  # templates raise what they like; many refuse a system role
                    continue
        lines = [m["content"] if m["role"] == "system" else f"{m['role'].title()}: {m['content']}" for m in messages]
        return "\n".join(lines) + "\nAssistant:"

    def _trusted(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _untrusted(self, text: str) -> list[int]:
        """Tokens of fan words; control tokens cannot come out of it, however they are spelled."""
        ids = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return [token for token in ids if token not in self._control]

    def tokens(self, ask: Ask) -> list[int]:
        """The whole prompt of an ask as token ids; begins with the prefix whose state is kept."""
        said = turns(ask, self._definition.identity.name)
        parts = self._template(said)
        ids = list(self._prefix)
        for number, (_, text) in enumerate(said):
            if number == len(said) - 1:
                ids += self._trusted(moment_text(ask) + " ")
            ids += self._untrusted(text) + self._trusted(parts[number + 1])
        room = self._context - 96
        return ids if len(ids) <= room else ids[: len(self._prefix)] + ids[-max(1, room - len(self._prefix)) :]

    # -- model ------------------------------------------------------------------------------------------------------

    def _open(self, path: str, device: str, dtype: str) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise BrainError(f"brain {path}: {error.name} is missing; pip install 'limelight[mind]'") from None
        from characters.persona import keyvalue

        self._torch, self._keyvalue = torch, keyvalue
        self._device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        local = Path(path).is_dir()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=local)
            self._model = AutoModelForCausalLM.from_pretrained(path, local_files_only=local, **self._loading(dtype))
        except Exception as error:  # transformers raises many kinds; all of them mean the same here
            raise BrainError(
                f"brain {path}: {' '.join(str(error).split())[:200]}; name a folder with a causal language model"
            ) from None
        if dtype != "int4":
            self._model.to(self._device)
        self._model.eval()
        if dtype == "int8":
            # Weights in 8 bits, activations as they are: torch's dynamic quantisation of linear layers, CPU only.
            self._model = torch.ao.quantization.quantize_dynamic(self._model, {torch.nn.Linear}, dtype=torch.qint8)
        added = getattr(self._tokenizer, "added_tokens_encoder", {})
        self._control = set(self._tokenizer.all_special_ids) | set(added.values())
        stops = self._model.generation_config.eos_token_id
        self._stops = set(stops if isinstance(stops, list) else [stops]) | {self._tokenizer.eos_token_id}
        # Turn-ending tokens of common chat formats end an answer even where the configuration forgets them.
        self._stops |= {added[t] for t in ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "</s>") if t in added}
        self._stops.discard(None)
        self._banned = sorted(self._control - self._stops)
        size = int(getattr(self._model.config, "vocab_size", 0) or len(self._tokenizer))
        count = min(size, len(self._tokenizer))
        self._pieces = self._tokenizer.batch_decode([[n] for n in range(count)])
        self._guard = TagGuard(self._pieces)
        # Of a prompt only the last token's logits are wanted; the others would cost a vocabulary each.
        self._masks: dict[bool, Any] = {}
        known = inspect.signature(self._model.forward).parameters
        self._last = {"logits_to_keep": 1} if "logits_to_keep" in known else {}
        self._context = int(getattr(self._model.config, "max_position_embeddings", 0) or 4096)

    def _loading(self, dtype: str) -> dict[str, Any]:
        """Arguments of ``from_pretrained`` for a dtype option; raises :class:`BrainError` for one that does not fit."""
        torch, on_gpu = self._torch, self._device.startswith("cuda")
        plain = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
        if dtype == "auto":
            return {"dtype": torch.bfloat16 if on_gpu else torch.float32}
        if dtype in plain:
            return {"dtype": plain[dtype]}
        if dtype == "int8" and not on_gpu:
            return {"dtype": torch.float32}
        if dtype == "int4" and on_gpu:
            try:
                from transformers import BitsAndBytesConfig

                return {"quantization_config": BitsAndBytesConfig(load_in_4bit=True), "device_map": self._device}
            except ImportError:
                raise BrainError(f"{self.name}: int4 needs bitsandbytes; pip install bitsandbytes") from None
        raise BrainError(f"{self.name}: dtype {dtype}; use auto, float32, bfloat16, float16, int8 (CPU) or int4 (CUDA)")

    def _prefill(self) -> Any:
        """The state of the prompt's unchanging beginning."""
        torch = self._torch
        with torch.inference_mode():
            ids = torch.tensor([self._prefix], device=self._device)
            state = self._keyvalue.empty_state(self._model)
            return self._model(input_ids=ids, past_key_values=state, use_cache=True, **self._last).past_key_values

    def _stream(self, ask: Ask, cancelled: Cancelled) -> Iterator[str]:
        """Text as it is generated; whole characters only."""
        shown = ""
        ids: list[int] = []
        for token in self.generate(self.tokens(ask), ask, cancelled):
            ids.append(token)
            text = self._tokenizer.decode(ids, skip_special_tokens=True)
            if text.endswith("\ufffd"):
                continue
            new = text[len(shown) :]
            shown = text
            if "\n\n" in shown.lstrip() or re.search(r"\n\s*(?:user|fan|system)\s*:", shown, re.I):
                return
            if new:
                yield new

    def generate(self, prompt: list[int], ask: Ask, cancelled: Cancelled) -> Iterator[int]:
        """Sampled token ids until an end token, the word limit, the deadline or a cancel."""
        torch = self._torch
        self._turn += 1
        source = torch.Generator().manual_seed((self._seed * 1_000_003 + self._turn * 7919 + ask.moment.seed) % 2**63)
        until = time.monotonic() + self._seconds
        start = len(self._prefix)
        if self._state is not None and prompt[:start] == self._prefix and len(prompt) > start:
            state, feed = self._keyvalue.fork(self._state), prompt[start:]
        else:
            state, feed = self._keyvalue.empty_state(self._model), prompt
        made: list[int] = []
        for _ in range(ask.limit * 3):
            if cancelled() or time.monotonic() > until:
                return
            with torch.inference_mode():
                ids = torch.tensor([feed], device=self._device)
                out = self._model(input_ids=ids, past_key_values=state, use_cache=True, **self._last)
                token = self._sample(self._legal(out.logits[0, -1].float().cpu(), made), source)
            state = out.past_key_values
            if token in self._stops:
                return
            yield token
            made.append(token)
            feed = [token]

    def _legal(self, logits: Any, made: list[int]) -> Any:
        """The logits with illegal tags and control tokens taken out."""
        # An open tag is at most a few tokens back; their texts are known, so nothing is decoded here.
        text = "".join(self._pieces[token] for token in made[-24:] if token < len(self._pieces))
        inside = self._guard.allowed(text)
        if inside:
            kept = self._torch.full_like(logits, float("-inf"))
            kept[inside] = logits[inside]
            return kept
        begins = self._guard.begins(text)
        if begins not in self._masks:
            never = [*self._banned, *self._guard.banned(text)]
            self._masks[begins] = self._torch.zeros(len(logits), dtype=self._torch.bool)
            self._masks[begins][[token for token in never if token < len(logits)]] = True
        return logits.masked_fill_(self._masks[begins], float("-inf"))

    def _sample(self, logits: Any, source: Any) -> int:
        torch = self._torch
        if self._temperature <= 0:
            return int(logits.argmax())
        shares, order = torch.softmax(logits / self._temperature, -1).sort(descending=True)
        keep = shares.cumsum(-1) - shares < self._top_p
        shares = shares * keep
        return int(order[torch.multinomial(shares / shares.sum(), 1, generator=source)])


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """For templates without a system role: her description opens the first turn, before the fan's words."""
    system, first, *rest = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *rest]

"""A brain that is a causal language model from a folder or the hub, streamed token by token.

Nothing here is imported before such a brain is opened: torch and transformers come in on construction. The state of
the unchanging part of the prompt is computed once and reused. Critical intents (distress, injection, ...) and song
requests are answered with authored lines whatever the model would say.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from characters.definition import Definition
from characters.persona.brains import BrainError
from characters.persona.clauses import Piece, Segmenter
from characters.persona.embedded import Embedded
from characters.persona.model import MOODS, Ask, Cancelled, Clause, Intent
from characters.persona.prompt import moment_text, system_prompt, turns
from characters.persona.speech import clean_speech, has_words
from characters.persona.understand import CRITICAL

_SLOT = "@@{}@@"
_SLOT_PATTERN = re.compile(r"@@(\d+)@@")
LEAK_WORDS = 8
"""So many words in a row out of the system prompt are a leak."""


class LanguageModel:
    """Answers with a causal language model; understands and falls back with the embedded brain."""

    def __init__(
        self,
        definition: Definition,
        path: str,
        seed: int = 0,
        *,
        device: str = "auto",
        temperature: float = 0.8,
        top_p: float = 0.92,
        seconds: float = 8.0,
        reuse_prefix: bool = True,
    ) -> None:
        self.name = f"transformers:{path}"
        self._definition, self._seed, self._seconds, self._reuse = definition, seed, seconds, reuse_prefix
        self._temperature, self._top_p = temperature, top_p
        self._authored = Embedded(definition, seed)
        self._turn = 0
        self._system = system_prompt(definition)
        self._shingles = _shingles(self._system)
        self._open(path, device)
        self._prefix = self._trusted(self._template([("user", "")])[0])
        self._state: Any = None
        if reuse_prefix:
            self._state = self._prefill()

    # -- Brain ------------------------------------------------------------------------------------------------------

    def understand(self, ask: Ask) -> Intent:
        """By rules and retrieval, as the embedded brain: quick and dependable."""
        return self._authored.understand(ask)

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        """Streams clauses. A clause is held back until more words follow it, so that the last one can be marked."""
        intent = self.understand(ask)
        authored = (
            not ask.say.strip()
            or bool(ask.ruling)
            or intent.name in CRITICAL
            or intent.name == "song_request"
            or ask.kind == "paid"
        )
        if authored:
            yield from self._authored.reply(ask, cancelled)
            return
        held: Clause | None = None
        mood, words, spoken = ask.moment.mood if ask.moment.mood in MOODS else "happy", 0, False
        segmenter = Segmenter()
        for text in self._stream(ask, cancelled):
            for piece in segmenter.push(text):
                clause, mood = self._clause(piece, mood)
                if clause is None:
                    continue
                if held is not None:
                    yield held
                    spoken = True
                held = clause
                words += len(clause.text.split())
            if held is not None and segmenter.pending() and not spoken:
                yield held
                held, spoken = None, True
            if words >= ask.limit:
                break
        if cancelled():
            return
        if words < ask.limit:
            for piece in segmenter.flush():
                clause, mood = self._clause(piece, mood)
                if clause is None:
                    continue
                if held is not None:
                    yield held
                    spoken = True
                held = clause
        if held is not None:
            yield Clause(held.text, held.mood, held.gesture, True)
        elif not spoken:
            yield from self._authored.reply(ask, cancelled)
        else:
            yield Clause("", mood, "", True)

    def history(self) -> dict[str, int]:
        """Which authored lines were said."""
        return self._authored.history()

    def recall(self, said: dict[str, int]) -> None:
        """Takes over which authored lines were said."""
        self._authored.recall(said)

    # -- text -------------------------------------------------------------------------------------------------------

    def _clause(self, piece: Piece, mood: str) -> tuple[Clause | None, str]:
        mood = piece.mood or mood
        text = clean_speech(piece.text)
        text = re.sub(rf"^(?:{re.escape(self._definition.identity.name)}|assistant)\s*:\s*", "", text, flags=re.I)
        if not has_words(text) or _shingles(text) & self._shingles:
            return None, mood
        return Clause(text, mood, piece.gesture), mood

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

    def _open(self, path: str, device: str) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise BrainError(f"brain {path}: {error.name} is missing; pip install 'limelight[mind]'") from None
        self._torch = torch
        self._device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        local = Path(path).is_dir()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=local)
            dtype = torch.bfloat16 if self._device.startswith("cuda") else torch.float32
            self._model = AutoModelForCausalLM.from_pretrained(path, local_files_only=local, dtype=dtype)
        except Exception as error:  # transformers raises many kinds; all of them mean the same here
            raise BrainError(
                f"brain {path}: {' '.join(str(error).split())[:200]}; name a folder with a causal language model"
            ) from None
        self._model.to(self._device).eval()
        added = getattr(self._tokenizer, "added_tokens_encoder", {})
        self._control = set(self._tokenizer.all_special_ids) | set(added.values())
        stops = self._model.generation_config.eos_token_id
        self._stops = set(stops if isinstance(stops, list) else [stops]) | {self._tokenizer.eos_token_id}
        # Turn-ending tokens of common chat formats end an answer even where the configuration forgets them.
        self._stops |= {added[t] for t in ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "</s>") if t in added}
        self._stops.discard(None)
        self._banned = sorted(self._control - self._stops)
        self._context = int(getattr(self._model.config, "max_position_embeddings", 0) or 4096)

    def _prefill(self) -> Any:
        """The state of the prompt's unchanging beginning."""
        torch = self._torch
        with torch.inference_mode():
            ids = torch.tensor([self._prefix], device=self._device)
            return self._model(input_ids=ids, use_cache=True).past_key_values

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
            state, feed = copy.deepcopy(self._state), prompt[start:]
        else:
            state, feed = None, prompt
        for _ in range(ask.limit * 3):
            if cancelled() or time.monotonic() > until:
                return
            with torch.inference_mode():
                ids = torch.tensor([feed], device=self._device)
                out = self._model(input_ids=ids, past_key_values=state, use_cache=True)
                token = self._sample(out.logits[0, -1].float().cpu(), source)
            state = out.past_key_values
            if token in self._stops:
                return
            yield token
            feed = [token]

    def _sample(self, logits: Any, source: Any) -> int:
        torch = self._torch
        if self._banned:
            logits[self._banned] = float("-inf")
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


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + LEAK_WORDS]) for i in range(len(words) - LEAK_WORDS + 1)}

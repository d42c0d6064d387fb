"""Neural speech models as speech sources: VITS and MMS through transformers, Piper, Kokoro.

Weights are the user's own. Models that read phones are given ours, so every token's owner is known; models that read
letters (MMS) have each letter's time dealt out to the phones that it spells. Where a model does not report how long it
held its tokens, the phones are laid over the sound in proportion to usual lengths.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from audio.voice import lexicon, spelling
from audio.voice import phones as sounds
from audio.voice.recorded import Speech, Spelled, SpokenPhone
from audio.voice.source import Floats, VoiceError

_IPA = {"AA": "ɑː", "AE": "æ", "AH": "ʌ", "AO": "ɔː", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɜː", "EY": "eɪ", "IH": "ɪ",
        "IY": "iː", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "uː", "G": "ɡ", "CH": "tʃ", "JH": "dʒ"}  # fmt: skip
_USUAL = {"vowel": 1.0, "stop": 0.75, "affricate": 1.0, "fricative": 0.95, "nasal": 0.7, "liquid": 0.65, "glide": 0.6,
          "aspirate": 0.6}  # fmt: skip
Token = tuple[str, int]
"""A symbol for the model and the index of the phone it belongs to (-1: none)."""


def ipa(phone: str) -> str:
    """A phone in the IPA that English speech models are trained on; stress marks are added by :func:`tokens`."""
    if phone == "AH0":
        return "ə"
    if phone == "ER0":
        return "ɚ"
    bare = lexicon.bare(phone)
    return _IPA.get(bare, sounds.sound(bare).ipa)


def tokens(words: Spelled) -> list[Token]:
    """The IPA of words, character by character with blanks between words, and whose each character is."""
    found: list[Token] = []
    at = 0
    for _, phones in words:
        if found:
            found.append((" ", -1))
        for phone in phones:
            # As espeak writes it, which these models learnt from: the mark stands right before the vowel.
            mark = {"1": "ˈ", "2": "ˌ"}.get(phone[-1], "")
            found += [(c, at) for c in mark + ipa(phone)]
            at += 1
    return found


def flat(words: Spelled) -> list[SpokenPhone]:
    """Every phone of words, without times."""
    return [
        SpokenPhone(lexicon.bare(p), 0.0, 0.0, int(p[-1] in "12"), w) for w, (_, own) in enumerate(words) for p in own
    ]


def timed(words: Spelled, owners: Sequence[int], seconds: Floats) -> tuple[SpokenPhone, ...]:
    """Phones with the times of their tokens (``owners[i]``: phone of token i, -1 none; ``seconds``: its length).

    Phones without a token of their own share the time of the phone before (or after) with it.
    """
    phones = flat(words)
    edges = np.concatenate([[0.0], np.cumsum(seconds)])
    starts, ends = np.full(len(phones), np.nan), np.full(len(phones), np.nan)
    for i, owner in enumerate(owners):
        if owner >= 0:
            starts[owner] = np.nanmin([starts[owner], edges[i]])
            ends[owner] = np.nanmax([ends[owner], edges[i + 1]])
    heard = np.flatnonzero(~np.isnan(starts))
    if not len(heard):
        return proportional(words, 0.0, float(edges[-1]))
    groups = np.searchsorted(heard, np.arange(len(phones)), side="right") - 1
    result = []
    for i, phone in enumerate(phones):
        group = max(int(groups[i]), 0)
        members = np.flatnonzero(np.maximum(groups, 0) == group)
        owner = heard[group]
        size = (ends[owner] - starts[owner]) / len(members)
        start = starts[owner] + size * int(np.flatnonzero(members == i)[0])
        result.append(SpokenPhone(phone.symbol, float(start), float(start + size), phone.stress, phone.word))
    return tuple(result)


def proportional(words: Spelled, start: float, end: float) -> tuple[SpokenPhone, ...]:
    """Phones laid between two moments in proportion to their usual lengths."""
    phones = flat(words)
    weights = np.array([_USUAL.get(sounds.sound(p.symbol).kind, 0.8) * (1.3 if p.stress else 1.0) for p in phones])
    edges = start + (end - start) * np.concatenate([[0.0], np.cumsum(weights) / max(weights.sum(), 1e-9)])
    return tuple(
        SpokenPhone(p.symbol, float(a), float(b), p.stress, p.word) for p, a, b in zip(phones, edges, edges[1:])
    )


def sounding(pcm: Floats, rate: int) -> tuple[float, float]:
    """Seconds between which a recording is louder than 40 dB below its loudest 10 ms."""
    size = max(1, rate // 100)
    level = np.sqrt(np.add.reduceat(np.asarray(pcm, np.float64) ** 2, np.arange(0, len(pcm), size)) / size)
    loud = np.flatnonzero(level > level.max() * 0.01)
    return (
        (0.0, len(pcm) / rate)
        if not len(loud)
        else (loud[0] * size / rate, min((loud[-1] + 1) * size, len(pcm)) / rate)
    )


def needed(module: str, package: str) -> ModuleType:
    """An optional package, or a VoiceError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise VoiceError(f"{package} is not installed: pip install {package} ({error})") from error


class VitsSource:
    """A VITS or MMS-TTS model through transformers, from a folder or a hub id."""

    def __init__(self, place: str) -> None:
        """Raises VoiceError when transformers or torch are missing or the model cannot be loaded."""
        self._torch = needed("torch", "torch")
        transformers = needed("transformers", "transformers")
        self.name = f"vits:{place}"
        local = Path(place).expanduser()
        if place.startswith((".", "/", "~")) and not local.is_dir():
            raise VoiceError(f"no voice model at {place}: the folder does not exist")
        where = str(local) if local.is_dir() else place
        try:
            self._model = transformers.VitsModel.from_pretrained(where).eval()
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(where)
            self._vocab: dict[str, int] = self._tokenizer.get_vocab()
            self._blank = 0 if getattr(self._tokenizer, "add_blank", True) else None
            self.phonetic = bool(getattr(self._tokenizer, "phonemize", False))
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise VoiceError(f"{where} is not a VITS model that transformers can load: {_first(error)}") from error
        self._lock = threading.Lock()

    def speak(self, words: Spelled) -> Speech:
        """Says words; the same words always give the same sound."""
        given = tokens(words) if self.phonetic else _letters(words)
        known = [(self._vocab[c], owner) for c, owner in given if c in self._vocab]
        if not known:
            raise VoiceError(f"{self.name} knows none of the characters of {words[0][0]!r}")
        ids, owners = [t for t, _ in known], [o for _, o in known]
        if self._blank is not None:
            ids, owners = _between(ids, self._blank), _owned(owners)
        torch, config = self._torch, self._model.config
        with self._lock, torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            heard: list[Any] = []
            hook = self._model.duration_predictor.register_forward_hook(lambda module, args, out: heard.append(out))
            try:
                made = self._model(input_ids=torch.tensor([ids]))
            finally:
                hook.remove()
        pcm = made.waveform[0].float().numpy()
        hop = int(np.prod(config.upsample_rates))
        frames = np.ceil(np.exp(heard[-1].float().numpy().reshape(-1)) / self._model.speaking_rate)
        return Speech(pcm, int(config.sampling_rate), timed(words, owners, frames * hop / config.sampling_rate))


def _letters(words: Spelled) -> list[Token]:
    """Letters of the words, each with the phone that begins at it or the last that began before it."""
    found: list[Token] = []
    at = 0
    for word, phones in words:
        if found:
            found.append((" ", -1))
        letters = "".join(c for c in word.lower() if "a" <= c <= "z")
        begins = spelling.align(letters, [lexicon.bare(p) for p in phones]) if letters and phones else []
        for i, letter in enumerate(letters):
            before = [k for k, begin in enumerate(begins) if begin <= i]
            found.append((letter, at + (before[-1] if before else 0)))
        at += len(phones)
    return found


def _between(ids: list[int], blank: int) -> list[int]:
    out = [blank]
    for one in ids:
        out += [one, blank]
    return out


def _owned(owners: list[int]) -> list[int]:
    """Owners with blanks set between: a blank sounds like the token before it."""
    out = [-1]
    for one in owners:
        out += [one, one]
    return out


class PiperSource:
    """A Piper voice: ``NAME.onnx`` with its ``NAME.onnx.json`` beside it."""

    def __init__(self, place: str) -> None:
        """Raises VoiceError when piper is not installed or the files are not a Piper voice."""
        piper = needed("piper", "piper-tts")
        self.name = f"piper:{place}"
        path = Path(place).expanduser()
        for file in (path, path.with_name(path.name + ".json")):
            if not file.is_file():
                raise VoiceError(f"no Piper voice at {path}: {file.name} is missing")
        try:
            try:
                self._voice = piper.PiperVoice.load(path, include_alignments=True)
            except (ImportError, TypeError):
                self._voice = piper.PiperVoice.load(path)
        except Exception as error:
            raise VoiceError(f"{path} is not a Piper voice that can be loaded: {_first(error)}") from error
        self._map: dict[str, list[int]] = {k: list(v) for k, v in self._voice.config.phoneme_id_map.items()}

    def speak(self, words: Spelled) -> Speech:
        """Says words."""
        pad = self._map.get("_", [0])
        ids = [*self._map.get("^", [1]), *pad]
        owners = [-1] * len(ids)
        for symbol, owner in tokens(words):
            own = self._map.get(symbol)
            if own:
                ids += [*own, *pad]
                owners += [owner] * (len(own) + len(pad))
        end = self._map.get("$", [2])
        ids, owners = ids + end, owners + [-1] * len(end)
        try:
            made = self._voice.phoneme_ids_to_audio(ids, include_alignments=True)
        except TypeError:
            made = self._voice.phoneme_ids_to_audio(ids)
        pcm, samples = made if isinstance(made, tuple) else (made, None)
        pcm, rate = np.asarray(pcm, np.float32).reshape(-1), int(self._voice.config.sample_rate)
        if samples is None or len(samples) != len(ids):
            return Speech(pcm, rate, proportional(words, *sounding(pcm, rate)))
        return Speech(pcm, rate, timed(words, owners, np.asarray(samples, np.float64) / rate))


class KokoroSource:
    """A Kokoro voice: ``MODEL.onnx#VOICE`` with ``voices*.bin`` beside the model."""

    def __init__(self, place: str) -> None:
        """Raises VoiceError when kokoro-onnx is not installed or the files are not its own."""
        kokoro = needed("kokoro_onnx", "kokoro-onnx")
        self.name = f"kokoro:{place}"
        model, _, voice = place.partition("#")
        path = Path(model).expanduser()
        if not path.is_file():
            raise VoiceError(f"no Kokoro model at {path}")
        books = sorted(path.parent.glob("voices*"))
        if not books:
            raise VoiceError(f"no Kokoro voices beside {path}: voices-v1.0.bin is missing")
        try:
            self._kokoro = kokoro.Kokoro(str(path), str(books[-1]))
            names = list(self._kokoro.get_voices())
        except Exception as error:
            raise VoiceError(f"{path} is not a Kokoro model that can be loaded: {_first(error)}") from error
        self._style = voice or names[0]
        if self._style not in names:
            raise VoiceError(f"Kokoro has no voice {self._style!r}: use one of {', '.join(names[:12])}")

    def speak(self, words: Spelled) -> Speech:
        """Says words."""
        # Kokoro's English writes diphthongs and affricates as one letter each.
        given = [(_KOKORO.get(c, c), owner) for c, owner in _joined(tokens(words)) if c != "ː"]
        text = "".join(c for c, _ in given)
        pcm, rate, spoken = self._kokoro.create_timed(text, self._style, is_phonemes=True, trim=False)
        pcm = np.asarray(pcm, np.float32).reshape(-1)
        owners, times = _follow(given, spoken)
        if not times:
            return Speech(pcm, int(rate), proportional(words, *sounding(pcm, int(rate))))
        edges = np.array([0.0, *(t for pair in times for t in pair), len(pcm) / rate])
        spread = [-1]
        for owner in owners:
            spread += [owner, -1]
        return Speech(pcm, int(rate), timed(words, spread, np.maximum(np.diff(edges), 0)))


_KOKORO = {"eɪ": "A", "aɪ": "I", "aʊ": "W", "oʊ": "O", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ", "ɚ": "əɹ"}


def _joined(given: Iterable[Token]) -> list[Token]:
    """Characters of the same phone joined where they are one sound."""
    out: list[Token] = []
    for symbol, owner in given:
        if out and out[-1][1] == owner and out[-1][0] + symbol in _KOKORO:
            out[-1] = (out[-1][0] + symbol, owner)
        else:
            out.append((symbol, owner))
    return out


def _follow(given: list[Token], spoken: Sequence[Any]) -> tuple[list[int], list[tuple[float, float]]]:
    """Owners and times of what a model reports, matched in order to what it was given."""
    owners, times = [], []
    characters = [(c, owner) for symbol, owner in given for c in symbol]
    at = 0
    for timing in spoken:
        here = next((i for i in range(at, min(at + 4, len(characters))) if characters[i][0] == timing.phoneme), None)
        if here is not None:
            owners.append(characters[here][1])
            times.append((float(timing.start), float(timing.end)))
            at = here + 1
    return owners, times


def _first(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]

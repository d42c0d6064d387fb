"""The flite voices (``slt``, ``rms``, ``awb``) as a bank: the system's shared libraries, called in process.

Flite (Black & Lenzo, CMU; permissive licence) reads text, finds phones and predicts 25 mel-cepstral coefficients,
five band voicing strengths and an intonation for every 5 ms (Black 2006, "CLUSTERGEN"). The modules of its text path
are run one by one, and its own waveform synthesis is stopped at the first block: what is wanted is the parameters.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_float, c_int, c_void_p
from dataclasses import replace
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from audio.voice.lexicon import bare
from audio.voice.phones import is_vowel, sound
from audio.voice.source import Floats, Source, SourcePhone, VoiceError, unshifted

VOICES = ("slt", "rms", "awb")
_REMEDY = "install the flite libraries (Debian/Ubuntu: apt install libflite1)"
_ALPHA = 0.42
"""All-pass constant of the banks' mel-cepstra at 16 kHz."""
_EDGE = 0.84
"""Share of the banks' 8 kHz that is real: the recordings' own low-pass begins there."""
_WEAK = {"and": "ah0 n d", "than": "dh ax0 n"}
"""Words that speech passes over lightly (weak forms). The bank gives them a full vowel, which makes "end" and "then" of them."""
_LOCK = threading.Lock()
"""Flite keeps state in globals: one call at a time."""

_MODULES = (
    ("tokenizer_func", "default_tokenization"),
    ("textanalysis_func", "default_textanalysis"),
    ("pos_tagger_func", "default_pos_tagger"),
    ("phrasing_func", "default_phrasing"),
    ("lexical_insertion_func", "default_lexical_insertion"),
    ("pause_insertion_func", "default_pause_insertion"),
    ("intonation_func", "cart_intonation"),
    ("postlex_func", None),
    ("duration_model_func", "cart_duration"),
    ("f0_model_func", None),
    ("wave_synth_func", None),
)


class _Track(Structure):
    _fields_ = (
        ("type", c_char_p),
        ("frames", c_int),
        ("channels", c_int),
        ("times", POINTER(c_float)),
        ("rows", POINTER(c_void_p)),
    )


class _Module(Structure):
    _fields_ = (("hook", c_char_p), ("default", c_void_p))


class _Streaming(Structure):
    _fields_ = (
        ("min_buffsize", c_int),
        ("callback", c_void_p),
        ("utterance", c_void_p),
        ("item", c_void_p),
        ("userdata", c_void_p),
    )


_STREAM = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_int, c_void_p)
_stop_stream = _STREAM(lambda *_: -1)


class _Flite:
    """The C functions used, with their types."""

    _POINTERS = (
        "new_utterance new_audio_streaming_info utt_init apply_synth_module feat_val val_track val_cg_db mlpg",
        "audio_streaming_info_val utt_relation relation_head item_next item_parent item_as item_feat",
    )

    def __init__(self) -> None:
        self.lib = _library("flite")
        self.english = _library("flite_usenglish")
        self.words = _library("flite_cmulex")
        for name in " ".join(self._POINTERS).split():
            getattr(self.lib, name).restype = c_void_p
        self.lib.item_feat_string.restype = c_char_p
        self.lib.ffeature_string.restype = c_char_p
        self.lib.item_feat_float.restype = c_float
        self.lib.flite_init()

    def voice(self, name: str) -> c_void_p:
        """Registers a voice and gives its handle."""
        register = getattr(_library(f"flite_cmu_us_{name}"), f"register_cmu_us_{name}")
        register.restype = c_void_p
        return c_void_p(register(None))

    def items(self, utterance: c_void_p, relation: str) -> list[c_void_p]:
        """Items of a relation, in order."""
        if not self.lib.utt_relation_present(utterance, relation.encode()):
            return []
        head = self.lib.relation_head(c_void_p(self.lib.utt_relation(utterance, relation.encode())))
        found = []
        while head:
            found.append(c_void_p(head))
            head = self.lib.item_next(c_void_p(head))
        return found

    def text(self, item: c_void_p, feature: str) -> str:
        """A string feature of an item, following flite's feature paths."""
        return (self.lib.ffeature_string(item, feature.encode()) or b"").decode("ascii", "replace")


def _library(name: str) -> ctypes.CDLL:
    path = ctypes.util.find_library(name)
    if not path:
        raise VoiceError(f"voice library lib{name} is not on this machine: {_REMEDY}")
    try:
        return ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise VoiceError(f"voice library lib{name} cannot be loaded ({error}): {_REMEDY}") from error


@cache
def _flite() -> _Flite:
    return _Flite()


class FliteBank:
    """One flite voice."""

    def __init__(self, name: str = "slt") -> None:
        """``name`` is one of :data:`VOICES`. Raises VoiceError when flite or the voice is missing."""
        if name not in VOICES:
            raise VoiceError(f"there is no flite voice {name!r}: use one of {', '.join(VOICES)}")
        self.name = name
        self.pitch = {"slt": 52.8, "rms": 41.5, "awb": 48.0}[name]
        self._flite = _flite()
        self._voice = self._flite.voice(name)
        _stop_early(self._flite, self._voice)

    def read(self, text: str) -> Source:
        """A line of ASCII text, as flite reads it."""
        return _clearer(self._synthesize(text, None))

    def spell(self, words: tuple[tuple[str, tuple[str, ...]], ...]) -> Source:
        """Words with their phones given; see :class:`audio.voice.source.Bank`."""
        names = [("".join(c for c in word.lower() if "a" <= c <= "z") or "la") for word, _ in words]
        plain = self._synthesize(" ".join(names), [phones for _, phones in words])
        # What is spelled is sung, so slowly that movements are missed. Spoken lines do not gain.
        return replace(plain, params=_lively(plain))

    def envelope(self, params: Floats, formants: float = 1.0) -> Floats:
        """Mel-cepstra to natural-log magnitudes; above 8 kHz (times ``formants``) the last value is held."""
        sharp = params * _LIFTER
        # What sharpening adds in all must not depend on the vowel: the mean log level of 0-8 kHz stays.
        result: Floats = sharp @ _basis(formants)
        return result

    def _synthesize(self, text: str, phones: Sequence[tuple[str, ...]] | None) -> Source:
        f = self._flite
        with _LOCK:
            utterance = c_void_p(f.lib.new_utterance())
            try:
                f.lib.utt_set_input_text(utterance, text.encode("ascii", "ignore"))
                f.lib.utt_init(utterance, self._voice)
                self._run(utterance, phones)
                return self._collect(utterance)
            finally:
                f.lib.delete_utterance(utterance)

    def _run(self, utterance: c_void_p, phones: Sequence[tuple[str, ...]] | None) -> None:
        """Flite's text-to-parameters path, with the given phones in place of its own where there are any."""
        f = self._flite
        for hook, default in _MODULES:
            if hook == "lexical_insertion_func":
                self._weaken(utterance) if phones is None else self._impose(utterance, phones)
            address = ctypes.cast(getattr(f.lib, default), c_void_p) if default else None
            module = _Module(hook.encode(), address)
            if not f.lib.apply_synth_module(utterance, byref(module)):
                raise VoiceError(f"flite voice {self.name} failed in {hook}")

    def _impose(self, utterance: c_void_p, phones: Sequence[tuple[str, ...]]) -> None:
        """Gives every token its phones, as flite's own SSML reader does."""
        f = self._flite
        for i, (token, sounds) in enumerate(zip(f.items(utterance, "Token"), phones, strict=True)):
            names = " ".join(_to_flite(phone) for phone in sounds)
            # Flite takes a token whose phones equal the one before for the same word cut in two: a blank tells them
            # apart.
            f.lib.item_set_string(token, b"phones", (" " * (i % 2) + names).encode())

    def _weaken(self, utterance: c_void_p) -> None:
        """Gives words their weak form where another follows."""
        f = self._flite
        for i, token in enumerate(f.items(utterance, "Token")[:-1]):
            form = _WEAK.get(f.text(token, "name").lower())
            if form:
                f.lib.item_set_string(token, b"phones", (" " * (i % 2) + form).encode())

    def _collect(self, utterance: c_void_p) -> Source:
        f = self._flite
        tokens = {item.value: i for i, item in enumerate(f.items(utterance, "Token"))}
        features = c_void_p(ctypes.cast(utterance, POINTER(c_void_p))[0])
        params = self._track(features, b"param_track", smooth=True)
        voicing = self._track(features, b"str_track")
        frames = len(params)
        phones: list[SourcePhone] = []
        word, last, at = -1, None, 0
        words: list[str] = []
        for segment in f.items(utterance, "Segment"):
            syllable = f.lib.item_parent(c_void_p(f.lib.item_as(segment, b"SylStructure") or 0))
            owner = f.lib.item_parent(c_void_p(syllable)) if syllable else None
            if owner and owner != last:
                last, word = owner, word + 1
                words.append(self._word(c_void_p(owner), tokens))
            name = f.text(segment, "name")
            stress = int(f.text(c_void_p(syllable), "stress") == "1") if syllable else 0
            end = min(frames, int(f.lib.item_feat_float(segment, b"end") / 0.005) + 1)
            phones.append(_phone(name, at, end, stress, word if owner else -1))
            at = end
        return Source(tuple(words), tuple(phones), params[:, 1:], voicing, _semitones(params[:, 0]))

    def _word(self, word: c_void_p, tokens: dict[int | None, int]) -> str:
        f = self._flite
        item = f.lib.item_parent(c_void_p(f.lib.item_as(word, b"Token") or 0))
        return f"{tokens.get(item, -1)}:{f.text(word, 'name')}"

    def _track(self, features: c_void_p, name: bytes, smooth: bool = False) -> Floats:
        f = self._flite
        value = c_void_p(f.lib.feat_val(features, name))
        track = c_void_p(f.lib.val_track(value))
        if smooth:
            bank = c_void_p(f.lib.val_cg_db(c_void_p(f.lib.feat_val(features, b"cg_db"))))
            track = c_void_p(f.lib.mlpg(track, bank))
        found = ctypes.cast(track, POINTER(_Track))[0]
        size = found.channels * 4
        rows = b"".join(ctypes.string_at(found.rows[i], size) for i in range(found.frames))
        if smooth:
            f.lib.delete_track(track)
        return np.frombuffer(rows, np.float32).reshape(found.frames, found.channels).copy()


def _stop_early(f: _Flite, voice: c_void_p) -> None:
    """Makes the voice give up its own waveform after the first block."""
    info = c_void_p(f.lib.new_audio_streaming_info())
    fields = ctypes.cast(info, POINTER(_Streaming))[0]
    fields.min_buffsize = 1
    fields.callback = ctypes.cast(_stop_stream, c_void_p).value
    features = c_void_p(ctypes.cast(voice, POINTER(c_void_p))[1])
    f.lib.feat_set(features, b"streaming_info", c_void_p(f.lib.audio_streaming_info_val(info)))


def _to_flite(phone: str) -> str:
    if phone == "AH0":
        return "ax0"
    return bare(phone).lower() + {"1": "1", "2": "1", "0": "0"}.get(phone[-1], "")


def _phone(name: str, start: int, end: int, stress: int, word: int) -> SourcePhone:
    symbol = {"pau": "sil", "ax": "AH"}.get(name, name.upper())
    return SourcePhone(symbol, start, end, stress, word)


def _semitones(f0: Floats) -> Floats:
    """Intonation around its mean, bridged where unvoiced."""
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        return np.zeros(len(f0), np.float32)
    tones = 12 * np.log2(f0[voiced])
    return np.interp(np.arange(len(f0)), voiced, tones - tones.mean()).astype(np.float32)


_LIFTER = np.array([1, 1] + [1.3] * 23, np.float32)
"""Undoes part of the smoothing of the statistical model, as flite's own filter does."""


_CONTRAST, _AROUND, _SNAP = 0.3, 10.0, 0.4
"""How much farther than the statistical model says a sound moves away from its surroundings, and their reach (frames,
standard deviation): it has averaged many speakings of a sound, and their movements with them. ``_SNAP`` is that of the
level of stops: closures quieter, bursts louder.
"""


_SHARPER, _WHISPER, _INTO = 1.08, 0.3, 5
"""Speech alone: what the lifter gives once more; how far an h goes towards the vowel after it, and how many frames into it
that vowel is itself.
"""


def _clearer(source: Source) -> Source:
    """Speech with sharper spectra, in which an h is its vowel, whispered: the bank's are taken for f. Levels stay."""
    params = source.params.copy()
    for phone, after in zip(source.phones, source.phones[1:]):
        if phone.symbol == "HH" and is_vowel(after.symbol):
            vowel = source.params[min(after.start + _INTO, after.end - 1), 1:]
            params[phone.start : phone.end, 1:] += np.float32(_WHISPER) * (vowel - params[phone.start : phone.end, 1:])
    params[:, 2:] *= np.float32(_SHARPER)
    return replace(source, params=params)


def _lively(source: Source) -> Floats:
    """Mel-cepstra with their movements enlarged; the level stays as it was but in stops."""
    params = source.params
    away = params - gaussian_filter1d(params, _AROUND, axis=0, mode="nearest")
    stops = np.zeros(len(params), np.float32)
    for phone in source.phones:
        if sound(phone.symbol).kind in ("stop", "affricate"):
            stops[max(0, phone.start - 1) : phone.end + 1] = 1
    result: Floats = params + np.float32(_CONTRAST) * away
    result[:, 0] = params[:, 0] + np.float32(_SNAP) * gaussian_filter1d(stops, 1.5) * away[:, 0]
    return result


@cache
def _basis(formants: float) -> Floats:
    """Cosines on the warped frequency axis: (25, BINS), mel-cepstrum to log magnitude at 48 kHz.

    Up to 8 kHz the axis is the bank's own (an all-pass of constant 0.42 at 16 kHz). Above ``_EDGE`` the last value is
    held: what the air band should be is the voice's decision, not the bank's.
    """
    omega = np.minimum(unshifted(formants) / 8000, _EDGE) * np.pi
    warped = omega + 2 * np.arctan2(_ALPHA * np.sin(omega), 1 - _ALPHA * np.cos(omega))
    basis: Floats = np.cos(np.arange(25)[:, None] * warped[None, :]).astype(np.float32)
    return basis

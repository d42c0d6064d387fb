"""A UTAU voicebank as a bank: its recordings, cut at the marks of ``oto.ini``, laid end to end for any phones.

Japanese lyrics (kana) are sung as recorded; English ones as a Japanese singer would, consonant clusters by the
consonants of their nearest morae.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from audio.voice import analysis, kana, lexicon, numbers, utau
from audio.voice import phones as sounds
from audio.voice.recorded import Spelled, melody
from audio.voice.source import HOP, SAMPLE_RATE, Floats, Source, SourcePhone, VoiceError

_FRAME = 1000 * HOP / SAMPLE_RATE
_LONGEST = 60
_FILES = 256
_JOIN = 4
"""Frames over which neighbouring pieces are blended."""
_VOWEL = 70
"""Frames of a vowel that are used at most."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """A recording taken apart."""

    params: Floats
    voicing: Floats
    f0: Floats


@dataclass(slots=True)
class _Piece:
    """Frames of one phone."""

    symbol: str
    stress: int
    word: int
    params: Floats
    voicing: Floats
    f0: Floats


class UtauBank:
    """One voicebank; see :class:`audio.voice.source.Bank`."""

    def __init__(self, folder: str | Path, middle: float = 64.0) -> None:
        """``middle``: MIDI note whose line of ``prefix.map`` counts. Raises VoiceError for folders that are no bank."""
        self._bank = utau.read(Path(folder).expanduser())
        self.name = f"utau:{self._bank.name}"
        self._affix = self._bank.affixes.get(round(middle), ("", ""))
        self._sounds: OrderedDict[Path, _Sound] = OrderedDict()
        self._lock = threading.Lock()
        first = self._entry("a", "") or next(iter(self._bank.entries.values()))
        f0 = self._sound(first.file).f0
        self.pitch = float(69 + 12 * np.log2(np.median(f0[f0 > 0]) / 440)) if (f0 > 0).any() else 60.0

    def read(self, text: str) -> Source:
        """A line of ASCII text: numbers spelled out, words pronounced by the lexicon."""
        words = [
            (f"{i}:{word}", lexicon.pronounce(word))
            for i, token in enumerate(text.split(" "))
            for word in numbers.words(token.rstrip(","))
        ]
        return self._source(tuple(word for word in words if word[1]))

    def spell(self, words: Spelled) -> Source:
        """Words with their phones given; see :class:`audio.voice.source.Bank`."""
        return self._source(tuple((f"{i}:{word}", phones) for i, (word, phones) in enumerate(words)))

    def envelope(self, params: Floats, formants: float = 1.0) -> Floats:
        """Mel-spaced log magnitudes to the full spectrum."""
        result: Floats = params @ analysis.spread(round(formants, 4))
        return result

    def _entry(self, mora: str, before: str) -> utau.Entry | None:
        """The recording of a mora after a vowel (``before``; empty at the start): VCV, then CV, kana, then Latin."""
        prefix, suffix = self._affix
        names = [kana.written().get(mora, mora), mora]
        for name in names:
            for alias in (f"{before} {name}" if before else f"- {name}", name, f"- {name}"):
                for full in (prefix + alias + suffix, alias):
                    found = self._bank.entries.get(full)
                    if found is not None:
                        return found
        return None

    def _sound(self, path: Path) -> _Sound:
        with self._lock:
            known = self._sounds.get(path)
            if known is not None:
                self._sounds.move_to_end(path)
                return known
            made = _taken_apart(path)
            self._sounds[path] = made
            while len(self._sounds) > _FILES:
                self._sounds.popitem(last=False)
            return made

    def _source(self, words: Spelled) -> Source:
        pieces: list[_Piece] = []
        before = ""
        waiting: list[tuple[str, int]] = []
        for index, (_, phones) in enumerate(words):
            for phone in phones:
                symbol = lexicon.bare(phone)
                if not sounds.is_vowel(symbol):
                    waiting.append((symbol, index))
                    continue
                pieces += self._syllable(waiting, symbol, int(phone[-1] in "12"), index, before)
                waiting, before = [], kana.VOWEL_OF[symbol][-1]
        pieces += [piece for symbol, word in waiting for piece in self._alone(symbol, word, before)]
        return _joined(tuple(word for word, _ in words), pieces)

    def _syllable(
        self, consonants: list[tuple[str, int]], vowel: str, stress: int, word: int, before: str
    ) -> list[_Piece]:
        """Pieces of the consonants before a vowel and the vowel."""
        symbols = tuple(symbol for symbol, _ in consonants)
        first, rest = kana.VOWEL_OF[vowel][0], kana.VOWEL_OF[vowel][1:]
        name, count = kana.mora(symbols, first) or (first, 0)
        entry = self._entry(name, "" if len(symbols) > count else before)
        if entry is None:
            name, count = first, 0
            entry = self._entry(first, "" if symbols else before)
        if entry is None:
            raise VoiceError(f"{self.name} has no recording of {kana.written().get(name, name)!r}")
        alone = len(consonants) - count
        pieces = [piece for symbol, own in consonants[:alone] for piece in self._alone(symbol, own, before)]
        head, body = self._cut(entry)
        own = consonants[alone:]
        for k, (symbol, owner) in enumerate(own):
            pieces.append(_part(head, symbol, 0, owner, k / len(own), (k + 1) / len(own)))
        piece = _part(body, vowel, stress, word, 0, 1)
        glide = self._entry(rest, first) if rest else None
        if glide is not None:
            piece = _blended(piece, _part(self._cut(glide)[1], vowel, stress, word, 0, 1))
        return [*pieces, piece]

    def _alone(self, symbol: str, word: int, before: str) -> list[_Piece]:
        """A consonant without a vowel: the beginning of its nearest mora, or the moraic n."""
        if symbol in ("N", "NG", "M"):
            entry = self._entry("ん", before) or self._entry("n", before)
            if entry is not None:
                return [_part(self._cut(entry)[1], symbol, 0, word, 0.1, 0.4)]
        found = kana.mora((symbol,), "u") or kana.mora((symbol,), "i")
        entry = self._entry(found[0], "") if found else None
        if entry is None:
            entry = self._entry("u", "")
            if entry is None:
                return [_Piece(symbol, 0, word, _QUIET, np.zeros((8, 5), np.float32), np.zeros(8))]
        head, _ = self._cut(entry)
        return [_part(head, symbol, 0, word, 0, 1)]

    def _cut(self, entry: utau.Entry) -> tuple[_Sound, _Sound]:
        """Consonant and vowel of a recording; neither is ever empty."""
        sound = self._sound(entry.file)
        count = len(sound.f0)
        offset = entry.offset / _FRAME
        end = offset - entry.cutoff / _FRAME if entry.cutoff < 0 else count - entry.cutoff / _FRAME
        early = entry.overlap / _FRAME if 0 < entry.overlap < entry.preutterance - 20 else 0
        start = int(np.clip(round(offset + early), 0, count - 3))
        turn = int(np.clip(round(offset + entry.preutterance / _FRAME), start + 1, count - 2))
        stop = int(np.clip(round(end), turn + 2, min(count, turn + _VOWEL)))
        return _slice(sound, start, turn), _slice(sound, turn, stop)


_QUIET = np.full((8, analysis.POINTS), -12, np.float32)


def _taken_apart(path: Path) -> _Sound:
    try:
        info = soundfile.info(path)
        if info.frames > _LONGEST * info.samplerate:
            raise VoiceError(f"{path} is longer than {_LONGEST} s: not a voicebank's recording")
        pcm, rate = soundfile.read(path, dtype="float32", always_2d=False)
        wide = analysis.resampled(pcm, int(rate))
    except (soundfile.LibsndfileError, OSError, ValueError) as error:
        raise VoiceError(f"{path} cannot be read as sound: {str(error).splitlines()[0]}") from error
    if len(wide) < 8 * HOP or not np.isfinite(wide).all() or not wide.any():
        raise VoiceError(f"{path} holds no sound")
    wide *= 0.1 / max(float(np.sqrt(np.mean(wide**2))), 1e-6)
    f0 = analysis.pitch(wide)
    return _Sound(analysis.envelope(wide, f0), analysis.voicing(wide, f0), f0)


def _slice(sound: _Sound, start: int, stop: int) -> _Sound:
    return _Sound(sound.params[start:stop], sound.voicing[start:stop], sound.f0[start:stop])


def _part(sound: _Sound, symbol: str, stress: int, word: int, low: float, high: float) -> _Piece:
    """A share of a recording as a phone, at least two frames of it."""
    count = len(sound.f0)
    start = min(int(low * count), max(count - 2, 0))
    stop = min(max(start + 2, int(np.ceil(high * count))), count)
    voicing = sound.voicing[start:stop]
    if sounds.is_vowel(symbol):
        voicing = np.maximum(voicing, np.array([0.9, 0.75, 0.55, 0.4, 0.3], np.float32))
    return _Piece(symbol, stress, word, sound.params[start:stop], voicing, sound.f0[start:stop])


def _blended(first: _Piece, second: _Piece) -> _Piece:
    """A diphthong: the first vowel going over into the second."""
    count = min(len(first.f0), len(second.f0), 24)
    share = np.clip(np.linspace(-0.6, 1.2, count), 0, 1)[:, None].astype(np.float32)
    params = first.params[:count] * (1 - share) + second.params[:count] * share
    return _Piece(first.symbol, first.stress, first.word, params, first.voicing[:count], first.f0[:count])


def _joined(words: tuple[str, ...], pieces: list[_Piece]) -> Source:
    """Pieces end to end, blended where they meet."""
    rest = _Piece("sil", 0, -1, _QUIET, np.zeros((8, 5), np.float32), np.zeros(8))
    phones: list[SourcePhone] = []
    at = 0
    for piece in (rest, *pieces, rest):
        phones.append(SourcePhone(piece.symbol, at, at + len(piece.f0), piece.stress, piece.word))
        at += len(piece.f0)
    every = (rest, *pieces, rest)
    params = np.concatenate([piece.params for piece in every]).astype(np.float32)
    for left, right in zip(phones[1:-1], phones[2:-1]):
        reach = min(_JOIN, (left.end - left.start) // 2, (right.end - right.start) // 2)
        if reach > 0:
            edge = slice(left.end - reach, left.end + reach)
            share = np.linspace(0, 1, 2 * reach, dtype=np.float32)[:, None]
            params[edge] = params[left.end - reach] * (1 - share) + params[left.end + reach - 1] * share
    voicing = np.concatenate([piece.voicing for piece in every]).astype(np.float32)
    tones = melody(np.concatenate([piece.f0 for piece in every]))
    return Source(words, tuple(phones), params, voicing, np.clip(tones, -3, 3))

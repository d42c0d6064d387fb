"""The voice that needs nothing: formants by rule, after Klatt (1980), in place of a recorded bank."""

from __future__ import annotations

from functools import cache

import numpy as np

from audio.voice import lexicon, numbers
from audio.voice import phones as sounds
from audio.voice.source import BINS, SAMPLE_RATE, Floats, Source, SourcePhone

_TABLE = """
AA 700 1220 2600 0 0;AE 660 1720 2410 0 0;AH 620 1200 2550 0 0;AO 600 990 2570 0 0;AW 720 1260 2550 0 0;
AY 720 1240 2540 0 0;EH 530 1680 2500 0 0;ER 470 1270 1540 0 0;EY 480 1900 2520 0 0;IH 400 1900 2570 0 0;
IY 310 2200 2960 0 0;OW 520 1000 2400 0 0;OY 550 960 2400 0 0;UH 450 1100 2350 0 0;UW 320 1150 2200 0 0;
P 320 900 2200 -60 -34 900 1500;B 260 900 2200 -14 -40 900 1500;T 320 1700 2600 -60 -16 4600 2600;
D 260 1700 2600 -14 -28 4400 2600;K 320 1900 2500 -60 -25 2000 1200;G 260 1900 2500 -14 -36 2000 1200;
CH 300 1800 2700 -60 -9 3300 1800;JH 260 1800 2700 -14 -16 3300 1800;
F 340 1100 2100 -60 -22 6000 7000;V 280 1100 2100 -9 -30 6000 7000;TH 330 1300 2600 -60 -24 6500 6000;
DH 280 1300 2600 -8 -32 6500 6000;S 330 1600 2600 -60 -6 6600 2600;Z 260 1600 2600 -12 -12 6600 2600;
SH 320 1800 2700 -60 -7 3500 2200;ZH 260 1800 2700 -12 -13 3500 2200;HH 500 1500 2500 -60 -34 1600 3000;
M 270 1100 2200 -7 -60;N 270 1500 2500 -7 -60;NG 270 1900 2600 -7 -60;L 360 1050 2700 -4 -60;R 350 1150 1500 -4 -60;
W 300 700 2200 -5 -60;Y 280 2200 2950 -5 -60;sil 500 1500 2500 -60 -60
"""
"""Phone, F1, F2, F3 in Hz, level of voice and of noise in dB, centre and width of the noise in Hz."""

_TARGETS = {
    row[0]: np.array([*map(float, row[1:]), *(() if len(row) > 6 else (3000.0, 4000.0))], np.float32)
    for row in (entry.split() for entry in _TABLE.replace("\n", "").split(";"))
}
_TARGETS.update(
    {k: np.where(np.arange(7) == 4, np.float32(-60.0), v) for k, v in _TARGETS.items() if sounds.is_vowel(k)}
)
_FRAMES = {"vowel": 22, "stop": 15, "affricate": 20, "fricative": 19, "nasal": 14, "liquid": 13, "glide": 12,
           "aspirate": 11, "rest": 12}  # fmt: skip
_FREQUENCIES = np.linspace(0, SAMPLE_RATE / 2, BINS).astype(np.float32)


class FormantBank:
    """Formant synthesis by rule."""

    name = "formant"
    pitch = 57.0

    def read(self, text: str) -> Source:
        """ASCII text; numbers are spelled out, words pronounced by the lexicon."""
        words: list[tuple[str, tuple[str, ...], bool]] = []
        for i, token in enumerate(text.split(" ")):
            for word in numbers.words(token.rstrip(",")):
                words.append((f"{i}:{word}", lexicon.pronounce(word), False))
            if token.endswith(",") and words:
                words[-1] = (*words[-1][:2], True)
        return _source(words)

    def spell(self, words: tuple[tuple[str, tuple[str, ...]], ...]) -> Source:
        """Words with their phones given; see :class:`audio.voice.source.Bank`."""
        return _source([(f"{i}:{word}", phones, False) for i, (word, phones) in enumerate(words)])

    def envelope(self, params: Floats, formants: float = 1.0) -> Floats:
        """Formants and noise to natural-log magnitudes."""
        voice = np.broadcast_to(_tilt(), (len(params), BINS)).copy()
        shift = formants * 1.12
        for hertz, width in ((params[:, 0], 70), (params[:, 1], 90), (params[:, 2], 140)):
            voice += _peak(np.maximum(hertz * shift, 180)[:, None], width)
        for fixed, width in ((3700.0, 220), (4700.0, 300)):
            voice += _peak(np.full((1, 1), fixed * shift, np.float32), width)
        voice += (params[:, 3] * np.log(10) / 20)[:, None]
        off = (_FREQUENCIES[None, :] - params[:, 5:6] * shift) / (0.5 * params[:, 6:7])
        noise = (params[:, 4:5] + 10) * (np.log(10) / 20) - np.log1p(off * off)
        result: Floats = np.logaddexp(voice, noise).astype(np.float32)
        return result


def _peak(hertz: Floats, width: float) -> Floats:
    """Natural-log gain of a formant, 0 at 0 Hz."""
    ratio = (_FREQUENCIES[None, :] / hertz) ** 2
    result: Floats = -0.5 * np.log((1 - ratio) ** 2 + ratio * (width / hertz) ** 2)
    return result


@cache
def _tilt() -> Floats:
    """The source's fall, and the formants above the fifth that are not computed."""
    octaves = np.log2(np.maximum(_FREQUENCIES, 100) / 100)
    lift = np.log1p((_FREQUENCIES / 2400) ** 2) * 2.5
    result: Floats = (-0.95 * octaves + lift).astype(np.float32)
    return np.minimum(result, result[round(5500 / 24000 * (BINS - 1))])


def _source(words: list[tuple[str, tuple[str, ...], bool]]) -> Source:
    """Phones side by side with rule durations, targets smoothed into one another."""
    phones: list[SourcePhone] = [SourcePhone("sil", 0, 10)]
    at = 10
    for index, (_, own, pause) in enumerate(words):
        for phone in own:
            symbol = lexicon.bare(phone)
            stress = int(phone[-1] in "12")
            size = _FRAMES[sounds.sound(symbol).kind]
            if sounds.is_vowel(symbol):
                size = round(size * (1.0 if stress else 0.6) * (1.35 if symbol in sounds.OFFGLIDES else 1.0))
            phones.append(SourcePhone(symbol, at, at + size, stress, index))
            at += size
        if pause:
            phones.append(SourcePhone("sil", at, at + 24))
            at += 24
    phones.append(SourcePhone("sil", at, at + 12))
    rows = np.concatenate([_rows(p) for p in phones])
    kernel = np.hanning(11)
    kernel /= kernel.sum()
    smooth = np.stack([np.convolve(np.pad(c, 5, mode="edge"), kernel, "valid") for c in rows.T[:3]], axis=1)
    levels = np.stack([np.convolve(np.pad(c, 1, mode="edge"), np.full(3, 1 / 3), "valid") for c in rows.T[3:5]], axis=1)
    params = np.concatenate([smooth, levels, rows[:, 5:]], axis=1).astype(np.float32)
    voicing = np.tile(np.array([0.99, 0.97, 0.9, 0.75, 0.6], np.float32), (len(params), 1))
    fricative = (rows[:, 4] > -40)[:, None]
    voicing = np.where(fricative, voicing * np.array([1, 0.8, 0.4, 0.2, 0.1], np.float32), voicing)
    return Source(tuple(w for w, _, _ in words), tuple(phones), params, voicing, np.zeros(len(params), np.float32))


def _rows(phone: SourcePhone) -> Floats:
    """Targets of one phone, frame by frame: diphthongs move, stops close and burst."""
    size = phone.end - phone.start
    target = _TARGETS.get(phone.symbol, _TARGETS["AH"])
    rows: Floats = np.tile(target, (size, 1))
    off = sounds.OFFGLIDES.get(phone.symbol)
    if off:
        share = np.clip((np.arange(size) / max(1, size - 1) - 0.4) / 0.5, 0, 1)[:, None]
        rows = rows * (1 - share) + _TARGETS["IY" if off == "IH" else "UW"] * share
    kind = sounds.sound(phone.symbol).kind
    if kind in ("stop", "affricate"):
        closed = round(size * (0.65 if kind == "stop" else 0.4))
        rows[:closed, 4] = -60
        if not sounds.sound(phone.symbol).voiced:
            rows[:closed, 3] = -60
        else:
            rows[:closed, 3] = -22
    return rows.astype(np.float32)

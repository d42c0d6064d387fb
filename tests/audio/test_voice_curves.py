"""Expression curves, layers and characters' voices: heard in the samples, not read from the settings."""

from __future__ import annotations

import numpy as np
import pytest

from audio.voice import Curve, Spoken, Sung, SungNote, Take, VoiceError, VoiceSettings, melody, open_voice

SECOND = 48_000


def sung(*curves: Curve, pitch: float = 60, lyric: str = "la", **settings: object) -> Take:
    voice = open_voice(VoiceSettings(bank="formant", **{"vibrato_depth": 0.0, **settings}))  # type: ignore[arg-type]
    return voice.render(voice.layout(Sung((SungNote(0, 2 * SECOND, pitch, lyric),), curves=tuple(curves))))


def spectrum(take: Take, start: float = 0.6, seconds: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    first = -take.layout.start + round(start * SECOND)
    part = take.pcm[first : first + round(seconds * SECOND)]
    power = np.abs(np.fft.rfft(part * np.blackman(len(part)))) ** 2
    return np.fft.rfftfreq(len(part), 1 / SECOND), power


def level(take: Take, hertz: float, **when: float) -> float:
    """dB of the strongest line within 4 % of a frequency."""
    at, power = spectrum(take, **when)
    return float(10 * np.log10(power[np.abs(at / hertz - 1) < 0.04].max() + 1e-12))


def tones(take: Take) -> np.ndarray:
    zero = -take.layout.start // 240
    return 69 + 12 * np.log2(np.maximum(take.f0[zero : zero + 400], 1) / 440)


def test_pitch_curve_is_heard_where_it_is_written() -> None:
    take = sung(Curve("pitch", ((0, 0.0), (SECOND, 0.0), (SECOND + 4800, 2.0))))
    plain = 440 * 2 ** ((60 - 69) / 12)
    assert level(take, plain, start=0.2, seconds=0.6) > level(take, plain * 2 ** (2 / 12), start=0.2, seconds=0.6) + 20
    assert level(take, plain * 2 ** (2 / 12), start=1.2, seconds=0.6) > level(take, plain, start=1.2, seconds=0.6) + 20


def test_vibrato_has_the_rate_and_depth_written() -> None:
    take = sung(
        Curve("vibrato_rate", ((0, 4.0),)), Curve("vibrato_depth", ((0, 0.0), (SECOND // 2, 0.0), (SECOND, 0.8)))
    )
    line = tones(take)
    assert np.ptp(line[20:90]) < 0.1
    part = line[210:370] - line[210:370].mean()
    assert np.ptp(part) / 2 == pytest.approx(0.8, rel=0.06)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8192))
    assert np.argmax(power) * 200 / 8192 == pytest.approx(4.0, abs=0.15)


def test_dynamics_breath_and_tension() -> None:
    swelling = sung(Curve("dynamics", ((0, -15.0), (2 * SECOND, 0.0))))
    zero = -swelling.layout.start
    soft, loud = (np.sqrt(np.mean(swelling.pcm[zero + a : zero + a + 9600] ** 2)) for a in (14_000, 70_000))
    assert loud > 1.6 * soft

    def between(take: Take) -> float:
        """How far the sound between the partials lies below them, 2-4 kHz, dB."""
        at, power = spectrum(take)
        inside = (at > 2000) & (at < 4000)
        near = np.abs(at / 261.63 - np.round(at / 261.63)) < 0.1
        return float(10 * np.log10(power[inside & near].mean() / power[inside & ~near].mean()))

    assert between(sung()) > between(sung(Curve("breath", ((0, 0.5),)))) + 3
    at, plain = spectrum(sung())
    tense = spectrum(sung(Curve("tension", ((0, 1.5),))))[1]
    high, low = (at > 2500) & (at < 5000), (at > 200) & (at < 900)
    assert tense[high].sum() / tense[low].sum() > 2 * plain[high].sum() / plain[low].sum()


def test_gender_moves_formants_and_not_pitch() -> None:
    def first_formant(take: Take) -> float:
        at, power = spectrum(take)
        inside = (at > 900) & (at < 3500)
        return float((at * power)[inside].sum() / power[inside].sum())

    small, large = sung(Curve("gender", ((0, 2.0),)), lyric="ah"), sung(Curve("gender", ((0, -2.0),)), lyric="ah")
    assert first_formant(small) > 1.12 * first_formant(large)
    assert np.median(tones(small)) == pytest.approx(np.median(tones(large)), abs=0.02)


def test_diction_is_how_long_and_how_loud_consonants_are() -> None:
    voice = open_voice(VoiceSettings(bank="formant", breath=0.0))
    notes = tuple(SungNote(k * SECOND, SECOND, 60, word) for k, word in enumerate(("see", "tea", "see", "tea")))

    def take(*points: tuple[int, float]) -> Take:
        return voice.render(voice.layout(Sung(notes, curves=(Curve("diction", points),) if points else ())))

    def consonants(take: Take) -> list[tuple[int, float]]:
        """Samples of every consonant, and its loudest 10 ms in dB, without the vowel that comes in at its end."""
        found = []
        for phone in take.layout.phones:
            if phone.symbol in ("S", "T"):
                part = take.pcm[phone.start - take.layout.start : phone.end - 720 - take.layout.start].astype(float)
                power = np.convolve(part**2, np.full(480, 1 / 480), "valid")
                found.append((phone.end - phone.start, float(10 * np.log10(power.max()))))
        return found

    plain, soft = take(), take((0, 0.0))
    assert np.array_equal(plain.pcm, take((0, 1.0)).pcm), "1 is what is sung where nothing is written"
    for (long, loud), (short, quiet) in zip(consonants(plain), consonants(soft), strict=True):
        assert short < 0.7 * long
        assert quiet < loud - 3
    beats = [[p.start for p in t.layout.phones if p.symbol == "IY"] for t in (plain, soft)]
    assert beats == [[0, SECOND, 2 * SECOND, 3 * SECOND]] * 2
    mixed = consonants(take((0, 1.0), (SECOND, 1.0), (2 * SECOND, 0.0)))
    assert [length for length, _ in mixed] == [n for n, _ in consonants(plain)[:2] + consonants(soft)[2:]]


def test_growl_is_an_octave_below() -> None:
    half = 261.63 / 2
    assert level(sung(Curve("growl", ((0, 0.8),))), half) > level(sung(), half) + 12


def test_harmony_is_a_third_of_the_scale_and_the_choir_is_wide() -> None:
    notes = tuple(SungNote(i, 1, p, "la") for i, p in enumerate((60, 62, 64, 65, 67, 69, 71)))
    assert [b.pitch - a.pitch for a, b in zip(notes, melody.third(notes))] == [4, 3, 3, 4, 4, 3, 3]
    third = 261.63 * 2 ** (4 / 12)
    assert level(sung(harmony=0.7), third) > level(sung(), third) + 20

    def width(take: Take) -> float:
        at, power = spectrum(take)
        near = np.abs(at - 261.63 * 4) < 40
        return float((power[near] * np.abs(at[near] - 261.63 * 4)).sum() / power[near].sum())

    assert width(sung(choir=0.8)) > 1.5 * width(sung())


def test_a_vocoder_sings_in_steps() -> None:
    notes = (SungNote(0, 24_000, 60, "la"), SungNote(24_000, 24_000, 64, "la"))
    voice = open_voice(VoiceSettings(bank="formant", vocoder=1.0))
    f0 = voice.render(voice.layout(Sung(notes))).f0
    line = 69 + 12 * np.log2(f0[f0 > 0] / 440)
    assert np.abs(line - np.round(line)).max() < 0.01
    assert len(np.unique(np.round(line))) <= 6


def test_a_whisper_has_no_pitch() -> None:
    voice = open_voice(VoiceSettings(bank="formant"))
    take = voice.render(voice.layout(Spoken("Come closer and listen.", mood="whisper")))
    assert not take.f0.any()
    assert take.pcm.any()
    assert not sung(Curve("breath", ((0, 1.0),))).f0.any()


def test_curves_that_cannot_be_sung_are_named() -> None:
    with pytest.raises(VoiceError, match=r"no curve 'loudness'.*dynamics"):
        sung(Curve("loudness", ((0, 1.0),)))
    with pytest.raises(VoiceError, match="no number"):
        sung(Curve("pitch", ((0, float("nan")),)))
    wild = sung(Curve("pitch", ((0, 1e9), (9, -1e9))), Curve("gender", ((0, 50.0), (90_000, -50.0))))
    assert np.isfinite(wild.pcm).all()

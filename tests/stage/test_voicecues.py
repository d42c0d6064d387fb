"""The mouth follows the sound: levels of a take, and the opening they make, against the sound's own vowel band."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from audio.voice import Spoken, open_voice, voice_settings
from audio.voice.model import Layout, Phone, Take
from avatar.motion.cues import LEVEL_STEP, Viseme
from avatar.motion.mouth import Mouth, opening
from characters import load
from stage.clock import SAMPLE_RATE
from stage.director.voicecues import Loudness, voice_cues
from stage.timeline import Cue

MS = SAMPLE_RATE // 1000
LINES = (
    "Suggestions?",
    "Hello humans, how are you here so early?",
    "We were away a year ago, and you were with us.",
    "How's it going? The house is warm.",
    "I heard you hum a whole hour.",
)


def take_of(pcm: npt.NDArray[np.float64], phones: list[tuple[int, int]], start: int = 0) -> Take:
    """A take whose phones are these (first, end) samples, its sound beginning at ``start``."""
    made = tuple(Phone("AA", "ɑ", "aa", a, b) for a, b in phones)
    sound = pcm.astype(np.float32)
    return Take(Layout(Spoken("a"), made, (), start, start + len(pcm)), sound, sound)


def swell(first: int, end: int, length: int, hertz: float = 800.0) -> npt.NDArray[np.float64]:
    """A tone that comes in evenly from sample ``first`` to sample ``end``."""
    at = np.arange(length)
    return 0.3 * np.clip((at - first) / (end - first), 0.0, 1.0) * np.sin(2 * np.pi * hertz * at / SAMPLE_RATE)


@pytest.mark.parametrize("start", [0, -7_000, 431])
def test_levels_are_half_where_the_sound_is_half(start: int) -> None:
    take = take_of(swell(12_000, 21_600, 72_000), [(start + 4_800, start + 60_000)], start)
    levels = Loudness(take).of(take.layout.phones[0])
    at = 4_800 + LEVEL_STEP * np.arange(len(levels))
    assert float(np.interp(50.0, levels[: len(levels) // 2], at[: len(levels) // 2])) == pytest.approx(
        16_800, abs=3 * MS
    )
    assert at[-1] - LEVEL_STEP < 60_000 <= at[-1]
    assert max(levels) <= 115


def test_levels_are_of_the_vowel_band() -> None:
    hiss = take_of(swell(12_000, 21_600, 72_000, 7_000.0) + 0.1 * swell(0, 1, 72_000, 800.0), [(4_800, 60_000)])
    levels = Loudness(hiss).of(hiss.layout.phones[0])
    assert min(levels) > 80, "an s is loud, but not where vowels are"


def test_a_take_without_sound_leaves_the_mouth_to_the_weights() -> None:
    take = take_of(np.zeros(0), [(0, 4_800)])
    assert not Loudness(take).heard
    assert "levels" not in voice_cues(take, 0, "x", sung=False)[0].data
    assert not Loudness(take_of(np.zeros(48_000), [(0, 4_800)])).heard


def opening_of(cues: list[Cue], end: int) -> npt.NDArray[np.float64]:
    """The mouth's opening every millisecond."""
    mouth = Mouth(0)
    for cue in cues:
        if cue.kind == "phoneme":
            levels = tuple(cue.data.get("levels", ()))
            mouth.track.add(
                Viseme(
                    cue.sample,
                    cue.end,
                    "x",
                    cue.data["viseme"],
                    cue.data["weight"],
                    levels=levels,
                    early=cue.data.get("early", 0),
                )
            )
    return np.array([opening(mouth.shape(at)) for at in range(0, end, MS)])


def test_the_mouth_opens_with_the_sound_of_every_line() -> None:
    voice = open_voice(voice_settings(load("lumi").voice))
    sos = butter(4, [300, 2500], "band", fs=SAMPLE_RATE, output="sos")
    for text in LINES:
        take = voice.render(voice.layout(Spoken(text)))
        pad = SAMPLE_RATE // 2
        pcm = np.pad(take.pcm.astype(np.float64), pad)
        cues = voice_cues(take, pad - take.layout.start, "x", sung=False)
        mouth = uniform_filter1d(opening_of(cues, len(pcm) // MS * MS), 61)
        heard = uniform_filter1d(
            np.sqrt(uniform_filter1d(sosfiltfilt(sos, pcm) ** 2, 1440).clip(0)[::MS][: len(mouth)]), 61
        )
        alike = [np.corrcoef(mouth[200 + k : -200 + k], heard[200:-200])[0, 1] for k in range(-60, 61)]
        assert max(alike) > 0.82, text
        assert abs(int(np.argmax(alike)) - 60) <= 15, f"{text}: the mouth is {int(np.argmax(alike)) - 60} ms late"


def test_levels_survive_the_file() -> None:
    take = take_of(swell(2_400, 9_600, 24_000), [(2_400, 14_400)])
    cue = voice_cues(take, 480, "say1", sung=False)[0]
    assert Cue.from_json(cue.to_json()) == cue
    assert all(type(v) is int for v in json.loads(cue.to_json())["levels"])


def test_a_vowel_heard_in_the_burst_opens_the_mouth_before_its_phone() -> None:
    length, vowel = 48_000, 24_000
    at = np.arange(length)
    tone = 0.2 * np.sin(2 * np.pi * 700 * at / SAMPLE_RATE)
    burst = np.where(at >= vowel - 50 * MS, tone, 0.002 * tone)
    shapes = {"T": "DD", "P": "PP", "CH": "CH", "M": "PP", "V": "FF", "L": "nn"}
    for symbol, viseme in shapes.items():
        closure = Phone(symbol, "", viseme, vowel - 120 * MS, vowel)
        phones = (closure, Phone("AA", "ɑ", "aa", vowel, vowel + 200 * MS))
        take = Take(Layout(Spoken("a"), phones, (), 0, length), burst.astype(np.float32), burst.astype(np.float32))
        cues = voice_cues(take, 0, "x", sung=False)
        if symbol in ("M", "V", "L"):
            assert "early" not in cues[1].data
            continue
        assert cues[1].data["early"] == pytest.approx(50 * MS, abs=12 * MS)
        curve = opening_of(cues, length)
        half = int(np.flatnonzero(curve > curve.max() / 2)[0])
        assert half * MS == pytest.approx(vowel - 50 * MS, abs=15 * MS), symbol
        assert curve[(vowel - 110 * MS) // MS] < 0.15, "the closure is still seen"

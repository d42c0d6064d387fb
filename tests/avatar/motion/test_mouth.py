"""The mouth follows the phones' own times."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.motion import Performer
from avatar.motion.cues import Viseme
from avatar.motion.mouth import OPEN_VOWELS, SHAPES, Mouth, opening

RATE = 48_000
MS = RATE // 1000


def spoken(phones: list[tuple[str, int]], start: int = RATE) -> tuple[Mouth, list[int]]:
    """A mouth with these (viseme, milliseconds) in a row; returns it and every start sample."""
    mouth, starts = Mouth(0), []
    for name, ms in phones:
        mouth.track.add(Viseme(start, start + ms * MS, "a", name))
        starts.append(start)
        start += ms * MS
    return mouth, starts


def curve(mouth: Mouth, first: int, end: int, step: int = MS) -> tuple[np.ndarray, np.ndarray]:
    at = np.arange(first, end, step)
    return at, np.array([opening(mouth.shape(int(s))) for s in at])


@pytest.mark.parametrize("vowel", sorted(OPEN_VOWELS))
@pytest.mark.parametrize("before", ["sil", "PP", "FF", "DD", "kk", "SS", "nn"])
def test_half_rise_falls_on_the_vowel(vowel: str, before: str) -> None:
    mouth, starts = spoken([("sil", 200), (before, 80), (vowel, 160), ("sil", 200)])
    onset = starts[2]
    at = np.arange(onset - 38 * MS, onset + 60 * MS, MS)
    shapes = np.array([mouth.shape(int(s)) for s in at])
    way = shapes[-1] - shapes[0]
    part = (shapes - shapes[0]) @ way / (way @ way)
    assert abs(at[np.argmax(part >= 0.5)] - onset) <= 3 * MS


def test_mean_offset_of_a_sentence_is_under_ten_milliseconds() -> None:
    rng = np.random.default_rng(3)
    consonants = [n for n in SHAPES if n not in OPEN_VOWELS and n != "sil"]
    vowels = sorted(OPEN_VOWELS)
    phones: list[tuple[str, int]] = [("sil", 150)]
    for _ in range(40):
        phones.append((str(rng.choice(consonants)), int(rng.integers(45, 110))))
        phones.append((str(rng.choice(vowels)), int(rng.integers(60, 260))))
    mouth, starts = spoken([*phones, ("sil", 300)])
    offsets = []
    for (name, ms), onset in zip(phones, starts):
        if name in OPEN_VOWELS:
            at, level = curve(mouth, onset - 50 * MS, onset + min(ms, 90) * MS)
            half = (level[:50].min() + level[45:].max()) / 2
            rising = np.flatnonzero((level[1:] >= half) & (level[:-1] < half))
            if len(rising):
                offsets.append((at[rising[np.argmin(abs(at[rising] - onset))]] - onset) / MS)
    assert len(offsets) > 30
    assert abs(np.mean(offsets)) <= 10
    assert np.percentile(np.abs(offsets), 95) <= 33


@pytest.mark.parametrize("length", [50, 70, 110])
def test_lips_close_on_p_b_m_long_enough_for_a_frame(length: int) -> None:
    mouth, starts = spoken([("aa", 180), ("PP", length), ("aa", 180)])
    _, level = curve(mouth, starts[1] - 40 * MS, starts[2] + 40 * MS)
    assert level.min() < 0.02
    assert (level < 0.12).sum() >= 33
    for phase in range(0, 1600, 200):
        frames = [opening(mouth.shape(s)) for s in range(starts[0] + phase, starts[2] + 1600, 1600)]
        assert min(frames) < 0.2


def test_silence_is_closed_and_long_vowels_stay_open_but_move() -> None:
    mouth, starts = spoken([("sil", 300), ("aa", 2500), ("sil", 300)])
    assert opening(mouth.shape(starts[0] + 150 * MS)) < 0.05
    _, level = curve(mouth, starts[1] + 150 * MS, starts[1] + 2300 * MS, 20 * MS)
    assert level.min() > 0.8
    assert level.std() > 0.003


def test_tongue_consonants_take_the_shape_of_their_vowels() -> None:
    wide, starts = spoken([("aa", 150), ("DD", 60), ("aa", 150)])
    round_, _ = spoken([("ou", 150), ("DD", 60), ("ou", 150)])
    middle = starts[1] + 30 * MS
    assert wide.shape(middle)[0] > 2 * round_.shape(middle)[0]
    assert round_.shape(middle)[2] > 2 * wide.shape(middle)[2]


def test_shape_never_jumps() -> None:
    rng = np.random.default_rng(8)
    names = list(SHAPES)
    mouth, starts = spoken([(str(rng.choice(names)), int(rng.integers(20, 200))) for _ in range(80)])
    shapes = np.array([mouth.shape(s) for s in range(starts[0] - RATE // 5, starts[-1] + RATE // 2, MS)])
    assert np.abs(np.diff(shapes, axis=0)).max() < 0.12
    assert shapes.min() >= 0.0
    assert shapes.max() <= 1.1


def test_weight_makes_a_quieter_mouth() -> None:
    loud, quiet = Performer(), Performer()
    loud.mouth(RATE, RATE, "aa", 1.0)
    quiet.mouth(RATE, RATE, "aa", 0.2)
    at = RATE * 5 // 4
    assert quiet.frame(at).expressions["aa"] < 0.75 * loud.frame(at).expressions["aa"]


def test_cut_closes_the_mouth_within_80_ms_without_a_jump() -> None:
    performer = Performer()
    for k in range(20):
        performer.mouth(RATE + k * 4800, 4800, "aa" if k % 2 else "oh", 1.0, "u1")
    at = RATE + 9 * 4800 + 2000
    before = performer.frame(at).expressions
    shown = [before[n] for n in ("aa", "oh")]
    performer.cut(at, "u1")
    after = performer.frame(at).expressions
    assert [after[n] for n in ("aa", "oh")] == pytest.approx(shown, abs=0.05)
    closed = performer.frame(at + 80 * MS).expressions
    assert sum(closed[n] for n in ("aa", "ih", "ou", "ee", "oh")) < 0.06
    assert sum(performer.frame(RATE + 15 * 4800).expressions[n] for n in ("aa", "oh")) < 0.06


def test_unknown_viseme_is_silence() -> None:
    performer = Performer()
    performer.mouth(0, RATE, "zz")
    assert performer.frame(RATE // 2).expressions["aa"] < 0.05


def told(levels: list[int], ms: int = 200, name: str = "aa") -> Mouth:
    mouth = Mouth(0)
    mouth.track.add(Viseme(RATE, RATE + ms * MS, "a", name, 1.0, levels=tuple(levels)))
    return mouth


def test_a_vowel_that_swells_opens_as_it_swells() -> None:
    steady, swelling = told([100] * 11), told([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    for ms, least, most in ((40, 0.1, 0.45), (100, 0.45, 0.7), (150, 0.7, 0.95)):
        part = opening(swelling.shape(RATE + ms * MS)) / opening(steady.shape(RATE + ms * MS))
        assert least < part < most


def test_a_swallowed_vowel_hardly_opens_and_a_shout_opens_wider() -> None:
    at = RATE + 100 * MS
    murmur, spoken_, shout = (opening(told([level] * 11).shape(at)) for level in (10, 90, 110))
    assert murmur < 0.35 * spoken_
    assert shout > spoken_


def test_with_levels_the_shape_never_jumps_either() -> None:
    rng = np.random.default_rng(5)
    mouth, start, names, last = Mouth(0), RATE, list(SHAPES), 60
    for _ in range(60):
        ms = int(rng.integers(20, 200))
        levels = [last, *(int(v) for v in rng.integers(10, 110, -(-ms // 20)))]
        last = levels[-1]
        end = start + ms * MS
        if ms % 20:  # where the phone ends between two levels, the next one begins with what this one has reached
            last = round(levels[-2] + (levels[-1] - levels[-2]) * (ms % 20) / 20)
        mouth.track.add(Viseme(start, end, "a", str(rng.choice(names)), levels=tuple(levels)))
        start = end + (RATE // 3 if ms > 190 else 0)
    shapes = np.array([mouth.shape(s) for s in range(RATE - RATE // 5, start + RATE // 2, MS)])
    assert np.abs(np.diff(shapes, axis=0)).max() < 0.12
    assert shapes.max() <= 1.2


@pytest.mark.parametrize("before", ["PP", "DD", "kk", "CH"])
@pytest.mark.parametrize("early", [0, 20, 60, 85])
def test_an_early_vowel_opens_early_and_smoothly(before: str, early: int) -> None:
    mouth = Mouth(0)
    mouth.track.add(Viseme(RATE, RATE + 200 * MS, "a", "aa"))
    mouth.track.add(Viseme(RATE + 200 * MS, RATE + 330 * MS, "a", before))
    onset = RATE + 330 * MS
    mouth.track.add(Viseme(onset, onset + 200 * MS, "a", "aa", early=early * MS))
    at, level = curve(mouth, onset - 115 * MS, onset + 100 * MS)
    half = (level[:30].min() + level.max()) / 2
    assert (at[np.flatnonzero(level >= half)[0]] - onset) / MS == pytest.approx(-early, abs=6)
    assert np.abs(np.diff(level)).max() < 0.12

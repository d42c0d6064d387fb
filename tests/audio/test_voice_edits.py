"""Sung notes are edited one at a time: what was sung before stays as it is, and written expression is heard."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from audio.compose import sung_phrases
from audio.engine.works import treated
from audio.score import read_song
from audio.score.model import Song
from audio.voice import Sung, SungNote, Take, Voice, VoiceSettings, open_voice

RATE = 48_000
WORDS = ("rain-", "drops", "sing", "to", "the", "win-", "dow", "pane")


@cache
def voice() -> Voice:
    return open_voice(VoiceSettings(bank="formant"))


def phrase() -> Sung:
    return Sung(
        tuple(SungNote(k * 24_000, 22_000, 60.0 + (0, 2, 4, 2)[k % 4], word, 0.7) for k, word in enumerate(WORDS))
    )


def sung(change: int | None = None, **facts: float) -> Take:
    notes = [replace(n, **facts) if k == change else n for k, n in enumerate(phrase().notes)]  # type: ignore[arg-type]
    return voice().render(voice().layout(replace(phrase(), notes=tuple(notes))))


@pytest.mark.parametrize("facts", [{"pitch": 65.0}, {"velocity": 0.4}])
def test_before_an_edited_note_nothing_changes(facts: dict[str, float]) -> None:
    before, after = sung(), sung(4, **facts)
    consonant = min(p.start for p in before.layout.phones if p.note == 4)
    for one, other in ((before.pcm, after.pcm), (treated(before.pcm)[:, 0], treated(after.pcm)[:, 0])):
        places = np.flatnonzero(one != other) + before.layout.start
        assert places[0] > consonant - 0.09 * RATE  # glide, and the look-ahead of levelling
        assert places[0] < consonant + 0.5 * RATE
        loud = np.flatnonzero(np.abs(one - other) > 0.02 * np.abs(one).max()) + before.layout.start
        assert loud[-1] < phrase().notes[7].start + 0.1 * RATE  # the p of "pane"


def test_the_rest_of_a_phrase_comes_back_after_a_voiceless_sound() -> None:
    """The s of "sing" lets the folds begin anew."""
    before, after = sung(), sung(1, pitch=66.0)
    places = np.flatnonzero(before.pcm != after.pcm) + before.layout.start
    assert places[-1] < phrase().notes[3].start + 0.1 * RATE


def test_a_louder_phrase_is_louder() -> None:
    """No phrase is levelled by itself."""
    soft = voice().render(voice().layout(Sung(tuple(replace(n, velocity=0.4) for n in phrase().notes))))
    ratio = 20 * np.log10(np.std(sung().pcm) / np.std(soft.pcm))
    assert 1.5 < ratio < 5


SCORE = '''
title = "Curves"
artist = "Lumi"
tempo = 120
meter = "4/4"
key = "C"
mode = "major"
bars = 4

[[track]]
name = "voice"
instrument = "voice"
kind = "voice"
notes = """
  1 | C4:2  D4:2
    > la    la
  2 | E4:2  C4:2
    > la    la
"""
{curves}
'''


def performed(folder: Path, curves: str = "") -> Take:
    path = folder / "song.toml"
    path.write_text(SCORE.replace("{curves}", f'curves = """\n{curves}\n"""' if curves else ""))
    song: Song = read_song(path)
    ((_, only),) = sung_phrases(song)
    return voice().render(voice().layout(only))


def _level(take: Take, first: float, last: float) -> float:
    a, b = (round(t * RATE) - take.layout.start for t in (first, last))
    return float(20 * np.log10(np.std(take.pcm[a:b])))


def _tone(take: Take, first: float, last: float) -> float:
    a, b = ((round(t * RATE) - take.layout.start) // 240 for t in (first, last))
    return float(69 + 12 * np.log2(np.median(take.f0[a:b]) / 440))


def test_expression_written_in_a_score_is_heard(tmp_path: Path) -> None:
    plain = performed(tmp_path)
    soft = performed(tmp_path, "dynamics  1:1 0  2:1 0  2:3/2 -12  2:4 -12")
    assert _level(soft, 0.2, 0.8) == pytest.approx(_level(plain, 0.2, 0.8), abs=0.1)
    assert _level(soft, 2.6, 2.9) < _level(plain, 2.6, 2.9) - 6
    bent = performed(tmp_path, "pitch  1:1 0  1:4 0  2:1 1  2:5 1")
    assert _tone(bent, 0.3, 0.8) == pytest.approx(_tone(plain, 0.3, 0.8), abs=0.05)
    assert _tone(bent, 2.3, 2.8) == pytest.approx(_tone(plain, 2.3, 2.8) + 1, abs=0.1)
    airy = performed(tmp_path, "breath  1:1 1")
    assert not (airy.f0[50:150] > 0).any()  # a breath of 1 is a whisper

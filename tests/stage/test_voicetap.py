"""The voice alone: the same samples, cut and faded as the band does it."""

from __future__ import annotations

import numpy as np

from audio.engine.model import Cancel, VoiceEvent
from stage.voicetap import VoiceTap


def test_what_was_sent_comes_back_at_its_samples_whatever_the_blocks() -> None:
    pcm = np.linspace(0.1, 0.9, 5000, dtype=np.float32)
    whole, parts = VoiceTap(), VoiceTap()
    for tap in (whole, parts):
        tap.hear(VoiceEvent(1000, pcm, "a"), VoiceEvent(5500, pcm, "b"))
    once = whole.take(0, 12_000)
    blocks = np.concatenate([parts.take(at, 800) for at in range(0, 12_000, 800)])
    assert np.array_equal(once, blocks)
    assert np.array_equal(once[1000:5500], pcm[:4500])
    assert np.allclose(once[5500:6000], pcm[4500:] + pcm[:500])
    assert not once[:1000].any()


def test_a_cut_fades_and_what_comes_later_is_not_heard() -> None:
    tap = VoiceTap()
    tap.hear(VoiceEvent(0, np.ones(10_000, np.float32), "a"), VoiceEvent(9000, np.ones(500, np.float32), "b"))
    tap.hear(Cancel(4000, "a", 1000))
    out = tap.take(0, 12_000)
    assert np.all(out[:4000] == 1.0)
    assert np.all(np.diff(out[4000:5000]) < 0)
    assert not out[5000:9000].any()
    assert np.all(out[9000:9500] == 1.0)

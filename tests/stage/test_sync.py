"""Lips and voice, measured from the encoded file alone: the opening in the pixels against the energy of vowels.

A speech is performed with the face shot, encoded to H.264 and AAC, decoded again; the mouth is found as the place
whose darkness follows the sound, and its opening is compared with the vowel band (300-2500 Hz) of the sound.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from audio.voice import Spoken, open_voice, voice_settings
from avatar.motion import Performer
from avatar.render import Picture, RenderError
from avatar.rig import Rig
from avatar.vrm import load as load_body
from characters import load
from stage.actor import body_of, measure
from stage.clock import SAMPLE_RATE
from stage.director.camera import shot_cue
from stage.director.voicecues import voice_cues
from stage.outputs.encode import Encoder
from stage.outputs.mp4 import Mp4Writer
from stage.scenery import Scenery
from stage.timeline import Cue

LINES = (
    "Hello everyone, my name is Lumi and I am so happy you are here.",
    "Mama made me a map of all the open avenues in my memory.",
    "We were away a year ago, and now we are home again.",
    "Paper boats and copper bells, I collect them both.",
)
WIDTH, HEIGHT, FPS = 480, 270, 30


OPEN = ("aa", "E", "ih", "oh", "ou")
SHUT = ("PP", "FF", "TH", "DD", "kk", "CH", "SS", "sil")


def film(path: Path) -> list[tuple[float, float]]:
    """The speech, performed and encoded by the product's own parts: the ms at which vowels open after a closure, each
    with the ms at which the next vowel begins."""
    opens: list[float] = []
    vowels: list[float] = []
    before: Cue | None = None
    lumi = load("lumi")
    voice = open_voice(voice_settings(lumi.voice))
    rig = Rig(load_body(body_of(lumi)))
    rest = rig.rest_world[rig.model.bones["head"]].copy()
    scenery = Scenery(lumi.stage, measure(rig), WIDTH / HEIGHT)
    scenery.feed(shot_cue(0, 10**12, "face", "still"))
    performer = Performer(1)
    performer.wear(rig)
    pcm, at = np.zeros(40 * SAMPLE_RATE, np.float32), SAMPLE_RATE // 2
    for text in LINES:
        take = voice.render(voice.layout(Spoken(text, "happy")))
        pcm[at : at + len(take.pcm)] += take.pcm
        for cue in voice_cues(take, at - take.layout.start, "x", sung=False):
            if cue.kind == "phoneme":
                shut = before is None or (before.data["viseme"] in SHUT and before.length >= 1920)
                if cue.data["viseme"] in OPEN:
                    vowels.append(cue.sample / 48)
                if cue.data["viseme"] in OPEN and cue.length >= 2880 and (shut or cue.sample - before.end > 2880):
                    opens.append(cue.sample / 48)
                before = cue
                data = cue.data
                performer.mouth(
                    cue.sample,
                    cue.length,
                    data["viseme"],
                    data["weight"],
                    "x",
                    data.get("levels", ()),
                    data.get("early", 0),
                )
        at += len(take.pcm) + SAMPLE_RATE // 3
    picture, image = Picture((WIDTH, HEIGHT), aa="none"), np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
    with Encoder((WIDTH, HEIGHT), FPS, live=False) as encoder:
        encoder.add(Mp4Writer(path))
        for frame in range(at // 1600):
            sample = frame * 1600
            rig.apply(performer.frame(sample), 1 / FPS)
            scenery.follow(rig.world[rig.model.bones["head"]], rest)
            picture.draw(rig, scenery.at(sample))
            picture.read_i420(image)
            encoder.video(image, sample)
            encoder.audio(np.repeat(pcm[sample : sample + 1600, None], 2, axis=1), sample)
    picture.release()
    return [(at, min((v for v in vowels if v > at), default=at + 1000)) for at in opens]


def decode(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Grey pictures (n, h, w), their times in ms, and the vowel-band energy at 1 kHz on the same clock."""
    with av.open(str(path)) as box:
        frames = [
            (float(f.pts * f.time_base) * 1000, f.to_ndarray(format="gray").astype(np.float64))
            for f in box.decode(video=0)
        ]
    with av.open(str(path)) as box:
        blocks = [(round(float(f.pts * f.time_base) * SAMPLE_RATE), f.to_ndarray()[0]) for f in box.decode(audio=0)]
    sound = np.zeros(max(at + len(x) for at, x in blocks))
    for at, x in blocks:
        sound[max(0, at) : at + len(x)] = x[max(0, -at) :]
    power = sosfiltfilt(butter(4, [300, 2500], "band", fs=SAMPLE_RATE, output="sos"), sound) ** 2
    energy = np.sqrt(uniform_filter1d(power, 1440).clip(0))[::48]
    return np.stack([p for _, p in frames]), np.array([t for t, _ in frames]), energy


def opening_curve(
    pictures: npt.NDArray[np.float64], times: npt.NDArray[np.float64], energy: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How far the mouth is open at every ms: the first principal component of the place that follows the sound."""
    small = (
        pictures[:, : HEIGHT // 3 * 3, : WIDTH // 3 * 3]
        .reshape(len(pictures), HEIGHT // 3, 3, WIDTH // 3, 3)
        .mean((2, 4))
    )
    voice = np.sqrt(np.interp(times, np.arange(len(energy)), energy))
    flat = small.reshape(len(small), -1)
    flat = flat - flat.mean(0)
    follows = np.abs((voice - voice.mean()) @ flat) / (
        np.linalg.norm(flat, axis=0) * np.linalg.norm(voice - voice.mean()) + 1e3
    )
    best = np.unravel_index(follows.argmax(), small.shape[1:])
    window = small[:, max(0, best[0] - 9) : best[0] + 10, max(0, best[1] - 11) : best[1] + 12].reshape(len(small), -1)
    window = window - window.mean(0)
    component = np.linalg.svd(window, full_matrices=False)[2][0]
    curve = window @ component
    if np.corrcoef(curve, voice)[0, 1] < 0:
        curve = -curve
    return np.interp(np.arange(len(energy)), times, curve)


def lag(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], reach: int = 200) -> tuple[float, float]:
    """Milliseconds by which ``a`` follows ``b``, and their correlation there."""
    scores = []
    for shift in range(-reach, reach + 1):
        x, y = a[reach + shift : len(a) - reach + shift], b[reach : len(b) - reach]
        scores.append(float(np.corrcoef(x, y)[0, 1]))
    i = int(np.argmax(scores))
    return float(i - reach), scores[i]


def half_rise(curve: npt.NDArray[np.float64], at: int, until: int, reach: int = 110) -> float | None:
    """Where a curve passes half-way from its low to its next high near ``at``, in ms from it; None without a clear rise.

    The high is sought before ``until``, where the next vowel begins: in "the open" the o is louder than the e before it.
    """
    if at < reach or at + reach >= len(curve):
        return None
    piece = curve[at - reach : at + reach]
    top = int(piece[reach - 60 : reach + until - at].argmax()) + reach - 60
    low = int(piece[: top + 1].argmin())
    if piece[top] - piece[low] < 0.3 * np.ptp(np.percentile(curve, [5, 95])):
        return None
    below = np.flatnonzero(piece[low:top] < (piece[top] + piece[low]) / 2)
    return float(low + below[-1] - reach) if len(below) else None


@pytest.mark.gl
@pytest.mark.slow
def test_the_mouth_is_on_the_voice_in_the_encoded_file(tmp_path: Path) -> None:
    try:
        Picture((64, 64), aa="none").release()
    except RenderError as reason:
        pytest.skip(str(reason))
    path = tmp_path / "speech.mp4"
    opens = film(path)
    pictures, times, energy = decode(path)
    curve = opening_curve(pictures, times, energy)
    apart = [
        seen - heard
        for at, until in opens
        if (seen := half_rise(uniform_filter1d(curve, 31), round(at), round(until))) is not None
        and (heard := half_rise(uniform_filter1d(np.sqrt(energy), 31), round(at), round(until))) is not None
    ]
    mouth = uniform_filter1d(curve, 61)
    voice = uniform_filter1d(np.sqrt(energy / energy.max()), 61)
    mouth, voice = mouth - uniform_filter1d(mouth, 1500), voice - uniform_filter1d(voice, 1500)
    offset, likeness = lag(mouth, voice)
    assert likeness > 0.55
    assert len(apart) >= 10
    assert max(map(abs, apart)) <= 1000 / FPS + 2, f"a vowel is {max(apart, key=abs)} ms off"
    assert abs(offset) <= 10, f"the mouth is {offset} ms off"
    half = len(mouth) // 2
    first, _ = lag(mouth[:half], voice[:half])
    second, _ = lag(mouth[half:], voice[half:])
    assert abs(first) <= 1000 / FPS
    assert abs(second) <= 1000 / FPS

"""Everything that is heard in a recording, as one piece of data: what ``limelight listen`` prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from audio.listen import beats as pulse
from audio.listen import form, harmony, melody
from audio.listen.sound import RATE as SOUND_RATE
from audio.listen.sound import read_sound
from audio.listen.spectrum import FRAMES, Floats, magnitudes, mono
from audio.mix.meters import bands, correlation, loudness, true_peak

ANALYSED = 15 * 60
"""Seconds that are analysed for beats, harmony and form; loudness covers the whole."""
_BAND_NAMES = ("low", "low_mid", "mid", "high_mid", "high")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is heard. Times in seconds, levels in LUFS, dBTP and dB."""

    seconds: float
    loudness: float
    true_peak: float
    correlation: float
    spectrum: dict[str, float]
    clipped: int
    silent_seconds: float
    tempo: float
    pulse: float
    meter: int
    beats: tuple[float, ...]
    downbeats: tuple[float, ...]
    key: str
    mode: str
    key_strength: float
    chords: tuple[harmony.ChordAt, ...]
    sections: tuple[form.Part, ...]
    instruments: dict[str, float]
    """How present drums, bass, chords and a voice or lead are, 0..1."""
    voice: bool
    melody: tuple[melody.HeardNote, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Plain data for JSON, numbers rounded."""
        return _rounded(asdict(self))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return value


def analyse_file(path: Path, transcribe: bool = False) -> Analysis:
    """Listen to a file; raises :class:`audio.listen.sound.SoundError`."""
    return analyse(read_sound(path), transcribe)


def analyse(sound: npt.NDArray[np.float32], transcribe: bool = False) -> Analysis:
    """Listen to (n, 2) sound at 48 kHz."""
    signal = mono(sound[: ANALYSED * SOUND_RATE])
    spectrum = magnitudes(signal)
    found = pulse.find(spectrum)
    fine = magnitudes(signal, 8192, 512)
    middle, bass = harmony.chroma(fine, 8192)
    length = len(sound) / SOUND_RATE
    edges = found.times if len(found.times) > 1 else np.arange(0, min(length, ANALYSED), 0.5)
    heard_chords = harmony.chords(middle, bass, edges, FRAMES / 2)
    tonic, mode, sure = harmony.key(middle, bass, heard_chords)
    downbeats = found.times[found.downbeat :: found.meter]
    present = instruments(spectrum, found)
    pitch = (
        melody.follow(signal)
        if transcribe or length < 120
        else melody.follow(signal[: 120 * len(signal) // max(1, round(length))])
    )
    present["voice_or_lead"] = _lead(pitch)
    heard = melody.notes(pitch) if transcribe else []
    return Analysis(
        length, loudness(sound), true_peak(sound), correlation(sound),
        dict(zip(_BAND_NAMES, bands(sound))), clipped_runs(sound), silent_seconds(sound),
        found.tempo, found.strength, found.meter, tuple(float(t) for t in found.times), tuple(float(t) for t in downbeats),
        tonic, mode, sure, tuple(heard_chords),
        tuple(form.sections(spectrum, np.repeat(middle, 2, axis=0)[: len(spectrum)], downbeats, FRAMES)),
        present, _is_voice(pitch), tuple(heard),
    )  # fmt: skip


def clipped_runs(sound: npt.NDArray[np.float32], run: int = 3) -> int:
    """Places where at least ``run`` samples in a row stand at the same largest value."""
    count = 0
    for channel in sound.T:
        top = float(np.abs(channel).max(initial=0.0))
        if top < 0.5:
            continue
        flat = (np.abs(channel[1:]) >= 0.9995 * top) & (np.abs(np.diff(channel)) < 1e-4)
        edges = np.diff(np.concatenate([[0], flat.astype(np.int8), [0]]))
        lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
        count += int((lengths >= run - 1).sum())
    return count


def silent_seconds(sound: npt.NDArray[np.float32]) -> float:
    """Seconds in which nothing is above -60 dB (in tenths)."""
    size = SOUND_RATE // 10
    frames = len(sound) // size
    if not frames:
        return 0.0
    peaks = np.abs(sound[: frames * size]).reshape(frames, -1).max(axis=1)
    return float((peaks < 1e-3).sum() / 10)


def instruments(spectrum: Floats, found: pulse.Beats) -> dict[str, float]:
    """How present drums, bass and chords are: plain measures of the spectrogram, not a classifier."""
    total = spectrum.sum() + 1e-9
    strength = pulse.onset_strength(spectrum)
    crest = float(np.percentile(strength, 97) / (strength.mean() + 1e-9))
    high = spectrum[:, 400:]
    hits = np.maximum(np.diff(high.sum(axis=1)), 0)
    drums = np.clip((crest - 3) / 6, 0, 1) * np.clip(float(hits.sum() / (high.sum() + 1e-9)) * 8, 0, 1)
    low = spectrum[:, 3:14]
    tonal = float(low.max(axis=1).sum() / (low.sum() + 1e-9))
    bass = np.clip(float(low.sum() / total) * 6, 0, 1) * np.clip((tonal - 0.12) * 6, 0, 1)
    middle = spectrum[:, 14:190]
    flat = np.exp(np.log(middle + 1e-6).mean(axis=1)) / (middle.mean(axis=1) + 1e-6)
    chords = np.clip(1.15 - float(np.median(flat)) * 1.4, 0, 1)
    return {"drums": float(drums), "bass": float(bass), "chords": float(chords)}


def _lead(pitch: melody.Pitch) -> float:
    return float(((pitch.clear > 0.5) & (pitch.level > 0.05)).mean())


def _is_voice(pitch: melody.Pitch) -> bool:
    """A leading pitch that glides and trembles as voices do, for at least a tenth of the time."""
    on = (pitch.clear > 0.5) & (pitch.level > 0.05)
    if on.mean() < 0.1:
        return False
    moves = np.abs(np.diff(pitch.midi))[on[1:] & on[:-1]]
    gliding = float(((moves > 0.015) & (moves < 0.6)).mean()) if len(moves) else 0.0
    return gliding > 0.35

"""The sung or leading melody of a recording as notes.

Pitch candidates come from the summed harmonics of a whitened spectrum (Salamon & Gomez 2012 use the same salience), a
Viterbi path joins them; notes are stretches of steady pitch. Meant for a voice or one lead over a band: what it gives
is a sketch to edit, not a transcription of every instrument.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.listen.spectrum import HOP, RATE, Floats, magnitudes

SIZE = 4096
LOW, HIGH, STEP = 40, 88, 0.2
"""MIDI range and resolution in semitones of the path."""
HARMONICS = 8
_MOVE = 0.035
"""Cost of a step of one bin between frames."""


@dataclass(frozen=True, slots=True)
class HeardNote:
    """A note of the melody: seconds, MIDI pitch (fractions kept), and how loud, 0..1."""

    start: float
    end: float
    pitch: float
    level: float


@dataclass(frozen=True, slots=True)
class Pitch:
    """The melody's pitch, frame by frame (``HOP`` samples at ``RATE``)."""

    midi: npt.NDArray[np.float64]
    clear: npt.NDArray[np.float64]
    """How much of the sound the harmonics explain, 0..1."""
    level: npt.NDArray[np.float64]


def salience(spectrum: Floats) -> Floats:
    """(frames, bins) harmonic sum of each pitch; the spectrum is flattened first so that bass does not win."""
    freqs = np.fft.rfftfreq(SIZE, 1 / RATE)
    kernel = np.exp(-0.5 * ((np.arange(-40, 41)) / 14.0) ** 2)
    kernel /= kernel.sum()
    flat = np.sqrt(spectrum)
    around = np.apply_along_axis(lambda row: np.convolve(row, kernel, mode="same"), 1, flat)
    white = np.maximum(flat / (around + 1e-3 * flat.max() + 1e-9) - 0.9, 0)
    pitches = np.arange(LOW, HIGH, STEP)
    out = np.zeros((len(spectrum), len(pitches)), np.float32)
    base = 440 * 2 ** ((pitches - 69) / 12)
    total = 0.0
    for n in range(1, HARMONICS + 1):
        at = base * n / freqs[1]
        inside = at < len(freqs) - 2
        low = np.floor(np.where(inside, at, 0)).astype(int)
        part = (at - low).astype(np.float32)
        weight = 0.84 ** (n - 1)
        out += weight * np.where(inside, white[:, low] * (1 - part) + white[:, low + 1] * part, 0)
        total += weight
    return out / np.float32(total)


def follow(signal: Floats) -> Pitch:
    """The melody's pitch over time."""
    spectrum = magnitudes(signal, SIZE, HOP)
    scores = salience(spectrum)
    scale = np.percentile(scores.max(axis=1), 90) + 1e-9
    scores = scores / scale
    reach = 12
    steps = np.arange(-reach, reach + 1)
    cost = _MOVE * np.abs(steps)
    total = scores[0].astype(np.float64)
    back = np.zeros(scores.shape, np.int16)
    for n in range(1, len(scores)):
        padded = np.pad(total, reach, constant_values=-np.inf)
        window = np.lib.stride_tricks.sliding_window_view(padded, len(steps)) - cost
        best = window.argmax(axis=1)
        jump = float(total.max()) - 0.6
        stay = window[np.arange(len(total)), best]
        leap = stay < jump
        back[n] = np.where(leap, -1 - int(total.argmax()), np.arange(len(total)) + steps[best])
        total = np.where(leap, jump, stay) + scores[n]
    path = np.empty(len(scores), int)
    path[-1] = int(total.argmax())
    for n in range(len(scores) - 1, 0, -1):
        before = int(back[n][path[n]])
        path[n - 1] = -1 - before if before < 0 else before
    clear = scores[np.arange(len(scores)), path]
    level = np.sqrt((spectrum[:, 8:800] ** 2).mean(axis=1))
    return Pitch(
        _exact(scores, path), np.clip(clear, 0, 1).astype(np.float64), level / (np.percentile(level, 98) + 1e-9)
    )


def _exact(scores: Floats, path: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    at = np.clip(path, 1, scores.shape[1] - 2)
    rows = np.arange(len(path))
    a, b, c = scores[rows, at - 1], scores[rows, at], scores[rows, at + 1]
    bend = a - 2 * b + c
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (a - c) / np.where(np.abs(bend) > 1e-9, bend, 1), 0)
    result: npt.NDArray[np.float64] = LOW + STEP * (path + np.clip(shift, -0.5, 0.5))
    return result


def notes(pitch: Pitch, least: float = 0.09, clear: float = 0.45) -> list[HeardNote]:
    """Steady stretches of the pitch as notes of at least ``least`` seconds."""
    frame = HOP / RATE
    sounding = (pitch.clear > clear) & (pitch.level > 0.04)
    smooth = _median(pitch.midi, 7)
    out: list[HeardNote] = []
    start = -1
    for n in range(len(smooth) + 1):
        on = n < len(smooth) and bool(sounding[n])
        if start >= 0 and (not on or abs(smooth[n] - float(np.median(smooth[start:n]))) > 0.7):
            if (n - start) * frame >= least:
                body = smooth[start:n]
                loud = float(np.clip(pitch.level[start:n].mean(), 0, 1))
                out.append(HeardNote(start * frame, n * frame, float(np.median(body)), loud))
            start = -1
        if on and start < 0:
            start = n
    return _joined(out)


def _joined(found: list[HeardNote]) -> list[HeardNote]:
    """Neighbours of the same pitch with hardly a gap are one note."""
    out: list[HeardNote] = []
    for note in found:
        last = out[-1] if out else None
        if last is not None and note.start - last.end < 0.04 and round(note.pitch) == round(last.pitch):
            out[-1] = HeardNote(last.start, note.end, last.pitch, max(last.level, note.level))
        else:
            out.append(note)
    return out


def _median(values: npt.NDArray[np.float64], width: int) -> npt.NDArray[np.float64]:
    padded = np.pad(values, width // 2, mode="edge")
    result: npt.NDArray[np.float64] = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    return result


def write_midi(found: list[HeardNote], tempo: float, path: str) -> None:
    """Notes as a MIDI file of one track at ``tempo`` beats a minute (480 ticks a beat)."""
    import mido

    tempo = tempo or 120.0
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo), time=0))
    track.append(mido.MetaMessage("track_name", name="melody", time=0))
    ticks = 480 * tempo / 60
    events = []
    for note in found:
        key = int(np.clip(round(note.pitch), 0, 127))
        velocity = int(np.clip(30 + 90 * note.level, 1, 127))
        events.append((round(note.start * ticks), 1, mido.Message("note_on", note=key, velocity=velocity)))
        events.append((round(note.end * ticks), 0, mido.Message("note_off", note=key, velocity=0)))
    at = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - at))
        at = tick
    file.save(path)

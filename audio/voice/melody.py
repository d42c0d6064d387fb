"""The pitch of a sung line: notes joined by short glides, scoops into big entries, late and growing vibrato."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audio.voice.curves import Curves
from audio.voice.model import SungNote, VoiceSettings
from audio.voice.sound import drift
from audio.voice.source import HOP, SAMPLE_RATE, Floats
from audio.voice.syllable import Lyric


def line(
    at: Floats,
    notes: Sequence[SungNote],
    lyric: Lyric,
    onsets: Sequence[tuple[int, int]],
    settings: VoiceSettings,
    curves: Curves,
    seed: int,
) -> Floats:
    """MIDI note numbers (fractional) at the samples ``at``. ``onsets``: per syllable its first phone and its beat."""
    opened = {s.notes[0] for k, s in enumerate(lyric.syllables) if k == 0 or _rest_before(notes, s.notes[0])}
    first_phone = {s.notes[0]: begin for s, (begin, _) in zip(lyric.syllables, onsets)}
    turns = [
        # After a rest the pitch is taken where the singer sets in.
        max((note.start + before.start + before.length) / 2, first_phone.get(i, note.start) - 0.01 * SAMPLE_RATE)
        if i in opened
        else float(note.start)
        for i, (before, note) in enumerate(zip(notes, notes[1:]), 1)
    ]
    # Not added up note by note: the last bit of a note must not hang on the notes before it.
    tones = np.array([float(note.pitch) for note in notes])[np.searchsorted(turns, at, side="right")]
    for i, note in enumerate(notes):
        if i and i not in opened:
            step = float(note.pitch) - float(notes[i - 1].pitch)
            glide = _glide(at, note.start, step, min(note.length, notes[i - 1].length))
            tones += step * np.where(at < note.start, glide, glide - 1)
        tones += _scoop(at, note, i in opened, notes[i - 1].pitch if i else note.pitch)
    for i, note in enumerate(notes):
        tones += _vibrato(at, note, settings, curves, i, seed)
    if settings.vocoder > 0:
        tones += settings.vocoder * (np.round(tones) - tones)
    tones += curves.at("pitch", at)
    result: Floats = np.clip(tones + 0.02 * (1 - settings.vocoder) * drift(len(at), 2.3, seed), 24, 108)
    return result


def third(notes: Sequence[SungNote]) -> tuple[SungNote, ...]:
    """The same notes a third higher, in the major scale that holds most of them (longer notes count more)."""
    weight = np.zeros(12)
    for note in notes:
        weight[round(note.pitch) % 12] += note.length
    keys = [sum(weight[(key + step) % 12] for step in _MAJOR) + 1e-6 * weight[key] for key in range(12)]
    key = int(np.argmax(keys))
    scale = [(key + step) % 12 for step in _MAJOR]
    return tuple(replace(note, pitch=note.pitch + _up(round(note.pitch) % 12, scale)) for note in notes)


def _up(tone: int, scale: list[int]) -> int:
    """Semitones to the third above; a tone outside the scale takes whichever third the scale has."""
    if tone in scale:
        return (scale[(scale.index(tone) + 2) % 7] - tone) % 12
    return 3 if (tone + 3) % 12 in scale else 4


_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def _rest_before(notes: Sequence[SungNote], i: int) -> bool:
    return i == 0 or notes[i].start - (notes[i - 1].start + notes[i - 1].length) > 0.06 * SAMPLE_RATE


def _glide(at: Floats, beat: int, step: float, room: int) -> Floats:
    """0 to 1 around a beat: three quarters of the way is done when the new vowel sounds."""
    length = min((0.055 + 0.004 * abs(step)) * SAMPLE_RATE, 0.4 * room)
    t = np.clip((at - (beat - 0.7 * length)) / length, 0, 1)
    glide: Floats = t * t * (3 - 2 * t)
    return glide


def _scoop(at: Floats, note: SungNote, opened: bool, before: float) -> Floats:
    """A small rise into a note that opens a phrase or leaps up, and is long enough to have one."""
    seconds = note.length / SAMPLE_RATE
    depth = 0.0
    if seconds > 0.28:
        depth = 0.9 if opened else 0.35 if note.pitch - before >= 4 else 0.0
    length = 0.085 * SAMPLE_RATE
    t = np.clip((at - (note.start - 0.3 * length)) / length, 0, 1)
    early = 0.15 * SAMPLE_RATE if opened else 0.3 * length
    inside = (at >= note.start - early) & (at < note.start + note.length)
    scoop: Floats = np.where(inside, -depth * (1 - t) ** 2, 0.0)
    return scoop


def _vibrato(at: Floats, note: SungNote, settings: VoiceSettings, curves: Curves, index: int, seed: int) -> Floats:
    """Starts after the character's delay, grows over half a second, eases before the note ends.

    A written depth is sung as written from the note's first moment: the curve then says when and how it grows.
    """
    seconds = note.length / SAMPLE_RATE
    written = "vibrato_depth" in curves
    delay = 0.0 if written else settings.vibrato_delay
    if seconds < delay + 0.25 or (settings.vibrato_depth <= 0 and not written):
        return np.zeros(len(at))
    t = (at - note.start) / SAMPLE_RATE - delay
    growth = np.clip(t / (0.06 if written else 0.5), 0, 1) * np.clip((seconds - delay - t) / 0.12, 0, 1)
    loose = 0.0 if "vibrato_rate" in curves else 0.03 * ((seed >> (index % 24)) % 5 - 2) / 2
    rate = curves.at("vibrato_rate", at, settings.vibrato_rate) * (1 + loose)
    turns = np.cumsum(np.where(t > 0, rate, 0.0)) * HOP / SAMPLE_RATE
    depth = curves.at("vibrato_depth", at, settings.vibrato_depth)
    wave: Floats = depth * growth * np.sin(2 * np.pi * turns)
    return wave


def effort(at: Floats, tones: Floats, notes: Sequence[SungNote]) -> Floats:
    """dB per octave by which the tone brightens as the line climbs and swells (0 near D4 at a velocity of 0.8)."""
    edges, values = [], []
    for note in notes:
        turn = min(0.04 * SAMPLE_RATE, note.length / 4)
        edges += [note.start + turn, note.start + note.length - turn]
        values += 2 * [float(np.clip(note.velocity, 0, 1)) - 0.8]
    loud = np.interp(at, edges, values)
    height = np.clip((tones - 62) / 12, -0.5, 1.3)
    result: Floats = 0.8 * height + 3 * loud
    return result

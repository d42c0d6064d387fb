"""A small song for the engine's tests: drums, bass, pads, chords, lead; eight bars of verse and chorus."""

from __future__ import annotations

from fractions import Fraction

from audio.score.model import Chord, Meter, Note, Section, Song, Tempo, Track

_ROOTS = (57, 53, 48, 55)  # Am F C G
_TRIADS = ((57, 60, 64), (53, 57, 60), (52, 55, 60), (55, 59, 62))
_TUNE = (76, 74, 72, 74, 76, 76, 79, 76, 74, 72, 69, 72, 74, 74, 72, 71)


def _drums(bars: int) -> tuple[Note, ...]:
    notes = []
    for bar in range(bars):
        at = Fraction(bar * 4)
        for step in range(8):
            notes.append(
                Note(at + Fraction(step, 2), Fraction(1, 4), 46 if step == 7 else 42, 0.75 if step % 2 else 0.5)
            )
        for beat in range(4):
            notes.append(Note(at + beat, Fraction(1, 4), 36, 0.9))
        for beat in (1, 3):
            notes.append(Note(at + beat, Fraction(1, 4), 38, 0.85))
            notes.append(Note(at + beat, Fraction(1, 4), 39, 0.6))
    notes.append(Note(Fraction(0), Fraction(2), 49, 0.8))
    notes.sort(key=lambda n: n.start)
    return tuple(notes)


def song(bars: int = 16, bpm: int = 118, kit: str = "kit_synth", bass: str = "bass_saw") -> Song:
    """The song; ``bars`` long."""
    bass_notes, pads, keys, arps, lead = [], [], [], [], []
    for bar in range(bars):
        at, which = Fraction(bar * 4), bar % 4
        for step in range(8):
            bass_notes.append(
                Note(at + Fraction(step, 2), Fraction(2, 5), _ROOTS[which] - 24, 0.85 - 0.15 * (step % 2))
            )
        for pitch in _TRIADS[which]:
            pads.append(Note(at, Fraction(4), pitch, 0.7))
            keys.append(Note(at + Fraction(1, 2), Fraction(1), pitch + 12, 0.65))
            keys.append(Note(at + Fraction(5, 2), Fraction(1), pitch + 12, 0.55))
        for step in range(16):
            arps.append(
                Note(
                    at + Fraction(step, 4), Fraction(1, 5), _TRIADS[which][step % 3] + 12, 0.55 + 0.1 * (step % 4 == 0)
                )
            )
        for beat in range(4):
            lead.append(Note(at + beat, Fraction(9, 10), _TUNE[(bar * 4 + beat) % 16], 0.8))
    return Song(
        title="Test", bars=bars, tempos=(Tempo(Fraction(0), Fraction(bpm)),), meters=(Meter(0),), key="A", mode="minor",
        sections=(Section("chorus", 0, bars, 0.8),), chords=(Chord(Fraction(0), Fraction(4), "Am"),),
        tracks=(
            Track("drums", kit, _drums(bars), "drums", reverb=0.05),
            Track("bass", bass, tuple(bass_notes), reverb=0.0),
            Track("pad", "pad_warm", tuple(pads), reverb=0.3),
            Track("keys", "keys_piano", tuple(keys), pan=-0.2, reverb=0.2),
            Track("arp", "pluck", tuple(arps), pan=0.25, reverb=0.25),
            Track("lead", "lead_saw", tuple(lead), reverb=0.25),
        ),
    )  # fmt: skip

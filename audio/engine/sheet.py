"""A song laid out in samples for offline rendering: which sound begins where, on which track.

Everything about a note is decided from the note alone (its place included), never from a count of earlier ones: an
edit of one note leaves the sound of all others as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from audio.engine.forge import VARIANTS, NoteKey
from audio.instruments import drums
from audio.instruments.catalog import Instrument, instrument, known
from audio.instruments.tables import LAYERS, Key
from audio.score.model import Note, Song, Track

NEVER = 1 << 62
_LONGEST_TABLE = 6 * 48_000
_GATE_STEP = 64
"""Note lengths are rounded to this many samples (1.3 ms), so that equal notes are equal wherever they stand."""
_LOUD_STEPS = 20
_LONG = 36_000
"""A note as long as this moves by itself and needs no variants."""

SoundKey = NoteKey | Key


@dataclass(frozen=True, slots=True)
class Placed:
    """One sound on the clock, ended by a fade of ``fade`` samples at ``ends`` (a struck note let go, a choked hat)."""

    start: int
    key: SoundKey
    gain: float
    ends: int = NEVER
    fade: int = 1

    @property
    def last(self) -> int:
        """Sample after which it cannot sound any more."""
        whole = self.key.cost if isinstance(self.key, NoteKey) else _LONGEST_TABLE
        return min(self.start + whole, self.ends + self.fade)


@dataclass(frozen=True, slots=True)
class Part:
    """One track as the mix needs it."""

    name: str
    spec: Instrument
    gain_db: float
    pan: float
    reverb: float
    sounds: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole song; sample 0 is its first beat."""

    parts: tuple[Part, ...]
    kicks: tuple[int, ...]
    length: int
    echo: int
    """Samples of the echo: a dotted eighth at the song's first tempo, between 0.2 and 0.6 seconds."""
    voice: Track | None


def lay_out(song: Song) -> Sheet:
    """The sheet of a song."""
    parts, kicks = [], []
    for track in song.tracks:
        if track.kind == "voice":
            continue
        spec = instrument(track.instrument if known(track.instrument) else "keys_piano")
        sounds = _sounds(song, track, spec)
        parts.append(Part(track.name, spec, track.gain_db, track.pan, track.reverb, sounds))
        if spec.make == "drums":
            kicks += [p.start for p in sounds if isinstance(p.key, Key) and round(p.key.pitch) in drums.KICKS]
    tempo = song.tempo_map
    echo = 60 * 48_000 * Fraction(3, 4) / song.tempos[0].bpm
    while echo > 28_800:
        echo /= 2
    while echo < 9_600:
        echo *= 2
    length = tempo.sample(tempo.bar_beat(song.bars))
    return Sheet(tuple(parts), tuple(sorted(kicks)), length, round(echo), song.voice)


def _sounds(song: Song, track: Track, spec: Instrument) -> tuple[Placed, ...]:
    tempo = song.tempo_map
    placed = []
    for note in track.notes:
        start = tempo.sample(note.start)
        length = max(1, tempo.sample(note.start + note.length) - start)
        placed.append(_placed(note, start, length, spec))
    placed.sort(key=lambda p: (p.start, p.key.pitch))
    return tuple(_choked(placed) if spec.make == "drums" else placed)


def _placed(note: Note, start: int, length: int, spec: Instrument) -> Placed:
    velocity = max(0.02, min(1.0, note.velocity))
    turn = _turn(note.start)
    if spec.make == "synth":
        steps = max(1, round(velocity * _LOUD_STEPS))
        gate = max(1, round(length / _GATE_STEP)) * _GATE_STEP
        variant = turn % VARIANTS if gate < _LONG else 0
        key = NoteKey(spec.name, float(note.pitch), steps / _LOUD_STEPS, gate, variant)
        return Placed(start, key, velocity * _LOUD_STEPS / steps)
    if spec.make == "drums":
        return Placed(start, Key(spec.name, float(note.pitch), turn % drums.VARIANTS), velocity**1.5)
    layer = min(LAYERS - 1, int(velocity * LAYERS))
    fade = max(480, int(spec.release * 48_000))
    return Placed(start, Key(spec.name, float(note.pitch), layer), 0.25 + 0.75 * velocity, start + length, fade)


def _turn(start: Fraction) -> int:
    """A number from a place in the song that neighbours do not share."""
    return (round(start * 48) * 2_654_435_761 >> 7) & 0xFFFF


def _choked(placed: list[Placed]) -> list[Placed]:
    """Open hats end where a closed one begins."""
    result = list(placed)
    open_at: dict[int, int] = {}
    for i, one in enumerate(result):
        pitch = round(one.key.pitch)
        other = drums.CHOKES.get(pitch)
        if other is not None and other in open_at:
            j = open_at.pop(other)
            before = result[j]
            result[j] = Placed(before.start, before.key, before.gain, one.start, 1_200)
        if pitch in drums.CHOKES.values():
            open_at[pitch] = i
    return result

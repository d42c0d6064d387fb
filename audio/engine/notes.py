"""From songs to messages: the only place where the score's beats become the band's samples."""

from __future__ import annotations

from audio.engine.model import Change, NoteEvent
from audio.score.model import Song


def note_events(song: Song, at_sample: int, owner: str) -> list[NoteEvent]:
    """Every note of the song's tracks (the sung one excepted) with the song's first beat at ``at_sample``, in order."""
    tempo = song.tempo_map
    events = [
        NoteEvent(
            sample=at_sample + tempo.sample(note.start),
            length=max(1, tempo.sample(note.start + note.length) - tempo.sample(note.start)),
            instrument=track.instrument,
            pitch=float(note.pitch),
            velocity=float(note.velocity),
            track=track.name,
            owner=owner,
        )
        for track in song.tracks
        if track.kind != "voice"
        for note in track.notes
    ]
    events.sort(key=lambda event: event.sample)
    return events


def changes(song: Song, at_sample: int) -> list[Change]:
    """The settings of the song's tracks (gain in dB, pan -1..1, reverb 0..1), all in force from ``at_sample``."""
    made: list[Change] = []
    for track in song.tracks:
        name = "voice" if track.kind == "voice" else track.name
        settings = (("gain", track.gain_db), ("pan", track.pan), ("reverb", track.reverb), ("mute", 0.0))
        made.extend(Change(at_sample, name, key, float(value), ramp=0) for key, value in settings)
    return made

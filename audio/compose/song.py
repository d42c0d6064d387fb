"""From a wish to a song. Pure: the same definition, wish and seed give the same song on every machine."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

from audio.compose.band import Band
from audio.compose.form import Plan, choose_style, make_plan
from audio.compose.lyrics import write_lyrics
from audio.compose.melody import write_melody
from audio.compose.theory import progression
from audio.compose.wish import Wish, read_wish
from audio.score.chords import flat_key, name_of
from audio.score.model import Chord, Section, Song, Tempo, Track
from characters.definition import Definition


def compose(definition: Definition, wish: Wish) -> Song:
    """A whole song for a wish, sung in the character's range and played in her style."""
    reading = read_wish(wish)
    # One generator for each craft, so that a change in one leaves the others' choices alone.
    desk = f"{wish.seed}|{reading.topic.lower()}|{definition.identity.name}"
    plan = make_plan(definition, reading, random.Random(f"plan|{desk}|{wish.prompt}"))
    lyrics = write_lyrics(reading.topic, plan.mood, definition.music.themes, random.Random(f"lyrics|{desk}"))
    low, high = sorted((definition.voice.low, definition.voice.high))
    melody = write_melody(plan, lyrics, low, max(high, low + 7), random.Random(f"melody|{desk}"))
    band = Band(plan, melody.hook, melody.notes, random.Random(f"band|{desk}"))
    voice = Track("voice", "voice", melody.notes, "voice", float(plan.style["gain"]["voice"]), 0.0, 0.22)
    tracks = (voice, *band.tracks())
    return _song(plan, lyrics.title, tracks, wish, definition)


BED_DB = 5.0
"""The bed is played softly; this brings it up to where it is heard between words and never over them."""


def bed(definition: Definition, seed: int, bars: int = 8) -> Song:
    """A quiet talk bed in the character's style: no voice, loops without a seam, ends on the way home."""
    bars = max(1, min(64, bars))
    rng = random.Random(f"bed|{seed}|{definition.identity.name}")
    reading = read_wish(Wish(bars=bars, seed=seed))
    plan = make_plan(definition, reading, rng)
    style = choose_style(definition, reading, rng)
    section = Section("intro", 0, bars, 0.12)
    parts = progression(rng.choice(style["harmony"][plan.mode]["verse"]), plan.tonic, plan.mode, style["colour"])
    close = progression(style["harmony"][plan.mode]["cadence"], plan.tonic, plan.mode, style["colour"])
    chords = []
    for k in range(bars):
        bar = parts[k % 4] if k < bars - 1 or bars == 1 else close[1]
        share = plan.bar / len(bar)
        chords += [Chord(plan.bar * k + share * i, share, symbol) for i, symbol in enumerate(bar)]
    plan = replace(plan, sections=(section,), variants=(1,), chords=tuple(chords), bars=bars)
    tracks = tuple(
        replace(track, gain_db=track.gain_db + BED_DB) for track in Band(plan, [], (), rng, bed=True).tracks()
    )
    return _song(plan, "Talk bed", tracks, Wish(seed=seed), definition)


def _song(plan: Plan, title: str, tracks: tuple[Track, ...], wish: Wish, definition: Definition) -> Song:
    flats = flat_key(plan.tonic, plan.mode)
    return Song(
        title=title,
        bars=plan.bars,
        tempos=(Tempo(Fraction(0), plan.tempo),),
        meters=(plan.meter,),
        key=name_of(plan.tonic, flats),
        mode=plan.mode,
        sections=plan.sections,
        chords=plan.chords,
        tracks=tracks,
        seed=wish.seed,
        style=plan.style["name"],
        prompt=" ".join((wish.prompt or wish.theme)[:300].split()),
        artist=definition.identity.name,
        credits={"music": "Limelight composer", "lyrics": "Limelight composer"},
    )

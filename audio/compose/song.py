"""From a wish to a song. Pure: the same definition, wish and seed give the same song on every machine."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

from audio.compose.band import Band
from audio.compose.form import Plan, choose_style, harmony_of, make_plan
from audio.compose.lyrics import given_lyrics, write_lyrics
from audio.compose.melody import Melody, write_melody
from audio.compose.played import played_melody
from audio.compose.theory import progression
from audio.compose.wish import Wish, read_wish
from audio.mix.estimate import with_faders
from audio.score.chords import flat_key, name_of
from audio.score.model import Chord, Curve, Note, Section, Song, Tempo, Track
from characters.definition import Definition


def compose(definition: Definition, wish: Wish) -> Song:
    """A whole song for a wish, sung in the character's range and played in her style."""
    reading = read_wish(wish)
    low, high = sorted((definition.voice.low, definition.voice.high))
    high = max(high, low + 7)
    person: tuple[Note, ...] = ()
    if wish.melody:
        person, reading = played_melody(wish.melody, reading, low, high)
    # One generator for each craft, so that a change in one leaves the others' choices alone.
    desk = f"{wish.seed}|{reading.topic.lower()}|{definition.identity.name}"
    plan = make_plan(definition, reading, random.Random(f"plan|{desk}|{wish.prompt}"), person)
    lyrics = given_lyrics(wish.lyrics) or write_lyrics(
        reading.topic, plan.mood, definition.music.themes, random.Random(f"lyrics|{desk}")
    )
    melody = write_melody(plan, lyrics, low, high, random.Random(f"melody|{desk}"), person, wish.avoid)
    band = Band(plan, melody.hook, melody.notes, random.Random(f"band|{desk}"))
    diction = float(plan.style["diction"])
    drawn = (Curve("diction", ((Fraction(0), diction),)),) if diction < 1 else ()
    voice = Track("voice", "voice", melody.notes, "voice", float(plan.style["gain"]["voice"]), 0.0, 0.22, drawn)
    tracks = (voice, *band.tracks())
    song = with_faders(_song(plan, lyrics.title, tracks, wish, definition))
    return replace(song, credits=provenance(plan, melody, bool(wish.lyrics and given_lyrics(wish.lyrics))))


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
    parts = progression(rng.choice(harmony_of(style, plan.mode)["verse"]), plan.tonic, plan.mode, style["colour"])
    close = progression(harmony_of(style, plan.mode)["cadence"], plan.tonic, plan.mode, style["colour"])
    chords = []
    for k in range(bars):
        bar = parts[k % len(parts)] if k < bars - 1 or bars == 1 else close[-1]
        at = plan.bar * k
        for length, symbol in zip(plan.metre.parts(len(bar)), bar):
            chords.append(Chord(at, length, symbol))
            at += length
    plan = replace(plan, sections=(section,), variants=(1,), chords=tuple(chords), bars=bars)
    tracks = tuple(
        replace(track, gain_db=track.gain_db + BED_DB) for track in Band(plan, [], (), rng, bed=True).tracks()
    )
    return _song(plan, "Talk bed", tracks, Wish(seed=seed), definition)


def provenance(plan: Plan, melody: Melody, words_given: bool) -> dict[str, str]:
    """Who made what, as a song keeps it: makers of the sung bars, other keys, and the nearest known tune."""
    facts = {"music": "Limelight composer", "lyrics": "given" if words_given else "Limelight composer"}
    for maker in ("rule", "model", "person"):
        bars = [bar + 1 for bar, makers in melody.sources.items() if maker in makers.split("+")]
        if bars:
            facts[f"melody by {maker}"] = "bars " + runs(bars)
    if len(plan.keys) > 1:
        keys = (f"bar {bar + 1} {name_of(t, flat_key(t, m))} {m}" for bar, t, m in plan.keys if bar)
        facts["key changes"] = ", ".join(keys)
    if melody.likeness.notes:
        at = plan.bar and int(melody.notes[min(melody.likeness.at, len(melody.notes) - 1)].start // plan.bar) + 1
        facts["nearest known tune"] = f"{melody.likeness.notes} notes from bar {at}: {melody.likeness.tune}"
    return facts


def runs(numbers: list[int]) -> str:
    """``[1, 2, 3, 7]`` as ``1-3, 7``."""
    parts: list[list[int]] = []
    for n in sorted(set(numbers)):
        if parts and parts[-1][-1] == n - 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


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

"""Songs and characters the tests share."""

from __future__ import annotations

from functools import cache

from audio.compose import Wish, compose
from audio.score.model import Song
from characters.definition import Definition, Identity, Music, VoiceDefinition

LUMI = Definition(
    identity=Identity(name="Lumi"),
    music=Music(themes=["falling stars", "night trains", "the old synthesiser", "a paper kite"]),
)
VESPER = Definition(
    identity=Identity(name="Vesper"),
    music=Music(styles=["trip-hop", "ballad"], tempo=(62, 92), modes=["dorian", "phrygian"], themes=["lost songs"]),
    voice=VoiceDefinition(low=52, high=71),
)
BO = Definition(
    identity=Identity(name="Bo"),
    music=Music(styles=["city pop", "bossa"], tempo=(92, 116), modes=["major", "mixolydian"], themes=["drums"]),
    voice=VoiceDefinition(low=38, high=65),
)
CAST = (LUMI, VESPER, BO)


@cache
def song(prompt: str, seed: int = 0, who: int = 0) -> Song:
    """A composed song, made once."""
    return compose(CAST[who], Wish(prompt=prompt, seed=seed))

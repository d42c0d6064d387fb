"""When the camera is told what: planned with each song's sections, anew every few bars in talk."""

from __future__ import annotations

from stage.clock import samples
from stage.director.camera import plan_section, shot_cue, talk_cue
from stage.director.music import Bandstand, Piece
from stage.timeline import Timeline

FOREVER = 10**12


class Cameraman:
    """Puts camera cues on the timeline; a fixed ``shot`` (not ``auto``) is held for the whole show."""

    def __init__(self, timeline: Timeline, band: Bandstand, shot: str, seed: int) -> None:
        self._timeline, self._band, self._shot, self._seed = timeline, band, shot, seed
        self._until = 0
        self._talk_shot = ""

    def song(self, piece: Piece) -> None:
        """Plan the shots of a song from its first bar to its last."""
        if self._shot != "auto":
            return
        self._until = piece.start
        tempo = piece.song.tempo_map
        for section in piece.song.sections:
            lines = range(section.bar, section.bar + section.bars + 1)
            bars = [piece.start + tempo.sample(tempo.bar_beat(bar)) for bar in lines]
            self._timeline.extend(
                plan_section(bars[0], bars, section.name, section.energy, f"{self._seed}/{piece.id}", piece.id)
            )
        self._until = piece.end

    def cut(self, at: int) -> None:
        """What was planned past a sample no longer holds."""
        if self._shot == "auto":
            self._until = at

    def step(self, horizon: int) -> None:
        """Keep a shot running while nothing else is planned."""
        if horizon < self._until:
            return
        if self._shot != "auto":
            self._timeline.add(shot_cue(horizon, FOREVER, self._shot, "still"))
            self._until = FOREVER
            return
        first = not self._talk_shot
        length = self._band.next_bar(horizon + samples(5.0 if first else 8.0)) - horizon
        cue = (
            shot_cue(horizon, length, "upper", "push")
            if first
            else talk_cue(horizon, length, str(self._seed), self._talk_shot)
        )
        self._talk_shot = str(cue.data["shot"])
        self._timeline.add(cue)
        self._until = cue.end

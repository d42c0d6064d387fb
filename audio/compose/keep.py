"""Locks: some bars of an earlier song stay as they are, the others are those of a new one."""

from __future__ import annotations

import re
from dataclasses import replace

from audio.compose.wish import Wish
from audio.score.model import Chord, Note, Song, Track


def bars_of(text: str, song: Song) -> frozenset[int]:
    """``"9-16,33"`` as bars from 0. ``ValueError`` says what is wrong with it."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*", part)
        if not match:
            raise ValueError(f"bars {part.strip()!r}: write them as 9-16 or 9-16,33")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= song.bars:
            raise ValueError(f"bars {part.strip()}: “{song.title}” has bars 1-{song.bars}")
        found |= set(range(first - 1, last))
    return frozenset(found)


def wish_like(song: Song, wish: Wish) -> Wish:
    """A wish for a song that fits around bars of ``song``: its tempo, metre, key and length; the rest as wished."""
    if len(song.tempos) > 1 or len(song.meters) > 1:
        raise ValueError(f"“{song.title}” changes its tempo or metre; bars of such a song cannot be kept alone")
    meter = song.meters[0]
    return replace(
        wish, tempo=float(song.tempos[0].bpm), meter=f"{meter.beats}/{meter.unit}", key=song.key, mode=song.mode,
        bars=song.bars, prompt=wish.prompt or song.prompt,
    )  # fmt: skip


def spliced(old: Song, new: Song, bars: frozenset[int]) -> Song:
    """``new`` with ``bars`` (from 0) of ``old``: notes, words and chords that begin in them."""
    if new.bars != old.bars or new.tempo_map.bar_beat(1) != old.tempo_map.bar_beat(1):
        raise ValueError(f"no song of {old.bars} bars of this metre can be made around the kept ones; keep fewer bars")
    tempo = old.tempo_map

    def keeps(item: Note | Chord) -> bool:
        return tempo.bar_of(item.start) in bars

    def cut(notes: tuple[Note, ...], own: bool) -> list[Note]:
        """The notes of one song where it is heard, none of them reaching into the other's bars."""
        made = []
        for note in notes:
            bar = tempo.bar_of(note.start)
            if (bar in bars) is not own:
                continue
            end = bar + 1
            while end < old.bars and (end in bars) is own:
                end += 1
            made.append(replace(note, length=min(note.length, tempo.bar_beat(end) - note.start)))
        return made

    tracks: list[Track] = []
    theirs = {track.name: track for track in old.tracks}
    for track in new.tracks:
        before = theirs.pop(track.name, None)
        notes = cut(track.notes, False) + (cut(before.notes, True) if before else [])
        base = before or track
        tracks.append(replace(base, notes=tuple(sorted(notes, key=lambda n: (n.start, n.pitch)))))
    tracks += [replace(track, notes=tuple(cut(track.notes, True))) for track in theirs.values()]
    chords = [c for c in new.chords if not keeps(c)] + [c for c in old.chords if keeps(c)]
    kept = ", ".join(str(bar + 1) for bar in sorted(bars)) if len(bars) < 9 else f"{len(bars)} bars"
    return replace(
        new, title=old.title, tracks=tuple(t for t in tracks if t.notes),
        chords=tuple(sorted(chords, key=lambda c: c.start)), tempos=old.tempos,
        credits={**new.credits, "kept": f"bars {kept} of “{old.title}”, seed {old.seed}"},
    )  # fmt: skip

"""Songs and lines into files: what ``song``, ``perform`` and ``say`` do."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from audio.compose import Wish, compose, sung_phrases
from audio.engine import Band, Change, Message, NoteEvent, VoiceEvent
from audio.engine.perform import TAIL, song_messages
from audio.mix import loudness, master, true_peak
from audio.score import lrc, write_song
from audio.score.model import Song
from audio.voice import open_voice, voice_settings
from audio.voice.model import Spoken, Take, Voice
from characters.definition import Definition
from stage.clock import SAMPLE_RATE
from stage.director.music import Bandstand, Piece
from stage.director.voicecues import voice_cues
from stage.files import AsideFile
from stage.timeline import Timeline


def write_wav(path: Path, pcm: npt.NDArray[np.float32]) -> None:
    """16-bit WAV at 48 kHz, aside then renamed."""
    aside = AsideFile(path)
    try:
        soundfile.write(
            aside.path, np.round(np.clip(pcm, -1, 1) * 32767).astype(np.int16), SAMPLE_RATE, "PCM_16", format="WAV"
        )
        aside.keep()
    finally:
        aside.drop()


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Text lines, aside then renamed."""
    aside = AsideFile(path)
    try:
        aside.path.write_text("".join(line + "\n" for line in lines), "utf-8")
        aside.keep()
    finally:
        aside.drop()


def _voice(definition: Definition) -> Voice:
    return open_voice(voice_settings(definition.voice))


def sing_all(song: Song, voice: Voice) -> list[tuple[int, Take]]:
    """Every sung phrase rendered: (sample of its zero, take)."""
    return [(offset, voice.render(voice.layout(phrase))) for offset, phrase in sung_phrases(song)]


def play(song: Song, takes: list[tuple[int, Take]], tracks: frozenset[str] | None = None) -> npt.NDArray[np.float32]:
    """The band plays a song with its sung takes, offline; with ``tracks`` only those (a stem).

    Sample 0 is the first that sounds: a breath or consonants before the first beat come before it.
    """
    before = max(0, -min((offset + take.layout.start for offset, take in takes), default=0))
    length = song.tempo_map.sample(song.tempo_map.bar_beat(song.bars)) + before + TAIL
    messages: list[Message] = [
        message
        for message in song_messages(song, before)
        if tracks is None or not isinstance(message, NoteEvent | Change) or message.track in tracks
    ]
    if tracks is None or "voice" in tracks:
        messages += [VoiceEvent(before + at + take.layout.start, take.pcm, "song", sung=True) for at, take in takes]
    with Band() as band:
        band.start(0)
        band.send(*messages)
        pieces = []
        while band.position < length:
            pieces.append(band.pull(min(9_600, length - band.position)))
    return np.concatenate(pieces)


def stems(song: Song, takes: list[tuple[int, Take]]) -> dict[str, npt.NDArray[np.float32]]:
    """Each track alone, all of the same length."""
    return {track.name: play(song, takes, frozenset((track.name,))) for track in song.tracks}


def song_timeline(song: Song, takes: list[tuple[int, Take]]) -> Timeline:
    """All cues of a performed song from sample 0."""
    timeline = Timeline()
    band = Bandstand(timeline, lambda *messages: None, lambda id, phrase, urgency: True)
    band.start_song(Piece("song", song, False), 0, 0)
    for offset, take in takes:
        timeline.extend(voice_cues(take, offset, "song", sung=True))
    return timeline


def _figures(song: Song, pcm: npt.NDArray[np.float32]) -> dict[str, Any]:
    return {
        "title": song.title,
        "bars": song.bars,
        "seconds": round(len(pcm) / SAMPLE_RATE, 3),
        "key": song.key,
        "mode": song.mode,
        "bpm": float(song.tempos[0].bpm),
        "lufs": round(loudness(pcm), 2),
        "true_peak": round(true_peak(pcm), 2),
    }


def make_song(definition: Definition, wish: Wish, out: Path) -> dict[str, Any]:
    """Compose, perform and write a song folder; the folder appears whole or not at all."""
    song = compose(definition, wish)
    takes = sing_all(song, _voice(definition))
    pcm = master(play(song, takes))
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.resolve().parent))
    try:
        for name in ("song.toml", "song.mid", "song.musicxml"):
            write_song(song, aside / name)
        write_wav(aside / "song.wav", pcm)
        (aside / "lyrics.lrc").write_text(lrc(song), "utf-8")
        (aside / "stems").mkdir()
        for name, stem in stems(song, takes).items():
            write_wav(aside / "stems" / f"{name}.wav", stem)
        credits = {
            "title": song.title,
            "artist": definition.identity.name,
            "prompt": wish.prompt,
            "seed": wish.seed,
            **song.credits,
        }
        (aside / "credits.json").write_text(json.dumps(credits, indent=1, ensure_ascii=False) + "\n", "utf-8")
        aside.chmod(0o755)
        if out.exists():
            for item in aside.iterdir():
                target = out / item.name
                if target.is_dir():
                    shutil.rmtree(target)
                item.replace(target)
        else:
            aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return {"out": str(out), **_figures(song, pcm)}


def perform_song_file(
    song: Song, definition: Definition, out: Path, timeline: Path | None, stem_folder: Path | None
) -> dict[str, Any]:
    """Play and sing a song into a WAV."""
    takes = sing_all(song, _voice(definition))
    pcm = master(play(song, takes))
    write_wav(out, pcm)
    if timeline is not None:
        write_lines(timeline, (cue.to_json() for cue in song_timeline(song, takes)))
    if stem_folder is not None:
        stem_folder.mkdir(parents=True, exist_ok=True)
        for name, stem in stems(song, takes).items():
            write_wav(stem_folder / f"{name}.wav", stem)
    return {"out": str(out), **_figures(song, pcm)}


def speak_to_file(definition: Definition, text: str, mood: str, out: Path, timeline: Path | None) -> dict[str, Any]:
    """Speak a line into a WAV that begins with its first sample."""
    voice = _voice(definition)
    take = voice.render(voice.layout(Spoken(text[:2000], mood)))
    write_wav(out, np.repeat(take.pcm[:, None], 2, axis=1))
    if timeline is not None:
        cues = Timeline(voice_cues(take, -take.layout.start, "say", sung=False))
        write_lines(timeline, (cue.to_json() for cue in cues))
    return {
        "out": str(out),
        "seconds": len(take.pcm) / SAMPLE_RATE,
        "voice": voice.name,
        "words": len(take.layout.words),
    }

"""Songs and lines into files: what ``song``, ``perform`` and ``say`` do."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from audio import voice as voices
from audio.compose import Wish, compose, sung_phrases
from audio.compose.keep import spliced
from audio.engine.offline import Rendered, moved, render
from audio.engine.press import Press, result
from audio.engine.shelf import Shelf
from audio.engine.works import write_scores
from audio.mix import true_peak
from audio.score import lrc, read_song
from audio.score.model import Song
from audio.voice.model import Spoken, Take, Voice, VoiceSettings
from characters import songs as library
from characters.definition import Definition
from stage.clock import SAMPLE_RATE
from stage.director.music import Bandstand, Piece
from stage.director.voicecues import voice_cues
from stage.files import AsideFile
from stage.paths import cache_dir
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


def _settings(definition: Definition) -> VoiceSettings:
    return voices.voice_settings(definition.voice)


def song_timeline(song: Song, voice: Voice, before: int) -> Timeline:
    """All cues of a performed song; its first beat is ``before`` samples after the first sample of the sound."""
    timeline = Timeline()
    band = Bandstand(timeline, lambda *messages: None, lambda id, phrase, urgency: True)
    band.start_song(Piece("song", song, False), before, 0)
    silent = np.zeros(0, np.float32)
    for offset, phrase in sung_phrases(song):
        layout = voice.layout(phrase)
        timeline.extend(voice_cues(Take(layout, silent, silent), before + offset, "song", sung=True))
    return timeline


class StemFiles:
    """Stems written chunk by chunk, in any order between tracks, in order within one."""

    def __init__(self, folder: Path, song: Song) -> None:
        self._folder = folder
        self._names = file_names([track.name for track in song.tracks])
        self._files: dict[str, soundfile.SoundFile] = {}
        self._waiting: dict[str, dict[int, npt.NDArray[np.int16]]] = {}
        self._next: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, k: int, sound: npt.NDArray[np.float32]) -> None:
        """Chunk ``k`` of a stem."""
        whole = sound * np.float32(32767)
        np.clip(np.rint(whole, out=whole), -32767, 32767, out=whole)
        pcm = whole.astype(np.int16)
        with self._lock:
            if name not in self._files:
                path = self._folder / f"{self._names.get(name, name)}.wav"
                self._files[name] = soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16", format="WAV")
                self._waiting[name], self._next[name] = {}, 0
            self._waiting[name][k] = pcm
            while self._next[name] in self._waiting[name]:
                self._files[name].write(self._waiting[name].pop(self._next[name]))
                self._next[name] += 1

    def close(self) -> None:
        """Finish the files."""
        for file in self._files.values():
            file.close()


def file_names(names: list[str]) -> dict[str, str]:
    """A safe file name for every track: letters, digits and dashes, no two alike whatever the file system."""
    taken: set[str] = {"effects"}
    result: dict[str, str] = {}
    for name in names:
        plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-")[:40] or "track"
        made, number = plain, 2
        while made.lower() in taken:
            made, number = f"{plain}-{number}", number + 1
        taken.add(made.lower())
        result.setdefault(name, made)
    return result


def _write_pcm(path: Path, pcm: npt.NDArray[np.int16]) -> None:
    aside = AsideFile(path)
    try:
        soundfile.write(aside.path, pcm, SAMPLE_RATE, "PCM_16", format="WAV")
        aside.keep()
    finally:
        aside.drop()


def _figures(song: Song, made: Rendered) -> dict[str, Any]:
    return {
        "title": song.title,
        "bars": song.bars,
        "seconds": round(len(made.pcm) / SAMPLE_RATE, 3),
        "key": song.key,
        "mode": song.mode,
        "bpm": float(song.tempos[0].bpm),
        "lufs": round(made.lufs, 2),
        "true_peak": round(true_peak(made.pcm.astype(np.float32) / 32767), 2),
        "master_db": made.master_db,
        "chunks": made.chunks,
        "chunks_made": made.chunks_made,
        "phrases": made.phrases,
        "phrases_made": made.phrases_made,
        "render_seconds": made.seconds.get("all", 0.0),
        "stages": made.seconds,
    }


def _shelf() -> Shelf:
    return Shelf(cache_dir() / "sound")


_MOST_EARLIER = 40


def earlier_tunes(definition: Definition, wish: Wish, out: Path) -> tuple[tuple[int, ...], ...]:
    """Melodies of her own that a new song must not repeat: her library, and her songs beside the folder to write.

    A song of the same words and seed is the same song and no earlier one.
    """
    beside = sorted(out.resolve().parent.glob("*/song.toml"))[:_MOST_EARLIER]
    tunes = []
    for path in [*library(definition), *beside]:
        try:
            song = read_song(path)
        except (OSError, ValueError):
            continue
        same = song.seed == wish.seed and song.prompt == " ".join(wish.prompt[:300].split())
        if song.voice is not None and song.artist == definition.identity.name and not same:
            tunes.append(tuple(note.pitch for note in song.voice.notes if note.lyric))
    return tuple(tunes)


def make_song(
    definition: Definition, wish: Wish, out: Path, locked: tuple[Song, frozenset[int]] | None = None
) -> dict[str, Any]:
    """Compose, perform and write a song folder; the folder appears whole or not at all.

    ``locked`` is an earlier song and its bars (from 0) that stay.
    """
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.resolve().parent))
    try:
        with Press(_settings(definition), warm=True) as press:
            song = compose(definition, wish)
            if locked is not None:
                song = spliced(locked[0], song, locked[1])
            (aside / "stems").mkdir()
            stems = StemFiles(aside / "stems", song)
            made = render(song, press, sung_phrases(song), _shelf(), stems, staged=True)
            song = moved(song, made.moves)
            song = replace(song, mix=replace(song.mix, master_db=made.master_db))
            scores = (("song.musicxml",), ("song.toml", "song.mid"))
            jobs = [press.submit(write_scores, song, aside, names) for names in scores]
            stems.close()
            _write_pcm(aside / "song.wav", made.pcm)
            figures = _figures(song, made)
            for job in jobs:
                result(job)
        (aside / "lyrics.lrc").write_text(lrc(song), "utf-8")
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
    return {"out": str(out), **figures}


def perform_song_file(
    song: Song, definition: Definition, out: Path, timeline: Path | None, stem_folder: Path | None
) -> dict[str, Any]:
    """Play and sing a song into a WAV; what an edit since the last time did not touch is reused."""
    settings = _settings(definition)
    stems = None
    if stem_folder is not None:
        stem_folder.mkdir(parents=True, exist_ok=True)
        stems = StemFiles(stem_folder, song)
    with Press(settings) as press:
        fresh = song.mix.master_db is None and "mix" not in song.credits
        made = render(song, press, sung_phrases(song), _shelf(), stems, staged=fresh)
    if stems is not None:
        stems.close()
    _write_pcm(out, made.pcm)
    if timeline is not None:
        cues = song_timeline(song, voices.open_voice(settings), made.before)
        write_lines(timeline, (cue.to_json() for cue in cues))
    return {"out": str(out), **_figures(song, made)}


def speak_to_file(definition: Definition, text: str, mood: str, out: Path, timeline: Path | None) -> dict[str, Any]:
    """Speak a line into a WAV that begins with its first sample."""
    voice = voices.open_voice(_settings(definition))
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

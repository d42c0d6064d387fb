"""Spectrogram and piano roll of songs, one PNG each: python scripts/song_pictures.py SONG_FOLDER... -o docs/pictures

A song folder is what ``limelight song`` writes (song.toml and song.wav). Above the notes of every track in its colour,
chords and sections named; below the spectrogram on a mel scale, from -80 dB to its loudest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1]))

from audio.listen import read_sound
from audio.listen.spectrum import HOP, RATE, magnitudes, mel_bank, mono
from audio.score import read_song
from audio.score.model import Song

WIDE, ROLL, SPECTRUM, EDGE = 1400, 380, 300, 40
_COLOURS = ("#ff6b8b", "#ffd166", "#6ee7b7", "#7cc4ff", "#c39bff", "#ff9f5a", "#9be15d", "#f2f2f2")


def picture(folder: Path) -> Image.Image:
    """The two pictures of a song, one above the other."""
    song = read_song(folder / "song.toml")
    sound = read_sound(folder / "song.wav")
    tempo = song.tempo_map
    before = len(sound) - tempo.sample(tempo.bar_beat(song.bars)) - 144_000
    image = Image.new("RGB", (WIDE, ROLL + SPECTRUM + 3 * EDGE), "#101018")
    _roll(ImageDraw.Draw(image), song, before, len(sound))
    image.paste(_spectrogram(sound), (0, ROLL + 2 * EDGE))
    return image


def _roll(draw: ImageDraw.ImageDraw, song: Song, before: int, length: int) -> None:
    font = ImageFont.load_default(13)
    tempo = song.tempo_map

    def x(beat: object) -> float:
        return (tempo.sample(beat) + before) / length * WIDE  # type: ignore[arg-type]

    notes = [n.pitch for t in song.tracks if t.kind != "drums" for n in t.notes]
    low, high = min(notes, default=40) - 2, max(notes, default=80) + 2
    height = (ROLL - 60) / (high - low)
    for bar in range(song.bars + 1):
        at = x(tempo.bar_beat(bar))
        draw.line((at, EDGE, at, ROLL + EDGE), "#262633")
    for section in song.sections:
        at = x(tempo.bar_beat(section.bar))
        draw.line((at, 2, at, ROLL + EDGE), "#55556a")
        draw.text((at + 4, 4), section.name, "#ffffff", font)
    for chord in song.chords:
        draw.text((x(chord.start) + 2, ROLL + EDGE + 5), chord.symbol, "#8f8fa8", ImageFont.load_default(9))
    order = sorted(enumerate(song.tracks), key=lambda item: item[1].kind == "voice")
    for number, track in order:
        colour = _COLOURS[number % len(_COLOURS)]
        for note in track.notes:
            a, b = x(note.start), x(note.start + note.length)
            if track.kind == "drums":
                y = ROLL + EDGE - 30 + (note.pitch % 10) * 2.8
                draw.line((a, y, a + 2, y), colour, 2)
            else:
                y = EDGE + (high - note.pitch) * height
                draw.rectangle((a, y, max(a + 1, b - 1), y + max(2, height - 1)), colour)
    at = float(WIDE - 8)
    for number, track in reversed(list(enumerate(song.tracks))):
        at -= draw.textlength(track.name, font) + 12
        draw.text((at, 20), track.name, _COLOURS[number % len(_COLOURS)], font)


def _spectrogram(sound: np.ndarray) -> Image.Image:
    spectrum = magnitudes(mono(sound), 2048, HOP) @ mel_bank(SPECTRUM, 2048, 30, RATE / 2).T
    columns = np.linspace(0, len(spectrum), WIDE + 1).astype(int)
    rows = np.maximum.reduceat(spectrum, columns[:-1], axis=0)
    level = 20 * np.log10(rows / rows.max() + 1e-6)
    value = np.clip(1 + level / 70, 0, 1)[:, ::-1].T
    stops = np.array([[16, 16, 24], [60, 20, 110], [190, 50, 110], [255, 150, 60], [255, 250, 210]], float)
    place = value * (len(stops) - 1)
    at = np.minimum(place.astype(int), len(stops) - 2)
    part = (place - at)[..., None]
    return Image.fromarray((stops[at] * (1 - part) + stops[at + 1] * part).astype(np.uint8))


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/pictures"))
    args = parser.parse_args()
    for folder in args.folders:
        path = args.out / f"song-{folder.name}.png"
        picture(folder).save(path, optimize=True)
        print(path)


if __name__ == "__main__":
    main()

"""``song``, ``perform`` and ``say``: the sound without a stage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from stage.cli.errors import Refused
from stage.cli.options import writable


@click.command()
@click.argument("words", nargs=-1, metavar='[CHARACTER] "PROMPT"')
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--seed", default=1, show_default=True)
@click.option("--bars", type=click.IntRange(4, 400), help="Length in bars.")
@click.option("--tempo", type=click.FloatRange(40, 240), help="Quarter notes a minute.")
@click.option("--key", help="Such as C, F#, Bb.")
@click.option("--mode", help="Such as major, minor, lydian, dorian.")
@click.option("--lyrics", type=click.Path(path_type=Path), help="Words to sing, a line a line ([Chorus] heads obeyed).")
@click.option(
    "--melody", type=click.Path(path_type=Path), help="A melody somebody played (.mid, .musicxml): gone on from."
)
@click.option("--from", "earlier", type=click.Path(path_type=Path), help="An earlier song's folder, for --keep.")
@click.option("--keep", help="Bars of it that stay, such as 9-16,33; the others are made anew.")
@click.option("--json", "as_json", is_flag=True)
def song(
    words: tuple[str, ...], out: Path, seed: int, bars: int | None, tempo: float | None, key: str | None,
    mode: str | None, lyrics: Path | None, melody: Path | None, earlier: Path | None, keep: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """A whole song: song.toml (the editable score), MIDI, MusicXML, WAV, lyrics, stems, credits.

    Example: limelight song lumi "a slow waltz about rain on a train window" --seed 3 -o rain/
    """
    _begin()
    from audio.compose import Wish
    from audio.compose.keep import bars_of, wish_like
    from audio.compose.played import melody_of
    from audio.score import read_song
    from characters import load, names
    from stage.songs import earlier_tunes, make_song

    if (earlier is None) != (keep is None):
        raise Refused("--keep and --from belong together: --from rain/ --keep 9-16")
    character, prompt = _character(words, names())
    if out.exists() and not out.is_dir():
        raise Refused(f"{out}: is a file; give the name of a folder to write the song into")
    if not out.resolve().parent.is_dir():
        raise Refused(f"{out}: the folder {out.resolve().parent} does not exist; make it first")
    wish = Wish(prompt=prompt, seed=seed, bars=bars, tempo=tempo, key=key or "", mode=mode or "")
    if lyrics is not None:
        wish = replace(wish, lyrics=_lyric_lines(lyrics))
    if melody is not None:
        wish = replace(wish, melody=melody_of(read_song(melody)))
        if not wish.melody:
            raise Refused(f"{melody}: holds no notes that could be sung; give a file with a melody")
    locked = None
    if earlier is not None and keep is not None:
        before = read_song(earlier / "song.toml")
        try:
            locked = before, bars_of(keep, before)
            wish = wish_like(before, wish)
        except ValueError as error:
            raise Refused(f"--keep: {error}") from None
    definition = load(character)
    wish = replace(wish, avoid=earlier_tunes(definition, wish, out))
    facts = make_song(definition, wish, out, locked)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(
            f"{out}: “{facts['title']}”, {facts['bars']} bars, {facts['seconds']:.0f} s, {facts['lufs']:.1f} LUFS"
        )


def _begin() -> None:
    """Before anything heavy is imported, workers wake."""
    from audio import workers

    workers.wake()


def _lyric_lines(path: Path) -> tuple[str, ...]:
    """The lines of a text file of words."""
    try:
        if path.stat().st_size > 64_000:
            raise Refused(f"{path}: is longer than any song; give at most 64 kB of words")
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Refused(f"{path}: is no UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise Refused(f"{path}: cannot be read ({error.strerror}); check the name") from None
    if not any(any(c.isalpha() for c in line) for line in lines):
        raise Refused(f"{path}: holds no words; write a line of the song on each line")
    return tuple(lines)


def _character(words: tuple[str, ...], known: list[str]) -> tuple[str, str]:
    """The optional character and the text of a command line."""
    if not words:
        raise click.UsageError('say what, such as: limelight song lumi "a slow waltz about rain" -o rain/')
    if len(words) > 1 and (words[0] in known or Path(words[0]).is_dir()):
        return words[0], " ".join(words[1:])
    return "lumi", " ".join(words)


@click.command()
@click.argument("score", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The WAV to write.")
@click.option("--character", default="lumi", show_default=True, help="Who sings it.")
@click.option("--timeline", type=click.Path(path_type=Path), help="Write the cues of the performance (JSON lines).")
@click.option("--stems", type=click.Path(path_type=Path), help="Also write each track to this folder.")
@click.option("--json", "as_json", is_flag=True)
def perform(score: Path, out: Path, character: str, timeline: Path | None, stems: Path | None, as_json: bool) -> None:
    """Play a score (song.toml, .mid, .musicxml); lyrics in it are sung.

    Example: limelight perform rain/song.toml -o rain.wav
    """
    _begin()
    from audio.score import read_song
    from characters import load
    from stage.songs import perform_song_file

    writable(out, (".wav",))
    if timeline:
        writable(timeline, (".jsonl",))
    definition = load(character)
    facts = perform_song_file(read_song(score), definition, out, timeline, stems)
    click.echo(
        json.dumps(facts, ensure_ascii=False)
        if as_json
        else f"{out}: {facts['seconds']:.1f} s, {facts['lufs']:.1f} LUFS; made {facts['chunks_made']} of {facts['chunks']} "
        f"stretches and {facts['phrases_made']} of {facts['phrases']} phrases in {facts['render_seconds']:.1f} s"
    )


@click.command()
@click.argument("words", nargs=-1, metavar='[CHARACTER] "TEXT"')
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The WAV to write.")
@click.option("--mood", default="neutral", show_default=True)
@click.option("--timeline", type=click.Path(path_type=Path), help="Write phonemes and words (JSON lines).")
@click.option("--json", "as_json", is_flag=True)
def say(words: tuple[str, ...], out: Path, mood: str, timeline: Path | None, as_json: bool) -> None:
    """Speak a line in a character's voice.

    Example: limelight say lumi "Hello, you made it!" -o hello.wav
    """
    from characters import load, names
    from stage.songs import speak_to_file

    character, text = _character(words, names())
    writable(out, (".wav",))
    if timeline:
        writable(timeline, (".jsonl",))
    facts = speak_to_file(load(character), text, mood, out, timeline)
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else f"{out}: {facts['seconds']:.2f} s")


commands = (song, perform, say)

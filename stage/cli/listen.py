"""``listen`` and ``master``: any recording, by anyone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stage.cli.errors import Refused
from stage.cli.options import writable

if TYPE_CHECKING:
    from audio.listen import Analysis


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--transcribe", type=click.Path(path_type=Path), help="Write the melody that is heard as MIDI.")
@click.option("--json", "as_json", is_flag=True, help="Everything, with every beat and chord.")
def listen(file: Path, transcribe: Path | None, as_json: bool) -> None:
    """What is heard in a recording: loudness, tempo, beats, metre, key, chords, sections, melody.

    Example: limelight listen rain/song.wav --transcribe melody.mid
    """
    from audio.listen import analyse_file, write_midi

    if transcribe:
        writable(transcribe, (".mid", ".midi"))
    heard = analyse_file(file, transcribe is not None)
    if transcribe:
        from stage.files import AsideFile

        aside = AsideFile(transcribe)
        try:
            write_midi(list(heard.melody), heard.tempo, str(aside.path))
            aside.keep()
        finally:
            aside.drop()
    click.echo(json.dumps(heard.facts(), ensure_ascii=False) if as_json else _said(heard))


def _said(heard: Analysis) -> str:
    chords: dict[str, float] = {}
    for chord in heard.chords:
        chords[chord.symbol] = chords.get(chord.symbol, 0.0) + chord.end - chord.start
    often = sorted(chords, key=lambda name: -chords[name])[:8]
    lines = [
        f"length      {heard.seconds:.1f} s, {heard.silent_seconds:.1f} s of it silent",
        f"loudness    {heard.loudness:.1f} LUFS, true peak {heard.true_peak:.1f} dBTP, {heard.clipped} clipped peaks",
        f"stereo      correlation {heard.correlation:.2f}",
        "spectrum    " + ", ".join(f"{name.replace('_', ' ')} {level:.1f}" for name, level in heard.spectrum.items()) + " dB",
        f"tempo       {heard.tempo:.1f}, {len(heard.beats)} beats, {heard.meter} to the bar (clear to {heard.pulse:.2f})",
        f"key         {heard.key} {heard.mode} (sure to {heard.key_strength:.2f})",
        f"chords      {' '.join(often)}",
        "sections    " + ", ".join(f"{part.label} {part.start:.0f}-{part.end:.0f}" for part in heard.sections),
        "instruments " + ", ".join(f"{name.replace('_', ' ')} {level:.2f}" for name, level in heard.instruments.items())
        + (", a voice" if heard.voice else ", no voice"),
    ]  # fmt: skip
    if heard.melody:
        lines.append(f"melody      {len(heard.melody)} notes")
    return "\n".join(lines)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The WAV to write.")
@click.option("--loudness", type=click.FloatRange(-40, -5), default=-14.0, show_default=True, help="LUFS.")
@click.option("--peak", type=click.FloatRange(-20, 0), default=-1.0, show_default=True, help="Highest true peak, dBTP.")
@click.option("--reference", type=click.Path(path_type=Path), help="A recording whose spectrum and width to move to.")
@click.option("--style", help="Move the spectrum into a style's band.")
@click.option(
    "--repair/--no-repair", default=True, show_default=True, help="Clipping, hum, offset, silence at the ends."
)
@click.option("--json", "as_json", is_flag=True)
def master(
    file: Path, out: Path, loudness: float, peak: float, reference: Path | None, style: str | None, repair: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Repair a recording, match it to a reference, bring it to a loudness under a true peak; say what was moved.

    Example: limelight master demo.wav -o master.wav --reference record.flac
    """
    from audio.listen import read_sound
    from audio.mix import loudness as measured
    from audio.mix import master as mastered
    from audio.mix import match, true_peak
    from audio.mix import repair as repairs
    from stage.songs import write_wav

    writable(out, (".wav",))
    if style is not None and style not in match.styles():
        raise Refused(f"--style {style}: not described; one of {', '.join(match.styles())}")
    sound, like = read_sound(file), read_sound(reference) if reference else None
    before = {"lufs": measured(sound), "true_peak": true_peak(sound)}
    if before["true_peak"] < -90:
        raise Refused(f"{file}: holds only silence; give a recording")
    moves: list[repairs.Move] = []
    if repair:
        sound, moves = repairs.repaired(sound)
    if style is not None:
        sound, more = match.styled(sound, style)
        moves += more
    if like is not None:
        sound, more = match.matched(sound, like)
        moves += more
    level = measured(sound)
    done = mastered(sound, loudness, peak)
    gain = loudness - level
    moves.append(repairs.Move("gain", gain, f"gain {gain:+.1f} dB, limited to {peak:g} dBTP"))
    write_wav(out, done)
    after = {"lufs": measured(done), "true_peak": true_peak(done)}
    if as_json:
        facts = {
            "out": str(out), "seconds": round(len(done) / 48_000, 3),
            "before": {k: round(v, 2) for k, v in before.items()}, "after": {k: round(v, 2) for k, v in after.items()},
            "moves": [{"what": m.what, "amount": round(m.amount, 3), "text": m.text} for m in moves],
        }  # fmt: skip
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(f"{out}: {before['lufs']:.1f} to {after['lufs']:.1f} LUFS, true peak {after['true_peak']:.1f} dBTP")
    for move in moves:
        click.echo(f"  {move.what}: {move.text}")


commands = (listen, master)

"""Reading SFZ: headers and opcodes of version 1, inherited from global, master and group to region."""

from __future__ import annotations

import re
from pathlib import Path

from audio.instruments.errors import SampleError
from audio.instruments.sampled import Region, whole

_LARGEST = 8 << 20
_MOST = 8_192
_HEADER = re.compile(r"<(\w+)>")
_OPCODE = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*<\w+>|$)")
_NOTE = re.compile(r"([a-gA-G])([#b]?)(-?\d)$")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_LEVELS = ("global", "master", "group", "region")


def read_sfz(path: Path) -> list[Region]:
    """Regions of an SFZ file; raises :class:`SampleError` with file and line."""
    if path.stat().st_size > _LARGEST:
        raise SampleError(f"{path}: larger than an SFZ text; give the .sfz file, not a sample")
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8", errors="replace"), flags=re.DOTALL)
    scopes: dict[str, dict[str, str]] = {level: {} for level in _LEVELS}
    control: dict[str, str] = {}
    found: list[tuple[int, dict[str, str]]] = []
    into: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("//")[0].strip()
        if line.startswith("#"):
            raise SampleError(f"{path}: line {number}: {line.split()[0]} is not supported; write the file out in full")
        at = 0
        while at < len(line):
            header = _HEADER.match(line, at)
            if header:
                name = header[1]
                into = control if name == "control" else {}
                if name in _LEVELS:
                    for level in _LEVELS[_LEVELS.index(name) :]:
                        scopes[level] = {}
                    into = scopes[name]
                if name == "region":
                    above = {key: value for level in _LEVELS[:-1] for key, value in scopes[level].items()}
                    into.update(above)
                    found.append((number, into))
                    if len(found) > _MOST:
                        raise SampleError(f"{path}: line {number}: more than {_MOST} regions; split the instrument")
                at = header.end()
            else:
                opcode = _OPCODE.match(line, at)
                if opcode:
                    into[opcode[1]] = opcode[2].strip()
                    at = opcode.end()
                else:
                    at += 1
    made = [_region(path, number, values, control.get("default_path", "")) for number, values in found]
    return [region for region in made if region is not None]


def _region(path: Path, number: int, values: dict[str, str], folder: str) -> Region | None:
    if values.get("trigger", "attack") != "attack" or values.get("seq_position", "1") != "1" or "sample" not in values:
        return None

    def figure(name: str, default: float, low: float, high: float) -> float:
        try:
            value = float(values.get(name, default))
        except ValueError:
            raise SampleError(f"{path}: line {number}: {name}={values[name][:20]} is not a number; write one") from None
        if not low <= value <= high:
            raise SampleError(f"{path}: line {number}: {name}={value:g}; it goes from {low:g} to {high:g}")
        return value

    def key(name: str, default: int) -> int:
        text = values.get(name, str(default))
        note = _NOTE.match(text)
        if note:
            step = _STEPS[note[1].lower()] + {"#": 1, "b": -1, "": 0}[note[2]]
            return step + 12 * (int(note[3]) + 1)
        return int(figure(name, default, -1, 127))

    sample = path.parent / (folder + values["sample"]).replace("\\", "/")
    if not sample.is_file():
        raise SampleError(f"{path}: line {number}: no sample {values['sample'][:80]!r} beside it; put it there")
    one = key("key", -1)
    low, high = (one, one) if one >= 0 else (0, 127)
    root = key("pitch_keycenter", one if one >= 0 else 60)
    looped = values.get("loop_mode") in ("loop_continuous", "loop_sustain") and "loop_end" in values
    loop = (int(figure("loop_start", 0, 0, 1e9)), int(figure("loop_end", 0, 0, 1e9)) + 1) if looped else None
    first = int(figure("offset", 0, 0, 1e9))
    sustain = figure("ampeg_sustain", 100, 0, 100)
    from math import log10

    return Region(
        whole(sample, first, int(figure("end", 0, 0, 1e9)) + 1 if "end" in values else None),
        (key("lokey", low), key("hikey", high)),
        (int(figure("lovel", 0, 0, 127)), int(figure("hivel", 127, 0, 127))),
        root - figure("transpose", 0, -127, 127) - figure("tune", 0, -2400, 2400) / 100,
        figure("pitch_keytrack", 100, -1200, 1200) / 100,
        figure("volume", 0, -144, 24), figure("pan", 0, -100, 100) / 100,
        (loop[0] - first, loop[1] - first) if loop else None,
        figure("ampeg_attack", 0, 0, 100), figure("ampeg_hold", 0, 0, 100), figure("ampeg_decay", 0, 0, 100),
        20 * log10(max(1e-5, sustain / 100)), figure("ampeg_release", 0.05, 0, 100),
        figure("cutoff", 20_000, 20, 96_000),
    )  # fmt: skip

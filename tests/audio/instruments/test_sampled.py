"""Sampled instruments from tiny files made here: pitch, place, loop, ranges, and broken files."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.instruments.catalog import instrument
from audio.instruments.errors import SampleError
from audio.instruments.sampled import LONGEST, open_bank
from audio.instruments.tables import Key, Tables

RATE = 22_050


def sine(freq: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * freq * np.arange(int(seconds * rate)) / rate)


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def soundfont(packed: bool = False, looped: bool = True) -> bytes:
    """One preset (0:4) with one sample, A4, looped over whole periods."""
    if packed:
        box = io.BytesIO()
        soundfile.write(box, sine(441.0), RATE, format="OGG", subtype="VORBIS")
        sound, end = box.getvalue(), len(box.getvalue())
    else:
        pcm = np.round(sine(441.0) * 32767).astype("<i2")
        sound, end = pcm.tobytes() + b"\0" * 92, len(pcm)
    gens = [(43, 0 | 100 << 8), (58, 69), (38, -2000 & 0xFFFF), (54, 1 if looped else 0), (53, 0)]
    shdr = struct.pack("<20sIIIIIBbHH", b"sine", 0, end, 1000, 6000, RATE, 69, 0, 0, 0x11 if packed else 1)
    pdta = b"".join(
        (
            chunk(b"phdr", struct.pack("<20sHHHIII", b"one", 4, 0, 0, 0, 0, 0) + struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0)),
            chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
            chunk(b"pgen", struct.pack("<HH", 41, 0) + b"\0" * 4),
            chunk(b"inst", struct.pack("<20sH", b"one", 0) + struct.pack("<20sH", b"EOI", 1)),
            chunk(b"ibag", struct.pack("<HHHH", 0, 0, len(gens), 0)),
            chunk(b"igen", b"".join(struct.pack("<HH", *gen) for gen in gens) + b"\0" * 4),
            chunk(b"shdr", shdr + struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        )
    )  # fmt: skip
    body = b"sfbk" + chunk(b"LIST", b"sdta" + chunk(b"smpl", sound)) + chunk(b"LIST", b"pdta" + pdta)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pitch_of(sound: np.ndarray) -> float:
    mono = sound[4_800:24_000, 0]
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 1 << 18))
    return float(spectrum.argmax() * 48_000 / (1 << 18))


@pytest.mark.parametrize("packed", [False, True])
def test_a_soundfont_plays_in_tune_and_loops(tmp_path: Path, packed: bool) -> None:
    (tmp_path / "a.sf2").write_bytes(soundfont(packed))
    name = f"sf2:{tmp_path}/a.sf2#0:4"
    tables = Tables()
    for pitch, freq in ((69, 441.0), (81, 882.0), (57, 220.5)):
        made = tables.get(Key(name, float(pitch), 2))
        assert pitch_of(made) == pytest.approx(freq, rel=0.002)
        assert len(made) == LONGEST
        assert np.abs(made[200_000:201_000]).max() > 0.3  # still sounding in its loop
    assert not tables.get(Key(name, 110.0, 2)).any()  # outside its keys
    spec = instrument(name)
    assert spec.make == "modal"
    assert spec.release == pytest.approx(2 ** (-2000 / 1200), rel=0.01)


def test_without_a_loop_a_sample_ends(tmp_path: Path) -> None:
    (tmp_path / "a.sf2").write_bytes(soundfont(looped=False))
    made = open_bank(f"sf2:{tmp_path}/a.sf2#0:4").note(69, 100)
    assert len(made) == pytest.approx(24_000, abs=20)


def test_sfz_regions_inherit_and_split(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "low a.wav", sine(220.0, 1.0), RATE)
    soundfile.write(tmp_path / "high.wav", sine(880.0, 1.0), RATE)
    (tmp_path / "k.sfz").write_text(
        "// two samples\n<group> ampeg_release=0.4 volume=-6\n"
        "<region> sample=low a.wav lokey=0 hikey=b3 pitch_keycenter=a3\n"
        "<region> sample=high.wav lokey=c4 hikey=127 pitch_keycenter=81 pan=-100\n"
    )
    bank = open_bank(f"sfz:{tmp_path}/k.sfz")
    assert bank.release == pytest.approx(0.4)
    low, high = bank.note(57, 90), bank.note(81, 90)
    assert pitch_of(low) == pytest.approx(220, rel=0.003)
    assert pitch_of(high) == pytest.approx(880, rel=0.003)
    assert np.abs(low).max() == pytest.approx(0.25, abs=0.02)
    assert np.abs(high[:, 1]).max() < 1e-4  # left


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<region> sample=none.wav key=60", "line 1"),
        ("<region> sample=k.wav\nvolume=loud", "volume"),
        ("#include <x>", "line 1"),
        ("", "no playable sample"),
    ],
)
def test_broken_sfz_names_the_line(tmp_path: Path, text: str, word: str) -> None:
    soundfile.write(tmp_path / "k.wav", sine(220.0, 0.1), RATE)
    (tmp_path / "bad.sfz").write_text(text)
    with pytest.raises(SampleError, match=word) as caught:
        open_bank(f"sfz:{tmp_path}/bad.sfz")
    assert "bad.sfz" in str(caught.value)


def test_missing_presets_and_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.sf2").write_bytes(soundfont())
    for name, word in ((f"sf2:{tmp_path}/a.sf2#0:9", "it has 0:4"), (f"sf2:{tmp_path}/a.sf2#x", "bank:program"),
                       ("sf2:nowhere.sf2", "no such file")):  # fmt: skip
        with pytest.raises(SampleError, match=word):
            open_bank(name)


def test_fuzzed_soundfonts_never_crash(tmp_path: Path) -> None:
    good = soundfont()
    rng = np.random.default_rng(5)
    refused = 0
    for k in range(150):
        data = bytearray(good)
        tail = len(good) - 500
        if k % 3 == 0:
            data = data[: int(rng.integers(0, len(good)))]
        for at in rng.integers(0 if k % 3 == 1 else tail, len(good), 6):
            if at < len(data):
                data[at] = int(rng.integers(256))
        path = tmp_path / f"{k}.sf2"
        path.write_bytes(bytes(data))
        try:
            made = open_bank(f"sf2:{path}#0:4").note(69, 100)
            assert np.isfinite(made).all()
        except SampleError as error:
            refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
        path.unlink()
    assert refused > 40

"""Reading SoundFont files: chunks, presets, instruments, samples (16-bit, or Ogg Vorbis in version 3)."""

from __future__ import annotations

import io
import math
import struct
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audio.instruments.errors import SampleError
from audio.instruments.sampled import LONGEST, Data, Region

_SIZES = {"phdr": 38, "pbag": 4, "pgen": 4, "inst": 22, "ibag": 4, "igen": 4, "shdr": 46}
_MOST = 4_096
_PAN, _ATTENUATION, _CUTOFF = 17, 48, 8
_ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = 34, 35, 36, 37, 38
_INSTRUMENT, _KEYS, _VELOCITIES, _COARSE, _FINE, _SAMPLE, _MODES, _SCALE, _ROOT = 41, 43, 44, 51, 52, 53, 54, 56, 58
_DEFAULTS = {
    _CUTOFF: 13_500,
    _ATTACK: -12_000,
    _HOLD: -12_000,
    _DECAY: -12_000,
    _RELEASE: -12_000,
    _SCALE: 100,
    _ROOT: -1,
}
Gens = dict[int, int]


def read_sf2(path: Path, which: str) -> list[Region]:
    """Regions of a preset named ``bank:program`` (``0:0`` when left out); raises :class:`SampleError`."""
    try:
        bank, program = (int(part) for part in (which or "0:0").split(":"))
    except ValueError:
        raise SampleError(f"{path}: preset {which[:20]!r}; write it as #bank:program, such as #0:4") from None
    try:
        return _Font(path).preset(bank, program)
    except (struct.error, IndexError, ValueError, KeyError, OverflowError, MemoryError) as error:
        if isinstance(error, SampleError):
            raise
        raise SampleError(f"{path}: a broken SoundFont ({error}); fetch it again") from None


class _Font:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables: dict[str, bytes] = {}
        self.sound = (0, 0)
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
                raise SampleError(f"{path}: not a SoundFont (no RIFF sfbk); give an SF2 or SF3 file")
            size = path.stat().st_size
            self._chunks(file, 12, size)
        for name, width in _SIZES.items():
            if name not in self.tables or len(self.tables[name]) < width:
                raise SampleError(f"{path}: a broken SoundFont (no {name}); fetch it again")

    def _chunks(self, file: io.BufferedReader, at: int, end: int) -> None:
        while at + 8 <= end:
            file.seek(at)
            name, size = struct.unpack("<4sI", file.read(8))
            size = min(size, end - at - 8)
            if name == b"LIST":
                kind = file.read(4)
                if kind in (b"sdta", b"pdta"):
                    self._chunks(file, at + 12, at + 8 + size)
            elif name == b"smpl":
                self.sound = (at + 8, size)
            elif name.decode("latin1") in _SIZES:
                self.tables[name.decode("latin1")] = file.read(min(size, 16 << 20))
            at += 8 + size + size % 2

    def _row(self, table: str, index: int) -> bytes:
        width = _SIZES[table]
        row = self.tables[table][index * width : (index + 1) * width]
        if index < 0 or len(row) < width:
            raise ValueError(f"{table} {index} is missing")
        return row

    def preset(self, bank: int, program: int) -> list[Region]:
        """Regions of a preset."""
        known = []
        for i in range(len(self.tables["phdr"]) // 38 - 1):
            number, in_bank, bag = struct.unpack("<HHH", self._row("phdr", i)[20:26])
            if (in_bank, number) == (bank, program):
                end = struct.unpack("<H", self._row("phdr", i + 1)[24:26])[0]
                return self._preset(bag, end)
            known.append(f"{in_bank}:{number}")
        raise SampleError(f"{self.path}: no preset {bank}:{program}; it has {', '.join(known[:12]) or 'none'}")

    def _preset(self, first: int, end: int) -> list[Region]:
        regions: list[Region] = []
        common: Gens = {}
        for k, zone in enumerate(self._zones("p", first, end)):
            if _INSTRUMENT not in zone:
                common = zone if k == 0 else common
                continue
            above = {**common, **zone}
            row = zone[_INSTRUMENT]
            a = struct.unpack("<H", self._row("inst", row)[20:22])[0]
            b = struct.unpack("<H", self._row("inst", row + 1)[20:22])[0]
            base: Gens = {}
            for j, inner in enumerate(self._zones("i", a, b)):
                if _SAMPLE not in inner:
                    base = inner if j == 0 else base
                    continue
                region = self._region(above, {**_DEFAULTS, **base, **inner})
                if region is not None:
                    regions.append(region)
                if len(regions) > _MOST:
                    raise ValueError("more regions than any instrument has")
        return regions

    def _zones(self, side: str, first: int, end: int) -> list[Gens]:
        if not first <= end <= first + _MOST:
            raise ValueError(f"zones {first} to {end}")
        zones = []
        for i in range(first, end):
            a = struct.unpack("<H", self._row(f"{side}bag", i)[:2])[0]
            b = struct.unpack("<H", self._row(f"{side}bag", i + 1)[:2])[0]
            zone: Gens = {}
            for g in range(a, min(b, a + 128)):
                oper, raw = struct.unpack("<HH", self._row(f"{side}gen", g))
                unsigned = oper in (_INSTRUMENT, _SAMPLE, _KEYS, _VELOCITIES, _MODES)
                zone[oper] = raw if unsigned or raw < 0x8000 else raw - 0x10000
            zones.append(zone)
        return zones

    def _region(self, above: Gens, own: Gens) -> Region | None:
        row = self._row("shdr", own[_SAMPLE])
        start, end, loop_a, loop_b, rate, root, fine, _, kind = struct.unpack("<IIIIIBbHH", row[20:46])
        if kind & 0x8000 or end <= start:
            return None
        if not 400 <= rate <= 200_000:
            raise ValueError(f"a sample at {rate} Hz")

        def added(gen: int) -> float:
            return float(own.get(gen, 0) + above.get(gen, 0))

        start += own.get(0, 0) + 32_768 * own.get(4, 0)
        end += own.get(1, 0) + 32_768 * own.get(12, 0)
        if kind & 0x10:  # in version 3 loops count from the sample's beginning
            loop = (loop_a, loop_b)
        else:
            loop = (
                loop_a + own.get(2, 0) + 32_768 * own.get(45, 0) - start,
                loop_b + own.get(3, 0) + 32_768 * own.get(50, 0) - start,
            )
        key = own[_ROOT] if own[_ROOT] >= 0 else (root if root < 128 else 60)
        tune = added(_COARSE) + (added(_FINE) + fine) / 100
        return Region(
            self._data(start, end, rate, bool(kind & 0x10)),
            _both(own.get(_KEYS, 0x7F00), above.get(_KEYS, 0x7F00)),
            _both(own.get(_VELOCITIES, 0x7F00), above.get(_VELOCITIES, 0x7F00)),
            key - tune, max(0.0, added(_SCALE) / 100), -0.04 * max(0.0, min(1440.0, added(_ATTENUATION))),
            added(_PAN) / 500, loop if own.get(_MODES, 0) & 1 else None,
            _seconds(added(_ATTACK)), _seconds(added(_HOLD)), _seconds(added(_DECAY)),
            -min(144.0, max(0.0, added(_SUSTAIN) / 10)), _seconds(added(_RELEASE)),
            min(20_000.0, 8.176 * 2 ** (min(13_500.0, max(1_500.0, added(_CUTOFF))) / 1200)),
        )  # fmt: skip

    def _data(self, start: int, end: int, rate: int, packed: bool) -> Data:
        base, size = self.sound
        path = self.path
        width = 1 if packed else 2
        if not 0 <= start < end or end * width > size:
            raise ValueError("a sample beyond the end of the file")

        @lru_cache(maxsize=1)
        def read() -> tuple[npt.NDArray[np.float32], int]:
            with path.open("rb") as file:
                file.seek(base + start * width)
                raw = file.read(min((end - start) * width, LONGEST * 16))
            if not packed:
                pcm = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float32)
                return pcm * np.float32(1 / 32_768), rate
            import soundfile

            try:
                sound, own_rate = soundfile.read(io.BytesIO(raw), dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise SampleError(f"{path}: a packed sample cannot be read ({error}); fetch it again") from None
            return sound.mean(axis=1).astype(np.float32), int(own_rate)

        return read


def _both(a: int, b: int) -> tuple[int, int]:
    return max(a & 0xFF, b & 0xFF), min(a >> 8, b >> 8)


def _seconds(timecents: float) -> float:
    return 0.0 if timecents <= -11_900 else math.pow(2.0, min(8_000.0, timecents) / 1200)

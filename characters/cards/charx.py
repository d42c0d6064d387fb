"""CHARX: a zip with ``card.json`` at its root and the assets beside it. Read with limits, never unpacked to disk.

A picture may stand before the archive (RisuAI writes JPEGs that are zips too). Nothing in it is run.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib

from characters.cards.model import CardError

MAX_CARD = 10_000_000
MAX_ASSET = 50_000_000
MAX_TOTAL = 200_000_000
MAX_ENTRIES = 4_096
_END = b"PK\x05\x06"


def is_zip(data: bytes) -> bool:
    """Whether a zip's end record stands where one can (a comment of 64 KiB may follow it)."""
    return data.rfind(_END, max(0, len(data) - 65_557)) >= 0


def read(data: bytes, file: object) -> tuple[bytes, dict[str, bytes], bytes]:
    """(``card.json``, the other files by path, what stands before the archive); :class:`CardError` on anything odd."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check(infos, file)
            files: dict[str, bytes] = {}
            total = 0
            for info in infos:
                if info.is_dir():
                    continue
                most = MAX_CARD if info.filename == "card.json" else MAX_ASSET
                with archive.open(info) as stream:
                    content = stream.read(most + 1)
                if len(content) > most:
                    raise CardError(file, info.filename, f"grows beyond {most:,} bytes", "this is not a card")
                total += len(content)
                if total > MAX_TOTAL:
                    raise CardError(file, "", f"holds more than {MAX_TOTAL:,} bytes", "leave assets out")
                files[info.filename] = content
            before = data[: min((info.header_offset for info in infos), default=0)]
    except CardError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CardError(file, "", f"the archive is damaged ({str(error)[:80]})", "get the file again") from None
    if "card.json" not in files:
        raise CardError(file, "", "the archive has no card.json at its root", "export it as CHARX again")
    return files.pop("card.json"), files, before


def _check(infos: list[zipfile.ZipInfo], file: object) -> None:
    if len(infos) > MAX_ENTRIES:
        raise CardError(file, "", f"the archive has {len(infos)} files", f"keep at most {MAX_ENTRIES}")
    names: set[str] = set()
    total = 0
    for info in infos:
        name = info.filename
        if not safe_path(name.rstrip("/")):
            raise CardError(file, repr(name)[:80], "this path leads out of the archive", "do not use this file")
        if info.flag_bits & 0x1:
            raise CardError(file, name, "is encrypted", "export the card without a password")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise CardError(file, name, "is a link", "do not use this file")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CardError(file, name, "is packed in an unusual way", "pack it with deflate")
        if name in names:
            raise CardError(file, name, "is in the archive twice", "do not use this file")
        names.add(name)
        most = MAX_CARD if name == "card.json" else MAX_ASSET
        if info.file_size > most:
            raise CardError(file, name, f"would grow to {info.file_size:,} bytes", f"at most {most:,} are allowed")
        total += info.file_size
    if total > MAX_TOTAL:
        raise CardError(file, "", f"would grow to {total:,} bytes", f"at most {MAX_TOTAL:,} are allowed")


def safe_path(name: str) -> bool:
    """Whether a path stays inside: relative, forward slashes, no ``..``, no drive, no control characters."""
    if not name or len(name) > 400 or name.startswith(("/", "\\")) or ":" in name or "\\" in name:
        return False
    if any(ord(char) < 32 for char in name):
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


def write(card: bytes, files: dict[str, bytes]) -> bytes:
    """An archive of the same bytes for the same content: fixed date, sorted names, ``card.json`` first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [("card.json", card), *sorted(files.items())]:
            if not safe_path(name):
                raise CardError("export", repr(name)[:80], "this path leads out of the archive", "rename the asset")
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()

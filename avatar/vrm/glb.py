"""The GLB container and its accessors as numpy arrays (glTF 2.0, sections 3.6 and 4.4).

Every size that a file claims is checked against the bytes that are there before anything is allocated.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.vrm.errors import VrmError

MAX_FILE = 512 << 20
"""Bytes of the largest file that is read."""
MAX_ELEMENTS = 16_000_000
"""Elements of the largest accessor."""
MAX_EMPTY = 256 << 20
"""Bytes that accessors without data may claim in all."""
REMEDY = "Export the model again with UniVRM, VRoid Studio or the VRM add-on for Blender."

_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_SCALES = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}
_KNOWN = {
    "VRM", "VRMC_vrm", "VRMC_materials_mtoon", "VRMC_springBone", "VRMC_springBone_extended_collider",
    "VRMC_node_constraint", "VRMC_materials_hdr_emissiveMultiplier", "KHR_texture_transform", "EXT_texture_webp",
    "KHR_mesh_quantization", "KHR_xmp_json_ld", "KHR_lights_punctual",
}  # fmt: skip


@dataclass(slots=True)
class Glb:
    """An opened GLB: its JSON, its binary chunk and the name used in errors."""

    name: str
    json: dict[str, Any]
    binary: memoryview
    cache: dict[int, npt.NDArray[Any]] = field(default_factory=dict)
    empty: int = 0

    def bad(self, place: str, remedy: str = REMEDY) -> VrmError:
        return VrmError(self.name, place, remedy)

    def items(self, key: str) -> list[dict[str, Any]]:
        """The top-level array ``key`` as a list of objects (empty where missing)."""
        value = self.json.get(key) or []
        if not isinstance(value, list) or not all(isinstance(x, dict) for x in value):
            raise self.bad(f"{key} is not a list of objects")
        return value

    def item(self, key: str, index: Any, place: str) -> dict[str, Any]:
        """``key[index]`` with the index checked."""
        entries = self.items(key)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(entries):
            raise self.bad(f"{place} points to {key}[{index!r}], and there are {len(entries)}")
        return entries[index]

    def view(self, index: Any, place: str) -> tuple[memoryview, int]:
        """The bytes of a buffer view and its stride (0: tightly packed)."""
        view = self.item("bufferViews", index, place)
        if (view.get("buffer") or 0) != 0 or "uri" in (self.items("buffers") or [{}])[0]:
            raise self.bad(f"{place} uses a buffer outside the file", "Export it as one .vrm (binary glTF) file.")
        start, length = self.count(view, "byteOffset", 0, place), self.count(view, "byteLength", 0, place)
        if start + length > len(self.binary):
            raise self.bad(f"bufferViews[{index}] reaches past the end of the file ({start + length} bytes)")
        return self.binary[start : start + length], self.count(view, "byteStride", 0, place)

    def count(self, entry: dict[str, Any], key: str, default: int, place: str) -> int:
        """A size that must be a whole number >= 0."""
        value = entry.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.bad(f"{place}: {key} is {value!r} and must be a whole number from 0")
        return value

    def accessor(self, index: Any, place: str, kind: str | None = None) -> npt.NDArray[Any]:
        """Accessor as (count, width) in its own integer type, or float32 where normalised. Read-only."""
        entry = self.item("accessors", index, place)
        if index not in self.cache:
            self.cache[index] = self._read(entry, f"accessors[{index}]")
        if kind is not None and entry.get("type") != kind:
            raise self.bad(f"{place} is a {entry.get('type')!r} and must be a {kind}")
        return self.cache[index]

    def _read(self, entry: dict[str, Any], place: str) -> npt.NDArray[Any]:
        component, width = entry.get("componentType"), _WIDTHS.get(str(entry.get("type")))
        dtype = _TYPES.get(component) if isinstance(component, int) else None
        if dtype is None or width is None:
            raise self.bad(f"{place} has the unknown type {component!r} {entry.get('type')!r}")
        count = self.count(entry, "count", 0, place)
        if count > MAX_ELEMENTS:
            raise self.bad(f"{place} claims {count} elements, the limit is {MAX_ELEMENTS}", "Reduce the model.")
        if entry.get("bufferView") is None:
            self.empty += count * width * np.dtype(dtype).itemsize
            if self.empty > MAX_EMPTY:
                raise self.bad(f"{place} claims too much without data", "Export it again.")
            data = np.zeros((count, width), dtype)
        else:
            offset = self.count(entry, "byteOffset", 0, place)
            data = self._slice(entry["bufferView"], offset, dtype, count, width, place)
        if isinstance(entry.get("sparse"), dict):
            data = self._sparse(data.copy(), entry["sparse"], dtype, width, place)
        if entry.get("normalized") and component in _SCALES:
            data = np.maximum(data.astype(np.float32) / np.float32(_SCALES[component]), -1.0)
        if data.dtype == np.float32 and not np.isfinite(data).all():
            raise self.bad(f"{place} holds numbers that are not finite")
        return data

    def _slice(self, view: Any, offset: int, dtype: Any, count: int, width: int, place: str) -> npt.NDArray[Any]:
        data, stride = self.view(view, place)
        size = np.dtype(dtype).itemsize
        stride = stride or size * width
        if count and offset + stride * (count - 1) + size * width > len(data):
            raise self.bad(f"{place} reaches past the end of its buffer view")
        if count == 0:
            return np.zeros((0, width), dtype)
        return np.ndarray((count, width), dtype, data, offset, (stride, size))

    def _sparse(self, data: npt.NDArray[Any], sparse: dict[str, Any], dtype: Any, width: int, place: str) -> Any:
        count = self.count(sparse, "count", 0, place)
        where, values = sparse.get("indices"), sparse.get("values")
        if not isinstance(where, dict) or not isinstance(values, dict) or count > len(data):
            raise self.bad(f"{place}: sparse is not complete")
        component = where.get("componentType")
        if component not in (5121, 5123, 5125):
            raise self.bad(f"{place}: sparse indices have the type {component!r}")
        offset = self.count(where, "byteOffset", 0, place)
        rows = self._slice(where.get("bufferView"), offset, _TYPES[component], count, 1, place)[:, 0]
        if count and rows.max() >= len(data):
            raise self.bad(f"{place}: sparse index {int(rows.max())} is past its {len(data)} elements")
        offset = self.count(values, "byteOffset", 0, place)
        data[rows] = self._slice(values.get("bufferView"), offset, dtype, count, width, place)
        return data


def read(path: str | Path) -> Glb:
    """Opens a GLB. ``VrmError`` where it is missing, too large, cut short or asks for an unknown extension."""
    path = Path(path)
    name = path.name
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise VrmError(name, f"{size >> 20} MiB, the limit is {MAX_FILE >> 20} MiB", "Reduce its textures.")
        data = path.read_bytes()
    except OSError as error:
        raise VrmError(str(path), f"cannot be read ({error.strerror})", "Give the path of a .vrm file.") from error
    return parse(data, name)


def parse(data: bytes, name: str = "model.vrm") -> Glb:
    """Opens a GLB held in memory."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise VrmError(name, "is not a binary glTF (no glTF header)", REMEDY)
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2 or length > len(data):
        raise VrmError(name, f"header says version {version}, {length} of {len(data)} bytes", "The file was cut short.")
    chunks: dict[int, memoryview] = {}
    at, whole = 12, memoryview(data)
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        if at + 8 + size > length:
            raise VrmError(name, f"chunk at byte {at} reaches past the end", "The file was cut short; fetch it again.")
        chunks.setdefault(kind, whole[at + 8 : at + 8 + size])
        at += 8 + size
    try:
        root = json.loads(bytes(chunks.get(0x4E4F534A, b"")).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise VrmError(name, f"its JSON chunk cannot be read ({error})", REMEDY) from error
    if not isinstance(root, dict):
        raise VrmError(name, "its JSON chunk is not an object", REMEDY)
    glb = Glb(name, root, chunks.get(0x004E4942, memoryview(b"")))
    required = root.get("extensionsRequired") or []
    for extension in required if isinstance(required, list) else []:
        # What a KHR_materials_ extension adds to the glTF surface is left out; the surface itself is drawn.
        if extension not in _KNOWN and not str(extension).startswith("KHR_materials_"):
            raise glb.bad(f"needs the extension {extension}, which is not supported", "Export it without compression.")
    return glb

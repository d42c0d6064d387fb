"""What a VRM file becomes: plain data in VRM 1.0 terms, whatever version it was. No GPU, no time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(slots=True)
class TextureRef:
    """A texture of a material: image, UV set, KHR_texture_transform, and its sampler in the numbers of OpenGL.

    ``scale`` is the normal map's or the shading shift's.
    """

    image: int
    uv_set: int = 0
    offset: tuple[float, float] = (0.0, 0.0)
    tile: tuple[float, float] = (1.0, 1.0)
    angle: float = 0.0
    wrap: tuple[int, int] = (10497, 10497)
    magnify: int = 9729
    minify: int = 9987
    scale: float = 1.0

    def matrix(self, offset: tuple[float, float] | None = None, tile: tuple[float, float] | None = None) -> Floats:
        """UV transform (2, 3), with another offset and tiling where given (expressions)."""
        (x, y), (sx, sy) = offset or self.offset, tile or self.tile
        c, s = math.cos(self.angle), math.sin(self.angle)
        return np.array([[c * sx, s * sy, x], [-s * sx, c * sy, y]], np.float32)


@dataclass(slots=True)
class Material:
    """A surface. Colours are linear. ``shading`` is mtoon, unlit or pbr; fields follow VRMC_materials_mtoon."""

    name: str
    shading: str = "pbr"
    color: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    base: TextureRef | None = None
    normal: TextureRef | None = None
    emissive: tuple[float, ...] = (0.0, 0.0, 0.0)
    emissive_map: TextureRef | None = None
    metallic: float = 1.0
    roughness: float = 1.0
    metal_rough: TextureRef | None = None
    alpha: str = "OPAQUE"
    cutoff: float = 0.5
    double_sided: bool = False
    lined: bool = False
    """Whether nothing can be seen through from its inside, as its maker says: its outline is only a line."""
    zwrite: bool = False
    queue: int = 0
    shade: tuple[float, ...] = (1.0, 1.0, 1.0)
    shade_map: TextureRef | None = None
    shift: float = 0.0
    shift_map: TextureRef | None = None
    toony: float = 0.9
    gi: float = 0.9
    matcap_factor: tuple[float, ...] = (1.0, 1.0, 1.0)
    matcap: TextureRef | None = None
    rim: tuple[float, ...] = (0.0, 0.0, 0.0)
    rim_map: TextureRef | None = None
    rim_mix: float = 1.0
    rim_power: float = 5.0
    rim_lift: float = 0.0
    outline_mode: str = "none"
    outline_width: float = 0.0
    outline_map: TextureRef | None = None
    outline_color: tuple[float, ...] = (0.0, 0.0, 0.0)
    outline_mix: float = 1.0
    uv_mask: TextureRef | None = None
    uv_speed: tuple[float, float, float] = (0.0, 0.0, 0.0)
    v0: bool = False
    """Whether it came from VRM 0.x, whose lit colour is clamped."""

    @property
    def outlined(self) -> bool:
        return self.shading == "mtoon" and self.outline_mode != "none" and self.outline_width > 0


@dataclass(slots=True)
class Morph:
    """A morph target: only the vertices it moves. ``rows`` (k,), ``delta`` (k, 6): position, normal."""

    rows: Ints
    delta: Floats


@dataclass(slots=True)
class Primitive:
    """One drawable piece: a range of the model's vertex arrays. ``morphs`` per target; ``flat``: it has no normals."""

    material: int
    start: int
    count: int
    indices: npt.NDArray[np.uint32]
    node: int
    morphs: list[Morph]
    flat: bool = False


@dataclass(slots=True)
class Nodes:
    """The node tree as arrays: parents (-1: root), rest translation (n, 3), rotation (n, 4), scale (n, 3)."""

    names: list[str]
    parents: Ints
    translation: Floats
    rotation: Floats
    scale: Floats


@dataclass(slots=True)
class MorphBind:
    node: int
    target: int
    weight: float


@dataclass(slots=True)
class ColourBind:
    material: int
    kind: str
    target: tuple[float, ...]


@dataclass(slots=True)
class UvBind:
    material: int
    scale: tuple[float, float]
    offset: tuple[float, float]


@dataclass(slots=True)
class Expression:
    """VRMC_vrm expression; overrides are none, block or blend."""

    name: str
    preset: bool
    binary: bool = False
    override_blink: str = "none"
    override_look: str = "none"
    override_mouth: str = "none"
    morphs: list[MorphBind] = field(default_factory=list)
    colours: list[ColourBind] = field(default_factory=list)
    uvs: list[UvBind] = field(default_factory=list)


@dataclass(slots=True)
class LookAt:
    """Where the eyes sit and how far they turn. Range maps are (inputMaxValue, outputScale), degrees or weight."""

    kind: str = "bone"
    offset: tuple[float, ...] = (0.0, 0.06, 0.0)
    inner: tuple[float, float] = (90.0, 10.0)
    outer: tuple[float, float] = (90.0, 10.0)
    down: tuple[float, float] = (90.0, 10.0)
    up: tuple[float, float] = (90.0, 10.0)


@dataclass(slots=True)
class Collider:
    """Shape in the space of ``node``: sphere, capsule (``tail``) or plane (``tail`` is its normal)."""

    node: int
    kind: str
    offset: tuple[float, ...]
    radius: float = 0.0
    tail: tuple[float, ...] = (0.0, 0.0, 0.0)
    inside: bool = False


@dataclass(slots=True)
class Joint:
    """A swinging bone: ``node`` turns so that ``child`` (or ``tail`` in its own space) lags behind."""

    node: int
    child: int
    tail: tuple[float, ...] | None
    stiffness: float
    gravity: tuple[float, ...]
    drag: float
    radius: float
    center: int
    colliders: list[int]


@dataclass(slots=True)
class Constraint:
    """VRMC_node_constraint: kind roll, aim or rotation of ``node`` from ``source``."""

    node: int
    source: int
    kind: str
    axis: str
    weight: float


@dataclass(slots=True)
class Image:
    """Decoded texture, (h, w, 4) uint8."""

    pixels: npt.NDArray[np.uint8]


@dataclass(slots=True)
class Model:
    """A loaded VRM. Vertex arrays are shared by all primitives; ``joints`` index ``skin_nodes``.

    ``skin_nodes`` (m,) and ``inverse_bind`` (m, 4, 4): matrix k of the skinning table is
    world[skin_nodes[k]] @ inverse_bind[k]. Meshes without a skin have an entry of their own.
    """

    name: str
    version: str
    meta: dict[str, Any]
    nodes: Nodes
    bones: dict[str, int]
    positions: Floats
    normals: Floats
    uvs: Floats
    uvs2: Floats | None
    colors: Floats | None
    joints: npt.NDArray[np.uint16]
    weights: Floats
    skin_nodes: Ints
    inverse_bind: Floats
    primitives: list[Primitive]
    materials: list[Material]
    images: list[Image]
    expressions: dict[str, Expression]
    look_at: LookAt
    colliders: list[Collider]
    springs: list[Joint]
    constraints: list[Constraint]
    turn: bool = False
    """Whether the whole model is turned by half a turn to face +Z (0.x)."""
    mesh_weights: dict[int, list[float]] = field(default_factory=dict)

    @property
    def licence(self) -> str:
        """One readable line: title, authors, licence."""
        meta = self.meta
        authors = ", ".join(str(a) for a in meta.get("authors") or []) or "unknown author"
        url = meta.get("otherLicenseUrl") or meta.get("licenseUrl") or ""
        return f"{meta.get('name') or self.name} by {authors}; {meta.get('licenseName') or ''} {url}".strip()

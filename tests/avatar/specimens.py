"""Small VRM files, each showing one feature, for comparison with other renderers: a ball on a humanoid's skeleton.

``SPECIMENS`` maps names to functions that make one: bytes and the case (pose, head, expressions) it is drawn in.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from tests.avatar.make_vrm import glb

Case = dict[str, Any]
FLOAT, USHORT, SHORT, UBYTE, UINT = 5126, 5123, 5122, 5121, 5125
KINDS = {FLOAT: np.float32, USHORT: np.uint16, SHORT: np.int16, UBYTE: np.uint8, UINT: np.uint32}
SKELETON = (
    ("hips", "", (0, 0.9, 0)), ("spine", "hips", (0, 0.1, 0)), ("head", "spine", (0, 0.2, 0)),
    ("leftUpperArm", "spine", (0.25, 0.1, 0)), ("leftLowerArm", "leftUpperArm", (0.2, 0, 0)),
    ("leftHand", "leftLowerArm", (0.2, 0, 0)),
    ("rightUpperArm", "spine", (-0.25, 0.1, 0)), ("rightLowerArm", "rightUpperArm", (-0.2, 0, 0)),
    ("rightHand", "rightLowerArm", (-0.2, 0, 0)),
    ("leftUpperLeg", "hips", (0.1, -0.1, 0)), ("leftLowerLeg", "leftUpperLeg", (0, -0.4, 0)),
    ("leftFoot", "leftLowerLeg", (0, -0.4, 0)),
    ("rightUpperLeg", "hips", (-0.1, -0.1, 0)), ("rightLowerLeg", "rightUpperLeg", (0, -0.4, 0)),
    ("rightFoot", "rightLowerLeg", (0, -0.4, 0)),
)  # fmt: skip


class Maker:
    """A glTF document with a skeleton; meshes, materials and textures are added to it."""

    def __init__(self) -> None:
        self.data = bytearray()
        nodes: list[dict[str, Any]] = []
        for name, parent, place in SKELETON:
            nodes.append({"name": name, "translation": list(place), "children": []})
            if parent:
                nodes[[n["name"] for n in nodes].index(parent)]["children"].append(len(nodes) - 1)
        self.vrm: dict[str, Any] = {
            "specVersion": "1.0",
            "meta": {"name": "Specimen", "authors": ["Limelight"], "licenseUrl": "https://vrm.dev/licenses/1.0/"},
            "humanoid": {"humanBones": {bone[0]: {"node": i} for i, bone in enumerate(SKELETON)}},
            "expressions": {"preset": {}, "custom": {}},
        }
        self.root: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": nodes, "meshes": [],
            "bufferViews": [], "accessors": [], "materials": [], "textures": [], "images": [], "samplers": [],
            "skins": [], "extensionsUsed": ["VRMC_vrm", "KHR_texture_transform", "VRMC_materials_mtoon"],
            "extensions": {"VRMC_vrm": self.vrm},
        }  # fmt: skip

    def use(self, *names: str) -> None:
        self.root["extensionsUsed"] += [n for n in names if n not in self.root["extensionsUsed"]]

    def view(self, raw: bytes, **more: Any) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        entry = {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw), **more}
        self.root["bufferViews"].append(entry)
        self.data += raw
        return len(self.root["bufferViews"]) - 1

    def accessor(self, values: Any, kind: str, component: int = FLOAT, **more: Any) -> int:
        array = np.ascontiguousarray(values, KINDS[component])
        flat = array.reshape(len(array), -1)
        entry = {"bufferView": self.view(array.tobytes()), "componentType": component, "count": len(flat),
                 "type": kind, **more}  # fmt: skip
        if kind == "VEC3" and component == FLOAT:
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        self.root["accessors"].append(entry)
        return len(self.root["accessors"]) - 1

    def texture(self, pixels: Any, **sampler: int) -> int:
        out = io.BytesIO()
        Image.fromarray(np.asarray(pixels, np.uint8)).save(out, "PNG")
        self.root["images"].append({"bufferView": self.view(out.getvalue()), "mimeType": "image/png"})
        self.root["samplers"].append(sampler)
        self.root["textures"].append(
            {"source": len(self.root["images"]) - 1, "sampler": len(self.root["samplers"]) - 1}
        )
        return len(self.root["textures"]) - 1

    def material(self, mtoon: dict[str, Any] | None = None, extensions: Any = None, **fields: Any) -> int:
        entry = {"name": f"m{len(self.root['materials'])}", **fields, "extensions": {**(extensions or {})}}
        self.use(*(extensions or {}))
        if mtoon is not None:
            entry["extensions"]["VRMC_materials_mtoon"] = {"specVersion": "1.0", **mtoon}
        self.root["materials"].append(entry)
        return len(self.root["materials"]) - 1

    def node(self, parent: int = -1, **fields: Any) -> int:
        self.root["nodes"].append(fields)
        n = len(self.root["nodes"]) - 1
        if parent < 0:
            self.root["scenes"][0]["nodes"].append(n)
        else:
            self.root["nodes"][parent].setdefault("children", []).append(n)
        return n

    def mesh(self, *primitives: dict[str, Any], **fields: Any) -> int:
        self.root["meshes"].append({"primitives": list(primitives), **fields})
        return len(self.root["meshes"]) - 1

    def primitive(self, shape: dict[str, Any], material: int, **more: Any) -> dict[str, Any]:
        """Accessors for a shape of ``ball`` or ``sheet``."""
        kinds = {"POSITION": "VEC3", "NORMAL": "VEC3", "TEXCOORD_0": "VEC2", "TEXCOORD_1": "VEC2", "COLOR_0": "VEC4"}
        attributes = {k: self.accessor(v, kinds[k]) for k, v in shape.items() if k in kinds}
        indices = self.accessor(shape["indices"], "SCALAR", USHORT)
        return {"attributes": attributes, "indices": indices, "material": material, **more}

    def show(self, shape: dict[str, Any], material: int, at: tuple[float, float, float] = (0, 1.2, 0)) -> int:
        """A mesh of one shape under a node of its own at a place; the node."""
        return self.node(mesh=self.mesh(self.primitive(shape, material)), translation=list(at))

    def done(self, **case: Any) -> tuple[bytes, Case]:
        self.root["buffers"] = [{"byteLength": len(self.data)}]
        for node in self.root["nodes"]:
            if not node.get("children"):
                node.pop("children", None)
        empty = [k for k in ("textures", "images", "samplers", "skins", "meshes", "materials") if not self.root[k]]
        for key in empty:
            del self.root[key]
        return glb(self.root, bytes(self.data)), case


CAMERA = {"position": (0.0, 1.2, 1.2), "target": (0.0, 1.2, 0.0), "fov": 30.0}
"""Where every specimen is seen from."""


def ball(radius: float = 0.2, rows: int = 16, columns: int = 32) -> dict[str, Any]:
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    tilt, turn = np.pi * v, 2 * np.pi * u
    normal = np.stack([np.sin(tilt) * np.sin(turn), np.cos(tilt), np.sin(tilt) * np.cos(turn)], -1).reshape(-1, 3)
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    quads = np.stack([first, first + columns + 1, first + 1, first + 1, first + columns + 1, first + columns + 2], 1)
    uv = np.stack([2 * u, v], -1).reshape(-1, 2)
    return {"POSITION": radius * normal, "NORMAL": normal, "TEXCOORD_0": uv, "indices": quads.ravel()}


def sheet(width: float = 0.3, height: float = 0.3, grid: int = 4) -> dict[str, Any]:
    v, u = np.meshgrid(np.linspace(0, 1, grid + 1), np.linspace(0, 1, grid + 1), indexing="ij")
    place = np.stack([(u - 0.5) * width, (0.5 - v) * height, 0 * u], -1).reshape(-1, 3)
    first = (np.arange(grid)[:, None] * (grid + 1) + np.arange(grid)).ravel()
    quads = np.stack([first, first + grid + 1, first + 1, first + 1, first + grid + 1, first + grid + 2], 1)
    normal = np.tile([0.0, 0.0, 1.0], (len(place), 1))
    return {"POSITION": place, "NORMAL": normal, "TEXCOORD_0": np.stack([u, v], -1).reshape(-1, 2), "indices": quads.ravel()}  # fmt: skip


def marks(size: int = 64, alpha: bool = False) -> Any:
    """A picture that has no symmetry: a gradient, a diagonal and a corner."""
    y, x = np.mgrid[:size, :size] / size
    out = np.stack([80 + 170 * x, 60 + 190 * y, 255 - 150 * x, 255 + 0 * x], -1)
    out[np.abs(x - 0.6 * y - 0.1) < 0.08] = (30, 30, 60, 255)
    out[(x < 0.3) & (y < 0.2)] = (250, 240, 120, 255)
    if alpha:
        out[..., 3] = 255 * np.clip(1.6 * y - 0.2, 0, 1)
    return out


def bumps(size: int = 64) -> Any:
    y, x = np.mgrid[:size, :size] * 4 * np.pi / size
    n = np.stack([0.6 * np.sin(x), 0.6 * np.cos(y), np.ones_like(x)], -1)
    return 127.5 + 127.5 * n / np.linalg.norm(n, axis=-1, keepdims=True)


def toon(**fields: Any) -> dict[str, Any]:
    return {"shadeColorFactor": [0.4, 0.3, 0.5], "shadingToonyFactor": 0.8, "shadingShiftFactor": -0.1} | fields


def color(*rgba: float) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorFactor": list(rgba)}}


def painted(texture: int, **more: Any) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorTexture": {"index": texture, **more}, "metallicFactor": 0.0}}


def moved(offset: Any = (0, 0), scale: Any = (1, 1), rotation: float = 0.0, **more: Any) -> dict[str, Any]:
    change = {"offset": list(offset), "scale": list(scale), **more}
    if rotation:  # three.js leaves out expressions' moves where a rotation is written
        change["rotation"] = rotation
    return {"extensions": {"KHR_texture_transform": change}}


def shading() -> tuple[bytes, Case]:
    m = Maker()
    for i, (shift, toony) in enumerate([(0.3, 0.95), (-0.1, 0.5), (-0.5, 0.0)]):
        m.show(ball(0.11), m.material(toon(shadingShiftFactor=shift, shadingToonyFactor=toony), **color(0.9, 0.6, 0.5, 1)),
               (0.27 * (i - 1), 1.25, 0))  # fmt: skip
    shift_map = m.texture(np.repeat(marks()[..., :1], 3, 2))
    t = m.texture(marks())
    look = toon(shadingShiftTexture={"index": shift_map, "scale": 0.6}, shadeMultiplyTexture={"index": t})
    m.show(ball(0.11), m.material(look, **painted(t)), (0, 1.0, 0))
    return m.done()


def matcap_and_rim() -> tuple[bytes, Case]:
    m = Maker()
    y, x = np.mgrid[:64, :64] / 63
    ballmap = m.texture(np.stack([255 * x, 255 * y, 120 + 0 * x], -1))
    t = m.texture(marks())
    base = color(0.3, 0.3, 0.35, 1)
    looks = [
        toon(matcapTexture={"index": ballmap}, matcapFactor=[0.8, 0.9, 1]),
        toon(parametricRimColorFactor=[1, 0.6, 0.2], parametricRimFresnelPowerFactor=3.0, parametricRimLiftFactor=0.1,
             rimLightingMixFactor=0.0),
        toon(parametricRimColorFactor=[0.3, 0.8, 1], parametricRimFresnelPowerFactor=2.0, rimLightingMixFactor=0.5,
             rimMultiplyTexture={"index": t, **moved(scale=(2, 2))}),
    ]  # fmt: skip
    for i, look in enumerate(looks):
        m.show(ball(0.14), m.material(look, **base), (0.3 * (i - 1), 1.2, 0))
    return m.done()


def emission() -> tuple[bytes, Case]:
    m = Maker()
    t = m.texture(marks())
    m.show(ball(0.13), m.material(toon(), **color(0.2, 0.2, 0.2, 1), emissiveFactor=[0.5, 0.1, 0.3]), (-0.3, 1.2, 0))
    glow = {"emissiveFactor": [0.6, 0.6, 0.6], "emissiveTexture": {"index": t}}
    m.show(ball(0.13), m.material(toon(), **color(0.1, 0.1, 0.1, 1), **glow), (0, 1.2, 0))
    strong = {"KHR_materials_emissive_strength": {"emissiveStrength": 2.5}}
    m.show(
        ball(0.13), m.material(None, strong, **color(0.1, 0.1, 0.1, 1), emissiveFactor=[0.2, 0.1, 0.05]), (0.3, 1.2, 0)
    )
    return m.done()


def normal_maps() -> tuple[bytes, Case]:
    m = Maker()
    n = m.texture(bumps())
    wall = {"normalTexture": {"index": n, "scale": 0.7}}
    m.show(ball(0.14), m.material(toon(), **color(0.9, 0.8, 0.7, 1), **wall), (-0.32, 1.2, 0))
    m.show(ball(0.14), m.material(toon(), **color(0.9, 0.8, 0.7, 1), **wall, doubleSided=True), (0, 1.2, 0))
    surface = {"baseColorFactor": [0.8, 0.5, 0.3, 1], "metallicFactor": 0.2, "roughnessFactor": 0.5}
    m.show(ball(0.14), m.material(None, pbrMetallicRoughness=surface, **wall), (0.32, 1.2, 0))
    return m.done()


def transforms() -> tuple[bytes, Case]:
    m = Maker()
    t = m.texture(marks())
    shade = {"index": t, **moved((0.5, 0), (0.5, 2), -0.4)}
    look = toon(shadeColorFactor=[0.6, 0.6, 0.8], shadeMultiplyTexture=shade, shadingShiftFactor=-0.3)
    m.show(sheet(), m.material(look, **painted(t, **moved((0.2, 0.1), (1.5, 0.7), 0.5))), (-0.32, 1.2, 0))
    m.show(ball(0.15), m.material(look, **painted(t)), (0, 1.2, 0))
    m.show(
        sheet(), m.material(None, {"KHR_materials_unlit": {}}, **painted(t, **moved((0, 0.25), (3, 2)))), (0.32, 1.2, 0)
    )
    return m.done()


def wraps() -> tuple[bytes, Case]:
    m = Maker()
    for i, sampler in enumerate([{"wrapS": 33071, "wrapT": 33648}, {"wrapS": 33648, "wrapT": 33071},
                                 {"magFilter": 9728, "minFilter": 9728}]):  # fmt: skip
        t = m.texture(marks(16), **sampler)
        shown = painted(t, **moved((-0.5, -0.5), (2.2, 2.2)))
        m.show(sheet(), m.material(None, {"KHR_materials_unlit": {}}, **shown), (0.32 * (i - 1), 1.2, 0))
    return m.done()


def scroll() -> tuple[bytes, Case]:
    m = Maker()
    t, mask = m.texture(marks()), m.texture(np.repeat(marks()[..., :1], 3, 2))
    speeds = {"uvAnimationScrollXSpeedFactor": 0.3, "uvAnimationScrollYSpeedFactor": -0.2}
    looks = [
        toon(**speeds, shadeMultiplyTexture={"index": t}),
        toon(**speeds, uvAnimationRotationSpeedFactor=0.5, uvAnimationMaskTexture={"index": mask}),
        toon(uvAnimationRotationSpeedFactor=0.7, shadeMultiplyTexture={"index": t, **moved((0.3, 0), (2, 1))}),
    ]
    for i, look in enumerate(looks):
        m.show(sheet(), m.material(look, **painted(t, **moved((0.1, 0), (1 + i, 1)))), (0.32 * (i - 1), 1.2, 0))
    return m.done()


def outlines() -> tuple[bytes, Case]:
    m = Maker()
    width = m.texture(np.repeat(marks()[..., :1], 3, 2))
    looks = [
        toon(outlineWidthMode="worldCoordinates", outlineWidthFactor=0.012, outlineColorFactor=[0.1, 0, 0.3],
             outlineLightingMixFactor=0.0),
        toon(outlineWidthMode="screenCoordinates", outlineWidthFactor=0.02, outlineColorFactor=[0.8, 0.3, 0.1],
             outlineLightingMixFactor=1.0),
        toon(outlineWidthMode="worldCoordinates", outlineWidthFactor=0.03, outlineColorFactor=[0.2, 0.1, 0.1],
             outlineWidthMultiplyTexture={"index": width}, outlineLightingMixFactor=0.5),
    ]  # fmt: skip
    for i, look in enumerate(looks):
        m.show(ball(0.13), m.material(look, **color(0.9, 0.7, 0.6, 1)), (0.32 * (i - 1), 1.2, 0))
    return m.done()


def alpha() -> tuple[bytes, Case]:
    m = Maker()
    t = m.texture(marks(alpha=True))
    m.show(ball(0.1), m.material(toon(), **color(0.8, 0.2, 0.2, 1)), (0, 1.2, -0.1))
    m.show(sheet(), m.material(toon(), **painted(t), alphaMode="MASK", alphaCutoff=0.4), (-0.33, 1.2, 0))
    m.show(sheet(0.25), m.material(toon(), **painted(t), alphaMode="BLEND"), (0.33, 1.2, 0))
    order = [
        (-2, [1, 0, 0, 0.5], False),
        (0, [0, 1, 0, 0.5], False),
        (1, [0, 0, 1, 0.5], True),
        (0, [1, 1, 0, 0.5], True),
    ]
    for i, (queue, rgba, zwrite) in enumerate(order):
        look = toon(renderQueueOffsetNumber=queue, transparentWithZWrite=zwrite, shadeColorFactor=rgba[:3])
        m.show(sheet(0.12, 0.12), m.material(look, **color(*rgba), alphaMode="BLEND"),
               (0.05 * i - 0.05, 1.15 + 0.04 * i, 0.05 * (4 - i)))  # fmt: skip
    return m.done()


def vertex_colours() -> tuple[bytes, Case]:
    m = Maker()
    for i, (mtoon, more) in enumerate([(toon(), None), (None, {"KHR_materials_unlit": {}}), (None, None)]):
        shape = ball(0.14)
        uv = shape["TEXCOORD_0"]
        shape["COLOR_0"] = np.stack([uv[:, 0] / 2, uv[:, 1], 1 - uv[:, 1], 0 * uv[:, 1] + 1], 1)
        m.show(shape, m.material(mtoon, more, **color(1, 0.9, 0.9, 1)), (0.32 * (i - 1), 1.2, 0))
    return m.done()


def physical() -> tuple[bytes, Case]:
    m = Maker()
    t, u = m.texture(marks()), m.texture(marks()[::-1])
    for i, (metal, rough) in enumerate([(0.0, 0.9), (0.0, 0.3), (1.0, 0.5), (0.6, 0.2)]):
        surface = {"baseColorFactor": [0.8, 0.6, 0.3, 1], "metallicFactor": metal, "roughnessFactor": rough}
        m.show(ball(0.1), m.material(None, pbrMetallicRoughness=surface), (0.22 * (i - 1.5), 1.32, 0))
    rough = {"metallicRoughnessTexture": {"index": t}, "baseColorTexture": {"index": u}}
    m.show(ball(0.12), m.material(None, pbrMetallicRoughness=rough), (-0.15, 1.07, 0))
    m.show(ball(0.12), m.material(None, {"KHR_materials_clearcoat": {"clearcoatFactor": 0.0}}, pbrMetallicRoughness={}),
           (0.15, 1.07, 0))  # fmt: skip
    return m.done()


def flat() -> tuple[bytes, Case]:
    m = Maker()
    for i, look in enumerate([toon(), None]):
        shape = ball(0.15, 6, 10)
        del shape["NORMAL"]
        surface = {"baseColorFactor": [0.8, 0.6, 0.5, 1], "metallicFactor": 0.0, "roughnessFactor": 0.8}
        m.show(shape, m.material(look, pbrMetallicRoughness=surface), (0.4 * i - 0.2, 1.2, 0))
    return m.done()


def quantised() -> tuple[bytes, Case]:
    m = Maker()
    m.use("KHR_mesh_quantization")
    m.root["extensionsRequired"] = ["KHR_mesh_quantization"]
    t = m.texture(marks())
    shape = ball(1.0)
    attributes = {
        "POSITION": m.accessor(np.pad(shape["POSITION"] * 32767, ((0, 0), (0, 1))), "VEC3", SHORT, normalized=True),
        "NORMAL": m.accessor(np.pad(shape["NORMAL"] * 32767, ((0, 0), (0, 1))), "VEC3", SHORT, normalized=True),
        "TEXCOORD_0": m.accessor(shape["TEXCOORD_0"] / 2 * 65535, "VEC2", USHORT, normalized=True),
    }
    for n in (attributes["POSITION"], attributes["NORMAL"]):
        m.root["bufferViews"][m.root["accessors"][n]["bufferView"]]["byteStride"] = 8
    for key, value in (("min", -1), ("max", 1)):
        m.root["accessors"][attributes["POSITION"]][key] = [32767 * value] * 3
    part = {"attributes": attributes, "indices": m.accessor(shape["indices"], "SCALAR", USHORT),
            "material": m.material(toon(), **painted(t))}  # fmt: skip
    m.node(mesh=m.mesh(part), translation=[0, 1.2, 0], scale=[0.2, 0.2, 0.2])
    return m.done()


def layouts() -> tuple[bytes, Case]:
    """Interleaved vertices, buffers shared by two primitives, strips and fans, an instance, a mirrored node."""
    m = Maker()
    red, blue = m.material(toon(), **color(0.9, 0.3, 0.3, 1)), m.material(toon(), **color(0.3, 0.4, 0.9, 1))
    shape = ball(0.11)
    count = len(shape["POSITION"])
    raw = np.concatenate([shape["POSITION"], shape["NORMAL"]], 1).astype(np.float32)
    view = m.view(raw.tobytes(), byteStride=24)
    limits = {"min": raw[:, :3].min(0).tolist(), "max": raw[:, :3].max(0).tolist()}
    common = {"bufferView": view, "componentType": FLOAT, "count": count, "type": "VEC3"}
    m.root["accessors"] += [{**common, **limits}, {**common, "byteOffset": 12}]
    attributes = {"POSITION": len(m.root["accessors"]) - 2, "NORMAL": len(m.root["accessors"]) - 1}
    half = len(shape["indices"]) // 6 * 3
    parts = [{"attributes": attributes, "indices": m.accessor(shape["indices"][s], "SCALAR", USHORT), "material": mat}
             for s, mat in ((slice(0, half), red), (slice(half, None), blue))]  # fmt: skip
    both = m.mesh(*parts)
    m.node(mesh=both, translation=[-0.3, 1.25, 0])
    m.node(mesh=both, translation=[0.3, 1.25, 0], scale=[-1, 1, 0.7], rotation=[0, 0, 0.383, 0.924])
    ribbon = np.array([[0.07 * (i // 2) - 0.1, 0.08 * (i % 2), 0] for i in range(8)])
    up = np.tile([0.0, 0.0, 1.0], (8, 1))
    strip = {"attributes": {"POSITION": m.accessor(ribbon, "VEC3"), "NORMAL": m.accessor(up, "VEC3")},
             "mode": 5, "material": m.material(toon(), **color(0.2, 0.8, 0.4, 1), doubleSided=True)}  # fmt: skip
    fan = np.array([[0, 0, 0], *([0.1 * np.cos(a), 0.1 * np.sin(a), 0] for a in np.linspace(0, 4, 7))])
    wheel = {"attributes": {"POSITION": m.accessor(fan, "VEC3"), "NORMAL": m.accessor(up, "VEC3")}, "mode": 6,
             "material": blue}  # fmt: skip
    m.node(mesh=m.mesh(strip), translation=[0, 1.25, 0.1])
    m.node(mesh=m.mesh(wheel), translation=[0, 1.05, 0.1])
    hidden = {"attributes": parts[0]["attributes"], "indices": parts[0]["indices"], "material": blue}
    m.root["nodes"].append({"mesh": m.mesh(hidden), "translation": [0, 1.2, 0.3]})  # in no scene
    return m.done()


def second_uv() -> tuple[bytes, Case]:
    m = Maker()
    t = m.texture(marks())
    shape = sheet()
    shape["TEXCOORD_1"] = 1 - shape["TEXCOORD_0"]
    m.show(shape, m.material(None, {"KHR_materials_unlit": {}}, **painted(t, texCoord=1)), (-0.2, 1.2, 0))
    surface = painted(t, **moved((0.1, 0), texCoord=1))
    m.show(shape, m.material(None, **surface, emissiveFactor=[0.5] * 3, emissiveTexture={"index": t}), (0.2, 1.2, 0))
    return m.done()


def morphs() -> tuple[bytes, Case]:
    """A sparse target, one with normals, weights at rest on node and mesh, an expression."""
    m = Maker()
    shape = ball(0.15)
    count = len(shape["POSITION"])
    mat = m.material(toon(), **color(0.9, 0.7, 0.4, 1))
    part = m.primitive(shape, mat)
    rows = np.flatnonzero(shape["NORMAL"][:, 1] > 0.5)
    where = m.view(rows.astype(np.uint16).tobytes())
    lift = m.view(np.tile(np.float32([0, 0.1, 0]), (len(rows), 1)).tobytes())
    sparse = {"count": len(rows), "indices": {"bufferView": where, "componentType": USHORT},
              "values": {"bufferView": lift}}  # fmt: skip
    m.root["accessors"].append({"componentType": FLOAT, "count": count, "type": "VEC3", "sparse": sparse,
                                "min": [0, 0, 0], "max": [0, 0.1, 0]})  # fmt: skip
    first = len(m.root["accessors"]) - 1
    tilt = np.tile([1.0, 0.0, 0.0], (count, 1))
    still = m.accessor(np.zeros((count, 3)), "VEC3")
    part["targets"] = [
        {"POSITION": first, "NORMAL": still},
        {"POSITION": m.accessor(0.04 * tilt, "VEC3"), "NORMAL": m.accessor(tilt, "VEC3")},
    ]
    mesh = m.mesh(part, weights=[0.4, 0.0])
    left = m.node(mesh=mesh, translation=[-0.2, 1.2, 0])
    m.node(mesh=mesh, translation=[0.2, 1.2, 0], weights=[0.0, 0.6])
    m.vrm["expressions"]["preset"]["happy"] = {"morphTargetBinds": [{"node": left, "index": 1, "weight": 0.8}]}
    return m.done(expressions={"happy": 0.9})


def binds() -> tuple[bytes, Case]:
    """Expressions that change colours and move textures."""
    m = Maker()
    t = m.texture(marks())
    looks = toon(parametricRimColorFactor=[0.1, 0.1, 0.1], outlineWidthMode="worldCoordinates", outlineWidthFactor=0.01,
                 matcapTexture={"index": t}, matcapFactor=[0.1, 0.1, 0.1])  # fmt: skip
    a = m.material(looks, **color(0.7, 0.7, 0.7, 1))
    b = m.material(
        toon(shadeMultiplyTexture={"index": t, **moved((0, 0), (2, 2))}), **painted(t, **moved((0.1, 0.2), (1.2, 1)))
    )
    c = m.material(None, {"KHR_materials_unlit": {}}, **painted(t))
    m.show(ball(0.14), a, (-0.32, 1.2, 0))
    m.show(sheet(), b, (0, 1.2, 0))
    m.show(sheet(0.25), c, (0.32, 1.2, 0))
    colours = [("color", [0.2, 0.9, 0.3, 1]), ("shadeColor", [0.1, 0.1, 0.6, 1]), ("emissionColor", [0.2, 0, 0, 1]),
               ("rimColor", [1, 1, 0, 1]), ("matcapColor", [0.6, 0.6, 0.2, 1])]  # fmt: skip
    custom = m.vrm["expressions"]["custom"]
    custom["paint"] = {"materialColorBinds": [{"material": a, "type": k, "targetValue": v} for k, v in colours]}
    custom["slide"] = {"textureTransformBinds": [
        {"material": n, "scale": [1.5, 0.8], "offset": [0.4, 0.1]} for n in (b, c)]}  # fmt: skip
    custom["slip"] = {"textureTransformBinds": [{"material": b, "offset": [0.0, 0.5]}]}
    return m.done(expressions={"paint": 0.7, "slide": 0.8, "slip": 0.3})


def constraints() -> tuple[bytes, Case]:
    """Roll, aim and rotation of nodes that follow the arms."""
    m = Maker()
    m.use("VRMC_node_constraint")
    mat = m.material(toon(), **color(0.9, 0.5, 0.3, 1))
    flatball = ball(0.08)
    flatball["POSITION"] = flatball["POSITION"] * [1.6, 0.7, 0.4]
    mesh = m.mesh(m.primitive(flatball, mat))
    turned = [0.1, 0.2, 0.3, 0.927]
    ties = [("roll", {"rollAxis": "Z", "weight": 0.7}), ("aim", {"aimAxis": "PositiveX"}), ("rotation", {"weight": 0.6}),
            ("aim", {"aimAxis": "NegativeY", "weight": 0.5}), ("roll", {"rollAxis": "X"})]  # fmt: skip
    for i, (kind, more) in enumerate(ties):
        tie = {"specVersion": "1.0", "constraint": {kind: {"source": 3, **more}}}
        m.node(1, mesh=mesh, translation=[0.25 * (i % 3 - 1), 0.3 - 0.22 * (i // 3), 0], rotation=turned,
               extensions={"VRMC_node_constraint": tie})  # fmt: skip
    return m.done()


def swing() -> tuple[bytes, Case]:
    """Springs that hang by gravity onto a sphere, a capsule, inside a ball, on a plane, with a center."""
    m = Maker()
    m.use("VRMC_springBone", "VRMC_springBone_extended_collider")
    mat = m.material(toon(), **color(0.4, 0.6, 0.9, 1))
    bead = m.mesh(m.primitive(ball(0.03, 8, 12), mat))
    fallback = {"sphere": {"offset": [0, -100, 0], "radius": 0.0}}

    def extended(shape: dict[str, Any]) -> dict[str, Any]:
        named = {"specVersion": "1.0", "shape": shape}
        return {"shape": fallback, "extensions": {"VRMC_springBone_extended_collider": named}}

    shapes = [
        {"shape": {"sphere": {"offset": [-0.4, 0.3, 0.02], "radius": 0.1}}},
        {"shape": {"capsule": {"offset": [-0.25, 0.3, 0], "tail": [-0.1, 0.3, 0.05], "radius": 0.08}}},
        extended({"sphere": {"offset": [0.02, 0.5, 0], "radius": 0.2, "inside": True}}),
        extended({"plane": {"offset": [0, 0.33, 0], "normal": [-0.2, 0.98, 0]}}),
        extended({"capsule": {"offset": [0.35, 0.5, 0], "tail": [0.7, 0.4, 0], "radius": 0.09, "inside": True}}),
    ]
    springs = []
    for i in range(5):
        chain, parent = [], 0
        for k in range(5):
            away = [0.2 * (i - 2), 0.5, 0] if k == 0 else [0.07, 0.0, 0]
            parent = m.node(parent, translation=away, mesh=bead)
            chain.append({"node": parent, "stiffness": 0.3, "gravityPower": 1.0, "gravityDir": [0, -1, 0],
                          "dragForce": 0.4, "hitRadius": 0.03})  # fmt: skip
        springs.append({"joints": chain, "colliderGroups": [i], **({"center": 0} if i % 2 else {})})
    m.root["extensions"]["VRMC_springBone"] = {
        "specVersion": "1.0",
        "colliders": [{"node": 0, **s} for s in shapes],
        "colliderGroups": [{"colliders": [i]} for i in range(5)],
        "springs": springs,
    }
    return m.done()


def look_by_expression() -> tuple[bytes, Case]:
    """Eyes that look by expressions: the head is turned, the eyes seek the camera."""
    m = Maker()
    mat = m.material(toon(), **color(0.9, 0.8, 0.8, 1))
    part = m.primitive(ball(0.05), mat)
    count = len(ball(0.05)["POSITION"])
    axes = {"lookLeft": [0.08, 0, 0], "lookRight": [-0.08, 0, 0], "lookUp": [0, 0.08, 0], "lookDown": [0, -0.08, 0]}
    part["targets"] = [{"POSITION": m.accessor(np.tile(a, (count, 1)), "VEC3")} for a in axes.values()]
    node = m.node(2, mesh=m.mesh(part), translation=[0, 0.05, 0.1])
    for i, name in enumerate(axes):
        m.vrm["expressions"]["preset"][name] = {"morphTargetBinds": [{"node": node, "index": i, "weight": 1.0}]}
    maps = {k: {"inputMaxValue": 40.0, "outputScale": 0.9} for k in (
        "rangeMapHorizontalInner", "rangeMapHorizontalOuter", "rangeMapVerticalDown", "rangeMapVerticalUp")}  # fmt: skip
    m.vrm["lookAt"] = {"type": "expression", "offsetFromHeadBone": [0, 0.05, 0.05], **maps}
    return m.done(head=[0.15, -0.3])


SPECIMENS: dict[str, Callable[[], tuple[bytes, Case]]] = {
    f.__name__: f
    for f in (shading, matcap_and_rim, emission, normal_maps, transforms, wraps, scroll, outlines, alpha,
              vertex_colours, physical, flat, quantised, layouts, second_uv, morphs, binds, constraints, swing,
              look_by_expression)
}  # fmt: skip

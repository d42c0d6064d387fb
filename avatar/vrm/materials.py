"""Materials: glTF base, KHR_materials_unlit, KHR_texture_transform and VRMC_materials_mtoon, and their images."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from PIL import Image as Pillow

from avatar.vrm.fields import number, table, vector
from avatar.vrm.glb import Glb
from avatar.vrm.model import Image, Material, TextureRef

MAX_SIDE = 4096
"""Textures above this are scaled down."""
MAX_PIXELS = 8192 * 8192
ONE3 = (1.0, 1.0, 1.0)
ZERO3 = (0.0, 0.0, 0.0)


def materials(glb: Glb) -> list[Material]:
    """All materials, in file order, and one plain white at the end for primitives without one."""
    out = [_material(glb, entry, f"materials[{n}]") for n, entry in enumerate(glb.items("materials"))]
    return [*out, Material("default", metallic=0.0)]


def images(glb: Glb, wanted: set[int]) -> list[Image]:
    """Decodes the wanted images; the others stay one white pixel."""
    blank = Image(np.full((1, 1, 4), 255, np.uint8))
    total, out = 0, []
    for n, entry in enumerate(glb.items("images")):
        image = _decode(glb, entry, n) if n in wanted else blank
        total += image.pixels.nbytes
        if total > 1 << 30:
            raise glb.bad(f"images need over 1 GiB at images[{n}]", "Scale the textures down.")
        out.append(image)
    return out


def _decode(glb: Glb, entry: dict[str, Any], n: int) -> Image:
    if entry.get("bufferView") is None:
        raise glb.bad(f"images[{n}] is outside the file", "Export it as one .vrm (binary glTF) file.")
    data, _ = glb.view(entry["bufferView"], f"images[{n}]")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            opened = Pillow.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "BMP"))
            if opened.width * opened.height > MAX_PIXELS:
                raise glb.bad(f"images[{n}] is {opened.width}x{opened.height}", "Scale the texture to 4096.")
            picture = opened.convert("RGBA")
        if max(picture.size) > MAX_SIDE:
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise glb.bad(f"images[{n}] cannot be decoded ({error})", "Use PNG or JPEG textures.") from error
    return Image(np.ascontiguousarray(picture))


def texture(glb: Glb, value: Any, place: str) -> TextureRef | None:
    """A textureInfo with its sampler and KHR_texture_transform; None where absent."""
    info = table(value)
    if info.get("index") is None:
        return None
    entry = glb.item("textures", info["index"], place)
    extensions = table(entry.get("extensions"))
    source = entry.get("source")
    if source is None:
        source = table(extensions.get("EXT_texture_webp")).get("source")
    if source is None:
        named = ", ".join(extensions) or "no image"
        raise glb.bad(f"{place}: texture has {named}", "Export it with PNG or JPEG textures.")
    glb.item("images", source, place)
    sampler = glb.item("samplers", entry["sampler"], place) if entry.get("sampler") is not None else {}
    ref = TextureRef(source)
    ref.wrap = (_wrap(sampler.get("wrapS")), _wrap(sampler.get("wrapT")))
    ref.magnify = 9728 if sampler.get("magFilter") == 9728 else 9729
    ref.minify = sampler["minFilter"] if sampler.get("minFilter") in (9728, 9729, 9984, 9985, 9986) else 9987
    ref.uv_set = int(number(info.get("texCoord"), 0))
    ref.scale = number(info.get("scale"), 1.0)
    change = table(table(info.get("extensions")).get("KHR_texture_transform"))
    ref.uv_set = int(number(change.get("texCoord"), ref.uv_set))
    (x, y), (sx, sy) = vector(change.get("offset"), (0.0, 0.0)), vector(change.get("scale"), (1.0, 1.0))
    ref.offset, ref.tile, ref.angle = (x, y), (sx, sy), number(change.get("rotation"), 0.0)
    return ref


def _wrap(value: Any) -> int:
    return value if value in (33071, 33648) else 10497


def _material(glb: Glb, entry: dict[str, Any], place: str) -> Material:
    pbr, extensions = table(entry.get("pbrMetallicRoughness")), table(entry.get("extensions"))
    out = Material(str(entry.get("name") or place))
    out.color = vector(pbr.get("baseColorFactor"), (*ONE3, 1.0))
    out.base = texture(glb, pbr.get("baseColorTexture"), place)
    out.normal = texture(glb, entry.get("normalTexture"), place)
    strength = table(extensions.get("KHR_materials_emissive_strength")).get("emissiveStrength")
    if strength is None:
        strength = table(extensions.get("VRMC_materials_hdr_emissiveMultiplier")).get("emissiveMultiplier")
    out.emissive = tuple(c * number(strength, 1.0) for c in vector(entry.get("emissiveFactor"), ZERO3))
    out.emissive_map = texture(glb, entry.get("emissiveTexture"), place)
    out.metallic = number(pbr.get("metallicFactor"), 1.0)
    out.roughness = number(pbr.get("roughnessFactor"), 1.0)
    out.metal_rough = texture(glb, pbr.get("metallicRoughnessTexture"), place)
    out.alpha = str(entry.get("alphaMode") or "OPAQUE")
    if out.alpha not in ("OPAQUE", "MASK", "BLEND"):
        out.alpha = "OPAQUE"
    out.cutoff = number(entry.get("alphaCutoff"), 0.5)
    out.double_sided = bool(entry.get("doubleSided"))
    out.lined = out.double_sided or table(entry.get("extras")).get("limelight_lined") is True
    if "VRMC_materials_mtoon" in extensions:
        _mtoon(glb, out, table(extensions["VRMC_materials_mtoon"]), place)
    elif "KHR_materials_unlit" in extensions:
        out.shading = "unlit"
    return out


def _mtoon(glb: Glb, out: Material, entry: dict[str, Any], place: str) -> None:
    out.shading = "mtoon"
    out.zwrite = bool(entry.get("transparentWithZWrite"))
    out.queue = int(max(-9, min(9, number(entry.get("renderQueueOffsetNumber"), 0))))
    out.shade = vector(entry.get("shadeColorFactor"), ONE3)
    out.shade_map = texture(glb, entry.get("shadeMultiplyTexture"), place)
    out.shift = number(entry.get("shadingShiftFactor"), 0.0)
    out.shift_map = texture(glb, entry.get("shadingShiftTexture"), place)
    out.toony = number(entry.get("shadingToonyFactor"), 0.9)
    out.gi = number(entry.get("giEqualizationFactor"), 0.9)
    out.matcap_factor = vector(entry.get("matcapFactor"), ONE3)
    out.matcap = texture(glb, entry.get("matcapTexture"), place)
    out.rim = vector(entry.get("parametricRimColorFactor"), ZERO3)
    out.rim_map = texture(glb, entry.get("rimMultiplyTexture"), place)
    out.rim_mix = number(entry.get("rimLightingMixFactor"), 1.0)
    out.rim_power = max(number(entry.get("parametricRimFresnelPowerFactor"), 5.0), 1e-3)
    out.rim_lift = number(entry.get("parametricRimLiftFactor"), 0.0)
    mode = entry.get("outlineWidthMode")
    out.outline_mode = mode if mode in ("worldCoordinates", "screenCoordinates") else "none"
    out.outline_width = number(entry.get("outlineWidthFactor"), 0.0)
    out.outline_map = texture(glb, entry.get("outlineWidthMultiplyTexture"), place)
    out.outline_color = vector(entry.get("outlineColorFactor"), ZERO3)
    out.outline_mix = number(entry.get("outlineLightingMixFactor"), 1.0)
    out.uv_mask = texture(glb, entry.get("uvAnimationMaskTexture"), place)
    speeds = ("uvAnimationScrollXSpeedFactor", "uvAnimationScrollYSpeedFactor", "uvAnimationRotationSpeedFactor")
    out.uv_speed = (number(entry.get(speeds[0]), 0), number(entry.get(speeds[1]), 0), number(entry.get(speeds[2]), 0))
    out.v0 = bool(entry.get("v0"))


def used_images(found: list[Material]) -> set[int]:
    """Images that the materials show."""
    refs = ("base", "normal", "emissive_map", "metal_rough", "shade_map", "shift_map", "matcap", "rim_map",
            "outline_map", "uv_mask")  # fmt: skip
    return {ref.image for m in found for ref in (getattr(m, k) for k in refs) if ref is not None}

"""MToon materials (VRMC_materials_mtoon 1.0): shade hue-shifted rather than grey, a weak cool rim, thin outlines."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar.wardrobe.colour import linear, mix, shift
from avatar.wardrobe.mesh import Array
from avatar.wardrobe.textures import HAIR_LINE, Scheme


def _mtoon(
    name: str, texture: int, shade: Array, toony: float, turn: float, outline: float, line: Array,
    rim: float = 0.0, emissive: Array | None = None, gi: float = 0.9, glow: Array | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One material; ``outline`` in metres, ``line`` multiplies the lit colour into the outline's."""
    mtoon: dict[str, Any] = {
        "specVersion": "1.0",
        "transparentWithZWrite": False,
        "renderQueueOffsetNumber": 0,
        "shadeColorFactor": linear(shade),
        "shadeMultiplyTexture": {"index": texture},
        "shadingShiftFactor": turn,
        "shadingToonyFactor": toony,
        "giEqualizationFactor": gi,
        "matcapFactor": [0.0, 0.0, 0.0],
        "parametricRimColorFactor": linear((np.array([0.55, 0.66, 0.95]) if glow is None else glow) * rim),
        "rimLightingMixFactor": 1.0,
        "parametricRimFresnelPowerFactor": 4.0,
        "parametricRimLiftFactor": 0.0,
        "outlineWidthMode": "worldCoordinates" if outline else "none",
        "outlineWidthFactor": outline,
        "outlineColorFactor": linear(line),
        "outlineLightingMixFactor": 1.0 if outline else 0.0,
    }
    material: dict[str, Any] = {
        "name": name,
        "pbrMetallicRoughness": {
            "baseColorFactor": [1.0, 1.0, 1.0, 1.0],
            "baseColorTexture": {"index": texture},
            "metallicFactor": 0.0,
            "roughnessFactor": 0.9,
        },
        "alphaMode": "OPAQUE",
        "doubleSided": False,
        "extensions": {"VRMC_materials_mtoon": mtoon},
    }
    if emissive is not None:
        material["emissiveFactor"] = linear(emissive)
    return material


def build(scheme: Scheme, textures: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Material name to glTF material."""
    skin_shade = mix(shift(mix(scheme.skin, np.ones(3), 0.5), -0.06, 1.6, 0.95), np.array([0.95, 0.72, 0.76]), 0.55)
    hair_shade = np.array([0.66, 0.55, 0.80])
    tint = shift(mix(scheme.main, np.ones(3), 0.45), 0.0, 0.8, 1.1)
    cloth_shade = mix(np.array([0.66, 0.60, 0.84]), tint / tint.max() * 0.82, 0.45)
    skin, cloth = textures["skin"], textures["cloth"]
    made = {
        "face": _mtoon("face", skin, skin_shade, 0.95, 0.18, 0.0006, np.array([0.62, 0.40, 0.40]), 0.10),
        "skin": _mtoon("skin", skin, skin_shade, 0.94, 0.06, 0.0008, np.array([0.62, 0.40, 0.40]), 0.12),
        "eyes": _mtoon("eyes", skin, np.array([0.93, 0.90, 0.96]), 0.9, 0.8, 0.0, np.ones(3)),
        "glint": _mtoon("glint", skin, np.ones(3), 0.9, 0.8, 0.0, np.ones(3), emissive=np.array([0.55, 0.55, 0.55])),
        "hair": _mtoon(
            "hair",
            cloth,
            hair_shade,
            0.93,
            0.02,
            0.0009,
            HAIR_LINE,
            0.30,
            glow=shift(scheme.tips, 0.0, 0.8, 1.0),
        ),
        "cloth": _mtoon("cloth", cloth, cloth_shade, 0.93, 0.02, 0.0010, np.array([0.42, 0.36, 0.50]), 0.36),
        "glow": _mtoon("glow", skin, np.ones(3) * 0.95, 0.9, 0.8, 0.0, np.ones(3), emissive=scheme.second * 0.62),
    }
    for name in ("face", "skin", "cloth", "hair"):  # all closed: nothing is seen through their insides
        made[name]["extras"] = {"limelight_lined": True}
    return made

"""From a look to a file: gathers the pieces, applies the proportions, writes the VRM."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar.wardrobe import (
    accessories,
    body,
    coat,
    expressions,
    eyes,
    features,
    gltf_write,
    hair,
    head,
    materials,
    mouth,
    outfit,
    robot,
    springs,
    textures,
)
from avatar.wardrobe.colour import rgb
from avatar.wardrobe.mesh import Array, Piece, merged
from avatar.wardrobe.skeleton import CHIN, Skeleton, humanoid
from characters.definition import Look

VERSION = 4
"""Part of the cache's key: raise it when the same look should be built anew."""
CANONICAL = 1520.0
BASES = ("girl", "robot")
OUTFITS: dict[str, tuple[Callable[[Skeleton], list[Piece]], bool]] = {
    "jacket": (outfit.idol, False),
    "coat": (coat.dressed, True),
}
"""Outfit: what sews it, and whether it comes with tights."""
ACCESSORIES = (*accessories.ACCESSORIES, "tufts", "gloves", "streak", *features.MARKS)
_SIZES = {"girl": (1.07, 1.0), "robot": (1.42, 0.56)}
"""Head and legs of a base against what was drawn: a little large a head is kinder to the eye."""
PROPORTIONS: dict[str, tuple[float, float]] = {"head": (0.85, 1.2), "legs": (0.85, 1.2), "shoulders": (0.85, 1.2)}


class LookError(ValueError):
    """A look that cannot be built: names the key, the value and what would do."""

    def __init__(self, key: str, value: object, remedy: str) -> None:
        super().__init__(f"look: {key} = {value!r}: {remedy}")
        self.key = key
        self.remedy = remedy


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


_OTHER_NAMES = {"white streak": "streak", "star": "star pin", "star hair pin": "star pin", "headphones": "headset"}


def choose(key: str, value: str, known: tuple[str, ...]) -> str:
    """The known name meant by ``value``; LookError naming the nearest one otherwise."""
    name = _OTHER_NAMES.get(_plain(value), _plain(value))
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, 1, 0.3)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise LookError(key, value, f"{hint}known: {', '.join(known)}")


@dataclass
class Assembly:
    """Everything of one body before it becomes a file; millimetres."""

    skeleton: Skeleton
    meshes: dict[str, list[Piece]]
    scale: float
    head: float


def check(look: Look) -> None:
    """Raise LookError on a value the wardrobe does not know."""
    choose("base", look.base, BASES)
    choose("face", look.face, tuple(features.FACES))
    choose("eye_style", look.eye_style, tuple(features.EYES))
    choose("hair_style", look.hair_style, tuple(hair.STYLES))
    choose("outfit", look.outfit, tuple(OUTFITS))
    for accessory in look.accessories:
        choose("accessories", accessory, ACCESSORIES)
    colours = {"hair": look.hair, "hair_tips": look.hair_tips, "eyes": look.eyes, "skin": look.skin}
    colours |= {f"palette[{i}]": colour for i, colour in enumerate(look.palette)}
    for key, colour in colours.items():
        try:
            rgb(colour)
        except ValueError:
            raise LookError(key, colour, "a colour is written '#rrggbb'") from None
    if not look.palette:
        raise LookError("palette", look.palette, "name at least one colour")
    for key, value in look.proportions.items():
        name = choose("proportions", key, tuple(PROPORTIONS))
        low, high = PROPORTIONS[name]
        if not low <= value <= high:
            raise LookError(f"proportions.{key}", value, f"between {low} and {high}")


def _girl(look: Look, skeleton: Skeleton) -> dict[str, list[Piece]]:
    worn = [choose("accessories", a, ACCESSORIES) for a in look.accessories]
    close, mouth_warps = mouth.skin_warps()
    warps = {**mouth_warps, **eyes.skin_warps()}
    rested = features.EYES[choose("eye_style", look.eye_style, tuple(features.EYES))]
    faces = head.skin([eyes.opening(), mouth.opening()], close, warps) + eyes.build(rested.iris) + mouth.build()
    features.settle(faces, rested)
    name = choose("hair_style", look.hair_style, tuple(hair.STYLES))
    style = hair.STYLES[name]()
    sew, tights = OUTFITS[choose("outfit", look.outfit, tuple(OUTFITS))]
    clothes = [*body.build(tights, "gloves" in worn), *sew(skeleton)]
    clothes += head.ears() if name in hair.BARE_EARS else []
    if "tufts" in worn:
        style = hair.with_tufts(style)
        clothes += hair.ties()
    locks = hair.build(style, skeleton, "streak" in worn)
    for accessory in dict.fromkeys(worn):
        clothes += accessories.ACCESSORIES[accessory]() if accessory in accessories.ACCESSORIES else []
    return {"Face": faces, "Hair": locks, "Body": clothes}


def gather(look: Look) -> Assembly:
    """All pieces in the canonical size, grouped into meshes; face pieces carry the morphs."""
    skeleton = humanoid()
    if choose("base", look.base, BASES) == "robot":
        dots, shell = robot.build(skeleton)
        meshes = {"Face": dots, "Body": shell}
    else:
        meshes = _girl(look, skeleton)
    wanted = {_plain(k): v for k, v in look.proportions.items()}
    size, legs = _SIZES[_plain(look.base)]
    size, legs = size * wanted.get("head", 1.0), legs * wanted.get("legs", 1.0)
    if _plain(look.base) != "robot":
        shape(skeleton, [p for group in meshes.values() for p in group], features.FACES[_plain(look.face)])
    proportion(skeleton, [p for pieces in meshes.values() for p in pieces], size, legs, wanted.get("shoulders", 1.0))
    crown = max(float(p.positions[:, 1].max()) for p in meshes.get("Hair", meshes["Body"]))
    return Assembly(skeleton, meshes, look.height / crown, size)


def _head_share(piece: Piece, heads: list[str]) -> Array:
    return np.asarray(
        np.sum([w for n, w in piece.weights.items() if n in heads], axis=0) * np.ones(len(piece.positions))
    )


def shape(skeleton: Skeleton, pieces: list[Piece], outline: features.Outline) -> None:
    """Bend the head to a face's outline: vertices, what morphs reach, and bones."""
    heads = [n for n in skeleton.bones if _under_head(n, skeleton)]
    for piece in pieces:
        share = _head_share(piece, heads)
        bent = features.bend(outline, piece.positions, share)
        piece.morphs = {n: features.bend(outline, piece.positions + d, share) - bent for n, d in piece.morphs.items()}
        piece.positions = bent
    for name in (n for n in heads if n != "head"):
        bone = skeleton.bones[name]
        bone.position = features.bend(outline, bone.position[None], np.ones(1))[0]


def proportion(skeleton: Skeleton, pieces: list[Piece], size: float, legs: float, shoulders: float) -> None:
    """Apply head size, leg length and shoulder width to bones and vertices alike."""
    pivot = np.array([0.0, CHIN + 5, -8.0])

    def moved(points: Array, share: Array) -> Array:
        out = points + (points - pivot) * (size - 1) * share[:, None]
        out[:, 1] = np.where(out[:, 1] < 800, out[:, 1] * legs, out[:, 1] + 800 * (legs - 1))
        reach = np.clip(np.abs(out[:, 0]), 0, 110) * (shoulders - 1) * (points[:, 1] > 1000) * (1 - share)
        out[:, 0] += np.sign(out[:, 0]) * reach
        return out

    heads = [n for n in skeleton.bones if _under_head(n, skeleton)]
    for piece in pieces:
        share = _head_share(piece, heads)
        piece.positions = moved(piece.positions, share)
        piece.morphs = {n: d * (1 + (size - 1) * share[:, None]) for n, d in piece.morphs.items()}
    for name, bone in skeleton.bones.items():
        bone.position = moved(bone.position[None], np.array([float(name in heads)]))[0]


def _under_head(name: str, skeleton: Skeleton) -> bool:
    bone: str | None = name
    while bone:
        if bone == "head":
            return True
        bone = skeleton.bones[bone].parent
    return False


def _grouped(pieces: list[Piece]) -> list[tuple[Piece, Array]]:
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        piece.uvs = textures.atlas_uv(piece.tile, piece.uvs)
        groups.setdefault(piece.material, []).append(piece)
    whole = [merged(group) for group in groups.values()]
    return [(piece, piece.uvs) for piece in whole]


def _vrm(
    name: str,
    meta: dict[str, Any],
    skeleton: Skeleton,
    nodes: dict[str, int],
    targets: dict[str, list[str]],
    scale: float,
) -> dict[str, Any]:
    morphs = targets["Face"]

    def binds(expression: expressions.Expression) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "isBinary": False,
            "overrideBlink": expression.blink,
            "overrideLookAt": "none",
            "overrideMouth": "none",
        }
        if expression.morphs:
            entry["morphTargetBinds"] = [
                {"node": nodes["Face"], "index": morphs.index(m), "weight": w} for m, w in expression.morphs.items()
            ]
        return entry

    look_at = {"inputMaxValue": 30.0, "outputScale": 4.2}
    eye = (skeleton.at("leftEye") + skeleton.at("rightEye")) / 2 - skeleton.at("head")
    return {
        "specVersion": "1.0",
        "meta": {
            "name": name,
            "version": "1.0",
            "authors": ["Limelight"],
            "licenseUrl": "https://vrm.dev/licenses/1.0/",
            "avatarPermission": "everyone",
            "commercialUsage": "corporation",
            "creditNotation": "unnecessary",
            "allowRedistribution": True,
            "modification": "allowModificationRedistribution",
            **meta,
        },
        "humanoid": {"humanBones": {b.name: {"node": nodes[b.name]} for b in skeleton.bones.values() if b.humanoid}},
        "firstPerson": {"meshAnnotations": [{"node": nodes[n], "type": "auto"} for n in targets]},
        "lookAt": {
            "type": "bone",
            "offsetFromHeadBone": [0.0, round(float(eye[1] * scale), 5), round(float((eye[2] + 69) * scale), 5)],
            "rangeMapHorizontalInner": look_at,
            "rangeMapHorizontalOuter": look_at,
            "rangeMapVerticalDown": {"inputMaxValue": 25.0, "outputScale": 3.4},
            "rangeMapVerticalUp": {"inputMaxValue": 25.0, "outputScale": 2.6},
        },
        "expressions": {
            "preset": {n: binds(e) for n, e in expressions.PRESETS.items()},
            "custom": {n: binds(e) for n, e in expressions.CUSTOM.items()},
        },
    }


def compose(look: Look, name: str, meta: dict[str, Any] | None = None) -> bytes:
    """The whole file as bytes. Raises LookError."""
    check(look)
    assembly = gather(look)
    images = textures.atlases(look)
    index = {atlas: i for i, atlas in enumerate(images)}
    surface = materials.build(textures.Scheme.of(look), index)
    meshes = {n: _grouped(pieces) for n, pieces in assembly.meshes.items()}
    scale = assembly.scale
    gltf, buffer, nodes, targets = gltf_write.document(assembly.skeleton, meshes, surface, images, scale)
    gltf["extensionsUsed"] = ["VRMC_vrm", "VRMC_materials_mtoon", "VRMC_springBone"]
    gltf["extensions"] = {
        "VRMC_vrm": _vrm(name, meta or {}, assembly.skeleton, nodes, targets, scale),
        "VRMC_springBone": springs.extension(assembly.skeleton, nodes, scale, assembly.head),
    }
    return gltf_write.glb(gltf, buffer)


def build(look: Look, path: str | Path, name: str = "Lumi", **meta: Any) -> None:
    """Write a VRM 1.0 file of a look. The same look and names give the same bytes; the file appears whole or not.

    ``meta`` holds further fields of VRMC_vrm ``meta`` (``authors``, ``version``, ``copyrightInformation``, ...).
    Raises :class:`LookError` on a value the wardrobe does not know.
    """
    gltf_write.write_whole(Path(path), compose(look, name, meta))


def ensure(look: Look, cache_dir: str | Path, name: str = "Lumi") -> Path:
    """The file of a look in ``cache_dir``, built on the first call and found again by the look's hash."""
    check(look)
    key = json.dumps([VERSION, name, look.model_dump(mode="json")], sort_keys=True)
    path = Path(cache_dir) / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.vrm"
    if not path.is_file():
        build(look, path, name)
    return path

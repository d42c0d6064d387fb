"""VRMC_vrm.expressions and lookAt."""

from __future__ import annotations

from typing import Any

from avatar.rig.frame import PRESETS
from avatar.vrm.fields import index, number, rows, table, vector
from avatar.vrm.glb import Glb
from avatar.vrm.model import ColourBind, Expression, LookAt, MorphBind, UvBind

_OVERRIDES = ("block", "blend")


def expressions(glb: Glb, vrm: dict[str, Any], targets: dict[int, int]) -> dict[str, Expression]:
    """By name; presets first. ``targets``: number of morph targets per mesh node."""
    group = table(vrm.get("expressions"))
    out: dict[str, Expression] = {}
    materials = len(glb.items("materials"))
    for part, preset in (("preset", True), ("custom", False)):
        for name, value in table(group.get(part)).items():
            if preset and name not in PRESETS:
                continue
            out.setdefault(name, _expression(name, preset, table(value), targets, materials))
    return out


def _expression(name: str, preset: bool, entry: dict[str, Any], targets: dict[int, int], materials: int) -> Expression:
    def override(key: str) -> str:
        return entry[key] if entry.get(key) in _OVERRIDES else "none"

    out = Expression(name, preset, bool(entry.get("isBinary")))
    out.override_blink, out.override_look = override("overrideBlink"), override("overrideLookAt")
    out.override_mouth = override("overrideMouth")
    for bind in rows(entry.get("morphTargetBinds")):
        node, target = bind.get("node"), bind.get("index")
        if isinstance(node, int) and index(target, targets.get(node, 0)) >= 0:
            out.morphs.append(MorphBind(node, int(target or 0), number(bind.get("weight"), 1.0)))
    for bind in rows(entry.get("materialColorBinds")):
        if index(bind.get("material"), materials) >= 0:
            value = vector(bind.get("targetValue"), (1.0, 1.0, 1.0, 1.0))
            out.colours.append(ColourBind(bind["material"], str(bind.get("type")), value))
    for bind in rows(entry.get("textureTransformBinds")):
        if index(bind.get("material"), materials) >= 0:
            scale, offset = vector(bind.get("scale"), (1.0, 1.0)), vector(bind.get("offset"), (0.0, 0.0))
            out.uvs.append(UvBind(bind["material"], (scale[0], scale[1]), (offset[0], offset[1])))
    return out


def look_at(vrm: dict[str, Any]) -> LookAt:
    """Eyes' place and range maps."""
    entry = table(vrm.get("lookAt"))
    expression = entry.get("type") == "expression"

    def ranges(key: str) -> tuple[float, float]:
        value = table(entry.get(key))
        scale = number(value.get("outputScale"), 1.0 if expression else 10.0)
        return max(number(value.get("inputMaxValue"), 90.0), 0.01), scale  # 0 would divide by zero

    out = LookAt("expression" if expression else "bone")
    out.offset = vector(entry.get("offsetFromHeadBone"), (0.0, 0.06, 0.0))
    out.inner, out.outer = ranges("rangeMapHorizontalInner"), ranges("rangeMapHorizontalOuter")
    out.down, out.up = ranges("rangeMapVerticalDown"), ranges("rangeMapVerticalUp")
    return out

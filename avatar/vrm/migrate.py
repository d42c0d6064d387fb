"""VRM 0.x to VRM 1.0, on the JSON, before anything is built (so the runtime knows one model).

Sources: vrm-specification 0.0 and 1.0, and the migration rules of UniVRM. The node tree itself stays as it is; the
loader turns the whole model by half a turn instead (0.x faces -Z, 1.0 faces +Z).
"""

from __future__ import annotations

from typing import Any

from avatar.vrm.fields import index, number, rows, table, vector

_PRESETS = {
    "joy": "happy", "angry": "angry", "sorrow": "sad", "fun": "relaxed", "a": "aa", "i": "ih", "u": "ou", "e": "ee",
    "o": "oh", "blink": "blink", "blink_l": "blinkLeft", "blink_r": "blinkRight", "lookup": "lookUp",
    "lookdown": "lookDown", "lookleft": "lookLeft", "lookright": "lookRight", "neutral": "neutral",
}  # fmt: skip
_BONES = {
    "leftThumbProximal": "leftThumbMetacarpal", "leftThumbIntermediate": "leftThumbProximal",
    "rightThumbProximal": "rightThumbMetacarpal", "rightThumbIntermediate": "rightThumbProximal",
}  # fmt: skip
_COLOURS = {"_Color": "color", "_ShadeColor": "shadeColor", "_EmissionColor": "emissionColor",
            "_RimColor": "rimColor", "_OutlineColor": "outlineColor"}  # fmt: skip


def migrate(root: dict[str, Any]) -> dict[str, Any]:
    """The 1.0 form of a 0.x document: a new dict; the input is left alone."""
    old = table(table(root.get("extensions")).get("VRM"))
    nodes = rows(root.get("nodes"))
    out = dict(root)
    out["materials"] = _materials(root, old)
    extensions = {k: v for k, v in table(root.get("extensions")).items() if k != "VRM"}
    extensions["VRMC_vrm"] = {
        "specVersion": "1.0",
        "meta": _meta(table(old.get("meta"))),
        "humanoid": {"humanBones": _bones(old)},
        "expressions": _expressions(root, old),
        "lookAt": _look_at(table(old.get("firstPerson"))),
    }
    extensions["VRMC_springBone"] = _springs(table(old.get("secondaryAnimation")), nodes)
    out["extensions"] = extensions
    return out


def _meta(old: dict[str, Any]) -> dict[str, Any]:
    author = old.get("author")
    return {
        "name": old.get("title") or "",
        "version": old.get("version") or "",
        "authors": [author] if author else [],
        "licenseName": old.get("licenseName") or "",
        "licenseUrl": old.get("otherLicenseUrl") or "",
        "otherLicenseUrl": old.get("otherPermissionUrl") or "",
        "references": [old["reference"]] if old.get("reference") else [],
        "contactInformation": old.get("contactInformation") or "",
        "avatarPermission": old.get("allowedUserName") or "",
        "commercialUsage": old.get("commercialUssageName") or "",
        "allowExcessivelyViolentUsage": old.get("violentUssageName") == "Allow",
        "allowExcessivelySexualUsage": old.get("sexualUssageName") == "Allow",
    }


def _bones(old: dict[str, Any]) -> dict[str, Any]:
    entries = rows(table(old.get("humanoid")).get("humanBones"))
    return {_BONES.get(str(b.get("bone")), str(b.get("bone"))): {"node": b.get("node")} for b in entries}


def _expressions(root: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Blend shape groups: mesh binds become node binds, 0..100 becomes 0..1."""
    preset: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    names = [str(m.get("name")) for m in rows(root.get("materials"))]
    for group in rows(table(old.get("blendShapeMaster")).get("blendShapeGroups")):
        entry: dict[str, Any] = {"isBinary": bool(group.get("isBinary")), "morphTargetBinds": []}
        for bind in rows(group.get("binds")):
            for n, node in enumerate(rows(root.get("nodes"))):
                if node.get("mesh") is not None and node.get("mesh") == bind.get("mesh"):
                    weight = number(bind.get("weight"), 100.0) / 100
                    entry["morphTargetBinds"].append({"node": n, "index": bind.get("index"), "weight": weight})
        _material_values(entry, group, names)
        known = _PRESETS.get(str(group.get("presetName") or "").lower())
        if known:
            preset.setdefault(known, entry)
        elif group.get("name"):
            custom[str(group["name"])] = entry
    return {"preset": preset, "custom": custom}


def _material_values(entry: dict[str, Any], group: dict[str, Any], names: list[str]) -> None:
    colours, transforms = [], []
    for value in rows(group.get("materialValues")):
        name, key = str(value.get("materialName")), str(value.get("propertyName"))
        if name not in names:
            continue
        target = vector(value.get("targetValue"), (1.0, 1.0, 0.0, 0.0))
        if key in _COLOURS:
            rgba = vector(value.get("targetValue"), (1.0, 1.0, 1.0, 1.0))
            linear = [_linear(c) for c in rgba[:3]] + [rgba[3]]
            colours.append({"material": names.index(name), "type": _COLOURS[key], "targetValue": linear})
        elif key == "_MainTex_ST":
            scale, offset = list(target[:2]), [target[2], 1 - target[1] - target[3]]
            transforms.append({"material": names.index(name), "scale": scale, "offset": offset})
    entry["materialColorBinds"] = colours
    entry["textureTransformBinds"] = transforms


def _look_at(old: dict[str, Any]) -> dict[str, Any]:
    blend = old.get("lookAtTypeName") == "BlendShape"
    offset = vector(old.get("firstPersonBoneOffset"), (0.0, 0.06, 0.0))

    def ranges(key: str) -> dict[str, float]:
        entry = table(old.get(key))
        scale = number(entry.get("yRange"), 1.0 if blend else 10.0)
        return {"inputMaxValue": number(entry.get("xRange"), 90.0), "outputScale": scale}

    return {
        "type": "expression" if blend else "bone",
        "offsetFromHeadBone": [offset[0], offset[1], -offset[2]],
        "rangeMapHorizontalInner": ranges("lookAtHorizontalInner"),
        "rangeMapHorizontalOuter": ranges("lookAtHorizontalOuter"),
        "rangeMapVerticalDown": ranges("lookAtVerticalDown"),
        "rangeMapVerticalUp": ranges("lookAtVerticalUp"),
    }


def _springs(old: dict[str, Any], nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Bone groups: every descendant swings; a last bone gets the 7 cm tail that 0.x implies."""
    colliders: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for group in rows(old.get("colliderGroups")):
        first = len(colliders)
        for c in rows(group.get("colliders")):
            x, y, z = vector(c.get("offset"), (0.0, 0.0, 0.0))
            sphere = {"offset": [x, y, -z], "radius": number(c.get("radius"), 0.0)}
            colliders.append({"node": group.get("node"), "shape": {"sphere": sphere}})
        groups.append({"colliders": list(range(first, len(colliders)))})
    springs: list[dict[str, Any]] = []
    for group in rows(old.get("boneGroups")):
        x, y, z = vector(group.get("gravityDir"), (0.0, -1.0, 0.0))
        settings = {
            "stiffness": number(group.get("stiffiness"), 1.0),
            "gravityPower": number(group.get("gravityPower"), 0.0),
            "gravityDir": [-x, y, z],
            "dragForce": number(group.get("dragForce"), 0.4),
            "hitRadius": number(group.get("hitRadius"), 0.02),
        }
        bones = group.get("bones")
        for bone in bones if isinstance(bones, list) else []:
            for chain in _chains(index(bone, len(nodes)), nodes):
                joints = [{"node": n, **settings} for n in chain]
                springs.append({"joints": joints, "colliderGroups": group.get("colliderGroups") or [],
                                "center": group.get("center"), "impliedTail": 0.07})  # fmt: skip
    return {"colliders": colliders, "colliderGroups": groups, "springs": springs}


def _chains(root: int, nodes: list[dict[str, Any]]) -> list[list[int]]:
    """Root-to-leaf chains below a bone; a branch starts a chain of its own."""
    if root < 0:
        return []
    done: list[list[int]] = []
    open_chains, seen = [[root]], {root}
    while open_chains:
        chain = open_chains.pop()
        raw = nodes[chain[-1]].get("children")
        children = [c for c in (raw if isinstance(raw, list) else []) if index(c, len(nodes)) >= 0 and c not in seen]
        seen.update(children)
        if children:
            open_chains.append([*chain, children[0]])
            open_chains.extend([c] for c in children[1:])
        else:
            done.append(chain)
    return done


def _linear(value: float) -> float:
    return max(value, 0.0) ** 2.2


def _materials(root: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    properties = rows(old.get("materialProperties"))
    queues = _queues(properties)
    out = []
    for n, material in enumerate(rows(root.get("materials"))):
        entry = properties[n] if n < len(properties) else {}
        shader = str(entry.get("shader") or "")
        if shader == "VRM/MToon":
            material = _mtoon(material, entry, queues)
        elif shader.startswith("VRM/Unlit"):
            material = _unlit(material, entry, shader, queues)
        out.append(material)
    return out


def _blended(entry: dict[str, Any]) -> tuple[bool, bool]:
    shader = entry.get("shader")
    both = shader == "VRM/UnlitTransparentZWrite"
    blend = bool(table(entry.get("keywordMap")).get("_ALPHABLEND_ON")) or shader == "VRM/UnlitTransparent" or both
    return blend, both or table(entry.get("floatProperties")).get("_ZWrite") == 1


def _queues(properties: list[dict[str, Any]]) -> dict[tuple[bool, Any], int]:
    """Unity render queues to renderQueueOffsetNumber: -9..0 without, 0..9 with z-write, order kept."""
    out: dict[tuple[bool, Any], int] = {}
    for zwrite in (False, True):
        found = {int(number(p.get("renderQueue"), 0)) for p in properties if _blended(p) == (True, zwrite)}
        for i, queue in enumerate(sorted(found)):
            out[zwrite, queue] = min(i, 9) if zwrite else max(i - len(found) + 1, -9)
    return out


def _transform(entry: dict[str, Any]) -> dict[str, Any]:
    x, y, sx, sy = vector(table(entry.get("vectorProperties")).get("_MainTex"), (0.0, 0.0, 1.0, 1.0))
    return {"KHR_texture_transform": {"offset": [x, 1 - sy - y], "scale": [sx, sy]}}


def _texture(entry: dict[str, Any], key: str) -> dict[str, Any] | None:
    value = table(entry.get("textureProperties")).get(key)
    return None if value is None else {"index": value, "extensions": _transform(entry)}


def _colour(entry: dict[str, Any], key: str, default: tuple[float, ...]) -> list[float]:
    rgba = vector(table(entry.get("vectorProperties")).get(key), default)
    return [_linear(c) for c in rgba[:3]] + [rgba[3]]


def _unlit(material: dict[str, Any], entry: dict[str, Any], shader: str, queues: dict[Any, int]) -> dict[str, Any]:
    blend, zwrite = _blended(entry)
    base, color = _texture(entry, "_MainTex"), _colour(entry, "_Color", (1.0, 1.0, 1.0, 1.0))
    cut = shader == "VRM/UnlitCutout"
    queue = queues.get((zwrite, int(number(entry.get("renderQueue"), 0))), 0) if blend else 0
    return {
        **material,
        "pbrMetallicRoughness": {"baseColorFactor": color, "baseColorTexture": base},
        "alphaMode": "BLEND" if blend else "MASK" if cut else "OPAQUE",
        "alphaCutoff": number(table(entry.get("floatProperties")).get("_Cutoff"), 0.5),
        "extensions": {
            "VRMC_materials_mtoon": {
                "transparentWithZWrite": blend and zwrite,
                "renderQueueOffsetNumber": queue,
                "shadeColorFactor": color[:3],
                "shadeMultiplyTexture": base,
                "v0": True,
            }
        },
    }


def _mtoon(material: dict[str, Any], entry: dict[str, Any], queues: dict[Any, int]) -> dict[str, Any]:
    floats, keys = table(entry.get("floatProperties")), table(entry.get("keywordMap"))
    blend, zwrite = _blended(entry)
    cut = bool(keys.get("_ALPHATEST_ON"))
    shift = number(floats.get("_ShadeShift"), 0.0)
    toony = number(floats.get("_ShadeToony"), 0.9)
    toony += (1 - toony) * (0.5 + 0.5 * shift)
    normal = _texture(entry, "_BumpMap")
    if normal:
        normal["scale"] = number(floats.get("_BumpScale"), 1.0)
    mode = int(number(floats.get("_OutlineWidthMode"), 0.0))
    mixed = number(floats.get("_OutlineColorMode"), 0.0) == 1
    matcap = table(entry.get("textureProperties")).get("_SphereAdd")
    extension: dict[str, Any] = {
        "transparentWithZWrite": blend and zwrite,
        "renderQueueOffsetNumber": queues.get((zwrite, int(number(entry.get("renderQueue"), 0))), 0) if blend else 0,
        "shadeColorFactor": _colour(entry, "_ShadeColor", (0.97, 0.81, 0.86, 1.0))[:3],
        "shadeMultiplyTexture": _texture(entry, "_ShadeTexture"),
        "shadingShiftFactor": -shift - (1 - toony),
        "shadingToonyFactor": toony,
        "giEqualizationFactor": 1 - number(floats.get("_IndirectLightIntensity"), 0.1),
        "matcapFactor": [1.0, 1.0, 1.0],
        "matcapTexture": None if matcap is None else {"index": matcap},
        "rimLightingMixFactor": number(floats.get("_RimLightingMix"), 0.0),
        "rimMultiplyTexture": _texture(entry, "_RimTexture"),
        "parametricRimColorFactor": _colour(entry, "_RimColor", (0.0, 0.0, 0.0, 1.0))[:3],
        "parametricRimFresnelPowerFactor": number(floats.get("_RimFresnelPower"), 1.0),
        "parametricRimLiftFactor": number(floats.get("_RimLift"), 0.0),
        "outlineWidthMode": {1: "worldCoordinates", 2: "screenCoordinates"}.get(mode, "none"),
        "outlineWidthFactor": 0.01 * number(floats.get("_OutlineWidth"), 0.0),
        "outlineWidthMultiplyTexture": _texture(entry, "_OutlineWidthTexture"),
        "outlineColorFactor": _colour(entry, "_OutlineColor", (0.0, 0.0, 0.0, 1.0))[:3],
        "outlineLightingMixFactor": number(floats.get("_OutlineLightingMix"), 1.0) if mixed else 0.0,
        "uvAnimationMaskTexture": _texture(entry, "_UvAnimMaskTexture"),
        "uvAnimationScrollXSpeedFactor": number(floats.get("_UvAnimScrollX"), 0.0),
        "uvAnimationScrollYSpeedFactor": -number(floats.get("_UvAnimScrollY"), 0.0),
        "uvAnimationRotationSpeedFactor": number(floats.get("_UvAnimRotation"), 0.0),
        "v0": True,
    }
    return {
        **material,
        "pbrMetallicRoughness": {"baseColorFactor": _colour(entry, "_Color", (1.0, 1.0, 1.0, 1.0)),
                                 "baseColorTexture": _texture(entry, "_MainTex")},
        "normalTexture": normal,
        "emissiveTexture": _texture(entry, "_EmissionMap"),
        "emissiveFactor": _colour(entry, "_EmissionColor", (0.0, 0.0, 0.0, 1.0))[:3],
        "alphaMode": "BLEND" if blend else "MASK" if cut else "OPAQUE",
        "alphaCutoff": number(floats.get("_Cutoff"), 0.5),
        "doubleSided": number(floats.get("_CullMode"), 2.0) == 0,
        "extensions": {"VRMC_materials_mtoon": extension},
    }  # fmt: skip

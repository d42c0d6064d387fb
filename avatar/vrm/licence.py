"""What a VRM's meta says about itself and what may be done with it, in plain words."""

from __future__ import annotations

from typing import Any

from avatar.vrm.model import Model

_WHO = {"onlyauthor": "only its author", "onlyseparatelylicensedperson": "only people with a licence of their own",
        "explicitlylicensedperson": "only people its author has named"}  # fmt: skip
_TRADE = {"personalnonprofit": "only without profit", "disallow": "not for trade", "personalprofit": "by persons only"}
_NAMED = {"redistribution_prohibited": "may not be passed on", "cc_by_nd": "may not be changed",
          "cc_by_nc": "only without profit", "cc_by_nc_sa": "only without profit",
          "cc_by_nc_nd": "only without profit, and may not be changed"}  # fmt: skip


def facts(model: Model) -> dict[str, Any]:
    """Version, counts, names, what the file says of its licence, and ``warnings`` about what it forbids."""
    meta = model.meta
    references = meta.get("references") or meta.get("reference") or []
    return {
        "name": str(meta.get("name") or model.name),
        "vrm": model.version,
        "authors": [str(a) for a in meta.get("authors") or []] if isinstance(meta.get("authors"), list) else [],
        "licence": str(meta.get("licenseName") or meta.get("licenseUrl") or "none given"),
        "licence_links": [str(meta[k]) for k in ("licenseUrl", "otherLicenseUrl") if meta.get(k)],
        "third_party": str(meta.get("thirdPartyLicenses") or ""),
        "copyright": str(meta.get("copyrightInformation") or ""),
        "contact": str(meta.get("contactInformation") or ""),
        "references": [str(r) for r in references] if isinstance(references, list) else [str(references)],
        "who_may_perform": str(meta.get("avatarPermission") or "onlyAuthor"),
        "commercial_use": str(meta.get("commercialUsage") or "personalNonProfit"),
        "credit": str(meta.get("creditNotation") or "required"),
        "warnings": warnings(model),
        "triangles": sum(len(p.indices) for p in model.primitives) // 3,
        "vertices": len(model.positions),
        "materials": len(model.materials) - 1,
        "textures": [f"{i.pixels.shape[1]}x{i.pixels.shape[0]}" for i in model.images],
        "bones": len(model.bones),
        "springs": len(model.springs),
        "constraints": len(model.constraints),
        "expressions": list(model.expressions),
    }


def warnings(model: Model) -> list[str]:
    """One plain sentence for each use that the licence forbids or ties to something.

    A 1.0 file that leaves a permission out has the specification's default, the strict one.
    """
    meta, old, out = model.meta, model.version == "0.x", []
    who = str(meta.get("avatarPermission") or ("" if old else "onlyAuthor")).lower()
    if who in _WHO:
        out.append(f"{_WHO[who]} may perform with it")
    trade = str(meta.get("commercialUsage") or ("" if old else "personalNonProfit")).lower()
    if trade in _TRADE:
        out.append(f"commercial use: {_TRADE[trade]}")
    named = _NAMED.get(str(meta.get("licenseName") or "").lower())
    if named:
        out.append(f"licence {meta['licenseName']}: {named}")
    if not old:
        if not meta.get("allowRedistribution"):
            out.append("may not be passed on: do not ship it with a character")
        if str(meta.get("modification") or "prohibited") == "prohibited":
            out.append("may not be changed")
    if not old and str(meta.get("creditNotation") or "required") == "required":
        out.append("its author must be credited")
    if old and str(meta.get("licenseName") or "").upper().startswith("CC_BY"):
        out.append("its author must be credited")
    if meta.get("allowExcessivelyViolentUsage") is not True:
        out.append("not for excessively violent content")
    if meta.get("allowExcessivelySexualUsage") is not True:
        out.append("not for excessively sexual content")
    return out

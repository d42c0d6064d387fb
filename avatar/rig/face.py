"""Expressions: weights to morph, colour and UV changes (VRMC_vrm, expressions.md)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from avatar.vrm.model import Expression, Material, Model

KINDS = {
    "blink": ("blink", "blinkLeft", "blinkRight"),
    "look": ("lookUp", "lookDown", "lookLeft", "lookRight"),
    "mouth": ("aa", "ih", "ou", "ee", "oh"),
}


def settle(wanted: dict[str, float], expressions: dict[str, Expression]) -> dict[str, float]:
    """The weights that are shown: clamped, binary ones 0 or 1, then overridden by kind.

    The binary value drives overrides; an expression does not override its own kind; a binary expression that is
    overridden at all is off.
    """
    weights: dict[str, float] = {}
    for name, value in wanted.items():
        expression = expressions.get(name)
        if expression is None or not math.isfinite(value) or value <= 0:
            continue
        weights[name] = (1.0 if value > 0.5 else 0.0) if expression.binary else min(value, 1.0)
    left = {"blink": 1.0, "look": 1.0, "mouth": 1.0}
    for name, weight in weights.items():
        e = expressions[name]
        for kind, rule in (("blink", e.override_blink), ("look", e.override_look), ("mouth", e.override_mouth)):
            if rule != "none" and name not in KINDS[kind]:
                left[kind] -= (1.0 if weight > 0 else 0.0) if rule == "block" else weight
    for kind, names in KINDS.items():
        factor = max(left[kind], 0.0)
        if factor < 1.0:
            for name in names:
                if name in weights:
                    weights[name] *= 0.0 if expressions[name].binary else factor
    return weights


class Face:
    """Holds what expressions change: ``morphs`` per mesh node, ``colours`` and ``uvs`` per material.

    ``uvs`` has the weight in all and the weighted sums of scale x, y and offset x, y: each texture of the material
    goes from its own transform to theirs.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.morphs: dict[int, npt.NDArray[np.float32]] = {}
        for primitive in model.primitives:
            old = self.morphs.get(primitive.node)
            if primitive.morphs and (old is None or len(old) < len(primitive.morphs)):
                self.morphs[primitive.node] = np.zeros(len(primitive.morphs), np.float32)
        self.base = {node: self._base(node, values) for node, values in self.morphs.items()}
        self.colours: dict[tuple[int, str], tuple[float, ...]] = {}
        self.uvs: dict[int, tuple[float, float, float, float, float]] = {}
        self.weights: dict[str, float] = {}

    def _base(self, node: int, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        out = np.zeros_like(values)
        given = self.model.mesh_weights.get(node, [])[: len(out)]
        out[: len(given)] = given
        return out

    def apply(self, wanted: dict[str, float]) -> None:
        """Sets all outputs from the wanted weights."""
        self.weights = settle(wanted, self.model.expressions)
        for node, values in self.morphs.items():
            values[:] = self.base[node]
        self.colours.clear()
        self.uvs.clear()
        for name, weight in self.weights.items():
            if weight > 0:
                self._add(self.model.expressions[name], weight)

    def _add(self, expression: Expression, weight: float) -> None:
        for bind in expression.morphs:
            self.morphs[bind.node][bind.target] += bind.weight * weight
        for colour in expression.colours:
            base = colour_of(self.model.materials[colour.material], colour.kind)
            now = self.colours.get((colour.material, colour.kind), base)
            mixed = tuple(n + (t - b) * weight for n, t, b in zip(now, colour.target, base))
            self.colours[colour.material, colour.kind] = mixed
        for uv in expression.uvs:
            total, sx, sy, ox, oy = self.uvs.get(uv.material, (0.0, 0.0, 0.0, 0.0, 0.0))
            (tx, ty), (px, py) = uv.scale, uv.offset
            self.uvs[uv.material] = (total + weight, sx + tx * weight, sy + ty * weight,
                                     ox + px * weight, oy + py * weight)  # fmt: skip


def colour_of(material: Material, kind: str) -> tuple[float, ...]:
    """The material colour that a bind of this kind changes, as rgba."""
    three = {"emissionColor": material.emissive, "shadeColor": material.shade, "matcapColor": material.matcap_factor,
             "rimColor": material.rim, "outlineColor": material.outline_color}  # fmt: skip
    return (*three[kind], 1.0) if kind in three else material.color

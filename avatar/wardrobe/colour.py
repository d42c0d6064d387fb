"""Colours as linear mixes in sRGB and turns of hue: enough to dress one palette coherently."""

from __future__ import annotations

import colorsys

import numpy as np

from avatar.wardrobe.mesh import Array


def rgb(text: str) -> Array:
    """``#rrggbb`` as three floats 0..1. Raises ValueError on anything else."""
    digits = text.strip().lstrip("#")
    if len(digits) != 6:
        raise ValueError(text)
    return np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def mix(one: Array, other: Array, amount: float) -> Array:
    """From ``one`` (0) to ``other`` (1)."""
    return np.asarray(one * (1 - amount) + other * amount)


def shift(colour: Array, hue: float = 0.0, saturation: float = 1.0, value: float = 1.0) -> Array:
    """Turn the hue (in turns), scale saturation and value."""
    h, s, v = colorsys.rgb_to_hsv(*(float(c) for c in np.clip(colour, 0, 1)))
    return np.array(colorsys.hsv_to_rgb((h + hue) % 1.0, min(s * saturation, 1), min(v * value, 1)))


def warm(skin: Array, hue: float, strength: float, value: float) -> Array:
    """A blush of a skin colour: saturation is added rather than scaled, so that dark skin does not turn orange.

    ``strength`` is what would scale the saturation of the palest skin (0.17).
    """
    h, s, v = colorsys.rgb_to_hsv(*(float(c) for c in np.clip(skin, 0, 1)))
    return np.array(colorsys.hsv_to_rgb((h + hue) % 1.0, min(s + 0.173 * (strength - 1), 1), min(v * value, 1)))


def linear(colour: Array) -> list[float]:
    """sRGB to linear, rounded: what glTF factors want."""
    c = np.clip(colour, 0, 1)
    out = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return [round(float(x), 5) for x in out]

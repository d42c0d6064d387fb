"""Deterministic noise: every random choice of the body is a hash of (seed, stream, number), never a state.

So any moment of a show can be asked for in any order and gives the same picture, live and offline.
"""

from __future__ import annotations

import math

_MASK = 0xFFFFFFFF


def chance(seed: int, stream: int, index: int) -> float:
    """A number in [0, 1) that depends on nothing but its arguments (integer mix after Murmur3's finaliser)."""
    x = (seed * 0x9E3779B1 + stream * 0x85EBCA77 + index * 0xC2B2AE3D) & _MASK
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & _MASK
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & _MASK
    x ^= x >> 16
    return x / 4294967296.0


def name_number(text: str) -> int:
    """A stable number for a name (FNV-1a, 32 bits); Python's own ``hash`` differs from run to run."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & _MASK
    return value


def noise(seed: int, stream: int, t: float) -> float:
    """Smooth noise in -1..1 with one random value per unit of ``t`` (value noise, quintic blend)."""
    i = math.floor(t)
    f = t - i
    a = chance(seed, stream, i)
    b = chance(seed, stream, i + 1)
    return 2.0 * (a + (b - a) * f * f * f * (f * (f * 6.0 - 15.0) + 10.0)) - 1.0


def layered(seed: int, stream: int, t: float) -> float:
    """Two octaves of :func:`noise` whose rates share no period, so the sum never visibly loops."""
    return 0.68 * noise(seed, stream, t) + 0.32 * noise(seed, stream + 7919, t * 2.37 + 13.7)


def min_jerk(x: float) -> float:
    """Position 0..1 of a minimum-jerk reach at ``x`` = elapsed / duration (Flash & Hogan 1985), clamped."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return x * x * x * (x * (x * 6.0 - 15.0) + 10.0)


def window(t: float, start: float, end: float, rise: float, fall: float) -> float:
    """0..1: rises over ``rise`` from ``start``, falls over ``fall`` up to ``end`` (minimum jerk both ways)."""
    if t <= start or t >= end:
        return 0.0
    up = min_jerk((t - start) / rise) if rise > 0 else 1.0
    down = min_jerk((end - t) / fall) if fall > 0 else 1.0
    return up if up < down else down

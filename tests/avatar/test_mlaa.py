"""Smoothing on the processor: slanted edges come out nearly as an exact coverage, the rest stays as it was."""

from __future__ import annotations

import numpy as np

from avatar.render.mlaa import Smoother


def edge(slope: float, size: int = 96, samples: int = 1, across: bool = False) -> np.ndarray:
    """A half plane of 200 on 40 below a line through the middle; many samples: its true coverage."""
    at = (np.arange(size * samples) + 0.5) / samples
    y, x = np.meshgrid(at, at, indexing="ij")
    inside = y - size / 2 > slope * (x - size / 2)
    cover = inside.reshape(size, samples, size, samples).mean((1, 3))
    plane = np.round(40 + 160 * cover).astype(np.uint8)
    return np.ascontiguousarray(plane.T) if across else plane


def test_slanted_edges_are_smoothed_both_ways() -> None:
    smoother = Smoother(96, 96)
    # The nearer to a diagonal, the less a step of one pixel says where the line runs.
    for slope, left in ((0.08, 0.2), (0.27, 0.4), (-0.6, 0.65), (0.93, 0.9)):
        for across in (False, True):
            rough, true = edge(slope, across=across), edge(slope, samples=16, across=across)
            smooth = rough.copy()
            smoother.plane(smooth, (0, 0, 96, 96))
            inner = (slice(20, -20), slice(20, -20))  # runs are cut at the border
            before, after = (np.abs(p[inner].astype(int) - true[inner]).sum() for p in (rough, smooth))
            assert after < left * before


def test_flat_parts_straight_edges_and_what_is_outside_the_box_stay() -> None:
    smoother = Smoother(96, 96)
    straight = np.full((96, 96), 50, np.uint8)
    straight[40:] = 180
    straight[:, 70:] = 90
    kept = straight.copy()
    smoother.plane(kept, (0, 0, 96, 96))
    assert (kept != straight).sum() < 12  # the corners alone
    outside = edge(0.3)
    before = outside.copy()
    smoother.plane(outside, (0, 0, 48, 96))
    assert (outside[:, 48:] == before[:, 48:]).all()
    assert (outside != before).any()


def test_colours_are_smoothed_alike() -> None:
    grey = np.repeat(edge(0.3)[..., None], 3, 2)
    Smoother(96, 96).picture(grey, (0, 0, 96, 96))
    assert (grey[..., 0] == grey[..., 2]).all()
    assert len(np.unique(grey)) > 6


def test_noise_and_tiny_boxes_do_no_harm() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 96), np.uint8)
    smoother = Smoother(96, 96)
    smoother.plane(noise, (0, 0, 96, 96))
    for box in ((0, 0, 0, 0), (5, 5, 7, 7), (90, 90, 96, 96)):
        smoother.plane(noise, box)

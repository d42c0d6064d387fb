"""Spring bones (VRMC_springBone) without the frame rate in them.

The specification moves a tail per frame: inertia (1 - drag), stiffness dt, gravity dt. Here the state is a velocity per
second, and a step of any length is what n = 60 dt of the specification's steps at 60 Hz add up to (a geometric series,
n may be a fraction): the same at 60 Hz, and alike at any other rate.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from avatar.rig.maths import between
from avatar.vrm.model import Joint, Model

Array = Any


def _size(rows: Array) -> Array:
    """Lengths (k, 1) of vectors (k, 3), not quite 0: one call where a product and a sum are three."""
    size = np.einsum("ki,ki->k", rows, rows)
    size += 1e-20
    return np.sqrt(size, out=size)[:, None]


def _turned(matrices: Array, rows: Array) -> Array:
    """Vectors (k, 3) through matrices (k, 3, 3)."""
    return np.matmul(matrices, rows[:, :, None])[:, :, 0]


class Group:
    """Joints whose parents' places are known at the same step; arrays over its k joints."""

    def __init__(self, model: Model, joints: list[Joint], axes: Array, lengths: Array) -> None:
        self.nodes = np.array([j.node for j in joints])
        self.parents = model.nodes.parents[self.nodes]
        self.axes, self.lengths = axes, lengths[:, None]
        self.stiffness = np.array([[j.stiffness] for j in joints], np.float32)
        self.gravity = np.array([j.gravity for j in joints], np.float32)
        self.hold = np.array([[1 - j.drag] for j in joints], np.float32)
        self.radius = np.array([j.radius for j in joints], np.float32)
        self.rootless = self.parents < 0
        self.rooted = bool(self.rootless.any())
        self.centers = np.array([j.center for j in joints])
        self.centered = bool((self.centers >= 0).any())
        most = max(len(j.colliders) for j in joints)
        self.hits = np.full((len(joints), most), -1)
        for row, j in enumerate(joints):
            self.hits[row, : len(j.colliders)] = j.colliders
        self.real, self.which = self.hits >= 0, np.maximum(self.hits, 0)
        self.tails = np.zeros((len(joints), 3), np.float32)
        self.speed = np.zeros((len(joints), 3), np.float32)
        # Where no parent's scale differs by direction, turns do not change how long anything is: found at the first step.
        self.even = bool((np.ptp(model.nodes.scale, axis=1) <= 1e-6 * np.abs(model.nodes.scale).max()).all())
        self.shares: tuple[Array, Array] | None = None
        self.near: Array = None  # squares of the distances within which plain colliders are touched
        self.dt = -1.0
        self.glide = self.push = self.keep = self.gain = self.hold

    def step(self, world: Array, local: Array, root: Array, colliders: Colliders, dt: float, settle: bool) -> None:
        """Turns the joints and writes their world matrices in place."""
        parent = world.take(self.parents, 0, mode="wrap")
        if self.rooted:
            parent[self.rootless] = root
        rest = parent @ local.take(self.nodes, 0)
        head, frame = rest[:, :3, 3], rest[:, :3, :3]
        away = _turned(frame, self.axes)
        if self.shares is None:
            size = _size(away)
            away /= size
            self.shares = (1 / size, 1 / (size * self.lengths)) if self.even else None
        else:
            away *= self.shares[0]
        if settle:
            tails = head + away * self.lengths
            self.speed[:] = 0
        else:
            tails = self._move(world, head, away, colliders, dt)
            if not math.isfinite(float(tails.sum())):  # a pose that was no number: begin anew from this one
                tails = head + away * self.lengths
                self.speed = np.zeros_like(tails)
        self._remember(world, tails)
        to = _turned(frame.transpose(0, 2, 1), tails - head)
        if self.shares is not None:
            to *= self.shares[1]
        else:
            size = _size(to)
            to = np.where(size > 1e-9, to / np.maximum(size, 1e-9), self.axes)
        rest[:, :3, :3] = frame @ between(self.axes, to)
        world[self.nodes] = rest

    def _move(self, world: Array, head: Array, away: Array, colliders: Colliders, dt: float) -> Array:
        tails, speed = self._recall(world)
        if dt != self.dt:
            self._coefficients(dt)
        force = away * self.stiffness
        force += self.gravity
        free = tails + speed * self.glide
        free += force * self.push
        new = self._rod(free, head)
        if self.hits.shape[1]:
            new = self._collide(new, head, colliders)
        if dt > 0:
            self.speed = speed * self.keep
            self.speed += force * self.gain
            self.speed += (new - free) * np.float32(1 / dt)
        return new

    def _coefficients(self, dt: float) -> None:
        """Sums of n = 60 dt steps v' = hold v + force, x' = x + v' / 60."""
        self.dt, n = dt, 60 * dt
        drag = np.maximum(1 - self.hold.astype(np.float64), 1e-4)
        keep = (1 - drag) ** n
        reach = (1 - drag) * (1 - keep) / drag
        values = reach / 60, (n - reach) / drag / 60, keep, (1 - keep) / drag
        self.glide, self.push, self.keep, self.gain = (v.astype(np.float32) for v in values)

    def _rod(self, tails: Array, head: Array) -> Array:
        out = tails - head
        out *= self.lengths / _size(out)
        out += head
        return out

    def _collide(self, tails: Array, head: Array, colliders: Colliders) -> Array:
        if colliders.plain:
            if self.near is None:
                self.near = np.where(self.real, (colliders.size[self.which] + self.radius[:, None]) ** 2, -1)
            away = colliders.away(self.which, tails[:, None])
            touched = np.einsum("ksi,ksi->ks", away, away) < self.near
        else:
            touched = (colliders.distance(self.which, tails[:, None], self.radius[:, None])[0] < 0) & self.real
        for slot in np.flatnonzero(touched.any(0)) if touched.any() else ():
            depth, away = colliders.distance(self.which[:, slot], tails, self.radius)
            inside = (depth < 0) & self.real[:, slot]
            tails = np.where(inside[:, None], self._rod(tails - away * depth[:, None], head), tails)
        return tails

    def _recall(self, world: Array) -> tuple[Array, Array]:
        if not self.centered:
            return self.tails, self.speed
        m = world[self.centers]
        m[self.centers < 0] = np.eye(4)
        moved = np.einsum("kij,kj->ki", m[:, :3, :3], self.tails) + m[:, :3, 3]
        return moved, np.einsum("kij,kj->ki", m[:, :3, :3], self.speed)

    def _remember(self, world: Array, tails: Array) -> None:
        if not self.centered:
            self.tails = tails
            return
        m = world[self.centers]
        m[self.centers < 0] = np.eye(4)
        back = np.linalg.inv(m)
        self.tails = np.einsum("kij,kj->ki", back[:, :3, :3], tails) + back[:, :3, 3]
        self.speed = np.einsum("kij,kj->ki", back[:, :3, :3], self.speed)


class Colliders:
    """All colliders' places in the world, and distances to them."""

    def __init__(self, model: Model) -> None:
        found = model.colliders
        self.nodes = np.array([max(c.node, 0) for c in found], int)
        self.offset = np.array([c.offset for c in found], np.float32).reshape(-1, 3)
        self.end = np.array([c.tail for c in found], np.float32).reshape(-1, 3)
        self.radius = np.array([c.radius for c in found], np.float32)
        self.capsule = np.array([c.kind == "capsule" for c in found], bool)
        self.plane = np.array([c.kind == "plane" for c in found], bool)
        self.inside = np.array([c.inside for c in found], bool)
        # What a model does not have is not computed.
        self.capsules, self.planes, self.hollows = self.capsule.any(), self.plane.any(), self.inside.any()
        self.plain = not (self.planes or self.hollows)
        self.a = np.zeros_like(self.offset)
        self.b = self.along = self.share = np.zeros_like(self.offset)
        self.size: Array = None

    def place(self, world: Array) -> None:
        """Takes the world matrices of this moment."""
        m = world.take(self.nodes, 0)
        turn = m[:, :3, :3]
        self.a = _turned(turn, self.offset)
        self.a += m[:, :3, 3]
        if self.size is None:  # no pose changes a node's scale
            self.size = self.radius * np.sqrt((turn[:, :, 0] ** 2).sum(1))
        if self.capsules:
            self.along = np.where(self.capsule[:, None], _turned(turn, self.end) + m[:, :3, 3] - self.a, 0)
            self.share = self.along / np.maximum((self.along * self.along).sum(1, keepdims=True), 1e-12)
        if self.planes:
            self.b = _turned(turn, self.end)
            self.b[self.plane] /= np.maximum(np.linalg.norm(self.b[self.plane], axis=1, keepdims=True), 1e-9)

    def away(self, which: Array, points: Array) -> Array:
        """From the middle of collider ``which`` (a capsule's: the nearest point of its axis) to each point."""
        away = points - self.a.take(which, 0)
        if self.capsules:
            t = np.einsum("...i,...i->...", away, self.share.take(which, 0))
            np.minimum(np.maximum(t, 0, out=t), 1, out=t)
            away -= self.along.take(which, 0) * t[..., None]
        return away

    def distance(self, which: Array, points: Array, radius: Array) -> tuple[Array, Array]:
        """Distance (below 0: touching) and direction out of collider ``which`` for each point."""
        away = self.away(which, points)
        size = np.einsum("...i,...i->...", away, away)
        size += 1e-20
        np.sqrt(size, out=size)
        away /= size[..., None]
        gap = size - self.size[which] - radius
        if self.hollows:
            hollow = self.inside[which]
            gap = np.where(hollow, self.size[which] - radius - size, gap)
            away = np.where(hollow[..., None], -away, away)
        if self.planes:
            flat, b = self.plane[which], self.b[which]
            gap = np.where(flat, ((points - self.a[which]) * b).sum(-1) - radius, gap)
            away = np.where(flat[..., None], b, away)
        return gap, away

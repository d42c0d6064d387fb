"""VRMC_springBone (with VRMC_springBone_extended_collider's planes) and VRMC_node_constraint."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar.vrm.fields import index, number, rows, table, vector
from avatar.vrm.glb import Glb
from avatar.vrm.model import Collider, Constraint, Joint

ZERO = (0.0, 0.0, 0.0)


def springs(glb: Glb, count: int) -> tuple[list[Collider], list[Joint]]:
    """Colliders and swinging joints; entries that point nowhere are left out."""
    root = table(table(glb.json.get("extensions")).get("VRMC_springBone"))
    entries = rows(root.get("colliders"))
    colliders = [_collider(e, count) for e in entries]
    groups = [list(_indices(g.get("colliders"), len(colliders))) for g in rows(root.get("colliderGroups"))]
    joints: list[Joint] = []
    taken: set[int] = set()
    for spring in rows(root.get("springs")):
        hit = [c for g in _indices(spring.get("colliderGroups"), len(groups)) for c in groups[g]]
        hit = [c for c in dict.fromkeys(hit) if colliders[c].node >= 0]
        center = index(spring.get("center"), count)
        chain = [j for j in rows(spring.get("joints")) if index(j.get("node"), count) >= 0]
        tail_length = number(spring.get("impliedTail"), 0.0)
        for i, entry in enumerate(chain):
            node = entry["node"]
            last = i + 1 == len(chain)
            if node in taken or (last and tail_length <= 0):
                continue
            taken.add(node)
            child = -1 if last else chain[i + 1]["node"]
            joints.append(_joint(glb, entry, child, tail_length, center, hit))
    return colliders, joints


def _indices(value: Any, size: int) -> list[int]:
    return [v for v in value if index(v, size) >= 0] if isinstance(value, list) else []


def _joint(glb: Glb, entry: dict[str, Any], child: int, tail_length: float, center: int, hit: list[int]) -> Joint:
    tail = None
    if child < 0:
        away = np.array(vector(glb.items("nodes")[entry["node"]].get("translation"), ZERO))
        length = float(np.linalg.norm(away))
        tail = tuple(away / length * tail_length) if length > 1e-6 else (0.0, -tail_length, 0.0)
    direction = np.array(vector(entry.get("gravityDir"), (0.0, -1.0, 0.0)))
    gravity = tuple(direction * number(entry.get("gravityPower"), 0.0))
    drag = min(max(number(entry.get("dragForce"), 0.5), 0.0), 1.0)
    stiffness, radius = number(entry.get("stiffness"), 1.0), number(entry.get("hitRadius"), 0.0)
    return Joint(entry["node"], child, tail, stiffness, gravity, drag, radius, center, hit)


def _collider(entry: dict[str, Any], count: int) -> Collider:
    node = index(entry.get("node"), count)
    extended = table(table(table(entry.get("extensions")).get("VRMC_springBone_extended_collider")).get("shape"))
    shape = extended or table(entry.get("shape"))
    for kind in ("sphere", "capsule", "plane"):
        if kind in shape:
            s = table(shape[kind])
            end = vector(s.get("normal"), (0.0, 0.0, 1.0)) if kind == "plane" else vector(s.get("tail"), ZERO)
            offset, radius = vector(s.get("offset"), ZERO), number(s.get("radius"), 0.0)
            return Collider(node, kind, offset, radius, end, bool(s.get("inside")))
    return Collider(-1, "sphere", ZERO)


def constraints(glb: Glb) -> list[Constraint]:
    """Roll, aim and rotation constraints of all nodes."""
    entries, out = glb.items("nodes"), []
    for n, entry in enumerate(entries):
        root = table(table(table(entry.get("extensions")).get("VRMC_node_constraint")).get("constraint"))
        for kind, key in (("roll", "rollAxis"), ("aim", "aimAxis"), ("rotation", "")):
            value = table(root.get(kind))
            source = index(value.get("source"), len(entries))
            if value and source >= 0 and source != n:
                weight = min(max(number(value.get("weight"), 1.0), 0.0), 1.0)
                out.append(Constraint(n, source, kind, str(value.get(key) or ""), weight))
    return out

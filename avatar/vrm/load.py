"""From a file to a Model: the order of the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from avatar.vrm.errors import VrmError
from avatar.vrm.expressions import expressions, look_at
from avatar.vrm.fields import table
from avatar.vrm.glb import REMEDY, Glb, parse, read
from avatar.vrm.humanoid import bones, in_scene, mirrored, nodes
from avatar.vrm.materials import images, materials, used_images
from avatar.vrm.meshes import meshes
from avatar.vrm.migrate import migrate
from avatar.vrm.model import Model
from avatar.vrm.springs import constraints, springs


def load(path: str | Path) -> Model:
    """Loads a VRM 0.x or 1.0 file. ``VrmError`` names file, place and remedy; nothing else is raised."""
    return _guard(lambda: build(read(path)), Path(path).name)


def loads(data: bytes, name: str = "model.vrm") -> Model:
    """The same from memory."""
    return _guard(lambda: build(parse(data, name)), name)


def _guard(work: Any, name: str) -> Model:
    try:
        model: Model = work()
        return model
    except VrmError:
        raise
    # A hostile file can put any JSON type anywhere; one clear error is worth more than a list of guards.
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, MemoryError) as error:
        raise VrmError(name, f"holds a value of the wrong kind ({error})", REMEDY) from error


def build(glb: Glb) -> Model:
    """Steps in order: migrate, tree, bones, materials, meshes, images, expressions, springs."""
    extensions = table(glb.json.get("extensions"))
    old = "VRMC_vrm" not in extensions
    if old and "VRM" not in extensions:
        raise glb.bad("is a glTF file without a VRM part", "Export it as VRM from VRoid Studio, UniVRM or Blender.")
    if old:
        glb.json = migrate(glb.json)
    vrm = table(table(glb.json["extensions"]).get("VRMC_vrm"))
    tree = nodes(glb)
    shown = in_scene(glb, tree.parents)
    human = bones(glb, vrm, len(tree.names))
    found = materials(glb)
    mesh = meshes(glb, shown, mirrored(tree))
    if not mesh.positions:
        raise glb.bad("has no mesh to show")
    targets: dict[int, int] = {}
    for primitive in mesh.primitives:
        targets[primitive.node] = max(targets.get(primitive.node, 0), len(primitive.morphs))
    colliders, swinging = springs(glb, len(tree.names))
    if len(mesh.skin_nodes) > 65535:
        raise glb.bad("has more than 65535 skin joints", "Reduce the model.")
    model = Model(
        name=glb.name,
        version="0.x" if old else str(vrm.get("specVersion") or "1.0"),
        meta=table(vrm.get("meta")),
        nodes=tree,
        bones=human,
        positions=np.concatenate(mesh.positions),
        normals=np.concatenate(mesh.normals),
        uvs=np.concatenate(mesh.uvs),
        uvs2=np.concatenate(mesh.uvs2) if mesh.uv_sets > 1 else None,
        colors=np.concatenate(mesh.colors) if mesh.coloured else None,
        joints=np.concatenate(mesh.joints),
        weights=np.concatenate(mesh.weights),
        skin_nodes=np.array(mesh.skin_nodes, np.int32),
        inverse_bind=np.concatenate(mesh.inverse_bind).astype(np.float32),
        primitives=mesh.primitives,
        materials=found,
        images=images(glb, used_images(found)),
        expressions=expressions(glb, vrm, targets),
        look_at=look_at(vrm),
        colliders=colliders,
        springs=swinging,
        constraints=constraints(glb),
        turn=old,
        mesh_weights=mesh.mesh_weights,
    )
    return model

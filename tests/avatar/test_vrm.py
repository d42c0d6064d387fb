"""Loading: both versions, real models, hostile files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.vrm import VrmError, load, loads
from tests.avatar.make_vrm import document, glb, make

SHARED = Path(os.environ.get("LIMELIGHT_SHARED", Path(__file__).parents[2].parent / "shared"))
REAL = sorted((SHARED / "data" / "vrm").glob("*.vrm"))


def test_new_model_is_read() -> None:
    model = loads(make())
    assert model.version == "1.0"
    assert not model.turn
    assert len(model.positions) == 8
    assert set(model.expressions) == {"happy", "aa", "blink", "green"}
    assert "Square by test" in model.licence


def test_old_model_becomes_new() -> None:
    model = loads(make(old=True))
    assert model.turn
    assert model.expressions["aa"].morphs[0].weight == 1.0
    mtoon = model.materials[0]
    assert mtoon.shading == "mtoon"
    assert mtoon.toony == pytest.approx(0.95)
    assert mtoon.shift == pytest.approx(-0.05)
    assert mtoon.outline_width == pytest.approx(0.005)  # centimetres become metres
    assert mtoon.outline_mode == "worldCoordinates"
    assert [j.node for j in model.springs] == [8, 9]
    assert model.springs[1].tail is not None  # the implied 7 cm
    assert "CC0" in model.licence


def test_unknown_required_extension_is_named() -> None:
    with pytest.raises(VrmError, match="KHR_draco_mesh_compression"):
        loads(make(extensionsRequired=["KHR_draco_mesh_compression"]))


def test_index_past_the_vertices_is_named() -> None:
    root, binary = document()
    root["accessors"][4]["count"] = 4_000_000_000
    with pytest.raises(VrmError, match=r"accessors\[4\]"):
        loads(glb(root, binary))


def test_missing_bone_is_named() -> None:
    root, binary = document()
    del root["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]["head"]
    with pytest.raises(VrmError, match="head"):
        loads(glb(root, binary))


def test_plain_gltf_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.vrm"
    file.write_bytes(make(extensions={}))
    with pytest.raises(VrmError, match=r"a\.vrm.*VRM"):
        load(file)


def test_missing_file() -> None:
    with pytest.raises(VrmError, match="nowhere"):
        load("/nowhere/at/all.vrm")


@settings(max_examples=150, deadline=2000)
@given(st.integers(0, len(make()) - 1), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_bytes_give_one_error(at: int, patch: bytes, cut: bool) -> None:
    data = make()
    data = data[:at] if cut else data[:at] + patch + data[at + len(patch) :]
    try:
        loads(data)
    except VrmError as error:
        said = str(error)
    else:
        said = "model.vrm"
    assert "model.vrm" in said


_VALUES = st.one_of(st.none(), st.integers(-5, 10**10), st.text(max_size=3), st.lists(st.integers(-2, 3), max_size=3),
                    st.floats(), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2))  # fmt: skip


@settings(max_examples=150, deadline=2000)
@given(st.sampled_from(["nodes", "meshes", "accessors", "bufferViews", "materials", "extensions", "skins", "images"]),
       _VALUES, st.booleans(), st.booleans())  # fmt: skip
def test_wrong_json_gives_one_error(key: str, value: object, inside: bool, old: bool) -> None:
    root, binary = document(old)
    if inside and isinstance(root.get(key), list):
        for entry in root[key]:
            for name in entry:
                entry[name] = value
                break
    else:
        root[key] = value
    try:
        loads(glb(root, binary))
    except VrmError as error:
        said = str(error)
    else:
        said = "model.vrm"
    assert "model.vrm" in said


@pytest.mark.skipif(not REAL, reason="shared/data/vrm is not here")
@pytest.mark.parametrize("path", REAL, ids=lambda p: p.stem)
def test_real_models_load(path: Path) -> None:
    model = load(path)
    assert len(model.positions) > 0
    assert "head" in model.bones

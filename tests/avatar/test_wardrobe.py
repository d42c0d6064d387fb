"""The wardrobe: a built file is a sound VRM 1.0, its face really moves, and the look really changes it."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar.rig.frame import PRESETS
from avatar.vrm import load
from avatar.wardrobe import LookError, build, ensure, presets, read_look
from avatar.wardrobe.builder import ACCESSORIES, gather
from avatar.wardrobe.features import EYES, FACES
from avatar.wardrobe.hair import STYLES
from characters.definition import Look

LUMI = Look(accessories=["star_pin", "tufts"])
REQUIRED_BONES = {
    "hips", "spine", "head", "leftUpperLeg", "leftLowerLeg", "leftFoot", "rightUpperLeg", "rightLowerLeg", "rightFoot",
    "leftUpperArm", "leftLowerArm", "leftHand", "rightUpperArm", "rightLowerArm", "rightHand",
}  # fmt: skip


class Glb:
    """Just enough of a reader, independent of the project's loader."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        magic, version, total = struct.unpack_from("<4sII", data)
        assert (magic, version, total) == (b"glTF", 2, len(data))
        size = struct.unpack_from("<I", data, 12)[0]
        self.json: dict[str, Any] = json.loads(data[20 : 20 + size])
        self.bin = data[28 + size :]
        self.vrm = self.json["extensions"]["VRMC_vrm"]
        self.springs = self.json["extensions"]["VRMC_springBone"]

    def _raw(self, view: int, component: int, width: int, count: int) -> np.ndarray:
        kind = {5126: "<f4", 5123: "<u2", 5121: "u1"}[component]
        start = self.json["bufferViews"][view]["byteOffset"]
        return np.frombuffer(self.bin, kind, count * width, start).reshape(count, width)

    def accessor(self, index: int) -> np.ndarray:
        entry = self.json["accessors"][index]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[entry["type"]]
        if "sparse" not in entry:
            return self._raw(entry["bufferView"], entry["componentType"], width, entry["count"])
        out = np.zeros((entry["count"], width), np.float32)
        sparse = entry["sparse"]
        rows = self._raw(sparse["indices"]["bufferView"], sparse["indices"]["componentType"], 1, sparse["count"])[:, 0]
        out[rows] = self._raw(sparse["values"]["bufferView"], 5126, width, sparse["count"])
        return out

    def primitives(self) -> list[dict[str, Any]]:
        return [p for mesh in self.json["meshes"] for p in mesh["primitives"]]

    def images(self) -> dict[str, Image.Image]:
        out = {}
        for image in self.json["images"]:
            view = self.json["bufferViews"][image["bufferView"]]
            raw = self.bin[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
            out[image["name"]] = Image.open(io.BytesIO(raw))
        return out

    def face(self, expression: str | None = None, weight: float = 1.0, material: str = "face") -> np.ndarray:
        """Positions of one primitive of the face under an expression."""
        mesh = next(m for m in self.json["meshes"] if m["name"] == "Face")
        names = [m["name"] for m in self.json["materials"]]
        primitive = next(p for p in mesh["primitives"] if names[p["material"]] == material)
        points = self.accessor(primitive["attributes"]["POSITION"]).astype(float)
        if expression:
            known = {**self.vrm["expressions"]["preset"], **self.vrm["expressions"]["custom"]}
            for bind in known[expression].get("morphTargetBinds", []):
                points = points + weight * bind["weight"] * self.accessor(
                    primitive["targets"][bind["index"]]["POSITION"]
                )
        return points


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wardrobe") / "lumi.vrm"
    build(LUMI, path)
    return path


@pytest.fixture(scope="module")
def glb(file: Path) -> Glb:
    return Glb(file)


def test_same_look_gives_the_same_bytes_and_leaves_nothing_aside(file: Path, tmp_path: Path) -> None:
    build(LUMI, tmp_path / "again.vrm")
    assert (tmp_path / "again.vrm").read_bytes() == file.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["again.vrm"]


def test_the_loader_takes_it(file: Path) -> None:
    model = load(file)
    assert model.version.startswith("1")
    assert len(model.springs) > 10


def test_accessors_lie_inside_the_buffer_and_their_bounds_are_true(glb: Glb) -> None:
    for view in glb.json["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= len(glb.bin)
    for index, entry in enumerate(glb.json["accessors"]):
        values = glb.accessor(index)
        assert np.isfinite(values).all()
        if "min" in entry:
            np.testing.assert_allclose(values.min(0), entry["min"], atol=1e-6)
            np.testing.assert_allclose(values.max(0), entry["max"], atol=1e-6)


def test_vertices_have_unit_normals_and_weights_that_sum_to_one(glb: Glb) -> None:
    bones = len(glb.json["skins"][0]["joints"])
    for primitive in glb.primitives():
        attributes = primitive["attributes"]
        np.testing.assert_allclose(glb.accessor(attributes["WEIGHTS_0"]).sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(glb.accessor(attributes["NORMAL"]), axis=1), 1, atol=1e-3)
        assert glb.accessor(attributes["JOINTS_0"]).max() < bones
        uv = glb.accessor(attributes["TEXCOORD_0"])
        assert uv.min() >= 0
        assert uv.max() <= 1
        assert glb.accessor(primitive["indices"]).max() < len(uv)


def test_the_whole_figure_is_light_enough_and_as_tall_as_asked(glb: Glb) -> None:
    triangles = sum(glb.json["accessors"][p["indices"]]["count"] // 3 for p in glb.primitives())
    assert 8_000 <= triangles <= 16_500
    points = np.concatenate([glb.accessor(p["attributes"]["POSITION"]) for p in glb.primitives()])
    assert points[:, 1].min() == pytest.approx(0, abs=0.003)
    assert points[:, 1].max() == pytest.approx(LUMI.height, abs=0.02)
    assert points[:, 0].max() == pytest.approx(-points[:, 0].min(), abs=0.004)


def test_humanoid_is_complete_with_fingers_and_eyes_and_faces_forward(glb: Glb) -> None:
    bones = glb.vrm["humanoid"]["humanBones"]
    assert set(bones) >= REQUIRED_BONES | {"leftEye", "rightEye", "neck", "upperChest", "leftToes"}
    assert sum("Thumb" in b or "Index" in b or "Middle" in b or "Ring" in b or "Little" in b for b in bones) == 30
    nodes = glb.json["nodes"]
    parents = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}

    def where(name: str) -> np.ndarray:
        index, out = bones[name]["node"], np.zeros(3)
        while True:
            out += nodes[index].get("translation", [0, 0, 0])
            if index not in parents:
                return out
            index = parents[index]

    assert where("leftHand")[0] > where("leftUpperArm")[0] > 0
    assert where("leftToes")[2] > where("leftFoot")[2]
    assert where("leftEye")[2] > where("head")[2]
    assert abs(where("leftHand")[1] - where("leftUpperArm")[1]) < 0.01


def test_expressions_hold_the_presets_and_neutral_is_still(glb: Glb) -> None:
    preset = glb.vrm["expressions"]["preset"]
    assert set(preset) >= {p for p in PRESETS if not p.startswith("look")}
    assert "morphTargetBinds" not in preset["neutral"]
    assert glb.vrm["lookAt"]["type"] == "bone"


def _opening(glb: Glb, expression: str, weight: float = 1.0) -> tuple[float, float]:
    """Width and height of the moved inside of the mouth, in metres."""
    rest, moved = glb.face(material="eyes"), glb.face(expression, weight, "eyes")
    inside = np.linalg.norm(moved - rest, axis=1) > 2e-4
    return float(np.ptp(moved[inside, 0])), float(np.ptp(moved[inside, 1]))


def test_the_five_vowels_differ_in_width_and_height(glb: Glb) -> None:
    size = {v: _opening(glb, v) for v in ("aa", "ih", "ou", "ee", "oh")}
    assert size["aa"][1] > size["oh"][1] > size["ee"][1] > size["ih"][1]
    assert size["ih"][0] > size["ee"][0] > size["oh"][0] > size["ou"][0]
    assert size["ou"][0] < 0.5 * size["ee"][0]
    assert _opening(glb, "aa", 0.5)[1] < size["aa"][1]


def test_vowels_leave_the_eyes_and_emotions_leave_the_lips_shut(glb: Glb) -> None:
    """Emotion and vowel add up: neither moves what the other one owns."""
    rest = glb.face()
    eyes_at = np.abs(rest[:, 1] - 1.335) < 0.02
    assert np.abs(glb.face("aa") - rest)[eyes_at].max() < 1e-4
    lips = np.linalg.norm(glb.face("aa") - rest, axis=1) > 0.006
    drop = (glb.face("happy") - rest)[lips]
    assert np.abs(drop[:, 1]).max() < 0.007


@pytest.mark.parametrize(
    ("expression", "left", "right"), [("blinkLeft", True, False), ("blinkRight", False, True), ("blink", True, True)]
)
def test_blinks_close_their_own_eye(glb: Glb, expression: str, left: bool, right: bool) -> None:
    delta = glb.face(expression) - glb.face()
    down = delta[:, 1] < -0.02
    x = glb.face()[:, 0]
    assert bool((down & (x > 0.02)).any()) is left
    assert bool((down & (x < -0.02)).any()) is right


def test_moods_move_lids_brows_and_mouth_differently(glb: Glb) -> None:
    shapes = {m: glb.face(m, material="eyes") for m in ("happy", "angry", "sad", "relaxed", "surprised")}
    names = list(shapes)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(shapes[one] - shapes[other]).max() > 0.003, (one, other)


def test_gaze_never_pushes_an_iris_through_its_white_or_highlight(glb: Glb) -> None:
    """Iris, white and highlights lie on spheres around the eye bone, in this order."""
    points, glints = glb.face(material="eyes"), glb.face(material="glint")
    nodes, bones = glb.json["nodes"], glb.vrm["humanoid"]["humanBones"]
    chain = ("hips", "spine", "chest", "upperChest", "neck", "head", "leftEye")
    eye = np.sum([nodes[bones[b]["node"]]["translation"] for b in chain], axis=0)
    mesh = next(m for m in glb.json["meshes"] if m["name"] == "Face")
    names = [m["name"] for m in glb.json["materials"]]
    primitive = next(p for p in mesh["primitives"] if names[p["material"]] == "eyes")
    joints, weights = (glb.accessor(primitive["attributes"][a]) for a in ("JOINTS_0", "WEIGHTS_0"))
    iris = (joints[:, 0] == bones["leftEye"]["node"]) & (weights[:, 0] > 0.99)
    reach = np.linalg.norm(points[iris] - eye, axis=1)
    front = np.linalg.norm(glints[glints[:, 0] > 0] - eye, axis=1)
    assert np.ptp(reach) < 2e-4
    assert front.min() > reach.max() + 5e-4


def test_springs_hang_hair_and_skirt_on_colliders(glb: Glb) -> None:
    springs = glb.springs["springs"]
    assert any(s["name"].startswith("hair_tuft") for s in springs)
    assert sum(s["name"].startswith("skirt") for s in springs) == 8
    assert all(len(s["joints"]) >= 3 and s["colliderGroups"] for s in springs)
    assert {g["name"] for g in glb.springs["colliderGroups"]} == {"head", "neck", "shoulders", "thighs"}
    used = [j["node"] for s in springs for j in s["joints"]]
    assert len(used) == len(set(used))


def test_textures_show_the_colours_of_the_look(glb: Glb) -> None:
    images = glb.images()
    assert {i.size[0] for i in images.values()} == {2048}
    swatch = np.asarray(images["skin"])[800:860, 1560:1640].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(swatch, [0xFF, 0xE3, 0xD3], atol=2)


def test_a_changed_look_changes_colours_height_and_hair(glb: Glb, tmp_path: Path) -> None:
    build(
        Look(hair="#a03030", eyes="#30a0ff", height=1.7, hair_style="long", proportions={"head": 0.95}),
        tmp_path / "b.vrm",
    )
    other = Glb(tmp_path / "b.vrm")
    before, after = (np.asarray(g.images()["cloth"])[300:700, 100:900].reshape(-1, 3).mean(0) for g in (glb, other))
    assert after[0] > before[0] + 30
    assert before[2] > after[2] + 30
    points = np.concatenate([other.accessor(p["attributes"]["POSITION"]) for p in other.primitives()])
    assert points[:, 1].max() == pytest.approx(1.7, abs=0.02)

    def hair_low(g: Glb) -> float:
        mesh = next(m for m in g.json["meshes"] if m["name"] == "Hair")
        return float(g.accessor(mesh["primitives"][0]["attributes"]["POSITION"])[:, 1].min())

    assert hair_low(other) < hair_low(glb) - 0.1


@pytest.mark.parametrize("name", ["vesper", "bo"])
def test_other_performers_speak_blink_and_pass_the_loader(name: str, tmp_path: Path) -> None:
    look = presets()[name]
    build(look, tmp_path / "other.vrm", name)
    model = load(tmp_path / "other.vrm")
    assert {"aa", "blink", "happy"} <= set(model.expressions)
    glb = Glb(tmp_path / "other.vrm")
    triangles = sum(glb.json["accessors"][p["indices"]]["count"] // 3 for p in glb.primitives())
    assert 8_000 <= triangles <= 16_500
    material = "glow" if look.base == "robot" else "face"
    rest, shapes = glb.face(material=material), {v: glb.face(v, material=material) for v in ("aa", "ou", "blink")}
    assert all(np.abs(shape - rest).max() > 0.001 for shape in shapes.values())
    assert np.abs(shapes["aa"] - shapes["ou"]).max() > 0.001
    points = np.concatenate([glb.accessor(p["attributes"]["POSITION"]) for p in glb.primitives()])
    assert points[:, 1].max() == pytest.approx(look.height, abs=0.02)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_hair_style_gathers_with_everything_on(style: str) -> None:
    body = gather(Look(hair_style=style, accessories=list(ACCESSORIES)))
    assert len(body.skeleton.bones) < 160
    hair = body.meshes["Hair"]
    for piece in (p for pieces in body.meshes.values() for p in pieces):
        assert np.isfinite(piece.positions).all()
        assert np.isfinite(piece.normals).all()
        assert np.sum(list(piece.weights.values()), axis=0) == pytest.approx(1.0, abs=1e-6)
    top = max(float(p.positions[:, 1].max()) for p in hair)
    low = min(float(p.positions[:, 1].min()) for p in hair)
    assert top > 1450
    assert low < 1330, "hair reaches below the ears"


def _lids(body: Any) -> tuple[float, float]:
    """Mean height of the upper lash (millimetres) at rest and with the eyes shut."""
    lash = next(p for p in body.meshes["Face"] if p.tile == "lash" and len(p.positions) > 60)
    shut = lash.positions + lash.morphs["lidCloseLeft"]
    return float(lash.positions[:, 1].mean()), float(shut[:, 1].mean())


@pytest.mark.parametrize("style", sorted(EYES))
def test_eyes_that_rest_differently_shut_at_the_same_line(style: str) -> None:
    plain, styled = _lids(gather(Look())), _lids(gather(Look(eye_style=style)))
    assert styled[1] == pytest.approx(plain[1], abs=0.4)
    if style in ("calm", "keen"):
        assert styled[0] < plain[0] - 1.0
    body = gather(Look(eye_style=style))
    names = {n for p in body.meshes["Face"] for n in p.morphs}
    assert not [n for n in names if n.startswith(("lidCalm", "lidCat", "lidGentle", "lidKeen"))]


def test_faces_differ_in_jaw_and_length_and_keep_the_eyes() -> None:
    def jaw(face: str) -> tuple[float, float, float]:
        body = gather(Look(face=face, proportions={}))
        skin = body.meshes["Face"][0].positions
        eye = body.skeleton.at("leftEye")[1]
        chin = float(skin[:, 1].min())
        cheek = np.abs(skin[:, 1] - (eye - 70)) < 9
        return float(skin[cheek, 0].max()), eye - chin, eye

    found = {face: jaw(face) for face in FACES}
    assert found["round"][0] > found["soft"][0] > found["sharp"][0]
    assert found["round"][1] < found["soft"][1] < found["slender"][1]
    assert len({round(f[2], 3) for f in found.values()}) == 1


def test_a_look_is_read_from_one_line() -> None:
    look = read_look("vesper, hair = #112233, accessories=star pin+gloves, height=1.7")
    assert (look.hair, look.accessories, look.height) == ("#112233", ["star pin", "gloves"], 1.7)
    assert look.outfit == presets()["vesper"].outfit
    assert read_look("outfit=coat,palette=#112233+#445566+#778899").palette == ["#112233", "#445566", "#778899"]
    assert read_look("") == Look()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vespar", ["preset", "did you mean 'vesper'"]),
        ("lumi,hairstyle=bob", ["key", "did you mean 'hair style'"]),
        ("lumi,coat", ["KEY=VALUE"]),
        ("lumi,height=tall", ["height", "metres"]),
        ("lumi,height=9", ["height", "2.5"]),
        ("lumi,outfit=jaket", ["outfit", "'jacket'"]),
        ("face=oval", ["face", "known: soft, round, slender, sharp"]),
        ("eye_style=calmm", ["eye_style", "'calm'"]),
    ],
)
def test_a_look_that_cannot_be_read_says_what_would_do(text: str, words: list[str]) -> None:
    with pytest.raises(LookError) as error:
        read_look(text)
    for word in words:
        assert word in str(error.value)


def test_presets_are_known_looks_and_differ() -> None:
    looks = presets()
    assert {"lumi", "vesper", "bo"} <= set(looks)
    assert len({(x.hair_style, x.outfit, x.hair, x.base) for x in looks.values()}) == len(looks)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hair_style": "bobb"}, ["hair_style", "bobb", "did you mean 'bob'"]),
        ({"outfit": "jaket"}, ["outfit", "'jacket'"]),
        ({"accessories": ["star pn"]}, ["accessories", "'star pin'"]),
        ({"eyes": "yellow"}, ["eyes", "#rrggbb"]),
        ({"eyes": "#12345g"}, ["eyes", "#rrggbb"]),
        ({"palette": ["#23205a", "red"]}, ["palette[1]", "#rrggbb"]),
        ({"proportions": {"head": 3.0}}, ["proportions.head", "between"]),
        ({"proportions": {"haed": 1.0}}, ["proportions", "'head'"]),
    ],
)
def test_unknown_values_get_one_clear_error(change: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(LookError) as error:
        build(Look(**change), tmp_path / "no.vrm")
    for word in words:
        assert word in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_ensure_builds_once_and_finds_again(tmp_path: Path) -> None:
    first = ensure(LUMI, tmp_path)
    stamp = first.stat().st_mtime_ns
    assert ensure(LUMI, tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    assert ensure(Look(hair="#ff0000"), tmp_path) != first

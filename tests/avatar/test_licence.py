"""The model's facts and its licence in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner

from avatar.vrm import loads
from avatar.vrm.licence import facts, warnings
from stage.cli.body import look
from tests.avatar.make_vrm import document, glb, make


def with_meta(old: bool = False, **meta: Any) -> list[str]:
    root, binary = document(old)
    where = root["extensions"]["VRM" if old else "VRMC_vrm"]
    where["meta"] = {**where["meta"], **meta}
    return warnings(loads(glb(root, binary)))


def test_what_a_licence_forbids_is_said_plainly() -> None:
    strict = with_meta()
    assert "only its author may perform with it" in strict
    assert "commercial use: only without profit" in strict
    assert any("passed on" in w for w in strict)
    free = with_meta(avatarPermission="everyone", commercialUsage="corporation", allowRedistribution=True,
                     modification="allowModificationRedistribution", creditNotation="unnecessary",
                     allowExcessivelyViolentUsage=True, allowExcessivelySexualUsage=True)  # fmt: skip
    assert free == []
    old = with_meta(True, allowedUserName="OnlyAuthor", commercialUssageName="Disallow", licenseName="CC_BY_NC_ND")
    assert "only its author may perform with it" in old
    assert "commercial use: not for trade" in old
    assert any("may not be changed" in w for w in old)


def test_facts_count_what_is_there() -> None:
    found = facts(loads(make()))
    assert (found["triangles"], found["vertices"], found["springs"]) == (4, 8, 1)
    assert {"happy", "aa", "green"} <= set(found["expressions"])


def test_info_prints_facts_and_warnings_without_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "m.vrm"
    path.write_bytes(make())
    said = CliRunner().invoke(look, [str(path), "--info"])
    assert said.exit_code == 0
    assert "take care: only its author may perform with it" in said.output
    nothing = CliRunner().invoke(look, [str(path)])
    assert nothing.exit_code == 2

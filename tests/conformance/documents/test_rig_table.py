"""The table of rigs' names: both clients have the one that is written by hand, and it is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_avatar.acting.mouth.viseme_sets import ARKIT, VISEME_SETS
from voice_avatar.conformance.documents import generated_files, rig_table

ROOT = Path(__file__).parents[3]
TABLE = rig_table.worked_out(rig_table.names())


def test_the_page_and_the_unity_package_have_the_table_that_is_written() -> None:
    made = generated_files.run(rig_table.PROGRAM, ROOT, rig_table.made, ["--check"])
    assert made == 0, f"run `{rig_table.PROGRAM}` and commit what it wrote"


def test_an_outdated_file_is_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert rig_table.main(["--check"]) == 1
    assert rig_table.MODULE in capsys.readouterr().out
    assert rig_table.main([]) == 0
    assert rig_table.main(["--check"]) == 0


def test_every_shape_of_arkit_and_every_viseme_has_its_names() -> None:
    visemes = {f"viseme_{name}" for name in VISEME_SETS["ovr15"]}
    assert {*ARKIT} | visemes <= TABLE["shapes"].keys()
    for name in ARKIT:
        assert TABLE["shapes"][name].split()[0] == name.lower()


def test_sides_are_worked_out() -> None:
    shapes = TABLE["shapes"]
    assert "smileleft" in shapes["mouthSmileLeft"].split()
    assert "smileleft" not in shapes["mouthSmileRight"].split()
    assert "browinnerupleft+browinnerupright" in shapes["browInnerUp"].split()
    assert "blink" in shapes["eyeBlinkLeft"].split()
    assert not [name for name, spelt in shapes.items() if "*" in name + spelt]


def test_recipes_name_each_weight_and_are_of_visemes() -> None:
    recipes = [recipe for rig in TABLE["rigs"] for recipe in rig["visemes"].values()]
    recipes += TABLE["expressions"].values()
    for recipe in recipes:
        words = recipe.split()
        assert len(words) % 2 == 0, recipe
        assert all(0 < float(weight) <= 1 for weight in words[1::2]), recipe
    for rig in TABLE["rigs"]:
        assert {*rig["visemes"]} <= {*VISEME_SETS["ovr15"]}
        assert "aa" in rig["visemes"]

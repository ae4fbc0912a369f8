"""Files that are made from the code: written where they differ, or only told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_avatar.conformance.documents.generated_files import run


def make(_: Path) -> dict[str, str]:
    return {"a.json": "{}\n", "deep/b.md": "Ä\n"}


def test_what_is_missing_or_differs_is_written_and_the_rest_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text("{}\n", encoding="utf-8")
    assert run("it", tmp_path, make, []) == 0
    assert capsys.readouterr().out == "written: deep/b.md\n"
    assert (tmp_path / "deep" / "b.md").read_text(encoding="utf-8") == "Ä\n"
    assert run("it", tmp_path, make, []) == 0
    assert capsys.readouterr().out == ""


def test_a_check_writes_nothing_and_says_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("it", tmp_path, make, ["--check"]) == 1
    assert capsys.readouterr().out == "differs: a.json\ndiffers: deep/b.md\n"
    assert not list(tmp_path.iterdir())


def test_the_folder_of_the_command_line_counts(tmp_path: Path) -> None:
    assert run("it", tmp_path / "usual", make, ["--folder", str(tmp_path / "mine")]) == 0
    assert not (tmp_path / "usual").exists()
    assert run("it", tmp_path / "usual", make, ["--folder", str(tmp_path / "mine"), "--check"]) == 0

"""Results on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kit.bench_results import measured, number, waits

from voice_avatar.bench.figures.results import FORMAT
from voice_avatar.bench.report import files
from voice_avatar.bench.report.machine import results_of
from voice_avatar.errors import ConfigError


def test_a_run_survives_the_disk(tmp_path: Path) -> None:
    run = measured(waits(1, 2, 3), number(5), seed=7)
    path = tmp_path / "new" / "run.json"
    files.write(path, run)
    assert files.read(path) == run
    assert path.read_text("utf-8").endswith("}\n")


def test_a_run_is_filed_under_its_day_kind_and_subject_and_none_is_overwritten(
    tmp_path: Path,
) -> None:
    run = measured()
    names = []
    for _ in range(2):
        path = files.dated(tmp_path, run)
        files.write(path, run)
        names.append(path.name)
    assert names == ["2026-11-23-v2v-a-server.json", "2026-11-23-v2v-a-server-2.json"]


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "..", "", "C:\\x"])
def test_a_server_that_calls_itself_a_path_is_filed_in_the_folder_all_the_same(
    tmp_path: Path, name: str
) -> None:
    run = results_of("v2v", [], [], subject={"name": name}, settings={})
    assert files.dated(tmp_path, run).resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "holds no result"),
        ('{"kind": "v2v"}', "holds no result"),
    ],
)
def test_what_is_no_result_is_told(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        files.read(path)


def test_a_result_of_a_format_to_come_is_not_misread(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    newer = json.loads(files.to_json(measured())) | {"format": FORMAT + 1}
    path.write_text(json.dumps(newer))
    with pytest.raises(ConfigError, match="newer version"):
        files.read(path)

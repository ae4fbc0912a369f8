"""`bench`: its list, its options, and where results go."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from kit.bench_results import measured, number, waits

from voice_avatar.bench import command
from voice_avatar.bench.figures.results import Run
from voice_avatar.bench.report import files
from voice_avatar.cli.main import main

Capture = pytest.CaptureFixture[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=1)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Puts a bench that takes no time in the place of `stt`; returns the limits it was run with."""
    runs: list[int] = []

    def run(args: argparse.Namespace) -> Run:
        runs.append(args.limit)
        return measured(waits(*range(100, 120)), number(5), kind="stt")

    fake = SimpleNamespace(__doc__="A bench.", add_arguments=add_arguments, run=run)
    monkeypatch.setattr(command, "import_module", lambda _: fake)
    monkeypatch.chdir(tmp_path)
    return runs


@pytest.mark.parametrize("name", command.BENCHES)
def test_every_bench_that_is_listed_explains_itself_and_can_be_kept(
    name: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["bench", name, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert f"usage: voice-avatar bench {name}" in told
    assert {"--out", "--save", "--html", "--json"} <= set(re.findall(r"--\w+", told))


def test_the_list_of_benches_loads_nothing_heavy() -> None:
    code = (
        "import sys, voice_avatar.cli.main as cli\n"
        "assert cli.main(['bench', '--help']) == 0\n"
        "heavy = {'numpy', 'msgspec', 'rich', 'asyncio', 'jiwer', 'pocketsphinx'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in (*command.BENCHES, "compare", "page"):
        assert f"\n  {name} " in done.stdout


def test_a_bench_prints_a_table_or_json(bench: list[int], capsys: Capture) -> None:
    assert main(["bench", "stt", "--limit", "3"]) == 0
    assert "wait" in capsys.readouterr().out
    assert main(["bench", "stt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "stt"
    assert bench == [3, 1]


def test_a_result_is_written_where_it_is_wanted_and_drawn(
    bench: list[int], tmp_path: Path, capsys: Capture
) -> None:
    assert main(["bench", "stt", "--out", "a/run.json", "--html", "a/run.html"]) == 0
    assert files.read(tmp_path / "a" / "run.json").kind == "stt"
    assert "<!doctype html>" in (tmp_path / "a" / "run.html").read_text("utf-8")
    assert main(["bench", "stt", "--save"]) == 0
    assert [path.name for path in (tmp_path / "bench_results").iterdir()] == [
        "2026-11-23-stt-a-server.json"
    ]
    assert "written: run.html" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_is_told_before_it_is_measured(
    bench: list[int], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["bench", "stt", "--out", "file/run.json"]) == 1
    assert main(["bench", "stt", "--html", "."]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert bench == []


def test_results_are_compared_and_drawn_from_their_files(tmp_path: Path, capsys: Capture) -> None:
    before, after, other = (str(tmp_path / f"{name}.json") for name in "abc")
    files.write(Path(before), measured(number(10)))
    files.write(Path(after), measured(number(5)))
    files.write(Path(other), measured(number(5), kind="stt"))
    assert main(["bench", "compare", before, after]) == 0
    assert "better?" in capsys.readouterr().out
    assert main(["bench", "compare", before, other]) == 1
    assert "cannot be compared" in capsys.readouterr().err
    assert main(["bench", "page", before, other]) == 0
    html = (tmp_path / "a.html").read_text("utf-8")
    assert "Voice to voice" in html
    assert "Speech recognition" in html
    assert main(["bench", "page", str(tmp_path / "none.json")]) == 1

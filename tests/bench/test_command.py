"""What is made of a measurement: numbers, files, comparison, table, command line."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from voice_avatar.bench import command
from voice_avatar.bench.figures.compare import LEAST_COUNT, differences, pairs
from voice_avatar.bench.figures.results import FORMAT, Figure, Run, Unit
from voice_avatar.bench.figures.statistics import summary
from voice_avatar.bench.report import files, machine, tables
from voice_avatar.bench.report.machine import results_of
from voice_avatar.cli.main import main
from voice_avatar.errors import ConfigError

Capture = pytest.CaptureFixture[str]


def waits(*values: float, better: Any = "lower") -> Figure:
    return Figure(name="wait", title="wait", unit="ms", better=better, summary=summary(values))


def number(value: float, *, name: str = "share", unit: Unit = "%", better: Any = "lower") -> Figure:
    return Figure(name=name, title=name, unit=unit, better=better, value=value)


def measured(*figures: Figure, kind: str = "v2v", **settings: Any) -> Run:
    return results_of(
        kind,
        figures,
        [{"clip": "one", "v2v_s": 0.5}],
        subject={"name": "a server"},
        settings=settings,
        started="2026-11-23T10:00:00+00:00",
    )


def shown(print_it: Any, *arguments: Any) -> str:
    out = StringIO()
    print_it(*arguments, Console(file=out, width=200))
    return out.getvalue()


# -- numbers


def test_a_summary_has_the_percentiles_of_its_values() -> None:
    found = summary([float(value) for value in range(101)])
    assert (found.count, found.mean, found.least, found.most) == (101, 50, 0, 100)
    assert (found.p50, found.p90, found.p95, found.p99) == (50, 90, 95, 99)


def test_an_interval_is_the_same_whenever_it_is_asked_for() -> None:
    values = list(np.random.default_rng(1).normal(500, 50, 40))
    assert summary(values) == summary(values)
    assert summary(values).p50_ci != summary(values, seed=1).p50_ci


def test_the_interval_of_a_median_holds_it_in_about_95_of_100_samples() -> None:
    chance = np.random.default_rng(7)
    held = 0
    for _ in range(100):
        low, high = summary(list(chance.exponential(1.0, 40))).p50_ci
        held += low <= np.log(2) <= high
    # 95 expected; 3.5 standard deviations of a binomial are 8.
    assert 87 <= held <= 100


def test_one_value_is_its_own_summary() -> None:
    found = summary([3.0])
    assert (found.p50, found.p99, found.p50_ci, found.p95_ci) == (3, 3, (3, 3), (3, 3))


def test_nothing_cannot_be_summarised() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summary([])


# -- machine


def test_a_machine_is_described_without_its_name_or_paths() -> None:
    told = machine.describe()
    assert told["cpu"]
    assert told["cores"] >= 1
    assert told["memory_mb"] > 100
    assert re.fullmatch(r"\d+\.\d+.*", told["packages"]["numpy"])
    assert str(Path.home()) not in json.dumps(told)


def test_the_revision_is_that_of_the_checkout() -> None:
    assert re.fullmatch(r"([0-9a-f]{12}\+?)?", machine.revision())


def test_without_git_the_revision_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert machine.revision() == ""


# -- files


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


# -- comparison


def verdict(before: Figure, after: Figure) -> str:
    (pair,) = pairs(measured(before), measured(after))
    return pair.verdict


def test_medians_whose_intervals_are_apart_differ() -> None:
    slow, fast = waits(*range(500, 520)), waits(*range(300, 320))
    assert verdict(slow, fast) == "better"
    assert verdict(fast, slow) == "worse"
    (pair,) = pairs(measured(slow), measured(fast))
    assert (pair.before, pair.after, pair.ratio) == (509.5, 309.5, pytest.approx(0.607, abs=0.001))


def test_medians_whose_intervals_overlap_are_taken_to_be_the_same() -> None:
    assert verdict(waits(*range(500, 520)), waits(*range(495, 515))) == "same"


def test_where_more_is_better_more_is_better() -> None:
    few, many = (waits(*range(n, n + 10), better="higher") for n in (10, 50))
    assert verdict(few, many) == "better"


def test_a_difference_without_a_sound_interval_is_put_as_a_question() -> None:
    assert verdict(number(10), number(5)) == "better?"
    assert verdict(number(5), number(10)) == "worse?"
    assert verdict(number(5), number(5)) == "same"
    few = LEAST_COUNT - 1
    assert verdict(waits(*[500.0] * few), waits(*[300.0] * few)) == "better?"


def test_a_figure_without_a_better_direction_has_no_verdict() -> None:
    assert verdict(number(1, better=None), number(2, better=None)) == ""


def test_only_figures_that_both_runs_have_in_the_same_unit_are_compared() -> None:
    before = measured(number(1, name="a"), number(1, name="b", unit="s"), number(1, name="c"))
    after = measured(number(2, name="c"), number(2, name="b", unit="ms"), number(2, name="d"))
    assert [pair.figure.name for pair in pairs(before, after)] == ["c"]


def test_a_ratio_to_nothing_is_none() -> None:
    (pair,) = pairs(measured(number(0)), measured(number(2)))
    assert pair.ratio is None


def test_what_else_differs_between_two_runs_is_told() -> None:
    before = measured(options={"seed": 7, "loss": 0.0}, points=[1])
    after = measured(options={"seed": 8, "loss": 0.0, "new": 1}, points=[2])
    assert differences(before, after) == [
        "settings.options.seed: 7 -> 8",
        "settings.options.new: – -> 1",
    ]


# -- tables


def test_a_table_has_every_figure_and_its_note() -> None:
    figure = Figure(name="x", title="turns [red]cut[/red]", unit="%", value=6.25, note="[1] of 16")
    out = shown(tables.show, measured(waits(*range(100, 120)), figure))
    assert "109" in out or "110" in out
    assert "6.25" in out
    assert "[1] of 16" in out


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(120, set()), (84, {"p99"}), (78, {"p99", "p90"}), (60, {"p99", "p90", "n", "interval"})],
)
def test_a_narrow_terminal_gets_fewer_columns_and_whole_numbers(
    width: int, left_out: set[str]
) -> None:
    figure = Figure(
        name="x",
        title="a title that is so long that it has to fold where there is no room",
        unit="ms",
        summary=summary(list(range(11_000, 12_000))),
    )
    out = StringIO()
    tables.show(measured(figure), Console(file=out, width=width))
    shown = out.getvalue()
    header = next(line.split() for line in shown.splitlines() if "p50" in line)
    columns = {"n", "p50", "interval", "p90", "p95", "p99", "unit"}
    assert columns & set(header) == columns - left_out
    assert {"11500", "11949"} <= set(shown.split())
    assert ("11899" in shown.split()) == ("p90" not in left_out)


def test_a_comparison_says_what_may_be_chance_and_what_else_differs() -> None:
    before, after = measured(number(10), seed=7), measured(number(5), seed="[b]8")
    out = shown(tables.show_pairs, before, after, pairs(before, after))
    assert "better?" in out
    assert "it can be chance" in out
    assert "settings.seed: 7 -> [b]8" in out


# -- the command line


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

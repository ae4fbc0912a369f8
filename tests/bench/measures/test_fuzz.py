"""`bench fuzz`: fuzzers at a real server, and what is told of it."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pytest
from kit.edge import engines, running

from voice_avatar.bench.callers.fuzz_crowd import Spec, Tried, fuzz
from voice_avatar.bench.callers.fuzz_line import is_documented
from voice_avatar.bench.callers.neighbour import Lateness
from voice_avatar.bench.callers.victim import settings
from voice_avatar.bench.figures.endurance import Look
from voice_avatar.bench.measures.fuzz import figures, has_faults
from voice_avatar.bench.report import files
from voice_avatar.bench.report.machine import results_of
from voice_avatar.cli.main import main
from voice_avatar.errors import ConfigError
from voice_avatar.wire.codes import CLOSE_CODES

SMALL = {"closes.undocumented", "log.troubles", "leftover"}


def told(tried: Tried, *looks: Look | None, log: tuple[str, ...] = ()) -> dict[str, float | None]:
    found = figures(tried, Lateness(pings=[0.001]), list(looks), list(log))
    run = results_of("fuzz", found, [], subject={}, settings={})
    values = {figure.name: figure.value for figure in found}
    assert has_faults(run) == any(values[name] for name in SMALL)
    return values


def test_undocumented_ends_errors_and_leftovers_are_faults() -> None:
    quiet = Look(0.0, sessions=0)
    fine = Tried(messages=10, ends=Counter({("avatar", "1002"): 3, ("http", "http 404"): 1}))
    assert not any(told(fine, quiet, quiet)[name] for name in SMALL)
    wrong = Tried(ends=Counter({("avatar", "1006"): 2, ("frames", "no close frame"): 1}))
    assert told(wrong, quiet, quiet)["closes.undocumented"] == 3
    assert told(fine, quiet, quiet, log=("error",))["log.troubles"] == 1
    assert told(fine, quiet, Look(1.0, sessions=2))["leftover"] == 2
    assert told(fine, quiet, None)["leftover"] == 1


def test_the_server_of_a_fuzzer_is_scripted_unless_a_preset_is_named() -> None:
    args = argparse.Namespace(serve=None, set=["server.max_sessions=4"])
    found = settings(args)
    assert found["llm.engine"] == "scripted"
    assert found["server.max_sessions"] == "4"
    assert "llm.engine" not in settings(argparse.Namespace(serve="embedded", set=[]))
    with pytest.raises(ConfigError, match="STAGE"):
        settings(argparse.Namespace(serve=None, set=["nonsense"]))


@pytest.mark.realtime
async def test_a_server_stands_two_seconds_of_it_and_nothing_is_left() -> None:
    async with running(engines("Hello."), max_sessions=64) as run:
        tried = await fuzz(Spec(run.url, seed=11, connections=4, seconds=2.0))
        await run.settled()
    assert tried.messages > 200
    assert tried.connections >= 4
    wrong = {end: n for (_, end), n in tried.ends.items() if not is_documented(end, CLOSE_CODES)}
    assert not wrong, tried.lives


@pytest.mark.realtime
def test_the_command_fuzzes_a_server_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "fuzz.json"
    status = main(["bench", "fuzz", "--minutes", "0.06", "--connections", "4", "--out", str(out)])
    values = {figure.name: figure for figure in files.read(out).figures}
    assert (values["messages"].value or 0) > 200
    assert values["closes.undocumented"].value == 0, values["closes.undocumented"].note
    assert values["leftover"].value == 0, values["leftover"].note
    assert values["neighbour.ping"].summary is not None
    assert values["neighbour.cuts"].value == 0
    assert values["log.troubles"].value == 0, values["log.troubles"].note
    assert status == 0

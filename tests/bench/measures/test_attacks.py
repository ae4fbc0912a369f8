"""`bench attacks`: attackers at a real server, and what is told of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from voice_avatar.bench.attacks.attack import Seen
from voice_avatar.bench.attacks.trial import ATTACKS, Trial
from voice_avatar.bench.callers.neighbour import Lateness
from voice_avatar.bench.measures.attacks import attacks_of, figures
from voice_avatar.bench.report import files
from voice_avatar.cli.main import main
from voice_avatar.errors import ConfigError


def test_attacks_are_chosen_by_row_and_by_name() -> None:
    assert [each.name for each in attacks_of("5,7")] == ["alone", "fill", "guesses"]
    assert [each.name for each in attacks_of("1", "gaps")] == ["alone", "gaps"]
    floods = [each.name for each in attacks_of("4")]
    assert floods[:2] == ["alone", "honest"]
    assert "turns.long" in floods
    for rows, only in (("8", None), ("", None), ("x", None), ("3", "nonsense")):
        with pytest.raises(ConfigError):
            attacks_of(rows, only)


def test_costs_are_told_against_the_look_without_an_attack_and_an_honest_talker() -> None:
    beside = Lateness(pings=[0.001, 0.003])
    trials = [
        Trial("alone", beside=beside, cpu_share=0.01),
        Trial("honest", beside=beside, cpu_share=0.03),
        Trial("gaps", beside=beside, cpu_share=0.05, growth_mb=3.0),
        Trial("guesses", seen=Seen(Counter({"http 401": 40, "http 429": 9})), counted=49.0),
        Trial("fill", is_dead=True),
    ]
    values = {figure.name: figure.value for figure in figures(trials)}
    assert values["gaps.against_honest"] == pytest.approx(2.0)
    assert values["gaps.cpu"] == pytest.approx(4.0)
    assert values["gaps.rss"] == 3.0
    assert (values["guesses.looked_at"], values["guesses.counted"]) == (40, 49)
    assert values["fill.dead"] == 1
    assert "honest.against_honest" not in values
    assert set(ATTACKS) > {"alone", "schemas", "pings", "crowd"}


@pytest.mark.realtime
def test_the_command_attacks_a_server_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "attacks.json"
    assert main(["bench", "attacks", "--only", "guesses", "--seconds", "1", "--out", str(out)]) == 0
    values = {figure.name: figure for figure in files.read(out).figures}
    assert (values["guesses.looked_at"].value or 0) <= 40
    assert values["guesses.counted"].value
    assert values["alone.ping"].summary is not None
    assert values["log.troubles"].value == 0, values["log.troubles"].note

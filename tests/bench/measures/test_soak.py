"""`bench soak`: random lives at a real server, and what is told of them."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from kit.edge import engines, running

from voice_avatar.bench.callers.load_client import tone_utterances
from voice_avatar.bench.callers.neighbour import Lateness
from voice_avatar.bench.callers.soak_lives import LIVES, Scene, Spec, live
from voice_avatar.bench.callers.soak_user import Lived, SoakUser
from voice_avatar.bench.figures.endurance import Look
from voice_avatar.bench.measures.soak import figures, has_faults
from voice_avatar.bench.report import files
from voice_avatar.bench.report.machine import results_of
from voice_avatar.cli.main import main
from voice_avatar.wire.fields import PATH


def is_faulty(lived: Lived, after: Look | None, *log: str) -> bool:
    look = Look(0.0, sessions=0)
    found = figures(lived, Lateness(), [look, look], look, after, list(log))
    return has_faults(results_of("soak", found, [], subject={}, settings={}))


def test_broken_promises_undocumented_ends_errors_and_leftovers_are_faults() -> None:
    gone = Look(9.0, sessions=0)
    assert not is_faulty(Lived(ends=Counter({"4408": 2, "no goodbye": 1})), gone)
    assert is_faulty(Lived(broken=1), gone)
    assert is_faulty(Lived(ends=Counter({"1006": 1})), gone)
    assert is_faulty(Lived(), gone, "error session failed")
    assert is_faulty(Lived(), Look(9.0, sessions=1))
    assert is_faulty(Lived(), None)


@pytest.mark.realtime
@pytest.mark.parametrize("name", [name for name in LIVES if name != "slow"])
async def test_every_life_is_lived_and_leaves_nothing(name: str) -> None:
    async with running(engines("Hello there."), max_sessions=64, resume_ttl_s=4.0) as run:
        lived = Lived()
        spec = Spec(run.url + PATH, "", 1, 1, 1.0, tone_utterances(1))
        scene = Scene(SoakUser(spec.url, "", lived), Random(3), spec, lived)
        await live(name, scene, time.monotonic() + 60.0)
        await run.settled()
    assert lived.lives[name] == 1
    assert (lived.broken, lived.words) == (0, [])
    assert (lived.failures, lived.unanswered) == (0, 0)
    assert lived.replies >= 1
    assert lived.resumes == lived.resumed
    assert bool(lived.resumes) == (name == "resume")


@pytest.mark.realtime
def test_the_command_soaks_a_server_of_its_own_for_twenty_seconds(tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    status = main(["bench", "soak", "--minutes", "0.2", "--sessions", "4", "--out", str(out)])
    values = {figure.name: figure for figure in files.read(out).figures}
    assert (values["replies"].value or 0) > 4
    for name in ("broken", "closes.undocumented", "log.troubles", "leftover"):
        assert values[name].value == 0, values[name].note
    assert "rss.most" in values
    assert status == 0

"""Tools that are offered to do harm."""

from __future__ import annotations

import json

import pytest
from kit.edge import engines, running

from voice_avatar.bench.attacks.attack import Seen
from voice_avatar.bench.attacks.schemas import SCHEMAS, guard_all
from voice_avatar.bench.attacks.sockets import Target
from voice_avatar.tools.schema_guard import guarded


def test_what_is_guarded_is_small_whatever_it_was() -> None:
    count, slowest_s = guard_all(200)
    assert count == 200
    assert slowest_s >= 0.0
    assert len(json.dumps(guarded({"type": "string", "pattern": "x" * 9000}))) < 100


@pytest.mark.realtime
async def test_each_is_offered_in_a_session_of_its_own_and_answered() -> None:
    seen = Seen()
    async with running(engines("Hello."), max_sessions=8) as run:
        while seen.counts["answered"] < 3:
            await SCHEMAS[0].run(Target("127.0.0.1", run.server.port), 1.0, seen)
    assert seen.counts["not answered in time"] == 0

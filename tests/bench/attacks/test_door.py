"""Attacks of those without a token, on a server that stands them."""

from __future__ import annotations

import pytest
from kit.edge import engines, running

from voice_avatar.bench.attacks.attack import Seen
from voice_avatar.bench.attacks.door import DOOR
from voice_avatar.bench.attacks.sockets import Target

pytestmark = pytest.mark.realtime

TOKEN = "Attack-0123456789-abcdefg"


async def test_guesses_are_looked_at_a_few_dozen_times_and_then_no_more() -> None:
    guesses = next(each for each in DOOR if each.name == "guesses")
    seen = Seen()
    async with running(engines("Hello."), tokens=(TOKEN,)) as run:
        while not seen.ends["http 429"]:
            await guesses.run(Target("127.0.0.1", run.server.port, TOKEN), 0.5, seen)
    assert seen.ends["http 401"] <= 40
    assert seen.counts["guesses"] > seen.ends["http 401"]
    assert seen.ends["open"] == 0

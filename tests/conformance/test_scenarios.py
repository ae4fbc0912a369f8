"""The scenarios: our client passes, and one that breaks a rule does not."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voice_avatar.client import connection
from voice_avatar.conformance.scenarios import SCENARIOS
from voice_avatar.conformance.scripted_server import serve_scenarios

pytestmark = pytest.mark.virtual_time


@pytest.mark.realtime
@pytest.mark.parametrize(
    "name",
    [
        *("reply", "interruption", "late_frames", "pause_resume", "pause_interruption", "slow"),
        *("gap_and_repeat", "bad_frames", "goaway"),
    ],
)
async def test_the_python_client_passes_the_scenario(name: str) -> None:
    async with (
        serve_scenarios("127.0.0.1", 0) as url,
        connection.connect(f"{url}?scenario={name}") as avatar,
    ):
        async with asyncio.timeout(30):
            async for _ in avatar:
                pass
        assert (avatar._socket.close_reason) == "passed"
        assert SCENARIOS[name].steps


@pytest.mark.realtime
async def test_a_client_that_does_not_stop_fails_the_scenario() -> None:
    hello = {"type": "session.hello", "client": {"name": "interruption"}}
    report = {"type": "playback.report", "reply_id": 1, "state": "playing", "played_samples": 480}
    async with serve_scenarios("127.0.0.1", 0) as url, connect(url) as socket:
        await socket.send(json.dumps(hello))
        await socket.send(json.dumps(report))
        with suppress(ConnectionClosed):
            async with asyncio.timeout(30):
                async for _ in socket:
                    pass
        assert socket.close_code == 1008
        assert socket.close_reason == "no playback.report stopped came within 5 s"

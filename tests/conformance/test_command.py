"""The command that checks a server."""

from __future__ import annotations

import asyncio
import json

import pytest

from voice_avatar.cli.main import main

pytestmark = pytest.mark.virtual_time


@pytest.mark.realtime
async def test_a_server_that_is_not_there_fails_every_rule_and_the_command_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["conformance", "--url", "ws://127.0.0.1:9", "--only", "hello.*", "--json"]
    code = await asyncio.to_thread(main, [*arguments, "--timeout", "1"])
    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["pass"] == 0
    assert told["fail"] >= 10

"""The socket of an attacker, against a server that ends it in every way."""

from __future__ import annotations

import asyncio

import pytest
from kit.edge import engines, running

from voice_avatar.bench.attacks.sockets import AttackSocket, Target, request
from voice_avatar.bench.material.raw_frames import BINARY, frame

pytestmark = pytest.mark.realtime


def test_a_request_shows_the_targets_token_or_another_or_none() -> None:
    target = Target("127.0.0.1", 1, "right")
    assert b"Authorization: Bearer right\r\n" in request(target)
    assert b"Authorization: Bearer wrong\r\n" in request(target, token="wrong")
    assert b"Authorization" not in request(target, token="")


async def test_it_tells_how_the_server_ended_it() -> None:
    token = "Attack-0123456789-abcdefg"
    async with running(engines("Hello."), tokens=(token,)) as run:
        target = Target("127.0.0.1", run.server.port, token)
        line = await AttackSocket.upgraded(target)
        assert (line.status, line.end) == (101, "open")
        assert await line.send(frame(BINARY, b"no hello"))
        async with asyncio.timeout(30):
            await line.ended.wait()
        assert line.end == "1003"
        assert line.ended_s is not None
        assert not await line.send(b"more")
        with pytest.raises(OSError, match="http 401"):
            await AttackSocket.upgraded(target, token="wrong")
        line.cut()

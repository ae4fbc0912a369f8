"""The server that plays the scenarios."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from voice_avatar.client import connection
from voice_avatar.conformance.scripted_server import serve_scenarios
from voice_avatar.errors import VoiceAvatarError

pytestmark = pytest.mark.virtual_time


@pytest.mark.realtime
async def test_a_cut_session_is_resumed_with_what_was_missed() -> None:
    hello = {"type": "session.hello", "client": {"name": "cut_resume"}}

    def report(state: str, played: int) -> str:
        return json.dumps(
            {"type": "playback.report", "reply_id": 1, "state": state, "played_samples": played}
        )

    texts: list[dict[str, object]] = []
    ends: list[int] = []
    async with serve_scenarios("127.0.0.1", 0) as url:
        async with connect(url) as socket:
            await socket.send(json.dumps(hello))
            await socket.send(report("started", 4800))
            with suppress(ConnectionClosed):
                texts.append(json.loads(await socket.recv()))
                async for _ in socket:
                    pass
            assert socket.close_code == 1006
        offer = texts[0]["resume"]
        assert isinstance(offer, dict)
        resume = {"session_id": "s1", "token": offer["token"], "last_seq": 2}
        async with connect(url) as socket:
            await socket.send(json.dumps(hello | {"resume": resume}))
            again = [json.loads(await socket.recv())]
            async with asyncio.timeout(30):
                async for data in socket:
                    if isinstance(data, bytes):
                        ends.append(int.from_bytes(data[8:16], "little") + (len(data) - 16) // 2)
                        await socket.send(report("playing", ends[-1]))
                    else:
                        again.append(json.loads(data))
                        if again[-1]["type"] == "reply.audio_done":
                            await socket.send(report("finished", ends[-1]))
            assert socket.close_reason == "passed"
    assert again[0]["type"] == "session.resumed"
    assert again[0]["seq"] == 2
    assert [one["seq"] for one in again[1:]] == list(range(3, 3 + len(again) - 1))
    assert ends[0] == 4800 + 480
    assert ends == list(range(5280, 50 * 480 + 1, 480))


@pytest.mark.realtime
@pytest.mark.parametrize("code", [1011, 4001, 4408, 4503])
async def test_a_close_scenario_closes_with_its_code(code: int) -> None:
    async with serve_scenarios("127.0.0.1", 0) as url:
        if code == 4001:
            with pytest.raises(VoiceAvatarError) as refused:
                async with connection.connect(f"{url}?scenario=unauthorized"):
                    pass
            assert refused.value.code == "unauthorized"
        async with connect(f"{url}?scenario=close_{code}") as socket:
            await socket.send('{"type":"session.hello"}')
            with suppress(ConnectionClosed):
                async for _ in socket:
                    pass
            assert socket.close_code == code

"""What each path answers, and which pages may open a session."""

from __future__ import annotations

import json

import pytest
from edge import engines, get, raw, running
from websockets.exceptions import InvalidStatus

from voice_avatar.client import connect

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]


async def test_the_first_page_says_what_to_do_next() -> None:
    async with running() as run:
        status, kind, body = await get(f"{run.http}/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert "voice-avatar chat" in body
        assert "/v1/avatar" in body
        assert (await get(f"{run.http}/nothing"))[0] == 404
        assert (await get(f"{run.http}/v1/avatar"))[0] == 426
        assert (await get(f"{run.http}//[nonsense?x#y"))[0] == 404


async def test_clips_are_served_with_their_index_to_any_page() -> None:
    async with running(engines()) as run:
        status, kind, body = await get(
            f"{run.http}/v1/gestures", Origin="https://elsewhere.example"
        )
        assert (status, kind) == (200, "application/json")
        clips = {clip["lexeme"]: clip for clip in json.loads(body)["clips"]}
        assert clips["wave"]["sync"]["stroke_start_ms"] == 320.0
        assert (await get(f"{run.http}/v1/{clips['wave']['url']}"))[:2] == (
            200,
            "model/gltf-binary",
        )
        for path in ("no_such.vrma", "", "../gestures", "wave"):
            assert (await get(f"{run.http}/v1/gestures/{path}"))[0] == 404


async def test_metrics_follow_a_conversation() -> None:
    async with running(engines("Fine.")) as run:
        async with connect(run.url) as avatar:
            await avatar.ask("How are you?")
            _, kind, body = await get(f"{run.http}/metrics")
            assert kind.startswith("text/plain")
            assert "voice_avatar_sessions 1.0" in body
            assert 'voice_avatar_replies_total{status="completed"} 1.0' in body
            assert 'voice_avatar_turns_total{reason="text"} 1.0' in body
        await run.settled()
        _, _, body = await get(f"{run.http}/metrics")
        assert "voice_avatar_sessions 0.0" in body
        assert 'voice_avatar_closes_total{code="1000"} 1.0' in body


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("http://127.0.0.1:8000", True),
        ("https://good.example", True),
        ("https://evil.example", False),
        ("https://good.example.evil.example", False),
        ("http://good.example", False),
        ("null", False),
        ("http://[bad", False),
    ],
)
async def test_pages_may_connect_from_listed_origins_only(
    origin: str | None, is_allowed: bool
) -> None:
    async with running(origins=("https://good.example",)) as run:
        if is_allowed:
            async with raw(run.url, origin=origin) as client:
                await client.hello()
        else:
            with pytest.raises(InvalidStatus) as refused:
                async with raw(run.url, origin=origin):
                    pass
            assert refused.value.response.status_code == 403


async def test_a_page_of_the_servers_own_host_may_connect() -> None:
    async with running(host="0.0.0.0") as run:
        port = run.server.port
        own = f"ws://avatar.example:{port}"
        origin = f"https://avatar.example:{port}"
        async with raw(own, host="127.0.0.1", port=port, origin=origin) as client:
            await client.hello()


async def test_a_page_whose_name_was_bent_to_this_machine_may_not_connect() -> None:
    async with running(host="127.0.0.1") as run:
        port = run.server.port
        bent = f"ws://evil.example:{port}"
        with pytest.raises(InvalidStatus) as refused:
            async with raw(bent, host="127.0.0.1", port=port, origin=f"http://evil.example:{port}"):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization"])
async def test_a_request_that_says_a_thing_twice_is_refused(name: str) -> None:
    async with running() as run:
        headers = [(name, "http://localhost")] * (1 if name == "Host" else 2)
        with pytest.raises(InvalidStatus) as refused:
            async with raw(run.url, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 400


async def test_a_client_that_speaks_another_protocol_is_refused() -> None:
    async with running() as run:
        with pytest.raises(InvalidStatus) as refused:
            async with raw(run.url, subprotocols=["voice-avatar.v9"]):
                pass
        assert refused.value.response.status_code == 400
        async with raw(run.url, subprotocols=["voice-avatar.v9", "voice-avatar.v1"]) as client:
            assert client.socket.subprotocol == "voice-avatar.v1"
        async with raw(run.url) as client:
            await client.send({"type": "session.hello", "protocol": {"min": 7, "max": 9}})
            assert await client.closed() == (4004, "version_unsupported")

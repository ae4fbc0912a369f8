"""Who may come to `/v1/realtime`, what a request says, and the list of models."""

from __future__ import annotations

import json

import httpx
import pytest
from edge import engines, running
from realtime_line import realtime
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

pytestmark = [pytest.mark.realtime, pytest.mark.virtual_time]


@pytest.mark.parametrize(
    ("query", "headers", "subprotocols"),
    [
        ("", {"Authorization": "Bearer sesame"}, []),
        ("", {"api-key": "sesame"}, []),
        ("?token=sesame", {}, []),
        ("", {}, ["realtime", "openai-insecure-api-key.sesame", "openai-beta.realtime-v1"]),
    ],
)
async def test_a_key_opens_wherever_clients_put_it(
    query: str, headers: dict[str, str], subprotocols: list[str]
) -> None:
    offered = [Subprotocol(name) for name in subprotocols] or None
    async with (
        running(engines("Hi."), tokens=("sesame",)) as server,
        realtime(server.url, query, headers, subprotocols=offered) as line,
    ):
        assert line.socket.subprotocol == ("realtime" if subprotocols else None)
        is_beta = bool(subprotocols)
        assert ("input_audio_format" in line.seen[0]["session"]) == is_beta


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"api-key": ""}])
async def test_without_the_key_there_is_no_session_and_no_list(headers: dict[str, str]) -> None:
    async with running(engines("Hi."), tokens=("sesame",)) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}/v1/realtime", additional_headers=headers):
                pass
        assert refused.value.response.status_code == 401
        error = json.loads(refused.value.response.body or b"")["error"]
        assert error["code"] == "invalid_api_key"
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{server.http}/v1/models", headers=headers)
        assert answer.status_code == 401


async def test_pages_of_other_origins_stay_out() -> None:
    headers = {"Origin": "https://example.org"}
    async with running(engines("Hi.")) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}/v1/realtime", additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403


async def test_the_models_are_listed() -> None:
    async with running(engines("Hi.")) as server, httpx.AsyncClient() as client:
        listed = (await client.get(f"{server.http}/v1/models")).json()
        assert listed["object"] == "list"
        names = [model["id"] for model in listed["data"]]
        assert names == ["script", "tones"]
        one = (await client.get(f"{server.http}/v1/models/tones")).json()
        assert one == listed["data"][1]
        missing = await client.get(f"{server.http}/v1/models/gpt-9")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")

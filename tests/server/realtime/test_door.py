"""Who may come to `/v1/realtime`, what a request says, and the list of models."""

from __future__ import annotations

import json

import httpx
import pytest
from kit.edge import engines, running
from kit.realtime_line import realtime
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request
from websockets.typing import Subprotocol

from voice_avatar.config.load import Config
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.server.realtime import door
from voice_avatar.wire import session_messages


@pytest.mark.parametrize(
    ("query", "headers", "subprotocols"),
    [
        ("", {"Authorization": "Bearer Sesame-0123456789-opens"}, []),
        ("", {"api-key": "Sesame-0123456789-opens"}, []),
        ("?token=Sesame-0123456789-opens", {}, []),
        (
            "",
            {},
            [
                "realtime",
                "openai-insecure-api-key.Sesame-0123456789-opens",
                "openai-beta.realtime-v1",
            ],
        ),
    ],
)
async def test_a_key_opens_wherever_clients_put_it(
    query: str, headers: dict[str, str], subprotocols: list[str]
) -> None:
    offered = [Subprotocol(name) for name in subprotocols] or None
    async with (
        running(engines("Hi."), tokens=("Sesame-0123456789-opens",)) as server,
        realtime(server.url, query, headers, subprotocols=offered) as line,
    ):
        assert line.socket.subprotocol == ("realtime" if subprotocols else None)
        is_beta = bool(subprotocols)
        assert ("input_audio_format" in line.seen[0]["session"]) == is_beta


def request(path: str = "/v1/realtime", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(path, Headers(named))


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (request(), None),
        (request(Authorization="Bearer a", api_key="b"), "a"),
        (request("/v1/realtime?token=c", api_key="b"), "c"),
        (request(api_key=" b "), "b"),
        (request(Sec_WebSocket_Protocol="realtime, openai-insecure-api-key.d"), "d"),
    ],
)
def test_the_key_is_found_where_it_was_put(asked: Request, key: str | None) -> None:
    assert door.key_of(asked) == key


def test_a_request_says_model_extension_and_version() -> None:
    plain = door.handshake_of(request())
    assert plain == door.Handshake()
    full = door.handshake_of(request("/v1/realtime?model=m&avatar=visemes&viseme_set=vrm5"))
    assert (full.model, full.viseme_set, full.is_beta) == ("m", "vrm5", False)
    assert full.avatar
    assert door.handshake_of(request("/v1/realtime?viseme_set=none")).viseme_set == ""
    assert door.handshake_of(request(OpenAI_Beta="realtime=v1")).is_beta
    offered = "realtime, openai-beta.realtime-v1"
    assert door.handshake_of(request(Sec_WebSocket_Protocol=offered)).is_beta


def test_a_model_that_is_named_at_length_is_cut() -> None:
    assert len(door.handshake_of(request(f"/v1/realtime?model={'m' * 999}")).model) == 256


def test_what_a_session_may_have_follows_the_models_and_the_options() -> None:
    config = Config(session=SessionOptions(max_reply_tokens=40, temperature=0.3))
    models = session_messages.Models(stt="ears", llm="mind", tts="voice", vad="", turn="")
    offer = door.offer_of(models, ("en", "zh"), config, "You are Bo.")
    assert (offer.model, offer.voice, offer.transcriber) == ("mind", "voice", "ears")
    assert (offer.max_tokens, offer.temperature) == (40, 0.3)
    assert (offer.languages, offer.instructions) == (("en", "zh"), "You are Bo.")


@pytest.mark.realtime
@pytest.mark.virtual_time
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"api-key": ""}])
async def test_without_the_key_there_is_no_session_and_no_list(headers: dict[str, str]) -> None:
    async with running(engines("Hi."), tokens=("Sesame-0123456789-opens",)) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}/v1/realtime", additional_headers=headers):
                pass
        assert refused.value.response.status_code == 401
        error = json.loads(refused.value.response.body or b"")["error"]
        assert error["code"] == "invalid_api_key"
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{server.http}/v1/models", headers=headers)
        assert answer.status_code == 401


@pytest.mark.realtime
@pytest.mark.virtual_time
async def test_pages_of_other_origins_stay_out() -> None:
    headers = {"Origin": "https://example.org"}
    async with running(engines("Hi.")) as server:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}/v1/realtime", additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.realtime
@pytest.mark.virtual_time
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

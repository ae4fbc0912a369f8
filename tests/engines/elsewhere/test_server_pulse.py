"""A chat server elsewhere that hangs: seen at no cost, or by one token; and its end is seen too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kit.chat_server import Answer, ChatServer, Exchange, chat_server, hang
from kit.edge import QUIET, engines, eventually, get, quiet_config, raw
from kit.engine_options import parted

from voice_avatar.config.load import Config
from voice_avatar.engines import openai_http_llm
from voice_avatar.engines.elsewhere import server_pulse
from voice_avatar.engines.openai_http_llm import OpenAiHttpLlm, OpenAiHttpOptions
from voice_avatar.errors import LlmFailed, LlmTimeout
from voice_avatar.events.payloads import LlmRequest, Message
from voice_avatar.models.store import ModelStore
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.llm import LlmOptions

STORE = ModelStore(Path("unused"))
HELLO = LlmRequest((Message("user", "hello"),), 3)


def client(url: str, **options: object) -> OpenAiHttpLlm:
    common = {"engine": "openai_http", "model": "m", "base_url": url}
    stage, own = parted(LlmOptions, OpenAiHttpOptions, common | options)
    return openai_http_llm.load(stage, STORE, own)


@asynccontextmanager
async def engine(**options: object) -> AsyncIterator[tuple[OpenAiHttpLlm, ChatServer]]:
    async with chat_server() as server:
        llm = client(server.url, **options)
        try:
            yield llm, server
        finally:
            await llm.aclose()


async def timed_out(llm: OpenAiHttpLlm) -> None:
    with pytest.raises(LlmTimeout):
        async for _ in llm.generate(HELLO):
            pass


def refuse(status: str) -> Answer:
    async def answer(exchange: Exchange) -> None:
        await exchange.refuse(status, "no")

    return answer


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_pulse, "_ANSWER_S", 0.2)
    monkeypatch.setattr(server_pulse, "_PAUSE_S", 0.01)


async def test_a_server_that_is_well_is_asked_for_its_models_and_no_token() -> None:
    async with engine() as (llm, server):
        async for _ in llm.generate(HELLO):
            pass
        for _ in range(3):
            assert await llm.beat() is False
        assert server.asked == ["/v1/models"] * 3
        assert len(server.requests) == server.connections == 1


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "429 Too Many Requests"])
async def test_a_server_that_tells_no_models_answers_all_the_same(status: str) -> None:
    async with engine() as (llm, server):
        server.models = refuse(status)
        assert await llm.beat() is False


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("away", [hang, refuse("502 Bad Gateway"), refuse("503 Loading")])
async def test_a_beat_lasts_for_as_long_as_the_server_does_not_answer(away: Answer) -> None:
    async with engine() as (llm, server):
        server.models = away
        beat = asyncio.create_task(llm.beat())
        await eventually(lambda: len(server.asked) > 2)
        assert not beat.done()
        server.models = refuse("404 Not Found")
        assert await asyncio.wait_for(beat, 20) is False


@pytest.mark.usefixtures("quick")
async def test_a_beat_lasts_for_as_long_as_there_is_no_server() -> None:
    async with chat_server() as server:
        url = server.url
    llm = client(url)
    beat = asyncio.create_task(llm.beat())
    await asyncio.sleep(0.1)
    assert not beat.done()
    await llm.aclose()
    with pytest.raises(LlmFailed):
        await asyncio.wait_for(beat, 20)


async def test_an_address_that_nobody_can_have_is_an_error() -> None:
    llm = client("gopher://127.0.0.1/v1")
    with pytest.raises(LlmFailed):
        await asyncio.wait_for(llm.beat(), 20)


async def test_while_a_request_has_no_token_the_server_is_asked_for_one_of_another() -> None:
    async with engine() as (llm, server):
        server.answers.append(hang)
        async with aclosing(llm.generate(HELLO)) as silent:
            waiting = asyncio.create_task(anext(silent))
            await eventually(lambda: len(server.requests) == 1)
            assert await llm.beat() is True  # only this one takes long
            assert server.requests[1].body["max_tokens"] == 1
            waiting.cancel()
            await asyncio.wait([waiting])
        assert await llm.beat() is False


async def test_a_request_that_is_on_its_way_is_no_reason_for_doubt() -> None:
    async with engine() as (llm, server), aclosing(llm.generate(HELLO)) as items:
        await anext(items)
        assert await llm.beat() is False
        assert len(server.requests) == 1


async def test_after_a_request_in_vain_a_token_tells_whether_the_server_still_hangs() -> None:
    async with engine(first_token_timeout_s=0.2) as (llm, server):
        server.answers += [hang, hang]
        await timed_out(llm)
        with pytest.raises(LlmTimeout):
            await llm.beat()
        assert len(server.requests) == 2
        assert await llm.beat() is True
        assert await llm.beat() is False
        assert len(server.requests) == 3


async def test_a_server_that_refuses_does_not_hang() -> None:
    async with engine(first_token_timeout_s=0.2) as (llm, server):
        server.answers += [hang, refuse("400 Bad Request")]
        await timed_out(llm)
        assert await llm.beat() is True
        assert await llm.beat() is False


# -- seen by the server that talks


@asynccontextmanager
async def talking(hang_s: float, token_s: float) -> AsyncIterator[tuple[str, ChatServer]]:
    """Runs a server whose language model is another server; yields its address, and the other."""
    async with chat_server() as chat:
        loaded = replace(engines(), llm=client(chat.url, first_token_timeout_s=token_s))
        config = Config(llm=LlmOptions("openai_http", "m"), session=QUIET)
        server = AvatarServer(quiet_config(config, engine_hang_s=hang_s), lambda: loaded)
        ready = asyncio.Event()
        serving = asyncio.create_task(server.serve(lambda _: ready.set()))
        async with asyncio.timeout(60):
            await ready.wait()
        try:
            yield f"ws://127.0.0.1:{server.port}", chat
        finally:
            server.stop()
            await serving


async def becomes(url: str, status: int) -> None:
    async with asyncio.timeout(30):
        while (await get(url.replace("ws", "http") + "/readyz"))[0] != status:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.realtime
@pytest.mark.usefixtures("quick")
async def test_an_idle_server_is_not_ready_while_its_language_model_hangs_and_ready_after() -> None:
    async with talking(1.5, 60.0) as (url, chat):
        tokens = len(chat.requests)
        await becomes(url, 200)
        chat.models = hang
        await becomes(url, 503)
        body = (await get(url.replace("ws", "http") + "/readyz"))[2]
        assert body == "not ready: llm does not answer\n"
        chat.models = refuse("404 Not Found")
        await becomes(url, 200)
        assert len(chat.requests) == tokens


@pytest.mark.realtime
async def test_a_server_whose_generation_hangs_is_found_out_by_a_talk_and_well_without_one() -> (
    None
):
    async with talking(1.0, 0.6) as (url, chat):
        chat.answers += [hang] * 3
        async with raw(url) as user:
            await user.hello()
            await user.send({"type": "input.text", "text": "Hello."})
            await user.until("error", code="llm_timeout")
        await becomes(url, 503)
        await becomes(url, 200)  # and nobody has asked for anything
        assert {request.body["max_tokens"] for request in chat.requests[-1:]} == {1}

"""A server with the real llama.cpp that is killed, and that never comes back from a grammar."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from kit.edge import engines, eventually, get, quiet_config, raw

from voice_avatar.config.load import Config
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.engines import llamacpp_llm
from voice_avatar.engines.apart import llamacpp_process
from voice_avatar.engines.llamacpp_llm import LlamaCppLlm
from voice_avatar.engines.relay import Relay
from voice_avatar.models.store import ModelStore
from voice_avatar.server.port import AvatarServer
from voice_avatar.stages.llm import LlmOptions

pytestmark = pytest.mark.models

HANG_S = 3.0

HOSTILE = "^(((a|b)*(a|c)*)*((d|e)*(f|g)*)*){20}(x|y){0,3000}$"
"""A pattern whose grammar takes for ever (F1 of the audit)."""


@asynccontextmanager
async def server(
    store: ModelStore, *, first_token_timeout_s: float = 2.0
) -> AsyncIterator[AvatarServer]:
    options = LlmOptions(context_tokens=1024, slots=2, first_token_timeout_s=first_token_timeout_s)

    def load_llm(stage: str = "llm") -> LlamaCppLlm:
        assert stage == "llm"
        return llamacpp_llm.load(options, store)

    def load() -> Any:
        return replace(engines(), llm=load_llm())

    quiet = SessionOptions(idle_timeout_s=0.0, max_reply_tokens=80)
    config = quiet_config(Config(session=quiet, llm=options), engine_hang_s=HANG_S)
    avatar = AvatarServer(config, load, load_llm)
    ready = asyncio.Event()
    serving = asyncio.create_task(avatar.serve(lambda _: ready.set()))
    await asyncio.wait_for(ready.wait(), 60)
    try:
        yield avatar
    finally:
        avatar.stop()
        await asyncio.wait_for(serving, 60)


def llm_of(avatar: AvatarServer) -> LlamaCppLlm:
    assert avatar._desk.workers is not None
    llm = avatar._desk.workers.engines.llm
    assert isinstance(llm, LlamaCppLlm)
    return llm


async def readiness(avatar: AvatarServer) -> int:
    return (await get(f"http://127.0.0.1:{avatar.port}/readyz"))[0]


async def test_killed_in_mid_reply_it_apologises_and_answers_the_next_turn(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llamacpp_process, "_SHORT_LIFE_S", 0.0)
    serving = server(store, first_token_timeout_s=30.0)
    async with serving as avatar, raw(f"ws://127.0.0.1:{avatar.port}") as client:
        await client.hello()
        await client.send({"type": "input.text", "text": "Tell me a long story about a castle."})
        await client.until("reply.started")
        await asyncio.sleep(0.2)
        os.kill(llm_of(avatar)._server.pid, signal.SIGKILL)
        await asyncio.wait_for(client.until("error", code="llm_failed"), 30)
        await client.until("reply.done")
        await client.send({"type": "input.text", "text": "What is your name?"})
        await asyncio.wait_for(client.until("reply.done", status="completed"), 60)


async def test_a_grammar_that_never_ends_is_seen_and_ended_and_others_are_answered(
    store: ModelStore,
) -> None:
    async with server(store) as avatar, raw(f"ws://127.0.0.1:{avatar.port}") as client:
        await client.hello()
        llm = llm_of(avatar)
        schema = {
            "type": "object",
            "properties": {"a": {"type": "string", "pattern": HOSTILE}},
            "required": ["a"],
        }
        body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 20, "stream": True}
        # Past whatever looks at schemas first: what is tested is what is left if it lets one in.
        # Whether it hangs depends on what llama.cpp has under way: a request that it gets done with
        # is made again.
        for _ in range(4):
            llm._server.chat(json.dumps(body | {"json_schema": schema}).encode(), Relay())
            started_s = time.monotonic()
            await asyncio.sleep(0.5)
            await client.send({"type": "input.text", "text": "Hello."})
            while await readiness(avatar) != 503 and time.monotonic() - started_s < HANG_S + 1.5:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if await readiness(avatar) == 503:
                break
        else:
            pytest.skip("llama.cpp got done with the grammar each time")
        error = await asyncio.wait_for(client.until("error"), 10)
        assert error["code"] in ("llm_timeout", "llm_failed")  # whichever is first
        async with asyncio.timeout(HANG_S + 10.0):
            while await readiness(avatar) != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert time.monotonic() - started_s < HANG_S + 10.0
        await eventually(lambda: llm_of(avatar) is not llm, within_s=1)
        await asyncio.sleep(1.0)
        await client.send({"type": "input.text", "text": "What is your name?"})
        await asyncio.wait_for(client.until("reply.done", status="completed"), 60)

"""llama.cpp's process: it may be killed and may hang, and what is left of it is an error."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from kit.edge import eventually

from voice_avatar.engines import llamacpp_llm
from voice_avatar.engines.apart import llamacpp_child, llamacpp_process
from voice_avatar.engines.apart.llamacpp_process import LlamaCppProcess
from voice_avatar.engines.llamacpp_llm import LlamaCppLlm
from voice_avatar.errors import EngineUnavailable, LlmFailed
from voice_avatar.events.payloads import LlmRequest, Message, TextDelta
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions

STORY = LlmRequest((Message("user", "Tell me a very long story about a castle."),), 500)
HELLO = LlmRequest((Message("user", "Say hello."),), 4)


@pytest_asyncio.fixture
async def llm(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LlamaCppLlm]:
    monkeypatch.setattr(llamacpp_process, "_SHORT_LIFE_S", 0.0)
    engine = await asyncio.to_thread(
        llamacpp_llm.load, LlmOptions(context_tokens=1024, slots=2), store
    )
    yield engine
    await engine.aclose()


async def read(llm: LlamaCppLlm, request: LlmRequest) -> str:
    return "".join([d.text async for d in llm.generate(request) if isinstance(d, TextDelta)])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.models
async def test_a_killed_process_fails_what_is_under_way_and_the_next_request_is_answered(
    llm: LlamaCppLlm,
) -> None:
    pid = llm._server.pid
    items = llm.generate(STORY)
    await anext(items)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(LlmFailed):
        async for _ in items:
            pass
    started_s = time.monotonic()
    assert await read(llm, HELLO)
    assert time.monotonic() - started_s < 10
    assert llm._server.pid != pid


@pytest.mark.models
async def test_a_process_that_stands_still_holds_up_neither_the_loop_nor_the_end(
    llm: LlamaCppLlm,
) -> None:
    pid = llm._server.pid
    os.kill(pid, signal.SIGSTOP)
    long = LlmRequest((Message("user", "word " * 40_000),), 4)  # more than a pipe holds
    reading = [asyncio.create_task(read(llm, request)) for request in (long, HELLO)]
    started_s = time.monotonic()
    await asyncio.sleep(0.2)
    assert time.monotonic() - started_s < 1.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await llm.beat()
    started_s = time.monotonic()
    await llm.aclose()
    assert time.monotonic() - started_s < 2.0
    assert not is_alive(pid)
    for answer in await asyncio.gather(*reading, return_exceptions=True):
        assert isinstance(answer, LlmFailed)


@pytest.mark.models
async def test_its_beat_is_answered(llm: LlamaCppLlm) -> None:
    assert await llm.beat()
    await llm.aclose()
    with pytest.raises(LlmFailed):
        await llm.beat()


@pytest.mark.models
async def test_it_does_not_end_at_sigterm_but_with_its_server(store: ModelStore) -> None:
    """A terminal and systemd send their signals to all processes, and replies are to finish."""
    code = (
        "from voice_avatar.engines import llamacpp_llm as l\n"
        "from voice_avatar.models.store import ModelStore\n"
        "from voice_avatar.stages.llm import LlmOptions\n"
        "import os, time\n"
        "e = l.load(LlmOptions(context_tokens=512, slots=1), ModelStore())\n"
        "print(e._server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", code], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.to_thread(parent.stdout.readline))
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    await asyncio.sleep(0.3)
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await eventually(lambda: not is_running(pid), within_s=5)


def is_running(pid: int) -> bool:
    """Whether it is there, and not as a zombie that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_process_that_cannot_load_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"no model")
    spec = llamacpp_child.Spec(str(tmp_path / "model.gguf"), "m", 0, 1, 1, 512, 64)
    with pytest.raises(EngineUnavailable, match="cannot load"):
        LlamaCppProcess(spec)


def test_frames_come_out_as_they_went_in_and_end_where_they_are_cut() -> None:
    import io

    pipe = io.BytesIO()
    out = llamacpp_child.FrameWriter(pipe)
    out.write(llamacpp_child.CHAT, 7, b"{}")
    out.write(llamacpp_child.ABORT, 7)
    whole = pipe.getvalue()
    wanted = [(llamacpp_child.CHAT, 7, b"{}"), (llamacpp_child.ABORT, 7, b"")]
    assert list(llamacpp_child.read_frames(io.BytesIO(whole))) == wanted
    assert list(llamacpp_child.read_frames(io.BytesIO(whole[:-1]))) == wanted[:1]

"""A recorded conversation, for all that look at one."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from kit.edge import QUIET, engines, hush, raw, running, tone
from kit.skipping_loop import SkippingLoop

from voice_avatar.config.load import Config
from voice_avatar.engines.scripted import ScriptedLlm
from voice_avatar.recording.rerun import recordings


async def converse(folder: Path) -> None:
    """Records a conversation: spoken, typed, interrupted; with a small memory."""
    llm = ScriptedLlm(("Fine, thanks.", "Quite a long answer to you."), context_tokens=150)
    config = Config(session=replace(QUIET, max_reply_tokens=60))
    async with running(engines(llm=llm), config=config, record_dir=str(folder)) as run:
        async with raw(run.url) as client:
            await client.hello()
            await client.say(tone(1.0) + hush(1.2))
            await client.until("reply.done", status="completed")
            await client.send({"type": "input.text", "text": "And now something long."})
            await client.until("metrics", reply_id=2)  # comes with the first audio
            await client.send({"type": "interrupt"})
            await client.until("reply.done", status="interrupted")
            await client.send({"type": "session.update", "language": "zh"})
            for text in ("Once more, please.", "And again.", "And a last one."):
                await client.send({"type": "input.text", "text": text})
                await client.until("reply.done", status="completed")
        await run.settled()
    forgot = [len(request.messages) for request in llm.requests]
    assert forgot != sorted(forgot)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded conversation, to be left as it is."""
    folder = tmp_path_factory.mktemp("recorded")
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(converse(folder))
    return recordings(folder)[0]


@pytest.fixture
def recorded(original: Path, tmp_path: Path) -> Path:
    """A recorded conversation."""
    return Path(shutil.copytree(original, tmp_path / original.name))

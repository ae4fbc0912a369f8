"""`voice-avatar serve` as a process: it ends when it is told to, whatever hangs in it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kit.edge import Raw, eventually, get, hush, raw, tone
from kit.programs import environ

pytestmark = [pytest.mark.realtime]

DRAIN_S = 1.0

LONG_S = 120.0
"""Longest wait for anything, seconds: what it takes on a loaded machine is not what is asked."""

STUCK = (70, -signal.SIGALRM)
"""How a server ends in which an engine hangs; the second where it is too late for words."""


@dataclass
class Served:
    """A server process.

    Attributes:
        process: itself.
        folder: where its engine looks for its fuse.
        port: that it listens on.
        log: file with what it writes to standard error.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def readiness(self) -> tuple[int, str]:
        status, _, body = await get(f"http://127.0.0.1:{self.port}/readyz")
        return status, body

    async def becomes(self, status: int) -> None:
        """Waits until /readyz says so."""
        async with asyncio.timeout(LONG_S):
            while (await self.readiness())[0] != status:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def says(self, words: str) -> None:
        """Waits until it is in the log."""
        await eventually(lambda: words in self.log.read_text(), within_s=LONG_S)

    async def ended(self) -> int:
        return await asyncio.to_thread(self.process.wait, LONG_S)


@asynccontextmanager
async def served(stage: str, folder: Path, *settings: str) -> AsyncIterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    persona = Path(__file__).parents[1] / "data" / "quiet_persona.toml"
    options = [f"server.port={port}", f"server.persona={persona}", f"server.drain_s={DRAIN_S}"]
    options += ["threads.tune_s=0", *settings]
    command = [sys.executable, "-m", "kit.hanging", stage, str(folder), "serve"]
    log = folder / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: ASYNC220
            [*command, *(f"--set={o}" for o in options)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environ(),
        )
    try:
        assert process.stdout is not None
        said = await asyncio.to_thread(process.stdout.readline)
        assert b"ready" in said, log.read_text()
        yield Served(process, folder, port, log)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def use(client: Raw, stage: str) -> None:
    """Has the engine of a stage asked for something."""
    if stage in ("llm", "tts"):
        await client.send({"type": "input.text", "text": "Hello."})
    else:
        await client.say(tone(0.6) + hush(1.0))


@pytest.mark.parametrize("stage", ["vad", "turn", "stt", "llm", "tts"])
async def test_sigterm_ends_a_server_in_which_an_engine_hangs(stage: str, tmp_path: Path) -> None:
    async with served(stage, tmp_path) as server, raw(server.url) as client:
        await client.hello()
        (tmp_path / "hang").touch()
        with contextlib.suppress(Exception):
            await use(client, stage)
        await eventually((tmp_path / "hung").exists)
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() in STUCK
        assert "Traceback" not in server.log.read_text()


async def test_sigterm_ends_a_server_that_is_well_with_status_0(tmp_path: Path) -> None:
    async with served("stt", tmp_path) as server, raw(server.url) as client:
        await client.hello()
        server.process.send_signal(signal.SIGTERM)
        assert await server.ended() == 0


def replies(client: Raw, kind: str) -> set[int]:
    """Returns the replies of which a client was told something."""
    return {message["reply_id"] for message in client.seen if message["type"] == kind}


async def silence(client: Raw) -> None:
    """Waits until the avatar says nothing, and has nothing begun to say."""
    await client.send({"type": "clock.ping", "t0_ms": 0.0})
    await client.until("clock.pong")  # behind all that was told before
    while replies(client, "reply.started") - replies(client, "reply.done"):
        await client.next()


CODES = {"stt": "stt_failed", "llm": "llm_timeout", "tts": "tts_failed", "vad": "vad_failed"}


@pytest.mark.parametrize("stage", CODES)
async def test_an_engine_that_hangs_is_seen_told_and_replaced_and_the_talk_goes_on(
    stage: str, tmp_path: Path
) -> None:
    hang_s = 3.0
    settings = (f"server.engine_hang_s={hang_s}", "llm.first_token_timeout_s=1")
    async with served(stage, tmp_path, *settings) as server, raw(server.url) as client:
        await client.hello()
        (tmp_path / "hang").touch()
        using = asyncio.create_task(use(client, stage))
        await eventually((tmp_path / "hung").exists)
        (tmp_path / "hang").unlink()
        await server.becomes(503)
        assert (await server.readiness())[1] == f"not ready: {stage} does not answer\n"
        await using
        await client.until("error", code=CODES[stage])
        (tmp_path / "load").touch()
        await server.becomes(200)
        await silence(client)  # after an apology
        known = replies(client, "reply.done")
        await use(client, "tts" if stage in ("llm", "tts") else "stt")
        while (await client.until("reply.done", status="completed"))["reply_id"] in known:
            pass
        log = server.log.read_text()
        assert "engine hung" in log
        assert "engine replaced" in log
        assert server.process.poll() is None


async def test_an_idle_server_finds_out_that_an_engine_hangs(tmp_path: Path) -> None:
    async with served("tts", tmp_path, "server.engine_hang_s=3") as server:
        (tmp_path / "hang").touch()
        await server.becomes(503)
        status, body = await server.readiness()
        assert (status, body) == (503, "not ready: tts does not answer\n")
        figures = (await get(f"http://127.0.0.1:{server.port}/metrics"))[2]
        assert 'voice_avatar_engine_hung{stage="tts"} 1.0' in figures
        assert 'voice_avatar_engine_hung{stage="stt"} 0.0' in figures


async def test_a_server_whose_engine_hangs_again_at_once_ends_for_its_supervisor(
    tmp_path: Path,
) -> None:
    async with served("stt", tmp_path, "server.engine_hang_s=2") as server:
        (tmp_path / "again").touch()
        (tmp_path / "load").touch()
        (tmp_path / "hang").touch()
        assert await server.ended() in STUCK


async def test_a_server_that_is_told_to_stay_stays_and_says_that_it_is_not_ready(
    tmp_path: Path,
) -> None:
    settings = ("server.engine_hang_s=2", "server.exits_when_stuck=false")
    async with served("stt", tmp_path, *settings) as server:
        (tmp_path / "again").touch()
        (tmp_path / "load").touch()
        (tmp_path / "hang").touch()
        await server.says("engine beyond help")
        assert (await server.readiness())[0] == 503
        assert server.process.poll() is None

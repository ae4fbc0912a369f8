"""A server of ours, started as a user starts it, for as long as it is measured."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from voice_avatar.errors import ConnectionFailed

SCRIPTED: Final[Mapping[str, str]] = {
    f"{stage}.engine": "scripted" for stage in ("vad", "turn", "stt", "llm", "tts")
}
"""Settings of a server without models: what it costs is the server itself."""

_READY: Final = "voice-avatar is ready: "
_START_S: Final = 300.0
_STOP_S: Final = 20.0

_QUIET_PERSONA: Final = """\
name = "Bench"
prompt = "You are Ava, a friendly virtual guide. Answer in one or two short sentences."
"""
"""One that waits to be spoken to: a greeting would be interrupted by the first question."""


@dataclass(frozen=True, slots=True)
class Own:
    """A server of ours that runs.

    Attributes:
        url: where, for WebSockets.
        pid: its process.
        errors: what it writes to its standard error, its log.
    """

    url: str
    pid: int
    errors: IO[bytes]

    def log(self) -> str:
        """Returns what it has written so far."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")


@asynccontextmanager
async def own_server(settings: Mapping[str, str], *, preset: str = "") -> AsyncIterator[str]:
    """Runs a server as `watched_server` does and yields its WebSocket URL."""
    async with watched_server(settings, preset=preset) as own:
        yield own.url


@asynccontextmanager
async def watched_server(
    settings: Mapping[str, str],
    *,
    preset: str = "",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Own]:
    """Runs `voice-avatar serve` in a process of its own and yields where it is and what it logs.

    Args:
        settings: options, "stage.name" -> value, over those of a quiet server on a free port.
        preset: "embedded", "laptop" or "gpu"; "" = the default one.
        environment: further variables: what must not be seen on a command line.

    Raises:
        ConnectionFailed: it did not start; what it said is in the message.
    """
    with tempfile.TemporaryDirectory(prefix="voice-avatar-bench-") as folder:
        persona = Path(folder) / "persona.toml"
        persona.write_text(_QUIET_PERSONA, encoding="utf-8")
        ours = {
            "server.persona": str(persona),
            "server.log_level": "error",
            "server.max_sessions": "1000",
            # All callers come from one address here, and all at once.
            "server.per_address": "0",
            "server.hello_pool": "1000",
            "server.drain_s": "0",
        }
        command = [sys.executable, "-m", "voice_avatar", "serve", "--port", "0"]
        command += ["--preset", preset] if preset else []
        for key, value in {**ours, **settings}.items():
            command += ["--set", f"{key}={value}"]
        with tempfile.TemporaryFile() as errors:
            # In the folder of its own: a configuration file of whoever measures does not count.
            server = await asyncio.create_subprocess_exec(
                *command,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env={**_environment(), **(environment or {})},
            )
            try:
                yield Own(await _url(server, errors), server.pid, errors)
            finally:
                await _stop(server)


def _environment() -> dict[str, str]:
    """The environment with this very package first on the path: its folder is not the server's."""
    root = str(Path(__file__).resolve().parents[2])
    rest = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in (root, rest) if part)}


async def _url(server: asyncio.subprocess.Process, errors: IO[bytes]) -> str:
    assert server.stdout is not None
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_S):
            async for line in server.stdout:
                text = line.decode(errors="replace").strip()
                if text.startswith(_READY):
                    return text.removeprefix(_READY).replace("http", "ws", 1)
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip()[-500:]
    raise ConnectionFailed(f"The server did not start: {said or 'it said nothing'}.")


async def _stop(server: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        server.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await server.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()

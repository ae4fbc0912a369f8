"""How long a server with an engine that hangs for ever takes to say so, to replace it, and to end.

    python -m kit.stuck [STAGE] [SECONDS]

Prints JSON: from the hanging call to `/readyz` 503, from there to 200 again, and from SIGTERM while
the engine hangs to the end of the process, in seconds; null = not within SECONDS (75). It speaks
nothing but the wire, so that it measures any version of the server on the path.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from websockets.asyncio.client import connect

_READY = "voice-avatar is ready: "


def status(url: str) -> int:
    """Returns the status of a page; 0 = no answer."""
    try:
        with urlopen(url, timeout=2.0) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


async def waited(is_so: Callable[[], bool], within_s: float) -> float | None:
    """Returns after how many seconds it is so; None = not within the time."""
    since_s = time.monotonic()
    while time.monotonic() - since_s < within_s:
        if await asyncio.to_thread(is_so):
            return round(time.monotonic() - since_s, 2)
        await asyncio.sleep(0.05)
    return None


@asynccontextmanager
async def server(stage: str, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Runs a server whose engine hangs once there is a file `hang` in the folder."""
    command = [sys.executable, "-m", "kit.hanging", stage, str(folder), "serve", "--port", "0"]
    command += ["--set", "server.drain_s=2", "--set", "server.log_level=error"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if line.decode().startswith(_READY):
                yield process, line.decode().strip().removeprefix(_READY).rstrip("/")
                return
        raise SystemExit("The server did not start.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def types(url: str) -> None:
    """Types a turn, and listens for as long as the server is there."""
    with suppress(OSError, Exception):
        async with connect(url.replace("http", "ws", 1) + "/v1/avatar") as line:
            await line.send('{"type":"session.hello"}')
            await line.send('{"type":"input.text","text":"Hello there."}')
            async for _ in line:
                pass


async def measure(stage: str, within_s: float) -> dict[str, float | str | None]:
    """See the module."""
    found: dict[str, float | str | None] = {"stage": stage}
    with tempfile.TemporaryDirectory() as name:
        async with server(stage, Path(name)) as (_, url):
            (Path(name) / "hang").touch()
            talking = asyncio.create_task(types(url))
            found["hung_s"] = await waited((Path(name) / "hung").exists, 20.0)
            found["not_ready_s"] = await waited(lambda: status(url + "/readyz") == 503, within_s)
            if found["not_ready_s"] is not None:
                found["ready_again_s"] = await waited(
                    lambda: status(url + "/readyz") == 200, within_s
                )
            talking.cancel()
    with tempfile.TemporaryDirectory() as name:
        async with server(stage, Path(name)) as (process, url):
            (Path(name) / "hang").touch()
            talking = asyncio.create_task(types(url))
            await waited((Path(name) / "hung").exists, 20.0)
            process.send_signal(signal.SIGTERM)
            found["ended_s"] = await waited(lambda: process.returncode is not None, within_s)
            talking.cancel()
    return found


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "llm"
    most_s = float(sys.argv[2]) if len(sys.argv) > 2 else 75.0
    print(json.dumps(asyncio.run(measure(asked, most_s))))

"""One attack on one server, and what an innocent neighbour and the system say of it.

The attackers are in a process of their own: what the neighbour waits for is the server's.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from voice_avatar.bench.attacks.attack import Attack, Seen
from voice_avatar.bench.attacks.door import DOOR, FILL
from voice_avatar.bench.attacks.floods import FLOODS
from voice_avatar.bench.attacks.schemas import SCHEMAS
from voice_avatar.bench.attacks.sockets import Target
from voice_avatar.bench.callers.load_line import LoadLine
from voice_avatar.bench.callers.neighbour import Lateness, Neighbour
from voice_avatar.bench.callers.process_figures import read_process
from voice_avatar.bench.callers.scrape import Reading, metrics_url
from voice_avatar.errors import ConnectionFailed
from voice_avatar.wire import client_messages
from voice_avatar.wire.text import encode_client

PING_S: Final = 0.1
"""Between two pings of the neighbour, seconds."""

AWAKE_S: Final = 60.0
"""Time for a server to answer again before the next attack, seconds."""

_AFTER_S: Final = 1.0
_MEMORY_S: Final = 0.1
_READY_S: Final = 3.0
"""Time for a user to get in, seconds: beyond it, he did not."""

_BETWEEN_S: Final = 0.05
_REFUSED: Final = "voice_avatar_refused_tokens_total"


async def _nobody(target: Target, seconds: float, seen: Seen) -> None:
    await asyncio.sleep(seconds)


ALONE: Final = Attack("alone", 0, "nobody", _nobody, is_honest=True)
ATTACKS: Final = {each.name: each for each in (ALONE, *SCHEMAS, *FILL, *FLOODS, *DOOR)}
"""All attacks, in the order in which they are run, after a look without one. Memory that was taken
once is not given back, so what takes least comes first; who has guessed is not let in any more."""


@dataclass(slots=True)
class Trial:
    """What came of one attack.

    Attributes:
        name: of the attack.
        seconds: that it took.
        seen: by the attackers.
        beside: what the neighbour waited for.
        cpu_share: of one core, that the server took; None = unknown.
        growth_mb: of the server's memory, at most.
        ready_s: from the dialling of users to their session, seconds.
        not_ready: how users did not get in -> how many.
        counted: tokens that the server says it refused.
        is_dead: whether the server did not answer before, and nothing was done.
    """

    name: str
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)
    beside: Lateness = field(default_factory=Lateness)
    cpu_share: float | None = None
    growth_mb: float | None = None
    ready_s: list[float] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    counted: float = 0.0
    is_dead: bool = False


def attack(name: str, target: Target, seconds: float) -> Seen:
    """Attacks; made to be run in a process of its own."""
    seen = Seen()
    with suppress(ImportError):
        import uvloop

        uvloop.run(ATTACKS[name].run(target, seconds, seen))
        return seen
    asyncio.run(ATTACKS[name].run(target, seconds, seen))
    return seen


async def trial(which: Attack, url: str, pid: int, token: str, seconds: float) -> Trial:
    """Tries one attack."""
    came = Trial(which.name)
    if not await _is_awake(url, pid):
        came.is_dead = True
        return came
    parts = urlsplit(url)
    target = Target(parts.hostname or "127.0.0.1", parts.port or 80, token)
    refused = await _refused_tokens(url)
    async with _beside(url, token, came):
        # Spawned, not forked: a fork would inherit the loop and the threads of this process.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(pool, int)  # the process has begun
            before, since_s = await asyncio.to_thread(_process, pid), time.monotonic()
            attacking = loop.run_in_executor(pool, attack, which.name, target, seconds)
            tasks = [asyncio.create_task(_grow(pid, before, came))]
            if which.row == 6:
                tasks.append(asyncio.create_task(_come_in(url, token, came)))
            try:
                came.seen = await attacking
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
            after = await asyncio.to_thread(_process, pid)
            came.seconds = time.monotonic() - since_s
        if before.cpu_s is not None and after.cpu_s is not None:
            came.cpu_share = (after.cpu_s - before.cpu_s) / came.seconds
        await asyncio.sleep(_AFTER_S)
    came.counted = await _refused_tokens(url) - refused
    return came


@asynccontextmanager
async def _beside(url: str, token: str, came: Trial) -> AsyncIterator[None]:
    """Has a neighbour talk; he is there before the attack begins."""
    neighbour = Neighbour(url, token, ping_s=PING_S)
    talking = asyncio.create_task(neighbour.live())
    try:
        async with asyncio.timeout(2 * _READY_S):
            while not neighbour.lateness.first_audio:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        neighbour.lateness.codes.append("not there before the attack")
    came.beside = neighbour.lateness
    for values in (came.beside.pings, came.beside.first_audio, came.beside.own):
        values.clear()
    came.beside.turns = came.beside.unanswered = 0
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.wait([talking])


def _process(pid: int) -> Reading:
    return (read_process(pid) if pid else None) or Reading()


async def _grow(pid: int, before: Reading, came: Trial) -> None:
    while before.rss_bytes is not None:
        now = await asyncio.to_thread(_process, pid)
        if now.rss_bytes is not None:
            growth_mb = (now.rss_bytes - before.rss_bytes) / 1e6
            came.growth_mb = max(came.growth_mb or 0.0, growth_mb)
        await asyncio.sleep(_MEMORY_S)


async def _come_in(url: str, token: str, came: Trial) -> None:
    """Users with a token come, one after the other, and go."""
    while True:
        is_ready = asyncio.Event()

        def heard(data: str | bytes, is_ready: asyncio.Event = is_ready) -> None:
            if isinstance(data, str) and '"session.ready"' in data[:80]:
                is_ready.set()

        since_s = time.monotonic()
        try:
            async with asyncio.timeout(_READY_S):
                line = await LoadLine.dial(url, token, heard)
        except (ConnectionFailed, TimeoutError) as error:
            came.not_ready.append(type(error).__name__)
            await asyncio.sleep(_BETWEEN_S)
            continue
        try:
            info = client_messages.ClientInfo(name="voice-avatar-user")
            line.send_text(encode_client(client_messages.SessionHello(client=info)))
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + _READY_S):
                while not is_ready.is_set() and line.close_code is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            if is_ready.is_set():
                came.ready_s.append(time.monotonic() - since_s)
            else:
                came.not_ready.append(str(line.close_code))
            line.send_text(encode_client(client_messages.SessionClose()))
            await asyncio.sleep(_BETWEEN_S)
        except TimeoutError:
            came.not_ready.append("no session in time")
        finally:
            line.hang_up()


async def _is_awake(url: str, pid: int) -> bool:
    """Waits until a server answers; False = it does not any more."""
    parts, until_s = urlsplit(url), time.monotonic() + AWAKE_S
    while time.monotonic() < until_s:
        if await asyncio.to_thread(_get, f"http://{parts.netloc}/healthz") is not None:
            return True
        await asyncio.sleep(0.5)
    return False


async def _refused_tokens(url: str) -> float:
    text = await asyncio.to_thread(_get, metrics_url(url)) or ""
    lines = (line for line in text.splitlines() if line.startswith(_REFUSED))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _get(url: str) -> str | None:
    try:
        with urlopen(url, timeout=2.0) as answer:
            text: str = answer.read().decode()
            return text
    except (OSError, ValueError):
        return None
